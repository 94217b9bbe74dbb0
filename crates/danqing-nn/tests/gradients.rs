//! Gradients and Gram matrices against their definition in `f64` on every tier, and against finite differences.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Conv2dGradient, Engine, EngineConfig, Error, FeatureMap, PadMode, Padding,
    PoolConfig, Shape, Weight, activate, average_pool, average_pool_gradient, gram, gram_gradient, max_pool,
    max_pool_gradient, relu_gradient,
};
use reference::{Random, Sum, assert_sums, engines, weight};

/// Settings of one convolution.
struct Case {
    shape: Shape,
    out_channels: usize,
    kernel: (usize, usize),
    config: Conv2dConfig,
}

const CASES: [(usize, usize, usize, PadMode); 8] = [
    (64, 64, 1, PadMode::Reflect),
    (3, 20, 1, PadMode::Reflect),
    (17, 33, 1, PadMode::Zero),
    (5, 40, 1, PadMode::Replicate),
    (6, 8, 2, PadMode::Reflect),
    (4, 4, 4, PadMode::Replicate),
    (2, 70, 1, PadMode::Reflect),
    (330, 18, 1, PadMode::Zero),
];

fn random_case(random: &mut Random) -> Case {
    loop {
        let (channels, out_channels, groups, padding_mode) = random.pick(&CASES);
        let edge = |random: &mut Random| random.below(3);
        let padding = Padding { top: edge(random), bottom: edge(random), left: edge(random), right: edge(random) };
        let (stride, dilation) = (random.pick(&[1, 1, 1, 2, 3]), random.pick(&[1, 1, 2]));
        let kernel = (random.pick(&[1, 2, 3, 3, 4]), random.pick(&[1, 3, 3, 5]));
        let shape = Shape::new(1 + random.below(2), 3 + random.below(9), 3 + random.below(17), channels);
        let reach = |kernel: usize| (kernel - 1) * dilation + 1;
        let fits = shape.height + padding.top + padding.bottom >= reach(kernel.0)
            && shape.width + padding.left + padding.right >= reach(kernel.1);
        if fits {
            let config = Conv2dConfig { stride, padding, dilation, groups, padding_mode };
            return Case { shape, out_channels, kernel, config };
        }
    }
}

/// The input position that a padded position copies.
fn source(padded: usize, before: usize, length: usize, mode: PadMode) -> Option<usize> {
    let (at, last) = (padded as isize - before as isize, length as isize - 1);
    match mode {
        PadMode::Zero => (0..=last).contains(&at).then_some(at as usize),
        PadMode::Replicate => Some(at.clamp(0, last) as usize),
        PadMode::Reflect => Some((last - (last - at.abs()).abs()) as usize),
    }
}

/// Every output's slope scattered to what it read, NCHW.
fn scattered(case: &Case, out: Shape, slopes: &[f32], w: &[f32]) -> Vec<Sum> {
    let Shape { batch, height, width, channels } = case.shape;
    let Conv2dConfig { stride, padding, dilation, groups, padding_mode } = case.config;
    let (per_group, out_per_group) = (channels / groups, case.out_channels / groups);
    let mut sums = vec![Sum::default(); batch * channels * height * width];
    for (index, &slope) in slopes.iter().enumerate() {
        let (ox, oy) = (index % out.width, index / out.width % out.height);
        let (o, n) = (index / (out.width * out.height) % out.channels, index / (out.width * out.height * out.channels));
        for (ky, kx) in (0..case.kernel.0).flat_map(|y| (0..case.kernel.1).map(move |x| (y, x))) {
            let y = source(oy * stride + ky * dilation, padding.top, height, padding_mode);
            let x = source(ox * stride + kx * dilation, padding.left, width, padding_mode);
            let (Some(y), Some(x)) = (y, x) else { continue };
            for i in 0..per_group {
                let channel = o / out_per_group * per_group + i;
                let weight = w[((o * per_group + i) * case.kernel.0 + ky) * case.kernel.1 + kx];
                sums[((n * channels + channel) * height + y) * width + x].add(f64::from(slope) * f64::from(weight));
            }
        }
    }
    sums
}

#[test]
fn convolution_gradients_are_the_adjoint() -> Result<(), Error> {
    let mut random = Random::new(31);
    for _ in 0..120 {
        let case = random_case(&mut random);
        let per_group = case.shape.channels / case.config.groups;
        let w = weight(&mut random, &[case.out_channels, per_group, case.kernel.0, case.kernel.1]);
        for engine in engines() {
            let out = Conv2d::new(&engine, case.config, &w, None)?.out_shape(case.shape)?;
            let slopes = random.values(out.elements()?);
            let sums = scattered(&case, out, &slopes, w.values());
            let layer = Conv2dGradient::new(&engine, case.config, &w)?;
            let y = layer.forward(&engine, case.shape, &FeatureMap::from_nchw(&engine, out, &slopes)?)?;
            let what = format!("{} {} kernel {:?} {:?}", engine.tier(), case.shape, case.kernel, case.config);
            assert_sums(&y, case.shape, &sums, &what)?;
        }
    }
    Ok(())
}

/// Along a random direction, the gradient is what central differences of `Σ slope · forward(x)` say.
fn assert_slope(
    engine: &Engine,
    random: &mut Random,
    x: &FeatureMap,
    forward: impl Fn(&FeatureMap) -> Result<FeatureMap, Error>,
    gradient: impl Fn(&FeatureMap) -> Result<FeatureMap, Error>,
    what: &str,
) -> Result<(), Error> {
    const STEP: f32 = 1e-3;
    let shape = x.shape();
    let out = forward(x)?.shape();
    let slopes = FeatureMap::from_nhwc(engine, out, random.values(out.elements()?))?;
    let direction = random.values(shape.elements()?);
    let moved = |step: f32| -> Result<f64, Error> {
        let values = x.as_slice()?.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
        let y = forward(&FeatureMap::from_nhwc(engine, shape, values)?)?;
        Ok(y.as_slice()?.iter().zip(slopes.as_slice()?).map(|(y, s)| f64::from(*y) * f64::from(*s)).sum())
    };
    let measured = (moved(STEP)? - moved(-STEP)?) / f64::from(2.0 * STEP);
    let gradient = gradient(&slopes)?;
    let products = gradient.as_slice()?.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d));
    let (told, size) = products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs()));
    // Rounding of `f32` values over twice the step, and kinks that a step crosses.
    assert!((measured - told).abs() <= 0.01 * size, "{what}: differences say {measured}, the gradient {told}");
    Ok(())
}

#[test]
fn gradients_agree_with_finite_differences() -> Result<(), Error> {
    let mut random = Random::new(32);
    for engine in engines() {
        let shape = Shape::new(1, 9, 14, 19);
        let x = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
        let config = Conv2dConfig { padding_mode: PadMode::Reflect, ..Conv2dConfig::same(3) };
        let w = weight(&mut random, &[7, 19, 3, 3]);
        let (layer, back) = (Conv2d::new(&engine, config, &w, None)?, Conv2dGradient::new(&engine, config, &w)?);
        let (forward, adjoint) =
            (|x: &FeatureMap| layer.forward(&engine, x), |g: &FeatureMap| back.forward(&engine, shape, g));
        assert_slope(&engine, &mut random, &x, forward, adjoint, "convolution")?;
        let relu = |x: &FeatureMap| activate(&engine, x.clone(), &Activation::Relu);
        assert_slope(&engine, &mut random, &x, relu, |g| relu_gradient(&engine, g.clone(), &x), "relu")?;
        for config in [PoolConfig::tiles(2), PoolConfig { kernel: 3, stride: 2, padding: Padding::symmetric(1) }] {
            let forward = |x: &FeatureMap| max_pool(&engine, x, config);
            assert_slope(&engine, &mut random, &x, forward, |g| max_pool_gradient(&engine, &x, g, config), "max")?;
            let forward = |x: &FeatureMap| average_pool(&engine, x, config);
            let adjoint = |g: &FeatureMap| average_pool_gradient(&engine, shape, g, config);
            assert_slope(&engine, &mut random, &x, forward, adjoint, "average")?;
        }
        let forward = |x: &FeatureMap| gram(&engine, x);
        assert_slope(&engine, &mut random, &x, forward, |g| gram_gradient(&engine, &x, g, None), "gram")?;
    }
    Ok(())
}

#[test]
fn pooling_gradients_equal_their_definition_and_ties_go_to_the_first() -> Result<(), Error> {
    let mut random = Random::new(33);
    let configs = [(2, 2, 0), (3, 2, 1), (3, 1, 1), (5, 3, 2), (1, 2, 0)];
    for engine in engines() {
        for (kernel, stride, edge) in configs {
            let config = PoolConfig { kernel, stride, padding: Padding::symmetric(edge) };
            let shape = Shape::new(2, 7, 9, 5);
            // Few levels: many ties.
            let x: Vec<f32> = (0..shape.elements()?).map(|_| random.below(3) as f32).collect();
            let map = FeatureMap::from_nhwc(&engine, shape, x.clone())?;
            let out = max_pool(&engine, &map, config)?.shape();
            let slopes = random.values(out.elements()?);
            let (mut largest, mut mean) = (vec![Sum::default(); x.len()], vec![Sum::default(); x.len()]);
            for (index, &slope) in slopes.iter().enumerate() {
                let (c, pixel) = (index % 5, index / 5);
                let (n, oy, ox) = (pixel / (out.width * out.height), pixel / out.width % out.height, pixel % out.width);
                let places = (0..kernel * kernel).filter_map(|i| {
                    let y = (oy * stride + i / kernel).checked_sub(edge).filter(|&y| y < 7)?;
                    let x = (ox * stride + i % kernel).checked_sub(edge).filter(|&x| x < 9)?;
                    Some(((n * 7 + y) * 9 + x) * 5 + c)
                });
                let places: Vec<usize> = places.collect();
                let first = places.iter().copied().reduce(|best, at| if x[at] > x[best] { at } else { best });
                largest[first.expect("a window has pixels")].add(f64::from(slope));
                let share = f64::from(slope) / (kernel * kernel) as f64;
                for &at in &places {
                    mean[at].add(share);
                }
            }
            let slopes = FeatureMap::from_nhwc(&engine, out, slopes)?;
            for (y, sums) in [
                (max_pool_gradient(&engine, &map, &slopes, config)?, largest),
                (average_pool_gradient(&engine, shape, &slopes, config)?, mean),
            ] {
                for (y, sum) in y.as_slice()?.iter().zip(&sums) {
                    assert!((f64::from(*y) - sum.value).abs() <= sum.bound(), "{config:?}: {y}, {}", sum.value);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn gram_matrices_and_their_gradient_equal_their_definition() -> Result<(), Error> {
    let mut random = Random::new(34);
    for engine in engines() {
        for (height, width, channels) in [(1, 1, 1), (3, 5, 7), (20, 31, 33), (30, 23, 64), (9, 150, 20)] {
            let shape = Shape::new(1, height, width, channels);
            let map = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
            let (matrix, pixels) = (gram(&engine, &map)?, (height * width) as f64);
            let values: Vec<&[f32]> = map.as_slice()?.chunks(channels).collect();
            let slopes = random.values(channels * channels);
            for (index, &g) in matrix.as_slice()?.iter().enumerate() {
                let (i, j) = (index / channels, index % channels);
                let products = || values.iter().map(|pixel| f64::from(pixel[i]) * f64::from(pixel[j]));
                let (exact, size) = (products().sum::<f64>() / pixels, products().map(f64::abs).sum::<f64>() / pixels);
                let bound = 260.0 * f64::from(f32::EPSILON) * size;
                assert!((f64::from(g) - exact).abs() <= bound, "{shape} {i} {j}: {g}, exact {exact}");
            }
            let addend = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
            let slope = FeatureMap::from_nhwc(&engine, matrix.shape(), slopes.clone())?;
            let gradient = gram_gradient(&engine, &map, &slope, Some(&addend))?;
            for (index, &y) in gradient.as_slice()?.iter().enumerate() {
                let (pixel, i) = (values[index / channels], index % channels);
                let mut sum = Sum::default();
                sum.add(f64::from(addend.as_slice()?[index]));
                for j in 0..channels {
                    let both = f64::from(slopes[i * channels + j]) + f64::from(slopes[j * channels + i]);
                    sum.add(f64::from(pixel[j]) * both / pixels);
                }
                assert!((f64::from(y) - sum.value).abs() <= sum.bound(), "{shape}: {y}, exact {}", sum.value);
            }
        }
    }
    Ok(())
}

#[test]
fn threads_change_nothing() -> Result<(), Error> {
    let of = |threads| -> Result<Vec<f32>, Error> {
        let engine = Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?;
        let shape = Shape::new(1, 61, 83, 24);
        let mut random = Random::new(35);
        let x = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
        let config = Conv2dConfig { padding_mode: PadMode::Reflect, ..Conv2dConfig::same(3) };
        let back = Conv2dGradient::new(&engine, config, &weight(&mut random, &[24, 24, 3, 3]))?;
        let y = back.forward(&engine, shape, &x)?;
        Ok([y.to_nhwc()?, gram(&engine, &y)?.to_nhwc()?].concat())
    };
    assert_eq!(of(1)?, of(3)?);
    Ok(())
}

#[test]
fn misfits_and_cancelled_runs_are_refused() -> Result<(), Error> {
    let engine = Engine::new(EngineConfig::default())?;
    let map = |shape: Shape| FeatureMap::filled(&engine, shape, 1.0);
    let (shape, other) = (Shape::new(1, 4, 4, 2), Shape::new(1, 4, 5, 2));
    let w = Weight::new(&[2, 2, 3, 3], vec![1.0; 36])?;
    let back = Conv2dGradient::new(&engine, Conv2dConfig::same(3), &w)?;
    let wrong = Shape::new(1, 4, 4, 3);
    assert!(matches!(back.forward(&engine, wrong, &map(shape)?), Err(Error::Channels { actual: 3, expected: 2, .. })));
    assert!(matches!(back.forward(&engine, shape, &map(other)?), Err(Error::Shapes { .. })));
    let flat = Weight::new(&[2, 2], vec![1.0; 4])?;
    assert!(matches!(Conv2dGradient::new(&engine, Conv2dConfig::same(3), &flat), Err(Error::WeightShape { .. })));
    let still = Conv2dConfig { stride: 0, ..Conv2dConfig::same(3) };
    assert!(matches!(Conv2dGradient::new(&engine, still, &w), Err(Error::Setting { .. })));
    assert!(matches!(relu_gradient(&engine, map(shape)?, &map(other)?), Err(Error::Shapes { .. })));
    let tiles = PoolConfig::tiles(2);
    assert!(matches!(max_pool_gradient(&engine, &map(shape)?, &map(shape)?, tiles), Err(Error::Shapes { .. })));
    assert!(matches!(average_pool_gradient(&engine, shape, &map(shape)?, tiles), Err(Error::Shapes { .. })));
    assert!(matches!(gram_gradient(&engine, &map(shape)?, &map(shape)?, None), Err(Error::Shapes { .. })));
    let gradient = map(shape)?;
    let cancel = danqing_capability::CancelToken::default();
    cancel.cancel();
    let stopped = engine.with_cancel(cancel);
    for result in [back.forward(&stopped, shape, &gradient), gram(&stopped, &gradient)] {
        assert!(matches!(result, Err(Error::Cancelled(_))));
    }
    Ok(())
}
