//! The settings of the HTTP side: their flags, their defaults and their units.
//!
//! Every setting is one clap argument, so a flag, its `GUILDHALL_…` variable and its key in `guildhall.toml`
//! cannot drift apart. [`file`] turns that file into the arguments' defaults.

pub mod file;
pub mod outward;
pub mod sign_in;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use ipnet::IpNet;

/// Where `guildhall.toml` is. Flattened into the top of the command line; see [`file::parse`].
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigFile {
    /// The configuration file; `guildhall.toml` in the working directory is read when it exists
    #[arg(long, global = true, env = "GUILDHALL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How the server is reached. Flattened into `guildhall serve`.
#[derive(Debug, Clone, Args)]
pub struct Http {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, env = "GUILDHALL_LISTEN", value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Certificate chain in PEM; with --tls-key the server speaks HTTPS
    #[arg(long, env = "GUILDHALL_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, env = "GUILDHALL_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Addresses or networks whose X-Forwarded-… headers count, separated by commas
    #[arg(long, env = "GUILDHALL_TRUSTED_PROXIES", value_name = "NET", value_delimiter = ',', value_parser = parse_net)]
    pub trusted_proxies: Vec<IpNet>,
    /// Host names this server answers to, separated by commas; without it, any
    #[arg(long, env = "GUILDHALL_ALLOWED_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,
    /// The limits on what a client may send.
    #[command(flatten)]
    pub limits: Limits,
}

/// What the log looks like. Flattened wherever a command logs.
#[derive(Debug, Clone, Args)]
pub struct Log {
    /// How log lines are written to standard error
    #[arg(long, env = "GUILDHALL_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: a level, or directives such as `info,guildhall::request=warn`
    #[arg(long, env = "GUILDHALL_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Words for people.
    Text,
}

/// The limits of the threat model that concern HTTP. Sizes are in bytes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Most bytes in a request's head
    #[arg(long = "limit-head", env = "GUILDHALL_LIMIT_HEAD", value_name = "SIZE", hide_short_help = true, default_value = "16KiB", value_parser = parse_size)]
    pub head: u64,
    /// Most header fields in a request
    #[arg(
        long = "limit-fields",
        env = "GUILDHALL_LIMIT_FIELDS",
        value_name = "COUNT",
        hide_short_help = true,
        default_value = "64"
    )]
    pub fields: usize,
    /// Most bytes in a request's target (path and query)
    #[arg(long = "limit-target", env = "GUILDHALL_LIMIT_TARGET", value_name = "SIZE", hide_short_help = true, default_value = "8KiB", value_parser = parse_size)]
    pub target: u64,
    /// Longest wait for a complete head, and for a TLS handshake
    #[arg(long = "limit-head-time", env = "GUILDHALL_LIMIT_HEAD_TIME", value_name = "TIME", hide_short_help = true, default_value = "10s", value_parser = parse_time)]
    pub head_time: Duration,
    /// Least bytes a second a client must send of its body, measured over 10 seconds of waiting
    #[arg(long = "limit-body-rate", env = "GUILDHALL_LIMIT_BODY_RATE", value_name = "SIZE", hide_short_help = true, default_value = "1kB", value_parser = parse_size)]
    pub body_rate: u64,
    /// Longest wait for a whole request, head and body
    #[arg(long = "limit-request-time", env = "GUILDHALL_LIMIT_REQUEST_TIME", value_name = "TIME", hide_short_help = true, default_value = "30s", value_parser = parse_time)]
    pub request_time: Duration,
    /// Most bytes in a body
    #[arg(long = "limit-body", env = "GUILDHALL_LIMIT_BODY", value_name = "SIZE", hide_short_help = true, default_value = "2MiB", value_parser = parse_size)]
    pub body: u64,
    /// Most bytes in the body of a large write: groups in Secoda and SCIM, bulk
    #[arg(long = "limit-large-body", env = "GUILDHALL_LIMIT_LARGE_BODY", value_name = "SIZE", hide_short_help = true, default_value = "16MiB", value_parser = parse_size)]
    pub large_body: u64,
    /// Most bytes in an import over HTTP
    #[arg(long = "limit-import-body", env = "GUILDHALL_LIMIT_IMPORT_BODY", value_name = "SIZE", hide_short_help = true, default_value = "64MiB", value_parser = parse_size)]
    pub import_body: u64,
    /// Longest time the server works on an answer once the request is there
    #[arg(long = "limit-deadline", env = "GUILDHALL_LIMIT_DEADLINE", value_name = "TIME", hide_short_help = true, default_value = "10s", value_parser = parse_time)]
    pub deadline: Duration,
    /// Most connections open at once; more wait in the system's queue
    #[arg(long = "limit-connections", env = "GUILDHALL_LIMIT_CONNECTIONS", value_name = "COUNT", hide_short_help = true, default_value = "10000", value_parser = parse_count)]
    pub connections: usize,
    /// Most calls a minute, key and node in the Cakewalk dialect
    #[arg(long = "limit-cakewalk-calls", env = "GUILDHALL_LIMIT_CAKEWALK_CALLS", value_name = "COUNT", hide_short_help = true, default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    pub cakewalk_calls: u32,
    /// Most calls a minute, key and node in every other dialect
    #[arg(long = "limit-calls", env = "GUILDHALL_LIMIT_CALLS", value_name = "COUNT", hide_short_help = true, default_value = "60000", value_parser = clap::value_parser!(u32).range(1..))]
    pub calls: u32,
    /// Most wrong credentials a minute from one address before they are answered 429
    #[arg(long = "limit-wrong-credentials", env = "GUILDHALL_LIMIT_WRONG_CREDENTIALS", value_name = "COUNT", hide_short_help = true, default_value = "300", value_parser = clap::value_parser!(u32).range(1..))]
    pub wrong_credentials: u32,
    /// Longest wait, at the end, for requests already begun
    #[arg(long = "limit-stop-time", env = "GUILDHALL_LIMIT_STOP_TIME", value_name = "TIME", hide_short_help = true, default_value = "30s", value_parser = parse_time)]
    pub stop_time: Duration,
}

/// The deepest JSON read. Not a setting: what recurses over JSON is built to stand exactly this much.
pub const JSON_DEPTH: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 16 << 10,
            fields: 64,
            target: 8 << 10,
            head_time: Duration::from_secs(10),
            body_rate: 1000,
            request_time: Duration::from_secs(30),
            body: 2 << 20,
            large_body: 16 << 20,
            import_body: 64 << 20,
            deadline: Duration::from_secs(10),
            connections: 10_000,
            cakewalk_calls: 1000,
            calls: 60_000,
            wrong_credentials: 300,
            stop_time: Duration::from_secs(30),
        }
    }
}

/// A size: bytes, or with a unit (`kB`, `MB` are powers of 1,000; `KiB`, `MiB` of 1,024).
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size; write it like 2MiB, 16KiB or 4096");
    let (number, unit) = split_unit(text);
    let scale = match unit {
        "" | "B" => 1,
        "kB" | "KB" | "k" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    // A terabyte is no limit at all; the cap keeps every later sum far from overflow.
    number.checked_mul(scale).filter(|size| (1..=1 << 40).contains(size)).ok_or_else(wrong)
}

/// A time: seconds, or with a unit (`ms`, `s`, `m`). A day at most.
fn parse_time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time; write it like 10s, 500ms or 2m");
    let (number, unit) = split_unit(text);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "" | "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    if time.is_zero() || time > Duration::from_secs(86_400) { Err(wrong()) } else { Ok(time) }
}

/// A count of at least one.
fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=1_000_000) => Ok(n),
        _ => Err(format!("`{text}` is not a count from 1 to 1000000")),
    }
}

/// A network, or one address as the network that holds only it.
fn parse_net(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("`{text}` is neither an address nor a network such as 10.0.0.0/8"))
}

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        limits: Limits,
    }

    #[test]
    fn the_written_defaults_are_the_defaults() {
        let parsed = Only::try_parse_from(["guildhall"]).expect("defaults parse").limits;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Limits::default()));
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(parse_size("2MiB"), Ok(2 << 20));
        assert_eq!(parse_size("1 kB"), Ok(1000));
        assert_eq!(parse_size("77"), Ok(77));
        assert!(parse_size("0").is_err() && parse_size("2 TB").is_err() && parse_size("").is_err());
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("10"), Ok(Duration::from_secs(10)));
        assert!(parse_time("0s").is_err() && parse_time("99999999999999999999m").is_err());
    }
}
