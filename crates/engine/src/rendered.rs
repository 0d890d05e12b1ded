//! A record in memory, with the JSON that each dialect has put it into.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use guildhall_domain::group::Group;
use guildhall_domain::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// The dialects whose renderings are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendition {
    /// Native.
    Native,
    /// Cakewalk v1.
    Cakewalk,
    /// Companies v3.
    Companies,
}

/// How many renditions there are.
const RENDITIONS: usize = 3;

/// A record's JSON in a dialect. Cheap to clone.
#[derive(Clone)]
pub struct Rendering(Arc<Made>);

/// JSON, and what besides the record it was made from.
struct Made {
    given: Box<str>,
    json: Box<RawValue>,
}

impl Rendering {
    /// The JSON.
    pub fn json(&self) -> &str {
        self.0.json.get()
    }
}

impl std::fmt::Debug for Rendering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.json.get())
    }
}

impl Serialize for Rendering {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

/// A record that does not change, with its renderings: a page of a hundred records is then copied together instead of
/// being written anew. A record that changes is another one, without renderings.
#[derive(Default)]
pub struct Rendered<T> {
    record: T,
    kept: [ArcSwapOption<Made>; RENDITIONS],
}

/// A group as reads give it: shared with memory, where it is held there.
pub type SharedGroup = Arc<Rendered<Group>>;

impl<T> Rendered<T> {
    /// The JSON of this record in a dialect: the kept one, if it was made with the same `given`, else that of what
    /// `tell` tells. `given` is everything that it depends on besides the record itself.
    ///
    /// # Errors
    /// [`Error::Internal`] when what is told cannot be put into JSON.
    pub fn render<'r, W: Serialize>(
        &'r self,
        rendition: Rendition,
        given: &str,
        tell: impl FnOnce(&'r T) -> W,
    ) -> Result<Rendering> {
        let place = &self.kept[rendition as usize];
        if let Some(kept) = place.load_full().filter(|kept| *kept.given == *given) {
            return Ok(Rendering(kept));
        }
        let json = to_raw_value(&tell(&self.record)).map_err(Error::internal)?;
        let made = Arc::new(Made { given: given.into(), json });
        place.store(Some(Arc::clone(&made)));
        Ok(Rendering(made))
    }

    /// The record, to be changed; its renderings are forgotten.
    pub(crate) fn edit(&mut self) -> &mut T {
        self.kept = Default::default();
        &mut self.record
    }
}

impl<T> From<T> for Rendered<T> {
    fn from(record: T) -> Self {
        Self { record, kept: Default::default() }
    }
}

impl<T> Deref for Rendered<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.record
    }
}

impl<T: Clone> Clone for Rendered<T> {
    fn clone(&self) -> Self {
        self.record.clone().into()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Rendered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.record.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Rendered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(record: &Rendered<u8>, given: &str, word: &str) -> String {
        serde_json::to_string(&record.render(Rendition::Native, given, |n| (*n, word.to_owned())).unwrap()).unwrap()
    }

    #[test]
    fn a_rendering_holds_for_the_same_record_and_the_same_words() {
        let mut record = Rendered::from(1);
        assert_eq!(told(&record, "a", "first"), r#"[1,"first"]"#);
        assert_eq!(told(&record, "a", "again"), r#"[1,"first"]"#);
        assert_eq!(told(&record, "b", "other"), r#"[1,"other"]"#);
        assert_eq!(told(&record.clone(), "b", "copy"), r#"[1,"copy"]"#);
        *record.edit() = 2;
        assert_eq!(told(&record, "b", "changed"), r#"[2,"changed"]"#);
    }
}
