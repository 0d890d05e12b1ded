//! `guildhall.toml`: its keys become the defaults of the command line's arguments.
//!
//! A key is the flag without its dashes (`tls_cert` or `tls-cert`), a table is a prefix (`[limit] body = "2MiB"` is
//! `--limit-body`). Being a default is the lowest rank but one, so a variable or a flag overrides the file, and there
//! is no second list of settings to keep in step.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory, FromArgMatches};

/// What `guildhall.toml` sets: `GUILDHALL_…` names and their values.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct File {
    path: PathBuf,
    values: BTreeMap<String, Setting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    key: String,
    values: Vec<String>,
}

/// Why the settings cannot be read. Written for the person who wrote the file.
#[derive(Debug)]
pub enum Error {
    /// The file itself is wrong.
    File(String),
    /// The command line, or a value in it, is wrong; or help was asked for.
    Usage(clap::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(why) => f.write_str(why),
            Self::Usage(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    fn file(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::File(format!("{}: {why}", path.display()))
    }
}

/// Reads the command line `C` from `args`, over the environment, over the configuration file.
pub fn parse<C: CommandFactory + FromArgMatches>(args: impl IntoIterator<Item = OsString>) -> Result<C, Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    let file = match locate(&args, std::env::var_os("GUILDHALL_CONFIG")) {
        Some(path) => load_file(&path)?,
        None => File::default(),
    };
    let command = defaults(C::command(), &file)?;
    let matches = command.try_get_matches_from(args).map_err(Error::Usage)?;
    C::from_arg_matches(&matches).map_err(Error::Usage)
}

/// The file to read: named by `--config`, else by the variable, else `guildhall.toml` if there is one here.
fn locate(args: &[OsString], variable: Option<OsString>) -> Option<PathBuf> {
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        match arg.to_str() {
            Some("--") => break,
            Some("--config") => return rest.next().map(PathBuf::from),
            Some(flag) => {
                if let Some(path) = flag.strip_prefix("--config=") {
                    return Some(path.into());
                }
            }
            None => {}
        }
    }
    variable.filter(|path| !path.is_empty()).map(PathBuf::from).or_else(|| {
        let here = PathBuf::from("guildhall.toml");
        here.exists().then_some(here)
    })
}

/// Reads a configuration file.
pub fn load_file(path: &Path) -> Result<File, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| Error::file(path, format_args!("cannot be read: {why}")))?;
    let table: toml::Table = text
        .parse()
        .map_err(|why: toml::de::Error| Error::file(path, why.to_string().trim_end().replace('\n', " ")))?;
    let mut file = File { path: path.to_owned(), values: BTreeMap::new() };
    file.take(&table, "")?;
    Ok(file)
}

impl File {
    fn take(&mut self, table: &toml::Table, prefix: &str) -> Result<(), Error> {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            if let toml::Value::Table(inner) = value {
                self.take(inner, &format!("{key}."))?;
                continue;
            }
            let values = match value {
                toml::Value::Array(many) => many.iter().map(|one| self.scalar(&key, one)).collect::<Result<_, _>>()?,
                one => vec![self.scalar(&key, one)?],
            };
            let variable = format!("GUILDHALL_{}", key.replace(['-', '.'], "_").to_ascii_uppercase());
            if let Some(other) = self.values.insert(variable, Setting { key: key.clone(), values }) {
                return Err(Error::file(&self.path, format_args!("`{key}` and `{}` are the same setting", other.key)));
            }
        }
        Ok(())
    }

    fn scalar(&self, key: &str, value: &toml::Value) -> Result<String, Error> {
        match value {
            toml::Value::String(text) => Ok(text.clone()),
            toml::Value::Integer(number) => Ok(number.to_string()),
            toml::Value::Float(number) => Ok(number.to_string()),
            toml::Value::Boolean(truth) => Ok(truth.to_string()),
            toml::Value::Datetime(time) => Ok(time.to_string()),
            toml::Value::Array(_) | toml::Value::Table(_) => {
                Err(Error::file(&self.path, format_args!("`{key}` holds a list or table where one value is needed")))
            }
        }
    }
}

/// Makes the file's values the defaults of the arguments of `command` and of all its subcommands.
/// A key that no argument has is an error naming the key.
pub fn defaults(command: Command, file: &File) -> Result<Command, Error> {
    let mut known = BTreeSet::new();
    let command = set(command, file, &mut known);
    for (variable, setting) in &file.values {
        if !known.contains(variable) {
            return Err(Error::file(&file.path, unknown(&setting.key, variable, &known)));
        }
    }
    Ok(command)
}

fn set(command: Command, file: &File, known: &mut BTreeSet<String>) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = command.mut_args(|arg| {
        // The file cannot name another file.
        let Some(variable) = arg.get_env().and_then(|env| env.to_str()).filter(|name| *name != "GUILDHALL_CONFIG")
        else {
            return arg;
        };
        let setting = file.values.get(variable);
        known.insert(variable.to_owned());
        match setting {
            Some(setting) if !setting.values.is_empty() => {
                arg.required(false).default_values(setting.values.iter().cloned())
            }
            _ => arg,
        }
    });
    for name in names {
        command = command.mut_subcommand(name, |sub| set(sub, file, known));
    }
    command
}

fn unknown(key: &str, variable: &str, known: &BTreeSet<String>) -> String {
    let near = known.iter().map(|name| (distance(name, variable), name)).min().filter(|(away, _)| *away <= 3);
    match near {
        Some((_, name)) => {
            let name = name.trim_start_matches("GUILDHALL_").to_ascii_lowercase();
            format!("`{key}` is not a setting; did you mean `{name}`?")
        }
        None => format!("`{key}` is not a setting; `guildhall serve --help` lists them"),
    }
}

/// How many letters must be added, taken or changed to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let cost = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = cost.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, Parser, Subcommand};

    #[derive(Parser, Debug)]
    struct Cli {
        #[command(flatten)]
        file: crate::config::ConfigFile,
        #[command(subcommand)]
        command: What,
    }
    #[derive(Subcommand, Debug)]
    enum What {
        Serve(Serve),
    }
    #[derive(Args, Debug)]
    struct Serve {
        #[arg(long, env = "GUILDHALL_TEST_DEMO")]
        test_demo: bool,
        #[arg(long, env = "GUILDHALL_TEST_NEEDED")]
        test_needed: u16,
        #[command(flatten)]
        http: crate::config::Http,
    }

    fn run(text: &str, more: &[&str]) -> Result<Serve, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("guildhall.toml");
        std::fs::write(&path, text).expect("written");
        let mut args: Vec<OsString> = vec!["guildhall".into(), "--config".into(), path.into(), "serve".into()];
        args.extend(more.iter().map(OsString::from));
        let cli: Cli = parse(args).map_err(|why| why.to_string())?;
        let What::Serve(serve) = cli.command;
        Ok(serve)
    }

    #[test]
    fn keys_are_defaults_and_flags_win() {
        let text = "listen = '0.0.0.0:1'\ntest_demo = true\ntest-needed = 7\ntrusted_proxies = ['10.0.0.0/8', '::1']\n[limit]\nbody = '1MiB'\n";
        let serve = run(text, &[]).expect("parses");
        assert_eq!((serve.http.listen.as_str(), serve.test_demo, serve.test_needed), ("0.0.0.0:1", true, 7));
        assert_eq!((serve.http.trusted_proxies.len(), serve.http.limits.body), (2, 1 << 20));
        let serve = run(text, &["--listen", "[::1]:2", "--test-needed=8"]).expect("parses");
        assert_eq!((serve.http.listen.as_str(), serve.test_needed), ("[::1]:2", 8));
    }

    #[test]
    fn mistakes_name_the_key() {
        assert!(
            run("lisen = 'x'", &[]).expect_err("unknown").ends_with("`lisen` is not a setting; did you mean `listen`?")
        );
        assert!(run("[x]\ny.z = 'x'", &[]).expect_err("unknown").contains("`x.y.z` is not a setting"));
        assert!(run("limit_body = 1\n[limit]\nbody = 2", &[]).expect_err("twice").contains("same setting"));
        assert!(run("listen = [['x']]", &[]).expect_err("list").contains("`listen` holds"));
        assert!(run("test_needed = 'many'", &[]).expect_err("value").contains("test-needed"));
        assert!(run("=", &[]).expect_err("not toml").contains("guildhall.toml"));
    }
}
