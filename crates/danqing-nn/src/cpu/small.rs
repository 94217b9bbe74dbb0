//! Every kernel on maps of a few values, on each tiling: small enough for Miri (`tools/miri.sh`), which sees a pointer one
//! place too far, two threads in one place, or a value that was never written, whatever came out.

use crate::{
    Activation, Attention, Conv2d, Conv2dConfig, Conv2dGradient, ConvTranspose2d, ConvTranspose2dConfig,
    ConvolutionMethod, Engine, Epilogue, Error, FeatureMap, GroupNorm, InstanceNorm, Interpolation, LayerNorm, Linear,
    PadMode, PoolConfig, Precision, RmsNorm, Shape, Tier, Weight, activate, average_pool, concat, geglu, gram, matmul,
    max_pool, pixel_shuffle, resize,
};

/// Values between −1 and 1.
fn wave(shape: &[usize], step: f32) -> Result<Weight, Error> {
    let count: usize = shape.iter().product();
    Weight::new(shape, (0..count).map(|index| (index as f32 * step).fract() * 2.0 - 1.0).collect())
}

/// Of bf16 in an engine of bf16, where the channels are even.
fn map(engine: &Engine, shape: Shape) -> Result<FeatureMap, Error> {
    let map = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
    map.to_dtype(engine, engine.map_type(shape))
}

/// As [`agree_within`], but for roundings.
fn agree_in(
    precisions: &[Precision],
    what: &str,
    layer: impl Fn(&Engine) -> Result<FeatureMap, Error>,
) -> Result<(), Error> {
    agree_within(precisions, 1e-4, what, layer)
}

/// Runs `layer` on eight lanes and on sixteen, two threads each, and in bf16 on tiles; results must agree, those in bf16 within
/// `most` of 1 and of their size.
fn agree_within(
    precisions: &[Precision],
    most: f32,
    what: &str,
    layer: impl Fn(&Engine) -> Result<FeatureMap, Error>,
) -> Result<(), Error> {
    for &precision in precisions {
        let narrow = layer(&Engine::with_any_tier(Tier::Portable, precision)?)?.to_nhwc()?;
        assert!(narrow.iter().all(|value| value.is_finite()) && narrow.iter().any(|&value| value != 0.0), "{what}");
        let wide = [Tier::Avx512, Tier::Amx];
        for &tier in &wide[..if precision == Precision::Bf16 { 2 } else { 1 }] {
            let wide = layer(&Engine::with_any_tier(tier, precision)?)?.to_nhwc()?;
            assert_eq!(narrow.len(), wide.len(), "{what}");
            for (a, b) in narrow.iter().zip(&wide) {
                let most = if precision == Precision::Bf16 { most * (1.0 + a.abs()) } else { 1e-4 };
                assert!((a - b).abs() < most, "{what}: {b} on {tier} in {precision}, {a} on eight lanes");
            }
        }
    }
    Ok(())
}

/// What only the type of maps changes: results of bf16 may be rounded to the other side, and so may the weights of attention.
fn agree(what: &str, layer: impl Fn(&Engine) -> Result<FeatureMap, Error>) -> Result<(), Error> {
    agree_within(&[Precision::F32, Precision::Bf16], 1.0 / 64.0, what, layer)
}

#[test]
fn convolutions() -> Result<(), Error> {
    // Strips, dense, groups, few outputs, depthwise.
    for (input, output, groups, kernel, mode) in [
        (3, 18, 1, 3, PadMode::Reflect),
        (9, 17, 1, 3, PadMode::Zero),
        (10, 17, 1, 3, PadMode::Zero),
        (6, 4, 2, 1, PadMode::Zero),
        (17, 3, 1, 3, PadMode::Replicate),
        (5, 5, 5, 3, PadMode::Zero),
    ] {
        let config = Conv2dConfig { groups, padding_mode: mode, ..Conv2dConfig::same(kernel) };
        agree_in(&Precision::ALL, &format!("{input} to {output}"), |engine| {
            let x = map(engine, Shape::new(1, 3, 4, input))?;
            let weight = wave(&[output, input / groups, kernel, kernel], 0.414_213_56)?;
            let conv = Conv2d::new(engine, config, &weight, Some(&wave(&[output], 0.3)?))?;
            let y = conv.forward(engine, &x)?;
            conv.forward_with(engine, &x, Epilogue::activation(Activation::Silu).with_residual(&y).with_skip(&y))
        })?;
    }
    Ok(())
}

#[test]
fn minimal_filtering() -> Result<(), Error> {
    // As few channels and tiles as it is used for; weights that are kept as f32, and in half precision.
    let steps = if cfg!(miri) { &[0.125][..] } else { &[0.414_213_56, 0.125] };
    let precisions = if cfg!(miri) { &[Precision::F32, Precision::Bf16][..] } else { &Precision::ALL };
    for &step in steps {
        agree_in(precisions, "minimal filtering", |engine| {
            let x = map(engine, Shape::new(1, 8, 8, 16))?;
            let conv = Conv2d::new(engine, Conv2dConfig::same(3), &wave(&[17, 16, 3, 3], step)?, None)?;
            let (fast, direct) = (conv.forward(engine, &x)?, engine.with_convolutions(ConvolutionMethod::Direct));
            let is_direct = || Ok::<_, Error>(fast.to_nhwc()? == conv.forward(&direct, &x)?.to_nhwc()?);
            // Rounded to bf16, results of both may be the same; tiles know no other method.
            let is_told = engine.precision() != Precision::Bf16 && !cfg!(miri);
            assert!(!is_told || !is_direct()?, "the direct method ran");
            Ok(fast)
        })?;
    }
    Ok(())
}

#[test]
fn layers_over_several_maps_phases_and_vectors() -> Result<(), Error> {
    agree_in(&Precision::ALL, "maps side by side", |engine| {
        let maps = [map(engine, Shape::new(1, 3, 3, 10))?, map(engine, Shape::new(1, 3, 3, 3))?];
        let conv = Conv2d::new(engine, Conv2dConfig::same(3), &wave(&[7, 13, 3, 3], 0.414_213_56)?, None)?;
        conv.forward_concat(engine, &[&maps[0], &maps[1]], Epilogue::default())
    })?;
    let config = ConvTranspose2dConfig { stride: 2, padding: 1, ..ConvTranspose2dConfig::default() };
    agree_in(&Precision::ALL, "transposed", |engine| {
        let weight = wave(&[5, 6, 4, 4], 0.414_213_56)?;
        let layer = ConvTranspose2d::new(engine, config, &weight, Some(&wave(&[6], 0.3)?))?;
        layer.forward(engine, &map(engine, Shape::new(1, 2, 3, 5))?)
    })?;
    agree_in(&Precision::ALL, "linear", |engine| {
        let layer = Linear::new(engine, &wave(&[33, 20], 0.414_213_56)?, Some(&wave(&[33], 0.3)?))?;
        layer.forward(engine, &map(engine, Shape::new(2, 1, 1, 20))?)
    })?;
    agree("gradient", |engine| {
        let weight = wave(&[6, 5, 3, 3], 0.414_213_56)?;
        let gradient = Conv2dGradient::new(engine, Conv2dConfig::same(3), &weight)?;
        gradient.forward(engine, Shape::new(1, 3, 4, 5), &map(engine, Shape::new(1, 3, 4, 6))?)
    })
}

#[test]
fn attention_and_norms() -> Result<(), Error> {
    for (attention, queries) in [(Attention::new(2), 7), (Attention::new(2).causal(), 9)] {
        agree("attention", |engine| {
            let (q, k) = (map(engine, Shape::new(1, 1, queries, 10))?, map(engine, Shape::new(1, 1, 9, 10))?);
            attention.forward(engine, &q, &k, &k)
        })?;
    }
    let (w, b) = (wave(&[10], 0.3)?, wave(&[10], 0.7)?);
    agree("norms", |engine| {
        let x = map(engine, Shape::new(1, 3, 3, 10))?;
        let x = GroupNorm::new(2, 1e-5, &w, &b)?.forward_with(engine, &x, Some(&Activation::Gelu))?;
        let x = InstanceNorm::new(10, 1e-5, Some((&w, &b)))?.forward(engine, &x)?;
        RmsNorm::new(1e-5, &w)?.forward(engine, &LayerNorm::new(1e-5, &w, &b)?.forward(engine, &x)?)
    })
}

#[test]
fn other_operators() -> Result<(), Error> {
    agree("products", |engine| {
        let x = map(engine, Shape::new(1, 2, 3, 6))?;
        geglu(engine, &matmul(engine, &x, &map(engine, Shape::new(1, 1, 6, 10))?)?)
    })?;
    agree("maps", |engine| {
        let x = map(engine, Shape::new(1, 4, 5, 8))?;
        let x = concat(engine, &[&x, &activate(engine, x.clone(), &Activation::Tanh)?])?;
        let x = pixel_shuffle(engine, &max_pool(engine, &x, PoolConfig::tiles(2))?, 2)?;
        resize(engine, &x, 5, 3, Interpolation::Bilinear { align_corners: false })
    })?;
    agree("gram", |engine| {
        gram(engine, &average_pool(engine, &map(engine, Shape::new(1, 4, 4, 5))?, PoolConfig::tiles(2))?)
    })
}
