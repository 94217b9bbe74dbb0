//! Group, layer and RMS normalisation and gated activations against their definitions in `f64`, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_capability::CancelToken;
use danqing_nn::{
    Activation, Engine, EngineConfig, Error, FeatureMap, GatedLinear, GroupNorm, LayerNorm, Linear, Precision, RmsNorm,
    Shape, Weight, activate, affine, geglu,
};
use reference::{Random, engines, engines_of, weight};

const EPS: f64 = f32::EPSILON as f64;

fn map(engine: &Engine, random: &mut Random, shape: Shape) -> Result<FeatureMap, Error> {
    let x = FeatureMap::from_nhwc(engine, shape, random.values(shape.elements()?))?;
    affine(engine, x, 2.0, 5.0)
}

/// Mean, mean magnitude and variance.
fn moments(values: &[f64]) -> (f64, f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let magnitude = values.iter().map(|v| v.abs()).sum::<f64>() / count;
    (mean, magnitude, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count)
}

fn close(actual: f32, exact: f64, bound: f64, what: &str) {
    let error = (f64::from(actual) - exact).abs();
    assert!(error <= bound, "{what}: {actual}, exact {exact}, error {error:e}, bound {bound:e}");
}

#[test]
fn group_norm_equals_its_definition() -> Result<(), Error> {
    let mut random = Random::new(21);
    for engine in engines() {
        for (height, width, channels, groups) in
            [(1, 1, 4, 2), (5, 7, 18, 3), (33, 41, 32, 32), (3, 3, 320, 32), (64, 65, 12, 1)]
        {
            let shape = Shape::new(2, height, width, channels);
            let (w, b) = (weight(&mut random, &[channels]), weight(&mut random, &[channels]));
            let x = map(&engine, &mut random, shape)?;
            let norm = GroupNorm::new(groups, 1e-5, &w, &b)?;
            let (plain, bent) = (norm.forward(&engine, &x)?, norm.forward_with(&engine, &x, Some(&Activation::Silu))?);
            let (values, y, per_group) = (x.as_slice()?, plain.as_slice()?, channels / groups);
            for (picture, group) in (0..2).flat_map(|n| (0..groups).map(move |g| (n, g))) {
                let places: Vec<usize> = (0..height * width * per_group)
                    .map(|i| (picture * height * width + i / per_group) * channels + group * per_group + i % per_group)
                    .collect();
                let all: Vec<f64> = places.iter().map(|&at| f64::from(values[at])).collect();
                let (mean, magnitude, variance) = moments(&all);
                let deviation = (variance + f64::from(1e-5_f32)).sqrt();
                for (&at, x) in places.iter().zip(all) {
                    let (w, b) = (f64::from(w.values()[at % channels]), f64::from(b.values()[at % channels]));
                    let bound = 40.0 * EPS * ((x.abs() + magnitude) / deviation * w.abs() + b.abs());
                    close(y[at], (x - mean) / deviation * w + b, bound, &format!("{shape} in {groups} groups"));
                }
            }
            assert_eq!(bent.to_nhwc()?, activate(&engine, plain, &Activation::Silu)?.to_nhwc()?);
        }
    }
    Ok(())
}

#[test]
fn layer_and_rms_norm_equal_their_definitions() -> Result<(), Error> {
    let mut random = Random::new(22);
    for engine in engines() {
        for channels in [1, 7, 33, 64, 1280] {
            let shape = Shape::new(2, 3, 5, channels);
            let (w, b) = (weight(&mut random, &[channels]), weight(&mut random, &[channels]));
            let x = map(&engine, &mut random, shape)?;
            let layer = LayerNorm::new(1e-5, &w, &b)?.forward(&engine, &x)?;
            let rms = RmsNorm::new(1e-6, &w)?.forward(&engine, &x)?;
            let growth = (channels as f64 / 16.0 + 16.0) * EPS;
            for (pixel, row) in x.as_slice()?.chunks(channels).enumerate() {
                let row: Vec<f64> = row.iter().map(|&v| f64::from(v)).collect();
                let (mean, magnitude, variance) = moments(&row);
                let deviation = (variance + f64::from(1e-5_f32)).sqrt();
                let power = row.iter().map(|v| v * v).sum::<f64>() / channels as f64;
                for (channel, &x) in row.iter().enumerate() {
                    let (w, b) = (f64::from(w.values()[channel]), f64::from(b.values()[channel]));
                    let at = pixel * channels + channel;
                    let bound = growth * ((x.abs() + magnitude) / deviation * w.abs() + b.abs());
                    let what = format!("{channels} channels");
                    close(layer.as_slice()?[at], (x - mean) / deviation * w + b, bound, &what);
                    let exact = x / (power + f64::from(1e-6_f32)).sqrt() * w;
                    close(rms.as_slice()?[at], exact, growth * exact.abs(), &what);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn geglu_is_the_first_half_times_gelu_of_the_second() -> Result<(), Error> {
    let mut random = Random::new(23);
    for engine in engines() {
        let shape = Shape::new(2, 3, 5, 2 * 37);
        let x = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
        let gates = activate(&engine, x.clone(), &Activation::Gelu)?;
        let y = geglu(&engine, &x)?;
        assert_eq!(y.shape(), shape.with_channels(37));
        for (at, &y) in y.as_slice()?.iter().enumerate() {
            let first = at / 37 * 74 + at % 37;
            assert_eq!(y, x.as_slice()?[first] * gates.as_slice()?[first + 37]);
        }
    }
    Ok(())
}

#[test]
fn a_gated_layer_equals_its_two_steps_to_the_bit_and_counts_their_operations() -> Result<(), Error> {
    let mut random = Random::new(24);
    for engine in Precision::ALL.into_iter().flat_map(engines_of) {
        // Whole and broken panels, several tasks of pixels, several ranges of channels, odd reductions.
        for (pixels, input, out) in [(1, 1, 1), (5, 7, 3), (100, 40, 16), (7, 33, 37), (3, 700, 300), (2, 64, 1280)] {
            let shape = Shape::new(2, 1, pixels, input);
            let x = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
            let (w, b) = (weight(&mut random, &[2 * out, input]), weight(&mut random, &[2 * out]));
            for bias in [None, Some(&b)] {
                let linear = Linear::new(&engine, &w, bias)?;
                let before = engine.operations();
                // Apart, the values between the steps would be rounded in bf16, which the gated layer never does.
                let full = engine.in_f32();
                let steps = geglu(&full, &linear.forward(&full, &x)?)?;
                let between = engine.operations();
                let y = GatedLinear::new(&engine, &w, bias)?.forward(&engine, &x)?;
                let what = format!("{} {input} to {out}", engine.backend());
                assert_eq!(y.shape(), shape.with_channels(out), "{what}");
                // Few outputs of many inputs are summed in another order, and in `f32`.
                if 2 * out > 4 {
                    let steps = steps.to_dtype(&engine, y.dtype())?;
                    assert_eq!(y.to_nhwc()?, steps.to_nhwc()?, "{what}");
                }
                assert_eq!(engine.operations() - between, between - before, "{what}");
            }
        }
    }
    Ok(())
}

#[test]
fn norms_and_gates_do_not_depend_on_threads() -> Result<(), Error> {
    let run = |threads| -> Result<[Vec<f32>; 3], Error> {
        let engine = Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?;
        let mut random = Random::new(25);
        let x = map(&engine, &mut random, Shape::new(2, 33, 31, 72))?;
        let (w, b) = (weight(&mut random, &[72]), weight(&mut random, &[72]));
        let gate = GatedLinear::new(&engine, &weight(&mut random, &[100, 72]), None)?.forward(&engine, &x)?;
        let group = GroupNorm::new(8, 1e-5, &w, &b)?.forward_with(&engine, &x, Some(&Activation::Silu))?;
        Ok([gate.to_nhwc()?, group.to_nhwc()?, LayerNorm::new(1e-5, &w, &b)?.forward(&engine, &x)?.to_nhwc()?])
    };
    assert_eq!(run(1)?, run(3)?);
    Ok(())
}

#[test]
fn misfits_are_named_and_cancelled_work_stops() -> Result<(), Error> {
    let engine = &engines()[0];
    let ones = |count: usize| Weight::new(&[count], vec![1.0; count]).expect("fits");
    let refusals = [
        GroupNorm::new(0, 1e-5, &ones(4), &ones(4)).err().map(|e| e.to_string()),
        GroupNorm::new(3, 1e-5, &ones(4), &ones(4)).err().map(|e| e.to_string()),
        GroupNorm::new(2, f32::NAN, &ones(4), &ones(4)).err().map(|e| e.to_string()),
        LayerNorm::new(1e-5, &ones(4), &ones(5)).err().map(|e| e.to_string()),
        RmsNorm::new(-1.0, &ones(4)).err().map(|e| e.to_string()),
        GatedLinear::new(engine, &Weight::new(&[3, 4], vec![1.0; 12])?, None).err().map(|e| e.to_string()),
        GatedLinear::new(engine, &Weight::new(&[4, 3], vec![1.0; 12])?, Some(&ones(2))).err().map(|e| e.to_string()),
    ];
    assert!(refusals.iter().all(Option::is_some), "{refusals:?}");
    let x = FeatureMap::filled(engine, Shape::new(1, 8, 8, 5), 1.0)?;
    let (group, layer) = (GroupNorm::new(2, 1e-5, &ones(4), &ones(4))?, LayerNorm::new(1e-5, &ones(5), &ones(5))?);
    assert_eq!(group.forward(engine, &x).err(), Some(Error::Channels { what: "GroupNorm", actual: 5, expected: 4 }));
    assert_eq!(geglu(engine, &x).err(), Some(Error::Channels { what: "geglu", actual: 5, expected: 6 }));
    let gated = GatedLinear::new(engine, &Weight::new(&[4, 3], vec![1.0; 12])?, None)?;
    assert_eq!(gated.forward(engine, &x).err(), Some(Error::Channels { what: "GatedLinear", actual: 5, expected: 3 }));
    let token = CancelToken::default();
    token.cancel();
    let stopped = engine.with_cancel(token);
    assert!(matches!(layer.forward(&stopped, &x), Err(Error::Cancelled(_))));
    Ok(())
}
