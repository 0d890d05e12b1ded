//! Path manners: letter case, a slash at the end, and the old internal segment.

use http::Uri;
use http::uri::PathAndQuery;

/// Every path of the dialect as the reference spells it (§2), below `/api/v1`; `{}` stands for what a client fills in.
/// Whatever is not in here is left as it came: `/api/v1/auth` and `/api/v1/user` belong to another dialect.
const PATHS: &[&str] = &[
    "Users",
    "Users/{}",
    "UsersGroups",
    "UsersGroups/{}",
    "UsersGroups/{}/DefaultWorkApps",
    "UsersGroups/{}/HiddenWorkApps",
    "UsersGroups/{}/Users",
    "UsersGroups/{}/Users/{}",
    "WorkApps",
    "WorkApps/Accesses",
    "WorkApps/{}",
    "WorkApps/{}/Accesses",
    "WorkApps/{}/PermissionLevels",
    "WorkApps/{}/Policies/{}",
    "WorkApps/{}/PermissionLevels/{}/Policies/{}",
    "WorkApps/{}/CustomFields",
    "Requests",
    "Requests/GrantAccess",
    "Requests/ChangePermission",
    "Requests/RemoveAccess",
    "Tasks",
    "Tasks/{}",
    "Tasks/{}/Approve",
    "Tasks/{}/Decline",
    "Policies/CompatiblePolicies/{}",
    "AccessReviews",
];

/// The target to route by, where it is not the one that came: letter case and one slash at the end do not matter
/// (CW-1), and `OpenApiBFF` behind the version is skipped (CW-2). What a client filled in and the query stay as sent.
pub fn manners(uri: &Uri) -> Option<Uri> {
    let path = canonical(uri.path())?;
    if path == uri.path() {
        return None;
    }
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

/// The path as the reference spells it, if it is one of this dialect.
fn canonical(path: &str) -> Option<String> {
    let path = path.strip_prefix('/')?;
    let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    let below = match segments[..] {
        [api, keys] if is(api, "api") && is(keys, "Keys") => return Some("/api/Keys".to_owned()),
        [api, v1, bff, ref below @ ..] if is(api, "api") && is(v1, "v1") && is(bff, "OpenApiBFF") => below,
        [api, v1, ref below @ ..] if is(api, "api") && is(v1, "v1") => below,
        _ => return None,
    };
    let fits = |form: &&&str| {
        let mut words = form.split('/');
        below
            .iter()
            .all(|came| words.next().is_some_and(|word| if word == "{}" { !came.is_empty() } else { is(came, word) }))
            && words.next().is_none()
    };
    let form = PATHS.iter().find(fits)?;
    let mut whole = String::from("/api/v1");
    for (word, came) in form.split('/').zip(below) {
        whole.push('/');
        whole.push_str(if word == "{}" { came } else { word });
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(target: &str) -> String {
        let uri: Uri = target.parse().unwrap();
        manners(&uri).unwrap_or(uri).to_string()
    }

    #[test]
    fn letter_case_slash_and_old_segment_do_not_matter() {
        for same in [
            "/api/v1/Users",
            "/api/v1/users",
            "/API/V1/USERS/",
            "/api/v1/OpenApiBFF/Users",
            "/api/v1/openapibff/users/",
        ] {
            assert_eq!(routed(same), "/api/v1/Users", "{same}");
        }
        assert_eq!(
            routed("/api/v1/usersgroups/aBc%2F/users/X/?Cursor=Q%2Fz"),
            "/api/v1/UsersGroups/aBc%2F/Users/X?Cursor=Q%2Fz"
        );
        assert_eq!(routed("/api/v1/workapps/accesses"), "/api/v1/WorkApps/Accesses");
        assert_eq!(routed("/api/keys/"), "/api/Keys");
        assert_eq!(routed("http://host/api/v1/users"), "http://host/api/v1/Users");
    }

    #[test]
    fn paths_of_others_stay_as_they_are() {
        for other in [
            "/api/v1/auth/group/",
            "/api/v1/user/",
            "/api/v2/scim/Users/",
            "/api/v1/Users//",
            "/api/v1//Users",
            "/api/v1/Users/a/b",
            "/api/v1",
            "/api/v1/OpenApiBFF/OpenApiBFF/Users",
            "/api/v1/%55sers",
            "/",
        ] {
            assert_eq!(routed(other), other);
        }
        assert!(manners(&"/api/v1/Users?a=b".parse().unwrap()).is_none());
    }
}
