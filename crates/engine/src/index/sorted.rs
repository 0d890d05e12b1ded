//! A sorted list that is copied in constant time and changed by copying one chunk.
//!
//! The order is the caller's: every call brings the same comparison, which tells how an element stands to the one
//! that is looked for, as `slice::binary_search_by` has it.

use std::cmp::Ordering;
use std::sync::Arc;

/// The most elements of a chunk: small enough to copy at each change, large enough that chunks are few.
const CHUNK: usize = 128;

/// A persistent sorted list.
pub(crate) struct Sorted<E> {
    chunks: Arc<Vec<Arc<Vec<E>>>>,
    len: usize,
}

impl<E> Clone for Sorted<E> {
    fn clone(&self) -> Self {
        Self { chunks: Arc::clone(&self.chunks), len: self.len }
    }
}

impl<E> Default for Sorted<E> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

/// A place between two elements, or before the first, or behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    chunk: usize,
    at: usize,
}

impl<E> Sorted<E> {
    /// How many elements there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Where the element is, or where it would be.
    fn find(&self, cmp: impl Fn(&E) -> Ordering) -> Result<Place, Place> {
        // The first chunk whose last element is not before what is looked for.
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| cmp(last) == Ordering::Less));
        let Some(elements) = self.chunks.get(chunk) else {
            return Err(Place { chunk, at: 0 });
        };
        match elements.binary_search_by(cmp) {
            Ok(at) => Ok(Place { chunk, at }),
            Err(at) => Err(Place { chunk, at }),
        }
    }

    /// The element that compares equal.
    pub(crate) fn get(&self, cmp: impl Fn(&E) -> Ordering) -> Option<&E> {
        let place = self.find(cmp).ok()?;
        self.chunks.get(place.chunk)?.get(place.at)
    }

    /// All elements, in order.
    pub(crate) fn iter(&self) -> Ascending<'_, E> {
        Ascending { chunks: &self.chunks, place: Place { chunk: 0, at: 0 } }
    }

    /// The elements that are not before what is looked for, in order.
    pub(crate) fn iter_from(&self, cmp: impl Fn(&E) -> Ordering) -> Ascending<'_, E> {
        let place = self.find(cmp).unwrap_or_else(|place| place);
        Ascending { chunks: &self.chunks, place }
    }

    /// All elements, last first.
    pub(crate) fn iter_back(&self) -> Descending<'_, E> {
        Descending { chunks: &self.chunks, place: Place { chunk: self.chunks.len(), at: 0 } }
    }

    /// The elements before what is looked for, last first.
    pub(crate) fn iter_back_from(&self, cmp: impl Fn(&E) -> Ordering) -> Descending<'_, E> {
        let place = self.find(cmp).unwrap_or_else(|place| place);
        Descending { chunks: &self.chunks, place }
    }
}

impl<E: Clone> Sorted<E> {
    /// The list made of elements that are in order already.
    pub(crate) fn from_sorted(elements: Vec<E>) -> Self {
        let len = elements.len();
        let chunks = elements.chunks(CHUNK).map(|some| Arc::new(some.to_vec())).collect();
        Self { chunks: Arc::new(chunks), len }
    }

    /// Puts an element where it belongs, in place of one that compares equal.
    pub(crate) fn put(&mut self, element: E, cmp: impl Fn(&E) -> Ordering) {
        let found = self.find(cmp);
        let chunks = Arc::make_mut(&mut self.chunks);
        match found {
            Ok(place) => Arc::make_mut(&mut chunks[place.chunk])[place.at] = element,
            Err(mut place) => {
                self.len += 1;
                if place.chunk == chunks.len() {
                    // Behind everything: the last chunk takes it, where it has room.
                    match chunks.last() {
                        Some(last) if last.len() < CHUNK => place = Place { chunk: place.chunk - 1, at: last.len() },
                        _ => return chunks.push(Arc::new(vec![element])),
                    }
                }
                let chunk = Arc::make_mut(&mut chunks[place.chunk]);
                chunk.insert(place.at, element);
                if chunk.len() > CHUNK {
                    let rest = chunk.split_off(CHUNK / 2);
                    chunks.insert(place.chunk + 1, Arc::new(rest));
                }
            }
        }
    }

    /// Takes out the element that compares equal.
    pub(crate) fn remove(&mut self, cmp: impl Fn(&E) -> Ordering) -> Option<E> {
        let place = self.find(cmp).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[place.chunk]);
        let element = chunk.remove(place.at);
        if chunk.is_empty() {
            chunks.remove(place.chunk);
        }
        self.len -= 1;
        Some(element)
    }
}

/// Elements in order.
pub(crate) struct Ascending<'a, E> {
    chunks: &'a [Arc<Vec<E>>],
    place: Place,
}

impl<'a, E> Iterator for Ascending<'a, E> {
    type Item = &'a E;

    fn next(&mut self) -> Option<&'a E> {
        loop {
            let chunk = self.chunks.get(self.place.chunk)?;
            if let Some(element) = chunk.get(self.place.at) {
                self.place.at += 1;
                return Some(element);
            }
            self.place = Place { chunk: self.place.chunk + 1, at: 0 };
        }
    }
}

/// Elements from the last to the first.
pub(crate) struct Descending<'a, E> {
    chunks: &'a [Arc<Vec<E>>],
    place: Place,
}

impl<'a, E> Iterator for Descending<'a, E> {
    type Item = &'a E;

    fn next(&mut self) -> Option<&'a E> {
        while self.place.at == 0 {
            self.place.chunk = self.place.chunk.checked_sub(1)?;
            self.place.at = self.chunks.get(self.place.chunk)?.len();
        }
        self.place.at -= 1;
        self.chunks.get(self.place.chunk)?.get(self.place.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_what_a_plain_sorted_list_does() {
        let (mut list, mut plain) = (Sorted::default(), std::collections::BTreeSet::new());
        let mut n = 1_u64;
        for step in 0..20_000 {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = (n >> 40) % 3000;
            if step % 3 == 2 {
                assert_eq!(list.remove(|e: &u64| e.cmp(&value)), plain.take(&value));
            } else {
                list.put(value, |e| e.cmp(&value));
                plain.insert(value);
            }
        }
        assert!(list.iter().eq(plain.iter()));
        assert!(list.iter_back().eq(plain.iter().rev()));
        assert!(list.iter_from(|e| e.cmp(&1500)).eq(plain.range(1500..)));
        assert!(list.iter_back_from(|e| e.cmp(&1500)).eq(plain.range(..1500).rev()));
        assert_eq!(list.len(), plain.len());
        assert!(Sorted::from_sorted(plain.iter().copied().collect()).iter().eq(plain.iter()));
        assert_eq!(list.get(|e| e.cmp(&u64::MAX)), None);
    }
}
