//! Orders of convergence on data that is one Gaussian, where the way down is known exactly.

use super::super::{NoiseTable, Path, Sampler, Tuning, karras};
use super::{Failure, Silence, walked};

const MEAN: f64 = 0.7;
const SPREAD: f64 = 0.5;
const FROM: f64 = 10.0;
const TO: f64 = 0.05;

fn denoised(x: f32, sigma: f64) -> f32 {
    let (data, noise) = (SPREAD * SPREAD, sigma * sigma);
    ((data * f64::from(x) + noise * MEAN) / (data + noise)) as f32
}

/// Largest error at the end of a walk of `steps` steps.
fn error(sampler: Sampler, steps: usize) -> f64 {
    let table = NoiseTable::stable_diffusion();
    let levels = karras(steps + 1, TO, FROM, 7.0).into_iter().map(|level| level as f32).collect();
    let path = Path::new(levels, &table).unwrap();
    let start: Vec<f32> = (-4..=4).map(|i| i as f32 * 5.0).collect();
    let mut denoiser = |x: &mut [f32], sigma: f64| Ok::<_, Failure>(x.iter().map(|x| denoised(*x, sigma)).collect());
    let end = walked(
        sampler,
        start.clone(),
        &path,
        &Tuning { eta: Some(0.0), ..Tuning::default() },
        &mut denoiser,
        &mut Silence,
    );
    let shrink = ((SPREAD * SPREAD + TO * TO) / (SPREAD * SPREAD + FROM * FROM)).sqrt();
    let exact = start.iter().map(|x| MEAN + (f64::from(*x) - MEAN) * shrink);
    exact.zip(end).map(|(exact, found)| (exact - f64::from(found)).abs()).fold(0.0, f64::max)
}

#[test]
fn halving_the_step_divides_the_error_by_a_power_of_two() {
    // Lowest and highest order seen between 24 and 48, and 48 and 96 steps; later errors drown in single precision.
    let expected = [
        (Sampler::Euler, 0.85, 1.15),
        (Sampler::EulerAncestral, 0.85, 1.15),
        (Sampler::Ddim, 0.85, 1.15),
        (Sampler::Heun, 1.8, 2.4),
        (Sampler::Dpm2, 1.8, 2.4),
        (Sampler::Dpm2Ancestral, 1.8, 2.4),
        (Sampler::Dpmpp2sAncestral, 1.8, 2.4),
        (Sampler::Dpmpp2m, 1.7, 2.5),
        (Sampler::Deis, 1.7, 2.5),
        (Sampler::UniPc, 2.5, 4.2),
    ];
    for (sampler, low, high) in expected {
        let errors = [24, 48, 96].map(|steps| error(sampler, steps));
        let orders = [(errors[0] / errors[1]).log2(), (errors[1] / errors[2]).log2()];
        println!("{sampler:?}: {errors:?} {orders:?}");
        assert!(orders.iter().all(|order| (low..=high).contains(order)), "{sampler:?}: {orders:?} of {errors:?}");
    }
}

#[test]
fn multistep_beats_euler_at_equal_looks() {
    for sampler in [Sampler::Lms, Sampler::Dpmpp2m, Sampler::UniPc, Sampler::Deis, Sampler::Plms, Sampler::Ipndm] {
        assert!(error(sampler, 24) < error(Sampler::Euler, 24) / 2.0, "{sampler:?}: {}", error(sampler, 24));
    }
    for sampler in [Sampler::Heun, Sampler::Dpm2] {
        assert!(error(sampler, 12) < error(Sampler::Euler, 24), "{sampler:?}");
    }
}
