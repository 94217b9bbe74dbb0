//! Convolutions against their definition in `f64`, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Epilogue, Error, FeatureMap, Linear,
    PadMode, Padding, Shape, concat,
};
use reference::{CHANNELS, ConvCase, Random, SIDES, TransposeCase, assert_sums, engines, random_case, weight};

fn check_conv(case: &ConvCase, random: &mut Random) -> Result<(), Error> {
    let (kh, kw) = case.kernel;
    let w = weight(random, &[case.out_channels, case.shape.channels / case.groups, kh, kw]);
    let bias = weight(random, &[case.out_channels]);
    let x = random.values(case.shape.elements()?);
    let (shape, sums) = reference::conv2d(case, &x, w.values(), bias.values());
    for engine in engines() {
        let ConvCase { stride, padding, dilation, groups, mode, .. } = *case;
        let config = Conv2dConfig { stride, padding, dilation, groups, padding_mode: mode };
        let conv = Conv2d::new(&engine, config, &w, Some(&bias))?;
        let y = conv.forward(&engine, &FeatureMap::from_nchw(&engine, case.shape, &x)?)?;
        let what = format!("{} {:?} of {} to {} {config:?}", engine.tier(), case.kernel, case.shape, case.out_channels);
        assert_sums(&y, shape, &sums, &what)?;
    }
    Ok(())
}

#[test]
fn conv2d_equals_its_definition_on_odd_shapes() -> Result<(), Error> {
    let mut random = Random::new(1);
    for _ in 0..150 {
        let case = random_case(&mut random);
        check_conv(&case, &mut random)?;
    }
    Ok(())
}

#[test]
fn conv2d_equals_its_definition_where_the_reduction_is_cut() -> Result<(), Error> {
    let mut random = Random::new(2);
    // Reductions around and above one chunk, output channels above one task, pixels above one block.
    for (channels, out, kernel, side) in [
        (320, 20, 1, 3),
        (321, 9, 1, 3),
        (700, 35, 3, 3),
        (40, 640, 3, 4),
        (3, 48, 3, 23),
        (64, 3, 3, 17),
        (97, 4, 5, 9),
    ] {
        let case = ConvCase {
            shape: Shape::new(1, side, side + 1, channels),
            out_channels: out,
            kernel: (kernel, kernel),
            stride: 1,
            dilation: 1,
            groups: 1,
            padding: Padding::symmetric(kernel / 2),
            mode: PadMode::Zero,
        };
        check_conv(&case, &mut random)?;
    }
    Ok(())
}

fn random_transpose(random: &mut Random) -> TransposeCase {
    loop {
        let groups = random.pick(&[1, 1, 2, 3]);
        let is_depthwise = random.below(3) == 0;
        let channels = if is_depthwise { random.pick(&CHANNELS[1..]) } else { random.pick(&CHANNELS) * groups };
        let case = TransposeCase {
            shape: Shape::new(1 + random.below(2), random.pick(&SIDES), random.pick(&SIDES), channels),
            out_channels: if is_depthwise { channels } else { random.pick(&CHANNELS) * groups },
            kernel: (random.pick(&[1, 2, 3, 4, 6]), random.pick(&[1, 2, 3, 4])),
            stride: random.pick(&[1, 2, 2, 3]),
            padding: random.below(3),
            output_padding: random.below(2),
            dilation: random.pick(&[1, 1, 2]),
            groups: if is_depthwise { channels } else { groups },
        };
        let full = |n: usize, k: usize| (n - 1) * case.stride + case.dilation * (k - 1) + 1 + case.output_padding;
        let is_sound = case.output_padding < case.stride.max(case.dilation);
        let cut = 2 * case.padding;
        if is_sound && full(case.shape.height, case.kernel.0) > cut && full(case.shape.width, case.kernel.1) > cut {
            return case;
        }
    }
}

#[test]
fn conv_transpose2d_equals_its_definition() -> Result<(), Error> {
    let mut random = Random::new(3);
    for _ in 0..120 {
        let case = random_transpose(&mut random);
        let (kh, kw) = case.kernel;
        let w = weight(&mut random, &[case.shape.channels, case.out_channels / case.groups, kh, kw]);
        let bias = weight(&mut random, &[case.out_channels]);
        let x = random.values(case.shape.elements()?);
        let (shape, sums) = reference::conv_transpose2d(&case, &x, w.values(), bias.values());
        for engine in engines() {
            let TransposeCase { stride, padding, output_padding, dilation, groups, .. } = case;
            let config = ConvTranspose2dConfig { stride, padding, output_padding, dilation, groups };
            let layer = ConvTranspose2d::new(&engine, config, &w, Some(&bias))?;
            let y = layer.forward(&engine, &FeatureMap::from_nchw(&engine, case.shape, &x)?)?;
            let what = format!("{} {:?} of {} {config:?}", engine.tier(), case.kernel, case.shape);
            assert_sums(&y, shape, &sums, &what)?;
        }
    }
    Ok(())
}

#[test]
fn linear_equals_a_pointwise_convolution() -> Result<(), Error> {
    let mut random = Random::new(4);
    for (inputs, outputs, pixels) in [(1, 1, 1), (5, 33, 7), (512, 17, 1), (1000, 64, 100)] {
        let w = weight(&mut random, &[outputs, inputs]);
        let bias = weight(&mut random, &[outputs]);
        let shape = Shape::new(1, 1, pixels, inputs);
        let x = random.values(inputs * pixels);
        for engine in engines() {
            let map = FeatureMap::from_nhwc(&engine, shape, x.clone())?;
            let y = Linear::new(&engine, &w, Some(&bias))?.forward(&engine, &map)?;
            for (index, &value) in y.as_slice()?.iter().enumerate() {
                let (pixel, out) = (index / outputs, index % outputs);
                let mut sum = reference::Sum::default();
                sum.add(f64::from(bias.values()[out]));
                for i in 0..inputs {
                    sum.add(f64::from(w.values()[out * inputs + i]) * f64::from(x[pixel * inputs + i]));
                }
                assert!((f64::from(value) - sum.value).abs() <= sum.bound(), "{inputs} to {outputs} at {index}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_layer_over_maps_side_by_side_equals_the_layer_over_their_concatenation_to_the_bit() -> Result<(), Error> {
    let mut random = Random::new(41);
    for engine in engines() {
        for (parts, out_channels, kernel, mode) in [
            (&[64, 32][..], 32, 3, PadMode::Zero),
            (&[64, 32, 32, 32, 32], 64, 3, PadMode::Zero),
            (&[5, 1, 17], 19, 3, PadMode::Reflect),
            (&[300, 300], 7, 1, PadMode::Zero),
            (&[2, 1], 16, 3, PadMode::Zero),  // copied side by side: few channels
            (&[33, 31], 3, 3, PadMode::Zero), // another kernel: few outputs
        ] {
            let total: usize = parts.iter().sum();
            let config = Conv2dConfig { padding_mode: mode, ..Conv2dConfig::same(kernel) };
            let weights = weight(&mut random, &[out_channels, total, kernel, kernel]);
            let conv = Conv2d::new(&engine, config, &weights, Some(&weight(&mut random, &[out_channels])))?;
            let maps: Vec<_> = parts
                .iter()
                .map(|&channels| {
                    let shape = Shape::new(2, 7, 11, channels);
                    FeatureMap::from_nhwc(&engine, shape, random.values(2 * 7 * 11 * channels))
                })
                .collect::<Result<_, _>>()?;
            let maps: Vec<_> = maps.iter().collect();
            let epilogue = || Epilogue::activation(Activation::leaky(0.2));
            let copied = conv.forward_with(&engine, &concat(&engine, &maps)?, epilogue())?;
            let in_place = conv.forward_concat(&engine, &maps, epilogue())?;
            assert_eq!(in_place.to_nhwc()?, copied.to_nhwc()?, "{parts:?} to {out_channels}");
            let short = conv.forward_concat(&engine, &maps[1..], epilogue());
            assert!(matches!(short, Err(Error::Channels { .. })), "{parts:?}: {short:?}");
        }
    }
    Ok(())
}

#[test]
fn maps_of_other_sizes_are_no_concatenation() -> Result<(), Error> {
    for engine in engines() {
        let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &weight(&mut Random::new(3), &[16, 24, 3, 3]), None)?;
        let map = |height| FeatureMap::filled(&engine, Shape::new(1, height, 5, 12), 1.0);
        let (a, b) = (map(4)?, map(5)?);
        let refused = conv.forward_concat(&engine, &[&a, &b], Epilogue::default());
        assert!(matches!(refused, Err(Error::Shapes { what: "concat", .. })), "{refused:?}");
        let none = conv.forward_concat(&engine, &[], Epilogue::default());
        assert!(matches!(none, Err(Error::Setting { what: "concat", .. })), "{none:?}");
    }
    Ok(())
}
