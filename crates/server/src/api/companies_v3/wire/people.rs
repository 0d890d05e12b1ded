//! People and companies (reference §8).

use std::fmt;

use guildhall_domain::caller::Role;
use guildhall_domain::company::Company;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User, UserStatus};
use guildhall_domain::{Error, Result, name};
use guildhall_engine::attribute;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalars::{IdEitherWay, missing, wire_words};
use crate::http::patch::Field;

/// C3-13: the free attribute that holds what this dialect calls `employeeId`.
pub(crate) const EMPLOYEE: &str = "employeeId";

wire_words! {
    /// What somebody is to the company.
    Persona {
        /// Not said.
        Unknown = "UNKNOWN_PERSONA",
        /// Anyone but a guest.
        Employee = "EMPLOYEE",
        /// A guest.
        Guest = "GUEST",
        /// Not kept here.
        Personal = "PERSONAL",
        /// Not kept here.
        Relative = "RELATIVE",
        /// Not kept here.
        Adhoc = "ADHOC",
    }
}

impl Persona {
    /// C3-12: guests are guests, everybody else is an employee.
    pub(crate) fn of(user: &User) -> Self {
        if user.role == Role::Guest { Self::Guest } else { Self::Employee }
    }

    /// Is a guest meant? None where nothing is said.
    fn guest(self) -> Result<Option<bool>> {
        match self {
            Self::Unknown => Ok(None),
            Self::Employee => Ok(Some(false)),
            Self::Guest => Ok(Some(true)),
            Self::Personal | Self::Relative | Self::Adhoc => {
                Err(Error::invalid("persona", "must be EMPLOYEE or GUEST; others are not kept here"))
            }
        }
    }
}

/// Somebody's name, in parts and whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NameAnswer {
    #[schema(example = "Ada")]
    given: String,
    #[schema(example = "Example")]
    family1: String,
    #[schema(example = "Ada Example")]
    full: String,
}

impl From<&User> for NameAnswer {
    fn from(user: &User) -> Self {
        let (given, family1) = user.parts();
        Self { given: given.to_owned(), family1: family1.to_owned(), full: user.name.clone() }
    }
}

/// A user, in short; what there is none of is an empty text (C3-11).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserBrief {
    id: Uuid,
    #[schema(example = "ada.example@northwind.example")]
    email: String,
    external_id: String,
    persona: Persona,
    is_active: bool,
}

impl From<&User> for UserBrief {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.uuid(),
            email: user.email.clone(),
            external_id: user.external_id.clone().unwrap_or_default(),
            persona: Persona::of(user),
            is_active: user.counts(),
        }
    }
}

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserWhole {
    #[serde(flatten)]
    brief: UserBrief,
    name: NameAnswer,
    employee_id: String,
    company_id: Uuid,
}

impl UserWhole {
    /// The user of this company.
    pub(crate) fn of(user: &User, company: CompanyId) -> Self {
        Self {
            brief: user.into(),
            name: user.into(),
            employee_id: attribute(&user.attributes, EMPLOYEE).unwrap_or_default(),
            company_id: company.uuid(),
        }
    }
}

/// All there is of something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Elements<T> {
    /// How many there are; more than `elements` holds where the list is cut (C3-14).
    pub(crate) length: u64,
    pub(crate) elements: Vec<T>,
    /// Sent, and true, where the list is cut.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub(crate) has_more: bool,
}

/// A company.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CompanyAnswer {
    id: Uuid,
    #[schema(example = "Northwind")]
    name: String,
}

impl From<Company> for CompanyAnswer {
    fn from(company: Company) -> Self {
        Self { id: company.id.uuid(), name: company.name }
    }
}

/// A company to make.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewCompanyInput {
    /// 1 to 255 characters.
    #[schema(value_type = String)]
    pub(crate) name: Option<String>,
    /// Its first administrator; without one nobody can act in it until an import brings one.
    #[serde(default)]
    #[schema(value_type = Option<UserInput>)]
    pub(crate) administrator: Option<super::scalars::Object<UserInput>>,
}

/// What a company is to become.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CompanyInput {
    /// 1 to 255 characters.
    #[schema(value_type = String)]
    pub(crate) name: Option<String>,
}

/// A name as clients send it: whole, or in parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameInput {
    whole: Option<String>,
    parts: Option<(String, String)>,
}

/// The parts of a name.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NameParts {
    given: Option<String>,
    /// Goes to the given name.
    middle: Option<String>,
    #[serde(alias = "family")]
    family1: Option<String>,
    /// Goes to the family name.
    family2: Option<String>,
    full: Option<String>,
}

fn joined(one: Option<String>, other: Option<String>) -> String {
    let parts: Vec<String> = [one, other].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

impl From<NameParts> for NameInput {
    fn from(name: NameParts) -> Self {
        let given_any =
            [&name.given, &name.middle, &name.family1, &name.family2].into_iter().any(|part| part.is_some());
        let parts = (joined(name.given, name.middle), joined(name.family1, name.family2));
        Self { whole: name.full.filter(|full| !full.is_empty()), parts: given_any.then_some(parts) }
    }
}

impl<'de> Deserialize<'de> for NameInput {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = NameInput;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a text")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<NameInput, E> {
                Ok(NameInput { whole: Some(text.to_owned()), parts: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NameInput, A::Error> {
                NameParts::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
            }
        }
        from.deserialize_any(Either)
    }
}

/// A user to make, or what a user is to become. Members that are not told here are ignored.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserInput {
    /// The company, as bare id or as `{"id": …}`; the key's own where it is left out. Ignored on a change.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    company_id: Option<IdEitherWay>,
    /// The name in parts, or whole as one text.
    #[serde(default)]
    #[schema(value_type = Option<NameParts>)]
    name: Option<NameInput>,
    /// In place of `name.given`.
    #[serde(default, alias = "given")]
    given_name: Option<String>,
    /// In place of `name.family1`.
    #[serde(default, alias = "family")]
    family_name: Option<String>,
    /// Unique in the company, in any letter case.
    #[serde(default)]
    email: Option<String>,
    /// The id elsewhere; null or empty for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    external_id: Field<String>,
    /// Kept as a free attribute; null or empty for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    employee_id: Field<String>,
    #[serde(default)]
    persona: Option<Persona>,
    /// False deactivates, true activates.
    #[serde(default)]
    is_active: Option<bool>,
}

/// The value that is meant: null and the empty text are none.
fn filled(field: Field<String>) -> Field<String> {
    match field {
        Field::Value(text) if text.is_empty() => Field::Null,
        other => other,
    }
}

impl UserInput {
    /// The company that is named, if one is.
    pub(crate) fn company(&self) -> Option<CompanyId> {
        self.company_id.map(|id| id.0.into())
    }

    fn called(&mut self) -> NameInput {
        let mut name = self.name.take().unwrap_or_default();
        if self.given_name.is_some() || self.family_name.is_some() {
            let (given, family) = name.parts.take().unwrap_or_default();
            name.parts = Some((self.given_name.take().unwrap_or(given), self.family_name.take().unwrap_or(family)));
        }
        name
    }

    /// The user to make.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is missing or wrong.
    pub(crate) fn into_new(mut self) -> Result<NewUser> {
        let called = self.called();
        if called.whole.is_none() && called.parts.as_ref().is_none_or(|(g, f)| g.is_empty() && f.is_empty()) {
            return Err(missing("name"));
        }
        let (given, family) = called.parts.unzip();
        let guest = self.persona.map(Persona::guest).transpose()?.flatten().unwrap_or(false);
        let employee = filled(self.employee_id).value();
        Ok(NewUser {
            id: None,
            name: called.whole,
            given_name: given,
            family_name: family,
            email: self.email.ok_or_else(|| missing("email"))?,
            user_name: None,
            status: (self.is_active == Some(false)).then_some(UserStatus::Inactive),
            role: guest.then_some(Role::Guest),
            manager: None,
            external_id: filled(self.external_id).value(),
            attributes: employee.map(|id| employed("{}", Some(&id))).transpose()?,
            created_at: None,
            groups: Vec::new(),
        })
    }

    /// The edit that makes `before` what is asked for; what is left out stays as it is (C3-15).
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub(crate) fn into_edit(mut self, before: &User) -> Result<EditUser> {
        let mut edit = EditUser { email: Patch::set_or_keep(self.email.take()), ..Default::default() };
        let called = self.called();
        let same_parts =
            called.parts.as_ref().is_none_or(|(given, family)| before.parts() == (given.as_str(), family.as_str()));
        let same_whole = called.whole.as_ref().is_none_or(|whole| *whole == before.name);
        // A name sent back as it was read stays as it is, told apart or not.
        if !(same_parts && same_whole) {
            edit.name = Patch::set_or_keep(called.whole.filter(|_| !same_whole));
            if let Some((given, family)) = called.parts.filter(|_| !same_parts) {
                (edit.given_name, edit.family_name) = (Patch::Set(given), Patch::Set(family));
            }
        }
        edit.external_id = match filled(self.external_id) {
            Field::Absent => Patch::Keep,
            Field::Null => Patch::Clear,
            Field::Value(id) => Patch::Set(id),
        };
        let employee = match filled(self.employee_id) {
            Field::Absent => None,
            Field::Null => Some(None),
            Field::Value(id) => Some(Some(id)),
        };
        if let Some(id) = employee.filter(|id| *id != attribute(&before.attributes, EMPLOYEE)) {
            edit.attributes = Patch::Set(employed(&before.attributes, id.as_deref())?);
        }
        edit.role = match self.persona.map(Persona::guest).transpose()?.flatten() {
            Some(true) => Patch::Set(Role::Guest),
            Some(false) if before.role == Role::Guest => Patch::Set(Role::Viewer),
            _ => Patch::Keep,
        };
        edit.status = match self.is_active {
            Some(false) => Patch::Set(UserStatus::Inactive),
            Some(true) if !before.counts() => Patch::Set(UserStatus::Active),
            _ => Patch::Keep,
        };
        Ok(edit)
    }
}

/// The attributes with this employee id, or with none.
fn employed(attributes: &str, id: Option<&str>) -> Result<String> {
    let mut all: Map<String, Value> = serde_json::from_str(attributes).map_err(Error::internal)?;
    match id {
        Some(id) => all.insert(EMPLOYEE.into(), name::short(EMPLOYEE, id)?.into()),
        None => all.remove(EMPLOYEE),
    };
    serde_json::to_string(&all).map_err(Error::internal)
}
