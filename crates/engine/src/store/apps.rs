//! Rows of apps. What no statement looks into (levels, custom fields and the like) stands in one JSON text.

use guildhall_domain::app::{AiRisk, App, AppStatus, Level};
use guildhall_domain::custom::{CustomField, FieldKind};
use guildhall_domain::ids::{AppId, CompanyId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::db::like;
use super::{Conn, Row, Value, sql, val};

/// The columns of an app, in the order that [`read_at`] expects; `a` is the table.
macro_rules! app_columns {
    () => {
        "a.app_id, a.name, a.status, a.owner_id, a.body, a.created_at, a.updated_at, a.version"
    };
}
pub(crate) use app_columns;

sql! {
    GET = concat!("select ", app_columns!(), " from apps a where a.company_id = $1 and a.app_id = $2");
    LIST = concat!("select ", app_columns!(), " from apps a where a.company_id = $1 and (a.name_key, a.app_id) > ($2, $3)
                   and a.search_key like $4 escape '\\' and (cast($5 as text) = '' or a.status = $5) order by a.name_key, a.app_id limit $6 offset $7");
    COUNT = "select count(*) from apps a where a.company_id = $1 and a.search_key like $2 escape '\\' and (cast($3 as text) = '' or a.status = $3)";
    INSERT = "insert into apps (company_id, app_id, name, name_key, search_key, status, owner_id, body, created_at, updated_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing";
    UPDATE = "update apps set name = $3, name_key = $4, search_key = $5, status = $6, owner_id = $7, body = $8, created_at = $9, updated_at = $10, version = $11
              where company_id = $1 and app_id = $2";
    ALL_OF = concat!("select ", app_columns!(), " from apps a where a.company_id = $1 and a.app_id > $2 order by a.app_id limit $3");
    FORGET = "delete from apps where company_id = $1 and app_id in (select a.app_id from apps a where a.company_id = $1 order by a.app_id limit 5000)";
}

/// Behind which row a page of apps begins: the folded name and the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppKey(pub String, pub AppId);

impl AppKey {
    /// The place of this app in a listing.
    pub fn of(app: &App) -> Self {
        Self(fold(&app.name), app.id)
    }
}

/// Which apps are asked for.
#[derive(Clone, Debug, Default)]
pub struct AppFilter {
    /// A text that name, tag line or description must hold, in any letter case.
    pub text: Option<String>,
    /// The status; any when absent.
    pub status: Option<AppStatus>,
}

/// The levels of an app as JSON.
pub(crate) fn levels_json(levels: &[Level]) -> Json {
    let one = |l: &Level| {
        json!({"id": l.id.to_string(), "name": l.name, "description": l.description,
               "isDefault": l.is_default, "isPrivileged": l.is_privileged})
    };
    levels.iter().map(one).collect()
}

/// The custom fields of an app as JSON.
pub(crate) fn fields_json(fields: &[CustomField]) -> Json {
    let one = |f: &CustomField| {
        let options: Vec<Json> =
            f.options.iter().map(|(id, name)| json!({"id": id.to_string(), "name": name})).collect();
        json!({"id": f.id.to_string(), "name": f.name, "type": f.kind.word(), "required": f.required,
               "options": options, "value": f.value, "guid": f.guid.map(|id| id.to_string())})
    };
    fields.iter().map(one).collect()
}

/// What is thought of an app's use of artificial intelligence, as JSON.
pub(crate) fn risk_json(risk: &AiRisk) -> Json {
    json!({"id": risk.id, "level": risk.level, "reasoning": risk.reasoning})
}

fn body(app: &App) -> String {
    json!({
        "tagLine": app.tag_line, "description": app.description, "category": app.category, "url": app.url,
        "imageUrl": app.image_url, "isBundle": app.is_bundle, "serverLocations": app.server_locations,
        "certifications": app.certifications, "aiRisk": app.ai_risk.as_ref().map(risk_json),
        "levels": levels_json(&app.levels), "fields": fields_json(&app.fields),
    })
    .to_string()
}

fn text(json: &Json, name: &str) -> Option<String> {
    json[name].as_str().map(str::to_owned)
}

fn id<T: std::convert::From<Uuid>>(json: &Json, name: &str) -> Result<T> {
    let raw = json[name].as_str().unwrap_or_default();
    Uuid::parse_str(raw).map(T::from).map_err(Error::internal)
}

fn texts(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

fn level(json: &Json) -> Result<Level> {
    Ok(Level {
        id: id(json, "id")?,
        name: text(json, "name").unwrap_or_default(),
        description: text(json, "description").unwrap_or_default(),
        is_default: json["isDefault"].as_bool().unwrap_or(false),
        is_privileged: json["isPrivileged"].as_bool().unwrap_or(false),
    })
}

fn field(json: &Json) -> Result<CustomField> {
    let option = |json: &Json| Ok((id(json, "id")?, text(json, "name").unwrap_or_default()));
    Ok(CustomField {
        id: id(json, "id")?,
        name: text(json, "name").unwrap_or_default(),
        kind: FieldKind::parse("type", json["type"].as_str().unwrap_or_default()).map_err(Error::internal)?,
        required: json["required"].as_bool().unwrap_or(false),
        options: json["options"].as_array().into_iter().flatten().map(option).collect::<Result<_>>()?,
        value: text(json, "value"),
        guid: if json["guid"].is_string() { Some(id(json, "guid")?) } else { None },
    })
}

/// Reads an app from the columns that `app_columns!` names, the first of them at `at`.
pub(crate) fn read_at(row: Row<'_>, at: usize) -> Result<App> {
    let body: Json = row.look(at + 4, |raw| serde_json::from_str(raw).map_err(Error::internal))?;
    let risk = &body["aiRisk"];
    let ai_risk = risk.is_object().then(|| AiRisk {
        id: risk["id"].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or_default(),
        level: text(risk, "level").unwrap_or_default(),
        reasoning: text(risk, "reasoning").unwrap_or_default(),
    });
    Ok(App {
        id: row.id(at)?,
        name: row.text(at + 1)?,
        tag_line: text(&body, "tagLine"),
        description: text(&body, "description"),
        category: text(&body, "category"),
        url: text(&body, "url"),
        image_url: text(&body, "imageUrl"),
        status: row.look(at + 2, |w| AppStatus::parse("status", w).map_err(Error::internal))?,
        owner: row.opt_id(at + 3)?,
        is_bundle: body["isBundle"].as_bool().unwrap_or(false),
        server_locations: texts(&body["serverLocations"]),
        certifications: texts(&body["certifications"]),
        ai_risk,
        levels: body["levels"].as_array().into_iter().flatten().map(level).collect::<Result<_>>()?,
        fields: body["fields"].as_array().into_iter().flatten().map(field).collect::<Result<_>>()?,
        created_at: row.time(at + 5)?,
        updated_at: row.time(at + 6)?,
        version: row.count(at + 7)?,
    })
}

fn read(row: Row<'_>) -> Result<App> {
    read_at(row, 0)
}

fn written<'a>(company: CompanyId, a: &'a App) -> Vec<Value<'a>> {
    let name_key = fold(&a.name);
    let mut search_key = name_key.clone();
    for more in [&a.tag_line, &a.description].into_iter().flatten() {
        search_key.push('\n');
        search_key.push_str(&fold(more));
    }
    vec![
        val(company),
        val(a.id),
        val(&a.name),
        val(name_key),
        val(search_key),
        val(a.status.word()),
        val(a.owner),
        val(body(a)),
        val(a.created_at),
        val(a.updated_at),
        val(a.version),
    ]
}

/// Where a page by name begins: folded name, id, rows to skip.
pub(crate) fn start(ask: &Ask<AppKey>) -> (&str, AppId, u64) {
    match &ask.from {
        From::Start => ("", AppId::NIL, 0),
        From::After(AppKey(name, id)) => (name, *id, 0),
        From::Offset(n) => ("", AppId::NIL, *n),
    }
}

/// The app, whatever its status.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: AppId) -> Result<Option<App>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// Each of `ids`, in their order; none in place of one that the company has not.
pub(crate) async fn get_each(conn: &mut Conn, company: CompanyId, ids: &[AppId]) -> Result<Vec<Option<App>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    Ok(conn.rows_each(&GET, &sets, read).await?.into_iter().map(|mut rows| rows.pop()).collect())
}

/// One page of apps, by name.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    filter: &AppFilter,
    ask: &Ask<AppKey>,
) -> Result<Page<App, AppKey>> {
    let pattern = filter.text.as_deref().map_or_else(|| "%".to_owned(), |text| like(&fold(text)));
    let status = filter.status.map_or("", AppStatus::word);
    let (name, id, offset) = start(ask);
    let values = [val(company), val(name), val(id), val(&pattern), val(status), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&LIST, &values, read).await?;
    let total = match ask.total {
        true => conn.row(&COUNT, &[val(company), val(&pattern), val(status)], |row| row.count(0)).await?,
        false => None,
    };
    Ok(Page::cut(rows, ask.limit, total, AppKey::of))
}

/// Makes the row of an app; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, app: &App) -> Result<bool> {
    Ok(conn.run(&INSERT, &written(company, app)).await? == 1)
}

/// Writes an app's row.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, app: &App) -> Result<()> {
    conn.run(&UPDATE, &written(company, app)).await.map(drop)
}

/// The `limit` apps behind `after`, by id, for an export.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId, after: AppId, limit: u32) -> Result<Vec<App>> {
    conn.rows(&ALL_OF, &[val(company), val(after), val(limit)], read).await
}

/// Removes some apps of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
