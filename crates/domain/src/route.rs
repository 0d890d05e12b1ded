//! The ways by nesting from groups to one group around them: how many there are, and the shortest of them.

use std::collections::HashMap;

use crate::ids::GroupId;
use crate::nesting::{DEPTH, Reach};

/// From one group: the lengths of the ways to the target, a bit each, and the number of ways.
#[derive(Clone, Copy, Debug, Default)]
struct Ways {
    lengths: u64,
    number: u128,
}

/// Every way to one group. Counted, not walked: a lattice of 50 levels has more of them than can be walked.
#[derive(Clone, Debug)]
pub struct Routes<'r> {
    around: &'r Reach,
    target: GroupId,
    ways: HashMap<GroupId, Ways>,
}

impl<'r> Routes<'r> {
    /// The ways from `from` to `target`; `around` names for each group the ones it is inside of, free of cycles.
    pub fn new(around: &'r Reach, from: impl IntoIterator<Item = GroupId>, target: GroupId) -> Self {
        let mut ways = HashMap::from([(target, Ways { lengths: 1, number: 1 })]);
        // A group is left on the stack until all around it are known.
        let mut stack: Vec<GroupId> = from.into_iter().collect();
        while let Some(group) = stack.last().copied() {
            let open = stack.len();
            if !ways.contains_key(&group) {
                stack.extend(around.next(group).iter().copied().filter(|next| !ways.contains_key(next)));
            }
            if stack.len() == open {
                stack.pop();
                if !ways.contains_key(&group) {
                    let sum =
                        around.next(group).iter().map(|next| ways[next]).fold(Ways::default(), |sum, next| Ways {
                            lengths: sum.lengths | next.lengths << 1,
                            number: sum.number.saturating_add(next.number),
                        });
                    ways.insert(group, sum);
                }
            }
        }
        Self { around, target, ways }
    }

    fn of(&self, group: GroupId) -> Ways {
        self.ways.get(&group).copied().unwrap_or_default()
    }

    /// The number of ways from a group; beyond `u128::MAX`, that.
    pub fn number(&self, from: GroupId) -> u128 {
        self.of(from).number
    }

    /// At most `limit` ways, the shortest first, and of those of one length in the order of `from`: for each, its
    /// place in `from`, and its groups from there to the target.
    pub fn shortest(&self, from: &[GroupId], limit: usize) -> Vec<(usize, Vec<GroupId>)> {
        let mut found = Vec::new();
        for length in 0..=DEPTH {
            for (place, group) in from.iter().enumerate() {
                self.walk(vec![*group], length, limit, &mut |way| found.push((place, way)), &mut 0);
                if found.len() >= limit {
                    found.truncate(limit);
                    return found;
                }
            }
        }
        found
    }

    /// Hands out the ways of just this length that begin so; never enters a group that leads to none.
    fn walk(
        &self,
        way: Vec<GroupId>,
        length: usize,
        limit: usize,
        found: &mut impl FnMut(Vec<GroupId>),
        number: &mut usize,
    ) {
        let Some(last) = way.last().copied() else { return };
        if *number >= limit || self.of(last).lengths >> length & 1 == 0 {
            return;
        }
        if length == 0 {
            *number += 1;
            if last == self.target {
                found(way);
            }
            return;
        }
        for next in self.around.next(last) {
            let mut longer = way.clone();
            longer.push(*next);
            self.walk(longer, length - 1, limit, found, number);
        }
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
    fn the_shortest_come_first_and_all_are_counted() {
        let around = reach(&[(1, &[2, 3, 4]), (2, &[3]), (3, &[4]), (4, &[]), (5, &[1]), (6, &[])]);
        let from = [id(5), id(2), id(4), id(6)];
        let routes = Routes::new(&around, from, id(4));
        assert_eq!(from.map(|group| routes.number(group)), [3, 1, 1, 0]);
        let ways: Vec<(usize, Vec<GroupId>)> = routes.shortest(&from, 100);
        let told: Vec<(usize, Vec<u128>)> = ways
            .into_iter()
            .map(|(place, way)| (place, way.into_iter().map(|group| group.uuid().as_u128()).collect()))
            .collect();
        assert_eq!(
            told,
            [(2, vec![4]), (0, vec![5, 1, 4]), (1, vec![2, 3, 4]), (0, vec![5, 1, 3, 4]), (0, vec![5, 1, 2, 3, 4]),]
        );
        assert_eq!(routes.shortest(&from, 2).len(), 2);
    }

    #[test]
    fn a_lattice_is_counted_without_walking_it() {
        // Fifty nestings deep and three wide: 3^49 ways from the bottom to the top.
        let mut lattice = Reach::default();
        lattice.note(id(0), vec![id(10), id(11), id(12)]);
        for level in 1..49_u128 {
            for place in 0..3 {
                lattice.note(id(level * 10 + place), (0..3).map(|next| id((level + 1) * 10 + next)).collect());
            }
        }
        for place in 0..3 {
            lattice.note(id(490 + place), vec![id(500)]);
        }
        let routes = Routes::new(&lattice, [id(0)], id(500));
        assert_eq!(routes.number(id(0)), 3_u128.pow(49));
        assert_eq!(routes.shortest(&[id(0)], 100).len(), 100);
    }
}
