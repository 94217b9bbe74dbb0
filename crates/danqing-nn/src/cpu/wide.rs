//! The sixteen-lane tiling, and that of AMX tiles, against the eight-lane one. Where the processor has AVX-512 or AMX this
//! runs their instructions, elsewhere sixteen portable lanes and a plain product.

use super::bf16;
use crate::{
    Activation, Attention, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, ConvolutionMethod, DType,
    Engine, Epilogue, Error, FeatureMap, GroupNorm, LayerNorm, Precision, Shape, Tier, Weight, activate,
};

/// Values between −1 and 1.
fn wave(shape: &[usize], step: f32) -> Result<Weight, Error> {
    let count: usize = shape.iter().product();
    Weight::new(shape, (0..count).map(|index| (index as f32 * step).fract() * 2.0 - 1.0).collect())
}

/// The larger one, or what is no number.
fn worse(worst: f32, difference: f32) -> f32 {
    if difference <= worst { worst } else { difference }
}

/// Largest difference between the two tiers' results of `layer`.
fn difference(layer: impl Fn(&Engine) -> Result<FeatureMap, Error>) -> Result<f32, Error> {
    difference_of(Tier::Avx512, Precision::F32, layer)
}

fn difference_of(
    tier: Tier,
    precision: Precision,
    layer: impl Fn(&Engine) -> Result<FeatureMap, Error>,
) -> Result<f32, Error> {
    difference_by(ConvolutionMethod::Fast, tier, precision, layer)
}

fn difference_by(
    method: ConvolutionMethod,
    tier: Tier,
    precision: Precision,
    layer: impl Fn(&Engine) -> Result<FeatureMap, Error>,
) -> Result<f32, Error> {
    let engine = |tier| Ok::<_, Error>(Engine::with_any_tier(tier, precision)?.with_convolutions(method));
    let (narrow, wide) = (layer(&engine(Tier::Portable)?)?.to_nhwc()?, layer(&engine(tier)?)?.to_nhwc()?);
    assert_eq!(narrow.len(), wide.len());
    Ok(narrow.iter().zip(&wide).map(|(a, b)| (a - b).abs()).fold(0.0, worse))
}

/// In and out channels, groups, kernel.
const CONVOLUTIONS: [(usize, usize, usize, usize); 9] = [
    (1, 1, 1, 3),
    (3, 50, 1, 3),
    (17, 33, 1, 3),
    (40, 96, 2, 1),
    (70, 3, 1, 3),
    (16, 4, 1, 5),
    (33, 33, 33, 3),
    (96, 96, 96, 4),
    (330, 31, 1, 1),
];

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn in_bf16_the_wide_tier_equals_the_narrow_one_and_tiles_agree_with_it() -> Result<(), Error> {
    // Reductions of several chunks, pixels of several tasks and odd channels of groups besides.
    for (input, output, groups, kernel) in
        CONVOLUTIONS.into_iter().chain([(250, 40, 1, 3), (21, 99, 3, 3), (1400, 65, 1, 1), (2, 32, 1, 5)])
    {
        let config = Conv2dConfig { groups, ..Conv2dConfig::same(kernel) };
        let layer = |engine: &Engine| {
            let shape = Shape::new(2, 11, 13, input);
            let x = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
            let weight = wave(&[output, input / groups, kernel, kernel], 0.414_213_56)?;
            // Into maps of f32, whose differences are not rounded away.
            Conv2d::new(engine, config, &weight, Some(&wave(&[output], 0.3)?))?.forward(&engine.in_f32(), &x)
        };
        let direct = |tier| difference_by(ConvolutionMethod::Direct, tier, Precision::Bf16, layer);
        let tiles = direct(Tier::Amx)?;
        // Two roundings of sums of at most 3000 products of magnitude 1.
        assert!(tiles < 1e-4, "{input} to {output}, {groups} groups, kernel {kernel}: {tiles}");
        let is_dense = input / groups > 1 && (output > 4 || input < 16);
        // Tiles sum the even and the odd channels of a step apart: proof that they ran. Few products may be exact.
        assert!(tiles > 0.0 || !is_dense || input < 8, "{input} to {output} ran without tiles");
        // A product of two bf16 is exact in f32, so that fused and separate additions give the same sum.
        if is_dense {
            assert_eq!(direct(Tier::Avx512)?, 0.0, "{input} to {output}");
        }
        let fast = difference_of(Tier::Avx512, Precision::Bf16, layer)?;
        assert!(fast < 1e-4, "{input} to {output}, {groups} groups, kernel {kernel}: {fast}");
    }
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn in_int8_the_wide_tiers_agree_with_the_narrow_one() -> Result<(), Error> {
    for (input, output, groups, kernel) in
        CONVOLUTIONS.into_iter().chain([(250, 40, 1, 3), (21, 99, 3, 3), (2, 32, 1, 5)])
    {
        let config = Conv2dConfig { groups, ..Conv2dConfig::same(kernel) };
        let layer = |engine: &Engine| {
            let shape = Shape::new(2, 11, 13, input);
            let x = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
            let weight = wave(&[output, input / groups, kernel, kernel], 0.414_213_56)?;
            Conv2d::new(engine, config, &weight, Some(&wave(&[output], 0.3)?))?.forward(engine, &x)
        };
        for tier in [Tier::Avx512, Tier::Amx] {
            let worst = difference_of(tier, Precision::Int8, layer)?;
            // Two roundings of sums of at most 3000 products of magnitude 1.
            assert!(worst < 1e-4, "{tier} {input} to {output}, {groups} groups, kernel {kernel}: {worst}");
        }
    }
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn pixels_that_no_tap_reaches_are_the_bias_in_tiles_too() -> Result<(), Error> {
    let config = ConvTranspose2dConfig { stride: 5, ..ConvTranspose2dConfig::default() };
    let worst = difference_of(Tier::Amx, Precision::Bf16, |engine| {
        let shape = Shape::new(1, 4, 6, 21);
        let x = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
        let layer =
            ConvTranspose2d::new(engine, config, &wave(&[21, 37, 3, 3], 0.414_213_56)?, Some(&wave(&[37], 0.3)?))?;
        layer.forward(engine, &x)
    })?;
    assert!(worst < 1e-5, "{worst}");
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn convolutions_agree_with_the_narrow_tiers() -> Result<(), Error> {
    for (input, output, groups, kernel) in CONVOLUTIONS {
        let config = Conv2dConfig { groups, ..Conv2dConfig::same(kernel) };
        let worst = difference(|engine| {
            let shape = Shape::new(1, 11, 13, input);
            let x = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
            let weight = wave(&[output, input / groups, kernel, kernel], 0.414_213_56)?;
            let conv = Conv2d::new(engine, config, &weight, Some(&wave(&[output], 0.3)?))?;
            conv.forward_with(engine, &x, Epilogue::activation(Activation::Silu))
        })?;
        // Two roundings of sums of at most 3000 products of magnitude 1.
        assert!(worst < 1e-4, "{input} to {output}, {groups} groups, kernel {kernel}: {worst}");
        // Sums along 16 lanes and along 8 round differently: proof that two tilings ran.
        assert!(worst > 0.0 || output > 4 || input < 16, "{input} to {output} ran the same tiling twice");
    }
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn transposed_convolutions_and_activations_agree_with_the_narrow_tiers() -> Result<(), Error> {
    let config = ConvTranspose2dConfig { stride: 2, padding: 1, ..ConvTranspose2dConfig::default() };
    for activation in [Activation::Gelu, Activation::Tanh, Activation::PRelu([0.1; 37].into()), Activation::Relu] {
        let worst = difference(|engine| {
            let shape = Shape::new(1, 7, 9, 21);
            let x = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
            let layer = ConvTranspose2d::new(engine, config, &wave(&[21, 37, 4, 4], 0.414_213_56)?, None)?;
            activate(engine, layer.forward(engine, &x)?, &activation)
        })?;
        assert!(worst < 1e-4, "{activation:?}: {worst}");
    }
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn attention_agrees_with_the_narrow_tiers() -> Result<(), Error> {
    for (queries, keys, size, is_causal) in
        [(100, 300, 40, false), (77, 77, 64, true), (5, 17, 8, false), (9, 33, 33, true)]
    {
        let worst = difference(|engine| {
            let tokens = |count, step| {
                let shape = Shape::new(2, 1, count, 2 * size);
                FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], step)?.values().to_vec())
            };
            let attention = if is_causal { Attention::new(2).causal() } else { Attention::new(2) };
            let (k, v) = (tokens(keys, 0.414_213_56)?, tokens(keys, 0.3)?);
            attention.with_scale(1.0).forward(engine, &tokens(queries, 0.618_034)?, &k, &v)
        })?;
        // Each query has a lane of its own, so that the number of lanes changes nothing; where products and additions are
        // fused, scores of magnitude 20 are rounded otherwise, which the exponential carries on.
        let most = if Tier::detected() < Tier::Avx512 { 0.0 } else { 1e-4 };
        assert!(worst <= most, "{queries} queries, {keys} keys of {size}: {worst}");
    }
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn attention_in_tiles_agrees_with_the_narrow_tier() -> Result<(), Error> {
    for (queries, keys, size, is_causal, is_masked) in [
        (100, 300, 40, false, false),
        (77, 77, 64, true, false),
        (5, 17, 8, false, true),
        (9, 33, 33, true, true),
        (161, 129, 160, false, true),
    ] {
        for dtype in [DType::F32, DType::Bf16] {
            // Rounded to bf16 before, so that only what is rounded on the way differs.
            let map = |engine: &Engine, shape: Shape, step| {
                let values = wave(&[shape.elements()?], step)?.values().iter().map(|&x| bf16::rounded(x)).collect();
                let map = FeatureMap::from_nhwc(engine, shape, values)?;
                if shape.channels.is_multiple_of(2) { map.to_dtype(engine, dtype) } else { Ok(map) }
            };
            let run = |tier| {
                let engine = &Engine::with_any_tier(tier, Precision::Bf16)?;
                let tokens = |count| Shape::new(2, 1, count, 2 * size);
                // A query in three sees half of the keys.
                let mask = (0..queries * keys)
                    .map(|at| if at / keys % 3 == 1 && at % 2 == 1 { f32::NEG_INFINITY } else { 0.1 });
                let mask = FeatureMap::from_nhwc(engine, Shape::new(1, 1, queries, keys), mask.collect())?;
                let attention = if is_causal { Attention::new(2).causal() } else { Attention::new(2) };
                let attention = if is_masked { attention.with_mask(&mask) } else { attention };
                let (k, v) = (map(engine, tokens(keys), 0.414_213_56)?, map(engine, tokens(keys), 0.3)?);
                attention.with_scale(1.0).forward(engine, &map(engine, tokens(queries), 0.618_034)?, &k, &v)?.to_nhwc()
            };
            let (narrow, tiles) = (run(Tier::Portable)?, run(Tier::Amx)?);
            let worst = narrow.iter().zip(&tiles).map(|(a, b)| (a - b).abs()).fold(0.0, worse);
            // Weights of values up to 1 are rounded, then both results.
            assert!(worst < 1.0 / 128.0, "{queries} queries, {keys} keys of {size}, {dtype:?}: {worst}");
            assert!(worst > 0.0, "{queries} queries, {keys} keys of {size} ran without tiles");
        }
    }
    let engine = &Engine::with_any_tier(Tier::Amx, Precision::Bf16)?;
    let x = FeatureMap::filled(engine, Shape::new(1, 1, 3, 8), 1.0)?;
    let mask = [0.0, 0.0, 0.0, f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0, 0.0, f32::NAN];
    let mask = FeatureMap::from_nhwc(engine, Shape::new(1, 1, 3, 3), mask.to_vec())?;
    let y = Attention::new(1).with_mask(&mask).forward(engine, &x, &x, &x)?.to_nhwc()?;
    assert!(y[..8].iter().all(|&y| y == 1.0) && y[8..].iter().all(|y| y.is_nan()), "{y:?}");
    Ok(())
}

#[test]
#[cfg_attr(miri, ignore = "millions of products; cpu::small has the same kernels")]
fn normalisations_agree_with_the_narrow_tiers() -> Result<(), Error> {
    for channels in [4, 36, 320] {
        let (w, b) = (wave(&[channels], 0.3)?, wave(&[channels], 0.7)?);
        let shape = Shape::new(2, 9, 11, channels);
        let map = |engine: &Engine| {
            FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())
        };
        let group =
            difference(|e| GroupNorm::new(4, 1e-5, &w, &b)?.forward_with(e, &map(e)?, Some(&Activation::Silu)))?;
        let layer = difference(|e| LayerNorm::new(1e-5, &w, &b)?.forward(e, &map(e)?))?;
        assert!(group.max(layer) < 1e-5, "{channels} channels: {group}, {layer}");
    }
    Ok(())
}
