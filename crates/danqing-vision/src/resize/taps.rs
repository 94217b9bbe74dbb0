//! Which source samples make one destination sample, along one axis.

use std::f64::consts::PI;

use super::Method;

/// For every destination index: the first source index and one weight per following source index.
pub(super) struct Taps {
    starts: Vec<usize>,
    weights: Vec<Vec<f32>>,
}

impl Taps {
    /// `both_shrink`: no axis of the picture grows; OpenCV's area method averages only then.
    pub(super) fn new(method: Method, from: usize, to: usize, both_shrink: bool) -> Self {
        let scale = 1.0 / (to as f64 / from as f64); // in this order, as OpenCV: whole positions must be the same ones
        let mut made = Self { starts: Vec::with_capacity(to), weights: Vec::with_capacity(to) };
        for i in 0..to {
            let (start, weights) = match method {
                Method::Nearest => nearest(i, from, to),
                Method::Bilinear => bilinear(i, scale),
                Method::Bicubic => bicubic(i, scale),
                Method::Lanczos => lanczos(i, from as f64 / to as f64, from),
                Method::Area if both_shrink => area(i, scale, from),
                Method::Area => area_growing(i, scale),
            };
            made.push(start, &weights, from);
        }
        made
    }

    /// Adds the taps of the next index; what lies outside is folded into the edge sample (replicated border).
    fn push(&mut self, start: i64, weights: &[f32], from: usize) {
        let last = from as i64 - 1;
        let first = start.clamp(0, last);
        let end = (start + weights.len() as i64 - 1).clamp(0, last);
        let mut folded = vec![0.0; (end - first + 1) as usize];
        for (i, weight) in weights.iter().enumerate() {
            folded[((start + i as i64).clamp(0, last) - first) as usize] += weight;
        }
        self.starts.push(first as usize);
        self.weights.push(folded);
    }

    /// First source index and weights of destination index `i`.
    pub(super) fn at(&self, i: usize) -> (usize, &[f32]) {
        (self.starts[i], &self.weights[i])
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }
}

/// `floor(i · from / to)`, with OpenCV's two divisions in double precision.
fn nearest(i: usize, from: usize, to: usize) -> (i64, Vec<f32>) {
    let scale = 1.0 / (to as f64 / from as f64);
    ((i as f64 * scale).floor() as i64, vec![1.0])
}

/// Source position of the centre of destination sample `i`: whole part and fraction.
fn centre(i: usize, scale: f64) -> (i64, f32) {
    let position = ((i as f64 + 0.5) * scale - 0.5) as f32;
    (position.floor() as i64, position - position.floor())
}

fn bilinear(i: usize, scale: f64) -> (i64, Vec<f32>) {
    let (start, t) = centre(i, scale);
    (start, vec![1.0 - t, t])
}

/// Keys' kernel with a = −0.75.
fn bicubic(i: usize, scale: f64) -> (i64, Vec<f32>) {
    const A: f32 = -0.75;
    let (start, t) = centre(i, scale);
    let outer = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
    let inner = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
    let (w0, w1, w2) = (outer(t + 1.0), inner(t), inner(1.0 - t));
    (start - 1, vec![w0, w1, w2, 1.0 - w0 - w1 - w2])
}

/// Pillow's LANCZOS: three lobes, stretched by the scale when shrinking, cut at the border and normalised.
fn lanczos(i: usize, scale: f64, from: usize) -> (i64, Vec<f32>) {
    let stretch = scale.max(1.0);
    let support = 3.0 * stretch;
    let centre = (i as f64 + 0.5) * scale;
    let first = ((centre - support + 0.5) as i64).max(0);
    let end = ((centre + support + 0.5) as i64).min(from as i64);
    let raw: Vec<f64> = (first..end).map(|x| windowed_sinc((x as f64 - centre + 0.5) / stretch)).collect();
    let sum: f64 = raw.iter().sum();
    (first, raw.iter().map(|w| (w / sum) as f32).collect())
}

fn windowed_sinc(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// Average over the exact span of the destination sample.
fn area(i: usize, scale: f64, from: usize) -> (i64, Vec<f32>) {
    let (left, right) = (i as f64 * scale, ((i + 1) as f64 * scale).min(from as f64));
    let first = (left + 1e-9).floor() as i64;
    let end = ((right - 1e-9).ceil() as i64).max(first + 1);
    let overlap = |x: i64| (right.min(x as f64 + 1.0) - left.max(x as f64)) / (right - left);
    (first, (first..end).map(|x| overlap(x) as f32).collect())
}

/// OpenCV's area method where an axis grows: whole samples with a linear step between them.
fn area_growing(i: usize, scale: f64) -> (i64, Vec<f32>) {
    let start = (i as f64 * scale).floor();
    let t = (((i + 1) as f64) - (start + 1.0) / scale) as f32;
    let t = if t <= 0.0 { 0.0 } else { t - t.floor() };
    (start as i64, vec![1.0 - t, t])
}
