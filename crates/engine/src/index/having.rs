//! Who has which app, in a snapshot.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use guildhall_domain::Result;
use guildhall_domain::access::AppAccess;
use guildhall_domain::app::App;
use guildhall_domain::ids::{AppId, CompanyId, UserId};

use super::sorted::Sorted;
use crate::store::{Conn, accesses, apps};

/// Rows read at a time.
const PAGE: u32 = 10_000;

/// The apps of a company, and every access that stands.
#[derive(Clone, Default)]
pub(crate) struct Having {
    apps: Arc<BTreeMap<AppId, Arc<App>>>,
    /// By user, then app.
    accesses: Sorted<AppAccess>,
}

fn order(access: &AppAccess, user: UserId, app: AppId) -> Ordering {
    (access.user, access.app).cmp(&(user, app))
}

/// Reads who has what.
pub(super) async fn read(conn: &mut Conn, company: CompanyId) -> Result<Having> {
    let (mut all_apps, mut after) = (BTreeMap::new(), Some(AppId::NIL));
    while let Some(from) = after {
        let page = apps::all_of(conn, company, from, PAGE).await?;
        after = page.last().map(|app| app.id);
        all_apps.extend(page.into_iter().map(|app| (app.id, Arc::new(app))));
    }
    let (mut all, mut after) = (Vec::new(), Some((AppId::NIL, UserId::NIL)));
    while let Some(from) = after {
        let page = accesses::all_of(conn, company, from, PAGE).await?;
        after = page.last().map(|access| (access.app, access.user));
        all.extend(page);
    }
    all.sort_unstable_by_key(|access| (access.user, access.app));
    Ok(Having { apps: Arc::new(all_apps), accesses: Sorted::from_sorted(all) })
}

impl Having {
    /// What a user has behind an app, by app id, with the app.
    pub(crate) fn of_user(&self, user: UserId, after: AppId) -> impl Iterator<Item = (&AppAccess, &Arc<App>)> {
        // What compares equal comes last before what follows.
        let behind = move |access: &AppAccess| order(access, user, after).then(Ordering::Less);
        let own = self.accesses.iter_from(behind).take_while(move |access| access.user == user);
        own.filter_map(|access| Some((access, self.apps.get(&access.app)?)))
    }

    /// An app.
    pub(crate) fn app(&self, id: AppId) -> Option<&Arc<App>> {
        self.apps.get(&id)
    }

    /// What a user has of an app.
    pub(crate) fn get(&self, user: UserId, app: AppId) -> Option<&AppAccess> {
        self.accesses.get(|access| order(access, user, app))
    }

    /// Reads the records of these apps anew, and what each of these pairs of app and user comes to.
    pub(super) async fn follow(
        &mut self,
        conn: &mut Conn,
        company: CompanyId,
        changed: &BTreeSet<AppId>,
        pairs: &BTreeSet<(AppId, UserId)>,
    ) -> Result<()> {
        if !changed.is_empty() {
            let ids: Vec<AppId> = changed.iter().copied().collect();
            let all = Arc::make_mut(&mut self.apps);
            for (id, found) in ids.iter().zip(apps::get_each(conn, company, &ids).await?) {
                match found {
                    Some(app) => drop(all.insert(*id, Arc::new(app))),
                    None => drop(all.remove(id)),
                }
            }
        }
        let pairs: Vec<(AppId, UserId)> = pairs.iter().copied().collect();
        for ((app, user), found) in pairs.iter().zip(accesses::standing(conn, company, &pairs).await?) {
            match found {
                Some(access) => self.accesses.put(access, |other| order(other, *user, *app)),
                None => drop(self.accesses.remove(|other| order(other, *user, *app))),
            }
        }
        Ok(())
    }

    /// A user is gone, and what they had with them.
    pub(super) fn forget(&mut self, user: UserId) {
        let apps: Vec<AppId> = self.of_user(user, AppId::NIL).map(|(access, _)| access.app).collect();
        for app in apps {
            self.accesses.remove(|access| order(access, user, app));
        }
    }
}
