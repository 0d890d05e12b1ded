//! Notices: what a person is told by e-mail.

use crate::Timestamp;
use crate::ids::{AccessRequestId, GroupId, ReviewId, TaskId};
use crate::request::RequestStatus;

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
    /// Rows of a review are theirs to decide.
    ReviewWaits {
        /// The review.
        review: ReviewId,
        /// Have they been told before?
        again: bool,
    },
    /// A task is in their hands.
    TaskWaits {
        /// The task.
        task: TaskId,
        /// Have they been told before?
        again: bool,
    },
    /// A task that was in their hands was decided by somebody else.
    TaskDecided {
        /// The task.
        task: TaskId,
    },
    /// A request of theirs, or for them, stands otherwise now.
    RequestMoved {
        /// The request.
        request: AccessRequestId,
        /// How.
        status: RequestStatus,
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

/// When to remind somebody of what they have to do by `due`, known since `now`: a day before, or in the last quarter of
/// a shorter time; after three days where there is no end. None where there is too little time for it.
pub fn nudge_at(due: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let Some(due) = due else { return Some(now.plus_seconds(3 * DAY)) };
    let left = (due.micros() - now.micros()) / 1_000_000;
    match left {
        left if left >= 2 * DAY => Some(due.plus_seconds(-DAY)),
        left if left >= 4 * 3600 => Some(due.plus_seconds(-left / 4)),
        _ => None,
    }
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

    #[test]
    fn whoever_has_something_to_do_is_reminded_in_time() {
        let at = |hours: i64| Timestamp::from_micros(0).plus_seconds(hours * 3600);
        assert_eq!(nudge_at(None, at(0)), Some(at(72)));
        assert_eq!(nudge_at(Some(at(96)), at(0)), Some(at(72)));
        assert_eq!(nudge_at(Some(at(8)), at(0)), Some(at(6)));
        assert_eq!(nudge_at(Some(at(3)), at(0)), None);
        assert_eq!(nudge_at(Some(at(1)), at(3)), None);
    }
}
