//! Maps of bf16: each operator gives what it gives of the same values in `f32`, rounded once.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_nn::{
    Activation, Attention, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, ConvolutionMethod, DType,
    Engine, Epilogue, Error, FeatureMap, GatedLinear, GroupNorm, InstanceNorm, Interpolation, LayerNorm, Linear,
    Moments, PadMode, Padding, PoolConfig, Precision, RmsNorm, Shape, Tier, Weight, activate, add, add_scaled,
    average_pool, concat, crop, geglu, gram, matmul_transposed, max_pool, multiply, pad, pixel_shuffle,
    pixel_unshuffle, resize, scale, slice_channels,
};
use reference::{Random, engines_of, weight};

/// An operator on some maps.
type Operator<'a> = dyn Fn(&Engine, &[FeatureMap]) -> Result<FeatureMap, Error> + 'a;

/// On every tier: the operator on maps of bf16 in an engine of bf16 gives maps of `dtype`, and the values that it gives of the
/// same maps widened, where nothing is stored in bf16, rounded to that type.
fn check(what: &str, shapes: &[Shape], dtype: DType, operator: &Operator<'_>) -> Result<(), Error> {
    for engine in engines_of(Precision::Bf16) {
        let mut random = Random::new(301);
        let maps = shapes.iter().map(|&shape| half(&engine, &mut random, shape)).collect::<Result<Vec<_>, _>>()?;
        let wide = maps.iter().map(|map| map.to_dtype(&engine, DType::F32)).collect::<Result<Vec<_>, _>>()?;
        let y = operator(&engine, &maps)?;
        assert_eq!(y.dtype(), dtype, "{what} on {}", engine.tier());
        let expected = operator(&engine.in_f32(), &wide)?;
        assert_eq!((expected.dtype(), expected.shape()), (DType::F32, y.shape()), "{what}");
        let expected = expected.to_dtype(&engine, dtype)?.to_nhwc()?;
        assert!(expected.iter().any(|&value| value != 0.0), "{what}");
        let y = y.to_nhwc()?;
        // Attention in tiles rounds its weights too; values are below 1.
        let most = if what.contains("queries") && engine.tier() == Tier::Amx { 1.0 / 64.0 } else { 0.0 };
        let worst = y.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, |worst, difference| if difference <= worst { worst } else { difference });
        assert!(worst <= most, "{what} on {}: {worst}", engine.tier());
    }
    Ok(())
}

/// Random values as bf16, of an odd number of channels as `f32`.
fn half(engine: &Engine, random: &mut Random, shape: Shape) -> Result<FeatureMap, Error> {
    let map = FeatureMap::from_nhwc(engine, shape, random.values(shape.elements()?))?;
    if shape.channels.is_multiple_of(2) { map.to_dtype(engine, DType::Bf16) } else { Ok(map) }
}

/// A layer that is packed in bf16 whatever engine it runs on.
fn packed(engine: &Engine) -> Result<Engine, Error> {
    engine.with_precision(Precision::Bf16)
}

#[test]
fn a_map_is_narrowed_and_widened() -> Result<(), Error> {
    for engine in engines_of(Precision::Bf16) {
        let shape = Shape::new(2, 5, 7, 6);
        let map = FeatureMap::from_nhwc(&engine, shape, Random::new(300).values(shape.elements()?))?;
        let before = engine.memory().live_bytes;
        let half = map.to_dtype(&engine, DType::Bf16)?;
        assert!(engine.memory().live_bytes - before <= shape.elements()? * 2 + 4096);
        let nearest = |value: f32| {
            let bits = value.to_bits();
            f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
        };
        let expected: Vec<f32> = map.to_nhwc()?.into_iter().map(nearest).collect();
        assert_eq!(half.to_nhwc()?, expected);
        assert_eq!(half.as_slice()?, expected);
        assert_eq!(half.clone().to_dtype(&engine, DType::F32)?.as_slice()?, expected);
        let planes = FeatureMap::from_nhwc(&engine, shape, expected.clone())?.to_nchw()?;
        assert_eq!(half.to_nchw()?, planes);
        // Two pixels of 105 channels cannot be pairs.
        for (shape, dtype) in [(Shape::new(1, 1, 70, 6), DType::Bf16), (Shape::new(1, 2, 2, 105), DType::F32)] {
            let other = half.reshape(shape)?;
            assert_eq!((other.dtype(), other.to_nhwc()?), (dtype, expected.clone()));
        }
        let odd = FeatureMap::filled(&engine, Shape::new(1, 2, 2, 3), 1.0)?.to_dtype(&engine, DType::Bf16);
        assert_eq!(odd.err(), Some(Error::Channels { what: "a map of bf16", actual: 3, expected: 4 }));
    }
    Ok(())
}

#[test]
fn convolutions_read_and_write_bf16() -> Result<(), Error> {
    let mut random = Random::new(302);
    // Strips, panels in part, taps of several chunks, groups of even and odd channels, small and large maps.
    for (side, input, output, groups, kernel, stride, mode) in [
        (9, 4, 18, 1, 3, 1, PadMode::Reflect),
        (9, 6, 32, 1, 3, 2, PadMode::Zero),
        (11, 34, 34, 1, 3, 2, PadMode::Zero),
        (11, 34, 70, 1, 1, 1, PadMode::Zero),
        (5, 660, 36, 1, 3, 1, PadMode::Replicate),
        (6, 12, 20, 2, 3, 1, PadMode::Zero),
        (6, 10, 20, 2, 3, 1, PadMode::Zero),
        (25, 40, 50, 1, 3, 1, PadMode::Reflect),
        (26, 40, 50, 1, 3, 1, PadMode::Zero),
    ] {
        let config = Conv2dConfig { stride, groups, padding_mode: mode, ..Conv2dConfig::same(kernel) };
        let (w, b) = (weight(&mut random, &[output, input / groups, kernel, kernel]), weight(&mut random, &[output]));
        let shape = Shape::new(2, side, side + 1, input);
        for method in [ConvolutionMethod::Fast, ConvolutionMethod::Direct] {
            check(&format!("{input} to {output}, {method}"), &[shape], DType::Bf16, &|engine, maps| {
                let conv = Conv2d::new(&packed(engine)?, config, &w, Some(&b))?;
                conv.forward(&engine.with_convolutions(method), &maps[0])
            })?;
        }
    }
    let w = weight(&mut random, &[34, 30, 4, 4]);
    check("transposed", &[Shape::new(1, 6, 7, 34)], DType::Bf16, &|engine, maps| {
        let config = ConvTranspose2dConfig { stride: 2, padding: 1, ..ConvTranspose2dConfig::default() };
        ConvTranspose2d::new(&packed(engine)?, config, &w, None)?.forward(engine, &maps[0])
    })?;
    let (few, depth) = (weight(&mut random, &[4, 48, 3, 3]), weight(&mut random, &[48, 1, 3, 3]));
    let shape = Shape::new(1, 9, 70, 48);
    check("few outputs", &[shape], DType::F32, &|engine, maps| {
        Conv2d::new(&packed(engine)?, Conv2dConfig::same(3), &few, None)?.forward(engine, &maps[0])
    })?;
    check("depthwise", &[shape], DType::F32, &|engine, maps| {
        let config = Conv2dConfig { groups: 48, stride: 2, ..Conv2dConfig::same(3) };
        Conv2d::new(&packed(engine)?, config, &depth, None)?.forward(engine, &maps[0])
    })
}

#[test]
fn layers_of_f32_and_int8_read_bf16() -> Result<(), Error> {
    let w = weight(&mut Random::new(303), &[34, 40, 3, 3]);
    for precision in [Precision::F32, Precision::Int8] {
        for (side, method) in
            [(30, ConvolutionMethod::Fast), (30, ConvolutionMethod::Direct), (3, ConvolutionMethod::Fast)]
        {
            check(&format!("{precision} {method}"), &[Shape::new(1, side, side, 40)], DType::Bf16, &|engine, maps| {
                let conv = Conv2d::new(&engine.with_precision(precision)?, Conv2dConfig::same(3), &w, None)?;
                conv.forward(&engine.with_convolutions(method), &maps[0])
            })?;
        }
    }
    Ok(())
}

#[test]
fn addends_may_be_bf16_and_maps_may_lie_side_by_side() -> Result<(), Error> {
    let mut random = Random::new(304);
    let w = weight(&mut random, &[40, 54, 3, 3]);
    for side in [4, 24] {
        let parts = [Shape::new(2, side, side, 32), Shape::new(2, side, side, 22)];
        let shapes =
            [parts[0], parts[1], parts[0].with_channels(40), Shape::new(2, 1, 1, 40), Shape::new(2, side, side, 1)];
        for (residual, skip) in [(2, 3), (3, 2), (4, 2), (2, 4)] {
            check(&format!("side {side}, addends {residual} and {skip}"), &shapes, DType::Bf16, &|engine, maps| {
                let conv = Conv2d::new(&packed(engine)?, Conv2dConfig::same(3), &w, None)?;
                let epilogue = Epilogue::activation(Activation::Silu);
                let epilogue = epilogue.with_residual(&maps[residual]).with_skip(&maps[skip]);
                conv.forward_concat(engine, &[&maps[0], &maps[1]], epilogue)
            })?;
        }
    }
    Ok(())
}

#[test]
fn linear_layers_norms_and_gates_read_and_write_bf16() -> Result<(), Error> {
    let mut random = Random::new(305);
    let (w, gates) = (weight(&mut random, &[50, 34]), weight(&mut random, &[2 * 46, 34]));
    let (factor, offset) = (weight(&mut random, &[34]), weight(&mut random, &[34]));
    // More than one block of a task.
    let shape = Shape::new(2, 31, 33, 34);
    check("linear", &[shape], DType::Bf16, &|engine, maps| {
        Linear::new(&packed(engine)?, &w, None)?.forward(engine, &maps[0])
    })?;
    check("gated", &[shape], DType::Bf16, &|engine, maps| {
        GatedLinear::new(&packed(engine)?, &gates, None)?.forward(engine, &maps[0])
    })?;
    check("geglu", &[shape.with_channels(68)], DType::Bf16, &|engine, maps| geglu(engine, &maps[0]))?;
    check("group norm", &[shape], DType::Bf16, &|engine, maps| {
        GroupNorm::new(17, 1e-5, &factor, &offset)?.forward_with(engine, &maps[0], Some(&Activation::Silu))
    })?;
    check("layer norm", &[shape], DType::Bf16, &|engine, maps| {
        LayerNorm::new(1e-5, &factor, &offset)?.forward(engine, &maps[0])
    })?;
    check("RMS norm", &[shape], DType::Bf16, &|engine, maps| RmsNorm::new(1e-5, &factor)?.forward(engine, &maps[0]))?;
    check("instance norm", &[shape], DType::F32, &|engine, maps| {
        InstanceNorm::new(34, 1e-5, None)?.forward(engine, &maps[0])
    })
}

#[test]
fn attention_reads_and_writes_bf16() -> Result<(), Error> {
    for (queries, keys, size, is_causal) in [(130, 77, 40, false), (37, 37, 64, true), (9, 200, 3, false)] {
        let tokens = |count| Shape::new(2, 1, count, 2 * size);
        let shapes = [tokens(queries), tokens(keys), tokens(keys), Shape::new(1, 2, queries, keys)];
        check(&format!("{queries} queries, {keys} keys"), &shapes, DType::Bf16, &|engine, maps| {
            let attention = Attention::new(2).with_mask(&maps[3]);
            let attention = if is_causal { attention.causal() } else { attention };
            attention.forward(engine, &maps[0], &maps[1], &maps[2])
        })?;
    }
    Ok(())
}

#[test]
fn what_moves_values_keeps_their_type() -> Result<(), Error> {
    let shape = Shape::new(2, 9, 11, 12);
    let padding = Padding { top: 1, bottom: 0, left: 2, right: 3 };
    let cases: &[(&str, DType, &Operator<'_>)] = &[
        ("concat", DType::Bf16, &|engine, maps| concat(engine, &[&maps[0], &maps[1], &maps[0]])),
        ("concat with f32", DType::F32, &|engine, maps| concat(engine, &[&maps[0], &maps[2]])),
        ("even slice", DType::Bf16, &|engine, maps| slice_channels(engine, &maps[0], 2, 8)),
        ("odd slice", DType::F32, &|engine, maps| slice_channels(engine, &maps[0], 3, 8)),
        ("nearest", DType::Bf16, &|engine, maps| resize(engine, &maps[0], 18, 15, Interpolation::Nearest)),
        ("bilinear", DType::F32, &|engine, maps| {
            resize(engine, &maps[0], 18, 15, Interpolation::Bilinear { align_corners: false })
        }),
        ("zeros around", DType::Bf16, &|engine, maps| pad(engine, &maps[0], padding, PadMode::Zero)),
        ("mirrored", DType::Bf16, &|engine, maps| pad(engine, &maps[0], padding, PadMode::Reflect)),
        ("crop", DType::Bf16, &|engine, maps| crop(engine, &maps[0], (1, 2), (5, 7))),
        ("shuffle", DType::F32, &|engine, maps| pixel_shuffle(engine, &maps[0], 2)),
        ("unshuffle", DType::F32, &|engine, maps| pixel_unshuffle(engine, &crop(engine, &maps[0], (0, 0), (8, 8))?, 2)),
    ];
    for (what, dtype, operator) in cases {
        check(what, &[shape, shape.with_channels(30), shape.with_channels(5)], *dtype, *operator)?;
    }
    Ok(())
}

#[test]
fn what_changes_values_reads_bf16() -> Result<(), Error> {
    let shape = Shape::new(2, 9, 11, 12);
    let shapes = [shape, shape, Shape::new(2, 1, 1, 12), Shape::new(1, 9, 11, 1)];
    let cases: &[(&str, DType, &Operator<'_>)] = &[
        ("add", DType::Bf16, &|engine, maps| add(engine, &maps[0], &maps[1])),
        ("add pixels", DType::Bf16, &|engine, maps| add(engine, &maps[0], &maps[2])),
        ("multiply channels", DType::Bf16, &|engine, maps| multiply(engine, &maps[0], &maps[3])),
        ("activate", DType::F32, &|engine, maps| activate(engine, maps[0].clone(), &Activation::Tanh)),
        ("scale", DType::F32, &|engine, maps| scale(engine, maps[0].clone(), 0.3)),
        ("add scaled", DType::F32, &|engine, maps| add_scaled(engine, maps[0].clone(), 0.3, &maps[1])),
        ("largest", DType::F32, &|engine, maps| max_pool(engine, &maps[0], PoolConfig::tiles(2))),
        ("mean", DType::F32, &|engine, maps| average_pool(engine, &maps[0], PoolConfig::tiles(2))),
        ("gram", DType::F32, &|engine, maps| gram(engine, &maps[0])),
    ];
    for (what, dtype, operator) in cases {
        check(what, &shapes, *dtype, *operator)?;
    }
    for engine in engines_of(Precision::Bf16) {
        let map = half(&engine, &mut Random::new(306), shape)?;
        let wide = map.to_dtype(&engine, DType::F32)?;
        assert_eq!(Moments::of(&engine, &map)?.means(), Moments::of(&engine, &wide)?.means());
        let product = |map| matmul_transposed(&engine, map, map)?.to_nhwc();
        assert_eq!(product(&map)?, product(&wide)?);
    }
    Ok(())
}

#[test]
fn a_map_of_f32_is_rounded_where_it_is_multiplied() -> Result<(), Error> {
    let mut random = Random::new(307);
    let w = weight(&mut random, &[34, 40, 3, 3]);
    for (engine, side) in engines_of(Precision::Bf16).into_iter().flat_map(|engine| [(engine.clone(), 5), (engine, 30)])
    {
        let shape = Shape::new(1, side, side, 40);
        let map = FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements()?))?;
        let rounded = map.to_dtype(&engine, DType::Bf16)?;
        let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
        let (y, of_rounded) = (conv.forward(&engine, &map)?, conv.forward(&engine, &rounded)?);
        assert_eq!(y.to_nhwc()?, of_rounded.to_nhwc()?, "{} {side}", engine.tier());
    }
    Ok(())
}

#[test]
fn no_more_is_held_than_the_maps() -> Result<(), Error> {
    let w = Weight::new(&[64, 64, 3, 3], Random::new(308).values(64 * 64 * 9))?;
    for engine in engines_of(Precision::Bf16).into_iter().filter(|engine| engine.tier() != Tier::Amx) {
        let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &w, None)?;
        let shape = Shape::new(1, 512, 512, 64);
        let map = FeatureMap::filled(&engine, shape, 1.0)?.to_dtype(&engine, DType::Bf16)?;
        engine.reset_peak();
        let before = engine.memory().live_bytes;
        for method in [ConvolutionMethod::Fast, ConvolutionMethod::Direct] {
            conv.forward(&engine.with_convolutions(method), &map)?;
        }
        // The output, and less than half of it for scratch: no copy of the input.
        let more = engine.memory().peak_bytes - before;
        assert!(more < shape.elements()? * 2 * 3 / 2, "{}: {more}", engine.tier());
    }
    Ok(())
}
