//! Adam.
//!
//! Equals `torch.optim.Adam` 2.5.1 with its defaults (betas 0.9 and 0.999, eps 1e-8) to rounding.
//!
//! Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.

use super::descent::Optimiser;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

pub(super) struct Adam {
    rate: f64,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Adam {
    pub(super) fn new(rate: f64, values: usize) -> Self {
        Self { rate, first: vec![0.0; values], second: vec![0.0; values], steps: 0 }
    }
}

impl Optimiser for Adam {
    fn step(&mut self, x: &mut [f32], _loss: f64, gradient: &[f32]) {
        self.steps += 1;
        let root = (1.0 - BETA_2.powi(self.steps)).sqrt();
        let length = self.rate / (1.0 - BETA_1.powi(self.steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, &slope), (first, second)) in x.iter_mut().zip(gradient).zip(moments) {
            let slope = f64::from(slope);
            let mean = BETA_1 * f64::from(*first) + (1.0 - BETA_1) * slope;
            let square = BETA_2 * f64::from(*second) + (1.0 - BETA_2) * slope * slope;
            (*first, *second) = (mean as f32, square as f32);
            *value -= (length * mean / (square.sqrt() / root + EPSILON)) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_the_rate_whatever_the_gradient_s_size() {
        let (mut adam, mut x) = (Adam::new(0.02, 2), vec![0.5_f32, 0.5]);
        adam.step(&mut x, 1.0, &[1e-3, -40.0]);
        assert!((x[0] - 0.48).abs() < 1e-5 && (x[1] - 0.52).abs() < 1e-5, "{x:?}");
    }
}
