//! Why hits are shown: sentences of their reports, and where in the query image they fit.

use crate::support::{id, search};
use precedent_engine::{Access, Definition, Encoder, Engine, EngineError, LocalSpace, NewCase};
use precedent_model::{Assertion, Case, Image, Report, SectionKind};
use precedent_query::{
    AnswerPart, EvidenceRequest, Fusion, HitDetail, LocalImage, QueryImage, QueryVector, SearchRequest,
    SearchResponse, UnavailableReason,
};
use precedent_vector::{Metric, VectorSpace};
use tempfile::TempDir;

const REPORTS: [&str; 4] = [
    "Small left pleural effusion. No pneumothorax. The lungs are clear.",
    "Possible right upper lobe pneumonia. Cardiomegaly. Cardiomegaly.",
    "No acute disease.",
    "Cardiomegaly, unchanged from prior. Right pneumothorax.",
];

/// A bright disc on a slope, in a picture of `width` x `height`.
fn film(number: u32, width: u32, height: u32) -> Vec<u8> {
    let (x, y) = (8 + number * 17 % (width - 16), 8 + number * 13 % (height - 16));
    let pixel = |at: u32| {
        let (column, row) = (at % width, at / width);
        let (dx, dy) = (column.abs_diff(x), row.abs_diff(y));
        if dx * dx + dy * dy < 40 { 230 } else { (column + row) as u8 / 2 }
    };
    let pixels: Vec<u8> = (0..width * height).map(pixel).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

fn image(number: u32) -> QueryImage {
    QueryImage { content: film(number, 64, 96), view: Some("PA".to_owned()) }
}

/// One case for each report, with its film.
fn archive() -> (TempDir, Engine) {
    of_films(REPORTS.len())
}

/// As many cases, with the reports in turn.
fn of_films(count: usize) -> (TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let encoder = Encoder::bundled().unwrap();
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space =
        Some(VectorSpace::new(encoder.dimension(), Metric::Cosine, encoder.id()).unwrap());
    definition.local_space = Some(LocalSpace::new(encoder.id(), encoder.local_dimension()).unwrap());
    Engine::create(folder.path(), &definition).unwrap();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    let case = |number: usize| {
        let mut case = Case::new(id(number));
        let text = REPORTS[number % REPORTS.len()];
        case.report = Some(Report::new([(SectionKind::Findings, text)]).unwrap());
        case.images = vec![Image { name: String::new(), view: Some("PA".to_owned()) }];
        NewCase { files: vec![Some(film(number as u32, 64, 64))], ..NewCase::new(case) }
    };
    let outcomes = engine.ingest((0..count).map(case).collect()).unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    engine.commit().unwrap();
    (folder, engine)
}

fn by_image() -> SearchRequest {
    SearchRequest { images: vec![image(9)], ..SearchRequest::default() }
}

/// Per hit, by case: its sentences, best first.
fn said(response: &SearchResponse) -> Vec<(String, Vec<String>)> {
    let mut said: Vec<(String, Vec<String>)> = (response.hits.iter())
        .map(|hit| {
            let text = &hit.case.report.as_ref().unwrap().sections()[0].text;
            let each = hit.evidence.iter().map(|evidence| text[evidence.sentence.range()].to_owned());
            (hit.case.id.as_str().to_owned(), each.collect())
        })
        .collect();
    said.iter_mut().for_each(|(_, sentences)| sentences.sort());
    said.sort();
    said
}

fn missing(response: &SearchResponse, part: AnswerPart) -> Option<UnavailableReason> {
    response.plan.unavailable.iter().find(|missing| missing.part == part).map(|missing| missing.reason)
}

#[test]
fn reports_that_are_ingested_are_found_by_what_their_sentences_say() {
    let (_folder, engine) = of_films(40);
    let fusion = Fusion { sentence_weight: 1.0, ..Fusion::default() };
    let mut request = SearchRequest { fusion, ..by_image() };
    request.limits.limit = 40;
    let response = search(&engine, &request);
    assert_eq!(missing(&response, AnswerPart::Sentence), None);
    assert_eq!(response.hits.len(), 40);
    for hit in &response.hits {
        let says_nothing = (0..40).step_by(4).any(|number| hit.case.id == id(number + 2));
        assert_eq!(hit.sentence.is_none(), says_nothing, "{:?}", hit.case.id);
    }
}

#[test]
fn only_sentences_that_say_what_is_there_are_evidence() {
    let (_folder, engine) = archive();
    let response = search(&engine, &by_image());
    let expected: [&[&str]; 4] = [
        &["Small left pleural effusion."],
        &["Cardiomegaly.", "Possible right upper lobe pneumonia."],
        &[],
        &["Right pneumothorax."],
    ];
    let expected: Vec<(String, Vec<String>)> = (expected.iter().enumerate())
        .map(|(number, said)| {
            (id(number).as_str().to_owned(), said.iter().map(|&text| text.to_owned()).collect())
        })
        .collect();
    assert_eq!(said(&response), expected);
    let second = response.hits.iter().find(|hit| hit.case.id == id(1)).unwrap();
    let found: Vec<_> = second.evidence.iter().flat_map(|evidence| evidence.findings.clone()).collect();
    assert!(found.contains(&("pneumonia".into(), Assertion::Uncertain)), "{found:?}");
    assert!(response.plan.times.evidence > std::time::Duration::ZERO);
}

#[test]
fn a_sentence_fits_where_its_cosine_is_highest_and_the_box_lies_in_the_original() {
    let (_folder, engine) = archive();
    let request = SearchRequest { evidence_maps: true, ..by_image() };
    let response = search(&engine, &request);
    let [explained] = response.explained.as_slice() else { panic!("{:?}", response.explained.len()) };
    assert_eq!((explained.grid.extent().columns(), explained.grid.extent().rows()), (64, 96));
    let shown = explained.grid.shown();
    let mut seen = 0;
    for evidence in response.hits.iter().flat_map(|hit| &hit.evidence) {
        let (location, map) = (&evidence.query, &evidence.query.map);
        let best = (0..64).filter(|&cell| shown[cell]).max_by(|&a, &b| map[a].total_cmp(&map[b])).unwrap();
        assert_eq!((map[location.cell], map.len()), (map[best], 64));
        assert_eq!(evidence.cosine, map[location.cell]);
        let cell = explained.grid.cell_box(location.cell).unwrap();
        let region = location.region;
        assert!(region.within(64, 96).is_ok());
        assert!(region.x <= cell.x && region.y <= cell.y && location.zone.is_some());
        assert!(map.iter().zip(&explained.map).all(|(one, all)| one <= all));
        seen += 1;
    }
    assert_eq!(seen, 4);
    let without = search(&engine, &by_image());
    assert!(without.hits.iter().flat_map(|hit| &hit.evidence).all(|evidence| evidence.query.map.is_empty()));
}

#[test]
fn hits_have_at_most_as_many_sentences_as_asked_for_the_best_first() {
    let (_folder, engine) = archive();
    let all = search(&engine, &by_image());
    for hit in &all.hits {
        assert!(hit.evidence.is_sorted_by(|a, b| a.cosine >= b.cosine));
    }
    let one = SearchRequest { evidence: EvidenceRequest::Sentences(1), ..by_image() };
    for (hit, whole) in search(&engine, &one).hits.iter().zip(&all.hits) {
        assert_eq!(hit.evidence, whole.evidence[..whole.evidence.len().min(1)]);
    }
    let off = search(&engine, &SearchRequest { evidence: EvidenceRequest::Off, ..by_image() });
    assert!(off.explained.is_empty() && off.hits.iter().all(|hit| hit.evidence.is_empty()));
    assert_eq!(missing(&off, AnswerPart::Evidence), None);
    for count in [0, 11] {
        let asked = SearchRequest { evidence: EvidenceRequest::Sentences(count), ..by_image() };
        match engine.view().search(&asked, &|| false) {
            Err(EngineError::Invalid(wrong)) => assert_eq!(wrong[0].field, "evidence.sentence_count"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_sentence_is_shown_in_the_image_that_it_fits_best() {
    let (_folder, engine) = archive();
    let alone = |number| search(&engine, &SearchRequest { images: vec![image(number)], ..by_image() });
    let both = search(&engine, &SearchRequest { images: vec![image(9), image(3)], ..by_image() });
    assert_eq!(both.explained.len(), 2);
    let [first, second] = [alone(9), alone(3)];
    let cosine = |response: &SearchResponse, of: &precedent_model::CaseId, at| {
        let hit = response.hits.iter().find(|hit| hit.case.id == *of).unwrap();
        let found = hit.evidence.iter().find(|evidence| evidence.sentence == at).unwrap();
        (found.cosine, found.query.cell)
    };
    for hit in &both.hits {
        for evidence in &hit.evidence {
            let single = [&first, &second].map(|one| cosine(one, &hit.case.id, evidence.sentence));
            assert_eq!(evidence.cosine, single[0].0.max(single[1].0));
            assert_eq!((evidence.cosine, evidence.query.cell), single[evidence.query.image]);
        }
    }
}

#[test]
fn what_an_image_became_gives_the_same_evidence() {
    let (_folder, engine) = archive();
    let first = search(&engine, &by_image());
    let again = SearchRequest { encoded_images: first.encoded_images.clone(), ..SearchRequest::default() };
    let second = search(&engine, &again);
    assert_eq!((second.hits, second.explained), (first.hits, first.explained));
}

#[test]
fn parts_of_another_encoder_are_refused_by_their_field() {
    let (_folder, engine) = archive();
    let mut encoded = search(&engine, &by_image()).encoded_images;
    let local = encoded[0].local.take().unwrap();
    let short: Vec<f32> = (0..64).flat_map(|_| (0..32).map(|at| if at == 0 { 1.0 } else { 0.0 })).collect();
    let patches = precedent_vector::Patches::quantise(8, 8, 32, &short).unwrap();
    let (frame, extent) = (local.grid().frame(), local.grid().extent());
    encoded[0].local = Some(LocalImage::new(patches, frame, extent).unwrap());
    let asked = SearchRequest { encoded_images: encoded, ..SearchRequest::default() };
    match engine.view().search(&asked, &|| false) {
        Err(EngineError::Invalid(wrong)) => {
            assert_eq!(wrong[0].field, "encoded_images[0].patches");
            assert!(wrong[0].description.contains("32 numbers, those of the encoder have 128"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_missing_is_said_with_its_reason() {
    let (_folder, engine) = archive();
    let evidence = EvidenceRequest::Sentences(2);
    let reports = SearchRequest { evidence, detail: HitDetail::WithoutReport, ..by_image() };
    assert_eq!(
        missing(&search(&engine, &reports), AnswerPart::Evidence),
        Some(UnavailableReason::NoReportsAsked)
    );
    let vector = search(&engine, &by_image()).encoded_images[0].embedding.clone();
    let by_vector = SearchRequest { evidence, vectors: vec![vector], ..SearchRequest::default() };
    let without = search(&engine, &by_vector);
    assert_eq!(missing(&without, AnswerPart::Evidence), Some(UnavailableReason::NoLocalQuery));
    let auto = SearchRequest { evidence: EvidenceRequest::Auto, ..by_vector };
    assert_eq!(missing(&search(&engine, &auto), AnswerPart::Evidence), None, "nobody asked");
    // Few films have patches yet, so there is nothing to compare with.
    assert_eq!(
        missing(&search(&engine, &by_image()), AnswerPart::Background),
        Some(UnavailableReason::FewPatches)
    );
}

#[test]
fn a_sentence_stands_beside_other_images_and_shows_its_place_in_the_earlier_one() {
    let (_folder, engine) = of_films(40);
    let request = SearchRequest { evidence_maps: true, ..by_image() };
    let response = search(&engine, &request);
    assert_eq!(missing(&response, AnswerPart::Background), None);
    let mut seen = 0;
    for hit in &response.hits {
        assert!(hit.evidence.is_sorted_by_key(|evidence| -evidence.background.unwrap().deviations));
        for evidence in &hit.evidence {
            let background = evidence.background.unwrap();
            assert!((0.0..=1.0).contains(&background.share_below));
            assert!(background.deviations <= 3.0 || background.share_below > 0.5);
            let prior = evidence.prior.as_ref().unwrap();
            assert_eq!((prior.image, prior.map.len()), (0, 64));
            assert!(prior.region.within(64, 64).is_ok() && prior.zone.is_some());
            let best = prior.map.iter().copied().fold(-1.0, f32::max);
            assert_eq!(prior.map[prior.cell], best);
            seen += 1;
        }
    }
    assert!(seen > 3);
    let [explained] = response.explained.as_slice() else { panic!() };
    assert!(explained.unexplained.iter().all(|&cell| explained.grid.shown()[cell]));
    // Segments and merges change nothing.
    engine.merge_all(&|_, _, _| true).unwrap();
    let merged = search(&engine, &request);
    assert_eq!((merged.hits, merged.explained), (response.hits, response.explained));
}

#[test]
fn an_index_of_another_encoder_has_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(16, Metric::Cosine, "enc").unwrap());
    Engine::create(folder.path(), &definition).unwrap();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    let vector = QueryVector { values: vec![1.0; 16], encoder_id: "enc".to_owned() };
    let asked = SearchRequest {
        vectors: vec![vector],
        evidence: EvidenceRequest::Sentences(3),
        ..SearchRequest::default()
    };
    assert_eq!(
        missing(&search(&engine, &asked), AnswerPart::Evidence),
        Some(UnavailableReason::NoLocalEncoder)
    );
}
