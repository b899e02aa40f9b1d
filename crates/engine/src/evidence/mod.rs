//! Why each hit is shown: the sentences of its report that fit the query image best, and where they fit.
//!
//! Every sentence is compared with every patch of each query image, whole numbers with whole numbers ([`precedent_vector::Patches`]), and
//! rank, region and map of a sentence come from the same products.

mod background;
mod informative;
mod locate;

pub(crate) use background::References;

use crate::EngineError;
use crate::admit::Query;
use crate::encode::Encoding;
use crate::fetch::Fetched;
use crate::local::has_local_vectors;
use background::Background;
use informative::{findings, speaks_of_examination};
use locate::{Matched, location};
use precedent_archive::Generation;
use precedent_encoder::{Encoder, EncoderError};
use precedent_model::{Assertion, FindingId, Projection, Reading, Report, Sentence};
use precedent_query::{
    AnswerPart, Evidence, ExplainedImage, HitDetail, LocalImage, Location, Unavailable, UnavailableReason,
};
use precedent_vector::{ByteVector, Patches};
use std::collections::{HashMap, HashSet};

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
    references: &References,
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
    let mut usual = Vec::with_capacity(seen.len());
    for part in &query.parts {
        usual.push(references.background(snapshot, part.projection, &sentences.vectors, stop)?);
    }
    let lexicon = snapshot.reader().lexicon();
    let mut found: Vec<Vec<Evidence>> = Vec::with_capacity(page.len());
    for fetched in page.iter() {
        let each = said(fetched).filter_map(|(report, sentence)| {
            let findings = findings(sentence, lexicon)?;
            let row = sentences.row(text(report, sentence))?;
            Some((row, evidence(query, &seen, &usual, row, sentence, findings)))
        });
        // What findings and impression say in the same words is one sentence.
        let mut rows = HashSet::new();
        let mut each: Vec<(usize, Evidence)> = each.filter(|(row, _)| rows.insert(*row)).collect();
        // Backgrounds are there for all sentences or for none.
        let order = |evidence: &Evidence| {
            (evidence.background.map_or(evidence.cosine, |background| background.deviations), evidence.cosine)
        };
        each.sort_by(|(_, a), (_, b)| {
            let ((a, a_cosine), (b, b_cosine)) = (order(a), order(b));
            b.total_cmp(&a).then(b_cosine.total_cmp(&a_cosine))
        });
        each.truncate(wanted);
        if !each.is_empty() {
            let earlier = Earlier::of(snapshot, fetched, encoder.local_dimension(), &sentences)?;
            each.iter_mut().for_each(|(row, evidence)| evidence.prior = earlier.location(*row));
        }
        found.push(each.into_iter().map(|(_, evidence)| evidence).collect());
    }
    if !query.request.evidence_maps {
        for evidence in found.iter_mut().flatten() {
            evidence.query.map = Vec::new();
            evidence.prior.iter_mut().for_each(|prior| prior.map = Vec::new());
        }
    }
    page.iter_mut().zip(found).for_each(|(fetched, found)| fetched.hit.evidence = found);
    let images = query.parts.iter().zip(&seen).zip(&usual);
    let images = images.map(|((part, seen), usual)| ExplainedImage {
        grid: *part.local.grid(),
        map: seen.best_by_cell(),
        unexplained: usual
            .as_ref()
            .map_or_else(Vec::new, |usual| seen.least(|sentence, cosine| usual.deviations(sentence, cosine))),
    });
    let images = images.collect();
    let few = Unavailable { part: AnswerPart::Background, reason: UnavailableReason::FewPatches };
    let is_missing = !sentences.vectors.is_empty() && usual.iter().any(Option::is_none);
    Ok(Explained { images, unavailable: Vec::from_iter(is_missing.then_some(few)) })
}

/// The images of a hit whose parts the archive has.
struct Earlier {
    images: Vec<(usize, LocalImage, Matched, Option<Projection>)>,
}

impl Earlier {
    fn of(
        snapshot: &dyn Generation,
        fetched: &Fetched,
        dimension: usize,
        sentences: &Sentences,
    ) -> Result<Self, EngineError> {
        let case = &fetched.hit.case;
        let mut images = Vec::new();
        for (image, local) in snapshot.local_images(fetched.place)? {
            if local.patches().dimension() != dimension {
                continue;
            }
            let matched = sentences.matched(local.patches(), &local.grid().shown());
            let view = case.images.get(image).and_then(|image| image.view.as_deref());
            images.push((image, local, matched, view.and_then(Projection::of_view)));
        }
        Ok(Self { images })
    }

    /// Where a sentence fits best; of equal images the first.
    fn location(&self, row: usize) -> Option<Location> {
        let best = self.images.iter().reduce(
            |best, other| {
                if other.2.best(row) > best.2.best(row) { other } else { best }
            },
        );
        best.map(|(image, local, matched, projection)| {
            location(*image, local.grid(), matched.row(row), *projection)
        })
    }
}

/// The sentence as evidence, where it fits best of all query images.
fn evidence(
    query: &Query<'_>,
    seen: &[Matched],
    usual: &[Option<Background>],
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
    let (part, cosine) = (&query.parts[best], seen[best].best(row));
    Evidence {
        section: sentence.section,
        kind: sentence.kind,
        sentence: sentence.span,
        findings,
        cosine,
        background: usual[best].as_ref().map(|usual| usual.against(row, cosine)),
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
