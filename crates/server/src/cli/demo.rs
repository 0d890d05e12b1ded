//! `guildhall serve --demo`: the repository's own company, and calls that work as they are printed.

use std::net::SocketAddr;

use guildhall_domain::caller::{Access, Caller, Dialect};
use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::page::Ask;
use guildhall_engine::directory::Load;
use guildhall_engine::{Engine, NewKey, Secret};
use uuid::{Uuid, uuid};

use super::{Failure, import};
use crate::format::Reader;

const DIRECTORY: &[u8] = include_bytes!("../../../../demo/northwind.jsonl");
const COMPANY: Uuid = uuid!("c0000000-0000-4000-8000-000000000001");
/// Ada Lindqvist, who administers it.
const ADMIN: Uuid = uuid!("0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21");
/// Engineering.
const GROUP: Uuid = uuid!("b0000000-0000-4000-8000-000000000002");

/// The demo company with a fresh key.
pub(super) struct Demo {
    key: Secret,
}

/// Imports the demo company into an empty database, and puts a fresh key in the place of the last start's.
pub(super) async fn prepare(engine: &Engine) -> Result<Demo, Failure> {
    engine.remove_unfinished().await?;
    let company = CompanyId::new(COMPANY);
    let platform = Caller::operator(CompanyId::PLATFORM, Dialect::Cli, engine.clock().id());
    let there = engine.companies(&platform, &Ask::first(2)).await?.items;
    if there.iter().any(|one| one.id != company) {
        return Err(Failure::new(
            "--demo wants a database of its own and this one holds another company; name a new file, such as --database sqlite:demo.db",
        ));
    }
    if there.is_empty() {
        let (mut load, mut reader) = (Load::new(), Reader::new());
        load.file("demo/northwind.jsonl")?;
        let read = reader.take(DIRECTORY, &mut load).and_then(|()| reader.end(&mut load));
        read.map_err(|fault| Failure::new(fault.to_string()))?;
        import::write(engine, load, false, None).await?;
    }
    let caller = Caller { company, ..platform };
    let new = NewKey {
        user: Some(UserId::new(ADMIN)),
        name: Some("demo".into()),
        access: Access::Write,
        connection: None,
        expires_at: None,
    };
    Ok(Demo { key: engine.replace_key(&caller, new).await?.value })
}

impl Demo {
    /// What is printed after the first line: a call for each dialect, to paste as it is.
    pub(super) fn words(&self, url: &str, address: SocketAddr) -> String {
        // An address that stands for every interface is nothing to call.
        let url = match address.ip().is_unspecified() {
            false => url.to_owned(),
            true => format!("{}://localhost:{}", url.split(':').next().unwrap_or("http"), address.port()),
        };
        let (id, secret, token) = (self.key.key.id, &self.key.secret, self.key.token());
        let json = r#"-H 'Content-Type: application/json' -d '{"pagination":{}}'"#;
        let asked = format!(
            r#"-H 'Content-Type: application/json' -d '{{"subject":{{"type":"user","id":"mira.holt@northwind.example"}},"action":{{"name":"member"}},"resource":{{"type":"group","id":"{GROUP}"}}}}'"#
        );
        format!(
            "
The demo company is Northwind Traders. Until the next start this key acts as Ada Lindqvist, who administers it.

Console: open {url}/console and sign in with
  {token}

Cakewalk v1: groups, and the users of Engineering
  curl -H 'X-API-KEY: {id}' -H 'X-API-SECRET: {secret}' {url}/api/v1/UsersGroups
  curl -H 'X-API-KEY: {id}' -H 'X-API-SECRET: {secret}' {url}/api/v1/UsersGroups/{GROUP}/Users

Native: groups, and the members of Engineering
  curl -H 'Authorization: Bearer {token}' {url}/v1/companies/{COMPANY}/groups
  curl -H 'Authorization: Bearer {token}' {url}/v1/companies/{COMPANY}/groups/{GROUP}/members

Secoda v1: groups with their members
  curl -H 'Authorization: Bearer {token}' {url}/api/v1/auth/group

Companies v3: a token from the key, groups, and the members of Engineering (the key itself serves as a token too)
  curl -d grant_type=client_credentials -d client_id={id} -d client_secret={secret} {url}/v2/auth/oauth2-token
  curl {json} -H 'Authorization: Bearer {token}' {url}/v3/companies/{COMPANY}/user-groups/list
  curl {json} -H 'Authorization: Bearer {token}' {url}/v3/companies/{COMPANY}/user-groups/{GROUP}/members

SCIM 2.0: groups without their members, and a user by sign-in name
  curl -H 'Authorization: Bearer {token}' '{url}/scim/v2/Groups?excludedAttributes=members'
  curl -H 'Authorization: Bearer {token}' '{url}/scim/v2/Users?filter=userName+eq+%22ada.lindqvist%40northwind.example%22'

AuthZEN 1.0: is Mira a member of Engineering?
  curl {asked} -H 'Authorization: Bearer {token}' {url}/access/v1/evaluation

Every call there is: {url}/docs. Ctrl-C stops the server.
"
        )
    }
}
