//! Sets of instants: when something held, as spans that neither touch nor overlap.

use crate::Timestamp;

/// From an instant (inclusive) until another (exclusive).
pub type Span = (Timestamp, Timestamp);

/// Spans in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// The one span; none when it ends before or as it begins.
    pub fn one(from: Timestamp, until: Timestamp) -> Self {
        Self(if from < until { vec![(from, until)] } else { Vec::new() })
    }

    /// The last of the spans.
    pub fn last(&self) -> Option<Span> {
        self.0.last().copied()
    }

    /// Adds what `other` holds; true when that is more.
    pub fn add(&mut self, other: &Self) -> bool {
        let mut all: Vec<Span> = self.0.iter().chain(&other.0).copied().collect();
        all.sort_unstable();
        let mut joined: Vec<Span> = Vec::with_capacity(all.len());
        for (from, until) in all {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = (*end).max(until),
                _ => joined.push((from, until)),
            }
        }
        let more = joined != self.0;
        self.0 = joined;
        more
    }

    /// As much of it as lies in a span.
    #[must_use]
    pub fn within(&self, (first, end): Span) -> Self {
        let cut = self.0.iter().map(|(from, until)| ((*from).max(first), (*until).min(end)));
        Self(cut.filter(|(from, until)| from < until).collect())
    }

    /// As much of it as lies outside a span.
    #[must_use]
    pub fn without(&self, (first, end): Span) -> Self {
        let mut left = self.within((Timestamp::MIN, first));
        left.add(&self.within((end, Timestamp::MAX)));
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_micros(n)
    }

    fn spans(all: &[(i64, i64)]) -> Spans {
        let mut set = Spans::default();
        for (from, until) in all {
            set.add(&Spans::one(at(*from), at(*until)));
        }
        set
    }

    #[test]
    fn spans_join_and_are_cut() {
        let mut set = spans(&[(5, 7), (1, 3), (3, 4), (9, 9)]);
        assert_eq!(set, spans(&[(1, 4), (5, 7)]));
        assert!(!set.add(&spans(&[(2, 3)])), "that is no more");
        assert!(set.add(&spans(&[(4, 5)])));
        assert_eq!(set.last(), Some((at(1), at(7))));
        assert_eq!(set.within((at(2), at(6))), spans(&[(2, 6)]));
        assert_eq!(set.without((at(2), at(6))), spans(&[(1, 2), (6, 7)]));
        assert_eq!(set.without((at(0), at(9))), Spans::default());
    }
}
