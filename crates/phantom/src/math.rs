//! Transcendental functions of additions, multiplications and divisions alone.
//!
//! The functions of the standard library call the platform's own, which differ in the last bits; a film would then differ
//! from machine to machine. IEEE 754 fixes `+ - * /` and the square root to the bit, and these use nothing else. Accuracy:
//! better than 1e-9 relative over the ranges used here; nobody sees the difference.

use std::f64::consts::{FRAC_1_PI, LN_2, LOG2_E, PI};

/// 1 / n! from n = 9 down.
const TAYLOR: [f64; 10] = [
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// 1 / (2 n + 1) from n = 9 down.
const ODD: [f64; 10] = [
    1.0 / 19.0,
    1.0 / 17.0,
    1.0 / 15.0,
    1.0 / 13.0,
    1.0 / 11.0,
    1.0 / 9.0,
    1.0 / 7.0,
    1.0 / 5.0,
    1.0 / 3.0,
    1.0,
];

/// (-1)^n / (2 n + 1)! from n = 7 down.
const SINE: [f64; 8] = [
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
    1.0,
];

/// The next whole number below, for |x| below 2^52. The standard one is a call where the processor's baseline has no
/// instruction for it.
pub(crate) fn floor(x: f64) -> f64 {
    let whole = x as i64 as f64;
    if whole > x { whole - 1.0 } else { whole }
}

/// e^x. Below -700 it is 0, above 700 it stays at e^700.
pub(crate) fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let x = x.min(700.0);
    let k = floor(x * LOG2_E + 0.5);
    let r = x - k * LN_2;
    // Taylor on |r| <= ln(2) / 2: the first term left out is below 1e-11.
    let sum = TAYLOR.iter().fold(0.0, |sum, term| sum * r + term);
    sum * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

/// Natural logarithm of a positive normal number; 0 and less give -700.
pub(crate) fn ln(x: f64) -> f64 {
    if x < f64::MIN_POSITIVE {
        return -700.0;
    }
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    // ln(m) = 2 atanh((m - 1) / (m + 1)), at most 1/3 there.
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let t2 = t * t;
    let sum = ODD.iter().fold(0.0, |sum, term| sum * t2 + term);
    exponent as f64 * LN_2 + 2.0 * t * sum
}

/// x to the power p, for x >= 0.
pub(crate) fn pow(x: f64, p: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { exp(p * ln(x)) }
}

/// Sine of an angle in radians, for |x| below 1e6.
pub(crate) fn sin(x: f64) -> f64 {
    let turns = floor(x * FRAC_1_PI + 0.5);
    let r = x - turns * PI;
    let r2 = r * r;
    let sum = SINE.iter().fold(0.0, |sum, term| sum * r2 + term);
    if turns as i64 % 2 == 0 { r * sum } else { -r * sum }
}

/// Cosine of an angle in radians, for |x| below 1e6.
pub(crate) fn cos(x: f64) -> f64 {
    sin(x + PI / 2.0)
}

/// Rises smoothly from 0 at `from` to 1 at `to`.
pub(crate) fn smooth(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_platform() {
        for step in -400..400 {
            let x = f64::from(step) * 0.05;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-9, "exp {x}");
            assert!((sin(x) - x.sin()).abs() < 1e-9, "sin {x}");
            assert!((cos(x) - x.cos()).abs() < 1e-9, "cos {x}");
        }
        for step in 1..400 {
            let x = f64::from(step) * 0.37;
            assert!((ln(x) - x.ln()).abs() < 1e-9, "ln {x}");
            assert!((pow(x, 0.6) / x.powf(0.6) - 1.0).abs() < 1e-8, "pow {x}");
        }
        assert_eq!((exp(-1e9), pow(0.0, 2.0), pow(-1.0, 2.0)), (0.0, 0.0, 0.0));
    }

    #[test]
    fn edges() {
        assert_eq!((smooth(0.0, 1.0, -1.0), smooth(0.0, 1.0, 0.5), smooth(1.0, 0.0, -1.0)), (0.0, 0.5, 1.0));
        assert_eq!((floor(-0.5), floor(-2.0), floor(2.9)), (-1.0, -2.0, 2.0));
    }
}
