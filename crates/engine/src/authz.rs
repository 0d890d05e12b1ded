//! Who may do what: one table and one function, asked in every use case and nowhere else (`design.md` §5).

use std::collections::BTreeSet;

use guildhall_domain::caller::{Access, Caller, Dialect, Role};
use guildhall_domain::company::CompanyState;
use guildhall_domain::group::Owner;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::{Error, Result, Timestamp};

use crate::rules::Rule;
use crate::store::nestings::Towards;
use crate::store::{self, Conn, keys, owners, sessions};
use crate::writer::Tx;
use crate::{nestings, roles};

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// See users, groups and members.
    ReadDirectory,
    /// See groups, their members and the roles they give: in a company, or the platform's own.
    ReadGroups,
    /// See this one user and the groups they are in.
    ReadUser(UserId),
    /// Make, edit and delete users and groups, and name the owners of groups.
    ManageDirectory,
    /// Make, edit and delete groups, and say which roles they give: in a company, or the platform's own.
    ManageGroups,
    /// Change the members of this group.
    ManageMembers(GroupId),
    /// See the company and its settings.
    ReadCompany,
    /// Edit the company and its settings.
    ManageCompany,
    /// Read the journal.
    ReadJournal,
    /// See and make keys, and all else that is not the directory's.
    Administer,
    /// Make, list and delete companies.
    ManagePlatform,
}

/// Refuses what the caller has no right to. `conn` is asked only where the right depends on owning a group.
///
/// # Errors
/// [`Error::Forbidden`], naming the right that is missing.
pub(crate) async fn may(conn: &mut Conn, caller: &Caller, action: Action, now: Timestamp) -> Result<()> {
    let allowed = match (decided(caller, action), action, caller.user()) {
        (Some(allowed), ..) => allowed,
        (None, Action::ManageMembers(group), Some(user)) => owns(conn, caller.company, group, user, now).await?,
        (None, ..) => false,
    };
    if allowed { Ok(()) } else { Err(refusal(caller, action)) }
}

fn refusal(caller: &Caller, action: Action) -> Error {
    Error::forbidden(match action {
        Action::ReadDirectory | Action::ReadGroups => "this needs the workspace role viewer or above",
        Action::ReadUser(_) => "a guest sees only their own record and groups",
        Action::ManageMembers(_) if caller.company == CompanyId::PLATFORM => {
            "who is in a group of the platform, each company says of its own people"
        }
        Action::ManageMembers(_) => "this needs the workspace role admin, or to own the group",
        Action::ReadCompany => "this key does not act in this company",
        Action::ManageDirectory
        | Action::ManageGroups
        | Action::ManageCompany
        | Action::ReadJournal
        | Action::Administer => "this needs the workspace role admin",
        Action::ManagePlatform => "this needs a platform key",
    })
}

/// As [`may`], for what no ownership decides: reads that are answered from memory take no connection.
///
/// # Errors
/// As [`may`].
pub(crate) fn may_read(caller: &Caller, action: Action) -> Result<()> {
    if decided(caller, action) == Some(true) { Ok(()) } else { Err(refusal(caller, action)) }
}

/// What the caller's role alone decides; none where it depends on owning a group.
fn decided(caller: &Caller, action: Action) -> Option<bool> {
    // The server's own hand (command line, timers) holds no key and may do everything.
    if caller.is_platform() && caller.key.is_none() {
        return Some(true);
    }
    Some(match (caller.role, action) {
        (None, Action::ManagePlatform | Action::ReadCompany | Action::ManageCompany) => true,
        // In the platform's own company there are groups and roles, and nobody. It has a place in those dialects only that
        // name the company of what they speak of.
        (None, Action::ReadGroups | Action::ManageGroups | Action::ReadJournal) => {
            caller.company == CompanyId::PLATFORM && matches!(caller.dialect, Dialect::Native | Dialect::Companies)
        }
        (None, _) => false,
        (Some(_), Action::ManagePlatform) => false,
        (Some(_), Action::ReadCompany) => true,
        (Some(Role::Admin), _) => true,
        (
            Some(_),
            Action::ManageDirectory
            | Action::ManageGroups
            | Action::ManageCompany
            | Action::ReadJournal
            | Action::Administer,
        ) => false,
        (Some(role), Action::ReadDirectory | Action::ReadGroups) => role != Role::Guest,
        (Some(role), Action::ReadUser(user)) => role != Role::Guest || caller.user() == Some(user),
        (Some(_), Action::ManageMembers(_)) => return None,
    })
}

/// Does the user own the group, in person or as an effective member of a group that does?
async fn owns(conn: &mut Conn, company: CompanyId, group: GroupId, user: UserId, now: Timestamp) -> Result<bool> {
    let owners = owners::of_group(conn, company, group).await?;
    if !owners.contains(&Owner::User(user)) {
        if !owners.iter().any(|owner| matches!(owner, Owner::Group(_))) {
            return Ok(false);
        }
        let groups = nestings::groups_of(conn, company, user, now).await?;
        if !groups.into_iter().any(|group| owners.contains(&Owner::Group(group))) {
            return Ok(false);
        }
    }
    Ok(!gives_power(conn, company, group).await?)
}

/// Does the group, or one it is inside of, or one whose rule asks for a membership of any of these, and so on upwards,
/// give its members rights in Guildhall itself? Who is in it is then for administrators alone to say: nobody raises
/// themselves or others by a group that they own.
pub(crate) async fn gives_power(conn: &mut Conn, company: CompanyId, group: GroupId) -> Result<bool> {
    let powers = store::roles::powers(conn, company).await?;
    if powers.is_empty() {
        return Ok(false);
    }
    let mut rules: Vec<(GroupId, Rule)> = Vec::new();
    for (keeps, text) in store::rules::all_of(conn, company).await? {
        rules.push((keeps, Rule::parse("rule", &text).map_err(Error::internal)?));
    }
    let (mut known, mut next) = (BTreeSet::new(), vec![group]);
    while !next.is_empty() {
        known.extend(nestings::reach(conn, company, &next, Towards::Parents, None).await?.groups());
        known.extend(next);
        if powers.iter().any(|(giving, _)| known.contains(giving)) {
            return Ok(true);
        }
        let fed = |(keeps, rule): &(GroupId, Rule)| !known.contains(keeps) && !rule.reads().is_disjoint(&known);
        next = rules.iter().filter(|each| fed(each)).map(|(keeps, _)| *keeps).collect();
    }
    Ok(false)
}

/// Refuses a change by a key that may only read; asked before a change is queued, whatever its right.
///
/// # Errors
/// [`Error::ReadOnlyKey`].
pub(crate) fn may_write(caller: &Caller) -> Result<()> {
    match caller.access {
        Access::Write => Ok(()),
        Access::Read => Err(Error::ReadOnlyKey),
    }
}

/// Asks again, inside the transaction, whether the caller's key still works and what its user may do, so that a
/// right taken away before this change is gone in it.
///
/// # Errors
/// [`Error::Unauthenticated`] when the key has ended, [`Error::NotFound`] when the company is not in use.
pub(crate) async fn refresh(tx: &mut Tx) -> Result<()> {
    let company = tx.company();
    let by_hand = matches!(tx.caller().dialect, Dialect::Cli | Dialect::System);
    let in_use = matches!(tx.head().state, CompanyState::Active | CompanyState::Platform);
    if tx.born() && !in_use && !by_hand {
        return Err(Error::NotFound { noun: CompanyId::NOUN });
    }
    let now = tx.now();
    if let Some(session) = tx.caller().session {
        let held = sessions::credential(tx, company, session).await?.filter(|held| held.works(now));
        let held = held.ok_or_else(crate::callers::refused)?;
        if held.access == Access::Read {
            return Err(Error::ReadOnlyKey);
        }
        let role = roles::raised(tx, company, held.user, held.role, now).await?;
        tx.set_role(Some(role));
        return Ok(());
    }
    let Some(key) = tx.caller().key else { return Ok(()) };
    let credential = match tx.known().credential.take().filter(|(known, _)| *known == key) {
        Some((_, credential)) => Some(credential),
        None => keys::credential(tx, key).await?,
    };
    let credential = credential.filter(|c| c.works(now) && (c.company == company || c.company == CompanyId::PLATFORM));
    let Some(credential) = credential else { return Err(crate::callers::refused()) };
    if credential.access == Access::Read {
        return Err(Error::ReadOnlyKey);
    }
    let role = match (credential.user, credential.role) {
        (Some(user), Some(role)) => Some(roles::raised(tx, company, user, role, now).await?),
        (_, role) => role,
    };
    tx.set_role(role);
    tx.known().credential = Some((key, credential));
    Ok(())
}
