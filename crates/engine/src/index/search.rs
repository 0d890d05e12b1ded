//! Groups by a text in their name or description, without a look at each.
//!
//! For every three bytes that follow one another in a folded text there is a set of the groups that have them. A
//! search meets the sets of its own text and looks only at what is in all of them.

use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::snapshot::No;

/// The sets of groups, by three bytes.
#[derive(Clone, Default)]
pub(crate) struct Trigrams(Arc<HashMap<[u8; 3], Arc<RoaringBitmap>>>);

fn trigrams(text: &str) -> Vec<[u8; 3]> {
    let mut all: Vec<[u8; 3]> = text.as_bytes().windows(3).map(|w| [w[0], w[1], w[2]]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Trigrams {
    /// The sets made of all groups at once: cheaper than one by one.
    pub(super) fn of<'t>(texts: impl Iterator<Item = (No, &'t str)>) -> Self {
        let mut sets: HashMap<[u8; 3], RoaringBitmap> = HashMap::new();
        for (no, text) in texts {
            for trigram in trigrams(text) {
                sets.entry(trigram).or_default().insert(no);
            }
        }
        Self(Arc::new(sets.into_iter().map(|(trigram, set)| (trigram, Arc::new(set))).collect()))
    }

    /// A group's text was `old` and is `new`; none where the group is not there.
    pub(super) fn change(&mut self, no: No, old: Option<&str>, new: Option<&str>) {
        if old == new {
            return;
        }
        let (old, new) = (old.map(trigrams).unwrap_or_default(), new.map(trigrams).unwrap_or_default());
        let sets = Arc::make_mut(&mut self.0);
        for gone in old.iter().filter(|t| new.binary_search(t).is_err()) {
            if let Some(set) = sets.get_mut(gone) {
                Arc::make_mut(set).remove(no);
                if set.is_empty() {
                    sets.remove(gone);
                }
            }
        }
        for come in new.iter().filter(|t| old.binary_search(t).is_err()) {
            Arc::make_mut(sets.entry(*come).or_default()).insert(no);
        }
    }

    /// Every group that may have the text, and some that may not; none where the text is too short to tell.
    pub(crate) fn candidates(&self, text: &str) -> Option<RoaringBitmap> {
        let mut sets = Vec::new();
        for trigram in trigrams(text) {
            match self.0.get(&trigram) {
                Some(set) => sets.push(set),
                None => return Some(RoaringBitmap::new()),
            }
        }
        sets.sort_unstable_by_key(|set| set.len());
        let mut sets = sets.into_iter();
        let mut all = RoaringBitmap::clone(sets.next()?);
        for set in sets {
            // Few are soon looked at; more sets would cost more than they spare.
            if all.len() < 64 {
                break;
            }
            all &= &**set;
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_holds_the_text_is_a_candidate() {
        let texts = ["nordic coordinators", "finance readers", "fin"];
        let mut index = Trigrams::of(texts.iter().enumerate().map(|(i, text)| (i as No, *text)));
        let found = |index: &Trigrams, text| index.candidates(text).map(|set| set.iter().collect::<Vec<_>>());
        assert_eq!(found(&index, "fin"), Some(vec![1, 2]));
        assert_eq!(found(&index, "coord"), Some(vec![0]));
        assert_eq!(found(&index, "xyz"), Some(vec![]));
        assert_eq!(found(&index, "fi"), None);
        index.change(1, Some(texts[1]), Some("readers"));
        index.change(2, Some(texts[2]), None);
        assert_eq!(found(&index, "fin"), Some(vec![]));
        assert_eq!(found(&index, "readers"), Some(vec![1]));
    }
}
