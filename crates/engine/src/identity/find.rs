//! Looking for people and groups in somebody's sight: page by page in the order of ids, or by what an index knows.

use guildhall_domain::caller::Caller;
use guildhall_domain::connection::Noun;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result, Timestamp};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::{Belonging, Crew, Person, sight};
use crate::Engine;
use crate::authz::{self, Action};
use crate::groups::{self as group_cases, Shown};
use crate::index::snapshot::{No, Snapshot};
use crate::nestings;
use crate::store::identity::{self, SeenUser};
use crate::store::nestings::{self as rows, Towards};
use crate::store::{Conn, groups, links, reasons, users};

/// The most external ids of one person or group that are looked at.
const SAME: u32 = 10_000;

/// By what people are looked for. What is found may hold more than was asked for, and never less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindPeople {
    /// The id.
    Id(UserId),
    /// The sign-in name, in any letter case.
    UserName(String),
    /// The e-mail address, in any letter case.
    Email(String),
    /// The whole name, in any letter case.
    Name(String),
    /// The id by which the caller knows them.
    ExternalId(String),
    /// A group that they are in.
    Group(GroupId),
}

/// By what groups are looked for. What is found may hold more than was asked for, and never less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindCrews {
    /// The id.
    Id(GroupId),
    /// The name, in any letter case.
    Name(String),
    /// The id by which the caller knows it.
    ExternalId(String),
    /// A direct member: a user, or a group inside it.
    Member(Uuid),
}

/// Can a database hold this text at all? What it cannot hold nobody has.
fn storable(text: &str) -> bool {
    !text.contains('\0')
}

fn person(found: SeenUser, hand: bool, version: u64) -> Person {
    let external_id = if hand { found.user.external_id.clone() } else { found.external_id };
    Person { user: found.user, external_id, version }
}

async fn persons(conn: &mut Conn, caller: &Caller, found: Vec<SeenUser>, versions: bool) -> Result<Vec<Person>> {
    let ids: Vec<Uuid> = found.iter().map(|seen| seen.user.id.uuid()).collect();
    let versions = if versions { identity::versions(conn, caller.company, &ids).await? } else { vec![0; found.len()] };
    let hand = caller.connection.is_none();
    Ok(found.into_iter().zip(versions).map(|(seen, version)| person(seen, hand, version)).collect())
}

async fn crews(
    conn: &mut Conn,
    caller: &Caller,
    found: Vec<(Group, Option<String>)>,
    versions: bool,
) -> Result<Vec<Crew>> {
    let ids: Vec<Uuid> = found.iter().map(|(group, _)| group.id.uuid()).collect();
    let versions = if versions { identity::versions(conn, caller.company, &ids).await? } else { vec![0; found.len()] };
    let crew = |((group, external_id), version)| Crew { group, external_id, version };
    Ok(found.into_iter().zip(versions).map(crew).collect())
}

/// The groups by number that a user is directly in, for a connection those it keeps them in.
fn direct(view: &Snapshot, user: No, sight: ConnectionId, now: Timestamp) -> RoaringBitmap {
    let mut direct: RoaringBitmap = view.direct_groups(user, now).into_iter().collect();
    if sight != ConnectionId::NIL {
        let keeps = |no: &No| view.group(*no).is_some_and(|node| view.is_kept_by(node, user, sight.uuid(), now));
        direct = direct.iter().filter(keeps).collect();
    }
    direct
}

/// The groups of a user in somebody's sight: first the direct ones, then the others, each by id.
fn belonging(view: &Snapshot, user: No, sight: ConnectionId, now: Timestamp) -> Vec<Belonging> {
    let direct = direct(view, user, sight, now);
    let mut above = RoaringBitmap::new();
    for node in direct.iter().filter_map(|no| view.group(no)) {
        above |= &*node.above;
    }
    above -= &direct;
    let told = |groups: RoaringBitmap, direct: bool| {
        let records = groups.into_iter().filter_map(|no| Some(&view.group(no)?.record));
        let mut told: Vec<Belonging> =
            records.map(|group| Belonging { group: group.id, name: group.name.clone(), direct }).collect();
        told.sort_unstable_by_key(|belonging| belonging.group);
        told
    };
    [told(direct, true), told(above, false)].concat()
}

/// A live group as the connection that it comes from sees it; none when it comes from elsewhere.
async fn from_connection(
    conn: &mut Conn,
    company: CompanyId,
    sight: ConnectionId,
    id: GroupId,
) -> Result<Option<Crew>> {
    let group = group_cases::get(conn, company, id, Shown::Live).await?;
    let links::Known::Linked(link) = links::known(conn, company, sight, Noun::Group, id.uuid()).await? else {
        return Ok(None);
    };
    let version = identity::versions(conn, company, &[id.uuid()]).await?.pop().unwrap_or(0);
    Ok(Some(Crew { group, external_id: link.external_id, version }))
}

impl Engine {
    /// One page of the people in sight, by id. Without `versions` they are read as for a search, all 0.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn seen_people(
        &self,
        caller: &Caller,
        ask: &Ask<UserId>,
        versions: bool,
    ) -> Result<Page<Person, UserId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let (company, sight) = (caller.company, sight(caller));
        let (after, offset) = match ask.from {
            From::Start => (UserId::NIL, 0),
            From::After(id) => (id, 0),
            From::Offset(n) => (UserId::NIL, n),
        };
        let found = identity::people(&mut conn, company, sight, after, ask.limit.saturating_add(1), offset).await?;
        let total = if ask.total { Some(identity::count_people(&mut conn, company, sight).await?) } else { None };
        let found = persons(&mut conn, caller, found, versions).await?;
        Ok(Page::cut(found, ask.limit, total, |person| person.user.id))
    }

    /// One page of the groups in sight, by id; of a connection those that come from it.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn seen_crews(&self, caller: &Caller, ask: &Ask<GroupId>, versions: bool) -> Result<Page<Crew, GroupId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let (company, sight) = (caller.company, sight(caller));
        let (after, offset) = match ask.from {
            From::Start => (GroupId::NIL, 0),
            From::After(id) => (id, 0),
            From::Offset(n) => (GroupId::NIL, n),
        };
        let found = identity::groups_of(&mut conn, company, sight, after, ask.limit.saturating_add(1), offset).await?;
        let total = if ask.total { Some(identity::count_groups(&mut conn, company, sight).await?) } else { None };
        let found = crews(&mut conn, caller, found, versions).await?;
        Ok(Page::cut(found, ask.limit, total, |crew| crew.group.id))
    }

    /// Those of `ids` who are in sight, in their order.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn people_by_id(&self, caller: &Caller, ids: &[UserId]) -> Result<Vec<Person>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let found = identity::people_each(&mut conn, caller.company, sight(caller), ids).await?;
        persons(&mut conn, caller, found, true).await
    }

    /// Those of `ids` that are in sight, in their order; of a connection those that come from it.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn crews_by_id(&self, caller: &Caller, ids: &[GroupId]) -> Result<Vec<Crew>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let (company, sight) = (caller.company, sight(caller));
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let crew = match sight {
                ConnectionId::NIL => self.crew_by_hand(&mut conn, company, *id).await.map(Some),
                _ => from_connection(&mut conn, company, sight, *id).await,
            };
            match crew {
                Ok(crew) => found.extend(crew),
                Err(Error::NotFound { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    /// A live group as whoever stands for no connection sees it: its record from memory, where that is as new as the
    /// version that is told with it.
    pub(super) async fn crew_by_hand(&self, conn: &mut Conn, company: CompanyId, id: GroupId) -> Result<Crew> {
        let version = identity::versions(conn, company, &[id.uuid()]).await?.pop().unwrap_or(0);
        let view = self.view(company).await.filter(|view| view.revision >= version);
        let group = match view {
            Some(view) => view.group_by_id(id).map(|node| Group::clone(&node.record)).ok_or(group_cases::GONE)?,
            None => group_cases::get(conn, company, id, Shown::Live).await?,
        };
        Ok(Crew { external_id: group.external_id.clone(), group, version })
    }

    /// The ids of people whom an index finds.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn find_people(&self, caller: &Caller, by: &FindPeople) -> Result<Vec<UserId>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        authz::may(&mut conn, caller, Action::ReadDirectory, now).await?;
        let (company, sight) = (caller.company, sight(caller));
        let hand = sight == ConnectionId::NIL;
        if let FindPeople::UserName(text)
        | FindPeople::Email(text)
        | FindPeople::Name(text)
        | FindPeople::ExternalId(text) = by
            && !storable(text)
        {
            return Ok(Vec::new());
        }
        Ok(match by {
            FindPeople::Id(id) => vec![*id],
            FindPeople::UserName(name) => users::by_user_name(&mut conn, company, name).await?.into_iter().collect(),
            FindPeople::Email(email) => users::by_email(&mut conn, company, email).await?.into_iter().collect(),
            FindPeople::Name(name) => identity::named(&mut conn, company, name).await?,
            FindPeople::ExternalId(id) if hand => {
                let found = users::all_by_external_id(&mut conn, company, id, SAME).await?;
                found.into_iter().map(|user| user.id).collect()
            }
            FindPeople::ExternalId(id) => {
                let found = links::by_external_id(&mut conn, company, sight, Noun::User, id).await?;
                found.into_iter().map(UserId::new).collect()
            }
            FindPeople::Group(group) => {
                let below = nestings::reach(&mut conn, company, &[*group], Towards::Children, None).await?.groups();
                let mut found = Vec::new();
                for group in below {
                    if hand {
                        found.extend(reasons::user_ids(&mut conn, company, group, now).await?);
                    } else {
                        let own = identity::own_members(&mut conn, company, sight, group, now).await?;
                        found.extend(own.into_iter().map(|(user, _)| user));
                    }
                }
                found
            }
        })
    }

    /// What [`Engine::find_crews`] finds without a row.
    async fn known_crews(&self, caller: &Caller, by: &FindCrews) -> Option<Vec<GroupId>> {
        match by {
            FindCrews::Id(id) => Some(vec![*id]),
            FindCrews::Name(name) => Some(self.view(caller.company).await?.named(name)),
            FindCrews::Member(id) => {
                let view = self.view(caller.company).await?;
                let user =
                    view.user_no(UserId::new(*id)).map(|no| direct(&view, no, sight(caller), self.clock().now()));
                let parents = view.group_by_id(GroupId::new(*id)).map(|node| node.parents.as_slice());
                let all = user.unwrap_or_default().into_iter().chain(parents.unwrap_or_default().iter().copied());
                Some(all.filter_map(|no| Some(view.group(no)?.record.id)).collect())
            }
            FindCrews::ExternalId(_) => None,
        }
    }

    /// The ids of groups that an index finds.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn find_crews(&self, caller: &Caller, by: &FindCrews) -> Result<Vec<GroupId>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        if let Some(known) = self.known_crews(caller, by).await {
            return Ok(known);
        }
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let (company, sight) = (caller.company, sight(caller));
        if let FindCrews::Name(text) | FindCrews::ExternalId(text) = by
            && !storable(text)
        {
            return Ok(Vec::new());
        }
        Ok(match by {
            FindCrews::Id(id) => vec![*id],
            FindCrews::Name(name) => identity::groups_named(&mut conn, company, name).await?,
            FindCrews::ExternalId(id) if sight == ConnectionId::NIL => {
                identity::groups_by_external_id(&mut conn, company, id).await?
            }
            FindCrews::ExternalId(id) => {
                let found = links::by_external_id(&mut conn, company, sight, Noun::Group, id).await?;
                found.into_iter().map(GroupId::new).collect()
            }
            FindCrews::Member(id) => {
                let direct = identity::groups_of_each(&mut conn, company, sight, &[UserId::new(*id)], now).await?;
                let above =
                    rows::next_of_each(&mut conn, company, &[GroupId::new(*id)], Towards::Parents, None).await?;
                direct.into_iter().flatten().map(|(group, _)| group).chain(above.into_iter().flatten()).collect()
            }
        })
    }

    /// The groups that each of several people is in, as the caller is shown them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller may not see one of them.
    pub async fn belongings(&self, caller: &Caller, of: &[UserId]) -> Result<Vec<Vec<Belonging>>> {
        for user in of {
            authz::may_read(caller, Action::ReadUser(*user))?;
        }
        let now = self.clock().now();
        if let Some(view) = self.view(caller.company).await {
            let of_one = |user: &UserId| Some(belonging(&view, view.user_no(*user)?, sight(caller), now));
            return Ok(of.iter().map(|user| of_one(user).unwrap_or_default()).collect());
        }
        let mut conn = self.db().reader().await?;
        let found = identity::groups_of_each(&mut conn, caller.company, sight(caller), of, now).await?;
        let mut all = Vec::with_capacity(found.len());
        for direct in found {
            let ids: Vec<GroupId> = direct.iter().map(|(group, _)| *group).collect();
            let mut above = nestings::reach(&mut conn, caller.company, &ids, Towards::Parents, None).await?.groups();
            above.retain(|group| !ids.contains(group));
            let above = groups::get_each(&mut conn, caller.company, &above).await?;
            let above = above.into_iter().filter(|group| group.state == GroupState::Live);
            let direct = direct.into_iter().map(|(group, name)| Belonging { group, name, direct: true });
            all.push(direct.chain(above.map(|g| Belonging { group: g.id, name: g.name, direct: false })).collect());
        }
        Ok(all)
    }
}
