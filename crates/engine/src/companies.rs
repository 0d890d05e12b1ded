//! Use cases on companies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::company::{Company, CompanyState, EditCompany, Settings};
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::user::NewUser;
use guildhall_domain::{Error, Result, Timestamp, name};
use serde_json::json;

use crate::authz::{self, Action};
use crate::secrets::{Secrets, same};
use crate::store::Conn;
use crate::store::companies::{self, Head};
use crate::writer::Tx;
use crate::{Engine, Written, journal, users};

/// What a new company needs.
#[derive(Clone, Debug)]
pub struct NewCompany {
    /// The id, where the caller may choose it.
    pub id: Option<CompanyId>,
    /// The name.
    pub name: String,
    /// The settings; defaults when absent.
    pub settings: Option<Settings>,
    /// The first administrator: without one nobody can act in the company until an import brings one.
    pub admin: Option<NewUser>,
}

pub(crate) fn fields(company: &Company) -> Fields {
    vec![("name", Some(company.name.clone())), ("settings", Some(companies::settings_text(&company.settings)))]
}

/// Makes the company's row and its first event, in the transaction of a caller that is at work in it.
pub(crate) async fn bear(tx: &mut Tx, name: &str, settings: Settings, state: CompanyState) -> Result<Company> {
    let (id, now, version) = (tx.company(), tx.now(), tx.revision());
    let name = name::name("name", name)?;
    let company =
        Company { id, name, settings: settings.clone(), state, revision: 0, version, created_at: now, updated_at: now };
    let head = Head { settings, ..Head::unborn(state) };
    if tx.born() || !companies::insert(tx, &company, &head, now).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    tx.bear(head);
    journal::append(tx, &Event::CompanyCreated { company: id, fields: fields(&company) }).await?;
    Ok(Company { revision: tx.head().revision, ..company })
}

impl Engine {
    /// Makes a company, with its first administrator where one is given.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without a platform key; [`Error::Taken`] when the id is in use; [`Error::Invalid`].
    pub async fn create_company(&self, caller: &Caller, new: NewCompany) -> Result<Written<(Company, Option<UserId>)>> {
        // Asked here as well: inside, in a company that is not there yet, another's key would count as none at all.
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ManagePlatform, self.clock().now()).await?;
        drop(conn);
        let id = new.id.unwrap_or_else(|| self.clock().id());
        let caller = Caller { company: id, ..caller.clone() };
        self.write(&caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManagePlatform, now).await?;
            let mut settings = new.settings.unwrap_or_default();
            settings.apply(Default::default())?;
            let company = bear(tx, &new.name, settings, CompanyState::Active).await?;
            crate::platform::settle(tx).await?;
            let admin = match new.admin {
                Some(admin) => Some(users::create(tx, NewUser { role: Some(Role::Admin), ..admin }).await?.id),
                None => None,
            };
            Ok((Company { revision: tx.head().revision, ..company }, admin))
        })
        .await
    }

    /// One page of the companies that the caller may see: all for a platform key, else their own.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub async fn companies(&self, caller: &Caller, ask: &Ask<CompanyId>) -> Result<Page<Company, CompanyId>> {
        let mut conn = self.db().reader().await?;
        if caller.is_platform() {
            return companies::list(&mut conn, ask).await;
        }
        let own = companies::get(&mut conn, caller.company).await?;
        let shown = matches!(ask.from, guildhall_domain::page::From::Start);
        Ok(Page { items: own.into_iter().filter(|_| shown).collect(), next: None, total: Some(1) })
    }

    /// The company that the caller is at work in.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in use.
    pub async fn company(&self, caller: &Caller) -> Result<Company> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadCompany, self.clock().now()).await?;
        in_use(companies::get(&mut conn, caller.company).await?)
    }

    /// Edits the company that the caller is at work in; `version` is what `If-Match` named.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Error::Stale`].
    pub async fn edit_company(
        &self,
        caller: &Caller,
        edit: EditCompany,
        version: Option<u64>,
    ) -> Result<Written<Company>> {
        self.write(caller, async move |tx| {
            let (caller, now, id) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageCompany, now).await?;
            let mut company = in_use(companies::get(tx, id).await?)?;
            matches(version, company.version)?;
            if company.apply(edit)? {
                (company.version, company.updated_at) = (tx.revision(), now);
                companies::update(tx, &company).await?;
                tx.head_mut().settings = company.settings.clone();
                journal::append(tx, &Event::CompanyUpdated { company: id, fields: fields(&company) }).await?;
            }
            company.revision = tx.head().revision;
            Ok(company)
        })
        .await
    }

    /// Deletes the company that the caller is at work in: no door shows it any more and its keys end. `version` is
    /// what `If-Match` named.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without a platform key; [`Error::Stale`].
    pub async fn archive_company(&self, caller: &Caller, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, id) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManagePlatform, now).await?;
            let company = in_use(companies::get(tx, id).await?)?;
            matches(version, company.version)?;
            let company = Company { state: CompanyState::Archived, version: tx.revision(), updated_at: now, ..company };
            companies::update(tx, &company).await?;
            tx.head_mut().state = CompanyState::Archived;
            journal::append(tx, &Event::CompanyArchived { company: id }).await
        })
        .await
    }
}

fn in_use(company: Option<Company>) -> Result<Company> {
    company.filter(|c| c.state == CompanyState::Active).ok_or(Error::NotFound { noun: CompanyId::NOUN })
}

/// Refuses an edit of a record that is not at the version which the caller named.
pub(crate) fn matches(named: Option<u64>, version: u64) -> Result<()> {
    if named.is_none_or(|named| named == version) { Ok(()) } else { Err(Error::Stale) }
}

/// Sees to it that the platform company exists and that the master key is the one its keys were hashed with.
pub(crate) async fn platform(conn: &mut Conn, secrets: &Secrets, now: Timestamp) -> Result<()> {
    let id = CompanyId::PLATFORM;
    let ours = STANDARD_NO_PAD.encode(secrets.check());
    let company = Company {
        id,
        name: "Platform".into(),
        settings: Settings::default(),
        state: CompanyState::Platform,
        revision: 0,
        version: 0,
        created_at: now,
        updated_at: now,
    };
    if companies::insert(conn, &company, &Head::unborn(CompanyState::Platform), now).await? {
        return companies::mark(conn, id, &json!({ "masterCheck": ours }).to_string()).await;
    }
    let stored = companies::settings(conn, id).await?.unwrap_or_default();
    if known_by(secrets, &stored)? {
        return Ok(());
    }
    // The first start was cut off between the two statements.
    companies::mark(conn, id, &json!({ "masterCheck": ours }).to_string()).await
}

/// Is the master key the one that `stored`, the settings of the platform company, were written with? False when they
/// tell nothing of it.
///
/// # Errors
/// [`Error::Conflict`] when it is another one.
pub(crate) fn known_by(secrets: &Secrets, stored: &str) -> Result<bool> {
    let ours = STANDARD_NO_PAD.encode(secrets.check());
    let stored: serde_json::Value = serde_json::from_str(stored).map_err(Error::internal)?;
    match stored["masterCheck"].as_str() {
        Some(theirs) if same(theirs.as_bytes(), ours.as_bytes()) => Ok(true),
        Some(_) => Err(Error::conflict(
            "this master key is not the one this database was made with; set GUILDHALL_MASTER_KEY, or put the key file back, as they were",
        )),
        None => Ok(false),
    }
}
