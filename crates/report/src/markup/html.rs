//! Tags and entities of HTML and XML.

use super::View;

/// Longest tag, in bytes; what is longer is text.
const MAX_TAG: usize = 1000;
/// Longest entity, in bytes.
const MAX_ENTITY: usize = 12;

/// Tags that begin a line, by name.
const BLOCKS: [&str; 32] = [
    "address",
    "article",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "item",
    "li",
    "list",
    "main",
    "ol",
    "p",
    "paragraph",
    "pre",
    "section",
    "tr",
    "ul",
];
/// Tags inside a line.
const INLINE: [&str; 33] = [
    "a", "abbr", "b", "big", "code", "col", "colgroup", "content", "del", "em", "font", "head", "i", "img",
    "ins", "mark", "meta", "link", "nobr", "q", "s", "small", "span", "strike", "strong", "sub", "sup",
    "table", "tbody", "text", "thead", "tt", "u",
];
/// Tags whose inside is nothing to read.
const HIDDEN: [&str; 3] = ["script", "style", "title"];

/// Puts white space and characters in the place of tags and entities.
pub(super) fn read(view: &mut View<'_>) {
    let text = view.text;
    // Looked for once each, so that time is linear in a text that opens what it never closes.
    let (mut at, mut comments_end) = (0, true);
    let last_close = text.rfind("</").unwrap_or(0);
    while let Some(found) = text[at..].find(['<', '&']) {
        at += found;
        let rest = &text[at..];
        let length = if rest.starts_with('&') {
            entity(rest).map(|(length, c)| {
                view.put(at, at + length, c.encode_utf8(&mut [0; 4]));
                length
            })
        } else if rest.starts_with("<!--") && comments_end {
            let length = rest.find("-->").map(|end| end + 3);
            comments_end = length.is_some();
            length.inspect(|&length| view.put(at, at + length, ""))
        } else {
            tag(rest, at < last_close).map(|(length, said)| {
                view.put(at, at + length, said);
                length
            })
        };
        at += length.unwrap_or(1);
    }
}

/// The tag that `rest` begins with, with the inside of one that hides it: its length and what it stands for. `closed`
/// says whether a closing tag follows anywhere.
fn tag(rest: &str, closed: bool) -> Option<(usize, &'static str)> {
    let name = rest[1..].strip_prefix('/').unwrap_or(&rest[1..]);
    let length = name.bytes().take(12).take_while(u8::is_ascii_alphanumeric).count();
    let behind = name[length..].chars().next()?;
    let named = matches!(behind, '>' | '/') || behind.is_whitespace() || name.starts_with('!');
    let close = rest.bytes().take(MAX_TAG).position(|byte| byte == b'>').filter(|_| named)? + 1;
    let name = name[..length].to_ascii_lowercase();
    let name = name.as_str();
    if HIDDEN.contains(&name) && !rest.starts_with("</") {
        let end = if closed { rest[close..].find("</") } else { None };
        return Some((end.map_or(close, |end| close + end), ""));
    }
    let said = match name {
        "td" | "th" if rest.starts_with("</") => "\t",
        "td" | "th" => "",
        _ if BLOCKS.contains(&name) => "\n",
        _ if INLINE.contains(&name) || HIDDEN.contains(&name) => "",
        _ => return None,
    };
    Some((close, said))
}

/// The entity that `rest` begins with: its length and what it stands for.
fn entity(rest: &str) -> Option<(usize, char)> {
    let end = rest.bytes().take(MAX_ENTITY).position(|byte| byte == b';')?;
    let name = &rest[1..end];
    let c = match name {
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" | "ldquo" | "rdquo" => '"',
        "apos" | "lsquo" | "rsquo" => '\'',
        "ndash" | "mdash" | "minus" => '-',
        "bull" | "middot" => '•',
        "deg" => '°',
        "plusmn" => '±',
        "times" => '×',
        "le" => '≤',
        "ge" => '≥',
        "micro" => 'µ',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "szlig" => 'ß',
        "hellip" => '…',
        "shy" => '\u{ad}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?).filter(|c| *c >= ' ' || *c == '\n' || *c == '\t')?
        }
    };
    Some((end + 1, c))
}
