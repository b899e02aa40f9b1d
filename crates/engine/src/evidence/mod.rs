//! Why each hit is shown: the sentences of its report that fit the query image best, and where they fit.
//!
//! Every sentence is compared with every patch of each query image, whole numbers with whole numbers ([`precedent_vector::Patches`]), and
//! rank, region and map of a sentence come from the same products.

mod informative;
mod locate;

use crate::EngineError;
use crate::admit::Query;
use crate::encode::Encoding;
use crate::fetch::Fetched;
use crate::local::has_local_vectors;
use informative::{findings, speaks_of_examination};
use locate::{Matched, location};
use precedent_archive::Generation;
use precedent_encoder::{Encoder, EncoderError};
use precedent_model::{Assertion, FindingId, Reading, Report, Sentence};
use precedent_query::{AnswerPart, Evidence, ExplainedImage, HitDetail, Unavailable, UnavailableReason};
use precedent_vector::{ByteVector, Patches};
use std::collections::HashMap;

/// Sentences encoded between two calls of `stop`.
const ENCODED_AT_ONCE: usize = 64;

/// What is said beside the hits' own evidence.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    pub images: Vec<ExplainedImage>,
    pub unavailable: Vec<Unavailable>,
}

impl Explained {
    fn missing(reason: UnavailableReason) -> Self {
        let unavailable = vec![Unavailable { part: AnswerPart::Evidence, reason }];
        Self { unavailable, ..Self::default() }
    }
}

/// Gives the hits of a page their evidence, if the request wants it.
pub(crate) fn explain(
    snapshot: &dyn Generation,
    encoding: &Encoding,
    query: &Query<'_>,
    page: &mut [Fetched],
    stop: &dyn Fn() -> bool,
) -> Result<Explained, EngineError> {
    let Some(wanted) = query.request.sentences() else { return Ok(Explained::default()) };
    if query.request.detail != HitDetail::Whole {
        return Ok(Explained::missing(UnavailableReason::NoReportsAsked));
    }
    let Some(encoder) = encoding.encoder().filter(|encoder| has_local_vectors(encoder)) else {
        return Ok(Explained::missing(UnavailableReason::NoLocalEncoder));
    };
    if query.parts.is_empty() {
        return Ok(Explained::missing(UnavailableReason::NoLocalQuery));
    }
    let sentences = Sentences::of(encoder, page, stop)?;
    let seen: Vec<Matched> = query
        .parts
        .iter()
        .map(|part| sentences.matched(part.local.patches(), &part.local.grid().shown()))
        .collect();
    let lexicon = snapshot.reader().lexicon();
    let mut found: Vec<Vec<Evidence>> = Vec::with_capacity(page.len());
    for fetched in page.iter() {
        let each = said(fetched).filter_map(|(report, sentence)| {
            let findings = findings(sentence, lexicon)?;
            let row = sentences.row(text(report, sentence))?;
            Some(evidence(query, &seen, row, sentence, findings))
        });
        let mut each: Vec<Evidence> = each.collect();
        each.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
        each.truncate(wanted);
        if !query.request.evidence_maps {
            each.iter_mut().for_each(|evidence| evidence.query.map = Vec::new());
        }
        found.push(each);
    }
    page.iter_mut().zip(found).for_each(|(fetched, found)| fetched.hit.evidence = found);
    let images = query.parts.iter().zip(&seen);
    let images = images.map(|(part, seen)| ExplainedImage {
        grid: *part.local.grid(),
        map: seen.best_by_cell(),
        unexplained: Vec::new(),
    });
    let background = Unavailable { part: AnswerPart::Background, reason: UnavailableReason::FewPatches };
    Ok(Explained { images: images.collect(), unavailable: vec![background] })
}

/// The sentence as evidence, where it fits best of all query images.
fn evidence(
    query: &Query<'_>,
    seen: &[Matched],
    row: usize,
    sentence: &Sentence,
    findings: Vec<(FindingId, Assertion)>,
) -> Evidence {
    let mut best = 0;
    for image in 1..seen.len() {
        if seen[image].best(row) > seen[best].best(row) {
            best = image;
        }
    }
    let part = &query.parts[best];
    Evidence {
        section: sentence.section,
        kind: sentence.kind,
        sentence: sentence.span,
        findings,
        cosine: seen[best].best(row),
        background: None,
        query: location(part.image, part.local.grid(), seen[best].row(row), part.projection),
        prior: None,
    }
}

/// The sentences of a hit's report that speak of the examination.
fn said(fetched: &Fetched) -> impl Iterator<Item = (&Report, &Sentence)> {
    let read: Option<(&Report, &Reading)> = fetched.hit.case.report.as_ref().zip(fetched.reading.as_ref());
    read.into_iter().flat_map(|(report, reading)| {
        let sentences = reading.sentences.iter().filter(|sentence| speaks_of_examination(sentence));
        sentences.map(move |sentence| (report, sentence))
    })
}

fn text<'a>(report: &'a Report, sentence: &Sentence) -> &'a str {
    &report.sections()[sentence.section].text[sentence.span.range()]
}

/// The distinct sentences of a page, as rows to be multiplied with patches.
struct Sentences {
    /// Row by text; a sentence without a word has none.
    rows: HashMap<String, usize>,
    vectors: Vec<ByteVector>,
}

impl Sentences {
    fn of(encoder: &Encoder, page: &[Fetched], stop: &dyn Fn() -> bool) -> Result<Self, EngineError> {
        let mut texts: Vec<&str> =
            page.iter().flat_map(said).map(|(report, sentence)| text(report, sentence)).collect();
        texts.sort_unstable();
        texts.dedup();
        let (mut rows, mut vectors) = (HashMap::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
        for texts in texts.chunks(ENCODED_AT_ONCE) {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            let encoded = encoder.encode_sentences(texts)?;
            for (text, vector) in texts.iter().zip(encoded) {
                let Some(vector) = vector else { continue };
                rows.insert((*text).to_owned(), vectors.len());
                // An encoder gives vectors of length 1, or its weights are damaged.
                vectors.push(ByteVector::quantise(&vector).map_err(|_| EncoderError::NotFinite)?);
            }
        }
        Ok(Self { rows, vectors })
    }

    fn row(&self, text: &str) -> Option<usize> {
        self.rows.get(text).copied()
    }

    /// The cosines of every sentence with every cell of an image.
    fn matched(&self, patches: &Patches, shown: &[bool]) -> Matched {
        let cells = patches.cells();
        let mut products = vec![0; self.vectors.len() * cells];
        if let Some(query) = patches.query(None) {
            let rows: Vec<u8> = self.vectors.iter().flat_map(ByteVector::as_row).copied().collect();
            query.all(&rows, &mut products);
        }
        let cosines = products.chunks_exact(cells).zip(&self.vectors).flat_map(|(products, vector)| {
            products.iter().map(|&product| patches.cosine(vector.step(), product))
        });
        Matched::new(cosines.collect(), shown)
    }
}
