//! Who has reasons in a group: a list of small entries by user id, and beside it what few of them need besides.

use std::sync::{Arc, OnceLock};

use guildhall_domain::Timestamp;
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::time::Window;
use uuid::Uuid;

use super::snapshot::No;
use super::sorted::Sorted;

/// A user's reasons in a group, as much of them as it takes to tell who is a member when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub user: No,
    pub(super) tag: u32,
    pub(super) added: i64,
}

/// Only reasons with a window, several reasons, or reasons of requests: see [`Members::timed`].
pub(super) const TIMED: u32 = u32::MAX;

/// One reason of an [`Entry`] that is not plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub kind: ReasonKind,
    pub source: Uuid,
    pub window: Window,
    pub added_at: Timestamp,
}

/// The open reasons of one user in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timed {
    pub(super) user: No,
    pub(super) standings: Arc<[Standing]>,
}

/// The members of a group by the instant of their adding, once somebody has asked.
type ByAdded = Arc<OnceLock<Box<[(No, Timestamp)]>>>;

/// Who has reasons in a group.
#[derive(Clone, Default)]
pub(crate) struct Members {
    pub(super) entries: Sorted<Entry>,
    pub(super) timed: Sorted<Timed>,
    /// Entries that are not timed, of users who count.
    pub(super) plain: usize,
    /// The entries by the instant of their adding, made when first asked for; a changed list starts without.
    pub(super) by_added: ByAdded,
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Members").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Members {
    /// The list made of entries in the order of user ids.
    pub(super) fn new(entries: Vec<Entry>, mut timed: Vec<Timed>, plain: usize) -> Self {
        timed.sort_unstable_by_key(|timed| timed.user);
        Self {
            entries: Sorted::from_sorted(entries),
            timed: Sorted::from_sorted(timed),
            plain,
            by_added: Arc::default(),
        }
    }

    /// Entries of all users with an open reason, by user id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn standings(&self, user: No) -> &[Standing] {
        self.timed.get(|timed| timed.user.cmp(&user)).map_or(&[], |timed| &timed.standings)
    }
}

/// What the open reasons of one user in one group come to in the index.
pub(super) fn entry(user: No, open: &[Standing], sources: &mut Arc<Vec<Uuid>>) -> Option<(Entry, Option<Timed>)> {
    let added = open.iter().map(|standing| standing.added_at.micros()).min()?;
    let plain = match open {
        [one] if one.window == Window::OPEN => match one.kind {
            ReasonKind::Direct => Some(0),
            ReasonKind::Rule => Some(1),
            ReasonKind::Synced => Some(2 + source(one.source, sources)),
            ReasonKind::Requested => None,
        },
        _ => None,
    };
    Some(match plain {
        Some(tag) => (Entry { user, tag, added }, None),
        None => (Entry { user, tag: TIMED, added }, Some(Timed { user, standings: open.into() })),
    })
}

fn source(id: Uuid, sources: &mut Arc<Vec<Uuid>>) -> u32 {
    let at = sources.iter().position(|source| *source == id).unwrap_or_else(|| {
        Arc::make_mut(sources).push(id);
        sources.len() - 1
    });
    at as u32
}
