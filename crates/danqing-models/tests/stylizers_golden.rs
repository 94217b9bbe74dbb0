//! VGG-19, AdaIN and the 26-style network on the real weights against torch and onnxruntime in fp32
//! (`tools/golden/stylizers.py`).
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::path::Path;

use danqing_capability::{CancelToken, Class, Classified};
use danqing_models::Error as ModelError;
use danqing_models::stylizers::adain::{Exchange, Style};
use danqing_models::stylizers::vgg19::{CONVOLUTIONS, Layer};
use danqing_models::stylizers::{Decoder, Multistyle26, Vgg19};
use danqing_nn::{Engine, EngineConfig, FeatureMap, Moments, Shape, Tier};
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Largest difference of a block's statistics and samples, as a share of the block's largest magnitude: both sides sum up
/// to 4608 products in f32 in different orders, layer upon layer. 6.1e-6 was the largest seen.
const BLOCK_TOLERANCE: f32 = 2e-5;
/// Largest difference of an output in `0.0..=1.0`: 1/40 of an 8-bit step. 1.4e-5 was the largest seen: the 26-style
/// network divides by the small deviations of flat layers.
const OUTPUT_TOLERANCE: f32 = 1e-4;

fn engine(tier: Tier) -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(2), tier: Some(tier), ..EngineConfig::default() })?)
}

/// Every tier of this processor.
fn engines() -> Outcome<Vec<Engine>> {
    Tier::ALL.into_iter().filter(|tier| *tier <= Tier::detected()).map(engine).collect()
}

fn weights(id: &str) -> Outcome<TensorFile> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    let opened = store.open_tensors(id);
    Ok(opened.map_err(|error| format!("{error}: run `danqing models pull default --yes`"))?.tensors)
}

fn golden(name: &str) -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/{name}.safetensors"));
    Ok(containers::read(&path, &Limits::default())?)
}

/// `picture` of the script.
fn picture(height: usize, width: usize, style: bool) -> Vec<f32> {
    let (h, w) = (height as i64, width as i64);
    let mut values = Vec::with_capacity(height * width * 3);
    for y in 0..h {
        for x in 0..w {
            let stripe = |n: i64| n.rem_euclid(2);
            let (colours, disc) = if style {
                let blue = 220 - 170 * stripe((3 * x - y).div_euclid(17));
                let colours = [40 + 150 * stripe((x + y) / 12), 30 + 90 * stripe((x + 2 * y) / 9), blue];
                (colours, ((x - w / 2).pow(2) + (y - h / 2).pow(2) < 625).then_some([240, 200, 40]))
            } else {
                let colours = [x * 255 / (w - 1), y * 255 / (h - 1), 64 + 96 * stripe(x / 16 + y / 16)];
                (colours, ((x - w / 3).pow(2) + (y - h / 2).pow(2) < 900).then_some([200, 90, 60]))
            };
            let hash = (x as u32).wrapping_mul(73_856_093) ^ (y as u32).wrapping_mul(19_349_663);
            let grain = i64::from(hash >> 7 & 15) - 8;
            values.extend(disc.unwrap_or(colours).map(|c| (c + grain).clamp(0, 255) as f32 / 255.0));
        }
    }
    values
}

fn map(engine: &Engine, height: usize, width: usize, style: bool) -> Outcome<FeatureMap> {
    Ok(FeatureMap::from_nhwc(engine, Shape::new(1, height, width, 3), picture(height, width, style))?)
}

/// The content upside down, red and blue exchanged.
fn turned(engine: &Engine, height: usize, width: usize) -> Outcome<FeatureMap> {
    let picture = picture(height, width, false);
    let pixels = picture.chunks(width * 3).rev().flat_map(|row| row.chunks(3));
    let values = pixels.flat_map(|pixel| pixel.iter().rev()).copied().collect();
    Ok(FeatureMap::from_nhwc(engine, Shape::new(1, height, width, 3), values)?)
}

/// What differs between a block and the golden.
fn difference(golden: &TensorFile, name: &str, map: &FeatureMap) -> Result<Option<String>, ModelError> {
    let (shape, values) = (map.shape(), map.as_slice()?);
    let expect = |what: &str| golden.get(&format!("{name}.{what}")).and_then(|view| view.to_f32().ok());
    let (Some(statistics), Some(samples)) = (expect("statistics"), expect("samples")) else {
        return Ok(Some(format!("{name} is not in the golden")));
    };
    let sampled = (0..8).map(|k| {
        let channel = (37 * k + 11) % shape.channels;
        let (y, x) = ((29 * k * k + 7 * k + 3) % shape.height, (31 * k * k + 13 * k + 5) % shape.width);
        values[(y * shape.width + x) * shape.channels + channel]
    });
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    let largest = values.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    let actual = [mean as f32, variance.sqrt() as f32, largest].into_iter().chain(sampled);
    let pairs = actual.zip(statistics.iter().chain(&samples));
    let worst = pairs.map(|(a, b)| (a - b).abs() / statistics[2]).fold(0.0_f32, f32::max);
    println!("{name}: {worst:e}");
    Ok((worst.is_nan() || worst > BLOCK_TOLERANCE).then(|| format!("{name} differs by {worst} of its range")))
}

fn check_crop(golden: &TensorFile, case: &str, output: &FeatureMap) -> Outcome {
    let expected = golden.get(&format!("{case}.output_crop")).ok_or("no crop")?.to_f32()?;
    let (width, values) = (output.shape().width, output.as_slice()?);
    let rows = expected.chunks_exact(48 * 3).enumerate();
    let pairs = rows.flat_map(|(row, line)| values[((24 + row) * width + 24) * 3..].iter().zip(line));
    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    println!("{case}: the output differs by {worst:e}");
    assert!(worst <= OUTPUT_TOLERANCE, "{case}: the output differs by {worst}");
    Ok(())
}

#[test]
fn every_layer_of_vgg19_equals_torch_on_every_tier() -> Outcome {
    let (golden, weights) = (golden("vgg19")?, weights("adain-vgg19")?);
    let both = CONVOLUTIONS.iter().flat_map(|c| [false, true].map(|activated| Layer::new(c.block, c.place, activated)));
    let layers: Vec<Layer> = both.flatten().collect();
    for engine in engines()? {
        let network = Vgg19::load(&engine, &weights)?;
        for (case, height, width) in [("even_96x128", 96, 128), ("odd_83x107", 83, 107)] {
            let found = network.forward(&engine, &map(&engine, height, width, false)?, &layers)?;
            for (layer, map) in layers.iter().zip(&found) {
                assert_eq!(map.shape().height, height.div_ceil(layer.stride()), "{layer}");
                assert_eq!(difference(&golden, &format!("{case}.{layer}"), map)?, None, "{}", engine.backend());
            }
        }
    }
    Ok(())
}

#[test]
fn exchanged_features_and_the_decoded_picture_equal_torch_on_every_tier() -> Outcome {
    let golden = golden("adain")?;
    let (vgg, decoder) = (weights("adain-vgg19")?, weights("adain-decoder")?);
    for engine in engines()? {
        let (vgg, decoder) = (Vgg19::load(&engine, &vgg)?, Decoder::load(&engine, &decoder)?);
        let features = |x: &FeatureMap| -> Outcome<FeatureMap> {
            Ok(vgg.forward(&engine, x, &[Layer::RELU4_1])?.pop().ok_or("one layer")?)
        };
        let style = |map: &FeatureMap| -> Outcome<Style> { Ok(Style::new(&Moments::of(&engine, map)?)) };
        let content = features(&map(&engine, 96, 128, false)?)?;
        let art = style(&features(&map(&engine, 128, 128, true)?)?)?;
        let other = style(&features(&turned(&engine, 112, 96)?)?)?;
        let cases = [
            ("one", vec![(art.clone(), 1.0)], 1.0),
            ("half", vec![(art.clone(), 1.0)], 0.5),
            ("two", vec![(art, 3.0), (other, 1.0)], 1.0),
        ];
        for (case, styles, alpha) in cases {
            let mixed = Exchange::new(&style(&content)?, &styles, alpha).apply(&engine, content.clone())?;
            let mut failures = Vec::new();
            failures.extend(difference(&golden, &format!("{case}.exchanged"), &mixed)?);
            let output = decoder.forward_observed(&engine, &mixed, &mut |index, map| {
                failures.extend(difference(&golden, &format!("{case}.decoder.{index}"), map)?);
                Ok(())
            })?;
            assert_eq!(failures.as_slice(), &[] as &[String], "{}", engine.backend());
            check_crop(&golden, case, &output)?;
        }
    }
    Ok(())
}

/// Shares of the golden's cases.
fn shares(case: &str) -> [f32; 26] {
    let mut weights = [0.0; 26];
    match case {
        "first" => weights[0] = 1.0,
        "last" => weights[25] = 1.0,
        _ => (weights[3], weights[12], weights[19]) = (0.5, 0.25, 0.25),
    }
    weights
}

#[test]
fn every_block_of_the_26_styles_equals_onnxruntime_on_every_tier() -> Outcome {
    let (golden, weights) = (golden("multistyle26")?, weights("multistyle26")?);
    for engine in engines()? {
        let network = Multistyle26::load(&engine, &weights)?;
        for case in ["first", "last", "blend"] {
            let (mut failures, mut seen) = (Vec::new(), 0);
            let input = map(&engine, 96, 128, false)?;
            let output = network.forward_observed(&engine, &input, &shares(case), &mut |block, map| {
                seen += 1;
                failures.extend(difference(&golden, &format!("{case}.{block}"), map)?);
                Ok(())
            })?;
            assert_eq!((seen, failures.as_slice()), (11, &[] as &[String]), "{}", engine.backend());
            check_crop(&golden, case, &output)?;
        }
    }
    Ok(())
}

#[test]
fn files_and_inputs_that_do_not_fit_are_refused() -> Outcome {
    let engine = engine(Tier::detected())?;
    let (vgg, decoder, multi) = (weights("adain-vgg19")?, weights("adain-decoder")?, weights("multistyle26")?);
    let refusals = [
        Vgg19::load(&engine, &decoder).err(),
        Decoder::load(&engine, &vgg).err(),
        Multistyle26::load(&engine, &vgg).err(),
    ];
    for (refusal, message) in
        refusals.into_iter().zip(["VGG-19 weights: ", "AdaIN decoder weights: ", "multistyle26 weights: "])
    {
        let error = refusal.ok_or("loaded")?;
        assert_eq!(error.class(), Class::File);
        assert!(error.to_string().starts_with(message), "{error}");
    }
    let network = Multistyle26::load(&engine, &multi)?;
    let odd = FeatureMap::filled(&engine, Shape::new(1, 18, 20, 3), 0.5)?;
    let error = network.forward(&engine, &odd, &[0.0; 26]).expect_err("18 is no multiple of 4");
    assert!(error.to_string().contains("input of 1×18×20×3"), "{error}");
    let fits = FeatureMap::filled(&engine, Shape::new(1, 16, 20, 3), 0.5)?;
    let error = network.forward(&engine, &fits, &[1.0; 25]).expect_err("25 of 26");
    assert_eq!(error.to_string(), "style weights: 25 values, expected 26");
    Ok(())
}

#[test]
fn a_cancelled_forward_stops() -> Outcome {
    let engine = engine(Tier::detected())?;
    let network = Multistyle26::load(&engine, &weights("multistyle26")?)?;
    let token = CancelToken::default();
    let mut seen = 0;
    let input = map(&engine, 96, 128, false)?;
    let cancelling = engine.with_cancel(token.clone());
    let result = network.forward_observed(&cancelling, &input, &shares("first"), &mut |_, _| {
        seen += 1;
        token.cancel();
        Ok(())
    });
    assert_eq!((result.expect_err("cancelled").class(), seen), (Class::Cancelled, 1));
    Ok(())
}
