//! Lines of comma-separated values (RFC 4180), safe to open in a spreadsheet.

/// One line of these cells, with its end.
pub fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let mut out = String::new();
    for (i, text) in cells.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        cell(&mut out, text.as_ref());
    }
    out.push_str("\r\n");
    out
}

/// A cell, in quotes where it must be. What a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(out: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = formula || text.contains(['"', ',', '\n', '\r']);
    if !quoted {
        out.push_str(text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_whatever_is_in_them() {
        assert_eq!(line(["a", "", "b,c", "d\"e", "f\ng"]), "a,,\"b,c\",\"d\"\"e\",\"f\ng\"\r\n");
        assert_eq!(line(["=1+1", "-2", "@x"]), "\"'=1+1\",\"'-2\",\"'@x\"\r\n");
    }
}
