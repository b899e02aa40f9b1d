//! Why each hit is shown: the sentences of its report that fit the query image best, and where they fit.
//!
//! Every sentence is compared with every patch of each query image, whole numbers with whole numbers ([`precedent_vector::Patches`]), and
//! rank, region and map of a sentence come from the same products.

mod locate;

use crate::EngineError;
use crate::admit::{ImageParts, Query};
use crate::encode::Encoding;
use crate::fetch::Fetched;
use crate::local::has_local_vectors;
use crate::references::{Background, References};
use crate::remembered::Remembered;
use crate::sentences::MOST_SENTENCES;
use locate::{Matched, least, location};
use precedent_archive::Generation;
use precedent_encoder::Encoder;
use precedent_model::{Assertion, FindingId, Projection, Reading, Report, Sentence};
use precedent_query::{
    AnswerPart, Evidence, ExplainedImage, HitDetail, LocalImage, Location, Unavailable, UnavailableReason,
};
use precedent_report::{evident_findings, speaks_of_examination};
use precedent_vector::{ByteVector, Patches};
use std::collections::{HashMap, HashSet};

/// Hits that are explained at a time. So many, with [`MOST_SENTENCES`] each and 16 images, take 50 MB.
pub(crate) const HITS_AT_ONCE: usize = 8;

/// What is said beside the hits' own evidence.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    pub images: Vec<ExplainedImage>,
    pub unavailable: Vec<Unavailable>,
}

/// Gives hits their evidence, a few at a time, and gathers what all of them say of the query images.
pub(crate) struct Explainer<'a> {
    snapshot: &'a dyn Generation,
    references: &'a References,
    query: &'a Query<'a>,
    remembered: &'a Remembered,
    /// How many sentences of each hit are wanted, and the encoder that reads them; or why there is none, if anybody asks.
    work: Result<(usize, &'a Encoder), Option<UnavailableReason>>,
    images: Vec<Gathered>,
    lacks_background: bool,
}

/// What the sentences so far say of one query image.
struct Gathered {
    /// For each cell the highest cosine with any sentence.
    map: Vec<f32>,
    /// For each cell by how many deviations a sentence fits it at best; none before the first sentence with a background.
    fit: Option<Vec<f32>>,
}

impl<'a> Explainer<'a> {
    /// For the hits of a search.
    pub fn new(
        snapshot: &'a dyn Generation,
        encoding: &'a Encoding,
        references: &'a References,
        query: &'a Query<'a>,
    ) -> Self {
        let encoder = encoding.encoder().filter(|encoder| has_local_vectors(encoder));
        let work = match (query.request.sentences(), encoder) {
            (None, _) => Err(None),
            (Some(_), _) if query.request.detail != HitDetail::Whole => {
                Err(Some(UnavailableReason::NoReportsAsked))
            }
            (Some(_), None) => Err(Some(UnavailableReason::NoLocalEncoder)),
            (Some(_), Some(_)) if query.parts.is_empty() => Err(Some(UnavailableReason::NoLocalQuery)),
            (Some(wanted), Some(encoder)) => Ok((wanted, encoder.as_ref())),
        };
        let gathered = |part: &ImageParts| Gathered { map: vec![-1.0; part.local.grid().cells()], fit: None };
        let images = if work.is_ok() { query.parts.iter().map(gathered).collect() } else { Vec::new() };
        let remembered = encoding.sentences();
        Self { snapshot, references, query, remembered, work, images, lacks_background: false }
    }

    /// Gives these hits their evidence, if the request wants it.
    pub fn explain(&mut self, hits: &mut [Fetched], stop: &dyn Fn() -> bool) -> Result<(), EngineError> {
        let Ok((wanted, encoder)) = self.work else { return Ok(()) };
        let sentences = Sentences::of(encoder, self.remembered, hits, stop)?;
        if sentences.vectors.is_empty() {
            return Ok(());
        }
        let of_part = |part: &ImageParts| sentences.matched(part.local.patches(), &part.counted);
        let seen: Vec<Matched> = self.query.parts.iter().map(of_part).collect();
        let mut usual = Vec::with_capacity(seen.len());
        for part in &self.query.parts {
            let vectors = &sentences.vectors;
            usual.push(self.references.background(
                self.snapshot,
                (part.projection, part.pointed_at()),
                vectors,
                stop,
            )?);
        }
        self.gather(&seen, &usual);
        for fetched in hits {
            fetched.hit.evidence = self.of_hit(fetched, wanted, encoder, &sentences, &seen, &usual)?;
        }
        Ok(())
    }

    fn gather(&mut self, seen: &[Matched], usual: &[Option<Background>]) {
        for ((image, seen), usual) in self.images.iter_mut().zip(seen).zip(usual) {
            raise(&mut image.map, &seen.best_by_cell(|_, cosine| cosine));
            match usual {
                Some(usual) => {
                    let fit = seen.best_by_cell(|sentence, cosine| usual.deviations(sentence, cosine));
                    raise(image.fit.get_or_insert_with(|| fit.clone()), &fit);
                }
                None => self.lacks_background = true,
            }
        }
    }

    /// The sentences of a hit, best first.
    fn of_hit(
        &self,
        fetched: &Fetched,
        wanted: usize,
        encoder: &Encoder,
        sentences: &Sentences,
        seen: &[Matched],
        usual: &[Option<Background>],
    ) -> Result<Vec<Evidence>, EngineError> {
        let lexicon = self.snapshot.reader().lexicon();
        let each = said(fetched).filter_map(|(report, sentence)| {
            let findings = evident_findings(sentence, lexicon)?;
            let row = sentences.row(sentence.text_in(report))?;
            Some((row, evidence(self.query, seen, usual, row, sentence, findings)))
        });
        // What findings and impression say in the same words is one sentence.
        let mut rows = HashSet::new();
        let mut each: Vec<(usize, Evidence)> = each.filter(|(row, _)| rows.insert(*row)).collect();
        // Deviations and cosines do not compare: where one image has no background, all sentences go by their cosines.
        let all_usual = usual.iter().all(Option::is_some);
        let order = |evidence: &Evidence| {
            let background = evidence.background.filter(|_| all_usual);
            (background.map_or(evidence.cosine, |background| background.deviations), evidence.cosine)
        };
        each.sort_by(|(_, a), (_, b)| {
            let ((a, a_cosine), (b, b_cosine)) = (order(a), order(b));
            b.total_cmp(&a).then(b_cosine.total_cmp(&a_cosine))
        });
        each.truncate(wanted);
        if !each.is_empty() {
            let earlier = Earlier::of(self.snapshot, fetched, encoder.local_dimension(), sentences)?;
            each.iter_mut().for_each(|(row, evidence)| evidence.prior = earlier.location(*row));
        }
        let mut found: Vec<Evidence> = each.into_iter().map(|(_, evidence)| evidence).collect();
        if !self.query.request.evidence_maps {
            for evidence in &mut found {
                evidence.query.map = Vec::new();
                evidence.prior.iter_mut().for_each(|prior| prior.map = Vec::new());
            }
        }
        Ok(found)
    }

    /// What all hits together say.
    pub fn finish(self) -> Explained {
        let missing = |part, reason| vec![Unavailable { part, reason }];
        let unavailable = match self.work {
            Err(None) => Vec::new(),
            Err(Some(reason)) => missing(AnswerPart::Evidence, reason),
            Ok(_) if self.lacks_background => missing(AnswerPart::Background, UnavailableReason::FewPatches),
            Ok(_) => Vec::new(),
        };
        let images = self.images.into_iter().zip(&self.query.parts).map(|(image, part)| {
            let grid = *part.local.grid();
            let unexplained = image.fit.map_or_else(Vec::new, |fit| least(&fit, &part.counted));
            ExplainedImage { grid, map: image.map, unexplained }
        });
        Explained { images: images.collect(), unavailable }
    }
}

/// Raises each number to the other, where that is higher.
fn raise(numbers: &mut [f32], others: &[f32]) {
    numbers.iter_mut().zip(others).for_each(|(number, &other)| *number = f32::max(*number, other));
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
            location(*image, local.grid(), matched.row(row), &local.grid().shown(), *projection)
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
        query: location(part.image, part.local.grid(), seen[best].row(row), &part.counted, part.projection),
        prior: None,
    }
}

/// The sentences of a hit's report that speak of the examination, as far as they are looked at.
fn said(fetched: &Fetched) -> impl Iterator<Item = (&Report, &Sentence)> {
    let read: Option<(&Report, &Reading)> = fetched.hit.case.report.as_ref().zip(fetched.reading.as_ref());
    read.into_iter().flat_map(|(report, reading)| {
        let sentences = reading.sentences.iter().filter(|sentence| speaks_of_examination(sentence));
        sentences.take(MOST_SENTENCES).map(move |sentence| (report, sentence))
    })
}

/// The distinct sentences of some hits, as rows to be multiplied with patches.
struct Sentences {
    /// Row by text; a sentence without a word has none.
    rows: HashMap<String, usize>,
    vectors: Vec<ByteVector>,
}

impl Sentences {
    fn of(
        encoder: &Encoder,
        remembered: &Remembered,
        hits: &[Fetched],
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, EngineError> {
        let mut texts: Vec<&str> =
            hits.iter().flat_map(said).map(|(report, sentence)| sentence.text_in(report)).collect();
        texts.sort_unstable();
        texts.dedup();
        let (mut rows, mut vectors) = (HashMap::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
        for (text, vector) in texts.iter().zip(remembered.vectors(encoder, &texts, stop)?) {
            let Some(vector) = vector else { continue };
            rows.insert((*text).to_owned(), vectors.len());
            vectors.push(vector);
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
