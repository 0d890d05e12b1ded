//! What the groups of the smallest set give, and who has what: roles, apps, and groups whose members get apps.

use std::io::{self, Write};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::data::{Random, Set};

/// Roles, of which each group gives one.
const ROLES: usize = 20;
/// Apps that people have.
const APPS: usize = 20;
/// Apps that each user has.
const HELD: usize = 3;
/// Groups with default apps; the members of the set are in none of them.
const JOINING: usize = 4;
/// Default apps of each.
pub(crate) const DEFAULTS: usize = 10;

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// The role of each group of the set, in their order.
    pub(crate) roles: Vec<Uuid>,
    /// The apps of each user, in their order.
    pub(crate) held: Vec<[Uuid; HELD]>,
    /// The groups with default apps.
    pub(crate) joining: Vec<Uuid>,
    all_roles: Vec<Uuid>,
    apps: Vec<Uuid>,
    defaults: Vec<Uuid>,
}

impl Given {
    /// What goes with so many groups and users.
    pub(crate) fn make(groups: usize, users: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut ids = |n: usize| -> Vec<Uuid> { (0..n).map(|_| random.id()).collect() };
        let (all_roles, apps, joining, defaults) = (ids(ROLES), ids(APPS), ids(JOINING), ids(DEFAULTS));
        let roles = (0..groups).map(|group| all_roles[group % ROLES]).collect();
        let held = (0..users).map(|user| std::array::from_fn(|n| apps[(user + n * 7) % APPS])).collect();
        Self { roles, held, joining, all_roles, apps, defaults }
    }

    /// Writes it as JSON Lines.
    pub(crate) fn write(&self, set: &Set, out: &mut impl Write) -> io::Result<()> {
        let company = set.company;
        let mut line = |value: Value| writeln!(out, "{value}");
        for (n, id) in self.all_roles.iter().enumerate() {
            let permissions = json!([{"permission": "TRIP_MANAGEMENT", "actions": ["READ", "WRITE"]}]);
            line(
                json!({"type": "role", "id": id, "company": company, "name": format!("role {n}"), "permissions": permissions}),
            )?;
        }
        let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [company]}]}]});
        for (group, role) in set.groups.iter().zip(&self.roles) {
            line(json!({"type": "groupRole", "company": company, "group": group.id, "role": role, "scope": scope}))?;
        }
        for (n, id) in self.apps.iter().chain(&self.defaults).enumerate() {
            line(json!({"type": "app", "id": id, "company": company, "name": format!("app {n}")}))?;
        }
        for (user, apps) in set.users.iter().zip(&self.held) {
            for app in apps {
                line(json!({"type": "access", "company": company, "user": user, "app": app}))?;
            }
        }
        for (n, id) in self.joining.iter().enumerate() {
            line(json!({"type": "group", "id": id, "company": company, "name": format!("joining {n}")}))?;
            for app in &self.defaults {
                line(
                    json!({"type": "groupApp", "company": company, "group": id, "app": app, "visibility": "default"}),
                )?;
            }
        }
        Ok(())
    }
}
