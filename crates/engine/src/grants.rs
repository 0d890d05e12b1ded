//! What joining and leaving a group brings about: requests for its default apps (`reference/cakewalk-v1.md` §7.1).

use std::collections::HashSet;

use guildhall_domain::Result;
use guildhall_domain::access::{GroupApp, Visibility};
use guildhall_domain::app::App;
use guildhall_domain::ids::{AppId, GroupId, UserId};
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::RequestStatus;

use crate::requests::Wanted;
use crate::store::nestings::Towards;
use crate::store::{self, accesses, group_apps, requests as rows};
use crate::writer::Tx;
use crate::{hands, nestings, requests};

/// The default apps of a group and of every group around it, with the group that gives each, the nearest first.
pub(crate) async fn given_by(tx: &mut Tx, group: GroupId) -> Result<Vec<GroupApp>> {
    let company = tx.company();
    // Most companies have no apps: one look spares them the way up through the nestings.
    let apps = match tx.known().apps {
        Some(apps) => apps,
        None => group_apps::any(tx, company).await?,
    };
    tx.known().apps = Some(apps);
    if !apps {
        return Ok(Vec::new());
    }
    let mut around = nestings::reach(tx, company, &[group], Towards::Parents, None).await?.groups();
    around.sort_unstable_by_key(|other| *other != group);
    let mut given: Vec<GroupApp> = Vec::new();
    for group in around {
        for link in group_apps::of_group(tx, company, group).await? {
            if link.visibility == Visibility::Default && !given.iter().any(|other| other.app == link.app) {
                given.push(link);
            }
        }
    }
    Ok(given)
}

fn wanted(tx: &Tx, kind: RequestKind, link: &GroupApp, app: &App) -> Wanted {
    Wanted {
        kind,
        requester: tx.caller().user(),
        app: Some(app.id),
        level: match kind {
            RequestKind::Grant => link.level.filter(|id| app.level(*id).is_some()).or_else(|| app.default_level()),
            _ => None,
        },
        group: None,
        purpose: None,
        source: Some(link.group.uuid()),
        ends_at: None,
    }
}

/// Users have joined a group: one request per default app that each lacks and has not been asked for.
pub(crate) async fn joined(tx: &mut Tx, group: GroupId, users: &[UserId]) -> Result<()> {
    let given = given_by(tx, group).await?;
    ask_for(tx, given, users).await
}

/// Asks for what these users are given from now on, as far as they lack it and have not been asked for.
async fn ask_for(tx: &mut Tx, given: Vec<GroupApp>, users: &[UserId]) -> Result<()> {
    let company = tx.company();
    if given.is_empty() || users.is_empty() {
        return Ok(());
    }
    let found = store::users::get_each(tx, company, users).await?;
    let users: Vec<UserId> = found.into_iter().flatten().filter(|user| user.counts()).map(|user| user.id).collect();
    let approve = tx.approves();
    for link in given {
        let Some(app) = store::apps::get(tx, company, link.app).await? else { continue };
        let pairs: Vec<(AppId, UserId)> = users.iter().map(|user| (app.id, *user)).collect();
        let standing = accesses::standing(tx, company, &pairs).await?;
        let pending = rows::pending_each(tx, company, app.id, &users).await?;
        let (mut lacking, mut leaving) = (Vec::new(), Vec::new());
        for ((user, has), pending) in users.iter().zip(standing).zip(pending) {
            let asked = pending.iter().any(|request| request.kind == RequestKind::Grant);
            if has.is_none() && !asked {
                lacking.push(Some(*user));
            }
            // Whoever comes back keeps what leaving was about to take.
            leaving.extend(pending.into_iter().filter(|r| r.kind == RequestKind::Remove && came_from_a_group(r)));
        }
        for mut request in leaving {
            requests::end(tx, &mut request, RequestStatus::Cancelled).await?;
        }
        let wanted = wanted(tx, RequestKind::Grant, &link, &app);
        requests::raise(tx, &wanted, &lacking, approve).await?;
    }
    Ok(())
}

/// A group is inside another now: its effective members have joined that one.
pub(crate) async fn nested(tx: &mut Tx, parent: GroupId, child: GroupId) -> Result<()> {
    if given_by(tx, parent).await?.is_empty() {
        return Ok(());
    }
    let members = hands::members(tx, &[child]).await?;
    joined(tx, parent, &members).await
}

/// A group is inside another no more: its effective members have left that one.
pub(crate) async fn unnested(tx: &mut Tx, parent: GroupId, child: GroupId) -> Result<()> {
    if given_by(tx, parent).await?.is_empty() {
        return Ok(());
    }
    let members = hands::members(tx, &[child]).await?;
    left(tx, parent, &members).await
}

/// Did joining or leaving raise this request, and not an offboarding? Those of an offboarding have a purpose.
fn came_from_a_group(request: &guildhall_domain::request::AccessRequest) -> bool {
    request.source.is_some() && request.purpose.is_none()
}

/// Users have left a group: one removal request per default app that each has and no other group of theirs gives;
/// what was asked for them and is not decided yet is called off.
pub(crate) async fn left(tx: &mut Tx, group: GroupId, users: &[UserId]) -> Result<()> {
    let given = given_by(tx, group).await?;
    ask_back(tx, given, users).await
}

/// A group gives an app from now on: its effective members are asked for who lack it.
pub(crate) async fn linked(tx: &mut Tx, link: GroupApp) -> Result<()> {
    let members = hands::members(tx, &[link.group]).await?;
    ask_for(tx, vec![link], &members).await
}

/// A group gives an app no more: it is asked back from its effective members whom no other group gives it.
pub(crate) async fn unlinked(tx: &mut Tx, link: GroupApp) -> Result<()> {
    let members = hands::members(tx, &[link.group]).await?;
    ask_back(tx, vec![link], &members).await
}

/// Of these users, who may have gone from being a member to not being one or back: asks for what they are given, and
/// back what they are given no more.
pub(crate) async fn turned(tx: &mut Tx, group: GroupId, users: &[UserId]) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let given = given_by(tx, group).await?;
    if given.is_empty() {
        return Ok(());
    }
    let open = store::reasons::open_of(tx, company, group, users).await?;
    let standing = |open: &Vec<guildhall_domain::membership::Reason>| open.iter().any(|r| r.window.holds(now));
    let (is_in, is_out): (Vec<_>, Vec<_>) = users.iter().zip(&open).partition(|(_, open)| standing(open));
    let ids = |of: Vec<(&UserId, &Vec<_>)>| of.into_iter().map(|(user, _)| *user).collect::<Vec<UserId>>();
    let (is_in, is_out) = (ids(is_in), ids(is_out));
    ask_for(tx, given.clone(), &is_in).await?;
    ask_back(tx, given, &is_out).await
}

/// Asks back what these users were given by a group that they have left, and calls off what was asked for.
pub(crate) async fn ask_back(tx: &mut Tx, given: Vec<GroupApp>, users: &[UserId]) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    if given.is_empty() || users.is_empty() {
        return Ok(());
    }
    let mut still: Vec<HashSet<AppId>> = Vec::with_capacity(users.len());
    for user in users {
        let mut apps = HashSet::new();
        for other in nestings::groups_of(tx, company, *user, now).await? {
            let held = group_apps::of_group(tx, company, other).await?;
            apps.extend(held.iter().filter(|link| link.visibility == Visibility::Default).map(|link| link.app));
        }
        still.push(apps);
    }
    for link in given {
        let Some(app) = store::apps::get(tx, company, link.app).await? else { continue };
        let losing: Vec<UserId> =
            users.iter().zip(&still).filter(|(_, apps)| !apps.contains(&app.id)).map(|(user, _)| *user).collect();
        let pairs: Vec<(AppId, UserId)> = losing.iter().map(|user| (app.id, *user)).collect();
        let standing = accesses::standing(tx, company, &pairs).await?;
        let pending = rows::pending_each(tx, company, app.id, &losing).await?;
        let mut targets = Vec::new();
        for ((user, has), pending) in losing.iter().zip(standing).zip(pending) {
            let asked = pending.iter().any(|request| request.kind == RequestKind::Remove);
            if has.is_some() && !asked {
                targets.push(Some(*user));
            }
            for mut request in pending {
                if request.kind == RequestKind::Grant && came_from_a_group(&request) {
                    requests::end(tx, &mut request, RequestStatus::Cancelled).await?;
                }
            }
        }
        let wanted = wanted(tx, RequestKind::Remove, &link, &app);
        requests::raise(tx, &wanted, &targets, false).await?;
    }
    Ok(())
}
