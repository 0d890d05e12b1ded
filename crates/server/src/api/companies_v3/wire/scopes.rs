//! Scopes: on what roles count, what groups give within them, and what may be chosen (reference §6).

use std::collections::BTreeSet;

use guildhall_domain::Result;
use guildhall_domain::ids::{CompanyId, RoleId};
use guildhall_domain::role::{Predicate, PredicateType, STEALTH_TYPES, Scope};
use guildhall_engine::ChangeRoles;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::permissions::Word;
use super::scalars::{Object, WireId, wire_words};

wire_words! {
    /// How the values of a predicate are compared.
    Comparator {
        /// Any of them.
        In = "IN",
    }
}

/// One condition of an audience.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PredicateItem {
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "COMPANY")]
    kind: Word<PredicateType>,
    #[serde(rename = "comparator")]
    _comparator: Comparator,
    /// Any of these.
    #[schema(max_items = 1000)]
    values: Vec<String>,
}

/// Conditions of which all must hold.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AudienceItem {
    #[schema(value_type = Vec<PredicateItem>, max_items = 100)]
    predicates: Vec<Object<PredicateItem>>,
}

/// On what a role counts: on what any of the audiences takes in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ScopeItem {
    #[schema(value_type = Vec<AudienceItem>, max_items = 100)]
    audiences: Vec<Object<AudienceItem>>,
}

impl ScopeItem {
    fn scope(self, field: &str) -> Result<Scope> {
        let predicate = |item: Object<PredicateItem>| Predicate { kind: item.0.kind.0, values: item.0.values };
        let audience = |item: Object<AudienceItem>| item.0.predicates.into_iter().map(predicate).collect();
        Scope::new(field, self.audiences.into_iter().map(audience).collect())
    }
}

/// A role to give, within a scope.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleToAdd {
    #[schema(value_type = Uuid)]
    role_id: WireId,
    #[schema(value_type = ScopeItem)]
    scope: Object<ScopeItem>,
}

/// A role to take: within this scope, or all of it. A bare id is all of it too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleToDelete {
    #[schema(value_type = Uuid)]
    role_id: WireId,
    #[serde(default)]
    #[schema(value_type = Option<ScopeItem>)]
    scope: Option<Object<ScopeItem>>,
}

/// [`RoleToDelete`], or its bare id.
#[derive(Debug)]
struct EitherWay(RoleToDelete);

impl<'de> Deserialize<'de> for EitherWay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = EitherWay;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a UUID")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EitherWay, E> {
                let id = guildhall_domain::ids::parse_uuid(text).ok_or_else(|| E::custom("is not a UUID"))?;
                Ok(EitherWay(RoleToDelete { role_id: WireId(id), scope: None }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EitherWay, A::Error> {
                RoleToDelete::deserialize(MapAccessDeserializer::new(map)).map(EitherWay)
            }
        }
        from.deserialize_any(Either)
    }
}

/// What to change in what a group gives. What is deleted is deleted first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleChange {
    #[serde(default)]
    #[schema(value_type = Option<Vec<RoleToAdd>>, max_items = 1000)]
    roles_to_add: Option<Vec<Object<RoleToAdd>>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<RoleToDelete>>, max_items = 1000)]
    roles_to_delete: Option<Vec<EitherWay>>,
}

impl RoleChange {
    /// The change.
    ///
    /// # Errors
    /// [`Error`] on the part of a scope that is wrong.
    pub(crate) fn command(self) -> Result<ChangeRoles> {
        let add = self.roles_to_add.unwrap_or_default().into_iter().enumerate();
        let add = add.map(|(i, item)| {
            let scope = item.0.scope.0.scope(&format!("rolesToAdd[{i}].scope"))?;
            Ok((RoleId::new(item.0.role_id.0), scope))
        });
        let remove = self.roles_to_delete.unwrap_or_default().into_iter().enumerate();
        let remove = remove.map(|(i, EitherWay(item))| {
            let scope = item.scope.map(|scope| scope.0.scope(&format!("rolesToDelete[{i}].scope"))).transpose()?;
            Ok((RoleId::new(item.role_id.0), scope))
        });
        Ok(ChangeRoles {
            add: add.collect::<Result<_>>()?,
            remove: remove.collect::<Result<_>>()?,
            called: ("rolesToAdd", "rolesToDelete"),
        })
    }
}

/// What has been chosen so far of a scope that is being put together.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicableScopesRequest {
    /// For these roles.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 1000)]
    role_ids: Option<Vec<WireId>>,
    /// The audience so far.
    #[serde(default)]
    #[schema(value_type = Option<AudienceItem>)]
    selected_audience: Option<Object<AudienceItem>>,
}

impl ApplicableScopesRequest {
    /// The roles it names.
    pub(crate) fn roles(&self) -> BTreeSet<RoleId> {
        self.role_ids.iter().flatten().map(|id| RoleId::new(id.0)).collect()
    }

    /// The types that may still be chosen, in this company of this name (C3-20).
    pub(crate) fn applicable(&self, company: CompanyId, name: &str) -> ApplicableScopes {
        let value = |value: &str, label: Option<&str>| AllowedValue {
            value: value.to_owned(),
            label: label.map(str::to_owned),
        };
        let chosen = self.selected_audience.iter().flat_map(|audience| &audience.0.predicates);
        let chosen: Vec<PredicateType> = chosen.map(|predicate| predicate.0.kind.0).collect();
        // A company gives within itself: what reaches beyond it is the platform's.
        let all = PredicateType::ALL.iter().filter(|kind| **kind != PredicateType::Platform);
        let applicable_scopes = all.filter(|kind| !chosen.contains(kind)).map(|kind| ApplicableScope {
            predicate_type: Word(*kind),
            allowed_values: match kind {
                PredicateType::Company => Some(vec![value(&company.to_string(), Some(name))]),
                PredicateType::StealthType => Some(STEALTH_TYPES.iter().map(|one| value(one, None)).collect()),
                _ => None,
            },
        });
        ApplicableScopes { applicable_scopes: applicable_scopes.collect() }
    }
}

/// The types of predicates that may be chosen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicableScopes {
    applicable_scopes: Vec<ApplicableScope>,
}

/// One type of predicate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicableScope {
    #[schema(value_type = String)]
    predicate_type: Word<PredicateType>,
    /// The values there are; left out where they are not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_values: Option<Vec<AllowedValue>>,
}

/// A value of a predicate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllowedValue {
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}
