//! The evaluation as one HTML page: no script, no font and no image from elsewhere, so it reads the same without a network.

mod plot;
mod table;

use crate::evaluation::{
    Comparison, Difference, Evaluation, FindingRow, Group, Hubness, Metric, Pool, QueryFacts,
};
use crate::intervals::Figure;
use crate::settings::Settings;
use plot::{Dot, Line, bars, dots, lines, on_square};
use table::{Table, figure, interval, shown};

/// Rows of a plot; tables have all.
const MOST_ROWS: usize = 40;
/// The figure by which groups are shown.
const SHOWN: &str = "precision@10";

const STYLE: &str = "
:root { color-scheme: dark; --back: #12161b; --card: #1a2027; --text: #e3e7ec; --quiet: #98a3b0; --line: #2e3742;
  --one: #6cb6ff; --two: #f2a65a; --chance: #8b97a5; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--back); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
p { margin: .4rem 0; max-width: 50rem; } .quiet { color: var(--quiet); }
.warning { border-left: 3px solid var(--two); padding: .3rem .8rem; background: var(--card); }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .9rem; min-width: 9rem; }
.card b { display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.card small { color: var(--quiet); }
figure { margin: .75rem 0; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .75rem;
  overflow-x: auto; }
figcaption { color: var(--quiet); font-size: .88rem; margin-top: .4rem; }
svg { display: block; max-width: 100%; height: auto; } svg text { fill: var(--text); font-size: 12px; font-family: inherit; }
svg .quiet { fill: var(--quiet); }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--quiet); font-weight: 500; }
@media print { :root { color-scheme: light; --back: #fff; --card: #fff; --text: #111; --quiet: #555; --line: #ccc;
  --one: #0b62b8; --two: #b35a00; --chance: #777; } }
";

/// The page. `title` stands for the index, such as the folder it is in.
pub fn page(title: &str, evaluation: &Evaluation) -> String {
    let mut body = String::new();
    head(&mut body, title, evaluation);
    overall(&mut body, evaluation);
    against(&mut body, evaluation.against.as_ref());
    findings(&mut body, &evaluation.findings);
    let places =
        "A case is relevant as much as its findings at that place of the body are those of the query.";
    groups(&mut body, "By anatomy", places, &evaluation.anatomy);
    groups(&mut body, "By subgroup", "The same figures for some of the queries.", &evaluation.subgroups);
    pools(&mut body, evaluation);
    sizes(&mut body, evaluation);
    recall(&mut body, evaluation);
    trust(&mut body, evaluation);
    spread(&mut body, evaluation);
    notes(&mut body, evaluation);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Evaluation of {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        title = escaped(title)
    )
}

/// Text that is text in HTML wherever it stands.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() && c != '\n' => {}
            c => safe.push(c),
        }
    }
    safe
}

fn section(body: &mut String, title: &str, says: &str) {
    *body += &format!("<h2>{}</h2>\n", escaped(title));
    if !says.is_empty() {
        *body += &format!("<p class=\"quiet\">{}</p>\n", escaped(says));
    }
}

fn plotted(body: &mut String, svg: &str, caption: &str) {
    *body += &format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escaped(caption));
}

fn metric<'a>(metrics: &'a [Metric], name: &str) -> Option<&'a Figure> {
    metrics.iter().find(|metric| metric.name == name).map(|metric| &metric.figure)
}

fn head(body: &mut String, title: &str, evaluation: &Evaluation) {
    let Evaluation { index, queries, truth, .. } = evaluation;
    *body += &format!("<h1>Evaluation of {}</h1>\n", escaped(title));
    *body += &format!(
        "<p class=\"quiet\">Index {}, generation {}: {} cases of {} patients. {}</p>\n",
        escaped(&index.name),
        index.generation,
        index.cases,
        index.patients,
        escaped(&searched(&evaluation.settings))
    );
    if let Some(warning) = &truth.warning {
        *body += &format!("<p class=\"warning\">{}</p>\n", escaped(warning));
    }
    let mut cards = String::new();
    for name in [SHOWN, "ndcg@10", "mrr"] {
        if let Some(figure) = metric(&evaluation.metrics, name) {
            let range =
                interval(figure).map(|range| format!("<small>95 %: {range}</small>")).unwrap_or_default();
            cards += &format!(
                "<div class=\"card\"><small>{name}</small><b>{}</b>{range}</div>\n",
                shown(figure.value)
            );
        }
    }
    let asked = format!("of {}, {} patients", queries.asked, queries.patients);
    cards += &format!(
        "<div class=\"card\"><small>queries judged</small><b>{}</b><small>{asked}</small></div>\n",
        queries.with_relevant
    );
    *body += &format!("<div class=\"cards\">\n{cards}</div>\n");
    *body += &format!("<p>{}</p>\n", escaped(&asked_how(queries)));
    let grades = truth.grades.iter().map(|grade| format!("<li>{}</li>", escaped(grade))).collect::<String>();
    *body += &format!(
        "<p>Truth: <b>{}</b>, known of {} cases. A case is relevant from grade 1.</p>\n<ul class=\"quiet\">{grades}</ul>\n",
        escaped(&truth.source),
        truth.cases
    );
}

fn searched(settings: &Settings) -> String {
    match settings.changes() {
        changes if changes.is_empty() => "Searched with the default settings.".to_owned(),
        changes => format!("Searched with {changes}."),
    }
}

fn asked_how(queries: &QueryFacts) -> String {
    let per_patient = if queries.several_per_patient { "several hits" } else { "one hit" };
    format!(
        "{} of {} queries leave their patient out, {} find earlier cases only. Lists hold up to {} cases, {per_patient} per patient.",
        queries.patient_left_out, queries.asked, queries.earlier_only, queries.depth
    )
}

fn overall(body: &mut String, evaluation: &Evaluation) {
    section(body, "All queries", "Means with 95 % intervals over patients.");
    let rows =
        evaluation.metrics.iter().map(|metric| Dot::of(&metric.name, metric.figure)).collect::<Vec<_>>();
    plotted(body, &dots(&rows, "mean"), "Means over all queries that have something relevant to find.");
    let curve = &evaluation.curve;
    if curve.len() > 1 {
        let line = |name: &'static str, of: fn(&crate::CurvePoint) -> Figure| Line {
            name,
            points: curve.iter().map(|point| (point.k as f64, of(point))).collect(),
        };
        let series = [
            line("precision", |point| point.precision),
            line("nDCG", |point| point.ndcg),
            line("recall", |point| point.recall),
        ];
        plotted(body, &lines(&series, "k, first hits looked at"), "Precision, nDCG and recall by depth.");
    }
    let mut table = Table::new(&["figure", "mean", "95 %"]);
    for metric in &evaluation.metrics {
        table.row(&metric.name, [figure(&metric.figure), interval(&metric.figure).unwrap_or_default()]);
    }
    *body += &table.folded("The figures");
}

fn findings(body: &mut String, findings: &[FindingRow]) {
    if findings.is_empty() {
        return;
    }
    section(
        body,
        "By finding",
        "A case is relevant if it has that finding or a kind of it. The mark of chance is the share of the archive that has it.",
    );
    let rows: Vec<Dot<'_>> = (findings.iter())
        .filter_map(|row| {
            Some(Dot { mark: Some(row.chance), ..Dot::of(&row.finding.name, *metric(&row.metrics, SHOWN)?) })
        })
        .take(MOST_ROWS)
        .collect();
    plotted(
        body,
        &dots(&rows, SHOWN),
        "Precision@10 by finding of the query, the most frequent first; the bar is chance.",
    );
    let mut table =
        table_of("finding", findings.first().map(|row| row.metrics.as_slice()), &["chance", "times chance"]);
    for row in findings {
        let times = row.times_chance.map(|times| format!("{:.1}", times.value)).unwrap_or_default();
        table.row(
            &row.finding.name,
            cells(row.queries, row.patients, &row.metrics).chain([shown(row.chance), times]),
        );
    }
    *body += &table.folded(&format!("All {} findings", findings.len()));
}

fn table_of(first: &str, metrics: Option<&[Metric]>, last: &[&str]) -> Table {
    let metrics = metrics.unwrap_or_default().iter().map(|metric| metric.name.as_str());
    let head: Vec<&str> =
        [first, "queries", "patients"].into_iter().chain(metrics).chain(last.iter().copied()).collect();
    Table::new(&head)
}

fn cells(queries: usize, patients: usize, metrics: &[Metric]) -> impl Iterator<Item = String> {
    let counts = [queries.to_string(), patients.to_string()];
    counts.into_iter().chain(metrics.iter().map(|metric| figure(&metric.figure)))
}

fn groups(body: &mut String, title: &str, says: &str, groups: &[Group]) {
    if groups.is_empty() {
        return;
    }
    section(body, title, says);
    let label = |group: &Group| match group.by.as_str() {
        "place" => group.value.clone(),
        by => format!("{by}: {}", group.value),
    };
    let labels: Vec<String> = groups.iter().map(label).collect();
    let rows: Vec<Dot<'_>> = (groups.iter().zip(&labels))
        .filter_map(|(group, label)| Some(Dot::of(label, *metric(&group.metrics, SHOWN)?)))
        .take(MOST_ROWS)
        .collect();
    plotted(body, &dots(&rows, SHOWN), "Precision@10 with 95 % intervals.");
    let mut table = table_of("group", groups.first().map(|group| group.metrics.as_slice()), &[]);
    for (group, label) in groups.iter().zip(&labels) {
        table.row(label, cells(group.queries, group.patients, &group.metrics));
    }
    *body += &table.folded("The figures");
}

fn pools(body: &mut String, evaluation: &Evaluation) {
    let all: Vec<&Pool> = evaluation.pools.iter().chain(&evaluation.hard_negatives).collect();
    if all.is_empty() {
        return;
    }
    section(
        body,
        "R@k in pools",
        "One sought case and others at random, ranked by the search: is a sought case among the first k? Cases with an equal report, or \
         with exactly the findings of the query, count as hits. Hard negatives share the most findings with what is sought.",
    );
    let head =
        ["pool", "queries", "mean size", "mean sought", "k", "R@k", "95 %", "chance", "times chance", "95 %"];
    let mut table = Table::new(&head);
    for pool in &all {
        for (place, row) in pool.recall.iter().enumerate() {
            let shared = match place {
                0 => [
                    pool.queries.to_string(),
                    format!("{:.0}", pool.mean_size),
                    format!("{:.1}", pool.mean_sought),
                ],
                _ => [const { String::new() }; 3],
            };
            let times = row.times_chance.as_ref();
            let own = [
                row.k.to_string(),
                figure(&row.recall),
                interval(&row.recall).unwrap_or_default(),
                shown(row.chance),
                times.map(|times| format!("{:.1}", times.value)).unwrap_or_default(),
                times
                    .and_then(|times| times.interval)
                    .map(|range| format!("{:.1} to {:.1}", range.low, range.high))
                    .unwrap_or_default(),
            ];
            table.row(if place == 0 { &pool.pool } else { "" }, shared.into_iter().chain(own));
        }
    }
    *body += &table.open();
    let labels: Vec<(String, Figure, f64)> = (all.iter())
        .flat_map(|pool| {
            pool.recall.iter().map(|row| (format!("{}, R@{}", pool.pool, row.k), row.recall, row.chance))
        })
        .collect();
    let rows: Vec<Dot<'_>> = labels
        .iter()
        .map(|(label, figure, chance)| Dot { mark: Some(*chance), ..Dot::of(label, *figure) })
        .collect();
    plotted(body, &dots(&rows, "R@k"), "R@k by pool; the bar is chance.");
}

fn sizes(body: &mut String, evaluation: &Evaluation) {
    let sizes = &evaluation.archive_sizes;
    if sizes.len() < 2 {
        return;
    }
    section(
        body,
        "Size of the archive",
        "The same queries in archives drawn from this one, one case per patient; larger ones hold the smaller.",
    );
    let line = |name: &'static str| Line {
        name,
        points: (sizes.iter())
            .filter_map(|size| Some((size.cases as f64, *metric(&size.metrics, name)?)))
            .collect(),
    };
    plotted(
        body,
        &lines(&["precision@1", "precision@10", "ndcg@10"].map(line), "patients in the archive"),
        "Means by size of the archive.",
    );
    let names: Vec<&str> = sizes[0].metrics.iter().map(|metric| metric.name.as_str()).collect();
    let mut table = Table::new(&[["patients", "queries"].as_slice(), &names].concat());
    for size in sizes {
        let cells = size.metrics.iter().map(|metric| figure(&metric.figure));
        table.row(&size.cases.to_string(), [size.queries.to_string()].into_iter().chain(cells));
    }
    *body += &table.folded("The figures");
}

fn recall(body: &mut String, evaluation: &Evaluation) {
    let rows = &evaluation.index_recall;
    if rows.is_empty() {
        return;
    }
    section(
        body,
        "Recall of the index",
        "How many of the hits of an exact search the default path finds, too.",
    );
    let mut table = Table::new(&["k", "queries", "share", "95 %"]);
    for row in rows {
        let figure = format!("{:.4}", row.recall.value);
        table.row(
            &row.k.to_string(),
            [row.queries.to_string(), figure, interval(&row.recall).unwrap_or_default()],
        );
    }
    *body += &table.open();
}

fn trust(body: &mut String, evaluation: &Evaluation) {
    if let Some(calibration) = &evaluation.calibration {
        section(
            body,
            "Consensus",
            "How often a finding is there, by the truth of the query, where neighbours have a share of it. On the diagonal a share is what it \
             says. The calibrated share is corrected by the archive's own cases.",
        );
        let mut table = Table::new(&["", "calibration error", "95 %", "Brier score", "95 %"]);
        for series in &calibration.series {
            let [error, brier] = [&series.error, &series.brier];
            let range = |figure: &Figure| interval(figure).unwrap_or_default();
            table.row(&series.name, [figure(error), range(error), figure(brier), range(brier)]);
        }
        *body += &table.open();
        let line = |name: &'static str| {
            let series = calibration.series.iter().find(|series| series.name == name)?;
            Some(Line { name, points: series.bins.iter().map(|bin| (bin.said, bin.present)).collect() })
        };
        let lines: Vec<Line> = ["share", "calibrated"].into_iter().filter_map(line).collect();
        let caption = format!(
            "How many of the findings are there by what was said, in ten bins; {} shares of {} queries, of findings that neighbours name.",
            calibration.shares, calibration.queries
        );
        plotted(body, &on_square(&lines, "share", true), &caption);
        let mut table = Table::new(&["", "from", "shares", "mean", "there", "95 %"]);
        for series in &calibration.series {
            for bin in &series.bins {
                let range = interval(&bin.present).unwrap_or_default();
                let counts = [format!("{:.1}", bin.from), bin.shares.to_string()];
                table.row(
                    &series.name,
                    counts.into_iter().chain([shown(bin.said), figure(&bin.present), range]),
                );
            }
        }
        *body += &table.folded("The bins");
    }
    if let Some(risks) = &evaluation.risk_coverage {
        section(
            body,
            "Risk and coverage",
            "The risk of a query is 1 - precision@10. If only the surest queries are kept, does it fall? By the consensus those are the surest in \
             which the greatest share is far from one half; by the best match those in which it is good beside the archive's own images.",
        );
        let mut table = Table::new(&["area under the curve", "risk"]);
        for curve in &risks.curves {
            table.row(&format!("by the {}", curve.by), [shown(curve.area)]);
        }
        table.row("by chance", [shown(risks.chance)]);
        table.row("by the risk itself", [shown(risks.ideal)]);
        *body += &table.open();
        let line = |name: &'static str| {
            let curve = risks.curves.iter().find(|curve| curve.by == name)?;
            let points = curve.points.iter().map(|point| (point.coverage, point.risk)).collect();
            Some(Line { name, points })
        };
        let lines: Vec<Line> = ["consensus", "best match"].into_iter().filter_map(line).collect();
        let caption = format!("Mean risk of the surest, by what they are sure; {} queries.", risks.queries);
        plotted(body, &on_square(&lines, "share of queries kept", false), &caption);
    }
}

fn spread(body: &mut String, evaluation: &Evaluation) {
    if let Some(hubness) = &evaluation.hubness {
        section(
            body,
            "Hubness",
            "How often each case is among the first ten hits (Radovanović et al., JMLR 2010). Beside it what an even spread over the archive would give.",
        );
        let mut table = Table::new(&["", "found", "even spread"]);
        table.row(
            "skewness of N10",
            [format!("{:.2}", hubness.skewness), format!("{:.2}", hubness.even_skewness)],
        );
        table.row("share of cases that are never a hit", [shown(hubness.never), shown(hubness.even_never)]);
        table.row("most times that a case is a hit", [hubness.most.to_string(), String::new()]);
        *body += &table.open();
        plotted(
            body,
            &bars(&occurrences(hubness), "times among the first ten"),
            "Share of cases by how often they are a hit.",
        );
    }
    if let Some(diversity) = &evaluation.diversity {
        section(body, "Diversity", "Of the first ten hits.");
        let mut table = Table::new(&["", "mean", "95 %"]);
        let range = |figure: &Figure| interval(figure).unwrap_or_default();
        table.row(
            "different findings",
            [format!("{:.2}", diversity.findings.value), range(&diversity.findings)],
        );
        table.row(
            "findings that two hits share (Jaccard)",
            [figure(&diversity.similarity), range(&diversity.similarity)],
        );
        *body += &table.open();
    }
}

/// The share of cases per number of occurrences.
fn occurrences(hubness: &Hubness) -> Vec<(String, f64)> {
    let all: usize = hubness.occurrences.iter().sum();
    let last = hubness.occurrences.len().saturating_sub(1);
    let shares = hubness.occurrences.iter().enumerate();
    shares
        .map(|(times, cases)| {
            let label = if times == last { format!("{times}+") } else { times.to_string() };
            (label, *cases as f64 / all.max(1) as f64)
        })
        .collect()
}

fn against(body: &mut String, against: Option<&Comparison>) {
    let Some(other) = against else { return };
    let name =
        other.index.as_ref().map_or("the same index".to_owned(), |index| format!("index {}", index.name));
    section(
        body,
        "Compared",
        &format!(
            "Second: {name}. {} Differences are taken query by query, second less first.",
            searched(&other.settings)
        ),
    );
    *body += &format!(
        "<p>{} queries; {} more cannot be asked of the second. Of the first ten hits both have {} in common. {}</p>\n",
        other.queries,
        other.not_asked,
        shown(other.overlap.value),
        match other.unjudged_hits {
            0 => String::new(),
            hits =>
                format!("{hits} hits of the second are not in the first index and count as not relevant."),
        }
    );
    let plot = |differences: &[Difference]| {
        let rows: Vec<Dot<'_>> =
            differences.iter().take(MOST_ROWS).map(|row| Dot::of(&row.name, row.difference)).collect();
        plot::differences(&rows)
    };
    plotted(
        body,
        &plot(&other.metrics),
        "Differences with 95 % intervals: to the right the second is better.",
    );
    let mut table = Table::new(&["figure", "first", "second", "difference", "95 %", "better", "worse"]);
    for row in other.metrics.iter().chain(&other.findings) {
        let sure = interval_signed(&row.difference);
        table.row(
            &row.name,
            [
                figure(&row.first),
                figure(&row.second),
                format!("{:+.3}", row.difference.value),
                sure,
                row.better.to_string(),
                row.worse.to_string(),
            ],
        );
    }
    if !other.findings.is_empty() {
        plotted(body, &plot(&other.findings), "Differences of precision@10 by finding.");
    }
    *body += &table.folded("The figures; findings by precision@10");
}

fn interval_signed(figure: &Figure) -> String {
    figure.interval.map(|range| format!("{:+.3} to {:+.3}", range.low, range.high)).unwrap_or_default()
}

fn notes(body: &mut String, evaluation: &Evaluation) {
    section(body, "Notes", "");
    let notes =
        evaluation.notes.iter().map(|note| format!("<li>{}</li>\n", escaped(note))).collect::<String>();
    *body += &format!("<ul>{notes}</ul>\n<p class=\"quiet\">Precedent is not a medical device.</p>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<b a='1'>&\"\u{7}x"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;x");
    }
}
