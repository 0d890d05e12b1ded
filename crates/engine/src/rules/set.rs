//! The rules of a company, compiled and in the order in which they build on each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use guildhall_domain::ids::{CompanyId, GroupId};
use guildhall_domain::nesting::Reach;
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use super::Rule;
use crate::store::{self, Conn};

/// The most rules of a company.
const MOST: usize = 1_000;
/// The most companies whose rules are kept compiled.
const KEPT: usize = 256;

/// The rules of one company, by the group whose members each keeps.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    rules: BTreeMap<GroupId, Arc<Rule>>,
}

impl RuleSet {
    pub(super) fn get(&self, group: GroupId) -> Option<&Arc<Rule>> {
        self.rules.get(&group)
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.rules.keys().copied()
    }

    /// Does any of them ask for memberships?
    pub(super) fn reads_any(&self) -> bool {
        self.rules.values().any(|rule| !rule.reads().is_empty())
    }

    /// The groups whose rules ask for a membership of one of these.
    pub(super) fn readers<'a>(&'a self, of: &'a BTreeSet<GroupId>) -> impl Iterator<Item = GroupId> + 'a {
        self.rules.iter().filter(|(_, rule)| !rule.reads().is_disjoint(of)).map(|(group, _)| *group)
    }

    /// The groups with rules, each before those whose rules build on its members. `above` holds every group that these
    /// are inside of.
    ///
    /// # Errors
    /// [`Error::Cycle`] when there is no such order.
    pub(super) fn order(&self, above: &Reach) -> Result<Vec<GroupId>> {
        let mut next: BTreeMap<GroupId, Vec<GroupId>> = BTreeMap::new();
        let mut inside: HashMap<GroupId, usize> = self.rules.keys().map(|group| (*group, 0)).collect();
        for group in self.rules.keys() {
            let readers: Vec<GroupId> = self.readers(&above.all_from(*group)).collect();
            for reader in &readers {
                *inside.entry(*reader).or_default() += 1;
            }
            next.insert(*group, readers);
        }
        let mut free: Vec<GroupId> = self.rules.keys().copied().filter(|group| inside[group] == 0).collect();
        let mut order = Vec::with_capacity(self.rules.len());
        while let Some(group) = free.pop() {
            order.push(group);
            inside.remove(&group);
            for reader in next.get(&group).into_iter().flatten() {
                if let Some(n) = inside.get_mut(reader) {
                    *n -= 1;
                    if *n == 0 {
                        free.push(*reader);
                    }
                }
            }
        }
        if inside.is_empty() { Ok(order) } else { Err(self.cycle(above, &next, &inside)) }
    }

    /// The refusal that shows a cycle among the groups of `left`: each is followed by the group that builds on it.
    fn cycle(&self, above: &Reach, next: &BTreeMap<GroupId, Vec<GroupId>>, left: &HashMap<GroupId, usize>) -> Error {
        let mut builds = Reach::default();
        for (group, readers) in next {
            builds.note(*group, readers.iter().copied().filter(|reader| left.contains_key(reader)).collect());
        }
        let mut groups: Vec<GroupId> = Vec::new();
        for pair in builds.cycle().unwrap_or_default().windows(2) {
            let [from, to] = pair else { continue };
            let reads = self.rules.get(to).map(|rule| rule.reads().clone()).unwrap_or_default();
            let path =
                reads.iter().filter_map(|read| above.path(*from, *read)).min_by_key(Vec::len).unwrap_or_default();
            groups.extend(path);
        }
        groups.extend(groups.first().copied());
        Error::Cycle { groups }
    }
}

/// The compiled rules of the companies this node serves. A mark names one state of a company's rules for ever, so what
/// is kept under it is never out of date.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<HashMap<CompanyId, (Uuid, Arc<RuleSet>)>>);

impl Shelf {
    fn look(&self, company: CompanyId) -> Option<(Uuid, Arc<RuleSet>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&company).cloned()
    }

    /// The rules of a company, whose state `mark` names.
    ///
    /// # Errors
    /// [`Error::Conflict`] beyond 1,000 rules.
    pub(super) async fn get(&self, conn: &mut Conn, company: CompanyId, mark: Uuid) -> Result<Arc<RuleSet>> {
        let before = self.look(company);
        if let Some((_, set)) = before.as_ref().filter(|(at, _)| *at == mark) {
            return Ok(Arc::clone(set));
        }
        let rows = store::rules::all_of(conn, company).await?;
        if rows.len() > MOST {
            return Err(Error::conflict(format!("a company may have at most {MOST} rules")));
        }
        let mut rules = BTreeMap::new();
        for (group, text) in rows {
            let known = before.as_ref().and_then(|(_, set)| set.rules.get(&group)).filter(|rule| rule.text() == text);
            let rule = match known {
                Some(rule) => Arc::clone(rule),
                // It was checked when it was written; one that a newer server took is none of the caller's fault.
                None => Arc::new(Rule::parse("rule", &text).map_err(Error::internal)?),
            };
            rules.insert(group, rule);
        }
        let set = Arc::new(RuleSet { rules });
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() >= KEPT {
            shelf.clear();
        }
        shelf.insert(company, (mark, Arc::clone(&set)));
        Ok(set)
    }
}
