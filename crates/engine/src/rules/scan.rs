//! Reads an expression's tokens before it is parsed: bounds what the parser gets to see, and finds the clauses.
//!
//! The parser recurses and has no bounds of its own, so whatever it could be made to choke on is refused here.

use std::ops::Range;

use super::Refused;

/// The most bytes of an expression.
pub(super) const LENGTH: usize = 2048;
/// The deepest nesting of brackets, and the longest chain of `.` and `[ ]` on one operand.
const DEPTH: usize = 16;
/// The most operators.
const OPERATORS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Operand,
    Open(u8),
    Close(u8),
    /// `&&` or `||`.
    Logical,
    Question,
    Operator,
    Dot,
    Comma,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    at: Range<usize>,
}

/// Checks the bounds; the places in `text` of the clauses: what stands between the outermost `&&` and `||`.
pub(super) fn clauses(text: &str) -> Result<Vec<Range<usize>>, Refused> {
    if text.len() > LENGTH {
        return Err(Refused::at(text, LENGTH, format!("an expression may have at most {LENGTH} bytes")));
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(Refused::at(text, text.len(), "an expression is missing"));
    }
    bound(text, &tokens)?;
    let mut found = Vec::new();
    split(&tokens, &mut found);
    Ok(found)
}

fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let bytes = text.as_bytes();
    let (mut all, mut i) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(i) {
        let start = i;
        let two = bytes.get(i..i + 2).unwrap_or_default();
        let (kind, end) = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                i += 1;
                continue;
            }
            b'/' if two == b"//" => {
                i = bytes[i..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| i + n);
                continue;
            }
            b'"' | b'\'' => (Kind::Operand, string(text, i, false)?),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let end = run(bytes, i, |b| b.is_ascii_alphanumeric() || b == b'_');
                let prefix = &bytes[i..end];
                match bytes.get(end) {
                    Some(b'"' | b'\'') if prefix.len() <= 2 && prefix.iter().all(|b| b"rRbB".contains(b)) => {
                        (Kind::Operand, string(text, end, prefix.iter().any(|b| b"rR".contains(b)))?)
                    }
                    _ if prefix == b"in" => (Kind::Operator, end),
                    _ => (Kind::Operand, end),
                }
            }
            b'0'..=b'9' => (Kind::Operand, number(bytes, i)),
            b'.' if bytes.get(i + 1).is_some_and(u8::is_ascii_digit) && !after_operand(&all) => {
                (Kind::Operand, number(bytes, i))
            }
            b'(' | b'[' | b'{' => (Kind::Open(byte), i + 1),
            b')' | b']' | b'}' => (Kind::Close(byte), i + 1),
            b'&' | b'|' if two == b"&&" || two == b"||" => (Kind::Logical, i + 2),
            b'=' | b'!' | b'<' | b'>' if two.get(1) == Some(&b'=') => (Kind::Operator, i + 2),
            b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b':' => (Kind::Operator, i + 1),
            b'?' => (Kind::Question, i + 1),
            b'.' => (Kind::Dot, i + 1),
            b',' => (Kind::Comma, i + 1),
            _ => return Err(Refused::at(text, i, "this character has no meaning here")),
        };
        all.push(Token { kind, at: start..end });
        i = end;
    }
    Ok(all)
}

fn after_operand(before: &[Token]) -> bool {
    matches!(before.last().map(|t| t.kind), Some(Kind::Operand | Kind::Close(_)))
}

fn run(bytes: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|b| !belongs(*b)).map_or(bytes.len(), |n| from + n)
}

/// The end of a number; an exponent's sign belongs to it.
fn number(bytes: &[u8], from: usize) -> usize {
    let mut i = from;
    while let Some(&b) = bytes.get(i) {
        let signed =
            matches!(b, b'+' | b'-') && matches!(bytes[i - 1], b'e' | b'E') && !bytes[from..].starts_with(b"0x");
        if !(b.is_ascii_alphanumeric() || b == b'.' || i > from && signed) {
            break;
        }
        i += 1;
    }
    i
}

/// The end of the string that begins with the quote at `from`.
fn string(text: &str, from: usize, raw: bool) -> Result<usize, Refused> {
    let bytes = text.as_bytes();
    let quote = bytes[from];
    let triple = bytes[from..].starts_with(&[quote; 3]);
    let mut i = from + if triple { 3 } else { 1 };
    while let Some(&b) = bytes.get(i) {
        match b {
            b'\\' if !raw => i += 2,
            _ if b == quote && !triple => return Ok(i + 1),
            _ if b == quote && bytes[i..].starts_with(&[quote; 3]) => return Ok(i + 3),
            b'\n' | b'\r' if !triple => break,
            _ if b.is_ascii_control() && !matches!(b, b'\n' | b'\r' | b'\t') => {
                return Err(Refused::at(text, i, "holds a control character"));
            }
            _ => i += 1,
        }
    }
    Err(Refused::at(text, from, "this string does not end"))
}

fn bound(text: &str, tokens: &[Token]) -> Result<(), Refused> {
    // For each open bracket, where it is and how long the chain on the present operand inside it is.
    let mut open: Vec<(u8, usize, usize)> = vec![(0, 0, 0)];
    let mut operators = 0;
    for (i, token) in tokens.iter().enumerate() {
        let at = token.at.start;
        let deep = || Refused::at(text, at, format!("nests deeper than {DEPTH}"));
        let chained =
            matches!(token.kind, Kind::Dot) || matches!(token.kind, Kind::Open(_)) && after_operand(&tokens[..i]);
        if let Some((_, _, chain)) = open.last_mut() {
            *chain = match token.kind {
                Kind::Logical | Kind::Question | Kind::Operator | Kind::Comma => 0,
                _ if chained => *chain + 1,
                _ => *chain,
            };
            // A method call is two links.
            if *chain > DEPTH * 2 {
                return Err(deep());
            }
        }
        match token.kind {
            Kind::Logical | Kind::Question | Kind::Operator => {
                operators += 1;
                if operators > OPERATORS {
                    return Err(Refused::at(text, at, format!("has more than {OPERATORS} operators")));
                }
            }
            Kind::Open(bracket) => {
                if open.len() > DEPTH {
                    return Err(deep());
                }
                open.push((bracket, at, 0));
            }
            Kind::Close(bracket) => {
                let (opened, _, _) = open.pop().unwrap_or_default();
                if !matches!((opened, bracket), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
                    return Err(Refused::at(text, at, "this bracket closes none that is open"));
                }
            }
            Kind::Operand | Kind::Dot | Kind::Comma => {}
        }
    }
    match open[..] {
        [_] => Ok(()),
        [.., (_, at, _)] => Err(Refused::at(text, at, "this bracket is not closed")),
        [] => Err(Refused::at(text, 0, "a bracket is not closed")),
    }
}

/// Splits at the outermost `&&` and `||`, through brackets that hold nothing else. Deep as brackets go, which is bounded.
fn split(tokens: &[Token], found: &mut Vec<Range<usize>>) {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return };
    let (mut depth, mut cuts, mut wraps, mut choice) = (0_usize, Vec::new(), first.kind == Kind::Open(b'('), false);
    for (i, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => {
                depth = depth.saturating_sub(1);
                wraps &= depth > 0 || i + 1 == tokens.len();
            }
            Kind::Logical if depth == 0 => cuts.push(i),
            Kind::Question if depth == 0 => choice = true,
            _ => {}
        }
    }
    if wraps && tokens.len() > 2 {
        return split(&tokens[1..tokens.len() - 1], found);
    }
    if choice || cuts.is_empty() {
        return found.push(first.at.start..last.at.end);
    }
    let mut from = 0;
    for cut in cuts.into_iter().chain([tokens.len()]) {
        split(&tokens[from..cut], found);
        from = cut + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        clauses(text).unwrap().into_iter().map(|at| &text[at]).collect()
    }

    #[test]
    fn clauses_are_what_stands_between_the_outermost_and_and_or() {
        assert_eq!(parts("a"), ["a"]);
        assert_eq!(parts("a && (b || c) && !(d && e)"), ["a", "b", "c", "!(d && e)"]);
        assert_eq!(parts("((a && b))"), ["a", "b"]);
        assert_eq!(parts("(a && b) == c"), ["(a && b) == c"]);
        assert_eq!(parts("(a) || (b)"), ["a", "b"]);
        assert_eq!(parts("a && b ? c : d"), ["a && b ? c : d"]);
        assert_eq!(
            parts("x in ['&&', \"||\"] && y.f('a' + r'\\') // && z"),
            ["x in ['&&', \"||\"]", "y.f('a' + r'\\')"]
        );
    }

    #[test]
    fn what_the_parser_could_choke_on_is_refused_before_it() {
        let why = |text: &str| clauses(text).unwrap_err().to_string();
        assert_eq!(why(""), "line 1, column 1: an expression is missing");
        assert_eq!(why(&"(".repeat(17)), "line 1, column 17: nests deeper than 16");
        assert_eq!(why(&format!("1{}", "+1".repeat(65))), "line 1, column 130: has more than 64 operators");
        assert_eq!(why(&"!".repeat(65)), "line 1, column 65: has more than 64 operators");
        assert_eq!(why(&format!("a{}", ".a".repeat(40))), "line 1, column 66: nests deeper than 16");
        assert_eq!(why(&format!("a{}", "[0]".repeat(40))), "line 1, column 98: nests deeper than 16");
        assert_eq!(why(&" ".repeat(2049)), "line 1, column 2049: an expression may have at most 2048 bytes");
        assert_eq!(why("a &&\n 'b"), "line 2, column 2: this string does not end");
        assert_eq!(why("(a]"), "line 1, column 3: this bracket closes none that is open");
        assert_eq!(why("a) || (b"), "line 1, column 2: this bracket closes none that is open");
        assert_eq!(why("f(a"), "line 1, column 2: this bracket is not closed");
        assert_eq!(why("a & b"), "line 1, column 3: this character has no meaning here");
        assert_eq!(why("'a\u{7}'"), "line 1, column 3: holds a control character");
    }
}
