//! Line integral convolution: a Gaussian average along the flow line through every pixel.
//!
//! Source: B. Cabral, L. Leedom, "Imaging vector fields using line integral convolution", 1993; Euler steps of one pixel.

use danqing_capability::Cancelled;

use super::Flow;
use crate::field::{Crew, Plane, bilinear};

/// `plane` (of the flow's size) smoothed along the flow with a Gaussian of `sigma` pixels, cut off at 2 sigma.
///
/// # Errors
/// [`Cancelled`].
pub fn along(plane: &Plane, flow: &Flow, sigma: f32, crew: &Crew) -> Result<Plane, Cancelled> {
    let steps = (2.0 * sigma).round() as usize;
    let weights: Vec<f32> = (0..=steps).map(|i| (-0.5 * (i as f32 / sigma.max(1e-3)).powi(2)).exp()).collect();
    crew.plane(plane.size(), |x, y| {
        let start = [x as f32, y as f32];
        let tangent = flow.tangent(start[0], start[1]);
        let (mut sum, mut total) = (plane.pixel(x, y)[0], 1.0);
        for direction in [tangent, [-tangent[0], -tangent[1]]] {
            let (mut at, mut heading) = (start, direction);
            for &weight in &weights[1..] {
                at = [at[0] + heading[0], at[1] + heading[1]];
                let inside =
                    at[0] >= 0.0 && at[1] >= 0.0 && at[0] < plane.width() as f32 && at[1] < plane.height() as f32;
                if !inside {
                    break;
                }
                sum += weight * bilinear(plane, at[0], at[1]);
                total += weight;
                heading = onward(flow.tangent(at[0], at[1]), heading);
            }
        }
        sum / total
    })
}

/// `tangent` with the sign that goes on in the direction of `heading`.
pub(crate) fn onward(tangent: [f32; 2], heading: [f32; 2]) -> [f32; 2] {
    if tangent[0] * heading[0] + tangent[1] * heading[1] < 0.0 { [-tangent[0], -tangent[1]] } else { tangent }
}
