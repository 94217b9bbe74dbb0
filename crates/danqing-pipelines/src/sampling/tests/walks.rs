//! Trajectories of k-diffusion and diffusers on a denoiser that is a formula.

use danqing_weights::TensorFile;

use super::super::noise::{NoiseOrder, Stream};
use super::super::{Churn, NoiseSource, NoiseTable, Path, Sampler, Schedule, Shape, StreamNoise, Tuning, input_scale};
use super::{Failure, Silence, assert_near, golden, golden_file, walked};

const VALUES: usize = 32;

/// The formula of `tools/golden/sampling.py`.
fn formula(x: f32, sigma: f64) -> f32 {
    let x = f64::from(x);
    (0.8 * x / (1.0 + sigma * sigma) + 0.5 * (2.0 * x / (1.0 + sigma)).sin() / (1.0 + 0.1 * sigma)) as f32
}

/// The golden file's noise in the order of asking.
struct Bank(Vec<f32>, usize);

impl NoiseSource for Bank {
    fn draw(&mut self, _: f64, _: f64) -> Vec<f32> {
        self.1 += 1;
        self.0[(self.1 - 1) * VALUES..self.1 * VALUES].to_vec()
    }
}

/// What the denoiser saw at the beginning of each step, and the end.
fn trajectory(file: &TensorFile, sampler: Sampler, levels: &str, tuning: &Tuning) -> Vec<f32> {
    let table = NoiseTable::stable_diffusion();
    let path = Path::new(golden(file, levels), &table).unwrap();
    let mut seen: Vec<Vec<f32>> = Vec::new();
    let mut denoiser = |x: &mut [f32], sigma: f64| {
        seen.push(x.to_vec());
        Ok::<_, Failure>(x.iter().map(|x| formula(*x, sigma)).collect())
    };
    let mut bank = Bank(golden(file, "walk.bank"), 0);
    let end = walked(sampler, golden(file, "walk.start"), &path, tuning, &mut denoiser, &mut bank);
    let looks = if sampler.looks_twice() { 2 } else { 1 };
    let mut all: Vec<f32> = seen.into_iter().step_by(looks).flatten().collect();
    all.extend(end);
    all
}

#[test]
fn trajectories_of_k_diffusion() {
    let file = golden_file();
    let plain = Tuning::default();
    let churn = Churn { amount: 4.0, sigma_min: 0.1, sigma_max: 10.0 };
    let churned = Tuning { churn, noise_scale: 1.01, ..plain };
    let other_eta = Tuning { eta: Some(0.6), noise_scale: 0.98, ..plain };
    let cases = [
        ("euler", Sampler::Euler, "walk.karras", plain),
        ("euler.churn", Sampler::Euler, "walk.karras", churned),
        ("euler.discard", Sampler::Euler, "walk.discard", plain),
        ("heun", Sampler::Heun, "walk.karras", plain),
        ("heun.churn", Sampler::Heun, "walk.karras", churned),
        ("dpm_2", Sampler::Dpm2, "walk.karras", plain),
        ("dpm_2.churn", Sampler::Dpm2, "walk.karras", churned),
        ("euler_ancestral", Sampler::EulerAncestral, "walk.karras", plain),
        ("euler_ancestral.eta", Sampler::EulerAncestral, "walk.karras", other_eta),
        ("dpm_2_ancestral", Sampler::Dpm2Ancestral, "walk.karras", plain),
        ("dpm_2_ancestral.eta", Sampler::Dpm2Ancestral, "walk.karras", other_eta),
        ("dpmpp_2s_ancestral", Sampler::Dpmpp2sAncestral, "walk.karras", plain),
        ("dpmpp_2s_ancestral.eta", Sampler::Dpmpp2sAncestral, "walk.karras", other_eta),
        ("dpmpp_sde", Sampler::DpmppSde, "walk.karras", plain),
        ("dpmpp_sde.eta", Sampler::DpmppSde, "walk.karras", other_eta),
        ("dpmpp_2m_sde", Sampler::Dpmpp2mSde, "walk.karras", plain),
        ("dpmpp_2m_sde.eta", Sampler::Dpmpp2mSde, "walk.karras", other_eta),
        ("dpmpp_2m_sde_heun", Sampler::Dpmpp2mSdeHeun, "walk.karras", plain),
        ("dpmpp_3m_sde", Sampler::Dpmpp3mSde, "walk.karras", plain),
        ("dpmpp_3m_sde.eta", Sampler::Dpmpp3mSde, "walk.karras", other_eta),
        ("lms", Sampler::Lms, "walk.karras", plain),
        ("dpmpp_2m", Sampler::Dpmpp2m, "walk.karras", plain),
        ("ipndm", Sampler::Ipndm, "walk.karras", plain),
    ];
    for (name, sampler, levels, tuning) in cases {
        let found = trajectory(&file, sampler, levels, &tuning);
        // Single against double precision over ten steps; beside the largest value of a step, as errors are.
        let expected = golden(&file, &format!("walk.{name}"));
        for (step, (found, expected)) in found.chunks(VALUES).zip(expected.chunks(VALUES)).enumerate() {
            let most = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            assert_near(found, expected, 4e-6 * most, 0.0, &format!("{name}, step {step}"));
        }
        assert_eq!(found.len(), expected.len(), "{name}");
    }
}

#[test]
fn restarts_go_back_up() {
    let file = golden_file();
    for steps in [20, 40] {
        let found = trajectory(&file, Sampler::Restart, &format!("walk.restart.sigmas.{steps}"), &Tuning::default());
        let end = &found[found.len() - VALUES..];
        assert_near(end, &golden(&file, &format!("walk.restart.{steps}")), 1e-5, 0.0, "restart");
    }
}

/// Runs as a diffusers pipeline would: noise of one seed, from its own scale to its own scale.
fn stepped(file: &TensorFile, name: &str, sampler: Sampler, eta: Option<f64>, sigmas: Vec<f32>, tolerance: f32) {
    let table = NoiseTable::stable_diffusion();
    let bank = golden(file, "walk.bank");
    let first = f64::from(sigmas[0]);
    let last = f64::from(sigmas[sigmas.len() - 1]);
    let x = bank[bank.len() - VALUES..].iter().map(|x| (f64::from(*x) / input_scale(first)) as f32).collect();
    let mut denoiser = |x: &mut [f32], sigma: f64| Ok::<_, Failure>(x.iter().map(|x| formula(*x, sigma)).collect());
    let path = Path::new(sigmas, &table).unwrap();
    let mut noise = StreamNoise::new(vec![Stream::new(NoiseOrder::Cpu, 11)], VALUES);
    let tuning = Tuning { eta, ..Tuning::default() };
    let end = walked(sampler, x, &path, &tuning, &mut denoiser, &mut noise);
    let end: Vec<f32> = end.iter().map(|x| (f64::from(*x) * input_scale(last)) as f32).collect();
    assert_near(&end, &golden(file, &format!("stepped.{name}")), tolerance, 0.0, name);
}

#[test]
fn trajectories_of_diffusers() {
    let file = golden_file();
    let table = NoiseTable::stable_diffusion();
    // Ends in single precision there, with x₀ made of a difference of large numbers in the first steps.
    let tolerance = 1e-5;
    let leading = || Schedule::Leading.sigmas(10, &table, &Shape::default());
    stepped(&file, "ddim.0.0", Sampler::Ddim, None, leading(), tolerance);
    stepped(&file, "ddim.0.7", Sampler::Ddim, Some(0.7), leading(), tolerance);
    stepped(&file, "plms", Sampler::Plms, None, leading(), tolerance);
    let trained = |name: &str| -> Vec<f32> {
        let timesteps = golden(&file, &format!("stepped.{name}.timesteps"));
        timesteps.into_iter().map(|t| table.sigmas()[t as usize]).chain([0.0]).collect()
    };
    for steps in [10, 20] {
        let name = format!("unipc.{steps}");
        stepped(&file, &name, Sampler::UniPc, None, trained(&name), tolerance);
        let name = format!("deis.{steps}");
        let mut levels = trained(&name);
        if let Some(last) = levels.last_mut() {
            *last = table.sigmas()[0];
        }
        stepped(&file, &name, Sampler::Deis, None, levels, tolerance);
    }
    stepped(&file, "dpmpp_2m", Sampler::Dpmpp2m, None, trained("dpmpp_2m"), tolerance);
    stepped(
        &file,
        "lcm",
        Sampler::Lcm,
        None,
        Sampler::Lcm.sigmas(Schedule::Automatic, 4, &table, &Shape::default()),
        tolerance,
    );
    let levels = || Sampler::Tcd.sigmas(Schedule::Automatic, 4, &table, &Shape::default());
    stepped(&file, "tcd.0.0", Sampler::Tcd, Some(0.0), levels(), tolerance);
    stepped(&file, "tcd.0.3", Sampler::Tcd, None, levels(), tolerance);
    stepped(&file, "tcd.1.0", Sampler::Tcd, Some(1.0), levels(), tolerance);
}

#[test]
fn certain_samplers_draw_no_noise() {
    let table = NoiseTable::stable_diffusion();
    let certain = [
        Sampler::Euler,
        Sampler::Heun,
        Sampler::Lms,
        Sampler::Dpm2,
        Sampler::Dpmpp2m,
        Sampler::Ddim,
        Sampler::Plms,
        Sampler::UniPc,
        Sampler::Deis,
        Sampler::Ipndm,
    ];
    for sampler in certain {
        let sigmas = sampler.sigmas(Schedule::Automatic, 8, &table, &Shape::default());
        let path = Path::new(sigmas, &table).unwrap();
        let mut denoiser = |x: &mut [f32], _: f64| Ok::<_, Failure>(vec![0.25; x.len()]);
        let end = walked(sampler, vec![10.0; 4], &path, &Tuning::default(), &mut denoiser, &mut Silence);
        if path.sigmas().last() == Some(&0.0) {
            assert_near(&end, &[0.25; 4], 1e-4, 0.0, &format!("{sampler:?}"));
        }
    }
}
