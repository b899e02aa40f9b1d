//! Admission of a search: every limit is checked and every violation named before anything is looked up.

use crate::encode::{self, Encoding};
use crate::examples::Examples;
use crate::findings::{self, Resolved};
use crate::image_text::encode_image_text;
use crate::spelling::{self, Corrected};
use crate::understand::understand;
use crate::unlike::Unlike;
use crate::{EngineError, Violation, facets, guards, study};
use precedent_archive::{CasePlace, Conditions, Definition, Generation};
use precedent_imaging::HeaderFacts;
use precedent_lexical::TextQuery;
use precedent_model::{FieldKind, PartialDate, Projection, chosen_cells};
use precedent_query::{
    Applied, AppliedGuards, Compare, Comparison, Correction, EncodedQueryImage, EvidenceRequest,
    FALSE_ALARM_RATES, Filter, Judgement, LocalImage, MAX_LIMIT, MAX_NEIGHBOURS, MAX_QUERY_VECTORS,
    MAX_REGIONS, MAX_RERANKED, MAX_SENTENCES, MAX_TEXT_BYTES, MentionFilter, MinimumImageScore, Operand,
    QueryVector, SearchRequest, Warning, WarningCode,
};
use precedent_vector::{Embedding, Metric, VectorError};
use std::time::{Duration, Instant};

/// Largest `ef_search`.
const MAX_EF_SEARCH: usize = 4096;
/// Most candidates per channel.
const MAX_CANDIDATES: usize = 10_000;
/// Largest `rrf_k`. The larger it is, the deeper an exact search of two channels has to look; beyond this value, all ranks among
/// the candidates count nearly the same.
const MAX_RRF_K: f32 = 10_000.0;
/// The field behind the guard `before`, and by which filter-only answers are sorted.
pub(crate) const STUDY_DATE: &str = "study_date";

/// The parts of an image of the request.
pub(crate) struct ImageParts {
    /// Which of the request's images.
    pub image: usize,
    pub local: LocalImage,
    pub projection: Option<Projection>,
    /// The cells that count: those that show the image, or what the request points at.
    pub counted: Vec<bool>,
    /// Whether the request points at them.
    pub is_pointed_at: bool,
}

impl ImageParts {
    /// The cells that the request points at, if it does.
    pub fn pointed_at(&self) -> Option<&[bool]> {
        self.is_pointed_at.then_some(&self.counted)
    }
}

/// A request, checked against an index.
pub(crate) struct Query<'a> {
    pub request: &'a SearchRequest,
    /// The vectors of the request, then those of its images and image text.
    pub vectors: Vec<Embedding>,
    pub text: Option<TextQuery>,
    pub filter: Option<Filter>,
    /// The mentions that the filter requires.
    pub mentions: Vec<MentionFilter>,
    /// The guards of the request, completed from the headers of its images.
    pub guards: AppliedGuards,
    pub before: Option<Filter>,
    /// The known projections: per image, the position of its vector, the projection and the field it came from.
    pub views: Vec<(usize, Applied<Projection>)>,
    /// Per vector, which cases are known to be of other views.
    pub unlike: Unlike,
    /// Replacements for unknown words.
    pub corrections: Vec<Correction>,
    pub warnings: Vec<Warning>,
    /// The example cases, which are not hits.
    pub examples: Vec<CasePlace>,
    /// The lowest similarity at which the image channel puts a case forward.
    pub least_image: Option<f32>,
    /// The encoded images of the request.
    pub encoded_images: Vec<EncodedQueryImage>,
    /// The images whose parts are known.
    pub parts: Vec<ImageParts>,
    /// How long its images and image text took to encode.
    pub encoding: Duration,
}

impl<'a> Query<'a> {
    /// Checks a request; names everything that is wrong with it, not only the first fault.
    pub fn admit(
        snapshot: &dyn Generation,
        encoding: &Encoding,
        request: &'a SearchRequest,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, EngineError> {
        let definition = snapshot.definition();
        let mut wrong = Vec::new();
        check_numbers(request, &mut wrong);
        facets::check(&request.facets, &definition.fields, &mut wrong);
        let asks_images = asked_vectors(request) > 0 || !request.examples.is_empty();
        if !asks_images && request.text.is_none() && request.filter.is_none() {
            let description =
                "give at least one of embeddings, images, image_text, example_case_ids, text and filter";
            wrong.push(Violation::new("embeddings", description));
        }
        let least_image = least_image(definition, request, asks_images, &mut wrong);
        let mut misfit = None;
        let given = (request.vectors.iter().enumerate())
            .map(|(index, vector)| (format!("embeddings[{index}]"), vector));
        let mut vectors = admit_vectors(definition, given, &mut wrong, &mut misfit);
        let encoded = (request.encoded_images.iter().enumerate())
            .map(|(index, image)| (format!("encoded_images[{index}].embedding"), &image.embedding));
        vectors.extend(admit_vectors(definition, encoded, &mut wrong, &mut misfit));
        check_parts(encoding, request, &mut wrong);
        let room = MAX_QUERY_VECTORS.saturating_sub(asked_vectors(request));
        let examples = Examples::find(snapshot, &request.examples, room, &mut wrong)?;
        let spelt = (request.text.as_deref())
            .filter(|text| text.len() <= MAX_TEXT_BYTES && !request.literal_text)
            .map(|text| spelling::correct(snapshot, text))
            .transpose()?;
        let spelt = spelt.or_else(|| request.text.as_deref().map(Corrected::literal));
        let text = (spelt.as_ref()).and_then(|spelt| {
            admit_text(snapshot, &spelt.text).map_err(|violation| wrong.push(violation)).ok()
        });
        let filter = (request.filter.as_deref()).and_then(|filter| {
            admit_filter(snapshot, filter).map_err(|violation| wrong.push(violation)).ok()
        });
        if !wrong.is_empty() {
            return Err(EngineError::Invalid(wrong));
        }
        if let Some(violation) = misfit {
            return Err(EngineError::Precondition(violation));
        }
        check_before(definition, request)?;
        // Encoding images costs more than everything else, so it comes after all other checks.
        let mut image_warnings = Vec::new();
        let begun = Instant::now();
        let encoded = encode_all(snapshot, encoding, request, &mut image_warnings, stop)?;
        let encoding_time = begun.elapsed();
        vectors.extend(encoded.vectors);
        let headers = encoded.headers;
        let mut guards = guards::apply(&request.guards, &definition.placeholders, &headers)
            .map_err(EngineError::Invalid)?;
        guards.example_patients = examples.patients;
        let before = guards.before.as_ref().map(|before| before_filter(before.value));
        let mut warnings = guards::warnings(&request.guards, &definition.placeholders, &guards);
        warnings.append(&mut image_warnings);
        let mut views = views(request, &headers);
        let mut parts = parts(request, &encoded.images, &views);
        point_at(request, &mut parts).map_err(EngineError::Invalid)?;
        views.extend(examples.views.into_iter().map(|(place, view)| (vectors.len() + place, view)));
        vectors.extend(examples.vectors);
        let unlike = Unlike::of(snapshot, projections(&views, vectors.len()))?;
        let reads_findings = text.is_some() || filter.as_ref().is_some_and(|filter| filter.asks);
        let (filter, mentions) = filter.map(|resolved| (resolved.filter, resolved.wanted)).unzip();
        let mentions = mentions.unwrap_or_default();
        let corrections = Vec::new();
        let mut query = Self {
            request,
            vectors,
            text,
            filter,
            mentions,
            guards,
            before,
            views,
            unlike,
            corrections,
            warnings,
            examples: examples.places,
            least_image,
            encoded_images: encoded.images,
            parts,
            encoding: encoding_time,
        };
        query.warn();
        if let Some(spelt) = spelt {
            query.warnings.extend(spelt.warnings());
            query.corrections = spelt.corrections;
        }
        if let (true, Some(notice)) = (query.asks_image(), encoding.notice()) {
            query.warnings.push(Warning { code: WarningCode::DemoEncoder, message: notice.to_owned() });
        }
        if reads_findings {
            query.warnings.extend(stale(snapshot));
        }
        Ok(query)
    }

    fn warn(&mut self) {
        if self.text.as_ref().is_some_and(|text| !text.is_searchable()) {
            self.warnings.push(Warning {
                code: WarningCode::NothingToSearch,
                message: "the text holds no word that asks for anything, so the lexical channel is silent"
                    .to_owned(),
            });
        }
    }

    /// The conditions that a hit must fulfil: filter and guards.
    pub fn conditions(&self) -> Conditions<'_> {
        let named = self.guards.patient.iter().map(|patient| &patient.value);
        Conditions {
            filters: self.filter.iter().chain(&self.before).collect(),
            patient: None,
            not_patients: match self.request.guards.include_same_patient {
                true => Vec::new(),
                false => named.chain(&self.guards.example_patients).collect(),
            },
            without: &self.examples,
        }
    }

    /// Whether the image channel takes part.
    pub fn asks_image(&self) -> bool {
        !self.vectors.is_empty() && self.request.fusion.image_weight > 0.0
    }

    /// Whether a vector comes from an image, an embedding or an example, not from words.
    pub fn is_of_image(&self, vector: usize) -> bool {
        let request = self.request;
        let words = request.vectors.len() + request.images.len() + request.encoded_images.len();
        request.image_text.is_none() || vector != words
    }

    /// The projection of a vector, if known.
    pub fn projection(&self, vector: usize) -> Option<Projection> {
        self.views.iter().find(|(of, _)| *of == vector).map(|(_, view)| view.value)
    }

    /// The text, if the lexical channel takes part.
    pub fn asks_lexical(&self) -> Option<&TextQuery> {
        self.text.as_ref().filter(|text| self.request.fusion.lexical_weight > 0.0 && text.is_searchable())
    }

    /// Whether the sentence channel is to take part.
    pub fn asks_sentence(&self) -> bool {
        self.request.fusion.sentence_weight > 0.0
    }

    /// Whether reports have to be read for evidence.
    pub fn asks_evidence(&self) -> bool {
        self.request.sentences().is_some() && !self.parts.is_empty()
    }

    /// Whether reports have to be read for highlights.
    pub fn asks_reports(&self) -> bool {
        self.text.as_ref().is_some_and(TextQuery::is_searchable) || !self.mentions.is_empty()
    }
}

/// A warning that some reports were read with an earlier lexicon, which matters to searches of their content.
fn stale(snapshot: &dyn Generation) -> Option<Warning> {
    let stale = snapshot.stale();
    let (cases, all) = (stale.cases, snapshot.cases());
    (cases > 0).then(|| Warning {
        code: WarningCode::StaleLexicon,
        message: format!(
            "{cases} of {all} cases were read by another lexicon or by none, so what they say may be found otherwise; \
             a merge reads them anew"
        ),
    })
}

fn admit_text(snapshot: &dyn Generation, text: &str) -> Result<TextQuery, Violation> {
    if text.len() > MAX_TEXT_BYTES {
        let description = format!("has {} bytes, the limit is {MAX_TEXT_BYTES}; shorten it", text.len());
        return Err(Violation::new("text", description));
    }
    let asked = understand(snapshot.reader(), text);
    TextQuery::parse(text, &asked).map_err(|error| Violation::new("text", error.to_string()))
}

pub(crate) fn admit_filter(snapshot: &dyn Generation, text: &str) -> Result<Resolved, Violation> {
    let fields = &snapshot.definition().fields;
    let filter = Filter::parse(text, fields).map_err(|error| {
        let description = format!("at {}: {}; {}", error.position, error.problem, error.remedy);
        Violation::new("filter", description)
    })?;
    findings::resolve(filter, fields, snapshot.reader().lexicon())
}

fn check_numbers(request: &SearchRequest, wrong: &mut Vec<Violation>) {
    if request.regions.len() > MAX_REGIONS {
        let description = format!("has {} entries; give at most {MAX_REGIONS}", request.regions.len());
        wrong.push(Violation::new("regions", description));
    }
    let mut within = |field: &str, value: usize, high: usize| {
        if value == 0 || value > high {
            wrong.push(Violation::new(field, format!("is {value}; give 1 to {high}")));
        }
    };
    within("limit", request.limits.limit, MAX_LIMIT);
    within("page_size", request.limits.page_size.unwrap_or(1), MAX_LIMIT);
    within("ef_search", request.limits.ef_search.unwrap_or(1), MAX_EF_SEARCH);
    within("fusion.candidates", request.fusion.candidates, MAX_CANDIDATES);
    if request.rerank > 0 {
        within("rerank_count", request.rerank, MAX_RERANKED);
    }
    if let Judgement::By(neighbours) = request.judgement {
        within("judgement.neighbour_count", neighbours, MAX_NEIGHBOURS);
    }
    if let EvidenceRequest::Sentences(sentences) = request.evidence {
        within("evidence.sentence_count", sentences, MAX_SENTENCES);
    }
    let [lowest, highest] = FALSE_ALARM_RATES;
    if let Some(rate) = request.false_alarm_rate
        && !(lowest..=highest).contains(&rate)
    {
        let description = format!("is {rate}; give a share from {lowest} to {highest}");
        wrong.push(Violation::new("judgement.false_alarm_rate", description));
    }
    if let Some(diversity) = request.diversity
        && !(0.0..=1.0).contains(&diversity)
    {
        wrong.push(Violation::new("diversity", format!("is {diversity}; give a number from 0 to 1")));
    }
    if let Some(recall) = request.limits.target_recall
        && !(recall > 0.0 && recall < 1.0)
    {
        let description = format!("is {recall}; give a share above 0 and below 1, or ask for exact answers");
        wrong.push(Violation::new("target_recall", description));
    }
    let asked = asked_vectors(request);
    if asked > MAX_QUERY_VECTORS {
        let field = if request.vectors.len() > MAX_QUERY_VECTORS { "embeddings" } else { "images" };
        let description = format!(
            "has, with embeddings, images and image_text, {asked} entries; give at most {MAX_QUERY_VECTORS}"
        );
        wrong.push(Violation::new(field, description));
    }
    let fusion = &request.fusion;
    for (field, weight) in [
        ("fusion.image_weight", fusion.image_weight),
        ("fusion.lexical_weight", fusion.lexical_weight),
        ("fusion.sentence_weight", fusion.sentence_weight),
    ] {
        if !weight.is_finite() || weight < 0.0 {
            wrong.push(Violation::new(field, format!("is {weight}; give a finite number from 0 on")));
        }
    }
    if !(fusion.rrf_k > 0.0 && fusion.rrf_k <= MAX_RRF_K) {
        let description = format!("is {}; give a number above 0, at most {MAX_RRF_K}", fusion.rrf_k);
        wrong.push(Violation::new("fusion.rrf_k", description));
    }
}

/// Number of vectors that the image channel searches by, not counting those of the example cases.
fn asked_vectors(request: &SearchRequest) -> usize {
    let images = request.images.len() + request.encoded_images.len();
    request.vectors.len() + images + usize::from(request.image_text.is_some())
}

/// The lowest similarity at which the image channel puts a case forward, converted to the metric of the index, or refused.
fn least_image(
    definition: &Definition,
    request: &SearchRequest,
    asks_images: bool,
    wrong: &mut Vec<Violation>,
) -> Option<f32> {
    let mut refuse = |field: &str, description: String| {
        wrong.push(Violation::new(format!("minimum_scores.{field}"), description));
    };
    if let Some(least) = request.minimum.lexical {
        if !least.is_finite() {
            refuse("bm25", format!("is {least}; give a finite number"));
        } else if request.text.is_none() {
            refuse("bm25", "is given, but no text; give one, or leave the minimum out".to_owned());
        }
    }
    let (field, value, metric, similarity) = match request.minimum.image? {
        MinimumImageScore::Cosine(value) => ("cosine", value, Metric::Cosine, value),
        MinimumImageScore::DotProduct(value) => ("dot_product", value, Metric::Dot, value),
        MinimumImageScore::L2Distance(value) => ("l2_distance", value, Metric::L2, 0.0 - value),
    };
    let space = definition.image_space.as_ref();
    if !value.is_finite() {
        refuse(field, format!("is {value}; give a finite number"));
    } else if !asks_images {
        refuse(field, "is given, but nothing to search images by; leave the minimum out".to_owned());
    } else if let Some(space) = space.filter(|space| space.metric() != metric) {
        let name = space.metric().name();
        refuse(field, format!("is not of the index's metric, which is {name}; give the minimum of that"));
    }
    Some(similarity)
}

/// The header facts of images, each with the position of its image.
type Headers = Vec<(usize, HeaderFacts)>;

/// Encoded images and image text.
#[derive(Default)]
struct Encoded {
    /// The vectors of images and image text, in this order.
    vectors: Vec<Embedding>,
    headers: Headers,
    /// The encoded images.
    images: Vec<EncodedQueryImage>,
}

/// Encodes images and image text, and reads the header of each image; adds to `warnings`. Images encoded earlier come with their
/// embeddings, so only what was kept of their headers is used.
fn encode_all(
    snapshot: &dyn Generation,
    encoding: &Encoding,
    request: &SearchRequest,
    warnings: &mut Vec<Warning>,
    stop: &dyn Fn() -> bool,
) -> Result<Encoded, EngineError> {
    let mut done = Encoded::default();
    done.headers.extend(request.encoded_images.iter().map(facts_of).enumerate());
    let mut encoded = Vec::new();
    for (index, image) in request.images.iter().enumerate() {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let field = format!("images[{index}].content");
        let encoder = encoding.required(&field)?;
        encoded.push(encode::image(encoder, &image.content, &field).map(|read| {
            done.images.push(EncodedQueryImage {
                embedding: read.embedding.clone(),
                view: image.view.clone(),
                patient: study::key(&read.facts),
                study_date: read.facts.study_date,
                view_position: read.facts.view_position.clone(),
                local: read.local,
            });
            done.headers.push((index, read.facts));
            (field, read.embedding)
        }));
    }
    if let Some(text) = &request.image_text {
        let encoder = encoding.required("image_text")?;
        let read = encode_image_text(encoder, snapshot.reader(), text, "image_text");
        encoded.push(read.map(|(vector, warning)| {
            warnings.extend(warning);
            ("image_text".to_owned(), vector)
        }));
    }
    // An index without an image space has no encoder, and the request has nothing to encode.
    let Some(space) = &snapshot.definition().image_space else { return Ok(done) };
    let mut wrong = Vec::new();
    for outcome in encoded {
        let admitted = outcome.and_then(|(field, vector)| {
            (space.admit(&vector.encoder_id, &vector.values))
                .map_err(|error| Violation::new(field, error.to_string()))
        });
        match admitted {
            Ok(embedding) => done.vectors.push(embedding),
            Err(violation) => wrong.push(violation),
        }
    }
    if wrong.is_empty() { Ok(done) } else { Err(EngineError::Invalid(wrong)) }
}

/// The images whose parts are known, each with its projection. Their vectors follow those of the request.
fn parts(
    request: &SearchRequest,
    encoded: &[EncodedQueryImage],
    views: &[(usize, Applied<Projection>)],
) -> Vec<ImageParts> {
    let images = request.encoded_images.iter().chain(encoded).enumerate();
    let of = |(image, encoded): (usize, &EncodedQueryImage)| {
        let vector = request.vectors.len() + image;
        let projection = views.iter().find(|(of, _)| *of == vector).map(|(_, view)| view.value);
        let local = encoded.local.clone()?;
        let mut counted = local.grid().shown();
        if !counted.contains(&true) {
            // A frame that covers hardly anything of the image has no cell of which half shows it.
            counted.fill(true);
        }
        Some(ImageParts { image, local, projection, counted, is_pointed_at: false })
    };
    images.filter_map(of).collect()
}

/// Leaves of each image that the request points at only the cells that it points at.
fn point_at(request: &SearchRequest, parts: &mut [ImageParts]) -> Result<(), Vec<Violation>> {
    let mut wrong = Vec::new();
    let mut pointed: Vec<Option<Vec<bool>>> = parts.iter().map(|_| None).collect();
    for (index, region) in request.regions.iter().enumerate() {
        let field = |part: &str| format!("regions[{index}].{part}");
        let Some(place) = parts.iter().position(|part| part.image == region.image) else {
            let images = request.images.len() + request.encoded_images.len();
            let problem = match region.image < images {
                true => "is of an image whose parts were not encoded; send the image, or encoded_images as an answer has them".to_owned(),
                false => format!("is {}, and there are {images} images; count them from 0", region.image),
            };
            wrong.push(Violation::new(field("image_index"), problem));
            continue;
        };
        match parts[place].local.grid().shares(&region.outline) {
            Ok(shares) => {
                let all = pointed[place].get_or_insert_with(|| vec![false; shares.len()]);
                all.iter_mut().zip(chosen_cells(&shares)).for_each(|(all, chosen)| *all |= chosen);
            }
            Err(error) => {
                wrong.push(Violation::new(
                    field(&error.field),
                    format!("{}; {}", error.problem, error.remedy),
                ));
            }
        }
    }
    for (part, pointed) in parts.iter_mut().zip(pointed) {
        if let Some(cells) = pointed {
            (part.counted, part.is_pointed_at) = (cells, true);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Checks that the parts of images that were encoded earlier can be compared with what the encoder says of sentences.
fn check_parts(encoding: &Encoding, request: &SearchRequest, wrong: &mut Vec<Violation>) {
    let Some(expected) = encoding.encoder().map(|encoder| encoder.local_dimension()) else { return };
    for (index, image) in request.encoded_images.iter().enumerate() {
        let found = image.local.as_ref().map(|local| local.patches().dimension());
        if let Some(found) = found.filter(|found| *found != expected) {
            let description = format!(
                "has vectors of {found} numbers, those of the encoder have {expected}; give the entry as the answer has it"
            );
            wrong.push(Violation::new(format!("encoded_images[{index}].patches"), description));
        }
    }
}

/// The header facts kept of an image that was encoded earlier.
fn facts_of(image: &EncodedQueryImage) -> HeaderFacts {
    let patient = image.patient.as_ref();
    HeaderFacts {
        patient_id: patient.map(|patient| patient.id().to_owned()),
        patient_id_issuer: patient.and_then(|patient| patient.issuer()).map(str::to_owned),
        study_date: image.study_date,
        view_position: image.view_position.clone(),
        ..HeaderFacts::default()
    }
}

/// The projection of each vector, if known.
fn projections(views: &[(usize, Applied<Projection>)], vectors: usize) -> Vec<Option<Projection>> {
    let of_vector = |vector| views.iter().find(|(of, _)| *of == vector).map(|(_, view)| view.value);
    (0..vectors).map(of_vector).collect()
}

/// The projections of the request's images: from the request, or else from the header.
fn views(request: &SearchRequest, headers: &[(usize, HeaderFacts)]) -> Vec<(usize, Applied<Projection>)> {
    let of_image = |(index, view): (usize, &Option<String>)| {
        let header = headers.iter().find(|(place, _)| *place == index);
        let (view, part) = match (view, header) {
            (Some(view), _) => (view, "view"),
            (None, Some((_, facts))) => (facts.view_position.as_ref()?, "content"),
            (None, None) => return None,
        };
        let value = Projection::of_view(view)?;
        Some((request.vectors.len() + index, Applied { value, source: format!("images[{index}].{part}") }))
    };
    let encoded = request.encoded_images.iter().map(|image| &image.view);
    request.images.iter().map(|image| &image.view).chain(encoded).enumerate().filter_map(of_image).collect()
}

/// The vectors that pass, each given with its field. The first well-formed vector that does not fit this index is reported in
/// `misfit`.
fn admit_vectors<'a>(
    definition: &Definition,
    given: impl Iterator<Item = (String, &'a QueryVector)>,
    wrong: &mut Vec<Violation>,
    misfit: &mut Option<Violation>,
) -> Vec<Embedding> {
    let mut vectors = Vec::new();
    for (field, vector) in given.take(MAX_QUERY_VECTORS) {
        let path = |part: &str| format!("{field}.{part}");
        let Some(space) = &definition.image_space else {
            let description = "this index has no image space; search it by text and filter";
            misfit.get_or_insert(Violation::new(field, description));
            continue;
        };
        match space.admit(&vector.encoder_id, &vector.values) {
            Ok(embedding) => vectors.push(embedding),
            Err(error @ VectorError::EncoderOther { .. }) => {
                misfit.get_or_insert(Violation::new(path("encoder_id"), error.to_string()));
            }
            Err(error @ VectorError::EncoderMissing { .. }) => {
                wrong.push(Violation::new(path("encoder_id"), error.to_string()));
            }
            Err(error) => wrong.push(Violation::new(path("values"), error.to_string())),
        }
    }
    vectors
}

/// Checks that the index has study dates, if the request limits them.
fn check_before(definition: &Definition, request: &SearchRequest) -> Result<(), EngineError> {
    let field = match &request.guards {
        guards if guards.before.is_some() => "guards.before",
        guards if guards.before_study_date => "guards.before_study_date",
        _ => return Ok(()),
    };
    if definition.fields.kind(STUDY_DATE) == Some(FieldKind::Date) {
        return Ok(());
    }
    let description = "this index has no date field study_date; leave the guard out";
    Err(EngineError::Precondition(Violation::new(field, description)))
}

fn before_filter(date: PartialDate) -> Filter {
    Filter::Compare(Compare {
        field: STUDY_DATE.to_owned(),
        kind: FieldKind::Date,
        comparison: Comparison::Less,
        operand: Operand::Date(date),
    })
}
