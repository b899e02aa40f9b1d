//! Why hits are shown, and the parts of images.

use crate::place::Utf16Counts;
use crate::{kinds, small};
use precedent_engine::Violation;
use precedent_model::{GridFrame, ImageExtent, ImageGrid, Report};
use precedent_query::{DEFAULT_SENTENCES, Evidence, EvidenceRequest, ExplainedImage, LocalImage, Location};
use precedent_vector::Patches;
use precedent_wire::v1;

/// Whether hits come with evidence, and evidence with its maps.
pub(crate) fn asked(wire: Option<&v1::EvidenceRequest>) -> (EvidenceRequest, bool) {
    let Some(&v1::EvidenceRequest { off, sentence_count, with_maps }) = wire else {
        return (EvidenceRequest::Auto, false);
    };
    let sentences = match (off, sentence_count) {
        (true, _) => EvidenceRequest::Off,
        (false, count) => EvidenceRequest::Sentences(count.map_or(DEFAULT_SENTENCES, |count| count as usize)),
    };
    (sentences, with_maps)
}

/// The evidence of a hit as it goes out.
pub(crate) fn evidence(report: Option<&Report>, found: Vec<Evidence>) -> Vec<v1::Evidence> {
    let sections = report.map_or(&[][..], Report::sections);
    let each = found.into_iter().map(|evidence| {
        let text = sections.get(evidence.section).map_or("", |section| section.text.as_str());
        let counts = Utf16Counts::of(text, std::iter::once(evidence.sentence));
        let findings = evidence.findings.into_iter().map(|(finding, assertion)| v1::EvidenceFinding {
            finding: finding.to_string(),
            assertion: kinds::assertion(Some(assertion)).into(),
        });
        v1::Evidence {
            section_index: small(evidence.section),
            section: kinds::section(evidence.kind).into(),
            sentence: Some(counts.span(evidence.sentence)),
            findings: findings.collect(),
            cosine: evidence.cosine,
            background: evidence.background.map(|background| v1::Background {
                share_below: background.share_below,
                deviations: background.deviations,
            }),
            query: Some(location(evidence.query)),
            prior: evidence.prior.map(location),
        }
    });
    each.collect()
}

fn location(found: Location) -> v1::ImageLocation {
    let region = found.region;
    v1::ImageLocation {
        image_index: small(found.image),
        cell: small(found.cell),
        r#box: Some(v1::PixelBox { x: region.x, y: region.y, width: region.width, height: region.height }),
        zone: found.zone.map_or("", |zone| zone.name()).to_owned(),
        map: found.map,
    }
}

/// An image of the request as the sentences explain it.
pub(crate) fn explained(image: ExplainedImage) -> v1::ExplainedImage {
    v1::ExplainedImage {
        grid: Some(grid(&image.grid)),
        map: image.map,
        unexplained_cells: image.unexplained.into_iter().map(small).collect(),
    }
}

/// The cells of an image as they go out.
pub(crate) fn grid(grid: &ImageGrid) -> v1::ImageGrid {
    let (frame, extent) = (grid.frame(), grid.extent());
    v1::ImageGrid {
        row_count: small(grid.rows()),
        column_count: small(grid.columns()),
        x: frame.x(),
        y: frame.y(),
        width: frame.width(),
        height: frame.height(),
        image_width_pixels: extent.columns(),
        image_height_pixels: extent.rows(),
    }
}

/// The parts of an image as they go out.
pub(crate) fn local_to_wire(local: &LocalImage) -> v1::LocalPatches {
    let patches = local.patches();
    v1::LocalPatches {
        grid: Some(grid(local.grid())),
        dimension: small(patches.dimension()),
        step: patches.step(),
        numbers: patches.numbers().into_iter().map(i8::cast_unsigned).collect(),
    }
}

/// The parts of an image as they came in, or what is wrong with them by its field.
pub(crate) fn local(wire: v1::LocalPatches, field: &str) -> Result<LocalImage, Violation> {
    let refuse = |part: &str, problem: String| Violation::new(format!("{field}{part}"), problem);
    let Some(grid) = wire.grid else {
        return Err(refuse(".grid", "is missing; say where the cells are".to_owned()));
    };
    let frame = GridFrame::new(grid.x, grid.y, grid.width, grid.height);
    let extent = ImageExtent::new(grid.image_width_pixels, grid.image_height_pixels);
    let numbers: Vec<i8> = wire.numbers.into_iter().map(u8::cast_signed).collect();
    let (rows, columns) = (grid.row_count as usize, grid.column_count as usize);
    let patches = Patches::of_numbers(rows, columns, wire.dimension as usize, wire.step, &numbers)
        .map_err(|error| refuse("", error.to_string()))?;
    let placed = frame.and_then(|frame| LocalImage::new(patches, frame, extent?));
    placed.map_err(|error| refuse(".grid", format!("{}: {}; {}", error.field, error.problem, error.remedy)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Assertion, Region, SectionKind, Span, Zone};

    fn image() -> LocalImage {
        let values: Vec<f32> = (0..2 * 16).map(|at| if at % 16 == at / 16 { 1.0 } else { 0.0 }).collect();
        let patches = Patches::quantise(1, 2, 16, &values).unwrap();
        let frame = GridFrame::new(-10.0, 0.0, 120.0, 60.0).unwrap();
        LocalImage::new(patches, frame, ImageExtent::new(100, 60).unwrap()).unwrap()
    }

    #[test]
    fn parts_of_an_image_return_as_they_went() {
        assert_eq!(local(local_to_wire(&image()), "patches").unwrap(), image());
    }

    #[test]
    fn parts_that_cannot_be_are_refused_by_their_field() {
        let good = local_to_wire(&image());
        let refused = |wire: v1::LocalPatches| local(wire, "encoded_images[0].patches").unwrap_err();
        let none = refused(v1::LocalPatches { grid: None, ..good.clone() });
        assert_eq!(none.field, "encoded_images[0].patches.grid");
        let short = refused(v1::LocalPatches { numbers: vec![1; 31], ..good.clone() });
        assert_eq!(short.field, "encoded_images[0].patches");
        assert!(short.description.contains("has 31 numbers; give 32"), "{}", short.description);
        let beside = v1::ImageGrid { x: 500.0, ..good.grid.unwrap() };
        let beside = refused(v1::LocalPatches { grid: Some(beside), ..good });
        assert_eq!(beside.field, "encoded_images[0].patches.grid");
        assert!(beside.description.contains("lies beside the image"), "{}", beside.description);
    }

    #[test]
    fn a_sentence_goes_out_with_its_place_in_text_and_image() {
        let text = "Né. Left effusion.";
        let report = Report::new([(SectionKind::Findings, text)]).unwrap();
        let start = text.find("Left").unwrap();
        let region = Region { x: 1, y: 2, width: 3, height: 4 };
        let evidence = evidence(
            Some(&report),
            vec![Evidence {
                section: 0,
                kind: SectionKind::Findings,
                sentence: Span::new(start..text.len()),
                findings: vec![("pleural-effusion".into(), Assertion::Present)],
                cosine: 0.5,
                background: None,
                query: Location { image: 1, cell: 7, region, zone: Some(Zone::LeftLower), map: vec![0.25] },
                prior: None,
            }],
        );
        let sent = &evidence[0];
        let span = sent.sentence.as_ref().unwrap();
        assert_eq!((span.start_byte, span.start_utf16), (5, 4));
        assert_eq!(sent.findings[0].finding, "pleural-effusion");
        let query = sent.query.as_ref().unwrap();
        assert_eq!((query.image_index, query.cell, query.zone.as_str()), (1, 7, "left lower zone"));
        assert_eq!(query.r#box, Some(v1::PixelBox { x: 1, y: 2, width: 3, height: 4 }));
        assert!(sent.prior.is_none() && sent.background.is_none());
    }

    #[test]
    fn evidence_is_asked_for_as_the_request_says() {
        let asked_by = |off, sentence_count, with_maps| {
            asked(Some(&v1::EvidenceRequest { off, sentence_count, with_maps }))
        };
        assert_eq!(asked(None), (EvidenceRequest::Auto, false));
        assert_eq!(asked_by(true, Some(2), false), (EvidenceRequest::Off, false));
        assert_eq!(asked_by(false, None, true), (EvidenceRequest::Sentences(3), true));
        assert_eq!(
            asked_by(false, Some(0), false).0,
            EvidenceRequest::Sentences(0),
            "for the engine to refuse"
        );
    }
}
