//! Gradients against finite differences.

use super::{Bag, Conv, Window, normalize};
use candle_core::{Device, Result, Tensor, Var};

/// Difference quotients of `value` at each number of `of`, against the gradient that backward gives.
fn check(of: &Var, value: &dyn Fn(&Tensor) -> Result<Tensor>) {
    let found = value(of.as_tensor()).unwrap().backward().unwrap();
    let found = found.get(of.as_tensor()).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let at = of.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let step = 1e-2;
    for index in 0..at.len() {
        let moved = |by: f32| {
            let mut values = at.clone();
            values[index] += by;
            let tensor = Tensor::from_vec(values, of.shape(), &Device::Cpu).unwrap();
            value(&tensor).unwrap().to_scalar::<f32>().unwrap()
        };
        let quotient = (moved(step) - moved(-step)) / (2.0 * step);
        let off = (found[index] - quotient).abs();
        assert!(off < 2e-2 * (1.0 + quotient.abs()), "number {index}: {} for {quotient}", found[index]);
    }
}

/// Numbers from -1 to 1 that repeat in no pattern the operations could share; far from 0 by a step.
fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let count = shape.iter().product();
    let mixed = |at: usize| ((at + 1) * (2 * seed + 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let values: Vec<f32> = (0..count).map(|at| (mixed(at) % 1999) as f32 / 1000.0 - 1.0).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn var(shape: &[usize], seed: usize) -> Var {
    Var::from_tensor(&numbers(shape, seed)).unwrap()
}

/// A scalar that weighs every number of a tensor otherwise.
fn weigh(values: &Tensor) -> Result<Tensor> {
    (values * numbers(values.dims(), 99))?.sum_all()
}

#[test]
fn a_convolution_in_each_of_its_arguments() {
    for window in [Window::around(3), Window::tiles(2), Window::along(3), Window::around(1)] {
        let width = window.size.0 * window.size.1 * 2;
        let (pictures, weight, bias) = (var(&[2, 4, 4, 2], 1), var(&[width, 3], 2), var(&[3], 3));
        let conv = Conv { window, rectify: false };
        check(&pictures, &|x| weigh(&conv.apply(x, weight.as_tensor(), bias.as_tensor())?));
        check(&weight, &|w| weigh(&conv.apply(pictures.as_tensor(), w, bias.as_tensor())?));
        check(&bias, &|b| weigh(&conv.apply(pictures.as_tensor(), weight.as_tensor(), b)?));
    }
}

#[test]
fn a_rectifier_passes_only_what_is_above_zero() {
    let (pictures, weight, bias) = (var(&[1, 3, 3, 1], 4), var(&[9, 2], 5), var(&[2], 6));
    let conv = Conv { window: Window::around(3), rectify: true };
    let result =
        conv.apply(&pictures, &weight, &bias).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(result.contains(&0.0) && result.iter().any(|value| *value > 0.0));
    let plain = Conv { rectify: false, ..conv }.apply(&pictures, &weight, &bias).unwrap();
    let plain = plain.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let cut: Vec<f32> = plain.iter().map(|value| value.max(0.0)).collect();
    assert_eq!(result, cut);
    // The gradient by definition: that of the convolution where the result is above 0.
    let grads = conv.apply(&pictures, &weight, &bias).unwrap().sum_all().unwrap().backward().unwrap();
    let found = grads.get(bias.as_tensor()).unwrap().to_vec1::<f32>().unwrap();
    let passed =
        |channel: usize| result.iter().skip(channel).step_by(2).filter(|value| **value > 0.0).count() as f32;
    assert_eq!(found, [passed(0), passed(1)]);
}

#[test]
fn normalisation() {
    let values = var(&[3, 5], 7);
    check(&values, &|x| weigh(&normalize(x)?));
    let rows = normalize(&values).unwrap().to_vec2::<f32>().unwrap();
    for row in rows {
        let mean = row.iter().sum::<f32>() / 5.0;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / 5.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-3, "{mean} {variance}");
    }
}

#[test]
fn bags_of_rows() {
    let table = var(&[6, 3], 8);
    let bag = Bag::new(vec![vec![0, 5, 5], vec![], vec![2]]);
    check(&table, &|table| weigh(&bag.clone().apply(table)?));
    let sums = bag.apply(&table).unwrap().to_vec2::<f32>().unwrap();
    assert_eq!(sums[1], [0.0; 3]);
    assert!(Bag::new(vec![vec![6]]).apply(&table).is_err());
}
