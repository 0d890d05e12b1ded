//! What a request's head must satisfy before any work is done for it.

use http::{HeaderMap, Method, StatusCode, Version, header, request::Parts};

use super::{
    layers::Settings,
    peer::Origin,
    query::decoded,
    refusal::{Asked, Refusal},
};

/// Refuses a head that is too large, unclear or not for us.
pub(super) fn head(head: &Parts, origin: &Origin, asked: &Asked, settings: &Settings) -> Result<(), Refusal> {
    let refuse = |status, detail: &str| Err(Refusal::new(asked, status, detail));
    let limits = &settings.limits;
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len() as u64);
    if target > limits.target {
        return Err(Refusal::new(
            asked,
            StatusCode::URI_TOO_LONG,
            format!("the target is longer than {} bytes", limits.target),
        ));
    }
    if head.headers.len() > limits.fields {
        return Err(Refusal::new(
            asked,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request has more than {} header fields", limits.fields),
        ));
    }
    if size(&head.headers) + target > limits.head {
        return Err(Refusal::new(
            asked,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request's head is larger than {} bytes", limits.head),
        ));
    }
    if head.method == Method::CONNECT || !head.uri.path().starts_with('/') {
        return refuse(StatusCode::BAD_REQUEST, "the target must be a path");
    }
    match decoded(head.uri.path()) {
        None => return refuse(StatusCode::BAD_REQUEST, "the path is not percent-encoded UTF-8"),
        Some(path) if path.chars().any(char::is_control) => {
            return refuse(StatusCode::BAD_REQUEST, "the path holds a control character");
        }
        Some(_) => {}
    }
    let hosts = head.headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return refuse(StatusCode::BAD_REQUEST, "the request must have one Host field");
    }
    // Which of two was meant, nobody can tell, and something before this server may have judged by the other.
    if head.headers.get_all(header::AUTHORIZATION).iter().nth(1).is_some() {
        return refuse(StatusCode::BAD_REQUEST, "the request must have one Authorization field at most");
    }
    if !settings.allowed_hosts.is_empty() {
        let name = origin.host_name();
        let allowed = |name: &str| settings.allowed_hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
        if !name.as_deref().is_some_and(allowed) {
            return refuse(StatusCode::MISDIRECTED_REQUEST, "this server does not answer to that host name");
        }
    }
    Ok(())
}

/// As it came: name, colon, space, value, line end.
fn size(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}
