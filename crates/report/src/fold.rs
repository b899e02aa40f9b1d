//! Letters as lexicons write them: without accents, ligatures and what only a typesetter needs.

/// Whether nobody sees the character: soft hyphens, joiners, byte order marks.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Whether the character belongs to the letter before it.
pub(crate) fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether the character stands for an apostrophe. U+0092 is one of Windows that was read as Latin-1.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '\u{92}')
}

/// Appends a letter in lower case without its accent, and a ligature as its letters.
pub(crate) fn push_folded(c: char, word: &mut String) {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => word.push('a'),
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => word.push('c'),
        'ď' | 'đ' => word.push('d'),
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => word.push('e'),
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => word.push('g'),
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => word.push('i'),
        'ĺ' | 'ļ' | 'ľ' | 'ł' => word.push('l'),
        'ñ' | 'ń' | 'ņ' | 'ň' => word.push('n'),
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => word.push('o'),
        'ŕ' | 'ŗ' | 'ř' => word.push('r'),
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => word.push('s'),
        'ţ' | 'ť' | 'ț' => word.push('t'),
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => word.push('u'),
        'ý' | 'ÿ' => word.push('y'),
        'ź' | 'ż' | 'ž' => word.push('z'),
        'æ' => word.push_str("ae"),
        'œ' => word.push_str("oe"),
        'ß' => word.push_str("ss"),
        '\u{fb00}' => word.push_str("ff"),
        '\u{fb01}' => word.push_str("fi"),
        '\u{fb02}' => word.push_str("fl"),
        '\u{fb03}' => word.push_str("ffi"),
        '\u{fb04}' => word.push_str("ffl"),
        // Letters as wide as a Chinese one.
        'ａ'..='ｚ' => word.extend(char::from_u32(c as u32 - 'ａ' as u32 + 'a' as u32)),
        _ => word.push(c),
    }
}

/// The word without accents and ligatures, if it has any.
pub(crate) fn folded(word: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    let mut folded = String::with_capacity(word.len());
    word.chars().filter(|&c| !is_combining(c)).for_each(|c| push_folded(c, &mut folded));
    (folded != word).then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_ligatures_are_left_out() {
        for (word, expected) in [
            ("oedéma", "oedema"),
            ("oede\u{301}ma", "oedema"),
            ("œdema", "oedema"),
            ("in\u{fb01}ltrate", "infiltrate"),
            ("e\u{fb00}usion", "effusion"),
            ("größe", "grosse"),
            ("effusi\u{307}on", "effusion"),
        ] {
            assert_eq!(folded(word).as_deref(), Some(expected), "{word}");
        }
        assert_eq!(folded("effusion"), None);
        assert_eq!(folded("плевра"), None);
    }
}
