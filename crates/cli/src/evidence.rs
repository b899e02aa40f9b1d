//! The sentences of a hit that fit the query image, as a person reads them.

use crate::output::{printable, wrap};
use crate::style::Style;
use precedent_model::Report;
use precedent_query::{Evidence, Location};
use std::io::{self, Write};

/// Columns of a sentence.
const WIDTH: usize = 96;

/// Prints each sentence with where it fits. `images` is how many images the query has.
pub fn print_evidence(
    out: &mut impl Write,
    report: &Report,
    evidence: &[Evidence],
    images: usize,
    style: Style,
) -> io::Result<()> {
    for (place, found) in evidence.iter().enumerate() {
        let Some(section) = report.sections().get(found.section) else { continue };
        let head = if place == 0 { "evidence" } else { "" };
        for (line, text) in wrap(&section.text[found.sentence.range()], WIDTH).iter().enumerate() {
            writeln!(out, "     {:<11} {text}", if line == 0 { head } else { "" })?;
        }
        writeln!(out, "     {:<11} {}", "", style.faint(&fit(found, images)))?;
    }
    Ok(())
}

/// Where it fits and how well: `left lower zone (box 120,340 80x90), cosine 0.412, above 97 % of the archive`.
fn fit(found: &Evidence, images: usize) -> String {
    let mut parts = vec![place(&found.query, (images > 1).then_some("image"))];
    parts.push(format!("cosine {:.3}", found.cosine));
    if let Some(background) = found.background {
        parts.push(format!("fits better than {:.0} % of the archive", 100.0 * background.share_below));
    }
    if let Some(prior) = &found.prior {
        parts.push(format!("in the earlier case: {}", place(prior, None)));
    }
    printable(&parts.join(", "))
}

fn place(location: &Location, image: Option<&str>) -> String {
    let region = location.region;
    let pixels = format!("box {},{} {}x{}", region.x, region.y, region.width, region.height);
    let image = image.map(|word| format!("{word} {}: ", location.image + 1)).unwrap_or_default();
    match location.zone {
        Some(zone) => format!("{image}{} ({pixels})", zone.name()),
        None => format!("{image}{pixels}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Assertion, Region, SectionKind, Span, Zone};
    use precedent_query::AgainstBackground;

    fn location(image: usize, zone: Option<Zone>) -> Location {
        let region = Region { x: 10, y: 20, width: 30, height: 40 };
        Location { image, cell: 0, region, zone, map: Vec::new() }
    }

    fn printed(evidence: &Evidence, images: usize) -> String {
        let report = Report::new([(SectionKind::Findings, "Clear. Left effusion.")]).unwrap();
        let mut out = Vec::new();
        let twice = [evidence.clone(), evidence.clone()];
        print_evidence(&mut out, &report, &twice, images, Style::PLAIN).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_sentence_comes_with_where_it_fits() {
        let mut evidence = Evidence {
            section: 0,
            kind: SectionKind::Findings,
            sentence: Span::new(7..21),
            findings: vec![("pleural-effusion".into(), Assertion::Present)],
            cosine: 0.4125,
            background: None,
            query: location(0, Some(Zone::LeftLower)),
            prior: None,
        };
        let out = printed(&evidence, 1);
        let first = "     evidence    Left effusion.\n                 left lower zone (box 10,20 30x40), cosine 0.412\n";
        assert!(out.starts_with(first), "{out}");
        assert!(out[first.len()..].starts_with("                 Left effusion.\n"), "{out}");
        evidence.query = location(1, None);
        evidence.background = Some(AgainstBackground { share_below: 0.97, deviations: 2.0 });
        evidence.prior = Some(location(0, Some(Zone::Mid)));
        let out = printed(&evidence, 2);
        let expected = "image 2: box 10,20 30x40, cosine 0.412, fits better than 97 % of the archive, in the earlier case: mid \
                        zone (box 10,20 30x40)";
        assert!(out.contains(expected), "{out}");
    }
}
