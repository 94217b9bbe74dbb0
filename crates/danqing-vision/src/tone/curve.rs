//! Curves through points, equal to `scipy.interpolate.PchipInterpolator` (1e-6) and flat outside the points.
//!
//! Source: F. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984.

/// Points that make no curve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// One point or none.
    #[error("a curve needs at least 2 points, got {0}")]
    TooFew(usize),
    /// x does not grow.
    #[error("a curve's points must go from left to right, but x {after} follows {before}")]
    NotAscending {
        /// Earlier point.
        before: f32,
        /// Later point.
        after: f32,
    },
}

/// A smooth curve that rises where its points rise and falls where they fall, nowhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<(f32, f32)>,
    slopes: Vec<f32>,
}

impl Curve {
    /// The curve through points with growing x.
    ///
    /// # Errors
    /// [`CurveError`].
    pub fn through(points: &[(f32, f32)]) -> Result<Self, CurveError> {
        if points.len() < 2 {
            return Err(CurveError::TooFew(points.len()));
        }
        if let Some(pair) = points.windows(2).find(|pair| pair[1].0 <= pair[0].0) {
            return Err(CurveError::NotAscending { before: pair[0].0, after: pair[1].0 });
        }
        Ok(Self { points: points.to_vec(), slopes: slopes(points) })
    }

    /// Height of the curve at `x`.
    #[must_use]
    pub fn at(&self, x: f32) -> f32 {
        let last = self.points.len() - 1;
        if x <= self.points[0].0 {
            return self.points[0].1;
        }
        if x >= self.points[last].0 {
            return self.points[last].1;
        }
        let i = self.points.partition_point(|p| p.0 <= x) - 1;
        let ((x0, y0), (x1, y1)) = (self.points[i], self.points[i + 1]);
        let (width, t) = (x1 - x0, (x - x0) / (x1 - x0));
        let (d0, d1) = (self.slopes[i] * width, self.slopes[i + 1] * width);
        let (t2, t3) = (t * t, t * t * t);
        y0 * (2.0 * t3 - 3.0 * t2 + 1.0) + d0 * (t3 - 2.0 * t2 + t) + y1 * (3.0 * t2 - 2.0 * t3) + d1 * (t3 - t2)
    }
}

/// Slope at every point: weighted harmonic mean of the chords beside it, 0 at extremes.
fn slopes(points: &[(f32, f32)]) -> Vec<f32> {
    let widths: Vec<f32> = points.windows(2).map(|p| p[1].0 - p[0].0).collect();
    let chords: Vec<f32> = points.windows(2).zip(&widths).map(|(p, w)| (p[1].1 - p[0].1) / w).collect();
    let last = chords.len() - 1;
    if last == 0 {
        return vec![chords[0]; 2];
    }
    let mut slopes = vec![end_slope((widths[0], widths[1]), (chords[0], chords[1]))];
    for i in 1..=last {
        let (before, after) = (chords[i - 1], chords[i]);
        let (w1, w2) = (2.0 * widths[i] + widths[i - 1], widths[i] + 2.0 * widths[i - 1]);
        let is_extreme = before * after <= 0.0;
        slopes.push(if is_extreme { 0.0 } else { (w1 + w2) / (w1 / before + w2 / after) });
    }
    slopes.push(end_slope((widths[last], widths[last - 1]), (chords[last], chords[last - 1])));
    slopes
}

/// One-sided slope through three points, held back so that the curve does not overshoot.
fn end_slope((w0, w1): (f32, f32), (c0, c1): (f32, f32)) -> f32 {
    let slope = ((2.0 * w0 + w1) * c0 - w0 * c1) / (w0 + w1);
    if slope * c0 <= 0.0 {
        0.0
    } else if c0 * c1 <= 0.0 && slope.abs() > 3.0 * c0.abs() {
        3.0 * c0
    } else {
        slope
    }
}
