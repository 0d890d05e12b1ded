//! Groups on the wire: a record as a document, and bodies and patches as edits. A list of members is never read here:
//! what is said of it becomes whom to add and whom to remove.

use std::collections::{HashMap, HashSet};

use guildhall_domain::ids::parse_uuid;
use guildhall_domain::patch::Patch;
use guildhall_engine::{Crew, EditCrew, EditMembers, Listed};
use scim_v2::filter::{AttrExp, CompValue, CompareOp, ValFilter};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Base;
use super::error::{Failure, Kind};
use super::patch::{Does, Operation, Step, apply, member, steps, whole};
use super::path::Target;
use super::schema::{GROUP, Type};
use super::value::Document;
use crate::http::json;

/// The group as a document, without its members.
pub(super) fn document(base: &Base, crew: &Crew) -> Document {
    let group = &crew.group;
    let changed = group.updated_at.max(group.members_changed_at);
    let mut out = Document::new();
    out.insert("schemas".into(), json!([GROUP]));
    out.insert("id".into(), group.id.to_string().into());
    if let Some(id) = &crew.external_id {
        out.insert("externalId".into(), id.as_str().into());
    }
    out.insert("displayName".into(), group.name.as_str().into());
    out.insert("meta".into(), base.meta(Type::Group, group.id.uuid(), group.created_at, changed, crew.version));
    out
}

/// Members as the document has them, with their names where those are asked for.
pub(super) fn members(base: &Base, listed: &[Listed], display: bool) -> Value {
    let one = |member: &Listed| {
        let id = member.id.to_string();
        let of = if member.group { Type::Group } else { Type::User };
        let mut told = json!({"value": id, "$ref": base.location(of, &id), "type": of.name()});
        if display {
            told["display"] = member.name.as_str().into();
        }
        told
    };
    listed.iter().map(one).collect()
}

/// As [`members`], without names, as text.
pub(super) fn written_members(base: &Base, listed: &[Listed]) -> String {
    let (users, groups) = (base.location(Type::User, ""), base.location(Type::Group, ""));
    let mut text = json::Text::for_rows(listed.len());
    text.array(listed, |text, member| {
        let (of, place) = if member.group { (Type::Group, &groups) } else { (Type::User, &users) };
        let mut room = [0; uuid::fmt::Hyphenated::LENGTH];
        let id = &*member.id.hyphenated().encode_lower(&mut room);
        // Neither an id nor the type's name needs escapes.
        text.raw(r#"{"$ref":"#).string(&[place, id].concat());
        text.raw(r#","type":""#).raw(of.name()).raw(r#"","value":""#).raw(id).raw(r#""}"#);
    });
    text.into_string()
}

/// A group as a body or a patch would have it.
#[derive(Debug, Default)]
struct Said {
    /// Name and external id.
    document: Document,
    named: bool,
    identified: bool,
    members: Members,
}

/// What is done to the list of members, one operation after the other.
#[derive(Debug, Default)]
struct Members {
    /// The whole list that was put, where one was.
    base: Option<HashSet<Uuid>>,
    /// Whoever is named apart from it, in the order they came in.
    named: Vec<Uuid>,
    /// Is each of them added, or removed? The last word counts.
    added: HashMap<Uuid, bool>,
}

impl Members {
    fn add(&mut self, ids: Vec<Uuid>) {
        match &mut self.base {
            Some(base) => base.extend(ids),
            None => self.name(ids, true),
        }
    }

    fn remove(&mut self, ids: Vec<Uuid>) {
        match &mut self.base {
            Some(base) => {
                for id in ids {
                    base.remove(&id);
                }
            }
            None => self.name(ids, false),
        }
    }

    fn name(&mut self, ids: Vec<Uuid>, added: bool) {
        for id in ids {
            if self.added.insert(id, added).is_none() {
                self.named.push(id);
            }
        }
    }

    fn put(&mut self, ids: Vec<Uuid>) {
        *self = Self { base: Some(ids.into_iter().collect()), ..Self::default() };
    }

    fn edit(self) -> EditMembers {
        let Self { base, named, added } = self;
        match base {
            Some(base) => {
                let mut whole: Vec<Uuid> = base.into_iter().collect();
                whole.sort_unstable();
                EditMembers::Whole(whole)
            }
            None if named.is_empty() => EditMembers::Keep,
            None => {
                let (add, mut remove): (Vec<Uuid>, Vec<Uuid>) =
                    named.into_iter().partition(|id| added.get(id) == Some(&true));
                remove.sort_unstable();
                EditMembers::Change { add, remove }
            }
        }
    }
}

fn wrong(why: impl Into<String>) -> Failure {
    Failure::bad(Kind::InvalidValue, why.into())
}

/// The ids in a list of members. An id that is none is nobody's.
fn ids(value: Option<&Value>, strict: bool) -> Result<Vec<Uuid>, Failure> {
    let items = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut ids = Vec::with_capacity(items.len());
    for item in items {
        let raw = match item {
            Value::String(id) => Some(id.as_str()),
            Value::Object(parts) => member(parts, "value").and_then(Value::as_str),
            _ => None,
        };
        let raw = raw.ok_or_else(|| wrong("members: each needs a value, which is an id"))?;
        match parse_uuid(raw) {
            Some(id) => ids.push(id),
            None if strict => {
                return Err(wrong(format!("members: nobody has the id {}", super::path::brief(raw))));
            }
            None => {}
        }
    }
    Ok(ids)
}

/// The ids that a path selects members by: `members[value eq "…"]`, several with `or`.
fn selected(filter: &ValFilter) -> Result<Vec<Uuid>, Failure> {
    match filter {
        ValFilter::Attr(AttrExp::Comparison(path, CompareOp::Eq, CompValue::Str(id)))
            if path.sub_attr.as_ref().unwrap_or(&path.name).eq_ignore_ascii_case("value") =>
        {
            Ok(parse_uuid(id).into_iter().collect())
        }
        ValFilter::Or(items) => {
            let each: Result<Vec<Vec<Uuid>>, Failure> = items.iter().map(selected).collect();
            Ok(each?.into_iter().flatten().collect())
        }
        _ => Err(Failure::bad(Kind::InvalidFilter, "members: can be selected by `value eq` only".to_owned())),
    }
}

impl Said {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Failure> {
        let Target::Attr { found, filter, part } = &step.target else { return Ok(()) };
        match found.attr.name {
            "members" => return self.member_step(step, filter.as_ref(), *part),
            "displayName" => self.named = true,
            "externalId" => self.identified = true,
            _ => {}
        }
        apply(Type::Group, &mut self.document, step)
    }

    fn member_step(
        &mut self,
        step: &Step<'_>,
        filter: Option<&ValFilter>,
        part: Option<&'static super::schema::Attr>,
    ) -> Result<(), Failure> {
        match (step.does, filter) {
            (Does::Remove, Some(filter)) => self.members.remove(selected(filter)?),
            (Does::Remove, None) => match step.value {
                // Without a value it is the whole list that goes.
                None | Some(Value::Null) => self.members.put(Vec::new()),
                some => self.members.remove(ids(some, false)?),
            },
            // The parts of a member are ours to tell: its value alone can be given.
            (_, None) if part.is_some_and(|part| part.name != "value") => {}
            (Does::Add, None) => self.members.add(ids(step.value, true)?),
            (Does::Replace, None) => self.members.put(ids(step.value, true)?),
            (Does::Add, Some(filter)) => self.members.add(selected(filter)?),
            (Does::Replace, Some(_)) => {
                return Err(Failure::bad(Kind::Mutability, "members: a member cannot be changed".to_owned()));
            }
        }
        Ok(())
    }

    fn name(&self) -> Result<String, Failure> {
        let name = self.document.get("displayName").and_then(Value::as_str);
        name.map(str::to_owned).ok_or_else(|| wrong("displayName: is required"))
    }

    fn external_id(&self) -> Option<String> {
        self.document.get("externalId").and_then(Value::as_str).map(str::to_owned)
    }
}

/// A new group: its name, external id and members.
///
/// # Errors
/// `invalidValue`.
pub(super) fn new(body: &Map<String, Value>) -> Result<(String, Option<String>, Vec<Uuid>), Failure> {
    let mut said = Said::default();
    for step in whole(Type::Group, Does::Replace, body)? {
        said.step(&step)?;
    }
    let (name, external_id) = (said.name()?, said.external_id());
    match said.members.edit() {
        EditMembers::Whole(members) => Ok((name, external_id, members)),
        EditMembers::Keep | EditMembers::Change { .. } => Ok((name, external_id, Vec::new())),
    }
}

/// A whole body in place of what is there. Without `members` the members stay.
///
/// # Errors
/// `invalidValue`.
pub(super) fn replacement(body: &Map<String, Value>) -> Result<EditCrew, Failure> {
    let mut said = Said::default();
    for step in whole(Type::Group, Does::Replace, body)? {
        said.step(&step)?;
    }
    Ok(EditCrew {
        name: Patch::Set(said.name()?),
        external_id: said.external_id().map_or(Patch::Clear, Patch::Set),
        members: said.members.edit(),
    })
}

/// A patch.
///
/// # Errors
/// What is wrong with an operation.
pub(super) fn patch(operations: &[Operation]) -> Result<EditCrew, Failure> {
    let mut said = Said::default();
    for operation in operations {
        for step in steps(Type::Group, operation)? {
            said.step(&step)?;
        }
    }
    let name = if said.named { Patch::Set(said.name()?) } else { Patch::Keep };
    let external_id = match (said.identified, said.external_id()) {
        (false, _) => Patch::Keep,
        (true, Some(id)) => Patch::Set(id),
        (true, None) => Patch::Clear,
    };
    Ok(EditCrew { name, external_id, members: said.members.edit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(operations: Value) -> Result<EditCrew, Failure> {
        let body = json!({"Operations": operations});
        patch(&super::super::patch::operations(body.as_object().unwrap())?)
    }

    const A: &str = "00000000-0000-4000-8000-00000000000a";
    const B: &str = "00000000-0000-4000-8000-00000000000b";

    #[test]
    fn members_are_written_as_the_document_has_them() {
        let base = Base("https://a.example/\"scim\"/v2".to_owned());
        let listed =
            [(A, false), (B, true)].map(|(id, group)| Listed { id: id.parse().unwrap(), name: "N".into(), group });
        for listed in [&listed[..], &[]] {
            let written: Value = serde_json::from_str(&written_members(&base, listed)).unwrap();
            assert_eq!(written, members(&base, listed, false));
        }
    }

    #[test]
    fn many_operations_take_no_longer_than_they_are() {
        let list: Vec<Value> = (0..50_000_u128).map(|n| json!({"value": Uuid::from_u128(n)})).collect();
        let operations =
            ["add", "remove", "add", "remove"].map(|op| json!({"op": op, "path": "members", "value": list}));
        let begun = std::time::Instant::now();
        let edit = patched(json!(operations)).unwrap().members;
        assert!(matches!(edit, EditMembers::Change { add, remove } if add.is_empty() && remove.len() == 50_000));
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn operations_on_members_are_added_up() {
        let id = |raw: &str| parse_uuid(raw).unwrap();
        let edit = |operations| patched(operations).unwrap().members;
        assert_eq!(
            edit(json!([
                {"op": "Add", "path": "members", "value": [{"value": A}, {"value": B}]},
                {"op": "Remove", "path": format!("members[value eq \"{A}\"]")},
            ])),
            EditMembers::Change { add: vec![id(B)], remove: vec![id(A)] }
        );
        assert_eq!(
            edit(json!([{"op": "remove", "path": "members", "value": [{"value": A}]}])),
            EditMembers::Change { add: vec![], remove: vec![id(A)] }
        );
        assert_eq!(edit(json!([{"op": "remove", "path": "members"}])), EditMembers::Whole(vec![]));
        assert_eq!(
            edit(
                json!([{"op": "replace", "value": {"members": [{"value": A}]}}, {"op": "add", "path": "MEMBERS", "value": {"value": B}}])
            ),
            EditMembers::Whole(vec![id(A), id(B)])
        );
        assert_eq!(edit(json!([{"op": "replace", "path": "displayName", "value": "x"}])), EditMembers::Keep);
    }

    /// What a client says in one operation.
    #[derive(Clone, Debug)]
    enum Asked {
        Add(Vec<u8>),
        Remove(Vec<u8>),
        RemoveOne(u8),
        Put(Vec<u8>),
        Clear,
    }

    fn asked() -> impl proptest::strategy::Strategy<Value = Asked> {
        use proptest::prelude::*;
        let some = || prop::collection::vec(0..6_u8, 0..4);
        prop_oneof![
            4 => some().prop_map(Asked::Add),
            3 => some().prop_map(Asked::Remove),
            3 => (0..6_u8).prop_map(Asked::RemoveOne),
            1 => some().prop_map(Asked::Put),
            1 => Just(Asked::Clear),
        ]
    }

    proptest::proptest! {
        /// However many operations there are, the edit they add up to leaves what they would leave one by one.
        #[test]
        fn the_sum_of_operations_is_their_sequence(
            start in proptest::collection::hash_set(0..6_u8, 0..6),
            sequence in proptest::collection::vec(asked(), 1..12),
        ) {
            let id = |n: u8| Uuid::from_u128(u128::from(n) + 1);
            let list = |ns: &[u8]| ns.iter().map(|n| json!({"value": id(*n)})).collect::<Vec<_>>();
            let (mut model, mut operations) = (start.clone(), Vec::new());
            for asked in &sequence {
                match asked {
                    Asked::Add(ns) => {
                        model.extend(ns);
                        operations.push(json!({"op": "add", "path": "members", "value": list(ns)}));
                    }
                    Asked::Remove(ns) => {
                        model.retain(|n| !ns.contains(n));
                        operations.push(json!({"op": "remove", "path": "members", "value": list(ns)}));
                    }
                    Asked::RemoveOne(n) => {
                        model.remove(n);
                        operations.push(json!({"op": "remove", "path": format!("members[value eq \"{}\"]", id(*n))}));
                    }
                    Asked::Put(ns) => {
                        model = ns.iter().copied().collect();
                        operations.push(json!({"op": "replace", "path": "members", "value": list(ns)}));
                    }
                    Asked::Clear => {
                        model.clear();
                        operations.push(json!({"op": "remove", "path": "members"}));
                    }
                }
            }
            let mut left: HashSet<Uuid> = start.into_iter().map(id).collect();
            match patched(json!(operations)).unwrap().members {
                EditMembers::Keep => {}
                EditMembers::Change { add, remove } => {
                    proptest::prop_assert!(add.iter().all(|id| !remove.contains(id)));
                    left.retain(|id| !remove.contains(id));
                    left.extend(add);
                }
                EditMembers::Whole(whole) => left = whole.into_iter().collect(),
            }
            proptest::prop_assert_eq!(left, model.into_iter().map(id).collect::<HashSet<_>>());
        }

        /// Nothing that is sent as a patch, a path or a filter ends the process.
        #[test]
        fn nothing_sent_ends_the_process(
            path in "([a-zA-Z:.]{0,12}|members|emails)(\\[[a-z \"()]{0,24}\\])?(\\.[a-z]{0,6})?",
            text in "[\\[\\](){}a-zA-Z0-9 \":.,$_-]{0,60}",
        ) {
            for of in [Type::User, Type::Group] {
                let _ = super::super::path::read(of, &path);
                let _ = super::super::path::read(of, &text);
                let _ = super::super::filter::read(&[of], &text);
                let body = json!({&path: &text, "members": &text, "name": {&text: &path}});
                let _ = super::super::patch::document(of, body.as_object().unwrap());
            }
            let _ = patched(json!([{"op": "add", "path": path, "value": text}, {"op": "remove", "path": text}]));
        }
    }
}
