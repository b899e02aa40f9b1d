//! Adam with decoupled weight decay (Loshchilov, Hutter 2019), with moments that can be kept and brought back.

/// What the optimiser is set to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    pub(crate) first: f32,
    pub(crate) second: f32,
    pub(crate) decay: f32,
    /// Largest length of the gradient of all parameters together; a longer one is shortened.
    pub(crate) longest: f32,
}

const EPSILON: f32 = 1e-8;

/// The moments of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: Vec<f32>,
    pub(crate) square: Vec<f32>,
}

impl Moments {
    pub(crate) fn zero(count: usize) -> Self {
        Self { mean: vec![0.0; count], square: vec![0.0; count] }
    }
}

impl Adam {
    /// How much all gradients are shortened.
    pub(crate) fn shortening<'a>(&self, gradients: impl Iterator<Item = &'a [f32]>) -> f32 {
        let squares: f64 = gradients.flatten().map(|g| f64::from(*g) * f64::from(*g)).sum();
        (f64::from(self.longest) / squares.sqrt().max(f64::from(self.longest))) as f32
    }

    /// One step of a parameter; `step` counts from 1. `decays` for matrices, not for biases.
    pub(crate) fn update(
        &self,
        values: &mut [f32],
        moments: &mut Moments,
        gradient: impl Iterator<Item = f32>,
        (rate, step, decays): (f32, u32, bool),
    ) {
        let power = |base: f32| 1.0 - f64::from(base).powi(step as i32);
        let (first_share, second_share) = (power(self.first) as f32, power(self.second) as f32);
        let shrink = if decays { 1.0 - rate * self.decay } else { 1.0 };
        let state = moments.mean.iter_mut().zip(&mut moments.square);
        for ((value, (mean, square)), gradient) in values.iter_mut().zip(state).zip(gradient) {
            *mean = self.first * *mean + (1.0 - self.first) * gradient;
            *square = self.second * *square + (1.0 - self.second) * gradient * gradient;
            let step = (*mean / first_share) / ((*square / second_share).sqrt() + EPSILON);
            *value = *value * shrink - rate * step;
        }
    }
}
