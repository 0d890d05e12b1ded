//! What the server may call by itself. Flattened into `guildhall serve`.

use clap::Args;
use ipnet::IpNet;

use super::parse_net;
use crate::http::reach::Reach;

/// Calls out: webhooks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Calls out")]
pub struct Outward {
    /// Addresses or networks that webhooks may call although they are not of the public internet, separated by commas
    #[arg(long, env = "GUILDHALL_WEBHOOK_ALLOW", value_name = "NET", value_delimiter = ',', value_parser = parse_net)]
    pub webhook_allow: Vec<IpNet>,
}

impl Outward {
    /// The addresses that may be called.
    pub fn reach(&self) -> Reach {
        Reach::new(self.webhook_allow.clone())
    }
}
