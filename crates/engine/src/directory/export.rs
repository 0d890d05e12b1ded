//! Writing companies out: one state of the database, in a fixed order and bounded memory.

use std::collections::BTreeSet;

use guildhall_domain::access::{AppAccess, GroupApp};
use guildhall_domain::app::App;
use guildhall_domain::company::{Company, CompanyState};
use guildhall_domain::conflict::Conflict;
use guildhall_domain::connection::{Connection, Link, Noun};
use guildhall_domain::group::{Group, GroupState, Owner};
use guildhall_domain::ids::{AppId, CompanyId, ConflictId, ConnectionId, GroupId, PolicyId, ReasonId, RoleId, UserId};
use guildhall_domain::membership::{Reason, ReasonKind};
use guildhall_domain::page::{Ask, From};
use guildhall_domain::policy::Policy;
use guildhall_domain::role::{AccessRole, Grant};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result};
use tokio::sync::mpsc::Sender;

use super::platform;
use crate::Engine;
use crate::store::nestings::{self, Nesting};
use crate::store::{
    Conn, accesses, apps, companies, conflicts, connections, group_apps, groups, links, owners, policies, reasons,
    roles, users,
};

/// Rows read at a time.
const PAGE: u32 = 1000;

/// One record on its way out.
#[derive(Clone, Debug)]
pub enum Told {
    /// A company.
    Company(Company),
    /// A user of a company.
    User(CompanyId, User),
    /// A group of a company, with its owners.
    Group(CompanyId, Group, Vec<Owner>),
    /// A nesting in a company.
    Nesting(CompanyId, Nesting),
    /// A membership in a company.
    Membership(CompanyId, Reason),
    /// A role of a company, or of the platform.
    Role(CompanyId, AccessRole),
    /// A role that a group of a company gives.
    GroupRole(CompanyId, Grant),
    /// A connection of a company.
    Connection(CompanyId, Connection),
    /// That a connection of a company knows somebody.
    Link(CompanyId, Link),
    /// An app of a company.
    App(CompanyId, App),
    /// What an app is to a group of a company.
    GroupApp(CompanyId, GroupApp),
    /// An access in a company.
    Access(CompanyId, AppAccess),
    /// A policy of a company.
    Policy(CompanyId, Policy),
    /// A conflict of a company.
    Conflict(CompanyId, Conflict),
}

impl Engine {
    /// Sends the records of one company, or of all, to `sink`: first the roles and groups of the platform (of one company:
    /// the roles among them that it gives), then each company with its users, groups, nestings, roles,
    /// what groups give, connections, their links, memberships, apps, what groups hold of them, accesses, policies and conflicts, by id. Purged groups,
    /// erased people, what archived groups would give and rule reasons are not told. Ends early when nobody receives any
    /// more.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such company in use; [`Error::Unavailable`].
    pub async fn export(&self, only: Option<CompanyId>, sink: Sender<Vec<Told>>) -> Result<()> {
        let mut conn = self.db().reader().await?;
        conn.reading_all(true)?;
        conn.begin_snapshot().await?;
        let ids: Vec<CompanyId> = match only {
            Some(id) => vec![id],
            None => {
                let every = companies::every(&mut conn).await?.into_iter();
                every.filter(|(.., state)| *state == CompanyState::Active).map(|(id, ..)| id).collect()
            }
        };
        if !tell(&sink, platform::told(&mut conn, only).await?).await {
            return Ok(());
        }
        for id in ids {
            let company = companies::get(&mut conn, id).await?.filter(|c| c.state == CompanyState::Active);
            let company = company.ok_or(Error::NotFound { noun: CompanyId::NOUN })?;
            if !tell(&sink, vec![Told::Company(company)]).await || !self.tell_company(&mut conn, id, &sink).await? {
                return Ok(());
            }
        }
        conn.end_snapshot().await?;
        conn.reading_all(false)
    }

    /// True when all of it was received.
    async fn tell_company(&self, conn: &mut Conn, id: CompanyId, sink: &Sender<Vec<Told>>) -> Result<bool> {
        let mut after = Some(UserId::NIL);
        while let Some(from) = after {
            let page = users::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|user| user.id);
            if !tell(sink, page.into_iter().map(|user| Told::User(id, user)).collect()).await {
                return Ok(false);
            }
        }
        let mut after = Some(GroupId::NIL);
        while let Some(from) = after {
            let page = groups::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|group| group.id);
            let shown: Vec<Group> = page.into_iter().filter(|group| group.state != GroupState::Purged).collect();
            let of: Vec<GroupId> = shown.iter().map(|group| group.id).collect();
            let owned = owners::of_groups(conn, id, &of).await?;
            let told = shown.into_iter().zip(owned).map(|(group, owners)| Told::Group(id, group, owners));
            if !tell(sink, told.collect()).await {
                return Ok(false);
            }
        }
        let mut after = Some(Nesting { parent: GroupId::NIL, child: GroupId::NIL });
        while let Some(from) = after {
            let page = nestings::all_of(conn, id, from, PAGE).await?;
            after = page.last().copied();
            if !tell(sink, page.into_iter().map(|nesting| Told::Nesting(id, nesting)).collect()).await {
                return Ok(false);
            }
        }
        let all = roles::all_of(conn, id, RoleId::NIL, PAGE).await?;
        if !tell(sink, all.into_iter().map(|role| Told::Role(id, role)).collect()).await {
            return Ok(false);
        }
        let mut given = roles::grants(conn, id).await?;
        let mut giving: Vec<GroupId> = given.iter().map(|grant| grant.group).collect();
        giving.dedup();
        let live = groups::get_each(conn, id, &giving).await?.into_iter();
        let live: BTreeSet<GroupId> = live.filter(|g| g.state == GroupState::Live).map(|g| g.id).collect();
        given.retain(|grant| live.contains(&grant.group));
        if !tell(sink, given.into_iter().map(|grant| Told::GroupRole(id, grant)).collect()).await {
            return Ok(false);
        }
        let (mut after, mut sources) = (Some(ConnectionId::NIL), Vec::new());
        while let Some(from) = after {
            let ask = Ask { from: From::After(from), ..Ask::first(PAGE) };
            let page = connections::list(conn, id, &ask).await?;
            after = page.next;
            sources.extend(page.items.iter().map(|connection| connection.id));
            if !tell(sink, page.items.into_iter().map(|connection| Told::Connection(id, connection)).collect()).await {
                return Ok(false);
            }
        }
        for (source, noun) in sources.iter().flat_map(|id| [(*id, Noun::User), (*id, Noun::Group)]) {
            if !self.tell_links(conn, id, source, noun, sink).await? {
                return Ok(false);
            }
        }
        let mut after = Some((GroupId::NIL, UserId::NIL, ReasonId::NIL));
        while let Some(from) = after {
            let page = reasons::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|reason| (reason.group, reason.user, reason.id));
            let shown = page.into_iter().filter(|reason| reason.kind != ReasonKind::Rule);
            if !tell(sink, shown.map(|reason| Told::Membership(id, reason)).collect()).await {
                return Ok(false);
            }
        }
        self.tell_apps(conn, id, sink).await
    }

    async fn tell_links(
        &self,
        conn: &mut Conn,
        id: CompanyId,
        source: ConnectionId,
        noun: Noun,
        sink: &Sender<Vec<Told>>,
    ) -> Result<bool> {
        let mut ask = Ask::first(PAGE);
        loop {
            let page = links::list(conn, id, source, noun, &ask).await?;
            let mut shown = page.items;
            if noun == Noun::Group {
                let of: Vec<GroupId> = shown.iter().map(|link| link.object.into()).collect();
                let live = groups::get_each(conn, id, &of).await?.into_iter();
                let live: BTreeSet<GroupId> = live.filter(|g| g.state == GroupState::Live).map(|g| g.id).collect();
                shown.retain(|link| live.contains(&link.object.into()));
            }
            if !tell(sink, shown.into_iter().map(|link| Told::Link(id, link)).collect()).await {
                return Ok(false);
            }
            match page.next {
                Some(next) => ask.from = From::After(next),
                None => return Ok(true),
            }
        }
    }

    async fn tell_apps(&self, conn: &mut Conn, id: CompanyId, sink: &Sender<Vec<Told>>) -> Result<bool> {
        let mut after = Some(AppId::NIL);
        while let Some(from) = after {
            let page = apps::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|app| app.id);
            if !tell(sink, page.into_iter().map(|app| Told::App(id, app)).collect()).await {
                return Ok(false);
            }
        }
        let mut after = Some((GroupId::NIL, AppId::NIL));
        while let Some(from) = after {
            let page = group_apps::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|link| (link.group, link.app));
            if !tell(sink, page.into_iter().map(|link| Told::GroupApp(id, link)).collect()).await {
                return Ok(false);
            }
        }
        let mut after = Some((AppId::NIL, UserId::NIL));
        while let Some(from) = after {
            let page = accesses::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|access| (access.app, access.user));
            if !tell(sink, page.into_iter().map(|access| Told::Access(id, access)).collect()).await {
                return Ok(false);
            }
        }
        let mut after = Some(PolicyId::NIL);
        while let Some(from) = after {
            let page = policies::all_of(conn, id, from, PAGE).await?;
            after = page.last().map(|policy| policy.id);
            if !tell(sink, page.into_iter().map(|policy| Told::Policy(id, policy)).collect()).await {
                return Ok(false);
            }
        }
        let mut after = Some(ConflictId::NIL);
        while let Some(from) = after {
            let ask = Ask { from: From::After(from), ..Ask::first(PAGE) };
            let page = conflicts::list(conn, id, &ask).await?;
            after = page.next;
            if !tell(sink, page.items.into_iter().map(|conflict| Told::Conflict(id, conflict)).collect()).await {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// False when nobody receives any more.
async fn tell(sink: &Sender<Vec<Told>>, records: Vec<Told>) -> bool {
    records.is_empty() || sink.send(records).await.is_ok()
}
