//! Reading a body member by member: everything that is wrong with it is told at once, as the framework behind the
//! vendor's API does, in that framework's words.

use std::fmt;
use std::marker::PhantomData;

use guildhall_domain::Result;
use guildhall_domain::ids::parse_uuid;
use guildhall_domain::patch::Patch;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

/// One more than the longest list that any call takes: what lies behind is counted by nobody and not kept.
const MOST_ITEMS: usize = 100_001;
/// The most texts told of one member; a list may hold a hundred thousand wrong items.
const MOST_TEXTS: usize = 20;

/// The wrong members of a request and what is wrong with each, in the order of the dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults(Vec<(String, Vec<String>)>);

impl Serialize for Faults {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (field, texts) in &self.0 {
            map.serialize_entry(field, texts)?;
        }
        map.end()
    }
}

impl Faults {
    /// One fault.
    pub(super) fn one(field: &str, text: impl Into<String>) -> Self {
        Self::all(field, vec![text.into()])
    }

    /// All that is wrong with one member; of very many texts only the first.
    pub(super) fn all(field: &str, mut texts: Vec<String>) -> Self {
        if texts.len() > MOST_TEXTS {
            let more = texts.len() - MOST_TEXTS;
            texts.truncate(MOST_TEXTS);
            texts.push(format!("And {more} more."));
        }
        Self(vec![(field.to_owned(), texts)])
    }

    /// The same texts, told of one other member and of one value in it.
    pub(super) fn of_value(self, field: &str, value: &str) -> Self {
        let texts = self.0.into_iter().flat_map(|(_, texts)| texts);
        Self::all(field, texts.map(|text| format!("{}: {text}", brief(value))).collect())
    }

    /// Nothing when there is nothing wrong.
    pub(super) fn done(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Notes more faults.
    pub(super) fn add(&mut self, other: Self) {
        for (field, texts) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == field) {
                Some((_, all)) => keep(all, texts),
                None => self.0.push((field, texts)),
            }
        }
    }

    /// A member that may be left out but not be null.
    pub(super) fn plain<T>(&mut self, field: &str, sent: Sent<T>) -> Option<T> {
        match sent {
            Sent::Absent => None,
            Sent::Null => {
                self.add(Self::one(field, "This field may not be null."));
                None
            }
            Sent::Value(value) => Some(value),
            Sent::Wrong(texts) => {
                self.add(Self::all(field, texts));
                None
            }
        }
    }

    /// A text that may be left out but not be null.
    pub(super) fn text(&mut self, field: &str, sent: Sent<String>, rule: Rule) -> Option<String> {
        let text = self.plain(field, sent)?;
        match rule(field, &text) {
            Ok(text) => Some(text),
            Err(guildhall_domain::Error::Invalid { why, .. }) => {
                self.add(Self::one(field, words(&why)));
                None
            }
            // Rules on texts have no other error.
            Err(_) => None,
        }
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, field: &str, sent: Sent<String>, rule: Rule) -> Option<String> {
        if matches!(sent, Sent::Absent) {
            self.add(Self::one(field, "This field is required."));
        }
        self.text(field, sent, rule)
    }

    /// A text that may be left out, and that null empties.
    pub(super) fn nullable(&mut self, field: &str, sent: Sent<String>, rule: Rule) -> Patch<String> {
        if matches!(sent, Sent::Null) { Patch::Clear } else { Patch::set_or_keep(self.text(field, sent, rule)) }
    }
}

/// What the domain holds a text to.
pub(super) type Rule = fn(&str, &str) -> Result<String>;

/// The domain's words for a wrong value, in the framework's where it has some.
pub(super) fn words(why: &str) -> String {
    let most = |why: &str| {
        let most = why.strip_prefix("may have at most ")?.strip_suffix(" characters")?;
        Some(format!("Ensure this field has no more than {most} characters."))
    };
    match why {
        "must not be empty" | "must not be blank" => "This field may not be blank.".to_owned(),
        "cannot be emptied" => "This field may not be null.".to_owned(),
        "is not an e-mail address" => "Enter a valid email address.".to_owned(),
        why => most(why).unwrap_or_else(|| format!("This field {why}.")),
    }
}

/// The text, cut where it is no longer a help.
pub(super) fn brief(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A member of a body as it came. A value of another kind does not end the reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Sent<T> {
    /// Left out.
    #[default]
    Absent,
    /// Sent as `null`.
    Null,
    /// Sent.
    Value(T),
    /// Sent, and not what belongs there.
    Wrong(Vec<String>),
}

/// What a member can be, and what is said of everything else.
pub(super) trait Shape: Sized {
    /// What is said of a value of this other kind.
    fn wrong(kind: &str) -> String;
    /// Out of a text.
    fn text(_text: &str) -> Result<Self, String> {
        Err(Self::wrong("str"))
    }
    /// Out of true or false.
    fn flag(_flag: bool) -> Result<Self, String> {
        Err(Self::wrong("bool"))
    }
    /// Out of a list.
    fn list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Sent<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Sent::Wrong(vec![Self::wrong("list")]))
    }
}

impl Shape for String {
    fn wrong(_: &str) -> String {
        "Not a valid string.".to_owned()
    }
    fn text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Shape for bool {
    fn wrong(_: &str) -> String {
        "Must be a valid boolean.".to_owned()
    }
    fn flag(flag: bool) -> Result<Self, String> {
        Ok(flag)
    }
}

impl Shape for Uuid {
    fn wrong(kind: &str) -> String {
        format!("Incorrect type. Expected pk value, received {kind}.")
    }
    fn text(text: &str) -> Result<Self, String> {
        parse_uuid(text).ok_or_else(|| format!("“{}” is not a valid UUID.", brief(text)))
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn wrong(kind: &str) -> String {
        format!("Expected a list of items but got type \"{kind}\".")
    }
    fn list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Sent<Self>, A::Error> {
        let (mut values, mut wrong) = (Vec::new(), Vec::new());
        while let Some(item) = items.next_element::<Sent<T>>()? {
            match item {
                Sent::Value(value) if values.len() < MOST_ITEMS => values.push(value),
                Sent::Value(_) => {}
                Sent::Wrong(texts) => keep(&mut wrong, texts),
                Sent::Null | Sent::Absent => keep(&mut wrong, vec![T::wrong("NoneType")]),
            }
        }
        Ok(if wrong.is_empty() { Sent::Value(values) } else { Sent::Wrong(wrong) })
    }
}

/// Keeps as many texts as can be told, and says no text twice.
fn keep(all: &mut Vec<String>, texts: Vec<String>) {
    for text in texts {
        if all.len() < MOST_TEXTS && !all.contains(&text) {
            all.push(text);
        }
    }
}

struct Kind<T>(PhantomData<T>);

impl<T: Shape> Kind<T> {
    fn other<E>(kind: &str) -> Result<Sent<T>, E> {
        Ok(Sent::Wrong(vec![T::wrong(kind)]))
    }
    fn read<E>(value: Result<T, String>) -> Result<Sent<T>, E> {
        Ok(value.map_or_else(|text| Sent::Wrong(vec![text]), Sent::Value))
    }
}

impl<'de, T: Shape> Visitor<'de> for Kind<T> {
    type Value = Sent<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Sent<T>, E> {
        Ok(Sent::Null)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Sent<T>, E> {
        Self::read(T::flag(flag))
    }
    fn visit_str<E>(self, text: &str) -> Result<Sent<T>, E> {
        Self::read(T::text(text))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Sent<T>, E> {
        Self::other("int")
    }
    fn visit_u64<E>(self, _: u64) -> Result<Sent<T>, E> {
        Self::other("int")
    }
    fn visit_f64<E>(self, _: f64) -> Result<Sent<T>, E> {
        Self::other("float")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Sent<T>, A::Error> {
        T::list(items)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Sent<T>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Self::other("dict")
    }
}

impl<'de, T: Shape> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Kind(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Shape>(text: &str) -> Sent<T> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_kind_of_value_is_read_or_named() {
        assert_eq!(read::<String>(r#""a\u00e9""#), Sent::Value("aé".into()));
        assert_eq!(read::<String>("null"), Sent::Null);
        for wrong in ["1", "-1", "1.5", "true", "[[{}]]", r#"{"a":{"b":[]}}"#] {
            assert_eq!(read::<String>(wrong), Sent::Wrong(vec!["Not a valid string.".into()]), "{wrong}");
        }
        assert_eq!(read::<bool>("false"), Sent::Value(false));
        assert_eq!(read::<bool>("\"false\""), Sent::Wrong(vec!["Must be a valid boolean.".into()]));
        let kinds = ["\"x\"", "{}", "3", "3.5", "true"].map(|text| match read::<Vec<Uuid>>(text) {
            Sent::Wrong(texts) => texts.concat(),
            other => format!("{other:?}"),
        });
        assert_eq!(kinds, ["str", "dict", "int", "float", "bool"].map(Vec::<Uuid>::wrong));
    }

    #[test]
    fn a_list_names_its_wrong_items_and_not_without_end() {
        let list = format!(r#"["{}", 5, null, "x", [1], "x"]"#, Uuid::nil());
        let Sent::Wrong(texts) = read::<Vec<Uuid>>(&list) else { panic!("read") };
        assert_eq!(
            texts,
            [
                "Incorrect type. Expected pk value, received int.",
                "Incorrect type. Expected pk value, received NoneType.",
                "“x” is not a valid UUID.",
                "Incorrect type. Expected pk value, received list."
            ]
        );
        let many = serde_json::to_string(&(0..200_000).collect::<Vec<_>>()).unwrap();
        assert!(matches!(read::<Vec<String>>(&many), Sent::Wrong(texts) if texts.len() == 1));
        let many = format!("[{}\"\"]", "\"\",".repeat(200_000));
        assert!(matches!(read::<Vec<String>>(&many), Sent::Value(items) if items.len() == MOST_ITEMS));
        let long = Faults::all("users", vec![String::from("x"); 50]);
        assert!(serde_json::to_string(&long).unwrap().ends_with(r#""And 30 more."]}"#));
    }

    #[test]
    fn the_words_are_those_of_the_framework_behind_the_vendor() {
        use guildhall_domain::name;
        let told = |rule: Rule, text: &str| {
            let mut faults = Faults::default();
            assert_eq!(faults.text("f", Sent::Value(text.into()), rule), None, "{text}");
            faults.0.remove(0).1.remove(0)
        };
        assert_eq!(told(name::name, ""), "This field may not be blank.");
        assert_eq!(told(name::name, " "), "This field may not be blank.");
        assert_eq!(told(name::name, "\u{7}x"), "This field holds a control character.");
        assert_eq!(told(name::name, &"x".repeat(256)), "Ensure this field has no more than 255 characters.");
        assert_eq!(told(name::email, "x"), "Enter a valid email address.");
    }
}
