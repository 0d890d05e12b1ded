//! Signatures, verified by others: the published Standard Webhooks libraries for JavaScript and Python, and openssl.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guildhall_testkit::receiver::{Got, Manner};
use guildhall_testkit::{App, Place, Receiver, on_both};
use serde_json::{Value, json};

use super::{at, dispatcher, hire, hook, id, wait};

/// Where `make webhook-libs` puts the libraries. A machine without them tests less, and says so; CI has them.
fn libraries() -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/webhook-libs");
    let there = place.join("node_modules/standardwebhooks").exists() && place.join("python/standardwebhooks").exists();
    assert!(there || std::env::var_os("CI").is_none(), "run `make webhook-libs` first");
    if !there {
        eprintln!("skipped: the Standard Webhooks libraries are not installed (make webhook-libs)");
    }
    there.then_some(place)
}

const JAVASCRIPT: &str = "
const { Webhook } = require('standardwebhooks');
const [secret, id, timestamp, signature] = process.argv.slice(1);
const body = require('fs').readFileSync(0, 'utf8');
const wh = new Webhook(secret);
// The library refuses times far from now; the test's clock stands still.
wh.verifyTimestamp = function (t) { return new Date(parseInt(t, 10) * 1000); };
Date.now = () => parseInt(timestamp, 10) * 1000;
wh.verify(body, { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature });
";

const PYTHON: &str = "
import sys, datetime
from standardwebhooks import webhooks
secret, id, timestamp, signature = sys.argv[1:]
class Then(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls.fromtimestamp(int(timestamp), tz)
webhooks.datetime = Then
webhooks.Webhook(secret).verify(sys.stdin.buffer.read(), {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature})
";

/// Does this program find that the message was signed with this secret?
fn verified(program: &mut Command, secret: &str, got: &Got) -> bool {
    use std::io::Write;
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| got.header(name));
    let program =
        program.arg(secret).args(headers).stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = program.spawn().expect("the program starts");
    child.stdin.take().unwrap().write_all(&got.body).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() || said.contains("WebhookVerificationError"), "{said}");
    ended.status.success()
}

fn javascript(place: &Path) -> Command {
    let mut node = Command::new("node");
    node.current_dir(place).args(["-e", JAVASCRIPT, "--"]);
    node
}

fn python(place: &Path) -> Command {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", place.join("python")).args(["-c", PYTHON]);
    python
}

#[tokio::test]
async fn the_published_libraries_believe_our_hmac() {
    let Some(place) = libraries() else { return };
    let app = App::start(Place::sqlite()).await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    let mut couriers = dispatcher(&app);
    hire(&app, &["Zoë Ünïcode \"quoted\""]).await;
    couriers.round().await.unwrap();
    let got = receiver.seen().pop().unwrap();
    let mut bent = got.clone();
    bent.body.push(b' ');
    let mut moved = got.clone();
    moved.headers.iter_mut().find(|(name, _)| name == "webhook-id").unwrap().1.push('0');
    let other = format!("whsec_{}", STANDARD.encode([9; 32]));
    for program in [javascript, python] {
        assert!(verified(&mut program(&place), &secret, &got));
        assert!(!verified(&mut program(&place), &secret, &bent));
        assert!(!verified(&mut program(&place), &secret, &moved));
        assert!(!verified(&mut program(&place), &other, &got));
    }
    // While both secrets sign, a receiver with either believes.
    let rotate = at(&app, &format!("/{}/rotate", id(&made)));
    let rotated = app.bearer().post(&rotate, json!({"overlapSeconds": 3600})).await.is(200).json();
    let next = rotated["secret"].as_str().unwrap().to_owned();
    hire(&app, &["Both"]).await;
    couriers.round().await.unwrap();
    let both = receiver.seen().pop().unwrap();
    wait(&app, 3601);
    hire(&app, &["New"]).await;
    couriers.round().await.unwrap();
    let new = receiver.seen().pop().unwrap();
    for program in [javascript, python] {
        assert!(verified(&mut program(&place), &secret, &both) && verified(&mut program(&place), &next, &both));
        assert!(!verified(&mut program(&place), &secret, &new) && verified(&mut program(&place), &next, &new));
    }
}

/// Runs openssl on files in a directory of its own; true when it says yes.
fn openssl(args: &[&str], files: &[(&str, &[u8])]) -> bool {
    let place = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(place.path().join(name), bytes).unwrap();
    }
    let ran = Command::new("openssl").current_dir(place.path()).args(args).output().expect("openssl is installed");
    ran.status.success()
}

/// Does openssl find that the RSA key in PEM signed these bytes?
pub(super) fn rsa_verified(pem: &str, signature: &str, body: &[u8]) -> bool {
    let signature = STANDARD.decode(signature).expect("base64");
    let args = ["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "body"];
    openssl(&args, &[("key.pem", pem.as_bytes()), ("signature", &signature), ("body", body)])
}

fn ed25519_verified(public: &Value, got: &Got, which: usize) -> bool {
    let raw = STANDARD.decode(public.as_str().unwrap().strip_prefix("whpk_").unwrap()).unwrap();
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410) is this prefix and the 32 bytes.
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend_from_slice(&raw);
    let all: Vec<&str> = got.header("webhook-signature").split(' ').collect();
    let signature = STANDARD.decode(all[which].strip_prefix("v1a,").expect("v1a")).unwrap();
    let mut signed = format!("{}.{}.", got.header("webhook-id"), got.header("webhook-timestamp")).into_bytes();
    signed.extend_from_slice(&got.body);
    let args = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "key",
        "-rawin",
        "-in",
        "signed",
        "-sigfile",
        "signature",
    ];
    openssl(&args, &[("key", &der), ("signature", &signature), ("signed", &signed)])
}

#[tokio::test]
async fn openssl_believes_our_ed25519() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let made = hook(&app, &receiver.url, "standard-ed25519", &["user.created"]).await;
        assert_eq!(made["secret"], Value::Null, "only its public half is ever told");
        let mut couriers = dispatcher(&app);
        hire(&app, &["One"]).await;
        couriers.round().await.unwrap();
        let mut got = receiver.seen().pop().unwrap();
        assert!(ed25519_verified(&made["publicKey"], &got, 0));
        got.body.push(b' ');
        assert!(!ed25519_verified(&made["publicKey"], &got, 0));
        let rotate = at(&app, &format!("/{}/rotate", id(&made)));
        let rotated = app.bearer().call("POST", &rotate, None).await.is(200).json();
        assert_ne!(rotated["publicKey"], made["publicKey"]);
        hire(&app, &["Two"]).await;
        couriers.round().await.unwrap();
        let got = receiver.seen().pop().unwrap();
        assert!(ed25519_verified(&rotated["publicKey"], &got, 0) && ed25519_verified(&made["publicKey"], &got, 1));
        wait(&app, 86_401);
        hire(&app, &["Three"]).await;
        couriers.round().await.unwrap();
        let got = receiver.seen().pop().unwrap();
        assert!(!got.header("webhook-signature").contains(' '), "the old key has had its time");
    })
    .await;
}
