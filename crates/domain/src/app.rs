//! Work applications and the levels of access they have.

use crate::caller::words;
use crate::custom::CustomField;
use crate::ids::{AppId, FieldId, LevelId, UserId};
use crate::name::fold;
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// Where an app stands. Only a managed one is given by groups and has approval flows.
    AppStatus {
        /// In use and looked after.
        Managed = "Managed",
        /// Seen, not decided.
        Discovered = "Discovered",
        /// Watched only.
        Tracked = "Tracked",
        /// Asked for.
        Requested = "Requested",
        /// Against policy.
        Restricted = "Restricted",
        /// Not watched.
        Ignored = "Ignored",
        /// Kept for audit.
        Archived = "Archived",
    }
}

/// The most levels, fields, locations or certifications of one app.
const PARTS: usize = 100;

/// One level of access that an app has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The id.
    pub id: LevelId,
    /// The name, unique in the app by folded key.
    pub name: String,
    /// The description; may be empty.
    pub description: String,
    /// Is it the one that is given where nothing else is said?
    pub is_default: bool,
    /// Does it give more than everyday rights?
    pub is_privileged: bool,
}

/// What is thought of the app's use of artificial intelligence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiRisk {
    /// A number that the reviewers of the company have for the level.
    pub id: i32,
    /// The level in words.
    pub level: String,
    /// Why.
    pub reasoning: String,
}

/// A work application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The id, unique in the server.
    pub id: AppId,
    /// The name, 1 to 255 characters.
    pub name: String,
    /// What it is in a few words.
    pub tag_line: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// What kind of app it is.
    pub category: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Its picture.
    pub image_url: Option<String>,
    /// Where it stands.
    pub status: AppStatus,
    /// Who looks after it.
    pub owner: Option<UserId>,
    /// Is it several apps under one name?
    pub is_bundle: bool,
    /// Where its servers are.
    pub server_locations: Vec<String>,
    /// What it is certified for.
    pub certifications: Vec<String>,
    /// Its risk in the use of artificial intelligence.
    pub ai_risk: Option<AiRisk>,
    /// Its levels of access, in the order given.
    pub levels: Vec<Level>,
    /// Its custom fields, in the order given.
    pub fields: Vec<CustomField>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// The revision that last changed this record: its version.
    pub version: u64,
}

/// An edit of an app; of a new app, its members.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the members of the app")]
pub struct EditApp {
    pub name: Patch<String>,
    pub tag_line: Patch<String>,
    pub description: Patch<String>,
    pub category: Patch<String>,
    pub url: Patch<String>,
    pub image_url: Patch<String>,
    pub status: Patch<AppStatus>,
    pub owner: Patch<UserId>,
    pub is_bundle: Patch<bool>,
    pub server_locations: Patch<Vec<String>>,
    pub certifications: Patch<Vec<String>>,
    pub ai_risk: Patch<AiRisk>,
    /// The whole list.
    pub levels: Patch<Vec<Level>>,
    /// The whole list, with the values.
    pub fields: Patch<Vec<crate::custom::GivenField>>,
}

impl App {
    /// A new app, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::TooMany`].
    pub fn birth(id: AppId, new: EditApp, now: Timestamp, version: u64) -> Result<Self> {
        if !matches!(new.name, Patch::Set(_)) {
            return Err(Error::invalid("name", "is missing"));
        }
        let mut app = Self {
            id,
            name: String::new(),
            tag_line: None,
            description: None,
            category: None,
            url: None,
            image_url: None,
            status: AppStatus::Managed,
            owner: None,
            is_bundle: false,
            server_locations: Vec::new(),
            certifications: Vec::new(),
            ai_risk: None,
            levels: Vec::new(),
            fields: Vec::new(),
            created_at: now,
            updated_at: now,
            version,
        };
        app.apply(new)?;
        Ok(app)
    }

    /// Carries `edit` out; the members that changed, by their native names.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::TooMany`].
    pub fn apply(&mut self, edit: EditApp) -> Result<Vec<&'static str>> {
        if edit.name == Patch::Clear {
            return Err(Error::invalid("name", "cannot be emptied"));
        }
        let before = self.clone();
        let kept = self.name.clone();
        edit.name.try_map(|s| name::name("name", &s))?.apply_or(&mut self.name, kept);
        edit.tag_line.try_map(|s| name::short("tagLine", &s))?.apply(&mut self.tag_line);
        edit.description.try_map(|s| name::description("description", &s))?.apply(&mut self.description);
        edit.category.try_map(|s| name::short("category", &s))?.apply(&mut self.category);
        edit.url.try_map(|s| address("url", &s))?.apply(&mut self.url);
        edit.image_url.try_map(|s| address("imageUrl", &s))?.apply(&mut self.image_url);
        edit.status.apply_or(&mut self.status, AppStatus::Managed);
        edit.owner.apply(&mut self.owner);
        edit.is_bundle.apply_or(&mut self.is_bundle, false);
        edit.server_locations.try_map(|l| texts("serverLocations", l))?.apply_or(&mut self.server_locations, vec![]);
        edit.certifications.try_map(|l| texts("certifications", l))?.apply_or(&mut self.certifications, vec![]);
        edit.ai_risk.try_map(checked_risk)?.apply(&mut self.ai_risk);
        edit.levels.try_map(checked_levels)?.apply_or(&mut self.levels, vec![]);
        edit.fields.try_map(checked_fields)?.apply_or(&mut self.fields, vec![]);
        Ok([
            ("name", self.name != before.name),
            ("tagLine", self.tag_line != before.tag_line),
            ("description", self.description != before.description),
            ("category", self.category != before.category),
            ("url", self.url != before.url),
            ("imageUrl", self.image_url != before.image_url),
            ("status", self.status != before.status),
            ("owner", self.owner != before.owner),
            ("isBundle", self.is_bundle != before.is_bundle),
            ("serverLocations", self.server_locations != before.server_locations),
            ("certifications", self.certifications != before.certifications),
            ("aiRisk", self.ai_risk != before.ai_risk),
            ("permissionLevels", self.levels != before.levels),
            ("customFields", self.fields != before.fields),
        ]
        .into_iter()
        .filter_map(|(field, changed)| changed.then_some(field))
        .collect())
    }

    /// The level of this id.
    pub fn level(&self, id: LevelId) -> Option<&Level> {
        self.levels.iter().find(|level| level.id == id)
    }

    /// The level that is given where nothing is said: the default one, else the first.
    pub fn default_level(&self) -> Option<LevelId> {
        self.levels.iter().find(|level| level.is_default).or(self.levels.first()).map(|level| level.id)
    }

    /// The field of this id.
    pub fn field_mut(&mut self, id: FieldId) -> Option<&mut CustomField> {
        self.fields.iter_mut().find(|field| field.id == id)
    }

    /// Refuses a level that is not the app's, and none where the app has levels.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Unknown`] on `at`.
    pub fn check_level(&self, at: &str, level: Option<LevelId>) -> Result<()> {
        match level {
            Some(id) if self.level(id).is_none() => Err(Error::unknown(at, LevelId::NOUN, id.uuid())),
            None if !self.levels.is_empty() => Err(Error::invalid(at, "is required, as the app has permission levels")),
            _ => Ok(()),
        }
    }

    /// Refuses what only a managed app can be or do.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub fn managed(&self) -> Result<()> {
        match self.status {
            AppStatus::Managed => Ok(()),
            other => Err(Error::conflict(format!("this app is {other}; only a Managed one can be given or asked for"))),
        }
    }
}

/// An address: a short text that begins with `http://` or `https://`, or an empty one.
fn address(field: &str, raw: &str) -> Result<String> {
    let text = name::description(field, raw)?;
    let web = text.starts_with("https://") || text.starts_with("http://");
    match text.is_empty() || web && !text.contains(char::is_whitespace) {
        true => Ok(text),
        false => Err(Error::invalid(field, "must begin with https:// or http:// and hold no white space")),
    }
}

fn bounded(field: &str, n: usize) -> Result<()> {
    if n > PARTS { Err(Error::TooMany { field: field.into(), limit: PARTS as u64 }) } else { Ok(()) }
}

fn texts(field: &str, list: Vec<String>) -> Result<Vec<String>> {
    bounded(field, list.len())?;
    list.iter().enumerate().map(|(i, raw)| name::name(&format!("{field}[{i}]"), raw)).collect()
}

fn checked_risk(risk: AiRisk) -> Result<AiRisk> {
    let level = name::name("aiRisk.level", &risk.level)?;
    Ok(AiRisk { id: risk.id, level, reasoning: name::description("aiRisk.reasoning", &risk.reasoning)? })
}

fn checked_levels(list: Vec<Level>) -> Result<Vec<Level>> {
    bounded("permissionLevels", list.len())?;
    let mut levels: Vec<Level> = Vec::with_capacity(list.len());
    for (i, given) in list.into_iter().enumerate() {
        let at = format!("permissionLevels[{i}]");
        let level = Level {
            name: name::name(&format!("{at}.name"), &given.name)?,
            description: name::description(&format!("{at}.description"), &given.description)?,
            ..given
        };
        if levels.iter().any(|other| other.id == level.id || fold(&other.name) == fold(&level.name)) {
            return Err(Error::invalid(at, "has the id or the name of another one"));
        }
        if level.is_default && levels.iter().any(|other| other.is_default) {
            return Err(Error::invalid(format!("{at}.isDefault"), "is another one's already"));
        }
        levels.push(level);
    }
    Ok(levels)
}

fn checked_fields(list: Vec<crate::custom::GivenField>) -> Result<Vec<CustomField>> {
    bounded("customFields", list.len())?;
    let mut fields: Vec<CustomField> = Vec::with_capacity(list.len());
    for (i, given) in list.into_iter().enumerate() {
        let at = format!("customFields[{i}]");
        let field = CustomField::of(&at, given)?;
        if fields.iter().any(|other| other.id == field.id || fold(&other.name) == fold(&field.name)) {
            return Err(Error::invalid(at, "has the id or the name of another one"));
        }
        fields.push(field);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(n: u128, name: &str, is_default: bool) -> Level {
        let id = LevelId::new(uuid::Uuid::from_u128(n));
        Level { id, name: name.into(), description: String::new(), is_default, is_privileged: false }
    }

    fn app(edit: EditApp) -> Result<App> {
        App::birth(AppId::NIL, EditApp { name: Patch::Set("App".into()), ..edit }, Timestamp::MIN, 1)
    }

    #[test]
    fn levels_have_one_default_and_own_names() {
        let of = |levels| app(EditApp { levels: Patch::Set(levels), ..Default::default() });
        let two = of(vec![level(1, "Read", false), level(2, "Write", true)]).unwrap();
        assert_eq!(two.default_level(), Some(level(2, "", true).id));
        assert!(two.check_level("l", None).is_err() && two.check_level("l", Some(level(1, "", false).id)).is_ok());
        assert!(two.check_level("l", Some(level(9, "", false).id)).is_err());
        assert!(of(vec![level(1, "Read", true), level(2, "Write", true)]).is_err());
        assert!(of(vec![level(1, "Straße", false), level(2, "STRASSE", false)]).is_err());
        assert!(of((0..101).map(|n| level(n, &n.to_string(), false)).collect()).is_err());
        assert_eq!(app(EditApp::default()).unwrap().default_level(), None);
    }

    #[test]
    fn addresses_are_of_the_web() {
        let of = |url: &str| app(EditApp { url: Patch::Set(url.into()), ..Default::default() });
        assert!(of("https://ledger.example/").is_ok() && of("").is_ok());
        assert!(of("javascript:alert(1)").is_err() && of("https://a b").is_err());
    }
}
