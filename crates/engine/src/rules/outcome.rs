//! What a rule makes of users: for each the spans of time, from now on, in which it is true of them.
//!
//! Expressions know no clock. Between two starts or ends of the memberships that a rule reads nothing changes, so it
//! is evaluated now and at each of those.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::time::Window;
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp};
use serde_json::{Map, Value as Json};

use super::{Clause, Rule, Subject};
use crate::nestings::reach;
use crate::store::nestings::Towards;
use crate::store::{self, Conn, rules};

/// Users that are read and evaluated at a time.
const BATCH: u32 = 2_000;
/// Up to so many users, their reasons are looked up one by one; of more, group by group.
const FEW: usize = 500;

/// Whom a rule is settled for.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// Everyone in the company.
    All,
    /// These.
    Some(BTreeSet<UserId>),
}

impl Who {
    pub(super) fn add(&mut self, more: impl IntoIterator<Item = UserId>) {
        if let Self::Some(users) = self {
            users.extend(more);
        }
    }

    pub(super) fn listed(&self) -> Option<Vec<UserId>> {
        match self {
            Self::All => None,
            Self::Some(users) => Some(users.iter().copied().collect()),
        }
    }
}

/// The spans in which each user is a member, for whom there are any.
pub(crate) type Spans = HashMap<UserId, Vec<Window>>;

/// The free attributes of a user, read.
fn attributes(user: &User) -> Result<Map<String, Json>> {
    serde_json::from_str(&user.attributes).map_err(Error::internal)
}

/// What a user is, in the groups that a rule reads, and when: effectively, through any depth.
type Stands<'a> = &'a [(GroupId, Window)];

/// The spans from `now` on in which a rule is true of one user.
fn spans(rule: &Rule, user: &User, stands: Stands<'_>, now: Timestamp) -> Result<Vec<Window>> {
    let attributes = attributes(user)?;
    // How many memberships of each group hold, and what changes that when.
    let mut holding: BTreeMap<GroupId, usize> = BTreeMap::new();
    let mut turns: BTreeMap<Timestamp, Vec<(GroupId, bool)>> = BTreeMap::new();
    for (group, window) in stands {
        match window.starts.filter(|from| *from > now) {
            Some(from) => turns.entry(from).or_default().push((*group, true)),
            None => *holding.entry(*group).or_default() += 1,
        }
        if let Some(until) = window.ends {
            turns.entry(until).or_default().push((*group, false));
        }
    }
    let holds = |holding: &BTreeMap<GroupId, usize>| {
        let member_of = |group: GroupId| holding.get(&group).is_some_and(|n| *n > 0);
        rule.holds(&Subject { user, attributes: &attributes, member_of: &member_of })
    };
    let (mut found, mut open) = (Vec::new(), holds(&holding).then_some(None));
    for (at, changes) in turns {
        for (group, joins) in changes {
            let n = holding.entry(group).or_default();
            *n = if joins { *n + 1 } else { n.saturating_sub(1) };
        }
        match (open, holds(&holding)) {
            (None, true) => open = Some(Some(at)),
            (Some(starts), false) => {
                found.push(Window { starts, ends: Some(at) });
                open = None;
            }
            _ => {}
        }
    }
    found.extend(open.map(|starts| Window { starts, ends: None }));
    Ok(found)
}

/// Where the memberships that a rule reads come from: for each group there, the groups of the rule that it is in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources(BTreeMap<GroupId, Vec<GroupId>>);

impl Sources {
    /// The sources of what is asked of these groups.
    pub(crate) async fn of(conn: &mut Conn, company: CompanyId, reads: &BTreeSet<GroupId>) -> Result<Self> {
        let mut sources: BTreeMap<GroupId, Vec<GroupId>> = BTreeMap::new();
        for read in reads {
            for group in reach(conn, company, &[*read], Towards::Children, None).await?.groups() {
                sources.entry(group).or_default().push(*read);
            }
        }
        Ok(Self(sources))
    }

    /// Is a membership of this group one of those that were asked about?
    pub(crate) fn has(&self, group: GroupId) -> bool {
        self.0.contains_key(&group)
    }

    /// What `who` are in the groups that the rule reads, whether or not they count meanwhile.
    pub(crate) async fn stands(
        &self,
        conn: &mut Conn,
        company: CompanyId,
        who: Option<&[UserId]>,
        now: Timestamp,
    ) -> Result<HashMap<UserId, Vec<(GroupId, Window)>>> {
        let mut all: HashMap<UserId, Vec<(GroupId, Window)>> = HashMap::new();
        if self.0.is_empty() {
            return Ok(all);
        }
        let rows = match who.filter(|users| users.len() <= FEW) {
            Some(users) => rules::of_users(conn, company, users, now).await?,
            None => {
                let groups: Vec<GroupId> = self.0.keys().copied().collect();
                rules::in_groups(conn, company, &groups, now).await?
            }
        };
        for (user, group, window) in rows {
            if let Some(reads) = self.0.get(&group) {
                all.entry(user).or_default().extend(reads.iter().map(|read| (*read, window)));
            }
        }
        Ok(all)
    }
}

/// What a rule makes of `who` from `now` on.
pub(super) async fn evaluate(
    conn: &mut Conn,
    company: CompanyId,
    rule: &Rule,
    sources: &Sources,
    who: &Who,
    now: Timestamp,
) -> Result<Spans> {
    let listed = who.listed();
    let stands = sources.stands(conn, company, listed.as_deref(), now).await?;
    let mut all = Spans::new();
    let mut take = |users: &[User]| -> Result<()> {
        for user in users {
            let found = spans(rule, user, stands.get(&user.id).map_or(&[], Vec::as_slice), now)?;
            if !found.is_empty() {
                all.insert(user.id, found);
            }
        }
        Ok(())
    };
    match listed {
        Some(users) => {
            for some in users.chunks(BATCH as usize) {
                let found = store::users::get_each(conn, company, some).await?;
                take(&found.into_iter().flatten().collect::<Vec<_>>())?;
            }
        }
        None => {
            let mut after = UserId::NIL;
            loop {
                let users = store::users::all_of(conn, company, after, BATCH).await?;
                take(&users)?;
                match users.last() {
                    Some(last) if users.len() == BATCH as usize => after = last.id,
                    _ => break,
                }
            }
        }
    }
    Ok(all)
}

/// What a rule says of a user who is effectively in these groups: as a whole, and clause by clause.
pub(crate) fn judge(rule: &Rule, user: &User, groups: &BTreeSet<GroupId>) -> Result<(bool, Vec<Clause>)> {
    let attributes = attributes(user)?;
    let member_of = |group: GroupId| groups.contains(&group);
    let subject = Subject { user, attributes: &attributes, member_of: &member_of };
    Ok((rule.holds(&subject), rule.explain(&subject)))
}

/// What a rule says of one user, clause by clause, and when it is true of them.
pub(super) async fn explain(
    conn: &mut Conn,
    company: CompanyId,
    rule: &Rule,
    user: &User,
    now: Timestamp,
) -> Result<(Vec<Clause>, Vec<Window>)> {
    let sources = Sources::of(conn, company, rule.reads()).await?;
    let stands = sources.stands(conn, company, Some(&[user.id]), now).await?.remove(&user.id).unwrap_or_default();
    let attributes = attributes(user)?;
    let member_of = |group: GroupId| stands.iter().any(|(read, window)| *read == group && window.holds(now));
    let clauses = rule.explain(&Subject { user, attributes: &attributes, member_of: &member_of });
    Ok((clauses, spans(rule, user, &stands, now)?))
}
