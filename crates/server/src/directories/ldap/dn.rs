//! Distinguished names (RFC 4514), put into one form by which they can be compared.

/// The one form of a name: parts without blanks around them, without escapes, in lower case. A text that is no name is
/// compared as it stands.
pub(super) fn normal(dn: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(dn.len());
    let mut bytes = dn.bytes().peekable();
    // Blanks count only between other characters of a value.
    let (mut blanks, mut begun) = (0_usize, false);
    while let Some(byte) = bytes.next() {
        let literal = match byte {
            b'\\' => {
                let Some(next) = bytes.next() else { break };
                let pair = bytes.peek().copied().and_then(|low| Some((hex(next)?, hex(low)?)));
                match pair {
                    Some((high, low)) => {
                        bytes.next();
                        Some(high << 4 | low)
                    }
                    None => Some(next),
                }
            }
            b' ' => {
                blanks += usize::from(begun);
                continue;
            }
            b',' | b'+' | b'=' | b';' => None,
            other => Some(other),
        };
        match literal {
            Some(byte) => {
                out.extend(std::iter::repeat_n(b' ', blanks));
                (blanks, begun) = (0, true);
                // What an escape says stands apart from what parts names.
                if matches!(byte, b',' | b'+' | b'=' | b';') {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            None => {
                (blanks, begun) = (0, false);
                out.push(if byte == b';' { b',' } else { byte });
            }
        }
    }
    String::from_utf8_lossy(&out).to_lowercase()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn one_name_has_one_form() {
        let one = "uid=zoë müller,ou=people,dc=example,dc=org";
        for dn in [
            "uid=Zoë Müller,ou=People,dc=example,dc=org",
            "UID = zo\\c3\\ab M\\C3\\BCller , OU=people , DC=example,DC=org",
            "uid=Zoë\\20Müller;ou=People;dc=example;dc=org",
        ] {
            assert_eq!(normal(dn), one, "{dn}");
        }
        assert_eq!(normal("cn=Doe\\, Jane,dc=x"), normal("CN=Doe\\2C Jane, DC=X"));
        assert_ne!(normal("cn=Doe\\, Jane,dc=x"), normal("cn=Doe, Jane,dc=x"));
        assert_eq!((normal(""), normal("\\"), normal(" ")), (String::new(), String::new(), String::new()));
    }
}
