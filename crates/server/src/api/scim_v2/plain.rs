//! The comparisons that providers send all day, `name eq "text"`, read without the grammar: its automaton is built anew
//! for every text, which takes longer than all else that such a search needs.
//!
//! What is read here the grammar reads alike; what is not plain is left to it.

use scim_v2::filter::{AttrExp, AttrPath, CompValue, CompareOp, Filter, PatchPath, PatchValuePath, ValFilter};

/// The comparison that a text begins with, and the rest of it.
fn comparison(raw: &str) -> Option<(AttrExp, &str)> {
    let end = raw.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (name, rest) = raw.split_at(end);
    let keyword = ["not", "and", "or"].iter().any(|word| name.eq_ignore_ascii_case(word));
    if keyword || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (text, rest) = rest.strip_prefix(" eq \"")?.split_once('"')?;
    if text.contains(|c: char| c == '\\' || c.is_control()) {
        return None;
    }
    let value = CompValue::Str(text.to_owned());
    Some((AttrExp::Comparison(AttrPath::with_name(name), CompareOp::Eq, value), rest))
}

/// A filter of such comparisons, all of which must hold; none where it is not plain.
pub(super) fn filter(raw: &str) -> Option<Filter> {
    let (first, mut rest) = comparison(raw)?;
    let mut filter = Filter::Attr(first);
    while !rest.is_empty() {
        let (next, after) = comparison(rest.strip_prefix(" and ")?)?;
        (filter, rest) = (Filter::and(filter, Filter::Attr(next)), after);
    }
    Some(filter)
}

/// A bare name, or a name with one such comparison in brackets; none where the path is not plain.
pub(super) fn path(raw: &str) -> Option<PatchPath> {
    let end = raw.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(raw.len());
    let (name, rest) = raw.split_at(end);
    name.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(())?;
    let attr = AttrPath::with_name(name);
    if rest.is_empty() {
        return Some(PatchPath::Attr(attr));
    }
    let (expression, rest) = comparison(rest.strip_prefix('[')?)?;
    let one = PatchValuePath { attr, filter: ValFilter::Attr(expression), sub_attr: None };
    (rest == "]").then_some(PatchPath::Value(one))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts near to what is plain, on either side.
    fn near() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "id", "members", "userName", "not", "and", "or", "eq", "EQ", "pr", "co", " ", "  ", " eq ", " and ",
            " or ", "\"", "\"x\"", "\"a b\"", "\"é\"", "\"\\n\"", "\"\t\"", "[", "]", "(", ")", ".", "value", "1",
            "a-b", "_", "\u{7f}", "",
        ]);
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    /// One that is plain.
    fn plain() -> impl Strategy<Value = String> {
        let one = ("[a-zA-Z][a-zA-Z0-9]{0,6}", "[^\"\\\\\\p{C}]{0,8}")
            .prop_map(|(name, text)| format!("{name} eq \"{text}\""));
        prop::collection::vec(one, 1..4).prop_map(|all| all.join(" and "))
    }

    proptest! {
        #[test]
        fn what_is_read_here_the_grammar_reads_alike(raw in prop_oneof![near(), plain()]) {
            if let Some(read) = filter(&raw) {
                prop_assert_eq!(Some(read), raw.parse().ok());
            }
            for raw in [raw.clone(), format!("members[{raw}]")] {
                if let Some(read) = path(&raw) {
                    prop_assert_eq!(Some(read), raw.parse().ok());
                }
            }
        }

        #[test]
        fn what_is_plain_is_read_here(raw in plain()) {
            let keyword = raw.split_whitespace().any(|word| ["not", "and", "or"].contains(&word.to_lowercase().as_str()));
            prop_assert!(keyword || filter(&raw).is_some());
            let bracketed = path(&format!("members[{raw}]"));
            prop_assert!(keyword || raw.contains(" and ") || bracketed.is_some());
        }
    }
}
