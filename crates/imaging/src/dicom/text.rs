//! Text in the character set that the file declares (PS3.3 section C.12.1.1.2, PS3.5 section 6.1).
//!
//! A text comes out whole or not at all: a byte that the character set does not have gives no text, since half of an
//! identifier is another patient's. Some faults of writers are understood: the name of a character set in another spelling,
//! text in UTF-8 or else in Latin-1 where no character set is declared, and Windows' letters where Latin-1 has none.

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

const ESCAPE: u8 = 0x1b;

/// The character sets that a file declares.
#[derive(Debug, Clone)]
pub(crate) struct Charsets {
    /// That of the first value, in which every text begins.
    first: Charset,
}

/// One character set.
#[derive(Debug, Clone)]
enum Charset {
    /// None is declared, or ISO 646 alone.
    Default,
    Utf8,
    Latin1,
    /// One that the codec of the standard knows by this name.
    Named(SpecificCharacterSet),
    /// A name that is not known. Text of ISO 646 is the same in all of them.
    Unknown,
}

impl Charsets {
    /// The character sets of the values of Specific Character Set.
    pub(crate) fn parse(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        Self { first: Charset::parse(text.split('\\').next().unwrap_or_default()) }
    }

    /// The whole text, or `None`.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Option<String> {
        if bytes.is_ascii() && !bytes.contains(&ESCAPE) {
            return std::str::from_utf8(bytes).ok().map(str::to_owned);
        }
        if !bytes.contains(&ESCAPE) {
            return self.first.decode(bytes);
        }
        // What stands before the first escape is in the first character set; each escape names that of what follows.
        let mut parts = bytes.split(|&byte| byte == ESCAPE);
        let mut text = self.first.decode(parts.next().unwrap_or_default())?;
        for part in parts {
            let (charset, rest) = escaped(part)?;
            text += &charset.decode_escaped(part, rest)?;
        }
        Some(text)
    }
}

/// A character set that an escape sequence switches to.
enum Escaped {
    /// Bytes of the upper half, as in the set of this name; the lower half stays ISO 646.
    Upper(&'static str),
    /// Two bytes a character, as ISO 2022 JP codes them, escape and all.
    Japanese,
}

/// The character set of an escape sequence and the text behind it (PS3.3 tables C.12-3 and C.12-4).
fn escaped(part: &[u8]) -> Option<(Escaped, &[u8])> {
    let upper = |name, count: usize| Some((Escaped::Upper(name), part.get(count..)?));
    match part {
        [b'$', b'B' | b'@', ..] => Some((Escaped::Japanese, part)),
        [b'$', b'(', b'D', ..] => Some((Escaped::Japanese, part)),
        [b'$', b')', b'C', ..] => upper("ISO 2022 IR 149", 3),
        [b'$', b')', b'A', ..] => upper("ISO 2022 IR 58", 3),
        [b'(', b'B', ..] => upper("ISO_IR 6", 2),
        [b'(', b'J', ..] | [b')', b'I', ..] => upper("ISO_IR 13", 2),
        [b'-', code, ..] => {
            let name = match code {
                b'A' => "ISO_IR 100",
                b'B' => "ISO_IR 101",
                b'C' => "ISO_IR 109",
                b'D' => "ISO_IR 110",
                b'F' => "ISO_IR 126",
                b'G' => "ISO_IR 127",
                b'H' => "ISO_IR 138",
                b'L' => "ISO_IR 144",
                b'T' => "ISO_IR 166",
                _ => return None,
            };
            upper(name, 2)
        }
        _ => None,
    }
}

impl Escaped {
    fn decode_escaped(&self, part: &[u8], rest: &[u8]) -> Option<String> {
        match self {
            Self::Upper(name) => Charset::parse(name).decode(rest),
            Self::Japanese => {
                // The codec reads one sequence up to its end and back to ISO 646.
                let sequence = [&[ESCAPE], part, &[ESCAPE, b'(', b'B']].concat();
                whole(SpecificCharacterSet::from_code("ISO 2022 IR 87")?.decode(&sequence).ok()?)
            }
        }
    }
}

impl Charset {
    fn parse(name: &str) -> Self {
        // Spelt with other marks, in other cases, or by another name of the same set.
        let letters: String =
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        let number = letters.strip_prefix("ISO2022IR").or(letters.strip_prefix("ISOIR"));
        match (letters.as_str(), number) {
            ("", _) | (_, Some("6")) | ("ASCII" | "USASCII", _) => Self::Default,
            (_, Some("192")) | ("UTF8" | "UNICODE", _) => Self::Utf8,
            (_, Some("100")) | ("ISO88591" | "LATIN1" | "CP1252" | "WINDOWS1252", _) => Self::Latin1,
            (_, Some("58")) => Self::named("GBK"),
            (_, Some(number)) => Self::named(&format!("ISO_IR {number}")),
            (other, None) => match iso_8859(other) {
                Some(number) => Self::named(&format!("ISO_IR {number}")),
                None => Self::named(other),
            },
        }
    }

    fn named(name: &str) -> Self {
        SpecificCharacterSet::from_code(name).map_or(Self::Unknown, Self::Named)
    }

    /// Decodes text without escape sequences.
    fn decode(&self, bytes: &[u8]) -> Option<String> {
        let utf8 = || std::str::from_utf8(bytes).ok().map(str::to_owned);
        let latin = || bytes.iter().map(|&byte| windows_1252(byte)).collect();
        match self {
            Self::Default => utf8().or_else(latin),
            Self::Utf8 | Self::Unknown => utf8(),
            Self::Latin1 => latin(),
            Self::Named(charset) => whole(charset.decode(bytes).ok()?),
        }
    }
}

/// The number by which DICOM calls a part of ISO 8859.
fn iso_8859(letters: &str) -> Option<u16> {
    Some(match letters.strip_prefix("ISO8859")? {
        "2" => 101,
        "3" => 109,
        "4" => 110,
        "5" => 144,
        "6" => 127,
        "7" => 126,
        "8" => 138,
        "11" => 166,
        _ => return None,
    })
}

/// The text, unless the codec put an escape of three octal digits in the place of a byte that it does not know.
fn whole(text: String) -> Option<String> {
    let bytes = text.as_bytes();
    let replaced =
        bytes.windows(4).any(|four| matches!(four, [b'\\', b'0'..=b'3', b'0'..=b'7', b'0'..=b'7']));
    (!replaced && !text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

/// The letter of a byte in Latin-1, or in Windows' set where Latin-1 has control characters.
fn windows_1252(byte: u8) -> Option<char> {
    const UPPER: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER.get(usize::from(byte - 0x80)).copied().filter(|&letter| letter != '\0'),
        _ => Some(byte.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(charset: &str, bytes: &[u8], expected: Option<&str>) {
        let text = Charsets::parse(charset.as_bytes()).decode(bytes);
        assert_eq!(text.as_deref(), expected, "{charset}");
    }

    #[test]
    fn declared_character_sets() {
        check("", b"PAT-1", Some("PAT-1"));
        check("ISO_IR 100", b"M\xfcller", Some("Müller"));
        check("ISO_IR 192", "Müller 山田".as_bytes(), Some("Müller 山田"));
        check("ISO_IR 144", b"\xbb\xee\xda\x63", Some("Люкc"));
        check("ISO_IR 126", b"\xc4\xe9", Some("Δι"));
        check("GB18030", b"\xcd\xf5", Some("王"));
        check("GBK", b"\xcd\xf5", Some("王"));
        check("ISO_IR 13", b"\xd4\xcf\xc0\xde", Some("ﾔﾏﾀﾞ"));
    }

    #[test]
    fn names_of_other_spelling() {
        for name in ["ISO IR 192", "iso_ir 192", "ISO_IR_192", "ISO-IR-192", "UTF-8", "utf8"] {
            check(name, "Ü1".as_bytes(), Some("Ü1"));
        }
        for name in ["ISO_IR_100", "iso ir 100", "ISO 8859-1", "latin1", "ISO 2022 IR 100"] {
            check(name, b"\xdc1", Some("Ü1"));
        }
        check("ISO-8859-5", b"\xbb", Some("Л"));
        check("gb18030", b"\xcd\xf5", Some("王"));
    }

    #[test]
    fn escapes_switch_character_sets() {
        check("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^x", Some("Yamada^Tarou=山田^x"));
        check("\\ISO 2022 IR 149", b"\x1b$)C\xb1\xe8", Some("김"));
        check("\\ISO 2022 IR 58", b"\x1b$)A\xcd\xf5-7", Some("王-7"));
        check("ISO 2022 IR 100\\ISO 2022 IR 144", b"\xfc\x1b-L\xbb", Some("üЛ"));
        check("ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4\x1b$B;3\x1b(J1", Some("ﾔ山1"));
        check("\\ISO 2022 IR 87", b"\x1b%/1", None);
        check("\\ISO 2022 IR 87", b"\x1b$B;", None);
    }

    #[test]
    fn text_outside_its_character_set_is_whole_or_none() {
        check("ISO_IR 192", b"G\xe4r-001", None);
        check("", b"G\xe4r-001", Some("Gär-001"));
        check("ISO_IR 6", "Gär-001".as_bytes(), Some("Gär-001"));
        check("KLINGON", b"G\xe4r-001", None);
        check("KLINGON", b"PAT-1", Some("PAT-1"));
        check("ISO_IR 100", b"\x93X\x94", Some("“X”"));
        check("ISO_IR 100", b"G\x81r-001", None);
        check("ISO_IR 166", b"\xff-001", None);
        check("GB18030", b"\xff\xff-001", None);
    }
}
