//! Records as what a new user, connection or group is made from.

use guildhall_domain::connection::NewConnection;
use guildhall_domain::group::{GroupState, Lifetime, NewGroup};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::NewUser;

use super::{ConnectionRecord, GroupRecord, UserRecord};

fn given<T: Clone>(patch: &Patch<T>) -> Option<T> {
    match patch {
        Patch::Set(value) => Some(value.clone()),
        Patch::Keep | Patch::Clear => None,
    }
}

impl UserRecord {
    /// The record as a new user.
    pub(super) fn birth(&self) -> NewUser {
        let edit = &self.edit;
        NewUser {
            id: Some(self.id),
            name: given(&edit.name),
            given_name: given(&edit.given_name),
            family_name: given(&edit.family_name),
            email: given(&edit.email).unwrap_or_default(),
            user_name: given(&edit.user_name),
            status: given(&edit.status),
            role: given(&edit.role),
            manager: given(&edit.manager),
            external_id: given(&edit.external_id),
            attributes: given(&edit.attributes),
            created_at: self.created_at,
            groups: Vec::new(),
        }
    }
}

impl ConnectionRecord {
    /// The record as a new connection.
    pub(super) fn birth(&self) -> NewConnection {
        NewConnection {
            id: Some(self.id),
            name: self.name.clone(),
            kind: self.kind.clone(),
            owner: given(&self.owner),
            one_way: given(&self.one_way),
            adopt: given(&self.adopt),
            settings: given(&self.settings),
            secret: None,
            brake_members: given(&self.brake_members),
            brake_percent: given(&self.brake_percent),
        }
    }
}

impl GroupRecord {
    /// The record as a new group; its state is for the writer to set.
    pub(super) fn birth(&self) -> NewGroup {
        NewGroup {
            id: Some(self.id),
            name: given(&self.edit.name).unwrap_or_default(),
            description: given(&self.edit.description),
            icon: given(&self.edit.icon),
            external_id: given(&self.edit.external_id),
            source: given(&self.source),
            rule: given(&self.edit.rule),
            unmodifiable: given(&self.unmodifiable).unwrap_or_default(),
            owners: given(&self.owners).unwrap_or_default(),
            members: Vec::new(),
            lifetime: Lifetime::default(),
            created_at: self.created_at,
        }
    }

    /// The state the record gives the group.
    pub(super) fn archived(&self) -> bool {
        self.state == Patch::Set(GroupState::Archived)
    }
}
