//! From bytes to text: which encoding a file is in, which no CSV file says of itself.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use guildhall_domain::{Error, Result};

/// The text of a file and the name of its encoding: by its byte order mark, by what its sender says, or by its looks.
///
/// # Errors
/// [`Error::Invalid`] when the sender names an encoding that is none, or the bytes are none of it.
pub(super) fn decode(bytes: &[u8], charset: Option<&str>) -> Result<(String, &'static str)> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let said = match charset {
        Some(name) => Some(
            Encoding::for_label(name.as_bytes())
                .ok_or_else(|| Error::invalid("charset", "is no encoding that is known here"))?,
        ),
        None => None,
    };
    let encoding = marked.or(said).unwrap_or_else(|| guess(bytes));
    let (text, used, broken) = encoding.decode(bytes);
    if broken {
        return Err(Error::invalid("body", format!("is not text in {}; save it as UTF-8", used.name())));
    }
    Ok((text.into_owned(), used.name()))
}

/// The encoding that bytes without a mark are most likely in.
fn guess(bytes: &[u8]) -> &'static Encoding {
    // Latin letters have a zero in every other byte of UTF-16, and no other encoding has zeros at all.
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).take(512).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match (even, odd) {
        (0, 0) => {}
        (even, odd) if odd > even => return UTF_16LE,
        _ => return UTF_16BE,
    }
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut looks = chardetng::EncodingDetector::new();
    looks.feed(bytes, true);
    looks.guess(None, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_told() {
        let text = "name;email\r\nZoë Müller;zoë@example.org\r\nJosé Ærø;j@example.org\r\n";
        let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let mut marked = vec![0xff, 0xfe];
        marked.extend(wide(u16::to_le_bytes));
        for (bytes, named) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8"),
            (marked, "UTF-16LE"),
            (wide(u16::to_le_bytes), "UTF-16LE"),
            (wide(u16::to_be_bytes), "UTF-16BE"),
            (latin.clone(), "windows-1252"),
        ] {
            assert_eq!(decode(&bytes, None).unwrap(), (text.to_owned(), named));
        }
        assert_eq!(decode(&latin, Some("iso-8859-1")).unwrap().0, text);
        assert!(decode(&latin, Some("utf-8")).is_err() && decode(b"x", Some("klingon")).is_err());
        assert_eq!(decode(b"", None).unwrap(), (String::new(), "UTF-8"));
    }
}
