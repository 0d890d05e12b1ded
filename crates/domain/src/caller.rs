//! Who calls, through which door, and with what right.

use std::fmt;

use crate::ids::{CompanyId, ConnectionId, KeyId, RequestId, SessionId, UserId};

/// A closed set of words that travel and are stored as texts.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word that is stored and that the native dialect speaks.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// Reads a word.
            ///
            /// # Errors
            /// [`crate::Error::Invalid`] on `field`, listing the words there are.
            pub fn parse(field: &str, raw: &str) -> crate::Result<Self> {
                match raw {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::Error::invalid(field, concat!("must be one of", $(" `", $word, "`"),+))),
                }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    )+};
}
pub(crate) use words;

words! {
    /// A way of speaking to the server.
    Dialect {
        /// Cakewalk v1.
        Cakewalk = "cakewalk",
        /// Secoda v1.
        Secoda = "secoda",
        /// companies v3.
        Companies = "companies-v3",
        /// SCIM 2.0.
        Scim = "scim",
        /// AuthZEN 1.0.
        Authzen = "authzen",
        /// Guildhall's own.
        Native = "native",
        /// The command line.
        Cli = "cli",
        /// The server itself: timers and jobs.
        System = "system",
    }
    /// What a key may do at all; fixed for its life.
    Access {
        /// Reads only.
        Read = "read",
        /// Reads and changes.
        Write = "write",
    }
    /// The workspace role of a user.
    Role {
        /// Everything in the company.
        Admin = "admin",
        /// Reads, and edits the members of groups they own.
        Editor = "editor",
        /// Reads.
        Viewer = "viewer",
        /// Their own tasks, requests and memberships only.
        Guest = "guest",
    }
}

/// Who stands behind a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person of the company.
    User(UserId),
    /// A platform key or the server's own command line.
    Platform,
    /// The server, for what time brings about.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Platform => f.write_str("platform"),
            Self::System => f.write_str("system"),
        }
    }
}

/// Turns the outcome of a use case and the company's revision after it into the bytes of an answer.
pub type Seal = std::sync::Arc<dyn Fn(&dyn std::any::Any, u64) -> Option<Vec<u8>> + Send + Sync>;

/// A request's answer, kept so that the same request is answered the same again.
///
/// `seal` turns the outcome of the use case and its revision into the bytes that are stored in the transaction
/// of the change; it answers none for an outcome it does not know.
#[derive(Clone)]
pub struct Once {
    /// The `Idempotency-Key`, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request: [u8; 32],
    /// Renders the answer.
    pub seal: Seal,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("key", &self.key).finish_non_exhaustive()
    }
}

/// One caller of one use case.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The company everything is looked up in.
    pub company: CompanyId,
    /// Who acts.
    pub actor: Actor,
    /// The actor's workspace role; none for the platform and the system.
    pub role: Option<Role>,
    /// The real credential, recorded apart from any person named in the request. Of a session that no key opened it
    /// is the session's own id.
    pub key: Option<KeyId>,
    /// The session of the console that the call came in, if it did.
    pub session: Option<SessionId>,
    /// What that credential may do at all.
    pub access: Access,
    /// The identity source that the key stands for, if any.
    pub connection: Option<ConnectionId>,
    /// The door.
    pub dialect: Dialect,
    /// The request, as the log names it.
    pub request: RequestId,
    /// Set when the request carried an idempotency key.
    pub once: Option<Once>,
    /// Is a change only to be tried, and what it would do be told?
    pub preview: bool,
    /// The confirmation that a call held by the brake was answered with, when it is sent again.
    pub confirmation: Option<String>,
}

impl Caller {
    /// The server's own hand (command line or timer) in `company`: no key, every right.
    pub fn operator(company: CompanyId, dialect: Dialect, request: RequestId) -> Self {
        let actor = if dialect == Dialect::System { Actor::System } else { Actor::Platform };
        Self {
            company,
            actor,
            role: None,
            key: None,
            session: None,
            access: Access::Write,
            connection: None,
            dialect,
            request,
            once: None,
            preview: false,
            confirmation: None,
        }
    }

    /// Is this a key without a company, or the server's own hand?
    pub fn is_platform(&self) -> bool {
        !matches!(self.actor, Actor::User(_))
    }

    /// The acting person, if it is one.
    pub fn user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(id) => Some(id),
            Actor::Platform | Actor::System => None,
        }
    }
}
