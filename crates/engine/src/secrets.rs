//! The master key and what derives from it: the pepper of key hashes, the key of tokens, and the key that seals what
//! must be read again.

use std::io::Write;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use guildhall_domain::{Error, Result};

/// Keys that derive from the one master key (HKDF-SHA-256, RFC 5869).
pub struct Secrets {
    pepper: hmac::Key,
    check: [u8; 32],
    tokens: hmac::Key,
    seal: RandomizedNonceKey,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Secrets {
    /// Derives everything from a master key of 32 bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] when the derivation fails.
    pub fn derive(master: &[u8; 32]) -> Result<Self> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"guildhall").extract(master);
        let part = |purpose: &[u8]| -> Result<[u8; 32]> {
            let mut out = [0; 32];
            root.expand(&[purpose], Length(32)).and_then(|okm| okm.fill(&mut out)).map_err(Error::internal)?;
            Ok(out)
        };
        Ok(Self {
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &part(b"pepper")?),
            check: part(b"check")?,
            tokens: hmac::Key::new(hmac::HMAC_SHA256, &part(b"tokens")?),
            seal: RandomizedNonceKey::new(&AES_256_GCM, &part(b"seal")?).map_err(Error::internal)?,
        })
    }

    /// Reads a master key as `GUILDHALL_MASTER_KEY` gives it: 32 bytes in base64 or 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is neither.
    pub fn parse(text: &str) -> Result<Self> {
        Self::derive(&master(text.trim()).ok_or_else(|| {
            Error::invalid(
                "GUILDHALL_MASTER_KEY",
                "must be 32 bytes in base64, as `openssl rand -base64 32` prints them",
            )
        })?)
    }

    /// Reads the master key from `file`, or makes one there (mode 0600) when `may_make`.
    ///
    /// # Errors
    /// [`Error::Conflict`] with the remedy when the file is lost or unreadable.
    pub fn from_file(file: &Path, may_make: bool) -> Result<Self> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map_err(|_| {
                Error::conflict(format!("{} does not hold a master key; put the right one back", file.display()))
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && may_make => {
                let fresh: [u8; 32] = random()?;
                keep(file, &STANDARD_NO_PAD.encode(fresh)).map_err(|e| {
                    Error::conflict(format!("the master key cannot be written to {}: {e}", file.display()))
                })?;
                Self::derive(&fresh)
            }
            Err(e) => Err(Error::conflict(format!(
                "the master key of this database is lost ({}: {e}); put the file back, or set GUILDHALL_MASTER_KEY to what it held",
                file.display()
            ))),
        }
    }

    /// What a database keeps to know its master key again; tells nothing about it.
    pub(crate) fn check(&self) -> [u8; 32] {
        self.check
    }

    /// The hash under which a key's secret is kept: HMAC-SHA-256 with the pepper.
    pub(crate) fn hash(&self, secret: &str) -> Vec<u8> {
        hmac::sign(&self.pepper, secret.as_bytes()).as_ref().to_vec()
    }

    /// Is `secret` the one whose hash is kept? Takes the same time whatever differs.
    pub(crate) fn matches(&self, secret: &str, hash: &[u8]) -> bool {
        hmac::verify(&self.pepper, secret.as_bytes(), hash).is_ok()
    }

    /// Signs the body of a token, as base64url.
    pub(crate) fn sign(&self, body: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.tokens, body.as_bytes()).as_ref())
    }

    /// Is this the signature of `body`?
    pub(crate) fn signed(&self, body: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD.decode(signature).is_ok_and(|mac| hmac::verify(&self.tokens, body.as_bytes(), &mac).is_ok())
    }
}

impl Secrets {
    /// Seals what must be read again (AES-256-GCM, a random nonce before it). It opens only under the same `place`, so
    /// that a sealed text cannot be moved to another row.
    pub(crate) fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>> {
        let mut body = plain.to_vec();
        let nonce = self.seal.seal_in_place_append_tag(Aad::from(hash_parts(place.iter().copied())), &mut body);
        let mut sealed = nonce.map_err(Error::internal)?.as_ref().to_vec();
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what was sealed at this `place`.
    pub(crate) fn open(&self, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || Error::internal("a sealed secret cannot be opened with this master key");
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut body = body.to_vec();
        let place = Aad::from(hash_parts(place.iter().copied()));
        let plain = self.seal.open_in_place(nonce, place, &mut body).map_err(|_| broken())?;
        Ok(plain.to_vec())
    }
}

fn master(text: &str) -> Option<[u8; 32]> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let byte = |i: usize| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok();
        let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
        return bytes?.try_into().ok();
    }
    let plain = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(plain).or_else(|_| URL_SAFE_NO_PAD.decode(plain)).ok()?.try_into().ok()
}

fn keep(file: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(out, "{text}")?;
    out.sync_all()
}

/// Random bytes from the operating system's source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// A fresh secret: 256 random bits as 43 letters of base64url.
pub(crate) fn fresh_secret() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// SHA-256 over parts, each led by its length, so that no two lists of parts hash alike.
pub(crate) fn hash_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// Are the two the same? Takes the same time wherever they differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_by_its_hash_alone() {
        let secrets = Secrets::derive(&[7; 32]).unwrap();
        let hash = secrets.hash("s3cret");
        assert!(secrets.matches("s3cret", &hash) && !secrets.matches("s3creT", &hash));
        assert!(!Secrets::derive(&[8; 32]).unwrap().matches("s3cret", &hash));
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let secrets = Secrets::derive(&[7; 32]).unwrap();
        let sealed = secrets.seal(&[b"a", b"1"], b"s3cret").unwrap();
        assert_eq!(secrets.open(&[b"a", b"1"], &sealed).unwrap(), b"s3cret");
        assert_ne!(sealed, secrets.seal(&[b"a", b"1"], b"s3cret").unwrap(), "a nonce is used once");
        assert!(!sealed.windows(6).any(|part| part == b"s3cret"));
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        for (place, sealed) in
            [(&[&b"a"[..], b"2"], &sealed[..]), (&[b"a", b"1"], &bent), (&[b"a", b"1"], &sealed[..9])]
        {
            assert!(secrets.open(place, sealed).is_err());
        }
        assert!(Secrets::derive(&[8; 32]).unwrap().open(&[b"a", b"1"], &sealed).is_err());
    }

    #[test]
    fn a_master_key_is_read_in_base64_and_hex() {
        assert!(Secrets::parse(&STANDARD_NO_PAD.encode([1; 32])).is_ok());
        assert!(Secrets::parse(&"ab".repeat(32)).is_ok());
        assert!(Secrets::parse("short").is_err());
    }

    #[test]
    fn parts_cannot_be_moved_between_fields() {
        assert_ne!(hash_parts([&b"ab"[..], b"c"]), hash_parts([&b"a"[..], b"bc"]));
    }
}
