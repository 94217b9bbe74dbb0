//! 3×3 convolutions by minimal filtering against their definition in `f64` and against the direct method, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, ConvolutionMethod, DType, Engine, EngineConfig, Epilogue, Error, FeatureMap,
    Interpolation, PadMode, Padding, Precision, Shape, Tier, Weight, concat, resize,
};
use reference::{ConvCase, Random, Sum, engines, weight};

/// Few tiles and many, channels in part of a vector or panel, batch 2, every border.
fn cases() -> Vec<ConvCase> {
    let uneven = Padding { top: 0, bottom: 3, left: 2, right: 1 };
    let same = Padding::symmetric(1);
    [
        (Shape::new(1, 8, 8, 16), 16, same, PadMode::Zero),
        (Shape::new(2, 9, 13, 17), 33, same, PadMode::Zero),
        (Shape::new(1, 18, 30, 40), 12, Padding::default(), PadMode::Zero),
        (Shape::new(2, 7, 10, 70), 48, uneven, PadMode::Reflect),
        (Shape::new(1, 45, 47, 24), 20, uneven, PadMode::Replicate),
        (Shape::new(3, 30, 27, 19), 65, same, PadMode::Reflect),
        (Shape::new(1, 20, 21, 350), 31, same, PadMode::Zero),
        (Shape::new(1, 3, 130, 65), 130, Padding::symmetric(2), PadMode::Zero),
    ]
    .into_iter()
    .map(|(shape, out_channels, padding, mode)| ConvCase {
        shape,
        out_channels,
        kernel: (3, 3),
        stride: 1,
        dilation: 1,
        groups: 1,
        padding,
        mode,
    })
    .collect()
}

fn config(case: &ConvCase) -> Conv2dConfig {
    Conv2dConfig { padding: case.padding, padding_mode: case.mode, ..Conv2dConfig::default() }
}

fn direct(engine: &Engine) -> Engine {
    engine.with_convolutions(ConvolutionMethod::Direct)
}

/// The root of the mean square, of errors and of values.
fn error_and_size(y: &FeatureMap, sums: &[Sum]) -> Result<(f64, f64), Error> {
    let (mut error, mut size) = (0.0, 0.0);
    for (value, sum) in y.to_nchw()?.into_iter().zip(sums) {
        error += (f64::from(value) - sum.value).powi(2);
        size += sum.value.powi(2);
    }
    Ok(((error / sums.len() as f64).sqrt(), (size / sums.len() as f64).sqrt()))
}

/// The bound of each value that `Conv2d` promises, for values of magnitude 1 at most.
fn bound(case: &ConvCase, sum: &Sum) -> f64 {
    let channels = case.shape.channels as f64;
    (channels + 40.0) * f64::from(f32::EPSILON) * (sum.magnitude + 600.0 * channels)
}

#[test]
fn the_error_is_bounded_and_small_in_the_mean() -> Result<(), Error> {
    let mut random = Random::new(51);
    for case in cases() {
        let w = weight(&mut random, &[case.out_channels, case.shape.channels, 3, 3]);
        let bias = weight(&mut random, &[case.out_channels]);
        let x = random.values(case.shape.elements()?);
        let (shape, sums) = reference::conv2d(&case, &x, w.values(), bias.values());
        for engine in engines() {
            let what = format!("{} {} to {}", engine.tier(), case.shape, case.out_channels);
            let conv = Conv2d::new(&engine, config(&case), &w, Some(&bias))?;
            let map = FeatureMap::from_nchw(&engine, case.shape, &x)?;
            let (fast, plain) = (conv.forward(&engine, &map)?, conv.forward(&direct(&engine), &map)?);
            assert_eq!(fast.shape(), shape, "{what}");
            assert!(fast.to_nhwc()? != plain.to_nhwc()?, "{what} ran the same method twice");
            for (index, (value, sum)) in fast.to_nchw()?.into_iter().zip(&sums).enumerate() {
                let error = (f64::from(value) - sum.value).abs();
                assert!(error <= bound(&case, sum), "{what}: value {index} is {value}, exact {}", sum.value);
            }
            let ((error, size), (plain, _)) = (error_and_size(&fast, &sums)?, error_and_size(&plain, &sums)?);
            println!("{what}: {:.2e} of the values, direct {:.2e}", error / size, plain / size);
            // Measured: 5e-7 to 1.6e-6, 1.5 to 2.5 times the direct method's.
            assert!(error <= 3.5 * plain, "{what}: error {error}, direct {plain}");
        }
    }
    Ok(())
}

/// Inputs too many to be shared by tasks; weights too many to be transformed at once; against the direct method, whose
/// error is known.
#[test]
fn large_layers_equal_the_direct_method() -> Result<(), Error> {
    let mut random = Random::new(52);
    for (height, width, input, output) in [(65, 66, 700, 17), (41, 40, 2700, 81)] {
        let w = weight(&mut random, &[output, input, 3, 3]);
        let x = random.values(height * width * input);
        for engine in engines() {
            let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
            let map = FeatureMap::from_nhwc(&engine, Shape::new(1, height, width, input), x.clone())?;
            let fast = conv.forward(&engine, &map)?.to_nhwc()?;
            let plain = conv.forward(&direct(&engine), &map)?.to_nhwc()?;
            let worst = fast.iter().zip(&plain).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // Values of magnitude 30 and 60 in the mean; measured 1.6e-4 and 7e-4.
            let most = input as f32 * 1e-6;
            assert!(worst > 0.0 && worst < most, "{} {input} to {output}: {worst}", engine.tier());
        }
    }
    Ok(())
}

#[test]
fn maps_side_by_side_equal_their_concatenation_to_the_bit() -> Result<(), Error> {
    let mut random = Random::new(53);
    for (parts, side) in [(&[64, 32, 32][..], 8), (&[5, 1, 17], 21), (&[16, 9, 24], 50), (&[400, 303], 62)] {
        let w = weight(&mut random, &[19, parts.iter().sum(), 3, 3]);
        let values: Vec<_> = parts.iter().map(|&channels| random.values(side * side * channels)).collect();
        for engine in engines() {
            let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
            let maps = parts.iter().zip(&values).map(|(&channels, values)| {
                FeatureMap::from_nhwc(&engine, Shape::new(1, side, side, channels), values.clone())
            });
            let maps = maps.collect::<Result<Vec<_>, Error>>()?;
            let maps: Vec<_> = maps.iter().collect();
            let in_place = conv.forward_concat(&engine, &maps, Epilogue::default())?.to_nhwc()?;
            let joined = concat(&engine, &maps)?;
            assert!(in_place == conv.forward(&engine, &joined)?.to_nhwc()?, "{} {parts:?}", engine.tier());
            assert!(in_place != conv.forward(&direct(&engine), &joined)?.to_nhwc()?, "{parts:?} ran direct");
        }
    }
    Ok(())
}

#[test]
fn a_map_resized_on_the_way_gives_the_bits_of_one_resized_before() -> Result<(), Error> {
    let mut random = Random::new(65);
    // Strips, panels by both methods, few outputs, depthwise; sizes up and down, small and large.
    for (input, output, groups, mode) in [
        (3, 20, 1, PadMode::Zero),
        (34, 40, 1, PadMode::Reflect),
        (34, 40, 2, PadMode::Zero),
        (40, 3, 1, PadMode::Replicate),
        (36, 36, 36, PadMode::Zero),
    ] {
        let w = weight(&mut random, &[output, input / groups, 3, 3]);
        let config = Conv2dConfig { groups, padding_mode: mode, ..Conv2dConfig::same(3) };
        for (engine, precision) in
            engines().into_iter().flat_map(|engine| Precision::ALL.map(|of| (engine.clone(), of)))
        {
            let engine = engine.with_precision(precision)?;
            let conv = Conv2d::new(&engine, config, &w, None)?;
            for (from, to) in [((3, 4), (6, 8)), ((17, 16), (34, 32)), ((20, 23), (31, 11))] {
                let x = random.values(2 * from.0 * from.1 * input);
                let x = FeatureMap::from_nhwc(&engine, Shape::new(2, from.0, from.1, input), x)?;
                let epilogue = || Epilogue::activation(Activation::Relu);
                let resized = resize(&engine, &x, to.0, to.1, Interpolation::Nearest)?;
                let before = conv.forward_with(&engine, &resized, epilogue())?;
                let on_the_way = conv.forward_resized(&engine, &x, to, epilogue())?;
                let what = format!("{} {input} to {output}, {from:?} to {to:?}", engine.backend());
                assert_eq!(on_the_way.shape(), before.shape(), "{what}");
                assert!(on_the_way.to_nhwc()? == before.to_nhwc()?, "{what}");
            }
        }
    }
    let engine = &engines()[0];
    let conv = Conv2d::new(engine, Conv2dConfig::same(3), &weight(&mut random, &[20, 3, 3, 3]), None)?;
    let x = FeatureMap::filled(engine, Shape::new(1, 3, 3, 3), 1.0)?;
    let none = conv.forward_resized(engine, &x, (0, 5), Epilogue::default());
    assert_eq!(none.err(), Some(Error::TooSmall { what: "Shape", actual: 0, expected: 1 }));
    Ok(())
}

#[test]
fn results_do_not_depend_on_threads_and_count_the_same_operations() -> Result<(), Error> {
    let mut random = Random::new(54);
    for (side, input, output) in [(12, 96, 100), (46, 48, 40), (64, 700, 9)] {
        let w = weight(&mut random, &[output, input, 3, 3]);
        let x = random.values(side * side * input);
        let mut results = Vec::new();
        for threads in [1, 2, 3, 8] {
            let config = EngineConfig { threads: Some(threads), ..EngineConfig::default() };
            let engine = Engine::new(config)?.with_convolutions(ConvolutionMethod::Fast);
            let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
            let map = FeatureMap::from_nhwc(&engine, Shape::new(1, side, side, input), x.clone())?;
            results.push((conv.forward(&engine, &map)?.to_nhwc()?, engine.operations()));
        }
        let operations = 2 * (side * side * input * output * 9) as u64;
        assert!(results.iter().all(|result| *result == (results[0].0.clone(), operations)), "{input} to {output}");
    }
    Ok(())
}

#[test]
fn epilogues_finish_every_value_once() -> Result<(), Error> {
    let mut random = Random::new(55);
    for (height, width, output) in [(10, 9, 37), (43, 46, 16)] {
        let w = weight(&mut random, &[output, 24, 3, 3]);
        let bias = weight(&mut random, &[output]);
        let slopes: Vec<f32> = random.values(output);
        let x = random.values(2 * height * width * 24);
        let (shape, out_shape) = (Shape::new(2, height, width, 24), Shape::new(2, height, width, output));
        let (addend, per_channel) = (random.values(out_shape.elements()?), random.values(2 * output));
        for engine in engines() {
            let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, Some(&bias))?;
            let map = FeatureMap::from_nhwc(&engine, shape, x.clone())?;
            let addend = FeatureMap::from_nhwc(&engine, out_shape, addend.clone())?;
            let per_channel = FeatureMap::from_nhwc(&engine, Shape::new(2, 1, 1, output), per_channel.clone())?;
            for activation in [Activation::Silu, Activation::PRelu(slopes.clone().into())] {
                let run = |engine: &Engine| {
                    let epilogue = Epilogue::activation(activation.clone());
                    conv.forward_with(engine, &map, epilogue.with_residual(&per_channel).with_skip(&addend))?.to_nhwc()
                };
                let (fast, plain) = (run(&engine)?, run(&direct(&engine))?);
                let worst = fast.iter().zip(&plain).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                // Sums of magnitude 10; slopes and SiLU do not enlarge differences.
                assert!(worst > 0.0 && worst < 3e-5, "{} {activation:?}: {worst}", engine.tier());
            }
        }
    }
    Ok(())
}

/// A tile reads six rows and columns for its four of the output.
#[test]
fn what_is_no_number_reaches_its_outputs_and_no_other_tile() -> Result<(), Error> {
    let mut random = Random::new(56);
    let w = weight(&mut random, &[20, 18, 3, 3]);
    for engine in engines() {
        let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
        for (value, (row, column)) in
            [(f32::NAN, (9, 7)), (f32::INFINITY, (0, 0)), (f32::NEG_INFINITY, (12, 20)), (f32::NAN, (21, 22))]
        {
            let mut values = vec![0.5; 22 * 23 * 18];
            values[(row * 23 + column) * 18 + 17] = value;
            let y = conv.forward(&engine, &FeatureMap::from_nhwc(&engine, Shape::new(1, 22, 23, 18), values)?)?;
            for (index, value) in y.as_slice()?.iter().enumerate() {
                let (y, x) = (index / 20 / 23, index / 20 % 23);
                let place = format!("{} row {y}, column {x}: {value}", engine.tier());
                let is_near = y.abs_diff(row) <= 1 && x.abs_diff(column) <= 1;
                let reads = |output: usize, input: usize| (output / 4 * 4..output / 4 * 4 + 6).contains(&(input + 1));
                assert!(!is_near || !value.is_finite(), "{place}");
                assert!(value.is_finite() || reads(y, row) && reads(x, column), "{place}");
            }
        }
    }
    Ok(())
}

#[test]
fn weights_and_peak_stay_small() -> Result<(), Error> {
    let config = EngineConfig { threads: Some(2), ..EngineConfig::default() };
    let engine = Engine::new(config)?.with_convolutions(ConvolutionMethod::Fast);
    // 118 MB of weights, were they kept transformed; 21 MB of inputs.
    let w = Weight::new(&[640, 1280, 3, 3], vec![0.01; 640 * 1280 * 9])?;
    let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
    let packed = engine.memory().live_bytes;
    assert!(packed < 30 << 20, "{packed}");
    let x = FeatureMap::filled(&engine, Shape::new(1, 40, 44, 1280), 1.0)?;
    engine.reset_peak();
    let before = engine.memory().live_bytes;
    conv.forward(&engine, &x)?;
    let more = engine.memory().peak_bytes - before - 40 * 44 * 640 * 4;
    assert!(more < 60 << 20, "{more}");
    Ok(())
}

#[test]
fn the_method_is_named_where_it_changes_bytes() -> Result<(), Error> {
    for engine in engines() {
        let fast = engine.with_convolutions(ConvolutionMethod::Fast);
        assert!(fast.backend().ends_with("-f32"), "{}", fast.backend());
        assert!(direct(&engine).backend().ends_with("-f32-direct"), "{}", direct(&engine).backend());
        // Tiles know no other method.
        let ending = if engine.tier() == Tier::Amx { "-bf16" } else { "-bf16-direct" };
        assert!(direct(&engine).with_precision(Precision::Bf16)?.backend().ends_with(ending));
    }
    assert_eq!("direct".parse(), Ok(ConvolutionMethod::Direct));
    let unknown = "winograd".parse::<ConvolutionMethod>().map_err(|error| error.to_string());
    assert!(unknown.is_err_and(|text| text.contains("expected fast or direct")));
    Ok(())
}

/// However weights are stored, those that are multiplied are the same; `more` has a channel that only `f32` holds.
#[test]
fn weights_of_half_precision_give_the_bits_of_f32() -> Result<(), Error> {
    let mut random = Random::new(61);
    for (side, input) in [(8, 128), (21, 23), (50, 49), (62, 703)] {
        let eighths = |values: &[f32]| values.iter().map(|value| (value * 1024.0).round() / 1024.0).collect::<Vec<_>>();
        let mut values = eighths(weight(&mut random, &[19, input, 3, 3]).values());
        let halves = Weight::new(&[19, input, 3, 3], values.clone())?;
        values.extend(std::iter::repeat_n(0.1, input * 9));
        let more = Weight::new(&[20, input, 3, 3], values)?;
        let x = random.values(side * side * input);
        for engine in engines() {
            let run = |weight: &Weight, engine: &Engine| {
                let map = FeatureMap::from_nhwc(engine, Shape::new(1, side, side, input), x.clone())?;
                Conv2d::new(engine, Conv2dConfig::same(3), weight, None)?.forward(engine, &map)?.to_nhwc()
            };
            let (half, full) = (run(&halves, &engine)?, run(&more, &engine)?);
            let is_same = half.chunks(19).zip(full.chunks(20)).all(|(half, full)| half == &full[..19]);
            assert!(is_same, "{} {input} at {side}²", engine.tier());
            assert!(half != run(&halves, &direct(&engine))?, "{} {input} at {side}² ran direct", engine.tier());
        }
    }
    Ok(())
}

#[test]
fn weights_and_maps_of_bf16_give_the_bits_of_f32() -> Result<(), Error> {
    let mut random = Random::new(64);
    let rounded = |values: Vec<f32>| values.into_iter().map(|value| f32::from_bits(value.to_bits() & 0xffff_0000));
    for (side, input) in [(8, 128), (21, 23), (50, 49), (62, 703)] {
        let w = Weight::new(&[19, input, 3, 3], rounded(random.values(19 * input * 9)).collect())?;
        let x: Vec<f32> = rounded(random.values(side * side * input)).collect();
        for engine in engines() {
            let half = engine.with_precision(Precision::Bf16)?;
            let map = FeatureMap::from_nhwc(&engine, Shape::new(1, side, side, input), x.clone())?;
            let short = if input % 2 == 0 { map.to_dtype(&engine, DType::Bf16)? } else { map.clone() };
            let run = |packs: &Engine, map: &FeatureMap| {
                Conv2d::new(packs, Conv2dConfig::same(3), &w, None)?.forward(&engine, map)?.to_nhwc()
            };
            // Tiles compute by the definition.
            if engine.tier() != Tier::Amx {
                let expected = run(&engine, &map)?;
                assert!(run(&half, &map)? == expected, "{} {input} at {side}²", engine.tier());
                assert!(run(&half, &short)? == expected, "{} {input} at {side}², of bf16", engine.tier());
            }
        }
    }
    Ok(())
}

#[test]
fn in_int8_the_sums_are_those_of_the_weights_and_their_scales() -> Result<(), Error> {
    let mut random = Random::new(62);
    for case in cases() {
        let per_channel = case.shape.channels * 9;
        let w = weight(&mut random, &[case.out_channels, case.shape.channels, 3, 3]);
        let stored = w.values().chunks(per_channel).flat_map(|values| {
            let scale = values.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / 127.0;
            values.iter().map(move |value| (f64::from(*value) / f64::from(scale)).round_ties_even() as f32 * scale)
        });
        let stored = Weight::new(w.shape(), stored.collect())?;
        let (bias, x) = (weight(&mut random, &[case.out_channels]), random.values(case.shape.elements()?));
        let (_, sums) = reference::conv2d(&case, &x, stored.values(), bias.values());
        for engine in engines() {
            let engine = engine.with_precision(danqing_nn::Precision::Int8)?;
            let what = format!("{} {} to {}", engine.tier(), case.shape, case.out_channels);
            let conv = Conv2d::new(&engine, config(&case), &w, Some(&bias))?;
            let map = FeatureMap::from_nchw(&engine, case.shape, &x)?;
            let (fast, plain) = (conv.forward(&engine, &map)?, conv.forward(&direct(&engine), &map)?);
            assert!(fast.to_nhwc()? != plain.to_nhwc()?, "{what} ran the same method twice");
            let ((error, _), (plain, _)) = (error_and_size(&fast, &sums)?, error_and_size(&plain, &sums)?);
            assert!(error <= 4.5 * plain, "{what}: error {error}, direct {plain}");
        }
    }
    Ok(())
}

/// Maps of one tile, for which the direct method is chosen, and of many, at sizes around the choice.
#[test]
fn a_batch_gives_the_bytes_of_its_pictures() -> Result<(), Error> {
    let mut random = Random::new(63);
    for side in [3, 4, 5, 6, 7, 8, 12, 33] {
        let w = weight(&mut random, &[24, 40, 3, 3]);
        let x = random.values(4 * side * side * 40);
        for engine in engines() {
            let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
            let run = |batch: usize, values: &[f32]| {
                let map = FeatureMap::from_nhwc(&engine, Shape::new(batch, side, side, 40), values.to_vec())?;
                conv.forward(&engine, &map)?.to_nhwc()
            };
            let mut apart = Vec::new();
            for picture in x.chunks(side * side * 40) {
                apart.extend(run(1, picture)?);
            }
            assert!(run(4, &x)? == apart, "{} {side}²", engine.tier());
        }
    }
    Ok(())
}
