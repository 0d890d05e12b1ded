//! How people sign in to the console. Flattened into `guildhall serve`.

use clap::Args;
use guildhall_domain::ids::CompanyId;

use crate::oidc::{Provider, Registration};

/// Signing in to the console with OpenID Connect, beside keys.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sign-in")]
pub struct SignIn {
    /// The issuer of the OpenID Connect provider whose people sign in to the console; its metadata lies below it.
    /// Register HOST/console/oidc/callback with it
    #[arg(long, env = "GUILDHALL_OIDC_ISSUER", value_name = "URL", requires_all = ["oidc_client_id", "oidc_company"])]
    pub oidc_issuer: Option<String>,
    /// What the provider knows this server by
    #[arg(long, env = "GUILDHALL_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// The secret that goes with it, if the provider gave one. Better set as GUILDHALL_OIDC_CLIENT_SECRET: other users
    /// can see a flag
    #[arg(long, env = "GUILDHALL_OIDC_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<String>,
    /// The company whose users they are, found by their e-mail address
    #[arg(long, env = "GUILDHALL_OIDC_COMPANY", value_name = "ID")]
    pub oidc_company: Option<String>,
    /// What the button says
    #[arg(long, env = "GUILDHALL_OIDC_NAME", value_name = "NAME", default_value = "single sign-on")]
    pub oidc_name: String,
}

impl SignIn {
    /// The provider, where there is one.
    ///
    /// # Errors
    /// When its address or the company's id will not do.
    pub fn provider(&self) -> Result<Option<Provider>, String> {
        let (Some(issuer), Some(client_id), Some(company)) =
            (&self.oidc_issuer, &self.oidc_client_id, &self.oidc_company)
        else {
            return Ok(None);
        };
        let company = CompanyId::parse("--oidc-company", company).map_err(|e| e.to_string())?;
        let registration = Registration {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            client_secret: self.oidc_client_secret.clone(),
            company,
            name: self.oidc_name.clone(),
        };
        Provider::new(registration).map(Some).map_err(|why| format!("--oidc-issuer: {why}"))
    }
}
