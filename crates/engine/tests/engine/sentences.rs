//! The channel `sentence` and the rerank: cases ranked by what their reports say of the query image.

use crate::support::{Archive, Sketch, archive_of, case, definition, id, names, plain, search, vector};
use precedent_engine::{Access, Definition, EngineError, LocalSpace, LocalVectors, NewCase, NewLocal};
use precedent_model::{GridFrame, ImageExtent, Outline, Region};
use precedent_query::{
    AnswerPart, Channel, EncodedQueryImage, Fusion, LocalImage, QueryRegion, SearchRequest, SearchResponse,
    UnavailableReason,
};
use precedent_vector::{ByteVector, Metric, Patches};

const LOCAL: usize = 16;
const CASES: usize = 48;

/// What the reports say, each with the vectors of its sentences by their places: sentences at the same place look the same.
const SAID: [&[(&str, usize)]; 6] = [
    &[("Right pneumothorax.", 1)],
    &[("Left pleural effusion.", 2), ("Small right pneumothorax.", 1)],
    &[("No pneumothorax.", 1), ("The heart is normal.", 5)],
    &[("Cardiomegaly.", 3), ("Possible pneumothorax.", 1)],
    &[("Left pleural effusion.", 2)],
    &[("Pneumothorax, unchanged from prior.", 1), ("Rib fracture.", 4)],
];

fn keeping() -> Definition {
    let mut definition = definition(Metric::L2);
    definition.local_space = Some(LocalSpace::new("local-enc", LOCAL).unwrap());
    definition
}

/// A vector of length 1 that leans towards a place, the less the higher the number.
fn leaning(place: usize, number: usize) -> Vec<f32> {
    let angle = number as f32 * 0.1;
    let mut values = vec![0.0; LOCAL];
    (values[place], values[LOCAL - 1]) = (angle.cos(), angle.sin());
    values
}

fn grid(values: &[f32]) -> LocalImage {
    let patches = Patches::quantise(1, values.len() / LOCAL, LOCAL, values).unwrap();
    let extent = ImageExtent::new(100, 80).unwrap();
    LocalImage::new(patches, GridFrame::of(extent), extent).unwrap()
}

/// Every image shows two places.
fn grid_of(number: usize) -> LocalImage {
    grid(&[leaning(number % 6, number % 7), leaning(number % 5, number % 3)].concat())
}

fn sentences(number: usize) -> Vec<(String, ByteVector)> {
    let said = SAID[number % SAID.len()].iter();
    said.map(|&(text, place)| (text.to_owned(), ByteVector::quantise(&leaning(place, number % 4)).unwrap()))
        .collect()
}

fn new_case(number: usize) -> NewCase {
    let texts: Vec<&str> = SAID[number % SAID.len()].iter().map(|(text, _)| *text).collect();
    let mut embedding = vec![0.0; 16];
    embedding[0] = number as f32;
    let sketch = Sketch { text: Some(texts.join(" ")), vectors: vec![embedding], ..Sketch::default() };
    let vectors = LocalVectors { images: vec![(0, grid_of(number))], sentences: sentences(number) };
    let local = Some(NewLocal { encoder_id: "local-enc".to_owned(), vectors });
    NewCase { local, ..case(number, &sketch) }
}

fn filled(archive: Archive) -> Archive {
    for numbers in [0..20, 20..21, 21..CASES] {
        let outcomes = archive.engine.ingest(numbers.map(new_case).collect()).unwrap();
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        archive.engine.commit().unwrap();
    }
    archive
}

/// The archive in a directory with three segments, and the list; in the tests of the list it alone.
fn archives() -> Vec<Archive> {
    let list = filled(plain(keeping(), Access::Bulk));
    if crate::PLAIN { vec![list] } else { vec![filled(archive_of(keeping(), Access::Bulk)), list] }
}

/// An image that shows place 1, and whose embedding is that of this case.
fn asked(number: usize) -> EncodedQueryImage {
    let mut embedding = [0.0; 16];
    embedding[0] = number as f32;
    EncodedQueryImage {
        embedding: vector(&embedding),
        view: None,
        patient: None,
        study_date: None,
        view_position: None,
        local: Some(grid(&leaning(1, 1))),
    }
}

fn by(image_weight: f32, sentence_weight: f32) -> SearchRequest {
    let mut request = SearchRequest {
        encoded_images: vec![asked(0)],
        fusion: Fusion { image_weight, sentence_weight, ..Fusion::default() },
        ..SearchRequest::default()
    };
    request.limits.limit = CASES;
    request.guards.several_per_patient = true;
    request
}

/// By how many deviations each case's sentences fit the image, computed anew from the definition of the channel.
fn expected() -> Vec<Option<f64>> {
    let cosine = |image: &LocalImage, sentence: &ByteVector| {
        let patches = image.patches();
        let mut products = vec![0; patches.cells()];
        patches.query(None).unwrap().all(sentence.as_row(), &mut products);
        f64::from(patches.cosine(sentence.step(), *products.iter().max().unwrap()))
    };
    let asked = asked(0).local.unwrap();
    let deviations = |sentence: &ByteVector| {
        let usual: Vec<f64> = (0..CASES).map(|number| cosine(&grid_of(number), sentence)).collect();
        let mean = usual.iter().sum::<f64>() / usual.len() as f64;
        let variance = usual.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / usual.len() as f64;
        (cosine(&asked, sentence) - mean) / variance.sqrt()
    };
    let of_case = |number: usize| {
        let evidence = |text: &str| match text {
            text if text.starts_with("Possible") => Some(0.5),
            text if text.starts_with("No ") || text.contains("normal") || text.contains("prior") => None,
            _ => Some(1.0),
        };
        let counted: Vec<(f64, f64)> = (sentences(number).iter())
            .filter_map(|(text, vector)| Some((evidence(text)?, deviations(vector))))
            .collect();
        let weights: f64 = counted.iter().map(|(weight, _)| weight).sum();
        (weights > 0.0).then(|| counted.iter().map(|(weight, fit)| weight * fit).sum::<f64>() / weights)
    };
    (0..CASES).map(of_case).collect()
}

fn missing(response: &SearchResponse, part: AnswerPart) -> Option<UnavailableReason> {
    response.plan.unavailable.iter().find(|missing| missing.part == part).map(|missing| missing.reason)
}

#[test]
fn cases_are_ranked_by_what_their_sentences_say_of_the_image() {
    let expected = expected();
    let mut order: Vec<usize> =
        (0..CASES).filter(|&number| expected[number].is_some_and(|fit| fit >= 1.0)).collect();
    order.sort_by(|&a, &b| expected[b].partial_cmp(&expected[a]).unwrap());
    assert!((5..CASES / 2).contains(&order.len()), "{order:?}");
    for archive in archives() {
        let response = search(&archive.engine, &by(0.0, 1.0));
        let found: Vec<f32> = response.hits.iter().map(|hit| hit.sentence.unwrap().score).collect();
        assert_eq!(found.len(), order.len());
        for (hit, number) in response.hits.iter().zip(&order) {
            let (score, of_model) = (hit.sentence.unwrap(), expected[*number].unwrap());
            assert!((f64::from(score.score) - of_model).abs() < 1e-3, "{number}: {score:?}, {of_model}");
            assert_eq!(score.rank, Some(hit.rank));
        }
        let plan = &response.plan.channels[0];
        assert_eq!((plan.channel, plan.candidates, plan.exact), (Channel::Sentence, order.len(), true));
        // Where the channel takes part, every hit whose report is evidence of something shows its score.
        let response = search(&archive.engine, &by(1.0, 1.0));
        assert_eq!(response.hits.len(), CASES);
        for hit in &response.hits {
            let number = (0..CASES).find(|&number| id(number) == hit.case.id).unwrap();
            assert_eq!(hit.sentence.is_some(), expected[number].is_some(), "{number}");
            assert_eq!(hit.sentence.and_then(|score| score.rank).is_some(), order.contains(&number));
        }
    }
}

#[test]
fn the_list_and_any_segments_give_the_same() {
    let archives = archives();
    let answers = |request: &SearchRequest| -> Vec<Vec<String>> {
        archives.iter().map(|archive| names(&search(&archive.engine, request))).collect()
    };
    for exact in [false, true] {
        let mut requests = vec![by(0.0, 1.0), by(1.0, 0.5), SearchRequest { rerank: 20, ..by(1.0, 0.0) }];
        requests.iter_mut().for_each(|request| request.limits.exact = exact);
        for request in requests {
            let before = answers(&request);
            assert!(before.iter().all(|answer| *answer == before[0]), "{before:?}");
            for archive in &archives {
                archive.engine.merge_all(&|_, _, _| true).unwrap();
            }
            assert_eq!(answers(&request), before);
        }
    }
}

#[test]
fn a_replaced_report_speaks_with_its_new_sentences() {
    for archive in archives() {
        let found = |of: usize| {
            let response = search(&archive.engine, &by(0.0, 1.0));
            response.hits.iter().any(|hit| hit.case.id == id(of))
        };
        assert!(found(0));
        let mut other = new_case(4);
        other.case.id = id(0);
        assert!(archive.engine.ingest(vec![other]).unwrap()[0].is_ok());
        archive.engine.commit().unwrap();
        assert!(!found(0));
    }
}

#[test]
fn the_first_cases_are_reranked_by_image_and_sentences() {
    let expected = expected();
    for archive in archives() {
        let request = SearchRequest { rerank: 12, ..by(1.0, 0.0) };
        let before = search(&archive.engine, &by(1.0, 0.0));
        let response = search(&archive.engine, &request);
        assert_eq!(response.plan.reranked, 12);
        let first: Vec<f64> =
            before.hits[..12].iter().map(|hit| f64::from(hit.image.unwrap().score)).collect();
        let mean = first.iter().sum::<f64>() / 12.0;
        let deviation = (first.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 12.0).sqrt();
        let mut of_model: Vec<(f64, usize)> = (0..12)
            .map(|number| {
                let fit = expected[number].map_or(0.0, |fit| fit - 1.0);
                ((first[number] - mean) / deviation + 0.5 * fit, number)
            })
            .collect();
        of_model.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (hit, (score, number)) in response.hits.iter().zip(&of_model) {
            assert_eq!(hit.case.id, id(*number));
            assert!((hit.reranked.unwrap() - score).abs() < 1e-3);
        }
        let (rest, rest_before) = (&names(&response)[12..], &names(&before)[12..]);
        assert_eq!(rest, rest_before);
        assert!(response.hits[12..].iter().all(|hit| hit.reranked.is_none()));
        assert!(names(&response)[..12] != names(&before)[..12]);
    }
}

#[test]
fn what_is_missing_is_said() {
    for archive in archives() {
        let mut blind = SearchRequest { rerank: 5, ..by(1.0, 1.0) };
        blind.encoded_images[0].local = None;
        let response = search(&archive.engine, &blind);
        for part in [AnswerPart::Sentence, AnswerPart::Rerank] {
            assert_eq!(missing(&response, part), Some(UnavailableReason::NoLocalQuery));
        }
        assert_eq!((response.hits.len(), response.plan.reranked), (CASES, 0));
        let too_many = SearchRequest { rerank: 501, ..by(1.0, 0.0) };
        let Err(EngineError::Invalid(wrong)) = archive.engine.view().search(&too_many, &|| false) else {
            panic!("it was admitted")
        };
        assert_eq!(wrong[0].field, "rerank_count");
    }
    let empty = plain(keeping(), Access::Bulk);
    let request = by(1.0, 1.0);
    assert_eq!(
        missing(&search(&empty.engine, &request), AnswerPart::Sentence),
        Some(UnavailableReason::NoSentences)
    );
    // Sentences that there are too few images to compare with.
    let few = plain(keeping(), Access::Bulk);
    assert!(few.engine.ingest((0..9).map(new_case).collect()).unwrap().iter().all(Result::is_ok));
    few.engine.commit().unwrap();
    assert_eq!(
        missing(&search(&few.engine, &request), AnswerPart::Sentence),
        Some(UnavailableReason::FewPatches)
    );
    // Nobody asked for the channel.
    let response = search(&few.engine, &by(1.0, 0.0));
    assert_eq!(missing(&response, AnswerPart::Sentence), None);
}

#[test]
fn a_part_that_is_pointed_at_is_compared_with_the_same_part_of_others() {
    let outline = |x: u32, width: u32| Outline::Box(Region { x, y: 0, width, height: 80 });
    // The two cells of every image lie side by side.
    let two = grid(&[leaning(1, 1), leaning(2, 1)].concat());
    for archive in archives() {
        let answer = |regions: Vec<QueryRegion>| {
            let mut request = SearchRequest { regions, ..by(0.0, 1.0) };
            request.encoded_images[0].local = Some(two.clone());
            search(&archive.engine, &request)
        };
        let says = |response: &SearchResponse, word: &str| {
            let text =
                |hit: &precedent_query::Hit| hit.case.report.as_ref().unwrap().sections()[0].text.clone();
            response.hits.iter().filter(|hit| text(hit).contains(word)).count()
        };
        let left = answer(vec![QueryRegion { image: 0, outline: outline(0, 50) }]);
        let right = answer(vec![QueryRegion { image: 0, outline: outline(50, 50) }]);
        assert!(says(&left, "pneumothorax") > 0 && says(&left, "effusion") < says(&right, "effusion"));
        let both = (0..2).map(|at| QueryRegion { image: 0, outline: outline(50 * at, 50) }).collect();
        assert_eq!(names(&answer(both)), names(&answer(Vec::new())));
        for (region, field) in [
            (QueryRegion { image: 1, outline: outline(0, 50) }, "regions[0].image_index"),
            (QueryRegion { image: 0, outline: outline(60, 50) }, "regions[0].box"),
        ] {
            let mut request = SearchRequest { regions: vec![region], ..by(1.0, 0.0) };
            request.encoded_images[0].local = Some(two.clone());
            let Err(EngineError::Invalid(wrong)) = archive.engine.view().search(&request, &|| false) else {
                panic!("it was admitted")
            };
            assert_eq!(wrong[0].field, field);
        }
    }
}
