//! The operations of the workload, in the words of each dialect.

use std::rc::Rc;

use uuid::Uuid;

use crate::data::{Random, Set};
use crate::load::{Ask, CONNECTIONS, Turn};

/// One operation of one dialect.
#[derive(Clone)]
pub(crate) struct Op {
    /// Its letters in the workload.
    pub(crate) name: &'static str,
    /// The dialect.
    pub(crate) dialect: &'static str,
    /// Writes a request.
    pub(crate) ask: Rc<Ask>,
    /// The statuses that are right.
    pub(crate) wanted: &'static [u16],
    /// Does it write?
    pub(crate) writes: bool,
}

/// What requests are made of.
pub(crate) struct Material {
    /// The set that the server holds.
    pub(crate) set: Rc<Set>,
    /// Key id and secret.
    pub(crate) key: (String, String),
    /// An instant after the load, for questions about the past.
    pub(crate) then: String,
}

/// How a dialect is spoken.
#[derive(Clone)]
struct Tongue {
    dialect: &'static str,
    credential: Rc<str>,
}

impl Tongue {
    fn request(&self, out: &mut Vec<u8>, method: &str, path: std::fmt::Arguments<'_>, body: &str) {
        use std::io::Write as _;
        // Writing to memory cannot fail.
        let _ = write!(out, "{method} {path} HTTP/1.1\r\nhost: bench\r\n{}", self.credential);
        let _ = match body {
            "" => write!(out, "\r\n"),
            body => {
                let size = body.len();
                write!(out, "content-type: application/json\r\ncontent-length: {size}\r\n\r\n{body}")
            }
        };
    }
}

fn group(set: &Set, random: &mut Random) -> Uuid {
    random.one(&set.groups).id
}

fn user(set: &Set, random: &mut Random) -> Uuid {
    *random.one(&set.users)
}

/// Which groups a change goes to.
#[derive(Clone, Copy)]
enum Which {
    Any,
    Largest,
    Small,
}

/// Group and user of this turn: someone who is no member is added, and the same one removed in the next turn. Users
/// are shared out among the connections, so that none undoes what another does.
fn pair(set: &Set, turn: &mut Turn, which: Which) -> (Uuid, Uuid, bool) {
    let add = turn.number.is_multiple_of(2);
    if add {
        loop {
            let group = match which {
                Which::Any => turn.random.below(set.groups.len()),
                Which::Largest => 0,
                // The groups are sorted by size; this is where those of about twenty stand.
                Which::Small => set.groups.len() / 2 + turn.random.below(set.groups.len() / 20 + 1),
            };
            let place = turn.random.below(set.users.len() / CONNECTIONS as usize);
            let pair = (group as u32, place as u32 * CONNECTIONS + turn.connection);
            if !set.pairs.contains(&pair) {
                turn.kept = pair;
                break;
            }
        }
    }
    (set.groups[turn.kept.0 as usize].id, set.users[turn.kept.1 as usize], add)
}

/// Every operation, dialect by dialect.
pub(crate) fn all(material: &Material) -> Vec<Op> {
    [cakewalk(material), native(material), secoda(material), companies(material), scim(material), authzen(material)]
        .concat()
}

/// Makes operations of one dialect.
struct Maker<'m> {
    material: &'m Material,
    tongue: Tongue,
    ops: Vec<Op>,
}

impl<'m> Maker<'m> {
    fn new(material: &'m Material, dialect: &'static str, credential: String) -> Self {
        Self { material, tongue: Tongue { dialect, credential: credential.into() }, ops: Vec::new() }
    }

    fn op(
        &mut self,
        name: &'static str,
        wanted: &'static [u16],
        ask: impl Fn(&Set, &Tongue, &mut Turn, &mut Vec<u8>) + 'static,
    ) {
        let (set, tongue) = (Rc::clone(&self.material.set), self.tongue.clone());
        self.ops.push(Op {
            name,
            dialect: tongue.dialect,
            wanted,
            writes: name.starts_with("e,f"),
            ask: Rc::new(move |turn, out| ask(&set, &tongue, turn, out)),
        });
    }
}

/// The three places where members come and go; in sets with large groups the same in one large and in small ones.
const CHANGES: [(&str, Which); 3] = [("e,f", Which::Any), ("e,f of 5000", Which::Largest), ("e,f of 20", Which::Small)];

fn changes(set: &Set) -> &'static [(&'static str, Which)] {
    if set.size.name == "S" { &CHANGES[..1] } else { &CHANGES }
}

fn bearer(material: &Material) -> String {
    format!("authorization: Bearer {}.{}\r\n", material.key.0, material.key.1)
}

fn cakewalk(material: &Material) -> Vec<Op> {
    let credential = format!("x-api-key: {}\r\nx-api-secret: {}\r\n", material.key.0, material.key.1);
    let mut make = Maker::new(material, "cakewalk", credential);
    make.op("a", &[200], |set, say, turn, out| {
        say.request(out, "GET", format_args!("/api/v1/UsersGroups/{}", group(set, &mut turn.random)), "");
    });
    make.op("b", &[200], |set, say, turn, out| {
        say.request(out, "GET", format_args!("/api/v1/UsersGroups/{}/Users", group(set, &mut turn.random)), "");
    });
    make.op("b1", &[200], |set, say, _, out| {
        say.request(out, "GET", format_args!("/api/v1/UsersGroups/{}/Users", set.groups[0].id), "");
    });
    for (name, which) in changes(&material.set) {
        make.op(name, &[201, 204], |set, say, turn, out| match pair(set, turn, *which) {
            (group, user, true) => say.request(
                out,
                "POST",
                format_args!("/api/v1/UsersGroups/{group}/Users"),
                // The dialect wants to know in whose name it is done; that is the administrator.
                &format!(r#"{{"userIds":["{user}"],"triggeredByUserId":"{}"}}"#, set.users[0]),
            ),
            (group, user, false) => {
                say.request(out, "DELETE", format_args!("/api/v1/UsersGroups/{group}/Users/{user}"), "");
            }
        });
    }
    make.op("g (100)", &[200], |_, say, _, out| say.request(out, "GET", format_args!("/api/v1/UsersGroups"), ""));
    make.ops
}

fn native(material: &Material) -> Vec<Op> {
    let mut make = Maker::new(material, "native", bearer(material));
    let of = |set: &Set| format!("/v1/companies/{}", set.company);
    make.op("a", &[200], move |set, say, turn, out| {
        say.request(out, "GET", format_args!("{}/groups/{}", of(set), group(set, &mut turn.random)), "");
    });
    make.op("b", &[200], move |set, say, turn, out| {
        let group = group(set, &mut turn.random);
        say.request(out, "GET", format_args!("{}/groups/{group}/members?limit=100", of(set)), "");
    });
    make.op("b1", &[200], move |set, say, _, out| {
        say.request(out, "GET", format_args!("{}/groups/{}/members?limit=100", of(set), set.groups[0].id), "");
    });
    make.op("c", &[200], move |set, say, turn, out| {
        say.request(out, "GET", format_args!("{}/users/{}/groups", of(set), user(set, &mut turn.random)), "");
    });
    make.op("d", &[200, 404], move |set, say, turn, out| {
        let (group, user) = asked(set, turn);
        say.request(out, "GET", format_args!("{}/groups/{group}/members/{user}", of(set)), "");
    });
    for (name, which) in changes(&material.set) {
        make.op(name, &[201, 204], move |set, say, turn, out| {
            let (group, user, add) = pair(set, turn, *which);
            let method = if add { "PUT" } else { "DELETE" };
            say.request(out, method, format_args!("{}/groups/{group}/members/{user}", of(set)), "");
        });
    }
    make.op("g", &[200], move |set, say, _, out| {
        say.request(out, "GET", format_args!("{}/groups?limit=50", of(set)), "");
    });
    make.op("h", &[200], move |set, say, turn, out| {
        let topic = turn.random.one(&set.topics);
        say.request(out, "GET", format_args!("{}/groups?limit=50&q={topic}", of(set)), "");
    });
    knowing(&mut make);
    giving(&mut make);
    make.ops
}

/// How many questions one call asks.
const QUESTIONS: usize = 1000;

/// What only the native dialect answers: through nestings, many at once, why, and as of an instant.
fn knowing(make: &mut Maker<'_>) {
    let of = |set: &Set| format!("/v1/companies/{}", set.company);
    let check = |set: &Set, turn: &mut Turn, effective: bool| {
        let (group, user) = asked(set, turn);
        format!(r#"{{"user":"{user}","group":"{group}","effective":{effective}}}"#)
    };
    for (name, effective) in [("d (check)", false), ("i (check)", true)] {
        make.op(name, &[200], move |set, say, turn, out| {
            let body = format!(r#"{{"checks":[{}]}}"#, check(set, turn, effective));
            say.request(out, "POST", format_args!("{}/check", of(set)), &body);
        });
    }
    make.op("1000 checks", &[200], move |set, say, turn, out| {
        let checks: Vec<String> = (0..QUESTIONS)
            .map(|_| {
                turn.number += 1;
                check(set, turn, true)
            })
            .collect();
        turn.number -= QUESTIONS as u64;
        say.request(out, "POST", format_args!("{}/check", of(set)), &format!(r#"{{"checks":[{}]}}"#, checks.join(",")));
    });
    make.op("j", &[200], move |set, say, turn, out| {
        let user = user(set, &mut turn.random);
        say.request(out, "GET", format_args!("{}/users/{user}/groups?effective=true", of(set)), "");
    });
    make.op("why", &[200], move |set, say, turn, out| {
        let (group, user) = asked(set, turn);
        say.request(out, "GET", format_args!("{}/users/{user}/explain?group={group}", of(set)), "");
    });
    let then = make.material.then.clone();
    make.op("b1 as of", &[200], move |set, say, _, out| {
        let group = set.groups[0].id;
        say.request(out, "GET", format_args!("{}/groups/{group}/members?limit=100&at={then}", of(set)), "");
    });
    let then = make.material.then.clone();
    make.op("c as of", &[200], move |set, say, turn, out| {
        say.request(out, "GET", format_args!("{}/users/{}/groups?at={then}", of(set), user(set, &mut turn.random)), "");
    });
}

/// What groups give, and what people have, in the set that has such; and what joining costs where it gives apps.
fn giving(make: &mut Maker<'_>) {
    if make.material.set.given.is_none() {
        return;
    }
    let of = |set: &Set| format!("/v1/companies/{}", set.company);
    make.op("roles", &[200], move |set, say, turn, out| {
        say.request(out, "GET", format_args!("{}/users/{}/permissions", of(set), user(set, &mut turn.random)), "");
    });
    make.op("apps", &[200], move |set, say, turn, out| {
        say.request(out, "GET", format_args!("{}/users/{}/accesses", of(set), user(set, &mut turn.random)), "");
    });
    make.op("e,f of 10 apps", &[201, 204], move |set, say, turn, out| {
        let Some(given) = &set.given else { return };
        let add = turn.number.is_multiple_of(2);
        if add {
            let place = turn.random.below(set.users.len() / CONNECTIONS as usize) as u32;
            turn.kept = (turn.random.below(given.joining.len()) as u32, place * CONNECTIONS + turn.connection);
        }
        let (group, user) = (given.joining[turn.kept.0 as usize], set.users[turn.kept.1 as usize]);
        say.request(
            out,
            if add { "PUT" } else { "DELETE" },
            format_args!("{}/groups/{group}/members/{user}", of(set)),
            "",
        );
    });
}

/// One question of AuthZEN.
fn authzen(material: &Material) -> Vec<Op> {
    let mut make = Maker::new(material, "authzen", bearer(material));
    for (name, action) in [("d", "direct_member"), ("i", "member")] {
        make.op(name, &[200], move |set, say, turn, out| {
            let (group, user) = asked(set, turn);
            let body = format!(
                r#"{{"subject":{{"type":"user","id":"{user}"}},"action":{{"name":"{action}"}},"resource":{{"type":"group","id":"{group}"}}}}"#
            );
            say.request(out, "POST", format_args!("/access/v1/evaluation"), &body);
        });
    }
    if make.material.set.given.is_none() {
        return make.ops;
    }
    for (name, action, kind) in [("role", "holder", "role"), ("app", "access", "app")] {
        make.op(name, &[200], move |set, say, turn, out| {
            let Some(given) = &set.given else { return };
            let place = turn.random.below(set.users.len());
            let thing = match kind {
                "app" => given.held[(place + turn.number as usize % 2) % given.held.len()][0],
                _ => *turn.random.one(&given.roles),
            };
            let body = format!(
                r#"{{"subject":{{"type":"user","id":"{}"}},"action":{{"name":"{action}"}},"resource":{{"type":"{kind}","id":"{thing}"}}}}"#,
                set.users[place]
            );
            say.request(out, "POST", format_args!("/access/v1/evaluation"), &body);
        });
    }
    make.ops
}

/// Who is asked about: half of the time a member, half of the time somebody else.
fn asked(set: &Set, turn: &mut Turn) -> (Uuid, Uuid) {
    let group = turn.random.one(&set.groups).clone();
    let user = if turn.number.is_multiple_of(2) {
        set.users[*turn.random.one(&group.members) as usize]
    } else {
        user(set, &mut turn.random)
    };
    (group.id, user)
}

fn secoda(material: &Material) -> Vec<Op> {
    let mut make = Maker::new(material, "secoda", bearer(material));
    // A group here bears the ids of all its members, and a change of members sends all of them.
    make.op("a,b (ids)", &[200], |set, say, turn, out| {
        say.request(out, "GET", format_args!("/api/v1/auth/group/{}", group(set, &mut turn.random)), "");
    });
    make.op("b1 (all ids)", &[200], |set, say, _, out| {
        say.request(out, "GET", format_args!("/api/v1/auth/group/{}", set.groups[0].id), "");
    });
    make.op("c (ids)", &[200], |set, say, turn, out| {
        say.request(out, "GET", format_args!("/api/v1/user/{}", user(set, &mut turn.random)), "");
    });
    make.op("e,f (list)", &[200], |set, say, turn, out| {
        // Groups are shared out among the connections: whole lists overwrite one another.
        let rest = set.groups.len() - set.groups.len() / 2;
        let place = set.groups.len() / 2 + turn.connection as usize % rest;
        let group = &set.groups[place];
        let mut users: Vec<_> = group.members.iter().map(|user| format!("\"{}\"", set.users[*user as usize])).collect();
        if turn.number.is_multiple_of(2) {
            let spare = (0..).find(|user| !set.pairs.contains(&(place as u32, *user))).unwrap_or(0);
            users.push(format!("\"{}\"", set.users[spare as usize]));
        }
        let body = format!(r#"{{"users":[{}]}}"#, users.join(","));
        say.request(out, "PATCH", format_args!("/api/v1/auth/group/{}", group.id), &body);
    });
    make.op("g (with ids)", &[200], |_, say, _, out| say.request(out, "GET", format_args!("/api/v1/auth/group"), ""));
    make.ops
}

fn scim(material: &Material) -> Vec<Op> {
    let mut make = Maker::new(material, "scim", bearer(material));
    make.op("a", &[200], |set, say, turn, out| {
        let group = group(set, &mut turn.random);
        say.request(out, "GET", format_args!("/scim/v2/Groups/{group}?excludedAttributes=members"), "");
    });
    make.op("a of 5000", &[200], |set, say, _, out| {
        let group = set.groups[0].id;
        say.request(out, "GET", format_args!("/scim/v2/Groups/{group}?excludedAttributes=members"), "");
    });
    make.op("a,b (ids)", &[200], |set, say, turn, out| {
        say.request(out, "GET", format_args!("/scim/v2/Groups/{}", group(set, &mut turn.random)), "");
    });
    make.op("c", &[200], |set, say, turn, out| {
        say.request(out, "GET", format_args!("/scim/v2/Users/{}", user(set, &mut turn.random)), "");
    });
    make.op("d", &[200], |set, say, turn, out| {
        let (group, user) = (group(set, &mut turn.random), user(set, &mut turn.random));
        let filter = format_args!("id+eq+%22{group}%22+and+members+eq+%22{user}%22").to_string();
        say.request(out, "GET", format_args!("/scim/v2/Groups?excludedAttributes=members&filter={filter}"), "");
    });
    for (name, which) in changes(&material.set) {
        make.op(name, &[200], |set, say, turn, out| {
            let (group, user, add) = pair(set, turn, *which);
            let operation = match add {
                true => format!(r#"{{"op":"add","path":"members","value":[{{"value":"{user}"}}]}}"#),
                false => format!(r#"{{"op":"remove","path":"members[value eq \"{user}\"]"}}"#),
            };
            let body = format!(r#"{{"Operations":[{operation}]}}"#);
            say.request(out, "PATCH", format_args!("/scim/v2/Groups/{group}"), &body);
        });
    }
    make.op("g (with ids)", &[200], |_, say, _, out| {
        say.request(out, "GET", format_args!("/scim/v2/Groups?count=50"), "");
    });
    make.ops
}

fn companies(material: &Material) -> Vec<Op> {
    let mut make = Maker::new(material, "companies", bearer(material));
    let of = |set: &Set| format!("/v3/companies/{}/user-groups", set.company);
    make.op("a", &[200], move |set, say, turn, out| {
        say.request(out, "GET", format_args!("{}/{}", of(set), group(set, &mut turn.random)), "");
    });
    make.op("b (ids)", &[200], move |set, say, turn, out| {
        let group = group(set, &mut turn.random);
        say.request(out, "POST", format_args!("{}/{group}/members", of(set)), r#"{"pagination":{"limit":100}}"#);
    });
    make.op("b1 (ids)", &[200], move |set, say, _, out| {
        let group = set.groups[0].id;
        say.request(out, "POST", format_args!("{}/{group}/members", of(set)), r#"{"pagination":{"limit":100}}"#);
    });
    make.op("c", &[200], |set, say, turn, out| {
        let user = user(set, &mut turn.random);
        say.request(out, "POST", format_args!("/v3/users/{user}/user-groups"), r#"{"pagination":{}}"#);
    });
    make.op("d", &[200], move |set, say, turn, out| {
        let (group, user) = asked(set, turn);
        let body = format!(r#"{{"pagination":{{}},"filters":[{{"userIds":["{user}"]}}]}}"#);
        say.request(out, "POST", format_args!("{}/{group}/members", of(set)), &body);
    });
    for (name, which) in changes(&material.set) {
        make.op(name, &[200], move |set, say, turn, out| {
            let (group, user, add) = pair(set, turn, *which);
            let list = if add { "userIdsToAdd" } else { "userIdsToDelete" };
            let body = format!(r#"{{"{list}":["{user}"]}}"#);
            say.request(out, "PATCH", format_args!("{}/{group}/members", of(set)), &body);
        });
    }
    make.op("g", &[200], move |set, say, _, out| {
        let body = r#"{"pagination":{"limit":50},"sortParams":{"sortBy":"NAME","sortOrder":"ASC"}}"#;
        say.request(out, "POST", format_args!("{}/list", of(set)), body);
    });
    make.op("h", &[200], move |set, say, turn, out| {
        let topic = turn.random.one(&set.topics);
        let body = format!(r#"{{"searchText":"{topic}","pagination":{{"limit":50}}}}"#);
        say.request(out, "POST", format_args!("{}/list", of(set)), &body);
    });
    make.ops
}
