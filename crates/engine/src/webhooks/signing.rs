//! Secrets of webhooks, the RSA keys of companies, and the signatures made with them.
//!
//! Standard Webhooks: `v1` is HMAC-SHA-256 and `v1a` Ed25519 over `<id>.<seconds>.<body>`. Cakewalk: RSA PKCS#1 v1.5
//! with SHA-256 over the bytes of the body alone (`reference/cakewalk-v1.md` §5).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, WebhookId};
use guildhall_domain::webhook::Form;
use guildhall_domain::{Error, Result, Timestamp};

use super::SigningKey;
use crate::secrets::random;
use crate::store::signing_keys::{self, Pair};
use crate::store::webhooks::Kept;
use crate::writer::Tx;
use crate::{Engine, Secrets, journal};

/// What a secret begins with on paper.
const PREFIX: &str = "whsec_";

/// The secret of one webhook.
pub(crate) enum Secret {
    /// The bytes of an HMAC key.
    Hmac(Vec<u8>),
    /// An Ed25519 key pair and its seed.
    Ed25519(Box<Ed25519KeyPair>, [u8; 32]),
}

fn place<'a>(company: &'a CompanyId, id: &'a WebhookId) -> [&'a [u8]; 3] {
    [b"webhook", company.bytes(), id.bytes()]
}

fn ed25519(seed: &[u8]) -> Result<Secret> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(Error::internal)?;
    Ok(Secret::Ed25519(Box::new(pair), seed.try_into().map_err(Error::internal)?))
}

impl Secret {
    /// A fresh secret for this form, or the one that the receiver has already.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `secret`.
    pub(super) fn birth(form: Form, given: Option<&str>) -> Result<Self> {
        match (form, given) {
            (Form::StandardEd25519, None) => ed25519(&random::<32>()?),
            (Form::StandardEd25519, Some(_)) => {
                Err(Error::invalid("secret", "does not go with standard-ed25519, whose key is made here"))
            }
            (_, None) => Ok(Self::Hmac(random::<32>()?.to_vec())),
            (_, Some(text)) => {
                let key = text.strip_prefix(PREFIX).and_then(|body| STANDARD.decode(body).ok());
                let key = key.filter(|key| (24..=64).contains(&key.len()));
                let wrong = || Error::invalid("secret", "must be `whsec_` and 24 to 64 bytes in base64");
                key.map(Self::Hmac).ok_or_else(wrong)
            }
        }
    }

    /// The secret as it is shown once; none where there is only a public key to show.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Hmac(key) => Some(format!("{PREFIX}{}", STANDARD.encode(key))),
            Self::Ed25519(..) => None,
        }
    }

    /// The public half, where it has one.
    pub(super) fn public(&self) -> Option<Vec<u8>> {
        match self {
            Self::Hmac(_) => None,
            Self::Ed25519(pair, _) => Some(pair.public_key().as_ref().to_vec()),
        }
    }

    /// The secret as it is kept.
    pub(super) fn seal(&self, secrets: &Secrets, company: CompanyId, id: WebhookId) -> Result<Vec<u8>> {
        let plain = match self {
            Self::Hmac(key) => &key[..],
            Self::Ed25519(_, seed) => &seed[..],
        };
        secrets.seal(&place(&company, &id), plain)
    }

    fn open(secrets: &Secrets, form: Form, company: CompanyId, id: WebhookId, sealed: &[u8]) -> Result<Self> {
        let plain = secrets.open(&place(&company, &id), sealed)?;
        if form == Form::StandardEd25519 { ed25519(&plain) } else { Ok(Self::Hmac(plain)) }
    }

    /// The signature with its version, as `webhook-signature` lists it.
    fn sign(&self, signed: &[u8]) -> String {
        match self {
            Self::Hmac(key) => {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed);
                format!("v1,{}", STANDARD.encode(tag.as_ref()))
            }
            Self::Ed25519(pair, _) => format!("v1a,{}", STANDARD.encode(pair.sign(signed).as_ref())),
        }
    }
}

/// Signs the messages of one webhook.
pub struct Signer {
    secrets: Vec<Secret>,
    rsa: Option<RsaKeyPair>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// The signer of a webhook at `now`: an old secret signs as well until its overlap ends.
    pub(super) fn of(
        secrets: &Secrets,
        company: CompanyId,
        kept: &Kept,
        pairs: Vec<Pair>,
        now: Timestamp,
    ) -> Result<Self> {
        let (id, form) = (kept.record.id, kept.record.form);
        let mut all = vec![Secret::open(secrets, form, company, id, &kept.secret)?];
        let old = kept.previous.as_deref().filter(|_| kept.record.previous_until.is_some_and(|until| now < until));
        if let Some(sealed) = old {
            all.push(Secret::open(secrets, form, company, id, sealed)?);
        }
        let rsa = match published(pairs, now).into_iter().next().filter(|_| form == Form::Cakewalk) {
            Some(pair) => {
                let der = secrets.open(&pair_place(&company, &pair), &pair.secret)?;
                Some(RsaKeyPair::from_pkcs8(&der).map_err(Error::internal)?)
            }
            None => None,
        };
        Ok(Self { secrets: all, rsa })
    }

    /// The headers that prove these bytes, sent at this instant under this message id, to come from here.
    ///
    /// # Errors
    /// [`Error::Internal`] when a key cannot sign.
    pub fn headers(&self, message: &str, at: Timestamp, body: &[u8]) -> Result<Vec<(&'static str, String)>> {
        let seconds = at.micros() / 1_000_000;
        let mut signed = format!("{message}.{seconds}.").into_bytes();
        signed.extend_from_slice(body);
        let signatures: Vec<String> = self.secrets.iter().map(|secret| secret.sign(&signed)).collect();
        let mut headers = vec![
            ("webhook-id", message.to_owned()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ];
        if let Some(rsa) = &self.rsa {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature).map_err(Error::internal)?;
            headers.push(("x-signature", STANDARD.encode(signature)));
        }
        Ok(headers)
    }
}

fn pair_place<'a>(company: &'a CompanyId, pair: &'a Pair) -> [&'a [u8]; 3] {
    [b"signing key", company.bytes(), pair.id.bytes()]
}

/// An RSA key pair in DER: PKCS#8, and SubjectPublicKeyInfo.
pub(super) struct FreshPair {
    private: Vec<u8>,
    public: Vec<u8>,
}

/// Makes an RSA key of 2,048 bits, which takes a while and so has a thread of its own.
pub(super) async fn fresh_pair() -> Result<FreshPair> {
    let made = tokio::task::spawn_blocking(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec();
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())?.as_ref().to_vec();
        Ok::<_, aws_lc_rs::error::Unspecified>(FreshPair { private, public })
    });
    made.await.map_err(Error::internal)?.map_err(Error::internal)
}

/// Keeps a pair that signs from `signs_from` on.
pub(super) async fn keep(tx: &mut Tx, engine: &Engine, fresh: FreshPair, signs_from: Timestamp) -> Result<()> {
    let (company, created_at) = (tx.company(), tx.now());
    let mut pair = Pair { id: tx.clock.id(), secret: Vec::new(), public: fresh.public, created_at, signs_from };
    pair.secret = engine.secrets().seal(&pair_place(&company, &pair), &fresh.private)?;
    signing_keys::insert(tx, company, &pair).await?;
    journal::append(tx, &Event::SigningKeyCreated { key: pair.id, signs_from }).await
}

/// Keeps a pair as the company's first, unless somebody was faster.
pub(super) async fn keep_first(tx: &mut Tx, engine: &Engine, fresh: FreshPair) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    if signing_keys::list(tx, company).await?.is_empty() {
        keep(tx, engine, fresh, now).await?;
    }
    Ok(())
}

/// The pair that signs at `now`, then those that will.
pub(super) fn published(mut pairs: Vec<Pair>, now: Timestamp) -> Vec<Pair> {
    pairs.sort_by_key(|pair| pair.signs_from);
    let first = pairs.iter().rposition(|pair| pair.signs_from <= now).unwrap_or(0);
    pairs.split_off(first.min(pairs.len()))
}

impl Engine {
    /// A fresh pair for a company that has none.
    pub(super) async fn first_pair(&self, company: CompanyId) -> Result<Option<FreshPair>> {
        let none = {
            let mut conn = self.db().reader().await?;
            signing_keys::list(&mut conn, company).await?.is_empty()
        };
        if none { fresh_pair().await.map(Some) } else { Ok(None) }
    }
}

impl From<&Pair> for SigningKey {
    fn from(pair: &Pair) -> Self {
        let body = STANDARD.encode(&pair.public);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in body.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Self { id: pair.id, pem, created_at: pair.created_at, signs_from: pair.signs_from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(id: u128, from: i64) -> Pair {
        let at = Timestamp::from_micros(from);
        Pair { id: uuid::Uuid::from_u128(id).into(), secret: vec![], public: vec![], created_at: at, signs_from: at }
    }

    #[test]
    fn the_key_that_signs_comes_first() {
        let ids = |now| {
            let all = vec![pair(1, 10), pair(2, 20), pair(3, 30)];
            published(all, Timestamp::from_micros(now)).iter().map(|p| p.id.uuid().as_u128()).collect::<Vec<_>>()
        };
        assert_eq!((ids(10), ids(29), ids(30)), (vec![1, 2, 3], vec![2, 3], vec![3]));
        assert!(published(Vec::new(), Timestamp::from_micros(0)).is_empty());
    }

    #[test]
    fn a_given_secret_must_be_long_enough() {
        let given = |text: &str| Secret::birth(Form::Standard, Some(text)).map(|s| s.text());
        let good = format!("whsec_{}", STANDARD.encode([7; 24]));
        assert_eq!(given(&good).unwrap(), Some(good.clone()));
        for wrong in ["", "whsec_", "whsec_AAAA", &good[6..], "whsec_!", &format!("whsec_{}", STANDARD.encode([7; 65]))]
        {
            assert!(given(wrong).is_err(), "{wrong}");
        }
        assert!(Secret::birth(Form::StandardEd25519, Some(&good)).is_err());
    }

    #[test]
    fn signs_as_the_specification_shows() {
        // The example of the Standard Webhooks specification's own libraries.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signer = Signer { secrets: vec![Secret::Hmac(key)], rsa: None };
        let at = Timestamp::from_micros(1_614_265_330_000_000);
        let headers = signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
