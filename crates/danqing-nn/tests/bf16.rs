//! Products in bf16 against their definition in `f64`, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use std::time::Duration;

use danqing_capability::{CancelToken, Cancelled};
use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Conv2dGradient, ConvTranspose2d, ConvTranspose2dConfig, ConvolutionMethod,
    Engine, EngineConfig, Epilogue, Error, FeatureMap, Linear, PadMode, Padding, Precision, Shape, Tier, Weight,
    concat, matmul, matmul_transposed,
};
use reference::{
    ConvCase, Random, Sum, TransposeCase, assert_within, engines_of, products, random_case, storing, weight,
};

/// Convolutions by the definition; `winograd.rs` has the fast ones.
fn engines() -> Vec<Engine> {
    let engines = engines_of(Precision::Bf16).into_iter();
    engines.map(|engine| engine.with_convolutions(ConvolutionMethod::Direct)).collect()
}

/// The nearest bf16, by integer arithmetic; no NaN.
fn rounded(value: f32) -> f32 {
    let bits = value.to_bits();
    let (kept, lost) = (bits >> 16, bits & 0xffff);
    let up = lost > 0x8000 || (lost == 0x8000 && kept & 1 == 1);
    f32::from_bits((kept + u32::from(up)) << 16)
}

fn all_rounded(values: &[f32]) -> Vec<f32> {
    values.iter().copied().map(rounded).collect()
}

fn rounded_weight(weight: &Weight) -> Weight {
    Weight::new(weight.shape(), all_rounded(weight.values())).expect("the same shape")
}

/// Operands that bf16 holds give the bound of `f32`; others the one of bf16.
fn check_conv(case: &ConvCase, random: &mut Random) -> Result<(), Error> {
    let (kh, kw) = case.kernel;
    let w = weight(random, &[case.out_channels, case.shape.channels / case.groups, kh, kw]);
    let (bias, x) = (weight(random, &[case.out_channels]), random.values(case.shape.elements()?));
    let (short_w, short_x) = (rounded_weight(&w), all_rounded(&x));
    let (_, sums) = reference::conv2d(case, &x, w.values(), bias.values());
    let (_, short_sums) = reference::conv2d(case, &short_x, short_w.values(), bias.values());
    for engine in engines() {
        let ConvCase { stride, padding, dilation, groups, mode, .. } = *case;
        let config = Conv2dConfig { stride, padding, dilation, groups, padding_mode: mode };
        let what = format!("{} {:?} of {} to {} {config:?}", engine.tier(), case.kernel, case.shape, case.out_channels);
        let run = |w: &Weight, x: &[f32]| {
            let map = FeatureMap::from_nchw(&engine, case.shape, x)?;
            Conv2d::new(&engine, config, w, Some(&bias))?.forward(&engine, &map)
        };
        assert_within(&run(&short_w, &short_x)?, &short_sums, Sum::bound, &what)?;
        assert_within(&run(&w, &x)?, &sums, Sum::bound_bf16, &what)?;
    }
    Ok(())
}

#[test]
fn conv2d_equals_its_definition_on_odd_shapes() -> Result<(), Error> {
    let mut random = Random::new(101);
    for _ in 0..100 {
        let case = random_case(&mut random);
        check_conv(&case, &mut random)?;
    }
    Ok(())
}

#[test]
fn conv2d_equals_its_definition_where_the_reduction_is_cut() -> Result<(), Error> {
    let mut random = Random::new(102);
    // Reductions around and above one chunk of vectors and of tiles, output channels above one task, pixels above one
    // block, channels that end within a pair and within a step.
    for (channels, out, kernel, side, groups) in [
        (320, 20, 1, 3, 1),
        (321, 9, 1, 3, 1),
        (640, 33, 1, 3, 1),
        (643, 32, 1, 3, 1),
        (700, 35, 3, 3, 1),
        (40, 640, 3, 4, 1),
        (3, 48, 3, 23, 1),
        (31, 31, 3, 17, 1),
        (66, 70, 3, 9, 2),
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
fn conv_transpose2d_equals_its_definition() -> Result<(), Error> {
    let mut random = Random::new(103);
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
        let w = rounded_weight(&weight(&mut random, &[channels, out_channels / groups, 4, 3]));
        let (bias, x) = (weight(&mut random, &[out_channels]), all_rounded(&random.values(case.shape.elements()?)));
        let (_, sums) = reference::conv_transpose2d(&case, &x, w.values(), bias.values());
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
fn linear_layers_and_products_equal_their_definition() -> Result<(), Error> {
    let mut random = Random::new(104);
    for (rows, k, columns) in [(1, 1, 5), (7, 5, 33), (1, 512, 17), (33, 31, 32), (100, 1000, 64), (200, 64, 70)] {
        let a = all_rounded(&random.values(rows * k));
        let b = all_rounded(&random.values(k * columns));
        let sums = products(&a, |i, column| b[column * k + i], k, columns);
        for engine in engines() {
            let what = format!("{} {rows}×{k}×{columns}", engine.tier());
            let x = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, rows, k), a.clone())?;
            let check = |y: &FeatureMap, what: &str| {
                // Rows are pixels: compared in their own order.
                for (value, sum) in y.to_nhwc()?.into_iter().zip(&sums) {
                    let bound = sum.bound() + storing(y, sum.value.abs() + sum.bound());
                    assert!((f64::from(value) - sum.value).abs() <= bound, "{what}: {value}, {}", sum.value);
                }
                Ok::<_, Error>(())
            };
            let layer = Linear::new(&engine, &Weight::new(&[columns, k], b.clone())?, None)?;
            check(&layer.forward(&engine, &x)?, &what)?;
            let right = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, columns, k), b.clone())?;
            check(&matmul_transposed(&engine, &x, &right)?, &what)?;
            let turned = (0..k * columns).map(|index| b[index % columns * k + index / columns]).collect();
            let right = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, k, columns), turned)?;
            check(&matmul(&engine, &x, &right)?, &what)?;
        }
    }
    Ok(())
}

#[test]
fn operands_are_rounded_and_the_bias_is_not() -> Result<(), Error> {
    let mut random = Random::new(105);
    let w = weight(&mut random, &[40, 24, 3, 3]);
    let shape = Shape::new(1, 9, 10, 24);
    let (x, bias) = (random.values(shape.elements()?), weight(&mut random, &[40]));
    for engine in engines() {
        let run = |engine: &Engine, w: &Weight, x: &[f32], bias: Option<&Weight>| {
            let map = FeatureMap::from_nhwc(engine, shape, x.to_vec())?;
            Conv2d::new(engine, Conv2dConfig::same(3), w, bias)?.forward(engine, &map)?.to_nhwc()
        };
        let y = run(&engine, &w, &x, Some(&bias))?;
        assert_eq!(y, run(&engine, &rounded_weight(&w), &all_rounded(&x), Some(&bias))?, "{}", engine.tier());
        assert_ne!(y, run(&engine, &w, &x, Some(&rounded_weight(&bias)))?, "{}", engine.tier());
        let full = engine.in_f32();
        assert_ne!(y, run(&full, &w, &x, Some(&bias))?, "{}: the same as in f32", engine.tier());
    }
    Ok(())
}

#[test]
fn weights_take_half_the_memory() -> Result<(), Error> {
    let w = weight(&mut Random::new(106), &[256, 256, 3, 3]);
    for engine in engines() {
        let bytes = |engine: &Engine| {
            let before = engine.memory().live_bytes;
            let layer = Conv2d::new(engine, Conv2dConfig::same(3), &w, None)?;
            let taken = engine.memory().live_bytes - before;
            drop(layer);
            Ok::<_, Error>(taken)
        };
        let (half, full) = (bytes(&engine)?, bytes(&engine.in_f32())?);
        assert_eq!((half * 2, full), (full, 256 * 256 * 9 * 4), "{}", engine.tier());
    }
    Ok(())
}

#[test]
fn what_is_no_number_reaches_exactly_what_reads_it() -> Result<(), Error> {
    let shape = Shape::new(1, 20, 21, 33);
    for engine in engines() {
        for (place, value) in [((4, 5), f32::NAN), ((11, 20), f32::INFINITY), ((0, 0), f32::from_bits(0x7f80_0001))] {
            let mut x = vec![1.0; shape.elements()?];
            x[(place.0 * 21 + place.1) * 33 + 32] = value;
            let map = FeatureMap::from_nhwc(&engine, shape, x)?;
            let w = Weight::new(&[35, 33, 3, 3], vec![1.0; 35 * 33 * 9])?;
            let y = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?.forward(&engine, &map)?.to_nhwc()?;
            for (index, &sum) in y.iter().enumerate() {
                let (row, column) = (index / 35 / 21, index / 35 % 21);
                let is_read = row.abs_diff(place.0) <= 1 && column.abs_diff(place.1) <= 1;
                let expected = if value.is_nan() { sum.is_nan() } else { sum == f32::INFINITY };
                assert!(if is_read { expected } else { sum.is_finite() }, "{}: {row}, {column}: {sum}", engine.tier());
            }
        }
        // An infinite weight makes its channel infinite where the input is positive, and no other.
        let mut w = vec![0.5; 35 * 33];
        w[7 * 33 + 2] = f32::NEG_INFINITY;
        let map = FeatureMap::filled(&engine, shape, 1.0)?;
        let y = Linear::new(&engine, &Weight::new(&[35, 33], w)?, None)?.forward(&engine, &map)?.to_nhwc()?;
        for (index, &sum) in y.iter().enumerate() {
            assert_eq!(sum, if index % 35 == 7 { f32::NEG_INFINITY } else { 16.5 }, "{}: {index}", engine.tier());
        }
        // The largest finite f32 is nearer to 2^128 than to the largest bf16.
        let map = FeatureMap::filled(&engine, Shape::new(1, 1, 1, 33), f32::MAX)?;
        let ones = Weight::new(&[35, 33], vec![1.0; 35 * 33])?;
        let y = Linear::new(&engine, &ones, None)?.forward(&engine, &map)?;
        assert!(y.to_nhwc()?.iter().all(|&sum| sum == f32::INFINITY), "{}", engine.tier());
    }
    Ok(())
}

#[test]
fn maps_side_by_side_equal_their_concatenation_to_the_bit() -> Result<(), Error> {
    let mut random = Random::new(107);
    for engine in engines() {
        for (parts, out_channels) in
            [(&[64, 32][..], 32), (&[64, 32, 32, 32, 32], 64), (&[5, 1, 17], 19), (&[300, 302], 7)]
        {
            let total: usize = parts.iter().sum();
            let w = weight(&mut random, &[out_channels, total, 3, 3]);
            let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
            let maps = parts.iter().map(|&channels| {
                FeatureMap::from_nhwc(&engine, Shape::new(2, 7, 11, channels), random.values(2 * 7 * 11 * channels))
            });
            let maps = maps.collect::<Result<Vec<_>, _>>()?;
            let maps: Vec<_> = maps.iter().collect();
            let epilogue = || Epilogue::activation(Activation::leaky(0.2));
            let copied = conv.forward_with(&engine, &concat(&engine, &maps)?, epilogue())?;
            let in_place = conv.forward_concat(&engine, &maps, epilogue())?;
            assert_eq!(in_place.to_nhwc()?, copied.to_nhwc()?, "{}: {parts:?}", engine.tier());
        }
    }
    Ok(())
}

#[test]
#[allow(clippy::needless_update, reason = "the feature `candle` has a field more")]
fn results_do_not_depend_on_the_number_of_threads() -> Result<(), Error> {
    let mut random = Random::new(108);
    let shape = Shape::new(1, 37, 41, 70);
    let (x, w) = (random.values(shape.elements()?), weight(&mut random, &[100, 70, 3, 3]));
    for tier in engines().iter().map(Engine::tier) {
        let bits = |threads| {
            let config = EngineConfig {
                threads: Some(threads),
                tier: Some(tier),
                precision: Some(Precision::Bf16),
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
fn a_cancelled_convolution_stops_in_the_middle_and_gives_its_memory_back() -> Result<(), Error> {
    for engine in engines() {
        let w = weight(&mut Random::new(109), &[512, 512, 3, 3]);
        let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
        let x = FeatureMap::filled(&engine, Shape::new(1, 256, 256, 512), 0.5)?;
        let before = engine.memory().live_bytes;
        let cancel = CancelToken::default();
        let run = engine.with_cancel(cancel.clone());
        let stopped = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(30));
                cancel.cancel();
            });
            // 310 GFLOP: without the check this would return a map.
            conv.forward(&run, &x).map(|y| y.shape())
        });
        assert_eq!(stopped, Err(Error::Cancelled(Cancelled)), "{}", engine.tier());
        assert_eq!(engine.memory().live_bytes, before, "{}", engine.tier());
    }
    Ok(())
}

#[test]
fn gradients_stay_in_f32() -> Result<(), Error> {
    let mut random = Random::new(110);
    let (w, shape) = (weight(&mut random, &[20, 12, 3, 3]), Shape::new(1, 6, 7, 12));
    let values = random.values(6 * 7 * 20);
    for engine in engines() {
        let run = |engine: &Engine| {
            let gradient = FeatureMap::from_nhwc(engine, Shape::new(1, 6, 7, 20), values.clone())?;
            Conv2dGradient::new(engine, Conv2dConfig::same(3), &w)?.forward(engine, shape, &gradient)?.to_nhwc()
        };
        assert_eq!(run(&engine)?, run(&engine.in_f32())?, "{}", engine.tier());
    }
    Ok(())
}

#[test]
fn the_backend_names_what_runs() {
    for engine in engines_of(Precision::Bf16) {
        assert_eq!(engine.backend(), format!("cpu-{}-bf16", engine.tier()));
        println!("ran on {}", engine.backend());
        // In f32 an AMX engine runs the AVX-512 kernels, and says so.
        let kernels = if engine.tier() == Tier::Amx { Tier::Avx512 } else { engine.tier() };
        assert_eq!(engine.in_f32().backend(), format!("cpu-{kernels}-f32"));
    }
}

#[test]
fn the_environment_chooses_the_precision() {
    // A child process, since the environment of a test process is shared by its tests.
    let child = |name: &str| {
        let test = ["--exact", "the_environment_is_read", "--nocapture", "--ignored"];
        let program = std::env::current_exe().expect("this test");
        let mut command = std::process::Command::new(program);
        let output = command.args(test).env("DANQING_CPU", "portable").env("DANQING_PRECISION", name).output();
        String::from_utf8_lossy(&output.expect("it runs").stdout).into_owned()
    };
    assert!(child("bf16").contains("engine cpu-portable-bf16"));
    assert!(child("int8").contains("engine cpu-portable-int8"));
    assert!(child("").contains("engine cpu-portable-f32"));
    assert!(child("f8").contains("precision is f8, expected f32, bf16 or int8"));
}

#[test]
#[ignore = "run by the_environment_chooses_the_precision"]
fn the_environment_is_read() {
    match Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }) {
        Ok(engine) => println!("engine {}", engine.backend()),
        Err(error) => println!("{error}"),
    }
}
