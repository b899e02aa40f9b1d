//! Pictures and words in place of embeddings.

use crate::dicom::{film, film_of};
use crate::support::{id, names, search};
use precedent_engine::{
    Access, CaseWarningCode, Definition, Effect, Encoder, Engine, EngineError, LocalSpace, NewCase,
    Replacement, Violation,
};
use precedent_model::{Case, FieldValue, Image, PatientKey};
use precedent_query::{Fusion, Guards, QueryImage, QueryVector, SearchRequest, SearchResponse};
use precedent_vector::{Metric, VectorSpace};
use tempfile::TempDir;

/// A bright disc on a slope, its place and size by the number.
fn png(number: u32) -> Vec<u8> {
    let side = 48_u32;
    let (x, y, r) = (8 + number * 7 % 32, 8 + number * 13 % 32, 3 + number % 6);
    let pixels: Vec<u8> = (0..side * side)
        .map(|at| {
            let (dx, dy) = ((at % side).abs_diff(x), (at / side).abs_diff(y));
            if dx * dx + dy * dy <= r * r { 230 } else { (at % side * 2) as u8 }
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

fn engine_for(encoder_id: &str) -> (TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let mut definition = Definition::chest_xray().unwrap();
    let dimension = Encoder::bundled().unwrap().dimension();
    definition.image_space = Some(VectorSpace::new(dimension, Metric::Cosine, encoder_id).unwrap());
    Engine::create(folder.path(), &definition).unwrap();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    (folder, engine)
}

fn engine() -> (TempDir, Engine) {
    engine_for(Encoder::bundled().unwrap().id())
}

fn raw(name: usize, files: Vec<Option<Vec<u8>>>) -> NewCase {
    NewCase { files, ..NewCase::new(Case::new(id(name))) }
}

fn with_cases(count: usize) -> (TempDir, Engine) {
    let (folder, engine) = engine();
    let cases: Vec<NewCase> =
        (0..count).map(|name| engine.encode(raw(name, vec![Some(png(name as u32))])).unwrap()).collect();
    assert!(engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    engine.commit().unwrap();
    (folder, engine)
}

fn picture(number: u32) -> QueryImage {
    QueryImage { content: png(number), view: None }
}

fn invalid(engine: &Engine, request: &SearchRequest) -> Vec<Violation> {
    match engine.view().search(request, &|| false) {
        Err(EngineError::Invalid(violations)) => violations,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_picture_finds_its_own_case_first_and_says_that_the_encoder_is_a_demo() {
    let (_folder, engine) = with_cases(8);
    let response = search(&engine, &SearchRequest { images: vec![picture(5)], ..SearchRequest::default() });
    assert_eq!(names(&response)[0], "case-005");
    assert!(response.hits[0].image.unwrap().score > 0.9999);
    assert!(response.plan.times.encode > std::time::Duration::ZERO, "{:?}", response.plan.times);
    let warning =
        response.plan.warnings.iter().find(|warning| warning.code.name() == "DEMO_ENCODER").unwrap();
    assert_eq!(Some(warning.message.as_str()), engine.notice());
}

#[test]
fn the_notice_goes_with_the_image_channel_only() {
    let (_folder, engine) = with_cases(2);
    let noticed = |request: &SearchRequest| {
        search(&engine, request).plan.warnings.iter().any(|warning| warning.code.name() == "DEMO_ENCODER")
    };
    assert!(!noticed(&SearchRequest { filter: Some("modality:*".into()), ..SearchRequest::default() }));
    let silent = Fusion { image_weight: 0.0, ..Fusion::default() };
    assert!(!noticed(&SearchRequest {
        images: vec![picture(0)],
        fusion: silent,
        ..SearchRequest::default()
    }));
    let vector = engine.encode_image(&png(0)).unwrap().embedding;
    assert!(noticed(&SearchRequest { vectors: vec![vector], ..SearchRequest::default() }));
    assert!(noticed(&SearchRequest { image_text: Some("effusion".into()), ..SearchRequest::default() }));
}

#[test]
fn embeddings_images_and_image_text_are_counted_in_this_order() {
    let (_folder, engine) = with_cases(4);
    let vectors = vec![engine.encode_image(&png(2)).unwrap().embedding];
    let images = vec![picture(0), picture(3)];
    let image_text = Some("pleural effusion".to_owned());
    let response =
        search(&engine, &SearchRequest { vectors, images, image_text, ..SearchRequest::default() });
    let nearest = |name: &str| {
        let hit = response.hits.iter().find(|hit| hit.case.id.as_str() == name).unwrap();
        hit.matched_vector.unwrap()
    };
    assert_eq!(["case-002", "case-000", "case-003"].map(nearest), [0, 1, 2]);
}

#[test]
fn words_without_a_finding_look_for_pictures_as_their_vector_does() {
    let (_folder, engine) = with_cases(6);
    let words = "an elderly patient".to_owned();
    let vector = engine.encode_text(&words).unwrap();
    let by_words = search(&engine, &SearchRequest { image_text: Some(words), ..SearchRequest::default() });
    let by_vector = search(&engine, &SearchRequest { vectors: vec![vector], ..SearchRequest::default() });
    assert_eq!(by_words.hits, by_vector.hits);
    assert_eq!(by_words.hits.len(), 6);
}

#[test]
fn a_denied_finding_turns_the_order_of_its_pictures_round() {
    let (_folder, engine) = with_cases(6);
    let order = |text: &str| {
        let image_text = Some(text.to_owned());
        names(&search(&engine, &SearchRequest { image_text, ..SearchRequest::default() }))
    };
    let mut there = order("enlarged heart");
    assert_eq!(order("cardiomegaly"), there);
    there.reverse();
    assert_eq!(order("no cardiomegaly"), there);
}

#[test]
fn what_the_encoder_cannot_place_is_said() {
    let (_folder, engine) = with_cases(2);
    let request = SearchRequest { image_text: Some("scoliosis".into()), ..SearchRequest::default() };
    let warnings = search(&engine, &request).plan.warnings;
    let warning = warnings.iter().find(|warning| warning.code.name() == "UNPLACED_IMAGE_TEXT").unwrap();
    assert!(warning.message.contains("scoliosis"), "{}", warning.message);
}

#[test]
fn a_bad_picture_is_named_with_its_reason_and_the_others_are_looked_at() {
    let (_folder, engine) = with_cases(1);
    let bad = |content: &[u8]| QueryImage { content: content.to_vec(), view: None };
    let images = vec![picture(0), bad(b"GIF89a CANARY"), bad(&png(1)[..60])];
    let wrong = invalid(&engine, &SearchRequest { images, ..SearchRequest::default() });
    let fields: Vec<&str> = wrong.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["images[1].content", "images[2].content"]);
    assert!(wrong[0].description.contains("unknown_format"), "{}", wrong[0].description);
    assert!(wrong.iter().all(|violation| !violation.description.contains("CANARY")));
}

#[test]
fn sixteen_vectors_and_pictures_together_are_the_limit() {
    let (_folder, engine) = with_cases(1);
    let vectors = vec![engine.encode_text("heart").unwrap(); 10];
    let request = SearchRequest { vectors, images: vec![picture(0); 6], ..SearchRequest::default() };
    search(&engine, &request);
    let wrong = invalid(&engine, &SearchRequest { image_text: Some("heart".into()), ..request });
    assert_eq!(wrong[0].field, "images");
    assert!(wrong[0].description.contains("17 entries; give at most 16"));
}

#[test]
fn words_without_a_word_and_too_many_of_them_are_refused() {
    let (_folder, engine) = with_cases(1);
    let asked = |text: &str| {
        let wrong =
            invalid(&engine, &SearchRequest { image_text: Some(text.into()), ..SearchRequest::default() });
        assert_eq!(wrong[0].field, "image_text");
        wrong[0].description.clone()
    };
    assert!(asked("?!").contains("no word"));
    assert!(asked(&"heart ".repeat(2000)).contains("the limit is 8192"));
}

#[test]
fn without_the_encoder_pictures_are_a_failed_precondition_and_embeddings_still_work() {
    let (_folder, engine) = engine_for("site-encoder-1");
    let request = SearchRequest { images: vec![picture(0)], ..SearchRequest::default() };
    let refused = |request: &SearchRequest| match engine.view().search(request, &|| false) {
        Err(EngineError::Precondition(violation)) => violation,
        other => panic!("{other:?}"),
    };
    let violation = refused(&request);
    assert_eq!(violation.field, "images[0].content");
    assert!(violation.description.contains("come from encoder site-encoder-1"), "{}", violation.description);
    let words = SearchRequest { image_text: Some("heart".into()), ..SearchRequest::default() };
    assert_eq!(refused(&words).field, "image_text");
    let wrong = engine.encode(raw(0, vec![Some(png(0))])).unwrap_err();
    assert_eq!(wrong[0].field, "case.images[0].content");
    assert!(matches!(engine.encode_image(&png(0)), Err(EngineError::Precondition(_))));
    assert!(matches!(engine.encode_text("heart"), Err(EngineError::Precondition(_))));

    let dimension = Encoder::bundled().unwrap().dimension();
    let vector = QueryVector { values: vec![1.0; dimension], encoder_id: "site-encoder-1".into() };
    let response = search(&engine, &SearchRequest { vectors: vec![vector], ..SearchRequest::default() });
    assert!(response.plan.warnings.iter().all(|warning| warning.code.name() != "DEMO_ENCODER"));
}

#[test]
fn a_case_is_refused_whole_for_one_bad_picture() {
    let (_folder, engine) = engine();
    let wrong = engine.encode(raw(0, vec![Some(png(0)), Some(b"no picture".to_vec())])).unwrap_err();
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].field, "case.images[1].content");
}

#[test]
fn a_picture_and_an_embedding_for_one_image_are_refused_by_name() {
    let (_folder, engine) = engine();
    let vector = engine.encode_image(&png(0)).unwrap().embedding;
    let mut both = raw(0, vec![None, Some(png(1))]);
    both.case.images = vec![Image::default(); 2];
    both.embeddings = vec![Some(vector.clone()), Some(vector.clone())];
    let wrong = engine.encode(both.clone()).unwrap_err();
    assert_eq!(wrong[0].field, "case.images[1].content");
    both.embeddings.truncate(1);
    let new = engine.encode(both).unwrap();
    assert_eq!(new.embeddings[0].as_ref(), Some(&vector));
    assert!(new.embeddings[1].is_some());
    assert!(engine.ingest(vec![new]).unwrap()[0].is_ok());
}

#[test]
fn a_case_without_files_is_left_as_it_is_and_the_same_picture_gives_the_same_vector() {
    let (_folder, engine) = engine_for("site-encoder-1");
    let bare = engine.encode(raw(0, vec![None])).unwrap();
    assert!(bare.embeddings.is_empty() && bare.case.images.is_empty());
    let (_folder, engine) = self::engine();
    let encode = || engine.encode(raw(0, vec![Some(png(3))])).unwrap();
    let first = encode();
    assert_eq!(first.embeddings, encode().embeddings);
    engine.ingest(vec![first]).unwrap()[0].as_ref().unwrap();
    engine.commit().unwrap();
    for again in [encode(), raw(0, vec![Some(png(3))])] {
        let outcome = engine.ingest(vec![again]).unwrap().remove(0);
        assert_eq!(outcome.unwrap().effect, Effect::Unchanged, "encoded ahead or by the call");
    }
}

/// The thumbnail of an image of the first case, as sides and bytes.
fn small(engine: &Engine, image: usize) -> Option<((u32, u32), Vec<u8>)> {
    let kept = engine.view().thumbnail(&id(0), image).unwrap()?;
    let sides = (kept.thumbnail.width(), kept.thumbnail.height());
    Some((sides, kept.thumbnail.into_jpeg()))
}

#[test]
fn image_files_leave_small_pictures_which_stay_while_the_image_does() {
    let (_folder, engine) = engine();
    let ingest = |new: NewCase| {
        let outcome = engine.ingest(vec![new]).unwrap().remove(0);
        engine.commit().unwrap();
        outcome.unwrap().effect
    };
    let two = || raw(0, vec![Some(png(3)), Some(png(4))]);
    assert_eq!(ingest(two()), Effect::Created);
    let first = small(&engine, 0).unwrap();
    assert_eq!(first.0, (48, 48), "never enlarged");
    assert_eq!(ingest(two()), Effect::Unchanged, "the same file gives the same bytes");
    assert_ne!(small(&engine, 1), Some(first.clone()));
    assert_eq!((small(&engine, 2), engine.view().thumbnail(&id(9), 0).unwrap()), (None, None));
    // The case as another client has it, with embeddings: what was beside its images stays.
    let vector = |number: u32| Some(engine.encode_image(&png(number)).unwrap().embedding);
    let mut by_vectors = raw(0, Vec::new());
    by_vectors.case.images = engine.view().case(&id(0)).unwrap().unwrap().images;
    by_vectors.embeddings = vec![vector(3), vector(4)];
    assert_eq!(ingest(by_vectors), Effect::Unchanged);
    assert_eq!(small(&engine, 0), Some(first.clone()));
    let other = NewCase { replacement: Replacement::Update, ..raw(0, vec![Some(png(5))]) };
    assert_eq!(ingest(other), Effect::Replaced);
    assert!(small(&engine, 0).is_some_and(|other| other != first), "another film has its own");
}

#[test]
fn an_index_keeps_small_pictures_as_its_definition_says() {
    let made = |side: u32| {
        let folder = tempfile::tempdir().unwrap();
        let encoder = Encoder::bundled().unwrap();
        let mut definition = Definition::chest_xray().unwrap();
        definition.image_space =
            Some(VectorSpace::new(encoder.dimension(), Metric::Cosine, encoder.id()).unwrap());
        definition.local_space = Some(LocalSpace::new(encoder.id(), encoder.local_dimension()).unwrap());
        definition.thumbnail_side = side;
        Engine::create(folder.path(), &definition).unwrap();
        (Engine::open(folder.path(), Access::Bulk).unwrap(), folder)
    };
    let (engine, _folder) = made(20);
    let mut given = raw(0, vec![Some(png(3)), Some(png(4))]);
    let own = engine.encode(raw(1, vec![Some(png(7))])).unwrap().thumbnails.remove(0).1;
    given.thumbnails = vec![(1, own.clone())];
    engine.ingest(vec![given]).unwrap()[0].as_ref().unwrap();
    engine.commit().unwrap();
    let kept = engine.view().thumbnail(&id(0), 0).unwrap().unwrap();
    assert_eq!((kept.thumbnail.width(), kept.thumbnail.height()), (20, 20));
    let extent = kept.grid.unwrap().extent();
    assert_eq!((extent.columns(), extent.rows()), (48, 48), "the cells are of the original");
    assert_eq!(small(&engine, 1).unwrap().1, own.into_jpeg(), "one that is given stays");
    let (engine, _folder) = made(0);
    engine.ingest(vec![raw(0, vec![Some(png(3))])]).unwrap()[0].as_ref().unwrap();
    engine.commit().unwrap();
    assert_eq!(small(&engine, 0), None);
}

#[test]
fn an_encoder_of_the_sites_own_is_taken_when_it_is_given() {
    let bundled = Encoder::bundled().unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../index/encoders/phantom-cxr");
    let weights = std::fs::read(format!("{folder}/{}", "weights.safetensors")).unwrap();
    let mut description = bundled.description().clone();
    description.name = "site".to_owned();
    description.notice = None;
    let own = std::sync::Arc::new(Encoder::from_parts(description, &weights).unwrap());
    let (folder, engine) = engine_for(own.id());
    assert!(engine.encoder().is_none());
    drop(engine);
    let engine = Engine::open_with(folder.path(), Access::Bulk, &[std::sync::Arc::clone(&own)]).unwrap();
    assert_eq!(engine.encoder().unwrap().id(), own.id());
    assert_eq!(engine.encode_image(&png(0)).unwrap().embedding.encoder_id, own.id());
    assert_eq!(engine.notice(), None);
}

/// An index of films of these patients (id, issuer, date).
fn of_films(films: &[(&str, &str, &str)]) -> (TempDir, Engine) {
    let (folder, engine) = engine();
    let encode = |(name, (id, issuer, date)): (usize, &(&str, &str, &str))| {
        engine.encode(raw(name, vec![Some(film_of(name as u16, id, issuer, date, ""))])).unwrap()
    };
    let cases = films.iter().enumerate().map(encode).collect();
    assert!(engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    engine.commit().unwrap();
    (folder, engine)
}

fn by_film(content: Vec<u8>, guards: Guards) -> SearchRequest {
    SearchRequest { images: vec![QueryImage { content, view: None }], guards, ..SearchRequest::default() }
}

fn codes(response: &SearchResponse) -> Vec<&str> {
    let codes = response.plan.warnings.iter().map(|warning| warning.code.name());
    codes.filter(|code| *code != "DEMO_ENCODER").collect()
}

const FILMS: [(&str, &str, &str); 5] = [
    ("P1", "north", "20190101"),
    ("p 1", "", "20200101"),
    ("P1", "south", "20180101"),
    ("P2", "north", "20170101"),
    ("", "", ""),
];

#[test]
fn a_search_by_a_film_leaves_its_patient_out() {
    let (_folder, engine) = of_films(&FILMS);
    let all = Guards { several_per_patient: true, ..Guards::default() };
    let found = |content: Vec<u8>, guards: &Guards| {
        let response = search(&engine, &by_film(content, guards.clone()));
        let mut found = names(&response);
        found.sort();
        let source = response.plan.guards.patient.as_ref().map(|patient| patient.source.clone());
        let said: Vec<String> = codes(&response).into_iter().map(str::to_owned).collect();
        (
            found.iter().map(|name| name["case-".len()..].parse::<u32>().unwrap()).collect::<Vec<_>>(),
            source,
            said,
        )
    };
    let header = Some("images[0].content".to_owned());
    assert_eq!(found(film_of(0, "P1", "NORTH", "", ""), &all), (vec![2, 3, 4], header.clone(), vec![]));
    assert_eq!(found(film_of(0, "P1", "", "", ""), &all), (vec![3, 4], header.clone(), vec![]));
    let everyone = (0..5).collect::<Vec<u32>>();
    assert_eq!(found(film_of(0, "", "", "", ""), &all), (everyone.clone(), None, vec!["NO_PATIENT".into()]));
    assert_eq!(found(film_of(0, "UNKNOWN", "", "", ""), &all).2, ["NO_PATIENT"]);
    let own = Guards { include_same_patient: true, ..all.clone() };
    assert_eq!(found(film_of(0, "P1", "north", "", ""), &own), (everyone, header, vec![]));
    let asked = Guards { patient: PatientKey::new("P1", None).ok(), ..all };
    let request = Some("guards.patient".to_owned());
    assert_eq!(found(film_of(0, "P1", "north", "", ""), &asked), (vec![3, 4], request, vec![]));
}

#[test]
fn a_film_of_another_patient_than_the_request_names_is_refused() {
    let (_folder, engine) = of_films(&FILMS[..1]);
    let asked = |id: &str, issuer: &str| Guards {
        patient: PatientKey::new(id, Some(issuer)).ok(),
        ..Guards::default()
    };
    let wrong = |guards: Guards| invalid(&engine, &by_film(film_of(0, "P1", "north", "", ""), guards));
    for guards in
        [asked("P2", ""), asked("P1", "south"), Guards { include_same_patient: true, ..asked("P2", "") }]
    {
        assert_eq!(wrong(guards)[0].field, "guards.patient");
    }
    let films = [film_of(0, "P1", "north", "", ""), film_of(1, "P1", "south", "", "")];
    let images = films.map(|content| QueryImage { content, view: None }).to_vec();
    let wrong = invalid(&engine, &SearchRequest { images, ..SearchRequest::default() });
    assert_eq!(wrong[0].field, "images[1].content");
    assert!(wrong[0].description.contains("than images[0]; search by the images of one patient"));
}

#[test]
fn the_study_date_of_a_film_limits_where_that_is_asked() {
    let (_folder, engine) = of_films(&FILMS);
    let film = |date: &str| film_of(0, "P9", "", date, "");
    let guards = Guards { several_per_patient: true, ..Guards::default() };
    let response = search(&engine, &by_film(film("20190101"), guards.clone()));
    assert_eq!((response.total, response.plan.guards.before), (5, None));
    let guards = Guards { before_study_date: true, ..guards };
    let response = search(&engine, &by_film(film("20190101"), guards.clone()));
    let mut found = names(&response);
    found.sort();
    assert_eq!(found, ["case-002", "case-003"]);
    let before = response.plan.guards.before.unwrap();
    assert_eq!(
        (before.value.to_string().as_str(), before.source.as_str()),
        ("2019-01-01", "images[0].content")
    );
    assert_eq!(invalid(&engine, &by_film(film(""), guards))[0].field, "guards.before_study_date");
}

#[test]
fn the_films_of_a_case_are_one_patients_and_their_facts_are_put_together() {
    let (_folder, engine) = engine();
    let two = [film_of(0, "P1", "", "", "PA"), film_of(1, "p1", "north", "", "LL")];
    let new = engine.encode(raw(0, two.map(Some).to_vec())).unwrap();
    assert_eq!(new.case.patient, PatientKey::new("p1", Some("north")).ok());
    let views = ["PA", "LL"].map(|view| FieldValue::Keyword(view.to_owned()));
    assert_eq!(new.case.fields["view"], views);
    let sides = ["L", "R"].map(|side| film(2, &[((0x0020, 0x0062), "CS", side)]));
    let new = engine.encode(raw(0, sides.map(Some).to_vec())).unwrap();
    assert_eq!(new.case.fields["laterality"], ["L", "R"].map(|side| FieldValue::Keyword(side.to_owned())));
    let issuers = [film_of(0, "P1", "north", "", ""), film_of(1, "P1", "south", "", "")];
    let wrong = engine.encode(raw(0, issuers.map(Some).to_vec())).unwrap_err();
    assert_eq!(wrong[0].field, "case.images[1].content");
    let nobody = engine.encode(raw(0, vec![Some(film_of(0, "UNKNOWN", "", "", ""))])).unwrap();
    let done = engine.ingest(vec![nobody]).unwrap().remove(0).unwrap();
    assert_eq!(done.warnings[0].code, CaseWarningCode::PlaceholderPatient);
}

/// Names of the hits, nearest first, by these films: (number, view of the request, view of the header).
fn by_views(engine: &Engine, films: &[(u16, Option<&str>, &str)]) -> (Vec<usize>, Vec<(String, String)>) {
    let image = |(number, view, header): &(u16, Option<&str>, &str)| QueryImage {
        content: film_of(*number, "", "", "", header),
        view: view.map(str::to_owned),
    };
    let request = SearchRequest { images: films.iter().map(image).collect(), ..SearchRequest::default() };
    let response = search(engine, &request);
    let applied = response.plan.views.iter().map(|view| (view.value.name().to_owned(), view.source.clone()));
    let places = names(&response).iter().map(|name| name["case-".len()..].parse().unwrap()).collect();
    (places, applied.collect())
}

#[test]
fn like_views_go_first_and_unknown_ones_with_them() {
    let (_folder, engine) = engine();
    let views = ["PA", "LL", "", "AP erect", "Lateral"];
    let new = |(name, view): (usize, &&str)| {
        engine.encode(raw(name, vec![Some(film_of(name as u16, "", "", "", view))])).unwrap()
    };
    let cases = views.iter().enumerate().map(new).collect();
    assert!(engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    engine.commit().unwrap();
    let (plain, applied) = by_views(&engine, &[(1, None, "")]);
    assert!(plain[0] == 1 && applied.is_empty(), "without a view the nearest is first: {plain:?}");
    let sides = |order: &[usize]| {
        let place = |name: usize| order.iter().position(|&at| at == name).unwrap();
        (place(1).max(place(4)), place(0).max(place(3)), place(2))
    };
    let check = |films: &[(u16, Option<&str>, &str)], frontal_first: bool, source: &str| {
        let (order, applied) = by_views(&engine, films);
        let (lateral, frontal, unknown) = sides(&order);
        assert!(order.len() == 5 && unknown < 3, "{order:?}");
        assert_eq!(frontal < lateral, frontal_first, "{order:?}");
        assert!(if frontal_first { frontal < 3 } else { lateral < 3 }, "{order:?}");
        assert_eq!(applied[0].1, source);
    };
    check(&[(1, Some("frontal"), "")], true, "images[0].view");
    check(&[(1, None, "PA")], true, "images[0].content");
    check(&[(0, None, "LL")], false, "images[0].content");
    check(&[(0, Some("lateral"), "PA")], false, "images[0].view");
    // Of two views each case counts with the one that it is like.
    let (order, applied) = by_views(&engine, &[(1, None, "PA"), (1, None, "LL")]);
    assert_eq!((order[0], applied.len()), (1, 2));
    assert!(by_views(&engine, &[(1, Some("special"), "PA")]).1.is_empty(), "the request's own view counts");
    engine.merge_all(&|_, _, _| true).unwrap();
    check(&[(1, None, "PA")], true, "images[0].content");
}

#[test]
fn what_images_became_finds_the_same_as_the_images_do() {
    let (_folder, engine) = of_films(&FILMS);
    let film = film_of(1, "P1", "north", "20190101", "PA");
    let image = QueryImage { content: film, view: Some("AP".to_owned()) };
    let guards = Guards { before_study_date: true, ..Guards::default() };
    let asked = SearchRequest { images: vec![image], guards, ..SearchRequest::default() };
    let first = search(&engine, &asked);
    let encoded = first.encoded_images.clone();
    assert_eq!(encoded.len(), 1);
    assert_eq!(encoded[0].view.as_deref(), Some("AP"));
    assert_eq!(encoded[0].view_position.as_deref(), Some("PA"));
    let again = SearchRequest { images: Vec::new(), encoded_images: encoded, ..asked };
    let second = search(&engine, &again);
    assert!(!first.hits.is_empty());
    assert_eq!(second.hits, first.hits);
    assert_eq!((&second.plan.guards, &second.plan.views), (&first.plan.guards, &first.plan.views));
    assert!(second.encoded_images.is_empty() && second.plan.guards.patient.is_some());
}

#[test]
fn an_image_that_another_encoder_encoded_is_told_by_its_field() {
    let (_folder, engine) = with_cases(2);
    let mut encoded = search(&engine, &by_film(png(0), Guards::default())).encoded_images;
    encoded[0].embedding.encoder_id = "other".to_owned();
    let request = SearchRequest { encoded_images: encoded, ..SearchRequest::default() };
    match engine.view().search(&request, &|| false) {
        Err(EngineError::Precondition(wrong)) => {
            assert_eq!(wrong.field, "encoded_images[0].embedding.encoder_id");
        }
        other => panic!("{other:?}"),
    }
}
