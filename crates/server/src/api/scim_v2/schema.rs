//! What resources are made of (RFC 7643 §4, §7): one table that reads bodies, resolves paths and answers `/Schemas`.

use serde_json::{Value, json};

/// The core schema of a user.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core schema of a group.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of a user.
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What values an attribute takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Yes or no.
    Flag,
    /// An instant.
    Moment,
    /// Base64.
    Binary,
    /// An address, of these kinds of things.
    Reference(&'static [&'static str]),
    /// Attributes of its own.
    Complex(&'static [Attr]),
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attr {
    /// Its canonical name.
    pub(super) name: &'static str,
    /// What values it takes.
    pub(super) kind: Kind,
    /// Does it take several?
    pub(super) many: bool,
    /// Must it be there?
    pub(super) required: bool,
    /// Does letter case matter in comparing it?
    pub(super) exact: bool,
    /// May a client set it?
    pub(super) writable: bool,
    /// Can a part of a value be set once only?
    fixed: bool,
    /// Is it in every answer?
    pub(super) always: bool,
    /// Is it in an answer only where it is asked for by name?
    on_request: bool,
    unique: bool,
    canonical: &'static [&'static str],
    about: &'static str,
}

const fn text(name: &'static str, about: &'static str) -> Attr {
    Attr {
        name,
        kind: Kind::Text,
        many: false,
        required: false,
        exact: false,
        writable: true,
        fixed: false,
        always: false,
        on_request: false,
        unique: false,
        canonical: &[],
        about,
    }
}

const fn of(name: &'static str, kind: Kind, about: &'static str) -> Attr {
    Attr { kind, ..text(name, about) }
}

const fn list(name: &'static str, parts: &'static [Attr], about: &'static str) -> Attr {
    Attr { many: true, ..of(name, Kind::Complex(parts), about) }
}

impl Attr {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
    const fn exact(self) -> Self {
        Self { exact: true, ..self }
    }
    const fn read_only(self) -> Self {
        Self { writable: false, ..self }
    }
    const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
    const fn always(self) -> Self {
        Self { always: true, ..self }
    }
    const fn on_request(self) -> Self {
        Self { on_request: true, ..self }
    }
    const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }
    const fn such_as(self, canonical: &'static [&'static str]) -> Self {
        Self { canonical, ..self }
    }

    /// Its own attributes; none of a simple one.
    pub(super) fn parts(&self) -> &'static [Attr] {
        match self.kind {
            Kind::Complex(parts) => parts,
            _ => &[],
        }
    }

    /// The part of this name, in any letter case.
    pub(super) fn part(&self, name: &str) -> Option<&'static Attr> {
        self.parts().iter().find(|part| part.name.eq_ignore_ascii_case(name))
    }

    /// The definition, as `/Schemas` tells it.
    fn told(&self) -> Value {
        let (kind, references) = match self.kind {
            Kind::Text => ("string", None),
            Kind::Flag => ("boolean", None),
            Kind::Moment => ("dateTime", None),
            Kind::Binary => ("binary", None),
            Kind::Reference(to) => ("reference", Some(to)),
            Kind::Complex(_) => ("complex", None),
        };
        let mutability = match (self.writable, self.fixed) {
            (false, _) => "readOnly",
            (true, true) => "immutable",
            (true, false) => "readWrite",
        };
        let returned = match (self.always, self.on_request) {
            (true, _) => "always",
            (false, true) => "request",
            (false, false) => "default",
        };
        let mut told = json!({
            "name": self.name,
            "type": kind,
            "multiValued": self.many,
            "description": self.about,
            "required": self.required,
            "caseExact": self.exact,
            "mutability": mutability,
            "returned": returned,
            "uniqueness": if self.unique { "server" } else { "none" },
        });
        if let Some(to) = references {
            told["referenceTypes"] = json!(to);
        }
        if !self.canonical.is_empty() {
            told["canonicalValues"] = json!(self.canonical);
        }
        if !self.parts().is_empty() {
            told["subAttributes"] = self.parts().iter().map(Attr::told).collect();
        }
        told
    }
}

const DISPLAY: Attr = text("display", "A name for people.");
const PRIMARY: Attr = of("primary", Kind::Flag, "Is it the preferred one? At most one is.");
const WORK: &[&str] = &["work", "home", "other"];

const fn plain(value: Attr, kinds: &'static [&'static str]) -> [Attr; 4] {
    [value, DISPLAY, text("type", "What it is for.").such_as(kinds), PRIMARY]
}

const NAME: &[Attr] = &[
    text("formatted", "The whole name, as it is written."),
    text("familyName", "The family name."),
    text("givenName", "The given name."),
    text("middleName", "Names in between."),
    text("honorificPrefix", "A title before the name."),
    text("honorificSuffix", "What stands behind the name."),
];
const EMAILS: &[Attr] = &plain(text("value", "The e-mail address.").required(), WORK);
const PHONES: &[Attr] = &plain(text("value", "The number."), &["work", "home", "mobile", "fax", "pager", "other"]);
const IMS: &[Attr] =
    &plain(text("value", "The address."), &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]);
const PHOTOS: &[Attr] =
    &plain(of("value", Kind::Reference(&["external"]), "Where the picture is.").exact(), &["photo", "thumbnail"]);
const VALUES: &[Attr] = &plain(text("value", "The value."), &[]);
const CERTIFICATES: &[Attr] = &plain(of("value", Kind::Binary, "The certificate, DER in base64.").exact(), &[]);
const ADDRESSES: &[Attr] = &[
    text("formatted", "The whole address, as it is written."),
    text("streetAddress", "Street and number."),
    text("locality", "City."),
    text("region", "State or region."),
    text("postalCode", "Postal code."),
    text("country", "Country, ISO 3166-1 alpha-2."),
    text("type", "What it is for.").such_as(WORK),
    PRIMARY,
];
const GROUPS: &[Attr] = &[
    text("value", "The group's id.").read_only().exact(),
    of("$ref", Kind::Reference(&["Group"]), "Where the group is.").read_only().exact(),
    text("display", "The group's name.").read_only(),
    text("type", "Directly, or through a group inside it?").read_only().such_as(&["direct", "indirect"]),
];
const MANAGER: &[Attr] = &[
    text("value", "The manager's id.").exact(),
    of("$ref", Kind::Reference(&["User"]), "Where the manager is.").exact(),
    text("displayName", "The manager's name.").read_only(),
];
const MEMBERS: &[Attr] = &[
    text("value", "The member's id.").exact().fixed(),
    of("$ref", Kind::Reference(&["User", "Group"]), "Where the member is.").exact().fixed(),
    text("type", "A user, or a group inside this one?").fixed().such_as(&["User", "Group"]),
    text("display", "The member's name.").read_only().on_request(),
];
const META: &[Attr] = &[
    text("resourceType", "What it is.").read_only().exact(),
    of("created", Kind::Moment, "When it was made.").read_only(),
    of("lastModified", Kind::Moment, "When it last changed.").read_only(),
    of("location", Kind::Reference(&["uri"]), "Where it is.").read_only().exact(),
    text("version", "Its version, as ETag has it.").read_only().exact(),
];

/// What every resource has (RFC 7643 §3.1).
const COMMON: &[Attr] = &[
    Attr { many: true, ..of("schemas", Kind::Reference(&["uri"]), "What it is made of.").read_only().exact().always() },
    text("id", "Its id here.").read_only().exact().always(),
    text("externalId", "Its id with the client.").exact(),
    of("meta", Kind::Complex(META), "When it was made, when it changed, where it is.").read_only(),
];

const USER_ATTRS: &[Attr] = &[
    text("userName", "The sign-in name.").required().unique(),
    of("name", Kind::Complex(NAME), "The parts of the name."),
    text("displayName", "The name that is shown."),
    text("nickName", "What friends say."),
    of("profileUrl", Kind::Reference(&["external"]), "A page about the person.").exact(),
    text("title", "The job title."),
    text("userType", "What the person is to the company."),
    text("preferredLanguage", "The preferred language, as Accept-Language has it."),
    text("locale", "How numbers and dates are written."),
    text("timezone", "The time zone, such as Europe/Berlin."),
    of(
        "active",
        Kind::Flag,
        "Does the person count? Who does not keeps the memberships, which give nothing meanwhile.",
    ),
    list("emails", EMAILS, "E-mail addresses; the primary one, else the first, is the person's here."),
    list("phoneNumbers", PHONES, "Telephone numbers."),
    list("ims", IMS, "Instant messaging addresses."),
    list("photos", PHOTOS, "Pictures."),
    list("addresses", ADDRESSES, "Postal addresses."),
    list("groups", GROUPS, "The groups that the person is in.").read_only(),
    list("entitlements", VALUES, "What the person is entitled to elsewhere."),
    list("roles", VALUES, "The roles that the person has elsewhere."),
    list("x509Certificates", CERTIFICATES, "Certificates."),
];
const ENTERPRISE_ATTRS: &[Attr] = &[
    text("employeeNumber", "The number of the person in the company."),
    text("costCenter", "The cost centre."),
    text("organization", "The organization."),
    text("division", "The division."),
    text("department", "The department."),
    of("manager", Kind::Complex(MANAGER), "The manager."),
];
const GROUP_ATTRS: &[Attr] = &[
    text("displayName", "The name.").required(),
    list("members", MEMBERS, "The direct members; a client that stands for a connection sees its own."),
];

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Type {
    /// People.
    User,
    /// Groups.
    Group,
}

/// A resolved attribute: in the extension, or in the resource itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Is it the extension's?
    pub(super) extension: bool,
    /// The attribute.
    pub(super) attr: &'static Attr,
}

impl Type {
    /// Its name, as `meta.resourceType` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// Where it is, below the base.
    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// Its core schema.
    pub(super) fn urn(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    fn core(self) -> &'static [Attr] {
        match self {
            Self::User => USER_ATTRS,
            Self::Group => GROUP_ATTRS,
        }
    }

    fn extended(self) -> &'static [Attr] {
        match self {
            Self::User => ENTERPRISE_ATTRS,
            Self::Group => &[],
        }
    }

    /// Is this the name of its extension as a whole?
    pub(super) fn is_extension(self, urn: &str) -> bool {
        self == Self::User && urn.eq_ignore_ascii_case(ENTERPRISE)
    }

    /// The attribute of this name, in any letter case; of the extension also without its schema, as some clients have
    /// it.
    pub(super) fn find(self, uri: Option<&str>, name: &str) -> Option<Found> {
        let within = |attrs: &'static [Attr], extension| {
            let attr = attrs.iter().find(|attr| attr.name.eq_ignore_ascii_case(name))?;
            Some(Found { extension, attr })
        };
        match uri {
            Some(uri) if uri.eq_ignore_ascii_case(self.urn()) => {
                within(self.core(), false).or_else(|| within(COMMON, false))
            }
            Some(uri) if self.is_extension(uri) => within(self.extended(), true),
            Some(_) => None,
            None => {
                within(self.core(), false).or_else(|| within(COMMON, false)).or_else(|| within(self.extended(), true))
            }
        }
    }

    /// Every attribute that is in each answer.
    pub(super) fn kept(self) -> impl Iterator<Item = &'static str> {
        COMMON.iter().filter(|attr| attr.always).map(|attr| attr.name)
    }
}

/// The schemas, as `/Schemas` tells them, each with its id.
pub(super) fn all() -> [(&'static str, Value); 3] {
    let told = |id: &'static str, name: &str, about: &str, attrs: &[Attr]| {
        let attributes: Vec<Value> = attrs.iter().map(Attr::told).collect();
        let schema = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": id,
            "name": name,
            "description": about,
            "attributes": attributes,
        });
        (id, schema)
    };
    [
        told(USER, "User", "A person", USER_ATTRS),
        told(GROUP, "Group", "A group of people", GROUP_ATTRS),
        told(ENTERPRISE, "EnterpriseUser", "What a company knows of a person", ENTERPRISE_ATTRS),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_letter_case_and_with_their_schema() {
        let found = |uri, name| Type::User.find(uri, name).map(|found| (found.extension, found.attr.name));
        assert_eq!(found(None, "USERNAME"), Some((false, "userName")));
        assert_eq!(found(None, "department"), Some((true, "department")));
        let loud = ENTERPRISE.to_uppercase();
        assert_eq!(found(Some(&loud), "Manager"), Some((true, "manager")));
        assert_eq!(found(Some(USER), "externalid"), Some((false, "externalId")));
        assert_eq!(found(Some("urn:x:y"), "userName"), None);
        assert_eq!(found(None, "colour"), None);
        assert!(Type::Group.find(None, "department").is_none());
    }
}
