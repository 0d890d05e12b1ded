//! A list that is copied in constant time and changed by copying one path: rows by number.

use std::sync::Arc;

/// Each node has 2^BITS places.
const BITS: u32 = 5;
const PLACES: usize = 1 << BITS;

/// A persistent list. A clone shares everything with its original until one of them changes.
pub(crate) struct Table<T> {
    root: Arc<Node<T>>,
    height: u32,
    len: usize,
}

#[derive(Clone)]
enum Node<T> {
    Branch(Vec<Arc<Node<T>>>),
    Leaf(Vec<T>),
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { root: Arc::clone(&self.root), height: self.height, len: self.len }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { root: Arc::new(Node::Leaf(Vec::new())), height: 0, len: 0 }
    }
}

impl<T> Table<T> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The row with this number.
    pub(crate) fn get(&self, i: u32) -> Option<&T> {
        let (mut node, mut height) = (&*self.root, self.height);
        loop {
            match node {
                Node::Branch(below) => node = below.get(place(i, height))?,
                Node::Leaf(rows) => return rows.get(place(i, 0)),
            }
            height -= 1;
        }
    }

    /// All rows, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len as u32).filter_map(|i| self.get(i))
    }
}

fn place(i: u32, height: u32) -> usize {
    (i >> (height * BITS)) as usize & (PLACES - 1)
}

impl<T: Clone> Table<T> {
    /// The row with this number, to change it: what other clones share is copied first.
    pub(crate) fn get_mut(&mut self, i: u32) -> Option<&mut T> {
        let (mut node, mut height) = (Arc::make_mut(&mut self.root), self.height);
        loop {
            match node {
                Node::Branch(below) => node = Arc::make_mut(below.get_mut(place(i, height))?),
                Node::Leaf(rows) => return rows.get_mut(place(i, 0)),
            }
            height -= 1;
        }
    }

    /// Adds a row; its number.
    pub(crate) fn push(&mut self, row: T) -> u32 {
        let number = self.len as u32;
        if self.len == PLACES << (self.height * BITS) {
            let below = std::mem::take(self);
            *self = Self { root: Arc::new(Node::Branch(vec![below.root])), height: below.height + 1, len: below.len };
        }
        let (mut node, mut height) = (Arc::make_mut(&mut self.root), self.height);
        loop {
            match node {
                Node::Branch(below) => {
                    let at = place(number, height);
                    if at == below.len() {
                        let fresh =
                            if height == 1 { Node::Leaf(Vec::with_capacity(PLACES)) } else { Node::Branch(Vec::new()) };
                        below.push(Arc::new(fresh));
                    }
                    node = Arc::make_mut(&mut below[at]);
                }
                Node::Leaf(rows) => {
                    rows.push(row);
                    break;
                }
            }
            height -= 1;
        }
        self.len += 1;
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut table = Table::default();
        for n in 0..40_000_u32 {
            assert_eq!(table.push(n), n);
        }
        let before = table.clone();
        for n in (0..40_000).step_by(7) {
            *table.get_mut(n).unwrap() += 1;
        }
        assert!(before.iter().copied().eq(0..40_000));
        assert!(table.iter().copied().eq((0..40_000).map(|n| n + u32::from(n % 7 == 0))));
        assert_eq!((table.len(), table.get(40_000), table.get(u32::MAX)), (40_000, None, None));
    }
}
