use std::sync::atomic::{AtomicUsize, Ordering};

use danqing_capability::{CancelToken, Event, Progress};

use super::super::noise::{NoiseOrder, Stream};
use super::super::{NoiseTable, Path, Sampler, Schedule, Shape, StreamNoise, Tuning, sample};
use super::{Failure, Silence, walked};

#[test]
fn paths_must_fall() {
    let table = NoiseTable::stable_diffusion();
    let cases = [
        (vec![1.0, 2.0], 1),
        (vec![1.0, 1.0], 1),
        (vec![3.0, 1.0, -0.5], 2),
        (vec![f32::NAN, 0.0], 0),
        (vec![f32::INFINITY, 0.0], 0),
        (vec![1.0, 0.0, 0.0], 2),
    ];
    for (levels, index) in cases {
        let error = Path::new(levels.clone(), &table).unwrap_err();
        assert_eq!(error.index, index, "{levels:?}: {error}");
    }
    let error = Path::new(vec![1.0, 2.0], &table).unwrap_err();
    assert_eq!(error.to_string(), "noise level 1 is 2, expected a number from 0 to below 1");
}

#[test]
fn no_level_or_one_leaves_the_latent() {
    let table = NoiseTable::stable_diffusion();
    for sampler in Sampler::ALL {
        for levels in [vec![], vec![5.0]] {
            let path = Path::new(levels, &table).unwrap();
            let mut never = |_: &mut [f32], _: f64| -> Result<Vec<f32>, Failure> { panic!("asked") };
            let end = walked(sampler, vec![1.0, 2.0], &path, &Tuning::default(), &mut never, &mut Silence);
            assert_eq!(end, [1.0, 2.0], "{sampler:?}");
        }
    }
}

#[test]
fn a_denoiser_of_another_size_is_a_defect_with_a_name() {
    let table = NoiseTable::stable_diffusion();
    let path = Path::new(vec![2.0, 1.0, 0.0], &table).unwrap();
    let mut short = |_: &mut [f32], _: f64| Ok::<_, Failure>(vec![0.0; 3]);
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let error =
        sample(Sampler::Euler, vec![0.0; 4], &path, &Tuning::default(), &mut short, &mut Silence, &mut progress);
    assert_eq!(error.unwrap_err().to_string(), "the denoiser gave 3 values, expected 4");
}

#[test]
fn every_sampler_reports_its_steps_and_stops_when_told() {
    let table = NoiseTable::stable_diffusion();
    for sampler in Sampler::ALL {
        let path = Path::new(sampler.sigmas(Schedule::Automatic, 6, &table, &Shape::default()), &table).unwrap();
        let run = |token: &CancelToken, looks: &AtomicUsize| {
            let mut steps = Vec::new();
            let mut sink = |event: Event| {
                if let Event::Step { stage, done, total } = event {
                    steps.push((stage, done, total));
                }
            };
            let mut denoiser = |x: &mut [f32], _: f64| {
                if looks.fetch_add(1, Ordering::Relaxed) == 2 {
                    token.cancel();
                }
                Ok::<_, Failure>(vec![0.0; x.len()])
            };
            let mut noise = StreamNoise::new(vec![Stream::new(NoiseOrder::Cpu, 1)], 4);
            let mut progress = Progress::new(token.clone(), &mut sink);
            let end =
                sample(sampler, vec![1.0; 4], &path, &Tuning::default(), &mut denoiser, &mut noise, &mut progress);
            (end, steps)
        };
        let looks = AtomicUsize::new(3); // beyond the look that cancels
        let (end, steps) = run(&CancelToken::default(), &looks);
        assert!(end.is_ok(), "{sampler:?}");
        assert_eq!(steps, (1..=6).map(|done| ("denoise", done, 6)).collect::<Vec<_>>(), "{sampler:?}");
        let expected = if sampler.looks_twice() { 11 } else { 6 + usize::from(sampler == Sampler::Plms) };
        assert_eq!(looks.load(Ordering::Relaxed) - 3, expected, "{sampler:?}: looks");

        let looks = AtomicUsize::new(0);
        let (end, _) = run(&CancelToken::default(), &looks);
        assert!(matches!(end, Err(Failure::Cancelled(_))), "{sampler:?}");
        assert_eq!(looks.load(Ordering::Relaxed), 3, "{sampler:?}: no look after the cancel");
    }
}
