//! A real OpenLDAP server of this machine, in a directory of its own; it ends when it is dropped.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ldap3::{Ldap, LdapConnAsync, Mod};

/// Who may write there.
pub const ADMIN: &str = "cn=admin,dc=example,dc=org";
/// The secret of [`ADMIN`].
pub const PASSWORD: &str = "open sesame";
/// How long the server may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, and a connection that may write.
pub struct Directory {
    child: Child,
    _files: tempfile::TempDir,
    /// `ldap://127.0.0.1:PORT`.
    pub url: String,
    /// `ldaps://127.0.0.1:PORT`.
    pub tls_url: String,
    /// The certificate of its encrypted side, as PEM.
    pub certificate: String,
    ldap: Ldap,
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended already where the test went wrong
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let places = on_path.unwrap_or_default().into_iter().chain(["/usr/sbin".into(), "/usr/libexec".into()]);
    places
        .map(|place: PathBuf| place.join("slapd"))
        .find(|path| path.is_file())
        .expect("these tests need OpenLDAP's server: install it (Debian: apt-get install slapd)")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

fn write_config(place: &Path, certificate: &str, key: &str) -> PathBuf {
    let file = |name: &str, text: &str| {
        let path = place.join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let (certificate, key) = (file("cert.pem", certificate), file("key.pem", key));
    std::fs::create_dir(place.join("data")).expect("a directory");
    let schema =
        ["core", "cosine", "nis", "inetorgperson"].map(|name| format!("include /etc/ldap/schema/{name}.schema"));
    let text = format!(
        "{}\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n\
         database mdb\nmaxsize 33554432\nsuffix \"dc=example,dc=org\"\nrootdn \"{ADMIN}\"\nrootpw \"{PASSWORD}\"\n\
         directory {}\nindex objectClass eq\nlimits * size.soft=2 size.hard=5 size.prtotal=unlimited\n\
         access to * by anonymous auth by users read\n",
        schema.join("\n"),
        place.join("data").display(),
    );
    let path = place.join("slapd.conf");
    std::fs::write(&path, text).expect("written");
    path
}

impl Directory {
    /// Starts one that holds two empty units, `people` and `groups`, and `cn=reader` with [`PASSWORD`].
    pub async fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let files = tempfile::tempdir().expect("a directory");
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let made = made.expect("a certificate");
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let config = write_config(files.path(), &certificate, &key);
        // A port that another program takes meanwhile lets it end at once: then it is tried anew.
        for _ in 0..5 {
            let (url, tls_url) =
                (format!("ldap://127.0.0.1:{}", free_port()), format!("ldaps://127.0.0.1:{}", free_port()));
            let listen = format!("{url} {tls_url}");
            let child = Command::new(program())
                .args(["-d", "0", "-f"])
                .arg(&config)
                .args(["-h", &listen])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let mut child = child.expect("slapd starts");
            let Some(ldap) = connect(&url, &mut child).await else {
                let _ = child.kill();
                let _ = child.wait();
                continue;
            };
            let mut directory = Self { child, _files: files, url, tls_url, certificate, ldap };
            directory.fill().await;
            return directory;
        }
        panic!("slapd does not come up");
    }

    async fn fill(&mut self) {
        self.add("dc=example,dc=org", &[("objectClass", &["dcObject", "organization"]), ("o", &["Example"])]).await;
        for unit in ["people", "groups"] {
            self.add(&format!("ou={unit},dc=example,dc=org"), &[("objectClass", &["organizationalUnit"])]).await;
        }
        let reader: &[(&str, &[&str])] =
            &[("objectClass", &["organizationalRole", "simpleSecurityObject"]), ("userPassword", &[PASSWORD])];
        self.add("cn=reader,dc=example,dc=org", reader).await;
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn add(&mut self, dn: &str, attributes: &[(&str, &[&str])]) {
        let set = |all: &[&str]| all.iter().map(|value| (*value).to_owned()).collect::<HashSet<String>>();
        let all = attributes.iter().map(|(name, all)| ((*name).to_owned(), set(all))).collect();
        self.ldap.add(dn, all).await.and_then(ldap3::LdapResult::success).unwrap_or_else(|e| panic!("{dn}: {e}"));
    }

    /// Adds a person: `uid=ada,ou=people,…`, Ada Example, ada@example.org.
    pub async fn person(&mut self, uid: &str, name: &str, more: &[(&str, &[&str])]) {
        let (given, family) = name.split_once(' ').expect("two names");
        let mail = format!("{uid}@example.org");
        let mut all: Vec<(&str, &[&str])> = Vec::new();
        let (class, uids, names, mails, family, given) =
            (["inetOrgPerson"], [uid], [name], [mail.as_str()], [family], [given]);
        all.extend([
            ("objectClass", &class[..]),
            ("uid", &uids[..]),
            ("cn", &names[..]),
            ("mail", &mails[..]),
            ("sn", &family[..]),
            ("givenName", &given[..]),
        ]);
        all.extend(more);
        self.add(&person(uid), &all).await;
    }

    /// Puts the values of an attribute in place of those there are.
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn set(&mut self, dn: &str, name: &str, values: &[&str]) {
        let values: HashSet<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let done = self.ldap.modify(dn, vec![Mod::Replace(name.to_owned(), values)]).await;
        done.and_then(ldap3::LdapResult::success).unwrap_or_else(|e| panic!("{dn}: {e}"));
    }

    /// Takes an entry away.
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn delete(&mut self, dn: &str) {
        self.ldap.delete(dn).await.and_then(ldap3::LdapResult::success).unwrap_or_else(|e| panic!("{dn}: {e}"));
    }
}

/// The name of a person's entry.
pub fn person(uid: &str) -> String {
    format!("uid={uid},ou=people,dc=example,dc=org")
}

/// The name of a group's entry.
pub fn group(cn: &str) -> String {
    format!("cn={cn},ou=groups,dc=example,dc=org")
}

async fn connect(url: &str, child: &mut Child) -> Option<Ldap> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if child.try_wait().expect("asked").is_some() {
            return None;
        }
        if let Ok((connection, mut ldap)) = LdapConnAsync::new(url).await {
            tokio::spawn(connection.drive());
            let bound = ldap.simple_bind(ADMIN, PASSWORD).await;
            if bound.and_then(ldap3::LdapResult::success).is_ok() {
                return Some(ldap);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}
