//! What every test finds: two companies, a few people of each right, two groups, a key each.
//!
//! Northwind has ada (admin), edda (editor, owner of `eng`), vera (viewer, member of `eng`), gus (guest) and ivan
//! (inactive, member of `eng`); groups `eng` and `ops` (empty); app `ledger` of edda's with levels `reader` (default) and
//! `booker`, which vera has as reader. Contoso has carl (admin), group `secret` and app `vault`.

use guildhall_domain::app::{EditApp, Level};
use guildhall_domain::caller::{Access, Role};
use guildhall_domain::custom::{FieldKind, GivenField};
use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{NewUser, UserStatus};
use guildhall_engine::{AccessNames, Engine, GiveAccess, NewCompany, NewKey, Secret};
use uuid::Uuid;

use crate::operator;

/// Callers by their rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// ada: everything in Northwind.
    Admin,
    /// ada, with a key that may only read.
    AdminReadOnly,
    /// edda: reads, and owns `eng`.
    Editor,
    /// vera: reads.
    Viewer,
    /// gus: sees himself.
    Guest,
    /// carl: everything in Contoso, nothing here.
    Foreign,
    /// A platform key.
    Platform,
    /// A key that was revoked.
    Revoked,
    /// Nobody: no credential at all.
    Nobody,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Admin,
        Self::AdminReadOnly,
        Self::Editor,
        Self::Viewer,
        Self::Guest,
        Self::Foreign,
        Self::Platform,
        Self::Revoked,
        Self::Nobody,
    ];
}

/// What was planted.
#[derive(Clone, Debug)]
pub struct Seed {
    pub(crate) ids: Vec<(&'static str, Uuid)>,
    keys: Vec<(Who, Secret)>,
}

impl Seed {
    pub(crate) fn key(&self, who: Who) -> &Secret {
        let found = self.keys.iter().find(|(w, _)| *w == who);
        &found.unwrap_or_else(|| panic!("{who:?} has no key")).1
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = (Who, &Secret)> {
        self.keys.iter().map(|(who, key)| (*who, key))
    }
}

/// A new user of this name, with an address made of it.
pub fn person(name: &str, id: Option<Uuid>) -> NewUser {
    let local = name.to_lowercase().replace(' ', ".");
    NewUser {
        id: id.map(UserId::new),
        name: Some(name.into()),
        given_name: None,
        family_name: None,
        email: format!("{local}@northwind.example"),
        user_name: None,
        status: None,
        role: None,
        manager: None,
        external_id: None,
        attributes: None,
        created_at: None,
        groups: Vec::new(),
    }
}

/// Plants it all.
pub async fn plant(engine: &Engine) -> Seed {
    let ids: Vec<(&'static str, Uuid)> = [
        "northwind",
        "contoso",
        "ada",
        "edda",
        "vera",
        "gus",
        "ivan",
        "carl",
        "eng",
        "ops",
        "secret",
        "ledger",
        "reader",
        "booker",
        "cost",
        "vault",
    ]
    .into_iter()
    .enumerate()
    // Fixed and in order, so that listings by id are the same in every run.
    .map(|(i, name)| (name, Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001 + i as u128)))
    .collect();
    let id = |name: &str| ids.iter().find(|(n, _)| *n == name).expect("a seeded name").1;
    for (company, admin, name) in [("northwind", "ada", "Ada Example"), ("contoso", "carl", "Carl Contoso")] {
        let new = NewCompany {
            id: Some(id(company).into()),
            name: if company == "contoso" { "Contoso".into() } else { "Northwind".into() },
            settings: None,
            admin: Some(person(name, Some(id(admin)))),
        };
        engine.create_company(&operator(engine, CompanyId::new(id(company))), new).await.expect("a company");
    }
    let northwind = operator(engine, CompanyId::new(id("northwind")));
    let contoso = operator(engine, CompanyId::new(id("contoso")));
    for (key, name, role, status) in [
        ("edda", "Edda Editor", Role::Editor, UserStatus::Active),
        ("vera", "Vera Viewer", Role::Viewer, UserStatus::Active),
        ("gus", "Gus Guest", Role::Guest, UserStatus::Invited),
        ("ivan", "Ivan Idle", Role::Viewer, UserStatus::Inactive),
    ] {
        let new = NewUser { role: Some(role), status: Some(status), ..person(name, Some(id(key))) };
        engine.create_user(&northwind, new).await.expect("a user");
    }
    let group = |name: &str, key: &str, owners: &[&str], members: &[&str]| NewGroup {
        id: Some(id(key).into()),
        name: name.into(),
        owners: owners.iter().map(|o| id(o)).collect(),
        members: members.iter().map(|m| UserId::new(id(m))).collect(),
        ..Default::default()
    };
    engine.create_group(&northwind, group("Engineering", "eng", &["edda"], &["vera", "ivan"])).await.expect("a group");
    engine.create_group(&northwind, group("Operations", "ops", &[], &[])).await.expect("a group");
    engine.create_group(&contoso, group("Secret", "secret", &[], &["carl"])).await.expect("a group");

    let level = |key: &str, name: &str, is_default: bool| Level {
        id: id(key).into(),
        name: name.into(),
        description: String::new(),
        is_default,
        is_privileged: !is_default,
    };
    let cost = GivenField {
        id: id("cost").into(),
        name: "Cost center".into(),
        kind: FieldKind::Text,
        required: false,
        options: Vec::new(),
        value: Patch::Set("4711".into()),
    };
    let ledger = EditApp {
        name: Patch::Set("Ledger".into()),
        tag_line: Patch::Set("Books".into()),
        category: Patch::Set("Finance".into()),
        url: Patch::Set("https://ledger.example/".into()),
        owner: Patch::Set(id("edda").into()),
        levels: Patch::Set(vec![level("reader", "Reader", true), level("booker", "Booker", false)]),
        fields: Patch::Set(vec![cost]),
        ..Default::default()
    };
    engine.create_app(&northwind, Some(id("ledger").into()), ledger).await.expect("an app");
    let vault = EditApp { name: Patch::Set("Vault".into()), ..Default::default() };
    engine.create_app(&contoso, Some(id("vault").into()), vault).await.expect("an app");
    let names = AccessNames { list: "", app: "app", user: "user", level: "level" };
    let reads = GiveAccess {
        app: id("ledger").into(),
        user: id("vera").into(),
        level: Some(id("reader").into()),
        is_owner: None,
    };
    engine.give_accesses(&northwind, vec![reads], names).await.expect("an access");

    let mut keys = Vec::new();
    for (who, user, access) in [
        (Who::Admin, "ada", Access::Write),
        (Who::AdminReadOnly, "ada", Access::Read),
        (Who::Editor, "edda", Access::Write),
        (Who::Viewer, "vera", Access::Write),
        (Who::Guest, "gus", Access::Write),
        (Who::Foreign, "carl", Access::Write),
        (Who::Revoked, "ada", Access::Write),
    ] {
        let new = NewKey { user: Some(id(user).into()), name: None, access, connection: None, expires_at: None };
        let hand = if who == Who::Foreign { &contoso } else { &northwind };
        let secret = engine.create_key(hand, new).await.expect("a key").value;
        if who == Who::Revoked {
            engine.revoke_key(hand, secret.key.id).await.expect("a revoked key");
        }
        keys.push((who, secret));
    }
    let new = NewKey { user: None, name: None, access: Access::Write, connection: None, expires_at: None };
    let platform = operator(engine, CompanyId::PLATFORM);
    keys.push((Who::Platform, engine.create_key(&platform, new).await.expect("a key").value));
    Seed { ids, keys }
}
