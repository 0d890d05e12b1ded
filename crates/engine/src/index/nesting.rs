//! What changes in a snapshot when a nesting comes or goes: the sets of groups above and below.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::snapshot::{GroupNode, No, Snapshot};

/// Which of a group's two sets is meant.
#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
}

impl Side {
    fn next(self, node: &GroupNode) -> &[No] {
        match self {
            Self::Above => &node.parents,
            Self::Below => &node.children,
        }
    }

    fn reach(self, node: &GroupNode) -> &Arc<RoaringBitmap> {
        match self {
            Self::Above => &node.above,
            Self::Below => &node.below,
        }
    }

    fn set(self, node: &mut GroupNode, reach: Arc<RoaringBitmap>) {
        match self {
            Self::Above => node.above = reach,
            Self::Below => node.below = reach,
        }
    }
}

impl Snapshot {
    /// Puts a group into another, or takes it out, and settles who is above and below whom.
    pub(super) fn set_nesting(&mut self, parent: No, child: No, stands: bool) {
        let (Some(mut above), Some(mut below)) = (self.group(parent).cloned(), self.group(child).cloned()) else {
            return;
        };
        if above.children.contains(&child) == stands {
            return;
        }
        edit(&mut Arc::make_mut(&mut above).children, child, stands);
        edit(&mut Arc::make_mut(&mut below).parents, parent, stands);
        self.set_group(parent, Some(above));
        self.set_group(child, Some(below));
        self.settle_reach(parent, child);
    }

    /// Settles the sets of everything from `child` down and from `parent` up, after the nestings between changed.
    fn settle_reach(&mut self, parent: No, child: No) {
        let below: Vec<No> = self.group(child).map(|node| node.below.iter().collect()).unwrap_or_default();
        let above: Vec<No> = self.group(parent).map(|node| node.above.iter().collect()).unwrap_or_default();
        self.settle(Side::Above, std::iter::once(child).chain(below));
        self.settle(Side::Below, std::iter::once(parent).chain(above));
    }

    /// Computes the sets of these groups anew from those of the groups next to them, nearest first.
    fn settle(&mut self, side: Side, groups: impl Iterator<Item = No>) {
        let mut waiting: RoaringBitmap = groups.collect();
        let mut stack: Vec<No> = waiting.iter().collect();
        while let Some(no) = stack.last().copied() {
            if !waiting.contains(no) {
                stack.pop();
                continue;
            }
            let Some(node) = self.group(no) else {
                waiting.remove(no);
                continue;
            };
            let first = side.next(node).iter().copied().find(|next| waiting.contains(*next));
            if let Some(first) = first {
                stack.push(first);
                continue;
            }
            let mut reach = RoaringBitmap::new();
            for next in side.next(node) {
                reach.insert(*next);
                if let Some(next) = self.group(*next) {
                    reach |= &**side.reach(next);
                }
            }
            waiting.remove(no);
            if reach != **side.reach(node) {
                let reach = if reach.is_empty() { Arc::clone(&self.nowhere) } else { Arc::new(reach) };
                let mut node = Arc::clone(node);
                side.set(Arc::make_mut(&mut node), reach);
                self.set_group(no, Some(node));
            }
        }
    }

    /// Settles both sets of every group: for a snapshot that is built.
    pub(super) fn settle_all(&mut self) {
        let all: Vec<No> = (0..self.groups.len() as No).collect();
        self.settle(Side::Above, all.iter().copied());
        self.settle(Side::Below, all.into_iter());
    }
}

fn edit(list: &mut Vec<No>, no: No, stands: bool) {
    match (list.binary_search(&no), stands) {
        (Err(at), true) => list.insert(at, no),
        (Ok(at), false) => drop(list.remove(at)),
        _ => {}
    }
}
