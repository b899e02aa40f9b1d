//! Which of many vectors are looked at where not all can be.

/// So many distinct numbers below `of`, at most all, in an order whose every beginning is spread evenly, and in no step with data
/// that repeat: multiples of the golden ratio, modulo 1 (Knuth, The Art of Computer Programming, 6.4, on Fibonacci hashing).
pub fn sample(count: usize, of: usize) -> Vec<usize> {
    let count = count.min(of);
    let mut taken = vec![false; of];
    let place =
        |number: u64| ((u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * of as u128) >> 64) as usize;
    let mut numbers: Vec<usize> = (0..2 * count as u64)
        .map(place)
        .filter(|&place| !std::mem::replace(&mut taken[place], true))
        .take(count)
        .collect();
    // Of nearly all some are met twice, and the last are taken as they come.
    numbers.extend((0..of).filter(|&place| !taken[place]).take(count - numbers.len()));
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once_and_none_is_left_out() {
        for (count, of) in [(0, 0), (1, 1), (5, 5), (9, 5), (99, 100), (100, 100), (400, 100_000)] {
            let mut numbers = sample(count, of);
            assert_eq!(numbers.len(), count.min(of));
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), count.min(of));
            assert!(numbers.iter().all(|&number| number < of));
        }
    }

    #[test]
    fn every_part_and_every_step_gets_its_share() {
        let numbers = sample(200, 10_000);
        for beginning in [50, 200] {
            for part in 0..10 {
                let share = beginning / 10;
                let within = numbers[..beginning].iter().filter(|&&number| number / 1_000 == part).count();
                assert!(within.abs_diff(share) <= 1, "{within} of {beginning} in part {part}");
                let in_step = numbers[..beginning].iter().filter(|&&number| number % 10 == part).count();
                assert!(
                    (share / 3..=2 * share).contains(&in_step),
                    "{in_step} of {beginning} in step {part}"
                );
            }
        }
    }
}
