//! LDAP: people, groups and members of OpenLDAP, 389 Directory Server, Active Directory and FreeIPA.

mod dn;
mod entry;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod read;
mod relay;
mod settings;
mod wire;

pub use read::read;
pub use settings::Settings;
