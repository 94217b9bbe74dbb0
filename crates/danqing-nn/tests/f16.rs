//! Weights that half precision holds: kept in half the memory, with the results of `f32` to the bit, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_nn::{
    Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Engine, Epilogue, Error, FeatureMap, Linear,
    Precision, Shape, Weight,
};
use reference::{ConvCase, Random, Sum, assert_within, engines_of, random_case};

fn engines() -> Vec<Engine> {
    engines_of(Precision::F32)
}

/// Values of half precision: whole numbers of 2⁻¹⁰, and every fifth one too small for a normal half.
fn halves(random: &mut Random, shape: &[usize]) -> Weight {
    let value = |index: usize, value: f32| {
        let steps = (value * 1024.0).round();
        if index.is_multiple_of(5) { steps * 2.0_f32.powi(-24) } else { steps * 2.0_f32.powi(-10) }
    };
    let count = shape.iter().product();
    let values = random.values(count).into_iter().enumerate().map(|(index, x)| value(index, x)).collect();
    Weight::new(shape, values).expect("as many values as the shape")
}

/// The weight with one more output channel, whose values no half holds.
fn and_another(weight: &Weight) -> Weight {
    let (mut shape, mut values) = (weight.shape().to_vec(), weight.values().to_vec());
    values.extend(std::iter::repeat_n(0.1, values.len() / shape[0]));
    shape[0] += 1;
    Weight::new(&shape, values).expect("as many values as the shape")
}

fn check(case: &ConvCase, random: &mut Random) -> Result<(), Error> {
    let (kh, kw) = case.kernel;
    let w = halves(random, &[case.out_channels, case.shape.channels / case.groups, kh, kw]);
    let (bias, x) = (vec![0.0; case.out_channels], random.values(case.shape.elements()?));
    let (_, sums) = reference::conv2d(case, &x, w.values(), &bias);
    for engine in engines() {
        let ConvCase { stride, padding, dilation, groups, mode, .. } = *case;
        let config = Conv2dConfig { stride, padding, dilation, groups, padding_mode: mode };
        let what = format!("{} {:?} of {} to {}", engine.tier(), case.kernel, case.shape, case.out_channels);
        let map = FeatureMap::from_nchw(&engine, case.shape, &x)?;
        let y = Conv2d::new(&engine, config, &w, None)?.forward(&engine, &map)?;
        assert_within(&y, &sums, Sum::bound, &what)?;
        // More than four outputs: fewer take another kernel.
        if groups == 1 && case.out_channels > 4 {
            let more = Conv2d::new(&engine, config, &and_another(&w), None)?.forward(&engine, &map)?.to_nchw()?;
            let (ours, pixels) = (y.to_nchw()?, y.shape().height * y.shape().width);
            let pictures = ours.chunks(pixels * case.out_channels).zip(more.chunks(pixels * (case.out_channels + 1)));
            for (half, full) in pictures {
                let is_same = half.iter().zip(full).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(is_same, "{what}: not the bits of f32");
            }
        }
    }
    Ok(())
}

#[test]
fn conv2d_has_the_bits_of_f32_on_odd_shapes() -> Result<(), Error> {
    let mut random = Random::new(301);
    for _ in 0..100 {
        let case = random_case(&mut random);
        check(&case, &mut random)?;
    }
    Ok(())
}

#[test]
fn long_reductions_and_several_maps_are_the_same() -> Result<(), Error> {
    let mut random = Random::new(302);
    let shape = Shape::new(1, 9, 11, 70);
    let (w, first, second) =
        (halves(&mut random, &[40, 140, 3, 3]), random.values(9 * 11 * 70), random.values(9 * 11 * 70));
    for engine in engines() {
        let (a, b) = (
            FeatureMap::from_nhwc(&engine, shape, first.clone())?,
            FeatureMap::from_nhwc(&engine, shape, second.clone())?,
        );
        let run = |weight: &Weight| {
            let layer = Conv2d::new(&engine, Conv2dConfig::same(3), weight, None)?;
            layer.forward_concat(&engine, &[&a, &b], Epilogue::default())?.to_nhwc()
        };
        let (half, full) = (run(&w)?, run(&and_another(&w))?);
        assert!(half.chunks(40).zip(full.chunks(41)).all(|(half, full)| half == &full[..40]), "{}", engine.tier());
    }
    Ok(())
}

#[test]
fn transposed_convolutions_equal_their_definition() -> Result<(), Error> {
    let mut random = Random::new(303);
    let config = ConvTranspose2dConfig { stride: 2, padding: 1, ..ConvTranspose2dConfig::default() };
    let (w, x) = (halves(&mut random, &[21, 37, 4, 4]), random.values(7 * 9 * 21));
    for engine in engines() {
        let run = |weight: &Weight| {
            let map = FeatureMap::from_nhwc(&engine, Shape::new(1, 7, 9, 21), x.clone())?;
            ConvTranspose2d::new(&engine, config, weight, None)?.forward(&engine, &map)?.to_nhwc()
        };
        // Twice the weights, less the smallest part of one that a half has no place for, give twice the sums or almost.
        let mut values: Vec<f32> = w.values().iter().map(|value| value * 2.0).collect();
        values[1] = values[1].next_up();
        let (half, full) = (run(&w)?, run(&Weight::new(w.shape(), values)?)?);
        for (half, full) in half.into_iter().zip(full) {
            assert!((half * 2.0 - full).abs() < 1e-5, "{}: {half}, {full}", engine.tier());
        }
    }
    Ok(())
}

#[test]
fn weights_take_half_the_memory_and_others_all_of_it() -> Result<(), Error> {
    let mut random = Random::new(304);
    let w = halves(&mut random, &[256, 512]);
    let mut other = w.values().to_vec();
    other[77] = 0.1;
    let others = [0.1, 65_536.0, f32::NAN, f32::INFINITY, 1e-9].map(|value| {
        other[77] = value;
        Weight::new(w.shape(), other.clone()).expect("as many values as the shape")
    });
    for engine in engines() {
        let bytes = |engine: &Engine, weight: &Weight| {
            let before = engine.memory().live_bytes;
            let layer = Linear::new(engine, weight, None)?;
            let taken = engine.memory().live_bytes - before;
            drop(layer);
            Ok::<_, Error>(taken)
        };
        assert_eq!(bytes(&engine, &w)?, 256 * 512 * 2, "{}", engine.tier());
        for other in &others {
            assert_eq!(bytes(&engine, other)?, 256 * 512 * 4, "{}", engine.tier());
        }
    }
    Ok(())
}
