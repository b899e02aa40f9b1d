//! Pools, hard negatives, archive sizes, recall of the index.

use crate::support::{ALL, KINDS, Sketch, archive, options};
use precedent_eval::{Options, Source};

#[test]
fn pools_hold_one_that_is_sought_and_others() {
    let cases: Vec<Sketch> = (0..400).map(Sketch::new).collect();
    let archive = archive(&cases);
    let found = archive.evaluated(&options(Source::Sample { count: 60, seed: 3 }));
    let pools: Vec<(&str, usize)> =
        found.pools.iter().map(|pool| (pool.pool.as_str(), pool.queries)).collect();
    assert_eq!(pools, [("100", 60), ("all", 60)], "pools that the archive cannot fill are left out");
    let pool = &found.pools[0];
    assert_eq!(pool.mean_size, 100.0);
    // A quarter of the archive is of the same kind.
    assert!((20.0..32.0).contains(&pool.mean_sought), "{}", pool.mean_sought);
    let first = &pool.recall[0];
    assert_eq!((first.k, first.recall.value), (1, 1.0), "those of a kind look alike");
    assert!((first.chance - pool.mean_sought / 100.0).abs() < 1e-9);
    let times = first.times_chance.unwrap().value;
    assert!((times - 1.0 / first.chance).abs() < 1e-9, "{times}");
    assert!(pool.recall[2].chance > 0.9);

    let sizes: Vec<usize> = found.archive_sizes.iter().map(|size| size.cases).collect();
    assert_eq!(sizes, [100, 399]);
    assert!(found.archive_sizes.iter().all(|size| size.queries == 60));
    let hard = found.hard_negatives.unwrap();
    assert!(hard.queries >= 20 && hard.queries < 60, "cases without a finding share none: {}", hard.queries);
    assert_eq!(hard.mean_sought, 1.0);
    assert!((hard.recall[0].chance - 0.01).abs() < 0.002, "{}", hard.recall[0].chance);
}

#[test]
fn a_search_that_knows_nothing_reaches_chance() {
    // Vectors that have nothing to do with the kind.
    let cases: Vec<Sketch> =
        (0..400).map(|number| Sketch { kind: number * 7 % KINDS.len(), ..Sketch::new(number) }).collect();
    let archive = archive(&cases);
    // All ask with one vector that is equally far from every kind, so that the order is by chance.
    let same = (0..crate::support::DIMENSION).map(|_| "0.5").collect::<Vec<_>>().join(", ");
    let rows: Vec<String> = (0..400)
        .step_by(4)
        .map(|number| {
            format!(r#"{{"case_id": "case-{number:03}", "embedding": [{same}], "encoder_id": "enc"}}"#)
        })
        .collect();
    let source = archive.file(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let found = archive.evaluated(&options(source));
    let pool = &found.pools[0].recall[0];
    let range = pool.times_chance.unwrap().interval.unwrap();
    assert!(range.low < 3.0 && pool.recall.value < 0.9, "{pool:?}");
}

#[test]
fn an_archive_that_is_searched_exactly_has_no_recall_to_measure() {
    let archive = archive(&(0..40).map(Sketch::new).collect::<Vec<_>>());
    let found = archive.evaluated(&options(ALL));
    assert!(found.index_recall.is_empty());
    assert!(found.notes.iter().any(|note| note.starts_with("Every search was exact")));
}

#[test]
fn a_graph_is_measured_against_exact_searches() {
    let cases: Vec<Sketch> =
        (0..2_500).map(|number| Sketch { off: number as f32 / 700.0, ..Sketch::new(number) }).collect();
    let archive = archive(&cases);
    archive.engine.merge_all(&|_, _, _| true).unwrap();
    let source = Source::Sample { count: 40, seed: 1 };
    let narrow = Options { protocols: false, depth: 10, ..options(source) };
    let narrow = Options { settings: narrow.settings.with("ef_search=1").unwrap(), ..narrow };
    let found = archive.evaluated(&narrow);
    let ks: Vec<usize> = found.index_recall.iter().map(|row| row.k).collect();
    assert_eq!(ks, [1, 10], "as deep as the lists");
    for row in &found.index_recall {
        assert!((0.2..=1.0).contains(&row.recall.value) && row.queries == 40, "{row:?}");
    }
    let exact = Options { settings: narrow.settings.with("exact").unwrap(), ..narrow };
    assert!(archive.evaluated(&exact).index_recall.is_empty());
}
