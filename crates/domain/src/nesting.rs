//! Groups inside groups: the rules that keep nesting free of cycles and of bounded depth.

use std::collections::{BTreeSet, HashMap};

use crate::ids::GroupId;

/// The most nestings on one path from a group to one inside it.
pub const DEPTH: usize = 50;

/// The nestings reachable from one group in one direction: for each group there, the next ones.
#[derive(Clone, Debug, Default)]
pub struct Reach(HashMap<GroupId, Vec<GroupId>>);

impl Reach {
    /// From steps, each from a group to one next to it.
    pub fn of(steps: impl IntoIterator<Item = (GroupId, GroupId)>) -> Self {
        let mut reach = Self::default();
        for (from, to) in steps {
            reach.0.entry(from).or_default().push(to);
        }
        reach
    }

    /// Every step that was noted, from a group to one next to it.
    pub fn steps(&self) -> impl Iterator<Item = (GroupId, GroupId)> {
        self.0.iter().flat_map(|(from, next)| next.iter().map(|to| (*from, *to)))
    }

    /// Notes the groups next to `group`.
    pub fn note(&mut self, group: GroupId, next: Vec<GroupId>) {
        self.0.insert(group, next);
    }

    /// Is it noted already?
    pub fn knows(&self, group: GroupId) -> bool {
        self.0.contains_key(&group)
    }

    /// Every group that was noted, in the order of their ids.
    pub fn groups(&self) -> Vec<GroupId> {
        let mut all: Vec<GroupId> = self.0.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// `from` and every group that is reached from it.
    pub fn all_from(&self, from: GroupId) -> BTreeSet<GroupId> {
        let (mut all, mut free) = (BTreeSet::from([from]), vec![from]);
        while let Some(group) = free.pop() {
            free.extend(self.next(group).iter().copied().filter(|next| all.insert(*next)));
        }
        all
    }

    /// The groups noted next to a group.
    pub fn next(&self, group: GroupId) -> &[GroupId] {
        self.0.get(&group).map_or(&[], Vec::as_slice)
    }

    /// The most nestings on a path that begins at `from`; the nestings must be free of cycles.
    pub fn depth(&self, from: GroupId) -> usize {
        self.measure(from, &mut HashMap::new())
    }

    /// As [`Self::depth`], for many groups in turn: `known` carries over what was measured.
    pub fn measure(&self, from: GroupId, known: &mut HashMap<GroupId, usize>) -> usize {
        // A group is left on the stack until all below it are known: recursion without its limit.
        let mut stack = vec![from];
        while let Some(group) = stack.last().copied() {
            let waiting = self.next(group).iter().copied().filter(|next| !known.contains_key(next));
            let open = stack.len();
            stack.extend(waiting);
            if stack.len() == open {
                stack.pop();
                let depth = self.next(group).iter().map(|next| known[next] + 1).max().unwrap_or(0);
                known.insert(group, depth);
            }
        }
        known[&from]
    }

    /// Some cycle among the nestings, from one of its groups back to it; none when there is none.
    pub fn cycle(&self) -> Option<Vec<GroupId>> {
        let mut inside: HashMap<GroupId, usize> = HashMap::new();
        for next in self.0.values().flatten() {
            *inside.entry(*next).or_default() += 1;
        }
        let mut free: Vec<GroupId> = self.0.keys().copied().filter(|group| !inside.contains_key(group)).collect();
        while let Some(group) = free.pop() {
            for next in self.next(group) {
                if let Some(left) = inside.get_mut(next) {
                    *left -= 1;
                    if *left == 0 {
                        inside.remove(next);
                        free.push(*next);
                    }
                }
            }
        }
        // What is left lies on a cycle or below one.
        let mut left: Vec<GroupId> = inside.into_keys().collect();
        left.sort_unstable();
        left.into_iter().find_map(|group| {
            self.next(group).iter().find_map(|next| {
                let mut back = self.path(*next, group)?;
                back.insert(0, group);
                Some(back)
            })
        })
    }

    /// A shortest path from `from` to `to`, both ends included; none when there is none.
    pub fn path(&self, from: GroupId, to: GroupId) -> Option<Vec<GroupId>> {
        let mut came: HashMap<GroupId, GroupId> = HashMap::from([(from, from)]);
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(group) = queue.pop_front() {
            if group == to {
                let mut path = vec![to];
                while let Some(before) = path.last().map(|last| came[last]).filter(|before| Some(before) != path.last())
                {
                    path.push(before);
                }
                path.reverse();
                return Some(path);
            }
            for next in self.next(group) {
                came.entry(*next).or_insert_with(|| {
                    queue.push_back(*next);
                    group
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> GroupId {
        GroupId::new(uuid::Uuid::from_u128(n))
    }

    fn reach(edges: &[(u128, &[u128])]) -> Reach {
        let mut reach = Reach::default();
        for (from, to) in edges {
            reach.note(id(*from), to.iter().map(|n| id(*n)).collect());
        }
        reach
    }

    #[test]
    fn the_longest_path_counts_and_the_shortest_is_shown() {
        let diamond = reach(&[(1, &[2, 3, 4]), (2, &[3]), (3, &[4]), (4, &[])]);
        assert_eq!(diamond.depth(id(1)), 3);
        assert_eq!(diamond.depth(id(4)), 0);
        assert_eq!(diamond.path(id(1), id(4)), Some(vec![id(1), id(4)]));
        assert_eq!(diamond.path(id(2), id(4)), Some(vec![id(2), id(3), id(4)]));
        assert_eq!(diamond.path(id(4), id(1)), None);
        assert_eq!(diamond.path(id(4), id(4)), Some(vec![id(4)]));
    }

    #[test]
    fn a_cycle_is_found_wherever_it_hangs() {
        let tail = reach(&[(1, &[2]), (2, &[3]), (3, &[2, 4]), (4, &[])]);
        assert_eq!(tail.cycle(), Some(vec![id(2), id(3), id(2)]));
        assert_eq!(reach(&[(1, &[2, 3]), (2, &[3]), (3, &[])]).cycle(), None);
        assert_eq!(reach(&[(1, &[1])]).cycle(), Some(vec![id(1), id(1)]));
    }

    #[test]
    fn a_ladder_of_doubled_rungs_is_measured_without_walking_every_path() {
        let rungs: Vec<(u128, Vec<u128>)> = (0..50).map(|n| (n, vec![n + 1, n + 1])).collect();
        let mut ladder = reach(&[(50, &[])]);
        for (from, to) in rungs {
            ladder.note(id(from), to.into_iter().map(id).collect());
        }
        assert_eq!(ladder.depth(id(0)), 50);
    }
}
