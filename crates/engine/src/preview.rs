//! What a use case does to effective memberships: two snapshots held against each other.

use std::collections::BTreeSet;

use guildhall_domain::preview::{Effect, Preview};
use guildhall_domain::{Result, Timestamp};
use roaring::RoaringBitmap;

use crate::index::snapshot::No;
use crate::index::{Snapshot, Touched};
use crate::writer::Tx;

/// The company as the transaction has it at this moment.
pub(crate) async fn now(tx: &mut Tx) -> Result<Snapshot> {
    if !tx.born() {
        return Ok(Snapshot::default());
    }
    let (company, revision) = (tx.company(), tx.head().revision);
    let (index, before, mut touched) = (tx.index(), tx.batch_before(), tx.earlier().clone());
    touched.merge(tx.touched().clone());
    match index.prepare(tx, company, before, revision, &touched).await? {
        Some(snapshot) => Ok(snapshot),
        None => Ok(index.read(tx, company).await?.unwrap_or_default()),
    }
}

/// What came between two snapshots, as far as `touched` says where to look.
pub(crate) fn between(before: &Snapshot, after: &Snapshot, touched: &Touched, now: Timestamp) -> Preview {
    let mut preview = Preview { revision: before.revision, ..Preview::default() };
    let none = RoaringBitmap::new();
    for group in groups(before, after, touched) {
        let members = |of: &Snapshot| of.group(group).map(|node| of.effective_members(node, now));
        let (was, is) =
            (members(before).unwrap_or_else(|| none.clone()), members(after).unwrap_or_else(|| none.clone()));
        let (gained, lost) = (&is - &was, &was - &is);
        tell(&mut preview.gained, after, group, &gained, now);
        tell(&mut preview.lost, before, group, &lost, now);
        preview.gained_total += gained.len();
        preview.lost_total += lost.len();
    }
    preview.gained.sort_unstable();
    preview.lost.sort_unstable();
    preview
}

fn tell(effects: &mut Vec<Effect>, of: &Snapshot, group: No, users: &RoaringBitmap, now: Timestamp) {
    let Some(node) = of.group(group) else { return };
    let room = Preview::SHOWN.saturating_sub(effects.len());
    effects.extend(users.iter().take(room).filter_map(|user| {
        let direct = of.is_direct(user, group, now).is_some();
        Some(Effect { group: node.record.id, user: of.user(user)?.person.id, direct })
    }));
}

/// The groups whose effective members may differ.
fn groups(before: &Snapshot, after: &Snapshot, touched: &Touched) -> BTreeSet<No> {
    let mut all = BTreeSet::new();
    for of in [before, after] {
        let mut add = |no: No| {
            all.insert(no);
            all.extend(of.group(no).into_iter().flat_map(|node| node.above.iter()));
        };
        let named = touched.groups.iter().chain(touched.members.keys());
        let nested = touched.nestings.iter().flat_map(|nesting| [&nesting.parent, &nesting.child]);
        named.chain(nested).filter_map(|id| of.group_no(*id)).for_each(&mut add);
        let users = touched.users.iter().filter_map(|id| of.user(of.user_no(*id)?));
        users.flat_map(|user| user.joined.iter().copied()).for_each(&mut add);
    }
    all
}
