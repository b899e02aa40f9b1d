//! The page and the JSON.

use crate::support::{ALL, Sketch, archive, options};
use precedent_eval::{Settings, page};

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let archive = archive(&(0..120).map(Sketch::new).collect::<Vec<_>>());
    let settings = Settings::default().with("exact=true").unwrap();
    let evaluation = archive.against(&archive, settings, &options(ALL));
    let page = page("<i>index</i> & \"co\"", &evaluation);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for word in ["<script", "<link", "<img", "@import", "url(", "<i>", "NaN", "javascript"] {
        assert!(!page.contains(word), "{word}");
    }
    // The namespace of SVG is a name and is not fetched.
    let elsewhere = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"));
    for title in [
        "All queries",
        "By finding",
        "By subgroup",
        "R@k in pools",
        "Size of the archive",
        "Consensus",
        "Risk and coverage",
        "Hubness",
        "Compared",
    ] {
        assert!(page.contains(&format!("<h2>{title}</h2>")), "{title}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.contains("&lt;i&gt;index&lt;/i&gt; &amp; &quot;co&quot;"));
}

#[test]
fn neither_holds_a_report_a_patient_or_a_case() {
    let archive = archive(&(0..40).map(Sketch::new).collect::<Vec<_>>());
    let evaluation = archive.evaluated(&options(ALL));
    let json = serde_json::to_string(&evaluation).unwrap();
    for text in [page("index", &evaluation), json] {
        for word in ["patient-0", "case-0", "Small left", "Cardiomegaly. "] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
