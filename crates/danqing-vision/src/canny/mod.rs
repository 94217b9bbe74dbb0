//! Canny edges, pixel-equal to `cv2.Canny` on grey pictures (apertures 3, 5 and 7, L1 and L2 norm).
//!
//! Source: J. Canny, "A computational approach to edge detection", 1986; rounding and tie rules from
//! opencv/opencv@4.11.0 `modules/imgproc/src/canny.cpp`. No smoothing is done: blur first where the picture is noisy.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Gray8, Raster};

use crate::blur::Border;
use crate::gradients::{Gradients, Operator, gradients};

/// Width of the Sobel kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aperture {
    /// 3×3.
    #[default]
    Three,
    /// 5×5.
    Five,
    /// 7×7.
    Seven,
}

/// Thresholds and norm. The default is the pair that users of OpenCV and `ControlNet` expect: 100 and 200.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// An edge goes on while the gradient is above this.
    pub low: f64,
    /// An edge starts where the gradient is above this. Smaller than `low`: the two are exchanged.
    pub high: f64,
    /// Gradient kernel.
    pub aperture: Aperture,
    /// `√(dx² + dy²)` instead of `|dx| + |dy|`.
    pub l2_gradient: bool,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { low: 100.0, high: 200.0, aperture: Aperture::Three, l2_gradient: false }
    }
}

/// Edges one pixel wide: 255 on an edge, 0 elsewhere.
///
/// # Errors
/// [`Cancelled`].
pub fn canny(from: &Raster<Gray8>, thresholds: &Thresholds, cancel: &CancelToken) -> Result<Raster<Gray8>, Cancelled> {
    let operator = match thresholds.aperture {
        Aperture::Three => Operator::Sobel3,
        Aperture::Five => Operator::Sobel5,
        Aperture::Seven => Operator::Sobel7,
    };
    canny_of_gradients(&gradients(from, operator, Border::Replicate, cancel)?, thresholds, cancel)
}

/// The same from gradients computed before.
///
/// # Errors
/// [`Cancelled`].
pub fn canny_of_gradients(
    gradients: &Gradients,
    thresholds: &Thresholds,
    cancel: &CancelToken,
) -> Result<Raster<Gray8>, Cancelled> {
    let (low, high) = whole_thresholds(thresholds);
    let ridge = Ridge::new(gradients, thresholds.l2_gradient, cancel)?;
    let mut edges = Raster::filled(gradients.width, gradients.height, NOTHING);
    let mut strong = Vec::new();
    for y in 0..gradients.height {
        cancel.check()?;
        for (x, edge) in edges.row_mut(y).iter_mut().enumerate() {
            let magnitude = ridge.magnitude(x, y);
            if magnitude > low && ridge.is_crest(x, y, magnitude) {
                *edge = WEAK;
                if magnitude > high {
                    *edge = EDGE;
                    strong.push((x, y));
                }
            }
        }
    }
    follow(&mut edges, strong, cancel)?;
    for y in 0..gradients.height {
        cancel.check()?;
        for sample in edges.row_mut(y) {
            *sample = if *sample == EDGE { EDGE } else { NOTHING };
        }
    }
    Ok(edges)
}

const NOTHING: u8 = 0;
const WEAK: u8 = 1;
const EDGE: u8 = 255;

/// Thresholds in the unit of the magnitudes, rounded down as OpenCV does.
fn whole_thresholds(thresholds: &Thresholds) -> (i32, i32) {
    let scale = if thresholds.aperture == Aperture::Seven { 1.0 / 16.0 } else { 1.0 };
    let whole = |threshold: f64| {
        let scaled = threshold * scale;
        let in_unit = if thresholds.l2_gradient { scaled.clamp(0.0, 32767.0).powi(2) } else { scaled };
        in_unit.floor() as i32
    };
    let (low, high) = (thresholds.low.min(thresholds.high), thresholds.low.max(thresholds.high));
    (whole(low), whole(high))
}

/// Magnitudes with a border of zeros, and the gradients they come from.
struct Ridge<'a> {
    gradients: &'a Gradients,
    magnitudes: Vec<i32>,
}

impl<'a> Ridge<'a> {
    fn new(gradients: &'a Gradients, l2: bool, cancel: &CancelToken) -> Result<Self, Cancelled> {
        let (width, height) = (gradients.width, gradients.height);
        let mut magnitudes = vec![0; (width + 2) * (height + 2)];
        for y in 0..height {
            cancel.check()?;
            let row = y * width..(y + 1) * width;
            let to = &mut magnitudes[(y + 1) * (width + 2) + 1..][..width];
            for ((to, &dx), &dy) in to.iter_mut().zip(&gradients.dx[row.clone()]).zip(&gradients.dy[row]) {
                let (dx, dy) = (i32::from(dx), i32::from(dy));
                *to = if l2 { dx * dx + dy * dy } else { dx.abs() + dy.abs() };
            }
        }
        Ok(Self { gradients, magnitudes })
    }

    fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * (self.gradients.width + 2) + x + 1
    }

    fn magnitude(&self, x: usize, y: usize) -> i32 {
        self.magnitudes[self.at(x, y)]
    }

    /// Whether no neighbour across the edge is larger; of two equal ones the left or upper is the crest.
    fn is_crest(&self, x: usize, y: usize, magnitude: i32) -> bool {
        /// tan 22.5° in 15-bit fixed point.
        const TAN_22: i64 = 13573;
        let i = y * self.gradients.width + x;
        let (dx, dy) = (i64::from(self.gradients.dx[i]), i64::from(self.gradients.dy[i]));
        let (across, down) = (dx.abs(), dy.abs() << 15);
        let stride = self.gradients.width + 2;
        let at = self.at(x, y);
        if down < across * TAN_22 {
            magnitude > self.magnitudes[at - 1] && magnitude >= self.magnitudes[at + 1]
        } else if down > across * TAN_22 + (across << 16) {
            magnitude > self.magnitudes[at - stride] && magnitude >= self.magnitudes[at + stride]
        } else {
            let (above, below) = if (dx < 0) == (dy < 0) {
                (at - stride - 1, at + stride + 1)
            } else {
                (at - stride + 1, at + stride - 1)
            };
            magnitude > self.magnitudes[above] && magnitude > self.magnitudes[below]
        }
    }
}

/// Turns every weak pixel that touches an edge (8 neighbours) into an edge.
fn follow(edges: &mut Raster<Gray8>, mut strong: Vec<(usize, usize)>, cancel: &CancelToken) -> Result<(), Cancelled> {
    let (width, height) = edges.size();
    let mut steps = 0_usize;
    while let Some((x, y)) = strong.pop() {
        if steps.is_multiple_of(1 << 12) {
            cancel.check()?;
        }
        steps += 1;
        for ny in y.saturating_sub(1)..(y + 2).min(height) {
            for nx in x.saturating_sub(1)..(x + 2).min(width) {
                let neighbour = &mut edges.pixel_mut(nx, ny)[0];
                if *neighbour == WEAK {
                    *neighbour = EDGE;
                    strong.push((nx, ny));
                }
            }
        }
    }
    Ok(())
}
