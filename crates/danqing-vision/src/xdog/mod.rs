//! Differences of Gaussians: [`isotropic`] equals `(1 + p)·GaussianBlur(σ) − p·GaussianBlur(kσ)` of OpenCV within 1e-5;
//! [`flow_based`] takes the difference across edges only and smooths it along them; [`inked`] is its soft threshold.
//!
//! Source: H. Winnemöller, J. Kyprianidis, S. Olsen, "`XDoG`: an extended difference-of-Gaussians compendium", 2012.

use danqing_capability::Cancelled;

use crate::blur::gaussian;
use crate::field::{Crew, Plane, bilinear};
use crate::flow::{Flow, along};

/// Widths of the two Gaussians and how much their difference counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Standard deviation of the narrow one in pixels: half the width of a line.
    pub sigma: f32,
    /// The wide one is this many times as wide; 1.6 is close to a Laplacian.
    pub ratio: f32,
    /// `p`: 0 = the narrow blur alone; about 20 = mostly lines.
    pub sharpness: f32,
}

/// The sharpened picture `(1 + p)·G(σ) − p·G(kσ)`.
///
/// # Errors
/// [`Cancelled`].
pub fn isotropic(grey: &Plane, difference: Difference, crew: &Crew) -> Result<Plane, Cancelled> {
    let mut narrow = gaussian(grey, difference.sigma, crew.cancel())?;
    let wide = gaussian(grey, difference.sigma * difference.ratio, crew.cancel())?;
    let p = difference.sharpness;
    narrow.samples_mut().iter_mut().zip(wide.samples()).for_each(|(n, w)| *n = (1.0 + p) * *n - p * w);
    Ok(narrow)
}

/// The same across the flow, then smoothed along it with `length` pixels: coherent lines.
///
/// # Errors
/// [`Cancelled`].
pub fn flow_based(
    grey: &Plane,
    flow: &Flow,
    difference: Difference,
    length: f32,
    crew: &Crew,
) -> Result<Plane, Cancelled> {
    let p = difference.sharpness;
    across_and_along(grey, flow, difference, (1.0 + p, -p), length, crew)
}

/// `G(kσ) − G(σ)` across the flow, smoothed along it: how much darker than its surroundings a place is (`FDoG` lines of
/// H. Kang et al., "Coherent line drawing", 2007); `sharpness` plays no part.
///
/// # Errors
/// [`Cancelled`].
pub fn dark_side(
    grey: &Plane,
    flow: &Flow,
    difference: Difference,
    length: f32,
    crew: &Crew,
) -> Result<Plane, Cancelled> {
    across_and_along(grey, flow, difference, (-1.0, 1.0), length, crew)
}

fn across_and_along(
    grey: &Plane,
    flow: &Flow,
    difference: Difference,
    (of_narrow, of_wide): (f32, f32),
    length: f32,
    crew: &Crew,
) -> Result<Plane, Cancelled> {
    let reach = (3.0 * difference.sigma * difference.ratio).ceil() as usize;
    let narrow = weights(difference.sigma, reach);
    let wide = weights(difference.sigma * difference.ratio, reach);
    let taps: Vec<f32> = narrow.iter().zip(&wide).map(|(n, w)| of_narrow * n + of_wide * w).collect();
    let across = crew.plane(grey.size(), |x, y| {
        let (x, y) = (x as f32, y as f32);
        let [tx, ty] = flow.tangent(x, y);
        let pair = |i: usize| {
            let (dx, dy) = (-ty * i as f32, tx * i as f32);
            bilinear(grey, x + dx, y + dy) + bilinear(grey, x - dx, y - dy)
        };
        let centre = taps[0] * bilinear(grey, x, y);
        centre + taps.iter().enumerate().skip(1).map(|(i, weight)| weight * pair(i)).sum::<f32>()
    })?;
    along(&across, flow, length, crew)
}

/// Weights of the centre and of each pair beside it, summing to 1.
fn weights(sigma: f32, reach: usize) -> Vec<f32> {
    let at = |i: usize| (-0.5 * (i as f32 / sigma.max(1e-3)).powi(2)).exp();
    let sum = 1.0 + 2.0 * (1..=reach).map(at).sum::<f32>();
    (0..=reach).map(|i| at(i) / sum).collect()
}

/// Ink of a response: none (0) at `threshold` and above, towards 1 below it, the faster the larger `softness⁻¹`.
#[must_use]
pub fn inked(response: f32, threshold: f32, softness: f32) -> f32 {
    if response >= threshold { 0.0 } else { ((threshold - response) / softness).tanh() }
}

#[cfg(test)]
mod tests {
    use danqing_capability::CancelToken;

    use super::*;

    const LINES: Difference = Difference { sigma: 1.2, ratio: 1.6, sharpness: 20.0 };

    fn crew() -> Crew {
        Crew::new(2, &CancelToken::default())
    }

    #[test]
    fn flat_pictures_stay_as_they_are() {
        let grey = Plane::filled(40, 30, 0.3);
        let flow = Flow::new(&grey, 2.0, &crew()).expect("runs");
        let made = flow_based(&grey, &flow, LINES, 4.0, &crew()).expect("runs");
        assert!(made.samples().iter().all(|v| (v - 0.3).abs() < 1e-4));
        assert_eq!(inked(0.31, 0.3, 0.1), 0.0);
    }

    #[test]
    fn along_a_straight_edge_both_are_the_same() {
        let grey = Plane::from_fn(64, 48, |x, _, s| s[0] = if x < 32 { 0.2 } else { 0.8 });
        let flow = Flow::new(&grey, 2.0, &crew()).expect("runs");
        let flowing = flow_based(&grey, &flow, LINES, 3.0, &crew()).expect("runs");
        let isotropic = isotropic(&grey, LINES, &crew()).expect("runs");
        for x in 20..44 {
            let (a, b) = (flowing.pixel(x, 24)[0], isotropic.pixel(x, 24)[0]);
            assert!((a - b).abs() < 0.05, "column {x}: {a}, {b}"); // kernels are cut off at different widths
        }
    }
}
