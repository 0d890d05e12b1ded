//! What the server may call by itself. Flattened into `guildhall serve`.

use clap::Args;
use ipnet::IpNet;

use super::parse_net;
use crate::http::reach::Reach;
use crate::mail::Mailer;

/// Calls out: webhooks and e-mail.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Calls out")]
pub struct Outward {
    /// Addresses or networks that webhooks may call although they are not of the public internet, separated by commas
    #[arg(long, env = "GUILDHALL_WEBHOOK_ALLOW", value_name = "NET", value_delimiter = ',', value_parser = parse_net)]
    pub webhook_allow: Vec<IpNet>,
    /// Addresses or networks whose directories (LDAP) may be read although they are not of the public internet,
    /// separated by commas
    #[arg(long, env = "GUILDHALL_DIRECTORY_ALLOW", value_name = "NET", value_delimiter = ',', value_parser = parse_net)]
    pub directory_allow: Vec<IpNet>,
    /// The SMTP server that notices go through: smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT, with ?tls=required
    /// for STARTTLS. Without it no notices are sent. Better set as GUILDHALL_SMTP: other users can see a flag
    #[arg(long, env = "GUILDHALL_SMTP", value_name = "URL", hide_env_values = true, requires = "mail_from")]
    pub smtp: Option<String>,
    /// The sender of notices, such as `Guildhall <groups@example.com>`
    #[arg(long, env = "GUILDHALL_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
}

impl Outward {
    /// The mailer, where notices are to be sent.
    ///
    /// # Errors
    /// When the server's or the sender's address is wrong.
    pub fn mailer(&self) -> Result<Option<Mailer>, String> {
        let (Some(url), Some(from)) = (&self.smtp, &self.mail_from) else { return Ok(None) };
        Mailer::new(url, from).map(Some)
    }

    /// The directories that may be read.
    pub fn directories(&self) -> Reach {
        Reach::new(self.directory_allow.clone())
    }

    /// The addresses that may be called.
    pub fn reach(&self) -> Reach {
        Reach::new(self.webhook_allow.clone())
    }
}
