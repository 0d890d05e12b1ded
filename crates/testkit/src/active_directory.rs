//! What Active Directory does otherwise, played by a small server: ids in binary, members in parts, changes counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt, StreamExt};
use ldap3_proto::proto::{
    LdapBindCred, LdapBindResponse, LdapFilter, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult, LdapResultCode,
    LdapSearchRequest, LdapSearchResultEntry, LdapSearchScope,
};
use ldap3_proto::{LdapCodec, control::LdapControl};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::codec::Framed;

/// The values of `member` that one answer has.
const PART: usize = 3;
/// The secret of whoever reads.
pub const PASSWORD: &str = "Passw0rd";

type Attributes = BTreeMap<String, Vec<Vec<u8>>>;

/// The server; it ends when it is dropped.
pub struct ActiveDirectory {
    /// `ldap://127.0.0.1:PORT`.
    pub url: String,
    entries: Arc<Mutex<BTreeMap<String, Attributes>>>,
    /// Every search so far: base, filter and attributes.
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for ActiveDirectory {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ActiveDirectory {
    /// Starts an empty one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ldap://{}", listener.local_addr().expect("an address"));
        let (entries, asked) = (Arc::<Mutex<BTreeMap<_, _>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (kept, noted) = (Arc::clone(&entries), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), Arc::clone(&noted)));
            }
        });
        Self { url, entries, asked, task }
    }

    /// Puts an entry in place of the one of this name.
    pub fn put(&self, dn: &str, attributes: &[(&str, &[&[u8]])]) {
        let all = attributes.iter();
        let all = all.map(|(name, all)| ((*name).to_owned(), all.iter().map(|value| value.to_vec()).collect()));
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(dn.to_owned(), all.collect());
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: String::new(), referral: Vec::new() }
}

async fn serve(stream: TcpStream, entries: Arc<Mutex<BTreeMap<String, Attributes>>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut wire = Framed::new(stream, LdapCodec::default());
    while let Some(Ok(message)) = wire.next().await {
        let LdapMsg { msgid, op, ctrl } = message;
        let answers = match op {
            LdapOp::BindRequest(ask) => {
                let right = matches!(&ask.cred, LdapBindCred::Simple(password) if password == PASSWORD);
                let code = if right { LdapResultCode::Success } else { LdapResultCode::InvalidCredentials };
                let res = result(code);
                vec![LdapMsg {
                    msgid,
                    op: LdapOp::BindResponse(LdapBindResponse { res, saslcreds: None }),
                    ctrl: vec![],
                }]
            }
            LdapOp::SearchRequest(ask) => {
                let noted = format!("{} {:?} {}", ask.base, ask.filter, ask.attrs.join(","));
                asked.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
                let entries = entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
                search(msgid, &ask, &ctrl, &entries)
            }
            _ => return,
        };
        for answer in answers {
            if wire.send(answer).await.is_err() {
                return;
            }
        }
    }
}

fn search(
    msgid: i32,
    ask: &LdapSearchRequest,
    ctrl: &[LdapControl],
    entries: &BTreeMap<String, Attributes>,
) -> Vec<LdapMsg> {
    let message = |op, ctrl| LdapMsg { msgid, op, ctrl };
    if ask.base.is_empty() {
        let attributes = vec![LdapPartialAttribute { atype: "dsServiceName".into(), vals: vec![b"CN=DC1".to_vec()] }];
        let root = LdapSearchResultEntry { dn: String::new(), attributes };
        return vec![
            message(LdapOp::SearchResultEntry(root), vec![]),
            message(LdapOp::SearchResultDone(result(LdapResultCode::Success)), vec![]),
        ];
    }
    let base = ask.base.to_lowercase();
    let found: Vec<_> = entries
        .iter()
        .filter(|(dn, attributes)| match ask.scope {
            LdapSearchScope::Base => dn.to_lowercase() == base,
            _ => dn.to_lowercase().ends_with(&base) && fits(&ask.filter, attributes),
        })
        .collect();
    // A page at a time, the cookie being how many have gone before.
    let page = ctrl.iter().find_map(|control| match control {
        LdapControl::SimplePagedResults { size, cookie } => Some((usize::try_from(*size).ok()?, cookie.clone())),
        _ => None,
    });
    let (from, size) = match &page {
        Some((size, cookie)) => (String::from_utf8_lossy(cookie).parse().unwrap_or(0), *size),
        None => (0, usize::MAX),
    };
    let left = found.len().saturating_sub(from);
    let mut answers: Vec<LdapMsg> = found
        .into_iter()
        .skip(from)
        .take(size)
        .map(|(dn, attributes)| {
            let attributes = told(&ask.attrs, attributes);
            message(LdapOp::SearchResultEntry(LdapSearchResultEntry { dn: dn.clone(), attributes }), vec![])
        })
        .collect();
    let cookie = if left > size { (from + size).to_string().into_bytes() } else { Vec::new() };
    let control = page.map(|_| LdapControl::SimplePagedResults { size: 0, cookie });
    answers.push(message(LdapOp::SearchResultDone(result(LdapResultCode::Success)), control.into_iter().collect()));
    answers
}

/// The attributes that are asked for; of many values only a part.
fn told(asked: &[String], attributes: &Attributes) -> Vec<LdapPartialAttribute> {
    let mut all = Vec::new();
    for name in asked {
        let (bare, from) = match name.split_once(";range=") {
            Some((bare, range)) => (bare, range.split('-').next().and_then(|from| from.parse().ok()).unwrap_or(0)),
            None => (name.as_str(), 0),
        };
        let Some((name, values)) = attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(bare)) else {
            continue;
        };
        let rest: Vec<Vec<u8>> = values.iter().skip(from).cloned().collect();
        if bare.eq_ignore_ascii_case("member") && (from > 0 || rest.len() > PART) {
            let last = rest.len() <= PART;
            let to = if last { "*".to_owned() } else { (from + PART - 1).to_string() };
            let vals = rest.into_iter().take(PART).collect();
            if !last {
                all.push(LdapPartialAttribute { atype: name.clone(), vals: vec![] });
            }
            all.push(LdapPartialAttribute { atype: format!("{name};range={from}-{to}"), vals });
        } else {
            all.push(LdapPartialAttribute { atype: name.clone(), vals: rest });
        }
    }
    all
}

fn fits(filter: &LdapFilter, attributes: &Attributes) -> bool {
    let values = |name: &str| {
        let found = attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    };
    match filter {
        LdapFilter::And(all) => all.iter().all(|one| fits(one, attributes)),
        LdapFilter::Or(all) => all.iter().any(|one| fits(one, attributes)),
        LdapFilter::Not(one) => !fits(one, attributes),
        LdapFilter::Equality(name, value) => values(name).iter().any(|one| one.eq_ignore_ascii_case(value.as_bytes())),
        LdapFilter::GreaterOrEqual(name, value) => {
            let number = |bytes: &[u8]| String::from_utf8_lossy(bytes).parse::<u64>().unwrap_or(0);
            values(name).iter().any(|one| number(one) >= number(value.as_bytes()))
        }
        LdapFilter::Present(name) => !values(name).is_empty(),
        _ => false,
    }
}
