//! This dialect's JSON (§5 to §8): pure, no async. Members that are not known here are ignored, as in every extensible
//! protocol; those that are known must have their form.

use std::fmt;

use guildhall_domain::{Error, Result, Timestamp};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::reasons::Told;
use crate::http::body::Object;

/// The most characters of a type or an action's name.
const NAME: usize = 255;
/// The most characters of an id.
const ID: usize = 1000;

/// Any JSON object: `properties` carry what policies of other servers look at. Here the rows tell.
#[derive(Debug)]
pub(super) struct AnyObject;

impl<'de> Deserialize<'de> for AnyObject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = AnyObject;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyObject, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(AnyObject)
            }
        }
        from.deserialize_map(Any)
    }
}

/// A subject or a resource.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Entity {
    /// What it is: `user`, `group`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "user", max_length = 255)]
    kind: Option<String>,
    /// Which it is.
    #[schema(value_type = String, max_length = 1000)]
    id: Option<String>,
    /// Not looked at.
    #[serde(default, rename = "properties")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    _properties: Option<AnyObject>,
}

/// A subject or a resource that is searched for: its id, if it has one, is ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EntityType {
    /// What is searched for: `user`, `group`.
    #[serde(rename = "type")]
    #[schema(max_length = 255)]
    pub(super) kind: String,
    /// Not looked at.
    #[serde(default, rename = "properties")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    _properties: Option<AnyObject>,
}

/// What the subject wants with the resource.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Action {
    /// For a group `member` (also through nesting) or `direct_member`.
    #[schema(value_type = String, example = "member", max_length = 255)]
    name: Option<String>,
    /// Which level of an app; all else is not looked at.
    #[serde(default)]
    #[schema(value_type = Option<ActionProperties>)]
    properties: Option<Object<ActionProperties>>,
}

/// What more is wanted with the resource.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ActionProperties {
    /// With `access` to an app: just this permission level, by its id or name.
    #[schema(max_length = 1000)]
    level: Option<String>,
}

/// The circumstances. What is not known here changes no decision.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Context {
    /// The instant to answer as of, instead of the present: RFC 3339, not in the future.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Are reasons wanted with the decision?
    pub(super) reasons: Option<bool>,
}

impl Context {
    /// The instant; none for the present. `place` is where the context stands.
    pub(super) fn instant(&self, place: &str) -> Result<Option<Timestamp>> {
        self.at.as_deref().map(|raw| Timestamp::parse(&format!("{place}.at"), raw)).transpose()
    }
}

/// One decision asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Evaluation {
    /// Who would act.
    #[schema(value_type = Option<Entity>)]
    pub(super) subject: Option<Object<Entity>>,
    /// How.
    #[schema(value_type = Option<Action>)]
    pub(super) action: Option<Object<Action>>,
    /// On what.
    #[schema(value_type = Option<Entity>)]
    pub(super) resource: Option<Object<Entity>>,
    /// Under which circumstances.
    #[schema(value_type = Option<Context>)]
    pub(super) context: Option<Object<Context>>,
}

/// Many decisions asked for; `subject`, `action`, `resource` and `context` stand in for those that an evaluation lacks.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Evaluations {
    /// Who would act.
    #[schema(value_type = Option<Entity>)]
    subject: Option<Object<Entity>>,
    /// How.
    #[schema(value_type = Option<Action>)]
    action: Option<Object<Action>>,
    /// On what.
    #[schema(value_type = Option<Entity>)]
    resource: Option<Object<Entity>>,
    /// Under which circumstances.
    #[schema(value_type = Option<Context>)]
    pub(super) context: Option<Object<Context>>,
    /// The evaluations.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Evaluation>>, max_items = 1000)]
    evaluations: Option<Vec<Object<Evaluation>>>,
    /// How they are carried out.
    #[schema(value_type = Option<Options>)]
    options: Option<Object<Options>>,
}

/// How evaluations are carried out.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Options {
    /// When to stop.
    evaluations_semantic: Option<Semantic>,
}

/// When a list of evaluations stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Semantic {
    /// At its end.
    #[default]
    ExecuteAll,
    /// Behind the first that is denied.
    DenyOnFirstDeny,
    /// Behind the first that is permitted.
    PermitOnFirstPermit,
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decision {
    /// Is it permitted?
    pub(super) decision: bool,
    /// Why, where the evaluation asked for it; and what kept one of many from being decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Told>)]
    pub(super) context: Option<Box<Told>>,
}

/// Many decisions, in the order of the evaluations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decisions {
    /// The decisions, up to where the semantic stops.
    pub(super) evaluations: Vec<Decision>,
}

/// Many decisions, or the one of a request without a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Decided {
    /// One decision.
    One(Decision),
    /// Many decisions.
    Many(Decisions),
}

/// Which part of a result is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct PageRequest {
    /// The `next_token` of the page before.
    pub(super) token: Option<String>,
    /// The most results of a page: 100 if it is left out, never more than 1,000.
    #[schema(minimum = 0)]
    pub(super) limit: Option<u64>,
    /// More wishes.
    #[serde(default)]
    #[schema(value_type = Option<PageWishes>)]
    pub(super) properties: Option<Object<PageWishes>>,
}

/// Wishes of our own.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct PageWishes {
    /// Count all results as well?
    pub(super) total: Option<bool>,
}

/// Which users may?
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SubjectSearch {
    /// What is searched for.
    #[schema(value_type = EntityType)]
    pub(super) subject: Object<EntityType>,
    /// How they would act.
    #[schema(value_type = Action)]
    pub(super) action: Object<Action>,
    /// On what.
    #[schema(value_type = Entity)]
    pub(super) resource: Object<Entity>,
    /// Under which circumstances.
    #[serde(default)]
    #[schema(value_type = Option<Context>)]
    pub(super) context: Option<Object<Context>>,
    /// Which part of the result is wanted.
    #[serde(default)]
    #[schema(value_type = Option<PageRequest>)]
    pub(super) page: Option<Object<PageRequest>>,
}

/// Which resources may this user?
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ResourceSearch {
    /// Who would act.
    #[schema(value_type = Entity)]
    pub(super) subject: Object<Entity>,
    /// How.
    #[schema(value_type = Action)]
    pub(super) action: Object<Action>,
    /// What is searched for.
    #[schema(value_type = EntityType)]
    pub(super) resource: Object<EntityType>,
    /// Under which circumstances.
    #[serde(default)]
    #[schema(value_type = Option<Context>)]
    pub(super) context: Option<Object<Context>>,
    /// Which part of the result is wanted.
    #[serde(default)]
    #[schema(value_type = Option<PageRequest>)]
    pub(super) page: Option<Object<PageRequest>>,
}

/// Which actions may this user on this resource?
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ActionSearch {
    /// Who would act.
    #[schema(value_type = Entity)]
    pub(super) subject: Object<Entity>,
    /// On what.
    #[schema(value_type = Entity)]
    pub(super) resource: Object<Entity>,
    /// Under which circumstances.
    #[serde(default)]
    #[schema(value_type = Option<Context>)]
    pub(super) context: Option<Object<Context>>,
    /// Which part of the result is wanted.
    #[serde(default)]
    #[schema(value_type = Option<PageRequest>)]
    pub(super) page: Option<Object<PageRequest>>,
}

/// Where a page of results stands in all of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageResponse {
    /// Asks for the next page; empty on the last one.
    pub(super) next_token: String,
    /// How many results this page has.
    pub(super) count: usize,
    /// How many there are, when `page.properties.total` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// A page of results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Found<T> {
    /// Where it stands.
    pub(super) page: PageResponse,
    /// The results.
    pub(super) results: Vec<T>,
}

/// A subject or resource that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundEntity {
    /// What it is.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Which it is.
    pub(super) id: uuid::Uuid,
}

/// An action that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundAction {
    /// Its name.
    pub(super) name: &'static str,
    /// The level at which the subject has the app, where it has levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<FoundProperties>,
}

/// What goes with an action that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundProperties {
    /// The id of the permission level.
    pub(super) level: uuid::Uuid,
}

fn text<'t>(at: &str, member: &str, text: Option<&'t str>, most: usize) -> Result<&'t str> {
    let wrong = |why: &str| Err(Error::invalid(format!("{at}.{member}"), why));
    match text.map(|text| (text, text.chars().count())) {
        None => wrong("is missing"),
        Some((_, 0)) => wrong("must not be empty"),
        Some((_, n)) if n > most => wrong(&format!("is longer than {most} characters")),
        Some((text, _)) => Ok(text),
    }
}

impl Evaluations {
    /// The stand-ins, which are the one evaluation where there is no list; the list; and when it stops.
    pub(super) fn split(self) -> (Evaluation, Vec<Evaluation>, Semantic) {
        let Self { subject, action, resource, context, evaluations, options } = self;
        let semantic = options.and_then(|options| options.0.evaluations_semantic).unwrap_or_default();
        let list = evaluations.unwrap_or_default().into_iter().map(|one| one.0).collect();
        (Evaluation { subject, action, resource, context }, list, semantic)
    }
}

/// A subject or a resource with nothing missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    /// What it is.
    pub(super) kind: &'a str,
    /// Which it is.
    pub(super) id: &'a str,
}

impl Entity {
    /// The entity, what it lacks filled up from `default`, if its texts are in bounds; `at` is where it stands.
    pub(super) fn filled<'a>(&'a self, default: Option<&'a Self>, at: &str) -> Result<Named<'a>> {
        let kind = self.kind.as_deref().or_else(|| default?.kind.as_deref());
        let id = self.id.as_deref().or_else(|| default?.id.as_deref());
        Ok(Named { kind: text(at, "type", kind, NAME)?, id: text(at, "id", id, ID)? })
    }

    /// The entity by itself.
    pub(super) fn checked(&self, at: &str) -> Result<Named<'_>> {
        self.filled(None, at)
    }
}

impl EntityType {
    /// The type, if it is in bounds.
    pub(super) fn checked(&self, at: &str) -> Result<&str> {
        text(at, "type", Some(&self.kind), NAME)
    }
}

/// An action with nothing missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The level of an app that it is about; none for any.
    pub(super) level: Option<&'a str>,
}

impl Action {
    fn level(&self) -> Option<&str> {
        self.properties.as_ref()?.0.level.as_deref()
    }

    /// As [`Entity::filled`]; properties replace those of `default` whole.
    pub(super) fn filled<'a>(&'a self, default: Option<&'a Self>, at: &str) -> Result<Act<'a>> {
        let name = text(at, "name", self.name.as_deref().or_else(|| default?.name.as_deref()), NAME)?;
        let level = if self.properties.is_some() { self.level() } else { default.and_then(Self::level) };
        if let Some(level) = level {
            text(at, "properties.level", Some(level), ID)?;
        }
        Ok(Act { name, level })
    }

    /// The action by itself.
    pub(super) fn checked(&self, at: &str) -> Result<Act<'_>> {
        self.filled(None, at)
    }
}
