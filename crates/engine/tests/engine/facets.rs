//! Counts of values among the matches, against a count by hand.

use crate::support::{Archive, Random, Sketch, archive, case, id, search};
use precedent_engine::{Access, EngineError};
use precedent_query::{Facet, FacetQuery, SearchRequest};
use precedent_vector::Metric;
use std::collections::BTreeMap;

const PROBLEMS: [&str; 5] = ["Mass", "Edema", "Opacity", "Scar", "Nodule"];

/// Three segments of random cases, some of them replaced and deleted later.
fn archive_of(sketches: &mut Vec<Option<Sketch>>) -> Archive {
    let archive = archive(Metric::L2, Access::Bulk);
    let mut random = Random(7);
    let sketch = |random: &mut Random| Sketch {
        age: Some(random.below(4) as i64).filter(|age| *age > 0),
        date: random.one_of(&[None, Some("2019"), Some("2019-05-03"), Some("2020-01")]),
        problems: (0..random.below(3)).map(|_| random.one_of(&PROBLEMS)).collect(),
        text: random
            .one_of(&[None, Some("Pleural effusion."), Some("No pleural effusion. Cardiomegaly.")])
            .map(str::to_owned),
        ..Sketch::default()
    };
    for start in [0, 40, 80] {
        for name in start..start + 40 {
            let mut of = sketch(&mut random);
            of.age = of.age.or_else(|| (of.problems.is_empty() && of.text.is_none()).then_some(1));
            archive.engine.ingest(vec![case(name, &of)]).unwrap()[0].as_ref().unwrap();
            sketches.push(Some(of));
        }
        archive.engine.commit().unwrap();
    }
    for name in [3, 41, 90] {
        archive.engine.delete(&[id(name)]).unwrap();
        sketches[name] = None;
    }
    archive.engine.commit().unwrap();
    archive
}

fn facet(archive: &Archive, field: &str, max_values: usize, filter: Option<&str>) -> Facet {
    let facets = vec![FacetQuery { field: field.to_owned(), max_values }];
    let filter = Some(filter.unwrap_or("age:* OR NOT age:* OR finding:* OR problems:*").to_owned());
    let request = SearchRequest { filter, facets, ..SearchRequest::default() };
    search(&archive.engine, &request).facets.remove(0)
}

/// Those of the most cases first, equal ones by value.
fn counted(values: impl Iterator<Item = Vec<String>>) -> (Vec<(String, usize)>, usize) {
    let (mut counts, mut missing) = (BTreeMap::new(), 0);
    for mut of_case in values {
        of_case.sort();
        of_case.dedup();
        missing += usize::from(of_case.is_empty());
        of_case.into_iter().for_each(|value| *counts.entry(value).or_insert(0) += 1);
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    (counts, missing)
}

#[test]
fn counts_are_exact_over_segments_and_deleted_cases() {
    let mut sketches = Vec::new();
    let archive = archive_of(&mut sketches);
    let of_age = |age: &str| {
        sketches
            .iter()
            .flatten()
            .filter(|of| of.age == Some(age.parse().unwrap()))
            .cloned()
            .collect::<Vec<_>>()
    };
    let filtered = of_age("2");
    let check = |field: &str, most: usize, values: &dyn Fn(&Sketch) -> Vec<String>| {
        let found = facet(&archive, field, most, Some("age = 2"));
        let (mut expected, missing) = counted(filtered.iter().map(values));
        let more = expected.len().saturating_sub(most);
        expected.truncate(most);
        assert_eq!((found.values, found.more_values, found.missing), (expected, more, missing), "{field}");
    };
    for most in [1, 2, 10] {
        check("problems", most, &|of| of.problems.iter().map(|text| text.to_lowercase()).collect());
        check("study_date", most, &|of| of.date.iter().map(|date| (*date).to_owned()).collect());
        check("modality", most, &|_| Vec::new());
    }
    let ages = facet(&archive, "age", 10, Some("age:*"));
    let (expected, _) = counted(
        sketches
            .iter()
            .flatten()
            .map(|of| of.age.iter().map(i64::to_string).collect())
            .filter(|of: &Vec<String>| !of.is_empty()),
    );
    assert_eq!((ages.values, ages.missing), (expected, 0));
}

#[test]
fn findings_are_counted_by_what_is_said_of_them() {
    let mut sketches = Vec::new();
    let archive = archive_of(&mut sketches);
    let with = |wanted: Option<&str>| {
        sketches.iter().flatten().filter(|of| of.age == Some(2) && of.text.as_deref() == wanted).count()
    };
    let present = facet(&archive, "finding", 10, Some("age = 2"));
    let of = |facet: &Facet, name: &str| {
        facet.values.iter().find(|(value, _)| value == name).map(|(_, cases)| *cases)
    };
    assert_eq!(of(&present, "pleural-effusion"), Some(with(Some("Pleural effusion."))));
    assert_eq!(of(&present, "cardiomegaly"), Some(with(Some("No pleural effusion. Cardiomegaly."))));
    assert_eq!(present.missing, with(None), "cases without a report");
    let absent = facet(&archive, "finding.absent", 10, Some("age = 2"));
    assert_eq!(of(&absent, "pleural-effusion"), of(&present, "cardiomegaly"));
    assert!(absent.values.iter().all(|(value, _)| !value.is_empty()));
}

#[test]
fn later_pages_count_nothing_and_what_cannot_be_counted_is_named() {
    let mut sketches = Vec::new();
    let archive = archive_of(&mut sketches);
    let ask = |field: &str, max_values| FacetQuery { field: field.to_owned(), max_values };
    let mut request = SearchRequest {
        filter: Some("age = 2".to_owned()),
        facets: vec![ask("age", 3)],
        ..SearchRequest::default()
    };
    request.limits.offset = 1;
    assert!(search(&archive.engine, &request).facets.is_empty());
    request.facets = vec![ask("weight", 1), ask("age", 0), ask("age", 101), ask("finding.side", 1)];
    let refused = |request: &SearchRequest| match archive.engine.view().search(request, &|| false) {
        Err(EngineError::Invalid(wrong)) => {
            wrong.into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(&request),
        ["facets[0].field", "facets[1].max_values", "facets[2].max_values", "facets[3].field"]
    );
    request.facets = vec![ask("age", 1); 9];
    assert_eq!(refused(&request), ["facets"]);
}
