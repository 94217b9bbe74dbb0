//! Every other operator against its definition in `f64`, on every tier.
#![allow(clippy::expect_used, clippy::panic)]
#![allow(clippy::float_cmp, reason = "values that are only moved stay exactly the same")]

mod reference;

use std::sync::Arc;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Engine, Epilogue, Error, FeatureMap, InstanceNorm, Interpolation, PadMode,
    Padding, PoolConfig, Shape, Weight, activate, add, add_scaled, affine, average_pool, clamp, concat, crop,
    fir_downsample, fir_filter, fir_upsample, global_average_pool, max_pool, multiply, pad, pixel_shuffle,
    pixel_unshuffle, resize, scale, slice_channels,
};
use reference::{Random, engines, weight};

const EPS: f64 = f32::EPSILON as f64;

fn map(engine: &Engine, random: &mut Random, shape: Shape) -> FeatureMap {
    let values = random.values(shape.elements().expect("a small shape"));
    FeatureMap::from_nchw(engine, shape, &values).expect("as many values as the shape")
}

fn close(actual: f32, exact: f64, bound: f64, what: &str) {
    let error = (f64::from(actual) - exact).abs();
    assert!(error <= bound, "{what}: {actual}, exact {exact}, error {error:e}, bound {bound:e}");
}

/// erfc by its continued fraction and series, to about 1e-14.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return 1.0 - sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let fraction = (1..200).rev().fold(x, |tail, n| x + f64::from(n) / 2.0 / tail);
    (-x * x).exp() / fraction / std::f64::consts::PI.sqrt()
}

/// The definition of an activation and the bound that its documentation promises.
fn exact(activation: &Activation, x: f64, channel: usize) -> (f64, f64) {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let wide = 8.0 * EPS * x.abs().max(1.0);
    match activation {
        Activation::Relu => (x.max(0.0), 0.0),
        Activation::LeakyRelu { slope, gain, clamp } => {
            let bent = f64::from(*gain) * if x < 0.0 { f64::from(*slope) * x } else { x };
            let most = clamp.map_or(f64::INFINITY, f64::from);
            (bent.clamp(-most, most), 2.0 * EPS * bent.abs())
        }
        Activation::PRelu(slopes) => {
            let slope = f64::from(slopes[if slopes.len() == 1 { 0 } else { channel }]);
            let bent = if x < 0.0 { slope * x } else { x };
            (bent, 2.0 * EPS * bent.abs())
        }
        Activation::Silu => (x * sigmoid(x), wide),
        Activation::Gelu => (x * erfc(-x / std::f64::consts::SQRT_2) / 2.0, wide),
        Activation::GeluQuick => (x * sigmoid(f64::from(1.702_f32) * x), wide),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            (0.5 * x * (1.0 + inner.tanh()), wide)
        }
        Activation::Sigmoid => (sigmoid(x), if x > -80.0 { 4.0 * EPS * sigmoid(x) } else { 1e-34 }),
        Activation::Tanh => (x.tanh(), 4.0 * EPS),
        other => panic!("no definition of {other:?}"),
    }
}

fn activations(channels: usize) -> Vec<Activation> {
    let slopes: Arc<[f32]> = (0..channels).map(|channel| channel as f32 * 0.1 - 0.3).collect();
    vec![
        Activation::Relu,
        Activation::leaky(0.2),
        Activation::LeakyRelu { slope: 0.2, gain: std::f32::consts::SQRT_2, clamp: Some(3.5) },
        Activation::PRelu(slopes),
        Activation::PRelu(Arc::new([0.25])),
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::GeluQuick,
        Activation::Sigmoid,
        Activation::Tanh,
    ]
}

#[test]
fn activations_keep_their_bounds_from_tiny_to_huge() -> Result<(), Error> {
    let mut values: Vec<f32> = (-4000..=4000).map(|i| i as f32 * 0.005).collect();
    values.extend([0.0, -0.0, 1e-30, -1e-30, 50.0, -50.0, 79.0, -79.0, 86.0, -86.0, 200.0, -200.0, 1e4, -1e4]);
    let channels = 7;
    values.truncate(values.len() / channels * channels);
    let shape = Shape::new(1, 1, values.len() / channels, channels);
    for engine in engines() {
        for activation in activations(channels) {
            let y = activate(&engine, FeatureMap::from_nhwc(&engine, shape, values.clone())?, &activation)?;
            for (index, (&y, &x)) in y.as_slice()?.iter().zip(&values).enumerate() {
                let (exact, bound) = exact(&activation, f64::from(x), index % channels);
                close(y, exact, bound, &format!("{} {activation:?} of {x}", engine.tier()));
            }
        }
    }
    Ok(())
}

#[test]
fn not_a_number_and_infinity_travel() -> Result<(), Error> {
    for engine in engines() {
        let mut values = vec![1.0; 5 * 5 * 2];
        values[2 * 12] = f32::NAN; // pixel (2, 2), channel 0
        let x = FeatureMap::from_nhwc(&engine, Shape::new(1, 5, 5, 2), values)?;
        for activation in activations(2) {
            let y = activate(&engine, x.clone(), &activation)?;
            assert!(y.as_slice()?[24].is_nan(), "{activation:?}");
            assert_eq!(y.as_slice()?.iter().filter(|v| v.is_nan()).count(), 1, "{activation:?}");
        }
        for groups in [1, 2] {
            let w = Weight::new(&[2, 2 / groups, 3, 3], vec![1.0; 36 / groups])?;
            let conv = Conv2d::new(&engine, Conv2dConfig { groups, ..Conv2dConfig::same(3) }, &w, None)?;
            let y = conv.forward_with(&engine, &x, Epilogue::activation(Activation::Relu))?;
            assert_eq!(y.as_slice()?.iter().filter(|v| v.is_nan()).count(), 18 / groups);
            let huge = scale(&engine, affine(&engine, x.clone(), 0.0, 1.0)?, f32::INFINITY)?;
            let y = conv.forward(&engine, &huge)?;
            assert_eq!(y.as_slice()?.iter().filter(|v| **v == f32::INFINITY).count(), 50 - 18 / groups);
        }
        assert!(max_pool(&engine, &x, PoolConfig::tiles(5))?.as_slice()?[0].is_nan());
    }
    Ok(())
}

#[test]
fn an_epilogue_adds_bends_and_adds_in_that_order() -> Result<(), Error> {
    let mut random = Random::new(5);
    let shape = Shape::new(2, 5, 7, 6);
    for engine in engines() {
        for (kernel, groups) in [(1, 1), (3, 1), (3, 6), (3, 2)] {
            let w = weight(&mut random, &[6, 6 / groups, kernel, kernel]);
            let config = Conv2dConfig { groups, ..Conv2dConfig::same(kernel) };
            let conv = Conv2d::new(&engine, config, &w, Some(&weight(&mut random, &[6])))?;
            let x = map(&engine, &mut random, shape);
            let plain = conv.forward(&engine, &x)?;
            let one_pixel = shape.with_size(1, 1);
            for addend in
                [shape, shape.with_channels(1), Shape { batch: 1, ..shape }, one_pixel, Shape::new(1, 1, 1, 6)]
            {
                let (residual, skip) = (map(&engine, &mut random, addend), map(&engine, &mut random, addend));
                let epilogue = Epilogue::activation(Activation::leaky(0.1)).with_residual(&residual).with_skip(&skip);
                let fused = conv.forward_with(&engine, &x, epilogue)?;
                let steps = add(&engine, &plain, &residual)?;
                let steps = add(&engine, &activate(&engine, steps, &Activation::leaky(0.1))?, &skip)?;
                assert_eq!(fused.to_nhwc()?, steps.to_nhwc()?, "kernel {kernel}, groups {groups}, addend {addend}");
            }
        }
    }
    Ok(())
}

#[test]
fn elementwise_operators_are_rounded_once() -> Result<(), Error> {
    let mut random = Random::new(6);
    let shape = Shape::new(2, 3, 5, 3);
    for engine in engines() {
        let a = map(&engine, &mut random, shape);
        for other in [shape, shape.with_channels(1), Shape { batch: 1, ..shape }] {
            let b = map(&engine, &mut random, other);
            let (sum, product) = (add(&engine, &a, &b)?, multiply(&engine, &a, &b)?);
            for index in 0..shape.elements()? {
                let (pixel, channel) = (index / 3 % other.pixels(), index % 3);
                let b = b.as_slice()?[pixel * other.channels + if other.channels == 1 { 0 } else { channel }];
                let a = a.as_slice()?[index];
                assert_eq!((sum.as_slice()?[index], product.as_slice()?[index]), (a + b, a * b));
            }
        }
        let moved = clamp(&engine, affine(&engine, a.clone(), 3.0, 0.25)?, -1.0, 2.0)?;
        let expected: Vec<f32> = a.as_slice()?.iter().map(|v| (v * 3.0 + 0.25).clamp(-1.0, 2.0)).collect();
        assert_eq!(moved.to_nhwc()?, expected);
    }
    Ok(())
}

/// Values of a map by `(batch, channel, y, x)`.
fn at(map: &FeatureMap, n: usize, c: usize, y: usize, x: usize) -> f32 {
    let Shape { height, width, channels, .. } = map.shape();
    map.as_slice().expect("on the CPU")[((n * height + y) * width + x) * channels + c]
}

/// Every `(batch, channel, y, x)` of a shape.
fn places(shape: Shape) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let Shape { height, width, channels, .. } = shape;
    (0..shape.pixels() * channels).map(move |index| {
        let (c, pixel) = (index % channels, index / channels);
        (pixel / (height * width), c, pixel / width % height, pixel % width)
    })
}

#[test]
fn channels_and_pixels_move_without_change() -> Result<(), Error> {
    let mut random = Random::new(7);
    let engine = &engines()[0];
    let a = map(engine, &mut random, Shape::new(2, 4, 6, 12));
    let b = map(engine, &mut random, Shape::new(2, 4, 6, 5));
    let joined = concat(engine, &[&a, &b, &a])?;
    assert_eq!(joined.shape().channels, 29);
    assert_eq!(slice_channels(engine, &joined, 12, 5)?.to_nhwc()?, b.to_nhwc()?);
    assert_eq!(slice_channels(engine, &joined, 17, 12)?.to_nhwc()?, a.to_nhwc()?);
    let shuffled = pixel_shuffle(engine, &a, 2)?;
    assert_eq!(shuffled.shape(), Shape::new(2, 8, 12, 3));
    for (n, c, y, x) in places(shuffled.shape()) {
        assert_eq!(at(&shuffled, n, c, y, x), at(&a, n, c * 4 + y % 2 * 2 + x % 2, y / 2, x / 2));
    }
    assert_eq!(pixel_unshuffle(engine, &shuffled, 2)?.to_nhwc()?, a.to_nhwc()?);
    let nchw = a.to_nchw()?;
    assert_eq!(FeatureMap::from_nchw(engine, a.shape(), &nchw)?.to_nhwc()?, a.to_nhwc()?);
    assert_eq!(nchw[(12 + 3) * 24 + 2 * 6 + 5], at(&a, 1, 3, 2, 5));
    Ok(())
}

#[test]
fn borders_are_added_and_cut() -> Result<(), Error> {
    let mut random = Random::new(8);
    let engine = &engines()[0];
    let a = map(engine, &mut random, Shape::new(2, 4, 6, 3));
    let padding = Padding { top: 3, bottom: 1, left: 2, right: 5 };
    for mode in [PadMode::Zero, PadMode::Reflect, PadMode::Replicate] {
        let padded = pad(engine, &a, padding, mode)?;
        assert_eq!(padded.shape(), Shape::new(2, 8, 13, 3));
        assert_eq!(crop(engine, &padded, (3, 2), (4, 6))?.to_nhwc()?, a.to_nhwc()?);
        let corner = match mode {
            PadMode::Zero => 0.0,
            PadMode::Reflect => at(&a, 1, 2, 3, 2),
            PadMode::Replicate => at(&a, 1, 2, 0, 0),
        };
        assert_eq!(at(&padded, 1, 2, 0, 0), corner);
        let end = match mode {
            PadMode::Zero => 0.0,
            PadMode::Reflect => at(&a, 1, 2, 2, 0),
            PadMode::Replicate => at(&a, 1, 2, 3, 5),
        };
        assert_eq!(at(&padded, 1, 2, 7, 12), end);
    }
    Ok(())
}

#[test]
fn pooling_equals_its_definition() -> Result<(), Error> {
    let mut random = Random::new(9);
    for engine in engines() {
        for (kernel, stride, edge) in [(2, 2, 0), (3, 2, 1), (3, 1, 1), (5, 3, 2), (1, 2, 0)] {
            let a = map(&engine, &mut random, Shape::new(2, 7, 9, 5));
            let config = PoolConfig { kernel, stride, padding: Padding::symmetric(edge) };
            let (largest, mean) = (max_pool(&engine, &a, config)?, average_pool(&engine, &a, config)?);
            for (n, c, y, x) in places(largest.shape()) {
                let window = (0..kernel * kernel).filter_map(|i| {
                    let (y, x) =
                        ((y * stride + i / kernel).checked_sub(edge)?, (x * stride + i % kernel).checked_sub(edge)?);
                    (y < 7 && x < 9).then(|| f64::from(at(&a, n, c, y, x)))
                });
                let values: Vec<f64> = window.collect();
                let exact = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                assert_eq!(f64::from(at(&largest, n, c, y, x)).to_bits(), exact.to_bits());
                let area = (kernel * kernel) as f64;
                let magnitude = values.iter().map(|v| v.abs()).sum::<f64>() / area;
                let exact = values.iter().sum::<f64>() / area;
                close(at(&mean, n, c, y, x), exact, (area + 1.0) * EPS * magnitude, "average_pool");
            }
        }
        let a = map(&engine, &mut random, Shape::new(2, 7, 9, 5));
        let mean = global_average_pool(&engine, &a)?;
        for (n, c, _, _) in places(mean.shape()) {
            let exact = (0..63).map(|i| f64::from(at(&a, n, c, i / 9, i % 9))).sum::<f64>() / 63.0;
            close(at(&mean, n, c, 0, 0), exact, EPS * exact.abs(), "global_average_pool");
        }
    }
    Ok(())
}

#[test]
fn instance_norm_equals_its_definition() -> Result<(), Error> {
    let mut random = Random::new(10);
    for engine in engines() {
        for (height, width, channels) in [(1, 1, 3), (5, 7, 17), (20, 31, 4)] {
            let shape = Shape::new(2, height, width, channels);
            let (w, b) = (weight(&mut random, &[channels]), weight(&mut random, &[channels]));
            let x = affine(&engine, map(&engine, &mut random, shape), 2.0, 5.0)?;
            let y = InstanceNorm::new(channels, 1e-5, Some((&w, &b)))?.forward(&engine, &x)?;
            for (n, c, row, column) in places(shape) {
                let plane: Vec<f64> =
                    (0..height * width).map(|i| f64::from(at(&x, n, c, i / width, i % width))).collect();
                let mean = plane.iter().sum::<f64>() / plane.len() as f64;
                let variance = plane.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / plane.len() as f64;
                let factor = f64::from(w.values()[c]) / (variance + f64::from(1e-5_f32)).sqrt();
                let value = f64::from(at(&x, n, c, row, column));
                let exact = (value - mean) * factor + f64::from(b.values()[c]);
                let bound = 4.0 * EPS * ((value.abs() + mean.abs()) * factor.abs() + f64::from(b.values()[c]).abs());
                close(at(&y, n, c, row, column), exact, bound, "instance_norm");
            }
        }
    }
    Ok(())
}

/// Source position of an output of a bilinear resize.
fn position(index: usize, input: usize, output: usize, align_corners: bool) -> f64 {
    let (index, input, output) = (index as f64, input as f64, output as f64);
    match align_corners {
        true if output > 1.0 => index * (input - 1.0) / (output - 1.0),
        true => 0.0,
        false => ((index + 0.5) * (input / output) - 0.5).max(0.0),
    }
}

#[test]
fn resize_equals_its_definition() -> Result<(), Error> {
    let mut random = Random::new(11);
    for engine in engines() {
        for (height, width) in [(1, 1), (4, 6), (8, 12), (3, 17), (13, 5)] {
            let a = map(&engine, &mut random, Shape::new(2, 4, 6, 5));
            let y = resize(&engine, &a, height, width, Interpolation::Nearest)?;
            for (n, c, row, column) in places(y.shape()) {
                assert_eq!(at(&y, n, c, row, column), at(&a, n, c, row * 4 / height, column * 6 / width));
            }
            for align_corners in [false, true] {
                let y = resize(&engine, &a, height, width, Interpolation::Bilinear { align_corners })?;
                for (n, c, row, column) in places(y.shape()) {
                    let (v, u) = (position(row, 4, height, align_corners), position(column, 6, width, align_corners));
                    // Hat functions around every source pixel, with the border pixels repeated.
                    let exact: f64 = (0..24)
                        .map(|i| {
                            let hat =
                                |p: f64, i: usize, n: usize| (1.0 - (p.min(n as f64 - 1.0) - i as f64).abs()).max(0.0);
                            hat(v, i / 6, 4) * hat(u, i % 6, 6) * f64::from(at(&a, n, c, i / 6, i % 6))
                        })
                        .sum();
                    close(at(&y, n, c, row, column), exact, 8.0 * EPS, &format!("{height}×{width} {align_corners}"));
                }
            }
        }
    }
    Ok(())
}

/// `upfirdn2d` by its definition: zeros between, padding, filter, keep every `down`-th. One axis pair, one channel.
fn upfirdn(x: impl Fn(isize, isize) -> f64, filter: &Weight, up: isize, first: isize, y: isize, at: isize) -> f64 {
    let n = filter.shape()[0] as isize;
    let mut sum = 0.0;
    for index in 0..n * n {
        let (ky, kx) = (index / n, index % n);
        // True convolution: the tap (ky, kx) meets the padded, stretched picture at y + n − 1 − ky.
        let (row, column) = (y + n - 1 - ky - first, at + n - 1 - kx - first);
        if row.rem_euclid(up) == 0 && column.rem_euclid(up) == 0 {
            sum += x(row.div_euclid(up), column.div_euclid(up)) * f64::from(filter.values()[index as usize]);
        }
    }
    sum
}

#[test]
fn resampling_filters_equal_upfirdn2d() -> Result<(), Error> {
    let mut random = Random::new(12);
    let shape = Shape::new(1, 6, 8, 5);
    for engine in engines() {
        for (taps, factor) in
            [(vec![1.0, 3.0, 3.0, 1.0], 2), (vec![1.0, 2.0, 1.0], 2), (vec![1.0, 4.0, 2.0, 3.0, 1.0], 3)]
        {
            let filter = fir_filter(&taps)?;
            let (a, n, f) = (map(&engine, &mut random, shape), taps.len() as isize, factor as isize);
            let x = |c, y: isize, x: isize| {
                let inside = (0..6).contains(&y) && (0..8).contains(&x);
                if inside { f64::from(at(&a, 0, c, y as usize, x as usize)) } else { 0.0 }
            };
            let up = fir_upsample(&engine, 5, factor, &filter)?.forward(&engine, &a)?;
            assert_eq!(up.shape(), shape.with_size(6 * factor, 8 * factor));
            let first = (n + f - 1) / 2;
            for (_, c, row, column) in places(up.shape()) {
                let exact = upfirdn(|v, u| x(c, v, u), &filter, f, first, row as isize, column as isize);
                close(up.as_slice()?[(row * 8 * factor + column) * 5 + c], exact * (f * f) as f64, 1e-5, "upsample");
            }
            let down = fir_downsample(&engine, 5, factor, &filter)?.forward(&engine, &a)?;
            let first = (n - f + 1) / 2;
            assert_eq!(
                down.shape(),
                shape.with_size(
                    6 / factor,
                    8_usize.div_ceil(factor).min((8 + n as usize - factor - n as usize) / factor + 1)
                )
            );
            for (_, c, row, column) in places(down.shape()) {
                let (row_at, column_at) = (row as isize * f, column as isize * f);
                let exact = upfirdn(|v, u| x(c, v, u), &filter, 1, first, row_at, column_at);
                close(at(&down, 0, c, row, column), exact, 1e-5, "downsample");
            }
        }
    }
    Ok(())
}

#[test]
fn a_scaled_sum_rounds_twice_and_leaves_what_others_hold() -> Result<(), Error> {
    let mut random = Random::new(8);
    for engine in engines() {
        let shape = Shape::new(1, 61, 37, 23);
        let (a, b) = (map(&engine, &mut random, shape), map(&engine, &mut random, shape));
        let before = a.to_nhwc()?;
        let sum = add_scaled(&engine, a.clone(), 0.2, &b)?;
        let expected: Vec<f32> = before.iter().zip(b.as_slice()?).map(|(a, b)| a * 0.2 + b).collect();
        assert_eq!(sum.to_nhwc()?, expected);
        assert_eq!(a.to_nhwc()?, before);
        let narrow = map(&engine, &mut random, shape.with_channels(1));
        assert!(matches!(add_scaled(&engine, a, 0.2, &narrow), Err(Error::Shapes { .. })));
    }
    Ok(())
}
