//! Power spectra of square blocks, and the filters that make noise of such a spectrum.

use std::f32::consts::TAU;
use std::sync::LazyLock;

/// Side of a block, pixels.
pub(super) const SIDE: usize = 32;
/// Pixels from a filter's middle to its edge.
pub(super) const RADIUS: usize = 7;
pub(super) const TAPS: usize = 2 * RADIUS + 1;

/// Cosines and sines of every product of position and frequency.
static WAVES: LazyLock<Vec<(f32, f32)>> =
    LazyLock::new(|| (0..SIDE).map(|n| (TAU * n as f32 / SIDE as f32).sin_cos()).map(|(s, c)| (c, s)).collect());

/// Weights of a block's pixels along one side; their squares have the mean 1.
static WINDOW: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let hann = |n: usize| 0.5 - 0.5 * (TAU * (n as f32 + 0.5) / SIDE as f32).cos();
    let power: f32 = (0..SIDE).map(|n| hann(n).powi(2)).sum::<f32>() / SIDE as f32;
    (0..SIDE).map(|n| hann(n) / power.sqrt()).collect()
});

/// Mean power per frequency, `[vertical, horizontal]`; their mean is the variance.
#[derive(Clone, Debug)]
pub(super) struct Spectrum(Vec<f32>);

impl Spectrum {
    /// Of nothing.
    pub(super) fn zero() -> Self {
        Self(vec![0.0; SIDE * SIDE])
    }

    /// Adds a block's power, times `share`.
    pub(super) fn add(&mut self, block: &[f32], share: f32) {
        let windowed: Vec<_> =
            block.iter().enumerate().map(|(n, v)| (v * WINDOW[n / SIDE] * WINDOW[n % SIDE], 0.0)).collect();
        let power = transformed(&windowed);
        for (sum, (re, im)) in self.0.iter_mut().zip(power) {
            *sum += (re * re + im * im) * share / (SIDE * SIDE) as f32;
        }
    }

    /// Standard deviation.
    pub(super) fn sigma(&self) -> f32 {
        (self.0.iter().sum::<f32>() / self.0.len() as f32).sqrt()
    }

    /// Shares of the power in rings of a width of ⅛ cycle per pixel, the last one with all corners.
    pub(super) fn bands(&self) -> [f32; 4] {
        let mut bands = [0.0; 4];
        for (n, power) in self.0.iter().enumerate() {
            bands[((radius(n) * 8.0) as usize).min(3)] += power;
        }
        let total: f32 = bands.iter().sum();
        bands.map(|band| band / total.max(f32::MIN_POSITIVE))
    }

    /// What the fit of a slope has taken from the lowest frequencies is what their neighbours have.
    pub(super) fn mend(&mut self) {
        let ring: Vec<f32> =
            (0..self.0.len()).filter(|&n| (0.06..0.13).contains(&radius(n))).map(|n| self.0[n]).collect();
        let mean = ring.iter().sum::<f32>() / ring.len() as f32;
        for n in 0..self.0.len() {
            if radius(n) < 0.06 {
                self.0[n] = self.0[n].max(mean);
            }
        }
    }

    /// The filter, `[TAPS, TAPS]`, symmetric about its middle, that turns white noise of variance 1 into this spectrum;
    /// cut to its size and scaled so that the variance is exact.
    pub(super) fn filter(&self) -> Vec<f32> {
        let amplitudes: Vec<_> = self.0.iter().map(|power| (power.sqrt(), 0.0)).collect();
        let whole = transformed(&amplitudes); // even and real: forward is inverse, but for a factor
        let fold = |n: usize| (n + SIDE - RADIUS) % SIDE;
        let soft = |n: usize| {
            let edge = (n as f32 - RADIUS as f32).abs() / (RADIUS as f32 + 1.0);
            if edge < 0.5 { 1.0 } else { 0.5 + 0.5 * (TAU * (edge - 0.5)).cos() }
        };
        let tap = |n: usize| {
            let (y, x) = (n / TAPS, n % TAPS);
            whole[fold(y) * SIDE + fold(x)].0 / (SIDE * SIDE) as f32 * soft(y) * soft(x)
        };
        let taps: Vec<f32> = (0..TAPS * TAPS).map(tap).collect();
        let energy = taps.iter().map(|tap| tap * tap).sum::<f32>().sqrt();
        let scale = if energy > 0.0 { self.sigma() / energy } else { 0.0 };
        taps.into_iter().map(|tap| tap * scale).collect()
    }
}

/// Distance from frequency 0 in cycles per pixel.
fn radius(n: usize) -> f32 {
    let frequency = |n: usize| n.min(SIDE - n) as f32 / SIDE as f32;
    frequency(n / SIDE).hypot(frequency(n % SIDE))
}

/// The two-dimensional Fourier transform of complex values, by its definition along rows, then along columns.
fn transformed(values: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let rows = along_rows(values);
    let turned: Vec<_> = (0..SIDE * SIDE).map(|n| rows[n % SIDE * SIDE + n / SIDE]).collect();
    let columns = along_rows(&turned);
    (0..SIDE * SIDE).map(|n| columns[n % SIDE * SIDE + n / SIDE]).collect()
}

fn along_rows(values: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let mut made = Vec::with_capacity(values.len());
    for row in values.chunks_exact(SIDE) {
        for frequency in 0..SIDE {
            let mut sum = (0.0, 0.0);
            for (x, (re, im)) in row.iter().enumerate() {
                let (cos, sin) = WAVES[x * frequency % SIDE];
                sum = (sum.0 + re * cos + im * sin, sum.1 + im * cos - re * sin);
            }
            made.push(sum);
        }
    }
    made
}
