//! The documents: links lead to files, paths in the map of the code exist, the book lists every page.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The documents whose links are followed, beside everything below `docs` and `index`.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benches/README.md",
    "tools/python/README.md",
];
/// The table of contents of the book.
const SUMMARY: &str = "docs/SUMMARY.md";
/// What the ends of files look like in a path. A name without one is a folder if it has a slash.
const ENDINGS: [&str; 8] = ["rs", "md", "py", "toml", "proto", "sh", "tsv", "json"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Markdown file below a folder, by its path from the root, sorted.
fn pages(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            found.extend(pages(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A document without its fenced blocks, line by line with the number of each.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut is_prose = |line: &str| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    };
    (1..).zip(text.lines()).filter(|(_, line)| is_prose(line)).collect()
}

/// The parts of a line between backticks, and the line without them.
fn code_spans(line: &str) -> (Vec<&str>, String) {
    let parts: Vec<&str> = line.split('`').collect();
    let code = parts.iter().skip(1).step_by(2).copied().collect();
    (code, parts.iter().step_by(2).copied().collect())
}

/// The targets of the links and images of a line.
fn links(line: &str) -> Vec<String> {
    let (_, text) = code_spans(line);
    (text.split("](").skip(1)).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// The anchor that a heading gets: lower case, blanks to hyphens, marks left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars().flat_map(char::to_lowercase);
    kept.filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Links of a document that lead nowhere. `read` gives the text of a file, or an empty one for a folder.
fn link_problems(page: &str, text: &str, read: impl Fn(&Path) -> Option<String>) -> Vec<String> {
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let mut problems = Vec::new();
    for (number, line) in prose(text) {
        for link in links(line) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, wanted) = link.split_once('#').map_or((link.as_str(), None), |(p, a)| (p, Some(a)));
            let target = if path.is_empty() { PathBuf::from(page) } else { plain(&folder.join(path)) };
            let Some(text) = read(&target) else {
                problems.push(format!("{page}:{number}: {link} leads to no file"));
                continue;
            };
            let mut headings = prose(&text).into_iter().filter(|(_, line)| line.starts_with('#'));
            if wanted.is_some_and(|wanted| !headings.any(|(_, heading)| anchor(heading) == wanted)) {
                problems.push(format!("{page}:{number}: {link} leads to no heading"));
            }
        }
    }
    problems
}

/// Where a path of the map may lead: as it stands, or below a crate with `src` left out.
fn places(path: &str) -> Vec<String> {
    let below_src = path.split_once('/').map(|(first, rest)| format!("crates/{first}/src/{rest}"));
    [path.to_owned(), format!("crates/{path}")].into_iter().chain(below_src).collect()
}

/// Whether words in backticks are meant as a path.
fn is_path(code: &str) -> bool {
    let spelt = code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b));
    let ending = code.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    spelt && (ending || (code.contains('/') && !code.contains('.') && !code.ends_with('/')))
}

/// Paths in backticks that do not exist.
fn path_problems(page: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in prose(text) {
        for code in code_spans(line).0 {
            if is_path(code) && !places(code).iter().any(|place| exists(place)) {
                problems.push(format!("{page}:{number}: `{code}` does not exist"));
            }
        }
    }
    problems
}

fn expect_none(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_link_of_the_documents_leads_to_a_file() {
    let documents: Vec<String> =
        DOCUMENTS.map(str::to_owned).into_iter().chain(pages("docs")).chain(pages("index")).collect();
    assert!(documents.len() > 20, "only {} documents were found", documents.len());
    let target = |path: &Path| {
        let path = root().join(path);
        if path.is_dir() {
            Some(String::new())
        } else {
            fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
    };
    expect_none(documents.iter().flat_map(|page| link_problems(page, &read(page), target)).collect());
}

#[test]
fn every_path_of_the_architecture_exists() {
    let page = "ARCHITECTURE.md";
    let text = read(page);
    assert!(text.matches(".rs`").count() > 50, "the map names hardly any file");
    expect_none(path_problems(page, &text, |path| root().join(path).exists()));
}

#[test]
fn the_book_lists_every_page_once() {
    let summary = read(SUMMARY);
    let mut listed: Vec<String> =
        summary.lines().flat_map(links).map(|link| format!("docs/{link}")).collect();
    listed.sort();
    let pages: Vec<String> = pages("docs").into_iter().filter(|page| page != SUMMARY).collect();
    assert_eq!(listed, pages, "{SUMMARY} and the pages below docs");
}

#[test]
fn the_pages_at_the_top_are_short() {
    for (page, most) in [("README.md", 150), ("ARCHITECTURE.md", 175)] {
        let lines = read(page).lines().count();
        assert!(lines <= most, "{page} has {lines} lines, at most {most}; move details to docs");
    }
}

#[test]
fn a_link_or_path_that_leads_nowhere_is_noticed() {
    let read = |path: &Path| match path.to_str()? {
        "docs/here.md" => Some("# Here\n\n## What it is, then\n```sh\n# no heading\n```\n".to_owned()),
        "crates" => Some(String::new()),
        _ => None,
    };
    let check = |line: &str, expected: &[&str]| {
        assert_eq!(link_problems("docs/a.md", line, read), expected, "{line}")
    };
    check("[a](here.md), [b](../crates), [c](https://example.org/x), `[d](e)`", &[]);
    check("[a](here.md#what-it-is-then)", &[]);
    check("```\n[a](gone.md)\n```", &[]);
    check("one\n![a](gone.png)", &["docs/a.md:2: gone.png leads to no file"]);
    check("[a](../here.md)", &["docs/a.md:1: ../here.md leads to no file"]);
    check("[a](here.md#no-heading)", &["docs/a.md:1: here.md#no-heading leads to no heading"]);

    let exists =
        |path: &str| ["crates/engine/src/search.rs", "tests/e2e", "crates/index/tests/a.rs"].contains(&path);
    let check =
        |line: &str, expected: &[&str]| assert_eq!(path_problems("A.md", line, exists), expected, "{line}");
    check(
        "`engine/search.rs`, `tests/e2e`, `index/tests/a.rs`, `Engine::encode`, `cargo test`, `finding.side`",
        &[],
    );
    check(
        "`engine/gone.rs` and `lib.rs`",
        &["A.md:1: `engine/gone.rs` does not exist", "A.md:1: `lib.rs` does not exist"],
    );
}
