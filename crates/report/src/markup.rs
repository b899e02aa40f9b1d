//! Text as its author saw it, where an interface or a word processor left its marks in it: line breaks of HL7, RTF and
//! HTML, escaped characters, invisible ones.
//!
//! What is read in place of a text has the same length, byte for byte: a mark becomes the white space or the character
//! that it stands for, filled up with blanks. So every span holds in the signed text, too.

mod html;
mod rtf;

use precedent_model::is_invisible;
use std::borrow::Cow;

/// The text to read in place of `text`: of the same length, and every character outside of white space begins and ends
/// where one of `text` does.
pub(crate) fn unmarked(text: &str) -> Cow<'_, str> {
    let suspicious = |byte: &u8| matches!(byte, b'\\' | b'<' | b'&' | b'~' | 0xc2 | 0xef);
    if !text.bytes().any(|byte| suspicious(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut view = View { text, bytes: text.as_bytes().to_vec() };
    if rtf::is_document(text) {
        rtf::read(&mut view);
    } else {
        view.escapes();
        html::read(&mut view);
    }
    view.odd_characters();
    match String::from_utf8(view.bytes) {
        Ok(read) => Cow::Owned(read),
        // Only whole characters are replaced; a text is read as it stands rather than not at all.
        Err(_) => Cow::Borrowed(text),
    }
}

/// A text, and what is read in its place.
struct View<'a> {
    text: &'a str,
    bytes: Vec<u8>,
}

impl View<'_> {
    /// Puts `said` in the place of bytes `start..end`, filled up with blanks. What does not fit is left as it stands.
    fn put(&mut self, start: usize, end: usize, said: &str) {
        if let Some(place) = self.bytes.get_mut(start..end).filter(|place| place.len() >= said.len()) {
            place.fill(b' ');
            place[..said.len()].copy_from_slice(said.as_bytes());
        }
    }

    /// Escapes of HL7 (`\.br\`, `\X0A\`, `~`), line breaks of RTF outside a document of it, and those of programs (`\n`).
    fn escapes(&mut self) {
        let text = self.text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            at += match text[at] {
                b'\\' => self.escape(at),
                b'~' if self.repeats(at) => {
                    self.put(at, at + 1, "\n");
                    1
                }
                _ => 1,
            };
        }
    }

    /// Reads the escape at `at`; how many bytes it has.
    fn escape(&mut self, at: usize) -> usize {
        let rest = &self.text[at + 1..];
        let found = hl7(rest).or_else(|| rtf::line_break(rest)).or_else(|| printed(rest));
        let Some((length, said)) = found else { return 1 };
        self.put(at, at + 1 + length, said);
        1 + length
    }

    /// Whether a tilde parts two lines: that of "~5 mm" does not.
    fn repeats(&self, at: usize) -> bool {
        let before = self.text[..at].chars().next_back();
        let rest = &self.text[at + 1..];
        let after = rest.chars().next();
        if rest.trim_start_matches(' ').starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let spaced = before.is_none_or(char::is_whitespace);
        let letter = |c: char| c.is_alphabetic() || c == '~';
        if spaced { after.is_none_or(char::is_whitespace) } else { after.is_none_or(letter) }
    }

    /// Characters that nobody sees between words, and an apostrophe that was decoded twice.
    fn odd_characters(&mut self) {
        for (at, c) in self.text.char_indices() {
            let end = at + c.len_utf8();
            match c {
                '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {
                    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                    let inside = joins(self.text[..at].chars().next_back())
                        && joins(self.text[end..].chars().find(|&c| !is_invisible(c)));
                    let breaks = self.text[end..].starts_with(['\n', '\r']);
                    if !inside && !breaks {
                        self.put(at, end, "");
                    }
                }
                // Dashes of Windows that were read as Latin-1.
                '\u{96}' | '\u{97}' => self.put(at, end, "-"),
                'â' if self.text[end..].starts_with("\u{80}\u{99}") => {
                    self.put(at, end, "\u{2bc}");
                    self.put(end, end + 2, "\u{ad}");
                    self.put(end + 2, end + 4, "\u{ad}");
                }
                _ => {}
            }
        }
    }
}

/// An escape of HL7 version 2 without its first backslash, and what it stands for.
fn hl7(rest: &str) -> Option<(usize, &'static str)> {
    let end = rest.bytes().take(12).position(|byte| byte == b'\\')?;
    let inside = &rest[..end];
    let said = match inside {
        "H" | "N" => " ",
        "F" => "|",
        "S" => "^",
        "T" => "&",
        "R" => "~",
        "E" => "\\",
        _ => match inside.as_bytes() {
            // ".br", and commands of formatted text such as ".sp+2" and ".in+4".
            [b'.', command @ ..] if command.first().is_some_and(u8::is_ascii_lowercase) => {
                let breaks = ["br", "sp", "ce", "ti", "fi", "nf"];
                if breaks.iter().any(|name| command.starts_with(name.as_bytes())) { "\n" } else { " " }
            }
            [b'X', digits @ ..] if digits.len() % 2 == 0 && !digits.is_empty() => {
                let hexadecimal = digits.iter().all(u8::is_ascii_hexdigit);
                let breaks = digits
                    .chunks(2)
                    .all(|pair| matches!(pair.to_ascii_uppercase().as_slice(), b"0A" | b"0D"));
                match (hexadecimal, breaks) {
                    (true, true) => "\n",
                    (true, false) => " ",
                    (false, _) => return None,
                }
            }
            _ => return None,
        },
    };
    Some((end + 1, said))
}

/// A line break or tab as programs print it, without its backslash: `\n`, `\r\n`, `\t`.
fn printed(rest: &str) -> Option<(usize, &'static str)> {
    let follows = |letter: char| {
        let behind = rest.strip_prefix(letter)?.chars().next();
        Some(behind.is_none_or(|c| !c.is_lowercase()))
    };
    if rest.starts_with('n') {
        return Some((1, "\n"));
    }
    // "\r" and "\t" also begin words: "\right".
    match (follows('r'), follows('t')) {
        (Some(true), _) => Some((1, if rest.starts_with("r\\n") { " " } else { "\n" })),
        (_, Some(true)) => Some((1, "\t")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text as read, runs of blanks as one, line breaks as `/`.
    fn check(text: &str, expected: &str) {
        let read = unmarked(text);
        assert_eq!(read.len(), text.len(), "{text:?}");
        let mut shown = read.replace(['\n', '\r'], "/");
        while shown.contains("  ") {
            shown = shown.replace("  ", " ");
        }
        for mark in ["/", "\t"] {
            shown = shown.replace(&format!(" {mark}"), mark).replace(&format!("{mark} "), mark);
        }
        assert_eq!(shown.trim(), expected, "{text:?}");
    }

    #[test]
    fn plain_text_is_read_as_it_stands() {
        for text in [
            "",
            "Clear lungs.",
            "A < B & C > D",
            "Nodule <5 mm, ~5 mm, ~ 8 mm",
            "PA\\LATERAL",
            "Größe 5\u{a0}mm",
        ] {
            check(text, text);
        }
        assert!(matches!(unmarked("Clear lungs."), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_of_hl7() {
        check("FINDINGS:\\.br\\Clear.\\.br\\\\.br\\IMPRESSION", "FINDINGS:/Clear.//IMPRESSION");
        check("Clear.\\.sp\\Normal\\.in+4\\heart", "Clear./Normal heart");
        check("Clear\\X0A\\lungs\\X0D0A\\heart\\x\\", "Clear/lungs/heart\\x\\");
        check("heart \\T\\ lungs \\H\\bold\\N\\ A\\F\\B", "heart & lungs bold A| B");
        check("Clear~Normal ~ heart~", "Clear/Normal/heart/");
    }

    #[test]
    fn escapes_of_programs() {
        check("FINDINGS:\\nClear\\r\\nNormal\\tHeart", "FINDINGS:/Clear/Normal\tHeart");
        check("\\right \\tissue", "\\right \\tissue");
    }

    #[test]
    fn documents_of_rtf() {
        check(
            "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}{\\f1 Times;}}{\\*\\generator Word;}\\f0\\fs20 {\\b FINDINGS}:\\par Clear\\line Normal\\tab heart\\par\n}",
            "FINDINGS :/Clear/Normal\theart/",
        );
        check("{\\rtf1 caf\\'e9 \\{a\\} \\u8211? b}", "café { a} – b");
        check("Clear\\par Normal\\line heart\\pard x", "Clear/Normal/heart/x");
    }

    #[test]
    fn marks_of_html() {
        check("<p>Clear<br/>Normal</p><BR>heart", "/Clear/Normal//heart");
        check(
            "<html><head><title>x</title></head><style>a{b}</style><b>Find</b> &lt;5&nbsp;mm &amp; ok",
            "/Find < 5 mm & ok",
        );
        check("<table><tr><td>Effusion</td><td>No</td></tr></table>", "/Effusion\tNo\t/");
        check(
            "<!-- a > b -->Clear &eacute;t&eacute; &#233; &#x3c; &unknown; x<y and y>z",
            "Clear é té é < &unknown; x<y and y>z",
        );
    }

    #[test]
    fn odd_characters() {
        check(
            "\u{feff}FINDINGS.\u{feff} Clear pneumo\u{ad}thorax\u{200b}",
            "FINDINGS. Clear pneumo\u{ad}thorax",
        );
        check("isn\u{e2}\u{80}\u{99}t \u{96} x", "isn\u{2bc}\u{ad}\u{ad}t - x");
    }

    fn check_borders(text: &str) {
        let read = unmarked(text);
        assert_eq!(read.len(), text.len());
        for (at, c) in read.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            assert!(
                text.is_char_boundary(at) && text.is_char_boundary(at + c.len_utf8()),
                "{at} of {text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_borders(text in any::<String>()) {
            check_borders(&text);
        }

        #[test]
        fn any_marked_text_keeps_its_borders(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "\\", "\\rtf1", "{\\rtf1 ", "\\par ", "\\'e9", "\\'", "\\u8211?", "\\u-1", "{\\*\\x ", "<", ">", "<br>", "</p>", "<!--", "-->",
            "<style>", "</style>", "&", ";", "&lt;", "&#233;", "&#x1F600;", "&eacute;", "\\.br\\", "\\X0A\\", "\\X", "~", "é", "\u{feff}", "\u{ad}",
            "\u{e2}\u{80}\u{99}", "\u{1f600}", "x", " ", "\n", "0", "\\bin5 ",
        ]), 0..30)) {
            check_borders(&pieces.concat());
        }
    }
}
