//! For fuzzing: everything of this dialect that reads what a client wrote.

use guildhall_domain::Timestamp;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::user::User;
use serde::de::DeserializeOwned;

use super::error::Failure;
use super::extract::Body;
use super::token::TokenRequest;
use super::wire::directory::UserSearch;
use super::wire::groups::{UserGroupInput, UserGroupSearch};
use super::wire::members::{MemberChange, MemberSearch};
use super::wire::people::{CompanyInput, NewCompanyInput, UserInput};
use super::wire::scalars::Object;
use crate::fuzz::{body, settled};

fn json<T: DeserializeOwned, U>(bytes: &[u8], then: impl FnOnce(T) -> guildhall_domain::Result<U>) {
    if let Some(Body(body)) = body::<Body<T>>("application/json", bytes) {
        settled(then(body).map_err(Failure::from));
    }
}

/// Tries bodies and the token's form on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    let before: UserInput = serde_json::from_str(r#"{"name":"A B","email":"a@b.example"}"#).expect("a user");
    let before = before.into_new().and_then(|new| User::birth(UserId::NIL, new, Timestamp::MIN, 1)).expect("a user");
    json(bytes, UserGroupSearch::required);
    json(bytes, UserGroupSearch::optional);
    json(bytes, UserGroupInput::into_new);
    json(bytes, UserGroupInput::into_edit);
    json(bytes, MemberSearch::checked);
    json(bytes, |change: MemberChange| Ok(change.into_command(GroupId::NIL)));
    json(bytes, UserSearch::checked);
    json(bytes, UserInput::into_new);
    json(bytes, |user: UserInput| user.into_edit(&before));
    json(bytes, |company: CompanyInput| Ok(company.name));
    json(bytes, |new: NewCompanyInput| new.administrator.map(|Object(admin)| admin.into_new()).transpose());
    body::<TokenRequest>("application/x-www-form-urlencoded", bytes);
}
