//! Golden values (`tools/golden/sampling.py`), the sums printed in diffusers' own tests, orders of convergence, cancel.

mod guidance;
mod noise;
mod order;
mod published;
mod refusals;
mod schedules;
mod walks;

use std::path::Path as FilePath;

use danqing_capability::{CancelToken, Cancelled, Event, Progress};
use danqing_weights::{Limits, TensorFile, containers};

use super::{Denoiser, NoiseSource, Path, Sampler, SamplingError, Tuning, sample};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Sampling(#[from] SamplingError),
}

fn golden_file() -> TensorFile {
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/sampling.safetensors");
    containers::read(&path, &Limits::default()).unwrap()
}

fn golden(file: &TensorFile, name: &str) -> Vec<f32> {
    file.get(name).unwrap_or_else(|| panic!("no {name}")).to_f32().unwrap()
}

/// Every value within `absolute + relative·|expected|`.
fn assert_near(actual: &[f32], expected: &[f32], absolute: f32, relative: f32, name: &str) {
    assert_eq!(actual.len(), expected.len(), "{name}: number of values");
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= absolute + relative * b.abs(), "{name}[{i}]: {a}, expected {b}");
    }
}

/// A sampler run without an audience.
fn walked<D: Denoiser<Error = Failure>>(
    sampler: Sampler,
    x: Vec<f32>,
    path: &Path<'_>,
    tuning: &Tuning,
    denoiser: &mut D,
    noise: &mut dyn NoiseSource,
) -> Vec<f32> {
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    sample(sampler, x, path, tuning, denoiser, noise, &mut progress).unwrap()
}

/// No noise at all, where a sampler must not need any.
struct Silence;

impl NoiseSource for Silence {
    fn draw(&mut self, _: f64, _: f64) -> Vec<f32> {
        panic!("noise drawn");
    }
}
