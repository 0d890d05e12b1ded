//! LDAP: people, groups and members of OpenLDAP, 389 Directory Server, Active Directory and FreeIPA.

mod dn;
mod entry;
mod read;
mod settings;
mod wire;

pub use read::read;
pub use settings::Settings;
