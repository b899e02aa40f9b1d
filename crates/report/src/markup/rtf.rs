//! Control words of the Rich Text Format (specification 1.9.1), as far as they change what is read.

use super::View;

/// Groups that hold no text of the document.
const HIDDEN: [&str; 10] = [
    "colortbl",
    "datastore",
    "fonttbl",
    "generator",
    "header",
    "info",
    "listtable",
    "object",
    "pict",
    "stylesheet",
];

/// Whether the text is a document of RTF and not text with marks of it.
pub(super) fn is_document(text: &str) -> bool {
    text.trim_start().starts_with("{\\rtf")
}

/// A line break outside a document, without its backslash: "\par ", "\line".
pub(super) fn line_break(rest: &str) -> Option<(usize, &'static str)> {
    let (word, length) = control_word(rest)?;
    matches!(word, "par" | "pard" | "line" | "sect" | "page").then_some((length, "\n"))
}

/// Puts white space in the place of control words, and characters in the place of escaped ones.
pub(super) fn read(view: &mut View<'_>) {
    let text = view.text;
    let mut hidden = Hidden { depth: 0, from: None };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = match rest.as_bytes()[0] {
            b'{' => {
                hidden.open(&rest[1..]);
                view.put(at, at + 1, "");
                1
            }
            b'}' => {
                hidden.close();
                view.put(at, at + 1, "");
                1
            }
            b'\\' => {
                let (length, said) = control(&rest[1..]);
                let said = said.filter(|_| hidden.from.is_none());
                view.put(
                    at,
                    at + 1 + length,
                    said.map(|c| c.encode_utf8(&mut [0; 4]).to_owned()).unwrap_or_default().as_str(),
                );
                1 + length
            }
            // A line break of the file is none of the document.
            b'\r' | b'\n' => {
                view.put(at, at + 1, "");
                1
            }
            _ => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                if hidden.from.is_some() {
                    view.put(at, at + length, "");
                }
                length
            }
        };
        at += length;
    }
}

/// How deep in groups we are, and from which depth on nothing is to be read.
struct Hidden {
    depth: usize,
    from: Option<usize>,
}

impl Hidden {
    fn open(&mut self, inside: &str) {
        self.depth += 1;
        let named = |inside: &str| control_word(inside).is_some_and(|(word, _)| HIDDEN.contains(&word));
        let hides = inside.starts_with("\\*") || inside.strip_prefix('\\').is_some_and(named);
        if hides && self.from.is_none() {
            self.from = Some(self.depth);
        }
    }

    fn close(&mut self) {
        if self.from == Some(self.depth) {
            self.from = None;
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

/// What follows a backslash: its length and what it stands for, white space for what says nothing.
fn control(rest: &str) -> (usize, Option<char>) {
    if let Some((word, length)) = control_word(rest) {
        return match word {
            "par" | "line" | "sect" | "page" | "row" | "pard" => (length, Some('\n')),
            "tab" | "cell" => (length, Some('\t')),
            "bullet" => (length, Some('•')),
            "endash" | "emdash" => (length, Some('-')),
            "lquote" | "rquote" => (length, Some('\'')),
            "u" => unicode(rest, length),
            _ => (length, None),
        };
    }
    match rest.chars().next() {
        Some('\'') => {
            let digits = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            digits.map_or((1, None), |code| (3, Some(char::from(code)).filter(|c| !c.is_control())))
        }
        Some(c @ ('{' | '}' | '\\')) => (1, Some(c)),
        Some('\r' | '\n') => (1, Some('\n')),
        Some('~') => (1, Some(' ')),
        Some(c) => (c.len_utf8(), None),
        None => (0, None),
    }
}

/// The character of `\u8211?`, with the one for readers that do not know it.
fn unicode(rest: &str, length: usize) -> (usize, Option<char>) {
    let number: Option<i32> = rest[1..length].trim_end().parse().ok();
    let code = number.map(|number| if number < 0 { number + 0x1_0000 } else { number });
    let c = code.and_then(|code| char::from_u32(u32::try_from(code).ok()?)).filter(|c| !c.is_control());
    (length + usize::from(rest[length..].starts_with('?')), c)
}

/// A control word with its number and the blank that ends it: the word and the length of all.
fn control_word(rest: &str) -> Option<(&str, usize)> {
    let bytes = rest.as_bytes();
    let letters = bytes.iter().take(24).take_while(|byte| byte.is_ascii_lowercase()).count();
    if letters == 0 {
        return None;
    }
    let mut end = letters;
    let signed = bytes.get(end) == Some(&b'-') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    end += usize::from(signed);
    end += bytes[end..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    end += usize::from(bytes.get(end) == Some(&b' '));
    Some((&rest[..letters], end))
}
