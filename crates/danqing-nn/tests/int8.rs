//! Weights in int8 against their definition in `f64`, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Conv2dGradient, ConvTranspose2d, ConvTranspose2dConfig, ConvolutionMethod,
    Engine, EngineConfig, Epilogue, Error, FeatureMap, Linear, PadMode, Padding, Precision, Shape, Tier, Weight,
    concat, matmul,
};
use reference::{ConvCase, Random, Sum, TransposeCase, assert_within, engines_of, products, random_case, weight};

/// That convolve by the definition: minimal filtering has its tests in winograd.rs.
fn engines() -> Vec<Engine> {
    let engines = engines_of(Precision::Int8).into_iter();
    engines.map(|engine| engine.with_convolutions(ConvolutionMethod::Direct)).collect()
}

/// What an output channel's weights become, and the most that one of them moves.
struct Stored {
    weights: Weight,
    half_scales: Vec<f64>,
}

/// By definition; `channel` gives the output channel of a place in `weight`.
fn stored(weight: &Weight, channels: usize, channel: impl Fn(usize) -> usize) -> Stored {
    let mut scales = vec![0.0_f32; channels];
    for (place, value) in weight.values().iter().enumerate() {
        scales[channel(place)] = scales[channel(place)].max(value.abs() / 127.0);
    }
    let value = |(place, &value): (usize, &f32)| {
        let scale = f64::from(scales[channel(place)]);
        // Exact in f64, then the one rounding that a product of 8 and 24 bits needs.
        ((f64::from(value) / scale).round_ties_even() * scale) as f32
    };
    let values = weight.values().iter().enumerate().map(value).collect();
    let half_scales = scales.iter().map(|&scale| f64::from(scale) / 2.0).collect();
    Stored { weights: Weight::new(weight.shape(), values).expect("the same shape"), half_scales }
}

/// Sums of `|x|` under the window, to bound what moved weights change.
fn magnitudes(case: &ConvCase, x: &[f32], count: usize) -> Vec<f64> {
    let x: Vec<f32> = x.iter().map(|value| value.abs()).collect();
    let (_, sums) = reference::conv2d(case, &x, &vec![1.0; count], &vec![0.0; case.out_channels]);
    sums.iter().map(|sum| sum.value).collect()
}

/// Tight against the stored weights (their own rounding to `f32` besides), loose against those of the checkpoint.
fn check_conv(case: &ConvCase, random: &mut Random) -> Result<(), Error> {
    let ((kh, kw), per_group) = (case.kernel, case.shape.channels / case.groups);
    let w = weight(random, &[case.out_channels, per_group, kh, kw]);
    let (bias, x) = (weight(random, &[case.out_channels]), random.values(case.shape.elements()?));
    let is_depthwise = per_group == 1 && case.out_channels == case.groups && case.groups > 1;
    let is_few = case.groups == 1 && per_group >= 16 && case.out_channels <= 4;
    let int8 = stored(&w, case.out_channels, |place| place / (per_group * kh * kw));
    let (_, exact) = reference::conv2d(case, &x, w.values(), bias.values());
    let (shape, near) = reference::conv2d(case, &x, int8.weights.values(), bias.values());
    let inputs = magnitudes(case, &x, w.values().len());
    for engine in engines() {
        let ConvCase { stride, padding, dilation, groups, mode, .. } = *case;
        let config = Conv2dConfig { stride, padding, dilation, groups, padding_mode: mode };
        let what = format!("{} {:?} of {} to {} {config:?}", engine.tier(), case.kernel, case.shape, case.out_channels);
        let map = FeatureMap::from_nchw(&engine, case.shape, &x)?;
        let y = Conv2d::new(&engine, config, &w, Some(&bias))?.forward(&engine, &map)?;
        if is_depthwise || is_few {
            assert_within(&y, &exact, Sum::bound, &what)?;
            continue;
        }
        assert_within(&y, &near, Sum::bound, &what)?;
        let pixels = shape.height * shape.width;
        for (index, (value, sum)) in y.to_nchw()?.into_iter().zip(&exact).enumerate() {
            let moved = int8.half_scales[index / pixels % case.out_channels] * inputs[index];
            let error = (f64::from(value) - sum.value).abs();
            assert!(error <= sum.bound() + moved * 1.001, "{what}: value {index}: {error} of {moved}");
        }
    }
    Ok(())
}

#[test]
fn conv2d_equals_its_definition_on_odd_shapes() -> Result<(), Error> {
    let mut random = Random::new(201);
    for _ in 0..100 {
        let case = random_case(&mut random);
        check_conv(&case, &mut random)?;
    }
    Ok(())
}

#[test]
fn conv2d_equals_its_definition_where_the_reduction_is_cut() -> Result<(), Error> {
    let mut random = Random::new(202);
    // Reductions around and above one chunk, output channels above one task, pixels above one block, groups, strips.
    for (channels, out, kernel, side, groups) in [
        (320, 20, 1, 3, 1),
        (321, 9, 1, 3, 1),
        (700, 35, 3, 3, 1),
        (40, 640, 3, 4, 1),
        (3, 48, 3, 23, 1),
        (31, 31, 3, 17, 1),
        (66, 70, 3, 9, 2),
        (8, 5, 5, 9, 1),
        (1, 1, 1, 1, 1),
    ] {
        let case = ConvCase {
            shape: Shape::new(1, side, side + 1, channels),
            out_channels: out,
            kernel: (kernel, kernel),
            stride: 1,
            dilation: 1,
            groups,
            padding: Padding::symmetric(kernel / 2),
            mode: PadMode::Zero,
        };
        check_conv(&case, &mut random)?;
    }
    Ok(())
}

#[test]
fn transposed_convolutions_have_one_scale_per_output_channel() -> Result<(), Error> {
    let mut random = Random::new(203);
    for (channels, out_channels, groups, stride) in
        [(6, 8, 2, 2), (33, 17, 1, 2), (64, 5, 1, 1), (5, 40, 1, 3), (6, 5, 1, 5)]
    {
        let case = TransposeCase {
            shape: Shape::new(2, 5, 7, channels),
            out_channels,
            kernel: (4, 3),
            stride,
            padding: 1,
            output_padding: 0,
            dilation: 1,
            groups,
        };
        let per_group = out_channels / groups;
        let w = weight(&mut random, &[channels, per_group, 4, 3]);
        let channel = |place: usize| place / 12 / per_group / (channels / groups) * per_group + place / 12 % per_group;
        let int8 = stored(&w, out_channels, channel);
        let (bias, x) = (weight(&mut random, &[out_channels]), random.values(case.shape.elements()?));
        let (_, sums) = reference::conv_transpose2d(&case, &x, int8.weights.values(), bias.values());
        for engine in engines() {
            let config = ConvTranspose2dConfig { stride, padding: 1, groups, ..ConvTranspose2dConfig::default() };
            let layer = ConvTranspose2d::new(&engine, config, &w, Some(&bias))?;
            let y = layer.forward(&engine, &FeatureMap::from_nchw(&engine, case.shape, &x)?)?;
            assert_within(&y, &sums, Sum::bound, &format!("{} {channels} to {out_channels}", engine.tier()))?;
        }
    }
    Ok(())
}

#[test]
fn linear_layers_are_quantised_and_products_of_maps_are_not() -> Result<(), Error> {
    let mut random = Random::new(204);
    for (rows, k, columns) in [(1, 1, 5), (7, 5, 33), (1, 512, 17), (33, 31, 32), (100, 1000, 64)] {
        let (a, b) = (random.values(rows * k), weight(&mut random, &[columns, k]));
        let int8 = stored(&b, columns, |place| place / k);
        let sums = products(&a, |i, column| int8.weights.values()[column * k + i], k, columns);
        let turned: Vec<f32> = (0..k * columns).map(|at| b.values()[at % columns * k + at / columns]).collect();
        for engine in engines() {
            let what = format!("{} {rows}×{k}×{columns}", engine.tier());
            let x = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, rows, k), a.clone())?;
            let y = Linear::new(&engine, &b, None)?.forward(&engine, &x)?.to_nhwc()?;
            for (value, sum) in y.iter().zip(&sums) {
                assert!((f64::from(*value) - sum.value).abs() <= sum.bound(), "{what}: {value}, {}", sum.value);
            }
            let right = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, k, columns), turned.clone())?;
            let whole = engine.in_f32();
            assert_eq!(matmul(&engine, &x, &right)?.to_nhwc()?, matmul(&whole, &x, &right)?.to_nhwc()?, "{what}");
        }
    }
    Ok(())
}

#[test]
fn the_bias_and_what_follows_it_are_not_scaled() -> Result<(), Error> {
    // Weights of −127, 0 and 127 scales are stored exactly, so that both precisions have the same sums but for rounding.
    let mut random = Random::new(205);
    let values = (0..40 * 24 * 9).map(|_| random.pick(&[-0.25_f32, 0.0, 0.25])).collect();
    let (w, shape) = (Weight::new(&[40, 24, 3, 3], values)?, Shape::new(1, 9, 10, 24));
    let (x, bias) = (random.values(shape.elements()?), weight(&mut random, &[40]));
    for engine in engines() {
        let run = |engine: &Engine| {
            let map = FeatureMap::from_nhwc(engine, shape, x.clone())?;
            let skip = FeatureMap::filled(engine, shape.with_channels(40), 0.5)?;
            let conv = Conv2d::new(engine, Conv2dConfig::same(3), &w, Some(&bias))?;
            conv.forward_with(engine, &map, Epilogue::activation(Activation::Silu).with_skip(&skip))?.to_nhwc()
        };
        for (int8, float) in run(&engine)?.into_iter().zip(run(&engine.in_f32())?) {
            assert!((int8 - float).abs() < 2e-5, "{}: {int8}, in f32 {float}", engine.tier());
        }
    }
    Ok(())
}

#[test]
fn weights_take_a_quarter_of_the_memory() -> Result<(), Error> {
    let w = weight(&mut Random::new(206), &[256, 256, 3, 3]);
    for engine in engines() {
        let bytes = |engine: &Engine| {
            let before = engine.memory().live_bytes;
            let layer = Conv2d::new(engine, Conv2dConfig::same(3), &w, None)?;
            let taken = engine.memory().live_bytes - before;
            drop(layer);
            Ok::<_, Error>(taken)
        };
        let (quarter, full) = (bytes(&engine)?, bytes(&engine.in_f32())?);
        assert_eq!((quarter * 4, full), (full, 256 * 256 * 9 * 4), "{}", engine.tier());
    }
    Ok(())
}

#[test]
fn weights_that_are_not_finite_are_refused_and_inputs_are_not() -> Result<(), Error> {
    let shape = Shape::new(1, 20, 21, 33);
    for engine in engines() {
        let mut values = vec![0.5; 35 * 33];
        values[7 * 33 + 2] = f32::NEG_INFINITY;
        let refused = Linear::new(&engine, &Weight::new(&[35, 33], values)?, None).err();
        assert_eq!(refused, Some(Error::NotFinite { channel: 7, actual: "-inf".into() }), "{}", engine.tier());
        for value in [f32::NAN, f32::INFINITY] {
            let mut x = vec![1.0; shape.elements()?];
            x[(4 * 21 + 5) * 33 + 32] = value;
            let map = FeatureMap::from_nhwc(&engine, shape, x)?;
            let w = Weight::new(&[35, 33, 3, 3], vec![1.0; 35 * 33 * 9])?;
            let y = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?.forward(&engine, &map)?.to_nhwc()?;
            for (index, &sum) in y.iter().enumerate() {
                let is_read = (index / 35 / 21).abs_diff(4) <= 1 && (index / 35 % 21).abs_diff(5) <= 1;
                let expected = if value.is_nan() { sum.is_nan() } else { sum == value };
                assert!(if is_read { expected } else { sum.is_finite() }, "{}: {index}: {sum}", engine.tier());
            }
        }
    }
    Ok(())
}

#[test]
fn maps_side_by_side_equal_their_concatenation_to_the_bit() -> Result<(), Error> {
    let mut random = Random::new(207);
    for engine in engines() {
        for (parts, out_channels) in [(&[64, 32, 32][..], 32), (&[5, 1, 17], 19), (&[300, 302], 7)] {
            let total: usize = parts.iter().sum();
            let conv =
                Conv2d::new(&engine, Conv2dConfig::same(3), &weight(&mut random, &[out_channels, total, 3, 3]), None)?;
            let maps = parts.iter().map(|&channels| {
                FeatureMap::from_nhwc(&engine, Shape::new(2, 7, 11, channels), random.values(2 * 7 * 11 * channels))
            });
            let maps = maps.collect::<Result<Vec<_>, _>>()?;
            let maps: Vec<_> = maps.iter().collect();
            let copied = conv.forward(&engine, &concat(&engine, &maps)?)?;
            let in_place = conv.forward_concat(&engine, &maps, Epilogue::default())?;
            assert_eq!(in_place.to_nhwc()?, copied.to_nhwc()?, "{}: {parts:?}", engine.tier());
        }
    }
    Ok(())
}

#[test]
#[allow(clippy::needless_update, reason = "the feature `candle` has a field more")]
fn results_do_not_depend_on_the_number_of_threads() -> Result<(), Error> {
    let mut random = Random::new(208);
    let shape = Shape::new(1, 37, 41, 70);
    let (x, w) = (random.values(shape.elements()?), weight(&mut random, &[100, 70, 3, 3]));
    for tier in engines().iter().map(Engine::tier) {
        let bits = |threads| {
            let config = EngineConfig {
                threads: Some(threads),
                tier: Some(tier),
                precision: Some(Precision::Int8),
                ..EngineConfig::default()
            };
            let engine = Engine::new(config)?;
            let map = FeatureMap::from_nhwc(&engine, shape, x.clone())?;
            let y = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?.forward(&engine, &map)?;
            Ok::<_, Error>(y.to_nhwc()?.into_iter().map(f32::to_bits).collect::<Vec<_>>())
        };
        let one = bits(1)?;
        for threads in [2, 3, 8] {
            assert!(bits(threads)? == one, "{tier}, {threads} threads");
        }
    }
    Ok(())
}

#[test]
fn gradients_stay_in_f32_and_the_backend_says_int8() -> Result<(), Error> {
    let mut random = Random::new(210);
    let (w, shape) = (weight(&mut random, &[20, 12, 3, 3]), Shape::new(1, 6, 7, 12));
    let values = random.values(6 * 7 * 20);
    for engine in engines() {
        let run = |engine: &Engine| {
            let gradient = FeatureMap::from_nhwc(engine, Shape::new(1, 6, 7, 20), values.clone())?;
            Conv2dGradient::new(engine, Conv2dConfig::same(3), &w)?.forward(engine, shape, &gradient)?.to_nhwc()
        };
        assert_eq!(run(&engine)?, run(&engine.in_f32())?, "{}", engine.tier());
        // AMX has no tiles for it: the AVX-512 kernels run, and the backend says so.
        let kernels = if engine.tier() == Tier::Amx { Tier::Avx512 } else { engine.tier() };
        assert_eq!(engine.backend(), format!("cpu-{kernels}-int8-direct"));
    }
    Ok(())
}
