//! Rows of members: who is put into which group, and who is taken out.

use std::collections::{BTreeMap, HashMap, HashSet};

use guildhall_domain::group::Group;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, name};

use super::groups::find;
use super::{GroupRef, Imported, Line, MemberRow, UserRef, Wrong};
use crate::authz::{self, Action};
use crate::connections;
use crate::memberships::{self, CHANGES, Terms};
use crate::store::{self, reasons};
use crate::writer::Tx;

/// A row with its names resolved.
struct Resolved {
    line: u64,
    user: UserId,
    row: MemberRow,
}

pub(super) async fn run(tx: &mut Tx, rows: Vec<Line<MemberRow>>, whole: bool) -> Result<Imported> {
    let (mut wrong, mut done) = (Wrong::default(), Imported::default());
    let mut known: HashMap<GroupRef, std::result::Result<GroupId, ()>> = HashMap::new();
    let mut groups: BTreeMap<GroupId, (Group, Vec<Resolved>)> = BTreeMap::new();
    for (line, row) in rows {
        let Some(row) = wrong.keep(line, row)? else { continue };
        let group = match known.get(&row.group) {
            Some(Ok(id)) => *id,
            // What is wrong with it was told at its first row.
            Some(Err(())) => {
                wrong.note(line, no_group())?;
                continue;
            }
            None => {
                let found = open(tx, &row.group).await;
                let Some(group) = wrong.keep(line, found)? else {
                    known.insert(row.group.clone(), Err(()));
                    continue;
                };
                let id = group.id;
                known.insert(row.group.clone(), Ok(id));
                groups.entry(id).or_insert((group, Vec::new()));
                id
            }
        };
        let user = user(tx, &row.user).await;
        let Some(user) = wrong.keep(line, user)? else { continue };
        if let Some((_, all)) = groups.get_mut(&group) {
            all.push(Resolved { line, user, row });
        }
    }
    for (group, rows) in groups.into_values() {
        if whole {
            replace(tx, &group, rows, &mut wrong, &mut done).await?;
        } else {
            change(tx, &group, rows, &mut wrong, &mut done).await?;
        }
    }
    wrong.end().map(|()| done)
}

fn no_group() -> Error {
    Error::invalid("group", "names no group of this company")
}

/// The group, if the caller may change its members.
async fn open(tx: &mut Tx, group: &GroupRef) -> Result<Group> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    let found = find(tx, group).await?;
    // Whoever may fill no group is not told which there are.
    let id = found.as_ref().map_or(GroupId::NIL, |group| group.id);
    authz::may(tx, &caller, Action::ManageMembers(id), now).await?;
    found.ok_or_else(no_group)
}

async fn user(tx: &mut Tx, user: &UserRef) -> Result<UserId> {
    let company = tx.company();
    let found = match user {
        UserRef::Id(id) => store::users::get(tx, company, *id).await?.map(|user| user.id),
        UserRef::Email(email) => {
            let email = name::email("email", email)?;
            store::users::by_email(tx, company, &email).await?
        }
        UserRef::UserName(text) => {
            let text = name::name("userName", text)?;
            store::users::by_user_name(tx, company, &text).await?
        }
        UserRef::ExternalId(id) => {
            let id = name::short("externalId", id)?;
            match store::users::by_external_ids(tx, company, &[&id]).await?.pop().unwrap_or_default()[..] {
                [] => None,
                [one] => Some(one),
                _ => return Err(Error::invalid("user", "names more than one user; use the id")),
            }
        }
    };
    found.ok_or_else(|| Error::invalid("user", "names no user of this company"))
}

/// Puts the members of a group to just those of its rows.
async fn replace(
    tx: &mut Tx,
    group: &Group,
    rows: Vec<Resolved>,
    wrong: &mut Wrong,
    done: &mut Imported,
) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let first = rows.first().map_or(0, |row| row.line);
    if let Some(row) = rows.iter().find(|row| row.row.remove || row.row.window != Window::OPEN) {
        let why = "has no place in whole lists, which name who is in the group now";
        return wrong.note(row.line, Error::invalid(if row.row.remove { "action" } else { "startsAt, endsAt" }, why));
    }
    let shown: HashSet<UserId> = reasons::user_ids(tx, company, group.id, now).await?.into_iter().collect();
    let wanted: Vec<UserId> = rows.iter().map(|row| row.user).collect();
    let named: HashSet<UserId> = wanted.iter().copied().collect();
    let (added, removed) = (named.difference(&shown).count(), shown.difference(&named).count());
    let settled = memberships::settle_members(tx, group, &shown, &wanted).await;
    if wrong.keep(first, settled)?.is_some() {
        done.added += added as u64;
        done.removed += removed as u64;
        done.unchanged += (rows.len() - added) as u64;
    }
    Ok(())
}

/// Puts in and takes out whom the rows of a group name.
async fn change(tx: &mut Tx, group: &Group, rows: Vec<Resolved>, wrong: &mut Wrong, done: &mut Imported) -> Result<()> {
    let first = rows.first().map_or(0, |row| row.line);
    let mut seen: HashMap<UserId, bool> = HashMap::new();
    let mut leaving: Vec<(u64, UserId)> = Vec::new();
    let mut joining: HashMap<(Window, Option<String>), Vec<UserId>> = HashMap::new();
    for Resolved { line, user, row } in rows {
        if row.given {
            done.unchanged += 1;
            continue;
        }
        match seen.insert(user, row.remove) {
            Some(before) if before != row.remove => {
                wrong.note(line, Error::invalid("action", "adds and removes the same member of the same group"))?;
                continue;
            }
            Some(_) => {
                done.unchanged += 1;
                continue;
            }
            None => {}
        }
        if row.remove {
            leaving.push((line, user));
            continue;
        }
        let terms = row.note.as_deref().map(|raw| name::description("note", raw)).transpose();
        let terms = terms.and_then(|note| Ok((Window::new(row.window.starts, row.window.ends)?, note)));
        if let Some(terms) = wrong.keep(line, terms)? {
            joining.entry(terms).or_default().push(user);
        }
    }
    if joining.is_empty() && leaving.is_empty() {
        return Ok(());
    }
    let opened = connections::open_to(tx, group).await;
    if wrong.keep(first, opened)?.is_none() {
        return Ok(());
    }
    let mut lots: Vec<_> = joining.into_iter().collect();
    lots.sort_by(|(a, _), (b, _)| (a.0.starts, a.0.ends, &a.1).cmp(&(b.0.starts, b.0.ends, &b.1)));
    for ((window, note), users) in lots {
        for some in users.chunks(CHANGES) {
            let given = memberships::give(tx, group, some, Terms { window, note: note.clone() }).await;
            let Some(given) = wrong.keep(first, given)? else { continue };
            let new = given.iter().filter(|new| **new).count() as u64;
            done.added += new;
            done.unchanged += given.len() as u64 - new;
        }
    }
    for some in leaving.chunks(CHANGES) {
        let users: Vec<UserId> = some.iter().map(|(_, user)| *user).collect();
        for ((line, _), outcome) in some.iter().zip(memberships::take(tx, group.id, &users).await?) {
            match wrong.keep(*line, outcome)? {
                Some(guildhall_domain::membership::Outcome::Removed) => done.removed += 1,
                Some(_) => done.unchanged += 1,
                None => {}
            }
        }
    }
    Ok(())
}
