//! Limited-memory BFGS.
//!
//! Equals `torch.optim.LBFGS` 2.5.1 without line search (`line_search_fn=None`) to rounding, as long as the loss falls
//! by a little with every step; sums are `f64`. Where torch goes on with a step that raised the loss, this one goes back
//! and takes a part of it.
//!
//! Source: J. Nocedal, S. Wright, "Numerical Optimization", 2nd edition, algorithms 7.4 (two loops) and 3.1
//! (backtracking); pytorch/pytorch@v2.5.1:torch/optim/lbfgs.py for the scale of the first step and of the matrix.

use std::collections::VecDeque;

use super::descent::Optimiser;
use super::vector::{add_scaled, dot, sum_of_magnitudes};

/// Corrections that are kept: enough for pictures, and 20 pictures of memory.
pub(super) const HISTORY: usize = 10;
/// Mean move of a value by the first step, of the range of a colour: there is no curvature yet to say more.
const FIRST_MOVE: f64 = 0.01;
/// Part of the promised fall that a step must bring.
const SUFFICIENT: f64 = 1e-4;
/// Times that one step is shortened before the curvature is forgotten.
const RETREATS: usize = 4;

pub(super) struct Lbfgs {
    rate: f64,
    corrections: VecDeque<Correction>,
    scale: f64,
    last: Option<Step>,
}

/// A move and the change of the gradient along it.
struct Correction {
    moved: Vec<f32>,
    change: Vec<f32>,
    /// 1 over their product.
    rho: f64,
}

/// The step that led to the current point.
struct Step {
    direction: Vec<f32>,
    length: f64,
    loss: f64,
    gradient: Vec<f32>,
    /// Gradient along the direction at its start.
    slope: f64,
    retreats: usize,
}

impl Lbfgs {
    pub(super) fn new(rate: f64) -> Self {
        Self { rate, corrections: VecDeque::new(), scale: 1.0, last: None }
    }

    /// Shortens the last step if it did not bring what it promised; whether it did so.
    fn retreats(&mut self, x: &mut [f32], loss: f64) -> bool {
        let Some(step) = &mut self.last else { return false };
        if loss <= step.loss + SUFFICIENT * step.length * step.slope {
            return false;
        }
        if step.retreats == RETREATS {
            // The model is wrong here: back to the start of the step, and on along the gradient.
            add_scaled(x, -step.length, &step.direction);
            self.corrections.clear();
            let length = first_length(&step.gradient) / 4.0;
            step.direction = step.gradient.iter().map(|g| -g).collect();
            step.slope = -dot(&step.gradient, &step.gradient);
            (step.length, step.retreats) = (length, 0);
            add_scaled(x, length, &step.direction);
            return true;
        }
        // Minimum of the parabola through both losses and the first slope.
        let curve = 2.0 * (loss - step.loss - step.length * step.slope);
        let best = -step.slope * step.length * step.length / curve;
        let length = if best.is_finite() { best } else { 0.0 }.clamp(0.1 * step.length, 0.5 * step.length);
        add_scaled(x, length - step.length, &step.direction);
        step.length = length;
        step.retreats += 1;
        true
    }

    /// Takes in what the last step taught.
    fn learn(&mut self, gradient: &[f32]) {
        let Some(step) = self.last.take() else { return };
        let change: Vec<f32> = gradient.iter().zip(&step.gradient).map(|(new, old)| new - old).collect();
        let length = step.length as f32;
        let moved: Vec<f32> = step.direction.iter().map(|d| d * length).collect();
        let (product, size) = (dot(&change, &moved), dot(&change, &change));
        // Torch asks for more than 1e-10, whatever the scale; here, for a positive curvature that is not rounding.
        if product > 1e-10 * size.sqrt() * dot(&moved, &moved).sqrt() && product.is_finite() {
            if self.corrections.len() == HISTORY {
                self.corrections.pop_front();
            }
            self.scale = product / size;
            self.corrections.push_back(Correction { moved, change, rho: 1.0 / product });
        }
    }

    /// Minus the inverse Hessian times the gradient.
    fn direction(&self, gradient: &[f32]) -> Vec<f32> {
        let mut q: Vec<f32> = gradient.iter().map(|g| -g).collect();
        let mut alphas = Vec::with_capacity(self.corrections.len());
        for correction in self.corrections.iter().rev() {
            let alpha = dot(&correction.moved, &q) * correction.rho;
            add_scaled(&mut q, -alpha, &correction.change);
            alphas.push(alpha);
        }
        let scale = self.scale as f32;
        for value in &mut q {
            *value *= scale;
        }
        for (correction, alpha) in self.corrections.iter().zip(alphas.into_iter().rev()) {
            let beta = dot(&correction.change, &q) * correction.rho;
            add_scaled(&mut q, alpha - beta, &correction.moved);
        }
        q
    }
}

fn first_length(gradient: &[f32]) -> f64 {
    let size = sum_of_magnitudes(gradient);
    if size > 0.0 { FIRST_MOVE * gradient.len() as f64 / size } else { 0.0 }
}

impl Optimiser for Lbfgs {
    fn step(&mut self, x: &mut [f32], loss: f64, gradient: &[f32]) {
        if self.retreats(x, loss) {
            return;
        }
        let is_first = self.last.is_none();
        self.learn(gradient);
        let (direction, length) = if self.corrections.is_empty() {
            let rate = if is_first { self.rate } else { 1.0 };
            (gradient.iter().map(|g| -g).collect(), first_length(gradient) * rate)
        } else {
            (self.direction(gradient), self.rate)
        };
        let slope = dot(gradient, &direction);
        add_scaled(x, length, &direction);
        self.last = Some(Step { direction, length, loss, gradient: gradient.to_vec(), slope, retreats: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley in many pairs: curved, badly scaled, minimum 0 at ones.
    fn valley(x: &[f32]) -> (f64, Vec<f32>) {
        let (mut loss, mut gradient) = (0.0, vec![0.0; x.len()]);
        for (pair, slopes) in x.chunks(2).zip(gradient.chunks_mut(2)) {
            let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
            loss += (1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2);
            slopes[0] = (-2.0 * (1.0 - a) - 400.0 * a * (b - a * a)) as f32;
            slopes[1] = (200.0 * (b - a * a)) as f32;
        }
        (loss, gradient)
    }

    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        let mut x: Vec<f32> = (0..20).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let mut lbfgs = Lbfgs::new(1.0);
        for _ in 0..120 {
            let (loss, gradient) = valley(&x);
            lbfgs.step(&mut x, loss, &gradient);
        }
        assert!(valley(&x).0 < 1e-4, "{}", valley(&x).0);
    }

    #[test]
    fn a_loss_that_is_no_number_shortens_the_step() {
        let mut x = vec![0.5_f32; 4];
        let mut lbfgs = Lbfgs::new(1.0);
        lbfgs.step(&mut x, 1.0, &[1.0; 4]);
        let far = x[0];
        lbfgs.step(&mut x, f64::NAN, &[f32::NAN; 4]);
        assert!(x[0] > far && x[0] < 0.5, "{} after {far}", x[0]);
    }
}
