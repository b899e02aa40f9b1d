//! Figures of one ranking.

use crate::collection::{Grade, Query};

/// Ranks that count.
pub const DEPTH: usize = 10;

/// What the first ten hits of a query are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// Share of hits that say all of it, among the first ten or as many as there are such reports.
    pub full: f64,
    /// The same with the finding alone.
    pub finding: f64,
    /// Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), gains 1 and 3.
    pub ndcg: f64,
}

impl Scores {
    /// In the order of `before.tsv`.
    pub fn to_array(self) -> [f64; 3] {
        [self.full, self.finding, self.ndcg]
    }
}

/// Scores hits, best first.
pub fn score<'a>(query: &Query, hits: impl IntoIterator<Item = &'a str>) -> Scores {
    let grades: Vec<Grade> = hits.into_iter().take(DEPTH).map(|id| query.grade(id)).collect();
    let share = |least: Grade| {
        let depth = query.count(least).min(DEPTH);
        let found = grades.iter().take(depth).filter(|&&grade| grade >= least).count();
        if depth == 0 { 0.0 } else { found as f64 / depth as f64 }
    };
    let full = query.count(Grade::Full).min(DEPTH);
    let finding = query.count(Grade::Finding).min(DEPTH) - full;
    let ideal = [Grade::Full].repeat(full).into_iter().chain([Grade::Finding].repeat(finding));
    let (found, best) = (cumulative_gain(grades.iter().copied()), cumulative_gain(ideal));
    Scores {
        full: share(Grade::Full),
        finding: share(Grade::Finding),
        ndcg: if found > 0.0 { found / best } else { 0.0 },
    }
}

fn cumulative_gain(grades: impl IntoIterator<Item = Grade>) -> f64 {
    let gain = |grade| match grade {
        Grade::None => 0.0,
        Grade::Finding => 1.0,
        Grade::Full => 3.0,
    };
    grades.into_iter().enumerate().map(|(rank, grade)| gain(grade) / (rank as f64 + 2.0).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::read_queries;

    #[track_caller]
    fn check(hits: &[&str], full: f64, finding: f64, ndcg: f64) {
        // Three say all of it, one the finding alone.
        let query = read_queries("q\tside\t1 2 3\t4").unwrap().remove(0);
        let scores = score(&query, hits.iter().copied());
        for (found, right) in scores.to_array().into_iter().zip([full, finding, ndcg]) {
            assert!((found - right).abs() < 1e-3, "{scores:?} is not {full}, {finding}, {ndcg}");
        }
    }

    #[test]
    fn a_perfect_ranking_scores_one() {
        check(&["CXR2", "CXR1", "CXR3", "CXR4", "CXR9"], 1.0, 1.0, 1.0);
    }

    #[test]
    fn ranks_count_up_to_the_number_of_relevant_reports() {
        check(&["CXR4", "CXR1", "CXR2", "CXR3"], 2.0 / 3.0, 1.0, 0.833);
        check(&["CXR9", "CXR8", "CXR7", "CXR1"], 0.0, 0.25, 0.189);
    }

    #[test]
    fn nothing_found_scores_nothing() {
        check(&[], 0.0, 0.0, 0.0);
    }
}
