//! Pseudo linear multistep: diffusers 0.31.0 `scheduling_pndm.py` with `skip_prk_steps`, within 1e-5 relative. Source: Liu et
//! al., "Pseudo numerical methods for diffusion models on manifolds", 2022. In this scale its transfer step is an Euler step.

use std::collections::VecDeque;

use super::walk::{Denoiser, Walk, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let mut directions = VecDeque::new(); // newest first
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let direction = walk.direction(&mut x, sigma)?;
        directions.push_front(direction);
        directions.truncate(4);
        if i == 0 && next > 0.0 {
            // The first step looks ahead, as Heun's does.
            let mut ahead = combined(&[(1.0, &x), (next - sigma, &directions[0])]);
            let second = walk.direction(&mut ahead, next)?;
            let half = (next - sigma) / 2.0;
            x = combined(&[(1.0, &x), (half, &directions[0]), (half, &second)]);
        } else {
            x = adams_bashforth(&x, &directions, next - sigma);
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}

/// `x` moved by `length` along up to four directions, newest first, with the factors of equal steps.
pub(super) fn adams_bashforth(x: &[f32], directions: &VecDeque<Vec<f32>>, length: f64) -> Vec<f32> {
    let factors: &[f64] = match directions.len() {
        0 | 1 => &[1.0],
        2 => &[3.0 / 2.0, -1.0 / 2.0],
        3 => &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
        _ => &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
    };
    let mut terms: Vec<(f64, &[f32])> = vec![(1.0, x)];
    terms.extend(factors.iter().map(|factor| factor * length).zip(directions.iter().map(Vec::as_slice)));
    combined(&terms)
}
