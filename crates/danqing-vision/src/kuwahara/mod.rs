//! Anisotropic Kuwahara filter: flattens texture into dabs that follow the picture's edges, and keeps edges crisp.
//!
//! Source: J. Kyprianidis, H. Kang, J. Döllner, "Image and video abstraction by anisotropic Kuwahara filtering", 2009,
//! with the polynomial sector weights of J. Kyprianidis et al., "Anisotropic Kuwahara filtering with polynomial weighting
//! functions", 2010. Eight sectors of an ellipse along the flow; each sector's mean counts the more, the less it varies.

use danqing_capability::Cancelled;
use danqing_media::{Raster, Space};

use crate::field::Crew;
use crate::flow::Flow;

/// How far and how selectively.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kuwahara {
    /// Radius of the circle in flat areas, in pixels.
    pub radius: f32,
    /// How strongly the calmest sector wins; the authors use 8.
    pub sharpness: f32,
}

const SECTORS: usize = 8;

/// Filters a three-channel raster with samples in about `0.0..=1.0`; a flow of another size is read in proportion.
///
/// # Errors
/// [`Cancelled`].
pub fn kuwahara<S: Space<Sample = f32>>(
    from: &Raster<S>,
    flow: &Flow,
    options: Kuwahara,
    crew: &Crew,
) -> Result<Raster<S>, Cancelled> {
    let ratio = [flow.size().0 as f32 / from.width() as f32, flow.size().1 as f32 / from.height() as f32];
    crew.colours(from.size(), |x, y| {
        let ellipse = Ellipse::new(flow, options.radius, x as f32 * ratio[0], y as f32 * ratio[1]);
        let mut sectors = [Sector::default(); SECTORS];
        ellipse.visit(from, x, y, &mut sectors);
        mean_of_calm(&sectors, options.sharpness)
    })
}

/// The window of a pixel, mapped to the unit disc.
struct Ellipse {
    to_disc: [[f32; 2]; 2],
    reach: [isize; 2],
}

impl Ellipse {
    fn new(flow: &Flow, radius: f32, x: f32, y: f32) -> Self {
        let anisotropy = flow.coherence(x, y).sqrt();
        let [cos, sin] = flow.tangent(x, y);
        let (long, short) = (radius * (1.0 + anisotropy), radius / (1.0 + anisotropy));
        let to_disc = [[cos / long, sin / long], [-sin / short, cos / short]];
        let reach = [(long * cos).hypot(short * sin) as isize, (long * sin).hypot(short * cos) as isize];
        Self { to_disc, reach }
    }

    fn visit<S: Space<Sample = f32>>(&self, from: &Raster<S>, x: usize, y: usize, sectors: &mut [Sector; SECTORS]) {
        let inside = |at: usize, by: isize, len: usize| (at as isize + by).clamp(0, len as isize - 1) as usize;
        for dy in -self.reach[1]..=self.reach[1] {
            let row = from.row(inside(y, dy, from.height()));
            for dx in -self.reach[0]..=self.reach[0] {
                let (fx, fy) = (dx as f32, dy as f32);
                let u = self.to_disc[0][0] * fx + self.to_disc[0][1] * fy;
                let v = self.to_disc[1][0] * fx + self.to_disc[1][1] * fy;
                let square = u * u + v * v;
                if square > 1.0 {
                    continue;
                }
                let weights = sector_weights(u, v, square);
                let at = inside(x, dx, from.width()) * S::CHANNELS;
                let colour = [row[at], row[at + 1], row[at + 2]];
                for (sector, weight) in sectors.iter_mut().zip(weights) {
                    if weight > 0.0 {
                        sector.add(colour, weight);
                    }
                }
            }
        }
    }
}

/// Weight of a place of the unit disc in each of the eight sectors, summing to a Gaussian of the distance.
fn sector_weights(u: f32, v: f32, square: f32) -> [f32; SECTORS] {
    const ZETA: f32 = 0.33;
    const ETA: f32 = 3.77; // (ζ + cos(π/8)) / sin²(π/8) of the paper for this ζ is 8.56; its half overlaps smoothly
    let lobe = |along: f32, beside: f32| (along + ZETA - ETA * beside * beside).max(0.0).powi(2);
    let (d, e) = (std::f32::consts::FRAC_1_SQRT_2 * (u - v), std::f32::consts::FRAC_1_SQRT_2 * (u + v));
    let weights = [lobe(v, u), lobe(e, d), lobe(u, v), lobe(d, e), lobe(-v, u), lobe(-e, d), lobe(-u, v), lobe(-d, e)];
    let sum: f32 = weights.iter().sum();
    let scale = (-3.125 * square).exp() / sum.max(1e-6);
    weights.map(|weight| weight * scale)
}

#[derive(Clone, Copy, Default)]
struct Sector {
    weight: f32,
    sum: [f32; 3],
    squares: [f32; 3],
}

impl Sector {
    fn add(&mut self, colour: [f32; 3], weight: f32) {
        self.weight += weight;
        for (i, value) in colour.into_iter().enumerate() {
            self.sum[i] += weight * value;
            self.squares[i] += weight * value * value;
        }
    }

    fn mean(&self) -> [f32; 3] {
        self.sum.map(|sum| sum / self.weight.max(1e-9))
    }

    fn variance(&self) -> f32 {
        let spread = |i: usize| (self.squares[i] / self.weight.max(1e-9) - self.mean()[i].powi(2)).max(0.0);
        spread(0) + spread(1) + spread(2)
    }
}

fn mean_of_calm(sectors: &[Sector; SECTORS], sharpness: f32) -> [f32; 3] {
    let (mut sum, mut total) = ([0.0; 3], 0.0);
    for sector in sectors.iter().filter(|sector| sector.weight > 0.0) {
        let deviation = 255.0 * sector.variance().sqrt();
        let weight = 1.0 / (1.0 + deviation.powf(0.5 * sharpness));
        total += weight;
        sum.iter_mut().zip(sector.mean()).for_each(|(sum, mean)| *sum += weight * mean);
    }
    sum.map(|sum| sum / total)
}

#[cfg(test)]
mod tests {
    use danqing_capability::CancelToken;
    use danqing_media::SrgbF32;

    use super::*;
    use crate::field::Plane;
    use crate::noise::white;

    /// A noisy half plane and its filtered picture.
    fn filtered(threads: usize) -> (Raster<SrgbF32>, Raster<SrgbF32>) {
        let level = |x: usize, y: usize| if x < 32 { 0.2 } else { 0.8 } + 0.2 * (white(x as i32, y as i32, 1) - 0.5);
        let picture = Raster::from_fn(64, 48, |x, y, s| s.fill(level(x, y)));
        let grey = Plane::from_fn(64, 48, |x, y, s| s[0] = level(x, y));
        let crew = Crew::new(threads, &CancelToken::default());
        let flow = Flow::new(&grey, 2.0, &crew).expect("runs");
        let made = kuwahara(&picture, &flow, Kuwahara { radius: 5.0, sharpness: 8.0 }, &crew).expect("runs");
        (picture, made)
    }

    fn spread(picture: &Raster<SrgbF32>, columns: std::ops::Range<usize>) -> f32 {
        let values: Vec<f32> =
            (8..40).flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| picture.pixel(x, y)[0]).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn texture_goes_and_edges_stay() {
        let (before, after) = filtered(2);
        assert!(spread(&after, 4..28) < 0.5 * spread(&before, 4..28));
        for y in 8..40 {
            assert!(after.pixel(30, y)[0] < 0.32 && after.pixel(33, y)[0] > 0.68, "row {y}");
        }
    }

    #[test]
    fn threads_do_not_change_the_result() {
        assert_eq!(filtered(1), filtered(3));
    }

    #[test]
    fn weights_of_a_place_sum_to_its_gaussian() {
        for (u, v) in [(0.0_f32, 0.0_f32), (0.3, 0.4), (-0.7, 0.1)] {
            let square = u * u + v * v;
            let sum: f32 = sector_weights(u, v, square).iter().sum();
            assert!((sum - (-3.125 * square).exp()).abs() < 1e-5);
        }
    }
}
