//! Every operator of the device backend, on candle's CPU device, against our kernels or the definition in `f64`.
#![cfg(feature = "candle")]
#![allow(clippy::expect_used)]

mod reference;

use std::sync::Arc;

use danqing_capability::CancelToken;
use danqing_nn::{
    Activation, CandleDevice, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Device, Engine,
    EngineConfig, Epilogue, Error, FeatureMap, InstanceNorm, Interpolation, Linear, PadMode, Padding, PoolConfig,
    Shape, activate, add, affine, average_pool, clamp, concat, crop, fir_downsample, fir_filter, fir_upsample,
    global_average_pool, max_pool, multiply, pad, pixel_shuffle, pixel_unshuffle, resize, scale, slice_channels,
};
use reference::{ConvCase, Random, TransposeCase, assert_sums, conv_transpose2d, conv2d, weight};

const EPS: f32 = f32::EPSILON;

fn on_cpu() -> Engine {
    Engine::new(EngineConfig { threads: Some(2), ..EngineConfig::default() }).expect("threads")
}

fn on_candle() -> Engine {
    let device = Device::Candle(CandleDevice::Cpu);
    Engine::new(EngineConfig { threads: Some(1), device, ..EngineConfig::default() }).expect("candle's CPU")
}

/// The same random values on both engines.
fn pair(engines: &[Engine; 2], random: &mut Random, shape: Shape) -> [FeatureMap; 2] {
    let values = random.values(shape.elements().expect("a small shape"));
    engines.each_ref().map(|engine| FeatureMap::from_nchw(engine, shape, &values).expect("as many values"))
}

/// Runs `operator` on both engines; every value of the second lies within `bound` of the first (0: the same).
fn same(
    what: &str,
    bound: f32,
    maps: &[FeatureMap; 2],
    operator: impl Fn(&Engine, &FeatureMap) -> Result<FeatureMap, Error>,
) -> Result<(), Error> {
    let (expected, actual) = (operator(&on_cpu(), &maps[0])?, operator(&on_candle(), &maps[1])?);
    close(what, bound, &actual, &expected)
}

fn close(what: &str, bound: f32, actual: &FeatureMap, expected: &FeatureMap) -> Result<(), Error> {
    assert_eq!(actual.shape(), expected.shape(), "{what}");
    for (index, (a, e)) in actual.to_nhwc()?.into_iter().zip(expected.to_nhwc()?).enumerate() {
        let is_close = (a.is_nan() && e.is_nan()) || a == e || (a - e).abs() <= bound;
        assert!(is_close, "{what}: value {index} is {a}, expected {e} within {bound:e}");
    }
    Ok(())
}

fn engines() -> [Engine; 2] {
    [on_cpu(), on_candle()]
}

const SHAPES: [Shape; 3] = [Shape::new(1, 1, 1, 1), Shape::new(2, 5, 7, 12), Shape::new(1, 13, 9, 4)];

#[test]
fn values_come_back_in_both_orders() -> Result<(), Error> {
    let engine = on_candle();
    assert_eq!(engine.backend(), "candle-cpu-f32");
    let shape = Shape::new(2, 3, 5, 4);
    let values = Random::new(1).values(120);
    let x = FeatureMap::from_nhwc(&engine, shape, values.clone())?;
    assert_eq!((x.to_nhwc()?, x.as_slice()?, x.as_slice()?), (values.clone(), &values[..], &values[..]));
    let planes = FeatureMap::from_nhwc(&on_cpu(), shape, values.clone())?.to_nchw()?;
    assert_eq!(x.to_nchw()?, planes);
    assert_eq!(FeatureMap::from_nchw(&engine, shape, &planes)?.to_nhwc()?, values);
    assert_eq!(x.reshape(Shape::new(1, 6, 4, 5))?.to_nhwc()?, values);
    assert_eq!(FeatureMap::filled(&engine, Shape::new(1, 2, 1, 3), 0.25)?.to_nhwc()?, vec![0.25; 6]);
    assert!(matches!(FeatureMap::from_nhwc(&engine, shape, vec![0.0; 3]), Err(Error::Length { .. })));
    Ok(())
}

/// Random odd convolutions: strides, uneven borders of every kind, dilation, groups, depthwise.
fn conv_cases(random: &mut Random) -> Vec<ConvCase> {
    let mut cases = Vec::new();
    for (groups, per_group, out_per_group) in [(1, 3, 5), (1, 17, 2), (2, 3, 4), (6, 1, 1), (3, 1, 2), (1, 1, 1)] {
        for mode in [PadMode::Zero, PadMode::Reflect, PadMode::Replicate] {
            for kernel in [(1, 1), (3, 3), (2, 5)] {
                let mut edge = || random.below(3);
                let padding = Padding { top: edge(), bottom: edge(), left: edge(), right: edge() };
                let shape =
                    Shape::new(1 + random.below(2), 9 + random.below(5), 9 + random.below(6), groups * per_group);
                let (stride, dilation) = (1 + random.below(3), 1 + random.below(2));
                let out_channels = groups * out_per_group;
                cases.push(ConvCase { shape, out_channels, kernel, stride, dilation, groups, padding, mode });
                let padding = Padding::symmetric(1);
                cases.push(ConvCase { shape, out_channels, kernel, stride, dilation, groups, padding, mode });
            }
        }
    }
    cases
}

#[test]
fn convolutions_keep_the_bound_of_the_cpu() -> Result<(), Error> {
    let (mut random, engine) = (Random::new(2), on_candle());
    for case in conv_cases(&mut random) {
        let values = random.values(case.shape.elements()?);
        let w =
            weight(&mut random, &[case.out_channels, case.shape.channels / case.groups, case.kernel.0, case.kernel.1]);
        let bias = weight(&mut random, &[case.out_channels]);
        let (shape, sums) = conv2d(&case, &values, w.values(), bias.values());
        let ConvCase { stride, padding, dilation, groups, mode, .. } = case;
        let config = Conv2dConfig { stride, padding, dilation, groups, padding_mode: mode };
        let conv = Conv2d::new(&engine, config, &w, Some(&bias))?;
        let x = FeatureMap::from_nchw(&engine, case.shape, &values)?;
        assert_sums(&conv.forward(&engine, &x)?, shape, &sums, &format!("{config:?} kernel {:?}", case.kernel))?;
        // A map of another engine is brought over.
        let x = FeatureMap::from_nchw(&on_cpu(), case.shape, &values)?;
        assert_sums(&conv.forward(&engine, &x)?, shape, &sums, "from the CPU")?;
    }
    Ok(())
}

#[test]
fn transposed_convolutions_keep_the_bound_of_the_cpu() -> Result<(), Error> {
    let (mut random, engine) = (Random::new(3), on_candle());
    for (groups, per_group, out_per_group) in [(1, 3, 5), (1, 9, 2), (2, 3, 4), (5, 1, 1)] {
        for (kernel, stride, padding, output_padding, dilation) in [
            ((1, 1), 1, 0, 0, 1),
            ((4, 4), 2, 1, 0, 1),
            ((3, 3), 2, 1, 1, 1),
            ((3, 2), 3, 0, 2, 2),
            ((2, 5), 4, 1, 3, 1),
        ] {
            let shape = Shape::new(1 + random.below(2), 3 + random.below(5), 4 + random.below(4), groups * per_group);
            let out_channels = groups * out_per_group;
            let case = TransposeCase { shape, out_channels, kernel, stride, padding, output_padding, dilation, groups };
            let values = random.values(shape.elements()?);
            let w = weight(&mut random, &[shape.channels, out_per_group, kernel.0, kernel.1]);
            let bias = weight(&mut random, &[out_channels]);
            let (out_shape, sums) = conv_transpose2d(&case, &values, w.values(), bias.values());
            let config = ConvTranspose2dConfig { stride, padding, output_padding, dilation, groups };
            let conv = ConvTranspose2d::new(&engine, config, &w, Some(&bias))?;
            let y = conv.forward(&engine, &FeatureMap::from_nchw(&engine, shape, &values)?)?;
            assert_sums(&y, out_shape, &sums, &format!("{config:?} kernel {kernel:?}"))?;
        }
    }
    Ok(())
}

#[test]
fn layers_and_epilogues_equal_the_cpu() -> Result<(), Error> {
    let (mut random, engines) = (Random::new(4), engines());
    let shape = Shape::new(2, 5, 7, 6);
    let x = pair(&engines, &mut random, shape);
    let (w, b) = (weight(&mut random, &[6, 6, 3, 3]), weight(&mut random, &[6]));
    let (line, line_bias) = (weight(&mut random, &[9, 6]), weight(&mut random, &[9]));
    // 55 terms of at most 1, and two addends; both sides are within (K + 4) · eps · Σ|w·x|.
    let bound = 2.0 * 62.0 * 58.0 * EPS;
    for addend in [shape, shape.with_channels(1), Shape { batch: 1, ..shape }] {
        let (residual, skip) = (pair(&engines, &mut random, addend), pair(&engines, &mut random, addend));
        let mut results = Vec::new();
        for (index, engine) in engines.iter().enumerate() {
            let epilogue = Epilogue::activation(Activation::leaky(0.1));
            let epilogue = epilogue.with_residual(&residual[index]).with_skip(&skip[index]);
            let conv = Conv2d::new(engine, Conv2dConfig::same(3), &w, Some(&b))?;
            results.push(conv.forward_with(engine, &x[index], epilogue)?);
        }
        close(&format!("epilogue {addend}"), bound, &results[1], &results[0])?;
    }
    same("Linear", 2.0 * 11.0 * 7.0 * EPS, &x, |engine, x| {
        Linear::new(engine, &line, Some(&line_bias))?.forward(engine, x)
    })
}

#[test]
fn instance_norm_is_near_the_cpu() -> Result<(), Error> {
    let (mut random, engines) = (Random::new(5), engines());
    for shape in [Shape::new(2, 5, 7, 3), Shape::new(1, 31, 20, 4)] {
        let x = pair(&engines, &mut random, shape);
        let (w, b) = (weight(&mut random, &[shape.channels]), weight(&mut random, &[shape.channels]));
        // Magnitudes at most 1, deviations of uniform values above 0.4.
        let bound = 8.0 * (shape.height + shape.width + 8) as f32 * EPS;
        for affine in [None, Some((&w, &b))] {
            same("InstanceNorm", bound, &x, |engine, x| {
                InstanceNorm::new(shape.channels, 1e-5, affine)?.forward(engine, x)
            })?;
        }
        let bound = (shape.height + shape.width + 8) as f32 * EPS;
        same("global_average_pool", bound, &x, global_average_pool)?;
    }
    Ok(())
}

#[test]
fn activations_equal_the_cpu_and_keep_not_a_number() -> Result<(), Error> {
    let mut values: Vec<f32> = (-1000..=1000).map(|i| i as f32 * 0.02).collect();
    values.extend([0.0, -0.0, 1e-30, -1e-30, 79.0, -79.0, 200.0, -200.0, 1e4, -1e4, f32::NAN, f32::NAN]);
    values.truncate(values.len() / 3 * 3);
    assert!(values.iter().any(|value| value.is_nan()));
    let shape = Shape::new(1, 1, values.len() / 3, 3);
    let maps = engines().map(|engine| FeatureMap::from_nhwc(&engine, shape, values.clone()).expect("fits"));
    for (activation, bound) in [
        (Activation::Relu, 0.0),
        (Activation::leaky(0.2), 4.0 * EPS),
        (Activation::LeakyRelu { slope: 0.2, gain: std::f32::consts::SQRT_2, clamp: Some(3.5) }, 4.0 * EPS),
        (Activation::PRelu(Arc::new([0.25])), 4.0 * EPS),
        (Activation::PRelu(Arc::new([0.1, -0.5, 0.75])), 4.0 * EPS),
        (Activation::Silu, 16.0 * EPS),
        (Activation::Gelu, 16.0 * EPS),
        (Activation::GeluTanh, 16.0 * EPS),
        (Activation::Sigmoid, 8.0 * EPS),
        (Activation::Tanh, 8.0 * EPS),
    ] {
        let run = |engine: &Engine, x: &FeatureMap| activate(engine, x.clone(), &activation);
        let (expected, actual) = (run(&on_cpu(), &maps[0])?, run(&on_candle(), &maps[1])?);
        for ((a, e), x) in actual.to_nhwc()?.into_iter().zip(expected.to_nhwc()?).zip(&values) {
            let bound = bound * x.abs().max(1.0);
            assert!((a.is_nan() && e.is_nan()) || (a - e).abs() <= bound, "{activation:?} of {x}: {a}, expected {e}");
        }
    }
    Ok(())
}

#[test]
fn operators_on_values_equal_the_cpu() -> Result<(), Error> {
    let (mut random, engines) = (Random::new(6), engines());
    for shape in SHAPES {
        let x = pair(&engines, &mut random, shape);
        for other in [shape, shape.with_channels(1), Shape { batch: 1, ..shape }] {
            let b = pair(&engines, &mut random, other);
            let [cpu, candle] = &engines;
            close("add", 0.0, &add(candle, &x[1], &b[1])?, &add(cpu, &x[0], &b[0])?)?;
            close("multiply", 0.0, &multiply(candle, &x[1], &b[0])?, &multiply(cpu, &x[0], &b[0])?)?;
        }
        same("scale", 0.0, &x, |engine, x| scale(engine, x.clone(), -1.7))?;
        same("affine", 4.0 * EPS, &x, |engine, x| affine(engine, x.clone(), 3.3, 0.2))?;
        same("clamp", 0.0, &x, |engine, x| clamp(engine, x.clone(), -0.3, 0.4))?;
    }
    Ok(())
}

#[test]
fn operators_that_move_values_change_none() -> Result<(), Error> {
    let (mut random, engines) = (Random::new(7), engines());
    let x = pair(&engines, &mut random, Shape::new(2, 6, 9, 18));
    let b = pair(&engines, &mut random, Shape::new(2, 6, 9, 5));
    close("concat", 0.0, &concat(&engines[1], &[&x[1], &b[1], &b[0]])?, &concat(&engines[0], &[&x[0], &b[0], &b[0]])?)?;
    same("slice_channels", 0.0, &x, |engine, x| slice_channels(engine, x, 3, 7))?;
    same("pixel_shuffle", 0.0, &x, |engine, x| pixel_shuffle(engine, x, 3))?;
    same("pixel_unshuffle", 0.0, &x, |engine, x| pixel_unshuffle(engine, x, 3))?;
    for mode in [PadMode::Zero, PadMode::Reflect, PadMode::Replicate] {
        same("pad", 0.0, &x, |engine, x| pad(engine, x, Padding { top: 3, bottom: 0, left: 5, right: 1 }, mode))?;
    }
    same("crop", 0.0, &x, |engine, x| crop(engine, x, (1, 4), (3, 5)))
}

#[test]
fn operators_over_pixels_equal_the_cpu() -> Result<(), Error> {
    let (mut random, engines) = (Random::new(8), engines());
    for shape in SHAPES {
        let x = pair(&engines, &mut random, shape);
        for (height, width) in [(1, 1), (4, 6), (10, 14), (3, 17)] {
            same("nearest", 0.0, &x, |engine, x| resize(engine, x, height, width, Interpolation::Nearest))?;
            for align_corners in [false, true] {
                let by = Interpolation::Bilinear { align_corners };
                same("bilinear", 8.0 * EPS, &x, |engine, x| resize(engine, x, height, width, by))?;
            }
        }
    }
    let x = pair(&engines, &mut random, Shape::new(2, 11, 8, 3));
    for (kernel, stride, edge) in [(2, 2, 0), (3, 2, 1), (3, 1, 1), (5, 3, 2), (1, 2, 0)] {
        let config = PoolConfig { kernel, stride, padding: Padding { left: 0, ..Padding::symmetric(edge) } };
        same("max_pool", 0.0, &x, |engine, x| max_pool(engine, x, config))?;
        same("average_pool", 2.0 * (kernel * kernel + 1) as f32 * EPS, &x, |engine, x| {
            average_pool(engine, x, config)
        })?;
    }
    let mut values = random.values(25);
    values[12] = f32::NAN;
    let x =
        engines.each_ref().map(|engine| FeatureMap::from_nchw(engine, Shape::new(1, 5, 5, 1), &values).expect("fits"));
    same("max_pool of NaN", 0.0, &x, |engine, x| max_pool(engine, x, PoolConfig { stride: 1, ..PoolConfig::tiles(2) }))
}

#[test]
fn resampling_filters_equal_the_cpu() -> Result<(), Error> {
    let (mut random, engines) = (Random::new(9), engines());
    let x = pair(&engines, &mut random, Shape::new(1, 6, 9, 5));
    for (taps, factor) in [(vec![1.0, 3.0, 3.0, 1.0], 2), (vec![1.0, 2.0, 1.0], 2), (vec![1.0, 4.0, 2.0, 3.0, 1.0], 3)]
    {
        let filter = fir_filter(&taps)?;
        // At most 25 terms whose weights sum to factor²; both sides are within (K + 4) · eps of that.
        let bound = 2.0 * 29.0 * (factor * factor) as f32 * EPS;
        same("fir_upsample", bound, &x, |engine, x| fir_upsample(engine, 5, factor, &filter)?.forward(engine, x))?;
        same("fir_downsample", bound, &x, |engine, x| fir_downsample(engine, 5, factor, &filter)?.forward(engine, x))?;
    }
    Ok(())
}

#[test]
fn a_cancelled_engine_starts_no_operation() -> Result<(), Error> {
    let (mut random, engine) = (Random::new(10), on_candle());
    let x = FeatureMap::filled(&engine, Shape::new(1, 4, 4, 2), 1.0)?;
    let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &weight(&mut random, &[2, 2, 3, 3]), None)?;
    let token = CancelToken::default();
    let stopped = engine.with_cancel(token.clone());
    conv.forward(&stopped, &x)?;
    token.cancel();
    assert!(matches!(conv.forward(&stopped, &x), Err(Error::Cancelled(_))));
    assert!(matches!(add(&stopped, &x, &x), Err(Error::Cancelled(_))));
    assert!(matches!(concat(&stopped, &[&x]), Err(Error::Cancelled(_))));
    assert!(matches!(max_pool(&stopped, &x, PoolConfig::tiles(2)), Err(Error::Cancelled(_))));
    conv.forward(&engine, &x).map(|_| ())
}

#[test]
fn layers_stay_on_their_device_and_missing_devices_are_refused() -> Result<(), Error> {
    let ([cpu, candle], mut random) = (engines(), Random::new(11));
    let w = weight(&mut random, &[2, 2, 3, 3]);
    let conv = Conv2d::new(&candle, Conv2dConfig::same(3), &w, None)?;
    let x = FeatureMap::filled(&cpu, Shape::new(1, 4, 4, 2), 1.0)?;
    assert!(matches!(conv.forward(&cpu, &x), Err(Error::OtherDevice { .. })));
    // A device's map on a CPU engine is read through host memory.
    let moved = FeatureMap::filled(&candle, Shape::new(1, 4, 4, 2), 1.0)?;
    let conv = Conv2d::new(&cpu, Conv2dConfig::same(3), &w, None)?;
    close("from the device", 0.0, &conv.forward(&cpu, &moved)?, &conv.forward(&cpu, &x)?)?;
    close("scale", 0.0, &scale(&cpu, moved, 2.0)?, &scale(&cpu, x, 2.0)?)?;
    #[cfg(not(feature = "cuda"))]
    {
        let device = Device::Candle(CandleDevice::Cuda(0));
        assert!(matches!(Engine::new(EngineConfig { device, ..EngineConfig::default() }), Err(Error::Device { .. })));
    }
    Ok(())
}
