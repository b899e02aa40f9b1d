//! The shape of the tree: which crate may know which, who may use a heavy library or unsafe code, what lies at the top.
//!
//! Every rule is a plain function from text to problems, so that a test can also show it a tree that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Who may know whom: the crates named, and whatever those may reach.
const KNOWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("vector", &[]),
    ("storage", &[]),
    ("report", &["model"]),
    ("imaging", &["model"]),
    ("phantom", &["model"]),
    ("query", &["model", "vector"]),
    ("encoder", &["model", "vector"]),
    ("training", &["encoder", "model"]),
    ("hnsw", &["vector"]),
    ("lexical", &["model"]),
    ("index", &["storage", "hnsw", "lexical", "query", "report"]),
    ("archive", &["index"]),
    ("engine", &["archive", "encoder", "report", "imaging"]),
    ("sources", &["model"]),
    ("eval", &["engine"]),
    ("intake", &["engine", "sources"]),
    ("wire", &[]),
    ("page", &["wire", "model"]),
    ("convert", &["engine", "wire"]),
    ("server", &["convert"]),
    ("cli", &["eval", "page", "training", "phantom", "intake", "server"]),
];

/// Packages outside `crates`, which may know every crate.
const ABOVE_ALL: [&str; 2] = ["tests", "benches"];

/// Which packages alone may use a library, or a crate of ours that what lies above must not know.
const WALLS: &[(&str, &[&str])] = &[
    ("precedent-storage", &["index", "archive"]),
    ("precedent-hnsw", &["index"]),
    ("precedent-index", &["archive"]),
    ("tantivy", &["lexical"]),
    ("hnsw_rs", &["hnsw"]),
    ("memmap2", &["storage"]),
    ("parquet", &["sources"]),
    ("dicom-object", &["phantom"]),
    ("dicom-encoding", &["imaging"]),
    ("jpeg-decoder", &["imaging"]),
    ("jpeg-encoder", &["imaging"]),
    ("hayro-jpeg2000", &["imaging"]),
    ("candle-core", &["encoder", "training"]),
    ("candle-nn", &["encoder", "training"]),
    ("tokenizers", &["encoder"]),
    ("maud", &["page"]),
    ("tonic", &["wire", "server", "cli", "tests", "benches"]),
    ("tokio", &["server", "cli", "benches"]),
];

/// Where unsafe code may stand, as beginnings of paths.
const UNSAFE_ALLOWED: [&str; 3] =
    ["crates/vector/src/kernel.rs", "crates/vector/src/kernel/", "crates/storage/src/map.rs"];

/// What lies at the top beside documents and names that begin with a dot. `target` is what a build leaves, `precedent-demo` what
/// the demonstration leaves.
const TOP: [&str; 14] = [
    "Cargo.toml",
    "Cargo.lock",
    "rustfmt.toml",
    "clippy.toml",
    "deny.toml",
    "crates",
    "proto",
    "index",
    "tools",
    "tests",
    "benches",
    "docs",
    "target",
    "precedent-demo",
];

/// The packages that `name` may depend on, or `None` when the table does not know it.
fn reachable(name: &str) -> Option<BTreeSet<&'static str>> {
    let direct = |name: &str| KNOWS.iter().find(|(known, _)| *known == name).map(|(_, knows)| *knows);
    let mut found = BTreeSet::new();
    let mut open: Vec<&'static str> = direct(name)?.to_vec();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(direct(next).unwrap_or_default());
        }
    }
    Some(found)
}

/// Every dependency of a manifest, of all kinds and targets, by the name of its package.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (key, value) in manifest {
        match (key.as_str(), value) {
            ("dependencies" | "dev-dependencies" | "build-dependencies", Value::Table(table)) => {
                for (name, how) in table {
                    names.insert(how.get("package").and_then(Value::as_str).unwrap_or(name).to_owned());
                }
            }
            ("target", Value::Table(targets)) => {
                for target in targets.values().filter_map(Value::as_table) {
                    names.extend(dependencies(target));
                }
            }
            _ => {}
        }
    }
    names
}

/// What is wrong with the manifest of the package in folder `name`.
fn manifest_problems(name: &str, manifest: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    let above_all = ABOVE_ALL.contains(&name);
    let allowed = reachable(name);
    if allowed.is_none() && !above_all {
        problems.push(format!("crate {name} is not in the table of crates; say there what it may know"));
    }
    for dependency in dependencies(manifest) {
        let ours = dependency.strip_prefix("precedent-");
        if ours.is_some() && above_all {
            continue;
        }
        if ours.is_some_and(|other| !allowed.as_ref().is_some_and(|allowed| allowed.contains(other))) {
            problems.push(format!("crate {name} must not depend on {dependency}"));
        } else if let Some((library, users)) = WALLS.iter().find(|(library, _)| dependency == *library)
            && !users.contains(&name)
        {
            problems.push(format!("{name} must not use {library}, which belongs to {}", users.join(", ")));
        }
    }
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
    if lints != Some(true) {
        problems.push(format!("{name} lacks `[lints] workspace = true`"));
    }
    let package = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    if package != Some(format!("precedent-{name}").as_str()) {
        problems.push(format!("the package in folder {name} is not called precedent-{name}"));
    }
    problems
}

/// Lines of a source file that make room for unsafe code where none may stand.
fn unsafe_problems(path: &str, source: &str) -> Vec<String> {
    if UNSAFE_ALLOWED.iter().any(|allowed| path.starts_with(allowed)) {
        return Vec::new();
    }
    let opens = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        ["allow(", "expect(", "warn("].iter().any(|how| {
            code.split(how)
                .skip(1)
                .any(|rest| rest.split(')').next().unwrap_or_default().contains("unsafe_code"))
        })
    };
    (source.lines().enumerate())
        .filter(|(_, line)| opens(line))
        .map(|(at, _)| format!("{path}:{} makes room for unsafe code", at + 1))
        .collect()
}

/// What lies at the top and should not.
fn top_problems(names: &[String]) -> Vec<String> {
    let document = |name: &str| {
        let stem = name.strip_suffix(".md").unwrap_or(name);
        stem.bytes().any(|b| b.is_ascii_uppercase())
            && stem.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    };
    (names.iter())
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()) && !document(name))
        .map(|name| format!("{name} does not belong at the top of the tree"))
        .collect()
}

/// The modules of a crate, by their paths below `src`, whose files know each other in a circle. Files of tests, and what stands in
/// them below `#[cfg(test)]`, do not count, and neither does `lib.rs` or `main.rs`, which know every module.
fn circle_of(sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    let module = |path: &str| path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    let modules: BTreeSet<String> = sources.keys().map(|path| module(path)).collect();
    let exported: BTreeMap<String, String> = ["lib.rs", "main.rs"]
        .into_iter()
        .filter_map(|root| sources.get(root))
        .flat_map(|text| exports(&code_of(text)))
        .collect();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let is_counted = |path: &str| !["lib.rs", "main.rs"].contains(&path) && !path.contains("tests");
    for (path, text) in sources.iter().filter(|(path, _)| is_counted(path)) {
        let named = names_behind_crate(&code_of(text));
        let named = named.into_iter().filter_map(|name| {
            if modules.contains(&name) { Some(name) } else { exported.get(&name).cloned() }
        });
        let own = module(path);
        let others = named.filter(|name| *name != own);
        known.entry(own.clone()).or_default().extend(others.collect::<Vec<_>>());
    }
    let reached = |from: &String| {
        let (mut found, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(next) = open.pop() {
            open.extend(known.get(next).into_iter().flatten().filter(|name| found.insert((*name).clone())));
        }
        found
    };
    known.keys().filter(|name| reached(name).contains(*name)).cloned().collect()
}

/// A source without comments and without what is there for tests alone.
fn code_of(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// What a crate's root exports, each name with its module.
fn exports(root: &str) -> Vec<(String, String)> {
    let uses = root.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let named = uses.filter_map(|one| one.split_once("::"));
    named.flat_map(|(module, rest)| words(rest).map(move |name| (name, module.trim().to_owned()))).collect()
}

/// The first names behind `crate::`, in paths and in the braces of a `use`.
fn names_behind_crate(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let (mut depth, mut at_start) = (0, true);
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => at_start = true,
                        _ if at_start && !c.is_whitespace() => {
                            found.extend(words(&list[at..]).next());
                            at_start = false;
                        }
                        _ => {}
                    }
                }
            }
            None => found.extend(words(rest).next()),
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(str::to_owned)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The manifests of the workspace, by folder name.
fn manifests() -> BTreeMap<String, Table> {
    let crates =
        names_in(&root().join("crates")).into_iter().map(|name| (name.clone(), format!("crates/{name}")));
    let others = ABOVE_ALL.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
    crates
        .chain(others)
        .map(|(name, folder)| {
            let text = fs::read_to_string(root().join(&folder).join("Cargo.toml"))
                .unwrap_or_else(|error| panic!("{folder}/Cargo.toml: {error}"));
            (name, text.parse().unwrap_or_else(|error| panic!("{folder}/Cargo.toml: {error}")))
        })
        .collect()
}

/// Every Rust source under `folder`, by its path from the root.
fn sources(folder: &str, found: &mut BTreeMap<String, String>) {
    for name in names_in(&root().join(folder)) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            let text =
                fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            found.insert(path, text);
        }
    }
}

fn expect_none(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_arrow_between_crates_points_down() {
    for (name, knows) in KNOWS {
        assert!(!reachable(name).unwrap().contains(name), "the table has {name} in a circle");
        for other in *knows {
            assert!(reachable(other).is_some(), "the table lets {name} know {other}, which has no row");
        }
    }
}

#[test]
fn crates_know_only_what_the_table_allows() {
    let manifests = manifests();
    assert!(manifests.len() > ABOVE_ALL.len(), "no crates were found");
    expect_none(manifests.iter().flat_map(|(name, manifest)| manifest_problems(name, manifest)).collect());
}

#[test]
fn unsafe_code_stays_in_kernels_and_maps() {
    let mut found = BTreeMap::new();
    for folder in ["crates", "tests/e2e", "benches"] {
        sources(folder, &mut found);
    }
    // This file spells what it looks for.
    found.remove("tests/e2e/layout.rs");
    assert!(found.len() > 20, "only {} sources were found", found.len());
    expect_none(found.iter().flat_map(|(path, text)| unsafe_problems(path, text)).collect());
}

#[test]
fn modules_of_a_crate_point_one_way() {
    for name in names_in(&root().join("crates")) {
        let (folder, mut found) = (format!("crates/{name}/src"), BTreeMap::new());
        sources(&folder, &mut found);
        let below = |path: String| path[folder.len() + 1..].to_owned();
        let circle = circle_of(&found.into_iter().map(|(path, text)| (below(path), text)).collect());
        assert!(circle.is_empty(), "these modules of {name} know each other in a circle: {circle:?}");
    }
}

#[test]
fn the_workspace_denies_unsafe_code_and_panics() {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: Table = text.parse().unwrap();
    for (group, lint) in [
        ("rust", "unsafe_code"),
        ("rust", "missing_docs"),
        ("clippy", "unwrap_used"),
        ("clippy", "expect_used"),
        ("clippy", "panic"),
        ("clippy", "undocumented_unsafe_blocks"),
    ] {
        assert_eq!(manifest["workspace"]["lints"][group][lint].as_str(), Some("deny"), "{group}::{lint}");
    }
}

#[test]
fn the_top_holds_what_the_list_names() {
    expect_none(top_problems(&names_in(&root())));
}

#[test]
fn a_wrong_tree_is_noticed() {
    let problems = |name: &str, text: &str| {
        let head = format!("package.name = \"precedent-{name}\"\nlints.workspace = true\n");
        manifest_problems(name, &(head + text).parse().unwrap())
    };
    let check =
        |name: &str, text: &str, expected: &str| assert_eq!(problems(name, text), [expected], "{text}");
    assert!(problems("index", "[dependencies]\nprecedent-vector.workspace = true").is_empty());
    assert!(problems("tests", "[dev-dependencies]\nprecedent-cli.workspace = true").is_empty());
    check(
        "model",
        "[dependencies]\nprecedent-index.workspace = true",
        "crate model must not depend on precedent-index",
    );
    check(
        "hnsw",
        "[target.'cfg(unix)'.dev-dependencies]\nmap = { package = \"memmap2\", version = \"0.9\" }",
        "hnsw must not use memmap2, which belongs to storage",
    );
    check(
        "engine",
        "[dependencies]\nprecedent-storage.workspace = true",
        "engine must not use precedent-storage, which belongs to index, archive",
    );
    check("shiny", "", "crate shiny is not in the table of crates; say there what it may know");
    assert_eq!(manifest_problems("model", &Table::new()).len(), 2);

    let line = "#![allow(missing_docs, unsafe_code)]";
    assert_eq!(
        unsafe_problems("crates/index/src/lib.rs", line),
        ["crates/index/src/lib.rs:1 makes room for unsafe code"]
    );
    assert!(unsafe_problems("crates/storage/src/map.rs", line).is_empty());
    assert!(unsafe_problems("crates/index/src/lib.rs", "// allow(unsafe_code) is for others").is_empty());

    let circle = |sources: &[(&str, &str)]| {
        circle_of(&sources.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    };
    let root = ("lib.rs", "mod a;\nmod b;\npub use a::{A, Other};");
    assert!(circle(&[root, ("a.rs", "use crate::b::B;"), ("b.rs", "// crate::A\nuse std::fmt;")]).is_empty());
    let both = BTreeSet::from(["a", "b"].map(str::to_owned));
    assert_eq!(
        circle(&[root, ("a.rs", "use crate::b::B;"), ("b/part.rs", "use crate::{Other, a::{x, y}};")]),
        both
    );
    assert_eq!(circle(&[root, ("a.rs", "fn f() { crate::b::g() }"), ("b.rs", "use crate::{c, A};")]), both);
    let test = "#[cfg(test)]\nmod tests {\n    use crate::A;\n}";
    assert!(circle(&[root, ("a.rs", "use crate::b::B;"), ("b.rs", test)]).is_empty());

    let names = ["src", "notes.md", "README.md", "LICENSE", ".ci", "crates"].map(str::to_owned);
    assert_eq!(
        top_problems(&names),
        ["src does not belong at the top of the tree", "notes.md does not belong at the top of the tree"]
    );
}
