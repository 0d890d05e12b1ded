//! Texts that people give: checked once, kept as given, compared by one folded key.
//!
//! Every name is stored in Unicode NFC. Two names are the same when their [`fold`]ed keys are; the databases
//! only ever compare those keys, so that SQLite and PostgreSQL agree on every letter.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization;

use crate::{Error, Result};

/// The key that names are compared, searched and sorted by.
///
/// Compatibility forms are unified (NFKC), letter case is folded in full (`ß` is `ss`), and the dot that the
/// Turkish `İ` leaves behind is dropped, so that `İstanbul` is found by `istanbul` on every machine.
pub fn fold(raw: &str) -> String {
    if raw.is_ascii() {
        return raw.to_ascii_lowercase();
    }
    let unified: String = raw.nfkc().collect();
    let folded = CaseMapper::new().fold_string(&unified);
    folded.replace("i\u{307}", "i").nfkc().collect()
}

fn checked(field: &str, raw: &str, least: usize, most: usize, may_break: bool) -> Result<String> {
    // Counted before anything else walks the text: a huge one costs one pass.
    let count = raw.chars().take(most + 1).count();
    if count > most {
        return Err(Error::invalid(field, format!("may have at most {most} characters")));
    }
    if raw.chars().any(|c| c.is_control() && !(may_break && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(Error::invalid(field, "holds a control character"));
    }
    if raw.trim().chars().count() < least {
        return Err(Error::invalid(field, if raw.is_empty() { "must not be empty" } else { "must not be blank" }));
    }
    let text: String = raw.nfc().collect();
    // Normalising can lengthen a text: the limit holds for what is stored.
    if text.chars().count() > most {
        return Err(Error::invalid(field, format!("may have at most {most} characters")));
    }
    Ok(text)
}

/// A name of a company, group, key or person: 1 to 255 characters, not blank, no control characters.
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub fn name(field: &str, raw: &str) -> Result<String> {
    checked(field, raw, 1, 255, false)
}

/// A description or note: up to 1,000 characters; line breaks and tabs are allowed, other controls are not.
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub fn description(field: &str, raw: &str) -> Result<String> {
    checked(field, raw, 0, 1000, true)
}

/// Why something is asked for: 1 to 1,024 characters, not blank; line breaks and tabs are allowed.
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub fn purpose(field: &str, raw: &str) -> Result<String> {
    checked(field, raw, 1, 1024, true)
}

/// A short text from outside, such as an external id or an icon: up to 255 characters, no control characters.
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub fn short(field: &str, raw: &str) -> Result<String> {
    checked(field, raw, 0, 255, false)
}

/// An e-mail address, as far as a server can tell without sending one: one `@` with text on both sides, no
/// white space, at most 254 characters (RFC 5321 §4.5.3.1).
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub fn email(field: &str, raw: &str) -> Result<String> {
    let text = checked(field, raw, 1, 254, false)?;
    let well_formed = text
        .rsplit_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !local.contains('@'));
    if !well_formed || text.chars().any(char::is_whitespace) {
        return Err(Error::invalid(field, "is not an e-mail address"));
    }
    Ok(text)
}

/// Splits a full name at its last space into given and family name; without a space all of it is given.
pub fn split(full: &str) -> (&str, &str) {
    let full = full.trim();
    full.rsplit_once(' ').map_or((full, ""), |(given, family)| (given.trim_end(), family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_letters_the_same_everywhere() {
        for (a, b) in [
            ("ÉCOLE", "école"),
            ("Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("E\u{301}", "é"),
            ("ＡＤＭＩＮ", "admin"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
        assert_ne!(fold("resume"), fold("résumé"));
        assert_eq!(fold(&fold("İSTANBUL ẞ")), fold("İSTANBUL ẞ"));
    }

    #[test]
    fn refuses_what_no_name_holds() {
        assert!(name("name", "").is_err());
        assert!(name("name", "  ").is_err());
        assert!(name("name", "a\u{0}b").is_err());
        assert!(name("name", &"é".repeat(256)).is_err());
        assert_eq!(name("name", &"é".repeat(255)).unwrap().chars().count(), 255);
        assert!(description("description", "two\nlines").is_ok());
        assert!(
            email("email", "no-at").is_err() && email("email", "a@b@c").is_err() && email("email", "a @b").is_err()
        );
    }

    #[test]
    fn splits_at_the_last_space() {
        assert_eq!(split("Mira van Holt"), ("Mira van", "Holt"));
        assert_eq!(split("Cher"), ("Cher", ""));
    }
}
