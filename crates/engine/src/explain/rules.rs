//! What rules say of a user, clause by clause: those that gave a reason told in an explanation, or that could have.

use std::collections::{BTreeSet, HashSet};

use guildhall_domain::Result;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::GroupId;
use guildhall_domain::membership::ReasonKind;

use super::{Explanation, Question};
use crate::rules::{Clause, Rule};
use crate::store::nestings::Towards;
use crate::store::past::Given;
use crate::store::{Conn, users};
use crate::{nestings, rules};

/// The most rules that one explanation takes apart: each is parsed for it.
const TOLD: usize = 20;

/// What the rule of a group says of the user.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The group whose members the rule keeps.
    pub group: GroupId,
    /// Its text.
    pub rule: String,
    /// Is it true of the user, and what does each of its clauses say? None where the user's record has changed since
    /// the instant that is asked about.
    pub verdict: Option<(bool, Vec<Clause>)>,
}

/// The groups whose rules matter: those whose rule gave a reason, or when there is none, those that would give one.
fn asked(told: &Explanation) -> Vec<GroupId> {
    let ruled = |given: &&Given| given.reason.kind == ReasonKind::Rule;
    let gave = told.paths.iter().map(|path| &path.reason).filter(ruled).map(|given| given.reason.group);
    let would = told.missing.iter().flat_map(|missing| missing.groups.iter().copied());
    let mut seen = HashSet::new();
    gave.chain(would).filter(|group| seen.insert(*group)).collect()
}

/// What the rules among `records` say of the user, in the order in which the explanation names their groups. `given` are
/// the user's reasons.
pub(super) async fn judge(
    conn: &mut Conn,
    q: &Question<'_>,
    told: &Explanation,
    records: &[Group],
    given: &[Given],
) -> Result<Vec<Judged>> {
    let rule = |id: &GroupId| {
        let live = records.iter().find(|group| group.id == *id && group.state == GroupState::Live);
        Some((*id, live?.rule.clone()?))
    };
    let asked: Vec<(GroupId, String)> = asked(told).iter().filter_map(rule).take(TOLD).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let user = users::get(conn, q.company, q.user).await?;
    let Some(user) = user.filter(|user| q.then.is_none_or(|then| user.updated_at <= then)) else {
        return Ok(asked.into_iter().map(|(group, rule)| Judged { group, rule, verdict: None }).collect());
    };
    // Rules look at the reasons of inactive users too: see `rules.md`.
    let standing = given.iter().filter(|given| given.reason.window.holds(q.at)).map(|given| given.reason.group);
    let standing: Vec<GroupId> = standing.collect::<BTreeSet<_>>().into_iter().collect();
    let groups = nestings::reach(conn, q.company, &standing, Towards::Parents, q.then).await?.groups();
    let groups: BTreeSet<GroupId> = groups.into_iter().collect();
    let judge = |(group, text): (GroupId, String)| {
        let rule = Rule::parse("rule", &text)?;
        let verdict = rules::judge(&rule, &user, &groups)?;
        Ok(Judged { group, rule: text, verdict: Some(verdict) })
    };
    asked.into_iter().map(judge).collect()
}
