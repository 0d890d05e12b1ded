//! Custom fields of apps: what kind of value each takes, and the value it has.

use uuid::Uuid;

use crate::caller::words;
use crate::ids::FieldId;
use crate::patch::Patch;
use crate::{Error, Result, name};

words! {
    /// What a custom field holds.
    FieldKind {
        /// Any text.
        Text = "text",
        /// A number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A day, `YYYY-MM-DD`.
        Date = "date",
        /// A person of the company, by id.
        User = "user",
        /// One of a list of options.
        Select = "select",
    }
}

/// The most options of one field.
const OPTIONS: usize = 200;

/// A custom field of an app with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomField {
    /// The id.
    pub id: FieldId,
    /// The name, unique in the app by folded key.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// May the value not be emptied?
    pub required: bool,
    /// What a select offers: id and name of each.
    pub options: Vec<(Uuid, String)>,
    /// The value as text; none when empty and for a person, whose name is looked up when it is shown.
    pub value: Option<String>,
    /// The person or option that the value stands for.
    pub guid: Option<Uuid>,
}

/// A custom field as a request gives it.
#[derive(Clone, Debug)]
pub struct GivenField {
    /// The id.
    pub id: FieldId,
    /// The name.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// May the value not be emptied?
    pub required: bool,
    /// What a select offers.
    pub options: Vec<(Uuid, String)>,
    /// The value: a text, or the id of a person or option.
    pub value: Patch<String>,
}

impl CustomField {
    /// The field, checked; `at` is its place in the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::TooMany`] options.
    pub fn of(at: &str, given: GivenField) -> Result<Self> {
        let mut field = Self {
            id: given.id,
            name: name::name(&format!("{at}.name"), &given.name)?,
            kind: given.kind,
            required: given.required,
            options: Vec::new(),
            value: None,
            guid: None,
        };
        if given.options.len() > OPTIONS {
            return Err(Error::TooMany { field: format!("{at}.options"), limit: OPTIONS as u64 });
        }
        if (field.kind == FieldKind::Select) == given.options.is_empty() {
            return Err(Error::invalid(format!("{at}.options"), "belong to a `select`, which needs at least one"));
        }
        for (i, (id, raw)) in given.options.into_iter().enumerate() {
            let here = format!("{at}.options[{i}]");
            let option = name::name(&format!("{here}.name"), &raw)?;
            if field.options.iter().any(|(other, called)| *other == id || name::fold(called) == name::fold(&option)) {
                return Err(Error::invalid(here, "stands twice"));
            }
            field.options.push((id, option));
        }
        match &given.value {
            Patch::Keep => false,
            Patch::Clear => field.set(&format!("{at}.value"), None)?,
            Patch::Set(raw) => field.set(&format!("{at}.value"), Some(raw))?,
        };
        Ok(field)
    }

    /// The value in the form that [`Self::set`] takes.
    pub fn raw(&self) -> Option<String> {
        self.guid.map(|id| id.to_string()).or_else(|| self.value.clone())
    }

    /// Sets or empties the value; whether that is a person of the company is for the caller to ask. True when it
    /// changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `at` when the field takes no such value.
    pub fn set(&mut self, at: &str, raw: Option<&str>) -> Result<bool> {
        let wrong = |why: &str| Error::invalid(at, why);
        let next = match raw {
            None if self.required => return Err(wrong("is required and cannot be emptied")),
            None => (None, None),
            Some(raw) => match self.kind {
                FieldKind::Text => (Some(name::description(at, raw)?), None),
                FieldKind::Number => match raw.parse::<f64>() {
                    Ok(n) if n.is_finite() && raw.len() <= 64 => (Some(raw.to_owned()), None),
                    _ => return Err(wrong("is not a number")),
                },
                FieldKind::Boolean if matches!(raw, "true" | "false") => (Some(raw.to_owned()), None),
                FieldKind::Boolean => return Err(wrong("must be `true` or `false`")),
                FieldKind::Date => match raw.parse::<jiff::civil::Date>() {
                    Ok(day) if raw.len() == 10 => (Some(day.to_string()), None),
                    _ => return Err(wrong("is not a day, such as 2026-11-20")),
                },
                FieldKind::User => match crate::ids::parse_uuid(raw) {
                    Some(id) => (None, Some(id)),
                    None => return Err(wrong("is not the id of a user")),
                },
                FieldKind::Select => {
                    let (id, key) = (crate::ids::parse_uuid(raw), name::fold(raw));
                    let found = self.options.iter().find(|(o, called)| Some(*o) == id || name::fold(called) == key);
                    let (id, called) = found.ok_or_else(|| wrong("is none of the options"))?;
                    (Some(called.clone()), Some(*id))
                }
            },
        };
        let changed = (&self.value, &self.guid) != (&next.0, &next.1);
        (self.value, self.guid) = next;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_values() {
        let option = Uuid::from_u128(5);
        for (kind, good, bad) in [
            (FieldKind::Text, "any\nthing", "\0"),
            (FieldKind::Number, "-1.5", "inf"),
            (FieldKind::Boolean, "true", "True"),
            (FieldKind::Date, "2026-02-28", "2026-02-30"),
            (FieldKind::User, "00000000-0000-4000-8000-000000000001", "Ada"),
            (FieldKind::Select, "HIGH", "medium"),
        ] {
            let options = if kind == FieldKind::Select { vec![(option, "High".to_owned())] } else { Vec::new() };
            let given =
                GivenField { id: FieldId::NIL, name: "F".into(), kind, required: true, options, value: Patch::Keep };
            let mut field = CustomField::of("customFields[0]", given).unwrap();
            assert!(field.set("value", Some(good)).unwrap(), "{kind}");
            assert!(!field.set("value", Some(good)).unwrap(), "{kind}");
            assert!(field.set("value", Some(bad)).is_err(), "{kind}");
            assert!(field.set("value", None).is_err(), "{kind}");
            field.required = false;
            assert!(field.set("value", None).unwrap());
        }
    }
}
