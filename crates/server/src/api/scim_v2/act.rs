//! What can be done with one resource, for the routes and for the operations of a bulk alike.

use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::Caller;
use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_engine::{Crew, Person, Written};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::{Failure, Kind};
use super::extract::Tags;
use super::project::Projection;
use super::schema::Type;
use super::{Base, MEDIA_TYPE, group, patch, show, tag, user};
use crate::app::App;

/// Where and for whom something is done, and what is shown of it.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    /// The engine and its limits.
    pub(super) app: &'a App,
    /// Who asks.
    pub(super) caller: &'a Caller,
    /// Where resources are.
    pub(super) base: &'a Base,
    /// What is shown; none where nobody looks.
    pub(super) shown: Option<&'a Projection>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// 200, 201 or 204.
    pub(super) status: StatusCode,
    /// The resource's id; none when it is gone.
    pub(super) id: Option<(Type, Uuid)>,
    /// Its version; none when it is gone.
    pub(super) version: Option<u64>,
    /// The company's revision after a change.
    pub(super) revision: Option<u64>,
    /// The resource as it is shown.
    pub(super) body: Option<Value>,
    /// Its members as text, where they stand apart from it.
    members: Option<String>,
}

impl Outcome {
    /// The outcome as an answer.
    pub(super) fn answer(self, base: &Base) -> Response {
        let Self { status, id, version, revision, body, members } = self;
        let mut response = match body {
            Some(body) => {
                let mut text = body.to_string();
                if let Some(members) = members {
                    text.truncate(text.len() - 1);
                    text.extend([r#","members":"#, &members, "}"]);
                }
                (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
            }
            None => status.into_response(),
        };
        let mut put = |name: header::HeaderName, text: String| {
            if let Ok(value) = HeaderValue::try_from(text) {
                response.headers_mut().insert(name, value);
            }
        };
        if let Some(version) = version {
            put(header::ETAG, tag(version));
        }
        if let Some((of, id)) = id {
            let name = if status == StatusCode::CREATED { header::LOCATION } else { header::CONTENT_LOCATION };
            put(name, base.location(of, &id.to_string()));
        }
        if let Some(revision) = revision {
            put(header::HeaderName::from_static("guildhall-revision"), revision.to_string());
        }
        response
    }
}

impl Desk<'_> {
    async fn person(&self, status: StatusCode, written: Written<Person>) -> Result<Outcome, Failure> {
        let Written { value: person, revision } = written;
        Ok(Outcome {
            status,
            id: Some((Type::User, person.user.id.uuid())),
            version: Some(person.version),
            revision: Some(revision),
            body: match self.shown {
                Some(shown) => show::people(self.app, self.caller, self.base, &[person], shown).await?.pop(),
                None => None,
            },
            members: None,
        })
    }

    async fn crew(&self, status: StatusCode, written: Written<Crew>, patched: bool) -> Result<Outcome, Failure> {
        let Written { value: crew, revision } = written;
        let body = match self.shown {
            Some(shown) if patched => Some(show::patched(self.app, self.caller, self.base, &crew, shown).await?),
            Some(shown) => {
                show::crews(self.app, self.caller, self.base, std::slice::from_ref(&crew), shown).await?.pop()
            }
            None => None,
        };
        let id = Some((Type::Group, crew.group.id.uuid()));
        Ok(Outcome { status, id, version: Some(crew.version), revision: Some(revision), body, members: None })
    }

    /// A group that is read with all there is to it: its members are put into text one by one, which costs a fraction
    /// of a document of each.
    async fn whole(&self, crew: Crew) -> Result<Outcome, Failure> {
        let members = self.app.engine().crew_members(self.caller, &[crew.group.id]).await?.pop().unwrap_or_default();
        Ok(Outcome {
            status: StatusCode::OK,
            id: Some((Type::Group, crew.group.id.uuid())),
            version: Some(crew.version),
            revision: None,
            body: Some(group::document(self.base, &crew).into()),
            members: (!members.is_empty()).then(|| group::written_members(self.base, &members)),
        })
    }

    /// Reads a resource; without a body where the client has it.
    pub(super) async fn read(&self, of: Type, id: Uuid, known: &Tags) -> Result<Outcome, Failure> {
        let engine = self.app.engine();
        let mut outcome = match of {
            Type::User => {
                let person = engine.person(self.caller, UserId::new(id)).await?;
                self.person(StatusCode::OK, Written { value: person, revision: 0 }).await?
            }
            Type::Group => {
                let crew = engine.crew(self.caller, GroupId::new(id)).await?;
                match self.shown.filter(|shown| shown.is_whole(Type::Group)) {
                    Some(_) => self.whole(crew).await?,
                    None => self.crew(StatusCode::OK, Written { value: crew, revision: 0 }, false).await?,
                }
            }
        };
        outcome.revision = None;
        if outcome.version.is_some_and(|version| known.name(version)) {
            (outcome.status, outcome.body) = (StatusCode::NOT_MODIFIED, None);
        }
        Ok(outcome)
    }

    /// Makes a resource.
    pub(super) async fn create(&self, of: Type, body: &Map<String, Value>) -> Result<Outcome, Failure> {
        let engine = self.app.engine();
        match of {
            Type::User => {
                let new = user::new(&patch::document(Type::User, body)?)?;
                self.person(StatusCode::CREATED, engine.create_person(self.caller, new).await?).await
            }
            Type::Group => {
                let (name, external_id, members) = group::new(body)?;
                let new = NewGroup { name, ..NewGroup::default() };
                let written = engine.create_crew(self.caller, new, members, external_id).await?;
                self.crew(StatusCode::CREATED, written, false).await
            }
        }
    }

    /// Puts a resource in place of what is there.
    pub(super) async fn replace(
        &self,
        of: Type,
        id: Uuid,
        body: &Map<String, Value>,
        tags: &Tags,
    ) -> Result<Outcome, Failure> {
        let (engine, version) = (self.app.engine(), self.version(of, id, tags).await);
        match of {
            Type::User => {
                let wanted = patch::document(Type::User, body)?;
                let decide = move |person: &Person| user::edit(&wanted, person, false);
                let written = engine.edit_person(self.caller, UserId::new(id), version, decide).await?;
                self.person(StatusCode::OK, settled(written)?).await
            }
            Type::Group => {
                let edit = group::replacement(body)?;
                let written = engine.edit_crew(self.caller, GroupId::new(id), edit, version).await?;
                self.crew(StatusCode::OK, written, false).await
            }
        }
    }

    /// Carries the operations of a patch out, all or none.
    pub(super) async fn patch(
        &self,
        of: Type,
        id: Uuid,
        body: &Map<String, Value>,
        tags: &Tags,
    ) -> Result<Outcome, Failure> {
        let (engine, version) = (self.app.engine(), self.version(of, id, tags).await);
        let operations = patch::operations(body)?;
        match of {
            Type::User => {
                patch::bounded(&operations)?;
                let decide = move |person: &Person| {
                    let mut document = user::document(&Base::nowhere(), person);
                    for operation in &operations {
                        for step in patch::steps(Type::User, operation)? {
                            patch::apply(Type::User, &mut document, &step)?;
                        }
                    }
                    user::edit(&document, person, true)
                };
                let written = engine.edit_person(self.caller, UserId::new(id), version, decide).await?;
                self.person(StatusCode::OK, settled(written)?).await
            }
            Type::Group => {
                let edit = group::patch(&operations)?;
                let written = engine.edit_crew(self.caller, GroupId::new(id), edit, version).await?;
                self.crew(StatusCode::OK, written, true).await
            }
        }
    }

    /// Deletes a resource.
    pub(super) async fn delete(&self, of: Type, id: Uuid, tags: &Tags) -> Result<Outcome, Failure> {
        let (engine, version) = (self.app.engine(), self.version(of, id, tags).await);
        let revision = match of {
            Type::User => engine.delete_person(self.caller, UserId::new(id), version).await?.revision,
            Type::Group => engine.delete_crew(self.caller, GroupId::new(id), version).await?.revision,
        };
        let status = StatusCode::NO_CONTENT;
        Ok(Outcome { status, id: None, version: None, revision: Some(revision), body: None, members: None })
    }

    async fn version(&self, of: Type, id: Uuid, tags: &Tags) -> Option<u64> {
        let engine = self.app.engine();
        let current = async {
            match of {
                Type::User => engine.person(self.caller, UserId::new(id)).await.ok().map(|person| person.version),
                Type::Group => engine.crew(self.caller, GroupId::new(id)).await.ok().map(|crew| crew.version),
            }
        };
        tags.version(current).await
    }
}

/// What the transaction of an edit answered, or why the edit refused there.
fn settled(written: Written<Result<Person, Failure>>) -> Result<Written<Person>, Failure> {
    let Written { value, revision } = written;
    Ok(Written { value: value?, revision })
}

/// Refuses a member that a body must have.
pub(super) fn missing(name: &str) -> Failure {
    Failure::bad(Kind::InvalidSyntax, format!("{name}: is missing"))
}
