//! Use cases on teams: their records, who is in them, and who sees which.

use std::collections::HashSet;

use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::group::Owner;
use guildhall_domain::ids::{CompanyId, GroupId, TeamId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::team::{EditTeam, Team, TeamEvent, TeamKind};
use guildhall_domain::{Error, Result, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::journal::object;
use crate::store::{Conn, teams};
use crate::writer::Tx;
use crate::{Engine, Written, groups, journal, nestings};

const GONE: Error = Error::NotFound { noun: TeamId::NOUN };
/// The most teams of a company, archived ones among them.
const TEAMS: u32 = 1_000;

/// Which teams are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct TeamFilter {
    /// Archived ones too?
    pub archived: bool,
    /// Only those that the caller belongs to?
    pub joined: bool,
    /// Only those whose contents the caller may change?
    pub writable: bool,
}

/// The members of a team by the names that events tell.
fn fields(team: &Team, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", Some(team.name.clone())),
        ("icon", team.icon.clone()),
        ("type", Some(team.kind.word().into())),
        ("description", team.description.clone()),
        ("sidebarSettings", Some(team.settings.clone())),
        ("default", Some(team.is_default.to_string())),
        ("onboardingCompleted", Some(team.onboarded.to_string())),
        ("archived", Some(team.archived_at.is_some().to_string())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

/// The event as a JSON object.
pub(crate) fn encode(event: &TeamEvent) -> Value {
    match event {
        TeamEvent::Created { team, fields } | TeamEvent::Updated { team, fields } => {
            json!({"team": team.to_string(), "fields": object(fields)})
        }
        TeamEvent::MembersChanged { team, added, removed } => json!({
            "team": team.to_string(), "added": journal::owners(added), "removed": journal::owners(removed),
        }),
    }
}

/// The teams that the caller belongs to: in person, through a group, and the default one.
async fn joined(conn: &mut Conn, caller: &Caller, now: Timestamp) -> Result<HashSet<TeamId>> {
    let Some(user) = caller.user() else { return Ok(HashSet::new()) };
    let mut ids: Vec<Uuid> = vec![user.uuid()];
    ids.extend(nestings::groups_of(conn, caller.company, user, now).await?.into_iter().map(GroupId::uuid));
    let mut of = teams::of_members(conn, caller.company, &ids).await?;
    if caller.role != Some(Role::Guest) {
        of.extend(teams::default_of(conn, caller.company).await?);
    }
    Ok(of.into_iter().collect())
}

/// Does the caller see this team? Administrators all, members theirs, everybody but guests the open ones. A platform
/// key is nobody of the company.
fn sees(caller: &Caller, team: &Team, joined: &HashSet<TeamId>) -> bool {
    let everybody = team.kind == TeamKind::Open && caller.role.is_some_and(|role| role != Role::Guest);
    caller.role == Some(Role::Admin) || everybody || joined.contains(&team.id)
}

/// Takes the default from whichever team has it, so that another can.
async fn make_room(tx: &mut Tx, team: &Team) -> Result<()> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    let other = if team.is_default { teams::default_of(tx, company).await? } else { None };
    let Some(id) = other.filter(|other| *other != team.id) else { return Ok(()) };
    let Some(mut other) = teams::get(tx, company, id).await? else { return Ok(()) };
    (other.is_default, other.updated_at, other.version) = (false, now, version);
    teams::update(tx, company, &other).await?;
    let event = TeamEvent::Updated { team: id, fields: fields(&other, Some(&["default"])) };
    journal::append(tx, &Event::Team(event)).await
}

async fn manage(tx: &mut Tx) -> Result<()> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    authz::may(tx, &caller, Action::ManageDirectory, now).await
}

/// Puts new people into these teams.
pub(crate) async fn welcome(tx: &mut Tx, people: &[UserId], into: &[TeamId], field: &str) -> Result<()> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    let mut seen = HashSet::new();
    let into: Vec<TeamId> = into.iter().copied().filter(|team| seen.insert(*team)).collect();
    let mut missing = Vec::new();
    for id in &into {
        if teams::get(tx, company, *id).await?.is_none_or(|team| team.archived_at.is_some()) {
            missing.push(id.uuid());
        }
    }
    if !missing.is_empty() {
        return Err(Error::Unknown { field: field.into(), noun: TeamId::NOUN, ids: missing });
    }
    let added: Vec<Owner> = people.iter().map(|user| Owner::User(*user)).collect();
    for team in into {
        teams::join(tx, company, team, &added, now, by).await?;
        teams::touch(tx, company, team, now).await?;
        let event = TeamEvent::MembersChanged { team, added: added.clone(), removed: Vec::new() };
        journal::append(tx, &Event::Team(event)).await?;
    }
    Ok(())
}

async fn get(conn: &mut Conn, company: CompanyId, id: TeamId) -> Result<Team> {
    teams::get(conn, company, id).await?.ok_or(GONE)
}

impl Engine {
    /// Makes a team.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`]; [`Error::Conflict`] beyond 1,000.
    pub async fn create_team(&self, caller: &Caller, new: EditTeam) -> Result<Written<Team>> {
        self.write(caller, async move |tx| {
            manage(tx).await?;
            let company = tx.company();
            if teams::list(tx, company, TEAMS).await?.len() >= TEAMS as usize {
                return Err(Error::conflict(format!("a company has at most {TEAMS} teams")));
            }
            let mut team = Team::birth(tx.clock.id(), new, tx.now(), tx.revision())?;
            make_room(tx, &team).await?;
            team.version = tx.revision();
            teams::insert(tx, company, &team).await?;
            let event = TeamEvent::Created { team: team.id, fields: fields(&team, None) };
            journal::append(tx, &Event::Team(event)).await?;
            Ok(team)
        })
        .await
    }

    /// Edits a team; archives it and brings it back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`]; [`Error::Conflict`] for the default team.
    pub async fn edit_team(&self, caller: &Caller, id: TeamId, edit: EditTeam) -> Result<Written<Team>> {
        self.write(caller, async move |tx| {
            manage(tx).await?;
            let (company, now) = (tx.company(), tx.now());
            let mut team = get(tx, company, id).await?;
            let changed = team.apply(edit, now)?;
            if changed.is_empty() {
                return Ok(team);
            }
            make_room(tx, &team).await?;
            (team.updated_at, team.version) = (now, tx.revision());
            teams::update(tx, company, &team).await?;
            let event = TeamEvent::Updated { team: id, fields: fields(&team, Some(&changed)) };
            journal::append(tx, &Event::Team(event)).await?;
            Ok(team)
        })
        .await
    }

    /// Puts somebody, or everybody in a group, into a team, or takes them out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the team, the user or group, or when they are not in it; [`Error::Forbidden`].
    pub async fn set_team_member(
        &self,
        caller: &Caller,
        id: TeamId,
        member: Uuid,
        is_in: bool,
    ) -> Result<Written<bool>> {
        self.write(caller, async move |tx| {
            manage(tx).await?;
            let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
            get(tx, company, id).await?;
            let (mut added, mut removed) = (Vec::new(), Vec::new());
            if is_in {
                let found = groups::resolve_owners(tx, "member", &[member]).await.map_err(|error| match error {
                    Error::Unknown { noun, .. } => Error::NotFound { noun },
                    other => other,
                })?;
                if teams::join(tx, company, id, &found, now, by).await? != [true] {
                    return Ok(false);
                }
                added = found;
            } else {
                let all = teams::members(tx, company, id).await?;
                let is = |owner: &Owner| match owner {
                    Owner::User(user) => user.uuid() == member,
                    Owner::Group(group) => group.uuid() == member,
                };
                let gone = all.into_iter().find(is).ok_or(Error::NotFound { noun: "member of this team" })?;
                teams::leave(tx, company, id, &gone).await?;
                removed.push(gone);
            }
            teams::touch(tx, company, id, now).await?;
            journal::append(tx, &Event::Team(TeamEvent::MembersChanged { team: id, added, removed })).await?;
            Ok(true)
        })
        .await
    }

    /// One team, also an archived one.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a closed team that the caller does not belong to.
    pub async fn team(&self, caller: &Caller, id: TeamId) -> Result<Team> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let theirs = joined(&mut conn, caller, now).await?;
        let team = get(&mut conn, caller.company, id).await?;
        if sees(caller, &team, &theirs) { Ok(team) } else { Err(GONE) }
    }

    /// Who is in a team: people and groups.
    ///
    /// # Errors
    /// As [`Engine::team`].
    pub async fn team_members(&self, caller: &Caller, id: TeamId) -> Result<Vec<Owner>> {
        self.team(caller, id).await?;
        teams::members(&mut *self.db().reader().await?, caller.company, id).await
    }

    /// One page of the teams that the caller sees, in the order of their creation.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn teams(&self, caller: &Caller, filter: TeamFilter, ask: &Ask<TeamId>) -> Result<Page<Team, TeamId>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let theirs = joined(&mut conn, caller, now).await?;
        let admin = caller.role == Some(Role::Admin);
        let writes = admin || caller.role == Some(Role::Editor);
        let mut all = teams::list(&mut conn, caller.company, TEAMS).await?;
        all.retain(|team| {
            let joined = theirs.contains(&team.id);
            sees(caller, team, &theirs)
                && (filter.archived || team.archived_at.is_none())
                && (!filter.joined || joined)
                && (!filter.writable || admin || (writes && joined))
        });
        let total = all.len() as u64;
        let skip = match ask.from {
            From::Start => 0,
            From::Offset(n) => usize::try_from(n).unwrap_or(usize::MAX),
            From::After(id) => all.iter().take_while(|team| team.id <= id).count(),
        };
        let rows = all.into_iter().skip(skip).take(ask.limit as usize + 1).collect();
        Ok(Page::cut(rows, ask.limit, Some(total), |team: &Team| team.id))
    }
}
