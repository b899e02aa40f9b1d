//! The arithmetic of weighted votes.

/// The normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// How many votes of equal weight would say as much: `(sum w)^2 / sum w^2` (Kish, Survey Sampling, 1965).
pub(super) fn effective_count(weights: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) =
        weights.fold((0.0, 0.0), |(sum, squares), weight| (sum + weight, squares + weight * weight));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// The 95 % interval of a share among so many votes (Wilson, Journal of the American Statistical Association 22, 1927). It lies within 0 and
/// 1, and the share within it.
pub(super) fn interval(share: f64, votes: f64) -> (f64, f64) {
    if votes <= 0.0 {
        return (0.0, 1.0);
    }
    let square = Z * Z / votes;
    let centre = (share + square / 2.0) / (1.0 + square);
    let half = (Z / (1.0 + square)) * (share * (1.0 - share) / votes + square / (4.0 * votes)).sqrt();
    ((centre - half).clamp(0.0, share), (centre + half).clamp(share, 1.0))
}

/// The first of some ordered groups at which half of the weight is reached.
pub(super) fn weighted_median(weights: &[f64]) -> usize {
    let half = weights.iter().sum::<f64>() / 2.0;
    let mut reached = 0.0;
    let is_reached = |weight: &f64| {
        reached += weight;
        reached >= half
    };
    weights.iter().position(is_reached).unwrap_or(weights.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 5e-5, "{found} in place of {expected}");
    }

    #[test]
    fn equal_weights_count_whole_and_unequal_ones_less() {
        near(effective_count([1.0; 30].into_iter()), 30.0);
        near(effective_count([2.0, 2.0].into_iter()), 2.0);
        // (1 + 0.5 + 0.5)^2 / (1 + 0.25 + 0.25)
        near(effective_count([1.0, 0.5, 0.5].into_iter()), 2.666_67);
        near(effective_count([1.0, 0.0].into_iter()), 1.0);
        near(effective_count([].into_iter()), 0.0);
    }

    #[test]
    fn the_interval_is_that_of_wilson() {
        // 81 of 263: Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
        let (lower, upper) = interval(81.0 / 263.0, 263.0);
        near(lower, 0.2553);
        near(upper, 0.3662);
        // 0 of 20 and 1 of 29, from the same table.
        let (lower, upper) = interval(0.0, 20.0);
        assert_eq!(lower, 0.0);
        near(upper, 0.1611);
        let (lower, upper) = interval(1.0 / 29.0, 29.0);
        near(lower, 0.0061);
        near(upper, 0.1718);
        assert_eq!(interval(0.4, 0.0), (0.0, 1.0), "nobody votes");
    }

    #[test]
    fn the_median_is_where_half_of_the_weight_is_reached() {
        assert_eq!(weighted_median(&[1.0, 1.0, 1.0]), 1);
        assert_eq!(weighted_median(&[1.0, 0.2, 0.8]), 0, "half, exactly");
        assert_eq!(weighted_median(&[0.9, 0.2, 0.8]), 1);
        assert_eq!(weighted_median(&[0.1, 0.2, 0.8]), 2);
        assert_eq!(weighted_median(&[3.0]), 0);
    }

    proptest! {
        #[test]
        fn a_share_lies_in_its_interval_and_more_votes_narrow_it(share in 0.0..=1.0_f64, votes in 0.5..1e4_f64) {
            let (lower, upper) = interval(share, votes);
            prop_assert!(0.0 <= lower && lower <= share && share <= upper && upper <= 1.0);
            let (more_lower, more_upper) = interval(share, votes * 2.0);
            prop_assert!(more_upper - more_lower < upper - lower);
        }
    }
}
