//! Notices: what a person is told by e-mail.

use crate::Timestamp;
use crate::ids::GroupId;

/// Seconds before the end of a membership at which its member is told.
const WEEK: i64 = 7 * 86_400;
/// The same where less than a week is left; an end nearer than two of these is not told at all.
const DAY: i64 = 86_400;

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Their membership of a group ends.
    MembershipEnding {
        /// The group.
        group: GroupId,
        /// When.
        ends_at: Timestamp,
    },
    /// A webhook of theirs was switched off, because its receiver stayed dead.
    WebhookDisabled {
        /// What it is called, or else its host.
        webhook: String,
        /// Why the last try failed.
        why: String,
    },
}

/// When to tell somebody of a membership that ends at `ends`, known since `now`; none when there is too little time
/// for it to be of use.
pub fn remind_at(ends: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let left = (ends.micros() - now.micros()) / 1_000_000;
    if left >= WEEK {
        return Some(ends.plus_seconds(-WEEK));
    }
    (left >= 2 * DAY).then(|| ends.plus_seconds(-DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_a_week_or_a_day_before() {
        let at = |days: i64| Timestamp::from_micros(0).plus_seconds(days * DAY);
        assert_eq!(remind_at(at(30), at(0)), Some(at(23)));
        assert_eq!(remind_at(at(7), at(0)), Some(at(0)));
        assert_eq!(remind_at(at(6), at(0)), Some(at(5)));
        assert_eq!(remind_at(at(2), at(0)), Some(at(1)));
        assert_eq!(remind_at(at(1), at(0)), None);
        assert_eq!(remind_at(at(1), at(3)), None);
    }
}
