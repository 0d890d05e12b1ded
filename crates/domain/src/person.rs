//! What a listing shows of a person, in as little memory as it takes.

use crate::ids::UserId;
use crate::user::UserStatus;

/// A person as a list of members shows them: id, name, e-mail address and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id.
    pub id: UserId,
    /// Where the user stands.
    pub status: UserStatus,
    /// Name and address in one text, and where the address begins: one allocation instead of two.
    text: Box<str>,
    split: u32,
}

impl Person {
    /// A person of this name and address.
    pub fn new(id: UserId, name: &str, email: &str, status: UserStatus) -> Self {
        let text = [name, email].concat().into_boxed_str();
        Self { id, status, text, split: name.len() as u32 }
    }

    /// The whole name.
    pub fn name(&self) -> &str {
        self.text.split_at(self.split as usize).0
    }

    /// The e-mail address.
    pub fn email(&self) -> &str {
        self.text.split_at(self.split as usize).1
    }

    /// Is the user's membership of anything counted at all?
    pub fn counts(&self) -> bool {
        self.status != UserStatus::Inactive
    }
}
