//! Explanations as pictures: the ways into a group, or to a role or an app, as SVG, in columns
//! from the user on.
//!
//! What several ways share is drawn once, so that a lattice stays legible. The picture is for eyes: the same stands in
//! the JSON in words.

mod drawing;

use http::{HeaderMap, header};

use self::drawing::{Frame, Graph, draw};
use super::wire::{Explanation, GivenReason, HeldApp, Named, Path, WhyHeld};

/// The most groups of which a picture says that they would do.
const WAYS_IN: usize = 12;

/// Does a request ask for a picture, and not for JSON?
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        accepted.flat_map(|value| value.split(',')).filter_map(|item| item.split(';').next()).map(str::trim);
    let first = kinds.find(|kind| matches!(*kind, "image/svg+xml" | "application/json"));
    first == Some("image/svg+xml")
}

/// The day of a time as the API writes it.
fn day(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}

fn name(named: &Named) -> String {
    named.name.clone().unwrap_or_else(|| named.id.to_string())
}

fn by(who: Option<&Named>) -> String {
    who.map(|who| format!(" by {}", name(who))).unwrap_or_default()
}

fn reason_words(given: &GivenReason) -> (String, String, String) {
    let reason = &given.reason;
    let title = match reason.kind {
        "direct" => "By hand",
        "synced" => "Synced",
        "rule" => "By its rule",
        "requested" => "Requested",
        other => other,
    };
    let since = day(&reason.added_at);
    let until = reason.ends_at.as_deref().map(|end| format!(" until {}", day(end))).unwrap_or_default();
    let span = match reason.ends_at.as_deref() {
        Some(end) => format!("{since} to {}", day(end)),
        None => format!("since {since}"),
    };
    let from = reason.starts_at.as_deref().map(|start| format!(", from {}", day(start))).unwrap_or_default();
    let note = reason.note.as_deref().map(|note| format!(". {note}")).unwrap_or_default();
    let whole = format!("{title}, given {since}{}{from}{until}{note}", by(given.given_by.as_ref()));
    (title.to_owned(), span, whole)
}

/// The boxes of the way from the user to the last group of a path, where there is room; that group's box.
fn way(graph: &mut Graph, path: &Path, class: impl Fn(&str) -> &'static str) -> Option<String> {
    if !graph.has_room(path.steps.len() + 2) {
        return None;
    }
    let (title, below, whole) = reason_words(&path.reason);
    let reason = format!("reason {}", path.reason.reason.id);
    graph.node(reason.clone(), "b r", &title, below, whole);
    graph.tie("user", reason.clone(), "");
    let mut before = path.reason.group.id.to_string();
    graph.node(before.clone(), class(&before), &name(&path.reason.group), String::new(), name(&path.reason.group));
    graph.tie(reason, before.clone(), "");
    for step in &path.steps {
        let id = step.group.id.to_string();
        graph.node(id.clone(), class(&id), &name(&step.group), String::new(), name(&step.group));
        graph.tie(before, id.clone(), format!("inside since {}{}", day(&step.since), by(step.by.as_ref())));
        before = id;
    }
    Some(before)
}

/// A graph with the user in it.
fn from(user: &Named) -> Graph {
    let mut graph = Graph::default();
    graph.node("user".into(), "b u", &name(user), "the person".into(), name(user));
    graph
}

/// The line below a picture that does not show all.
fn foot(left_out: u64, words: &str) -> Option<String> {
    (left_out > 0).then(|| format!("{left_out} {words}"))
}

const MORE_WAYS: &str = "further ways are not drawn";
const MORE_GROUPS: &str = "further groups would give it as well";

/// The picture of why a user is in a group, or why not.
pub(super) fn of_group(told: &Explanation) -> String {
    let mut graph = from(&told.user);
    let target = told.group.id.to_string();
    let class = |id: &str| if id == target { "b t" } else { "b" };
    let left_out = told.paths.iter().filter(|path| way(&mut graph, path, class).is_none()).count() as u64;
    let mut below = foot(left_out, MORE_WAYS);
    if let Some(missing) = &told.missing {
        graph.node(target.clone(), "b t n", &told.group.name, "not a member".into(), told.group.name.clone());
        for group in missing.groups.iter().filter(|group| group.id != told.group.id).take(WAYS_IN) {
            let id = group.id.to_string();
            graph.node(id.clone(), "b n", &name(group), "would give it".into(), name(group));
            graph.tie("user", id.clone(), "not a direct member");
            graph.tie(id, target.clone(), "is inside, at some depth");
        }
        graph.tie("user", target.clone(), "not a direct member");
        below = foot(missing.total.saturating_sub(WAYS_IN as u64 + 1), MORE_GROUPS);
    }
    let verdict = if told.member { "is" } else { "is not" };
    let title = format!("{} {verdict} in {}", name(&told.user), told.group.name);
    draw(graph, &Frame { title, dashed: !told.member, foot: below })
}

/// The words on an access that stands by itself: the small line, and all of them.
fn access_words(access: &HeldApp) -> (String, String) {
    let since = day(&access.since);
    let asked = access.request.as_ref().map(|request| match request.group.as_ref() {
        Some(group) => format!(", by a request that {} raised", name(group)),
        None => ", by a request".to_owned(),
    });
    let whole = format!("Access, given {since}{}{}", by(access.by.as_ref()), asked.unwrap_or_default());
    (format!("since {since}"), whole)
}

/// The picture of why a user has a role or an app, or why not.
pub(super) fn of_thing(told: &WhyHeld) -> String {
    let mut graph = from(&told.user);
    let (kind, thing) = match (&told.role, &told.app) {
        (Some(role), _) => ("role", name(role)),
        (None, Some(app)) => ("app", name(app)),
        (None, None) => ("app", String::new()),
    };
    let (class, below) = if told.held { ("b t", kind.to_owned()) } else { ("b t n", format!("{kind}, not held")) };
    graph.node("thing".into(), class, &thing, below, thing.clone());
    if let Some(access) = &told.access {
        let (below, whole) = access_words(access);
        graph.node("access".into(), "b r", if access.is_owner { "Owner" } else { "Access" }, below, whole);
        graph.tie("user", "access", "");
        graph.tie("access", "thing", "");
    }
    let mut left_out = 0;
    for giving in &told.paths {
        match way(&mut graph, &giving.path, |_| "b") {
            None => left_out += 1,
            Some(group) => {
                let words = format!("gives it since {}{}", day(&giving.grant.since), by(giving.grant.by.as_ref()));
                graph.tie(group, "thing", words);
            }
        }
    }
    let mut foot_line = foot(left_out, MORE_WAYS);
    if let Some(missing) = &told.missing {
        for grant in missing.grants.iter().take(WAYS_IN) {
            let id = grant.group.id.to_string();
            graph.node(id.clone(), "b n", &name(&grant.group), "would give it".into(), name(&grant.group));
            graph.tie("user", id.clone(), "not a member");
            graph.tie(id, "thing", format!("gives it since {}{}", day(&grant.since), by(grant.by.as_ref())));
        }
        if missing.grants.is_empty() {
            graph.tie("user", "thing", "no group gives it");
        }
        foot_line = foot(missing.total.saturating_sub(WAYS_IN as u64), MORE_GROUPS);
    }
    let verdict = if told.held { "has" } else { "does not have" };
    let title = format!("{} {verdict} {thing}", name(&told.user));
    draw(graph, &Frame { title, dashed: !told.held, foot: foot_line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_wanted_by_name_and_before_json() {
        let wants = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a value"));
            wanted(&headers)
        };
        assert!(wants("image/svg+xml") && wants("image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8"));
        assert!(wants("image/svg+xml, application/json") && !wants("application/json, image/svg+xml"));
        assert!(!wants("*/*") && !wants("image/*") && !wants("application/json"));
        assert!(!wanted(&HeaderMap::new()));
    }
}
