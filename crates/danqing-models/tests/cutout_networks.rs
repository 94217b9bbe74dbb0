//! U²-NetP and MODNet on the real weights against onnxruntime's fp32 (`tools/golden/cutout_networks.py`), `MobileSAM` against
//! its published code in torch (`tools/golden/mobile_sam.py`).

mod support;

use std::path::Path;

use danqing_capability::{CancelToken, Class, Classified};
use danqing_models::Error as ModelError;
use danqing_models::matting::{ModNet, matting_input};
use danqing_models::segmenters::mobile_sam::{Click, Prompt, mobile_sam_input};
use danqing_models::segmenters::{MobileSam, U2Net, segmenter_input};
use danqing_nn::{FeatureMap, Shape, Tier};
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};
use support::{Outcome, engine, sample_indices};

/// Largest difference of the output, whose range is 0..1: a fortieth of an 8-bit step. Both sides sum thousands of
/// products in f32 in different orders; 3.8e-5 was the largest seen.
const OUTPUT_TOLERANCE: f32 = 1e-4;
/// Largest difference of a block's statistics and samples, as a share of the block's largest magnitude.
const BLOCK_TOLERANCE: f32 = 1e-4;
/// First row and column of the kept output.
const CROP: usize = 96;

fn weights(id: &str, name: &str) -> Outcome<TensorFile> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    let bytes = store.read(id).map_err(|error| format!("{error}: run `danqing models pull default --yes`"))?;
    Ok(containers::parse(bytes, name, &Limits::default())?)
}

fn golden(name: &str) -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/{name}.safetensors"));
    Ok(containers::read(&path, &Limits::default())?)
}

/// `picture` of the script, `0.0..=1.0`.
fn picture(height: i64, width: i64) -> Vec<f32> {
    let pixel = |y: i64, x: i64| {
        let ground = [x * 255 / (width - 1), y * 255 / (height - 1), 64 + 96 * ((x / 16 + y / 16) % 2)];
        let head = (x - width / 2).pow(2) + (y - height / 3).pow(2) < (height / 6).pow(2);
        let body = (x - width / 2).pow(2) + (y - height).pow(2) < (height / 2).pow(2);
        let colours = if head {
            [224, 172, 140]
        } else if body {
            [40, 60, 120]
        } else {
            ground
        };
        colours.map(|colour| (colour + (x * 7 + y * 13) % 17 - 8).clamp(0, 255) as f32 / 255.0)
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(y, x))).collect()
}

/// What differs between a block's output and the golden, if anything.
fn difference(block: &str, map: &FeatureMap, golden: &TensorFile) -> Result<Option<String>, ModelError> {
    let values = map.as_slice()?;
    let expect = |what: &str| golden.get(&format!("{block}.{what}")).and_then(|view| view.to_f32().ok());
    let (Some(statistics), Some(samples)) = (expect("statistics"), expect("samples")) else {
        return Ok(Some(format!("{block} is not in the golden")));
    };
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    let largest = values.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    let sampled: Vec<f32> = sample_indices(map.shape()).map(|index| values[index]).collect();
    let pairs = [mean as f32, variance.sqrt() as f32, largest].into_iter().zip(statistics.iter().copied());
    let pairs = pairs.chain(sampled.iter().copied().zip(samples.iter().copied()));
    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("{block}: {worst:e} of {}", statistics[2]);
    Ok((worst > BLOCK_TOLERANCE * statistics[2]).then(|| format!("{block} differs by {worst} of {}", statistics[2])))
}

fn check_crop(output: &FeatureMap, golden: &TensorFile) -> Outcome {
    let expected = golden.get("output_crop").ok_or("no output crop")?.to_f32()?;
    let (values, width) = (output.as_slice()?, output.shape().width);
    let mut worst = 0.0_f32;
    for (row, expected) in expected.chunks_exact(64).enumerate() {
        let first = (CROP + row) * width + CROP;
        worst = values[first..first + 64].iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(worst, f32::max);
    }
    println!("output: {worst:e}");
    assert!(worst <= OUTPUT_TOLERANCE, "output differs by {worst}");
    Ok(())
}

#[test]
fn u2netp_equals_onnxruntime_stage_by_stage() -> Outcome {
    let (golden, weights) = (golden("u2netp")?, weights("u2netp", "u2netp.onnx")?);
    for tier in support::tiers() {
        let engine = engine(2, tier)?;
        let network = U2Net::load(&engine, &weights)?;
        let input = segmenter_input(&picture(320, 320), network.normalisation())?;
        let input = FeatureMap::from_nhwc(&engine, Shape::new(1, 320, 320, 3), input)?;
        let (mut seen, mut failures) = (0, Vec::new());
        let output = network.forward_observed(&engine, &input, &mut |block, map| {
            seen += 1;
            failures.extend(difference(block, map, &golden)?);
            Ok(())
        })?;
        assert_eq!((seen, failures.as_slice()), (12, &[][..]), "{}", engine.backend());
        check_crop(&output, &golden)?;
    }
    Ok(())
}

#[test]
fn modnet_equals_onnxruntime_branch_by_branch() -> Outcome {
    let (golden, weights) = (golden("modnet")?, weights("modnet-portrait", "modnet.onnx")?);
    for tier in support::tiers() {
        let engine = engine(2, tier)?;
        let network = ModNet::load(&engine, &weights)?;
        let shape = Shape::new(1, 288, 352, 3);
        let input = FeatureMap::from_nhwc(&engine, shape, matting_input(&picture(288, 352)))?;
        let (mut seen, mut failures) = (0, Vec::new());
        let output = network.forward_observed(&engine, &input, &mut |block, map| {
            seen += 1;
            failures.extend(difference(block, map, &golden)?);
            Ok(())
        })?;
        assert_eq!((seen, failures.as_slice()), (7, &[][..]), "{}", engine.backend());
        check_crop(&output, &golden)?;
    }
    Ok(())
}

#[test]
fn each_refuses_the_other_and_sizes_that_do_not_fit() -> Outcome {
    let engine = engine(1, Tier::detected())?;
    let (general, portrait) = (weights("u2netp", "u2netp.onnx")?, weights("modnet-portrait", "modnet.onnx")?);
    for error in [U2Net::load(&engine, &portrait).err(), ModNet::load(&engine, &general).err()] {
        assert_eq!(error.ok_or("loaded")?.class(), Class::File);
    }
    let input = FeatureMap::filled(&engine, Shape::new(1, 100, 320, 3), 0.0)?;
    let expected = "input of 1×100×320×3 (NHWC), expected 1×h×w×3 (NHWC), h and w multiples of 32";
    let error = U2Net::load(&engine, &general)?.forward(&engine, &input).err().ok_or("ran")?;
    assert_eq!(error.to_string(), format!("U²-Net: {expected}"));
    let error = ModNet::load(&engine, &portrait)?.forward(&engine, &input).err().ok_or("ran")?;
    assert_eq!(error.to_string(), format!("MODNet: {expected}"));
    Ok(())
}

#[test]
fn a_cancelled_forward_shows_no_further_stage() -> Outcome {
    let engine = engine(2, Tier::detected())?;
    let network = U2Net::load(&engine, &weights("u2netp", "u2netp.onnx")?)?;
    let (token, mut seen) = (CancelToken::default(), 0);
    let input = FeatureMap::filled(&engine, Shape::new(1, 64, 64, 3), 0.0)?;
    let result = network.forward_observed(&engine.with_cancel(token.clone()), &input, &mut |_, _| {
        seen += 1;
        if seen == 3 {
            token.cancel();
        }
        Ok(())
    });
    assert_eq!((result.err().ok_or("ran")?.class(), seen), (Class::Cancelled, 3));
    Ok(())
}

/// Prompts of the script: clicks as x, y and whether inside, and a box.
fn prompts() -> [(&'static str, Prompt); 4] {
    let click = |x: f32, y: f32, is_inside| Click { x, y, is_inside };
    let (inside, bounds) = (click(512.0, 800.0, true), Some([320.0, 150.0, 720.0, 1000.0]));
    let three = vec![inside, click(511.0, 300.0, true), click(60.0, 60.0, false)];
    [
        ("click", Prompt { clicks: vec![inside], bounds: None }),
        ("clicks", Prompt { clicks: three, bounds: None }),
        ("box", Prompt { clicks: Vec::new(), bounds }),
        ("both", Prompt { clicks: vec![click(900.0, 120.0, false)], bounds }),
    ]
}

/// Largest difference of a logit, as a share of the mask's largest: the decoder's two looks at the picture add up the
/// encoder's differences. 4e-5 was the largest seen.
const LOGIT_TOLERANCE: f32 = 4e-4;
/// Largest difference of a guessed quality, whose range is about 0..1.
const QUALITY_TOLERANCE: f32 = 1e-4;

#[test]
fn mobile_sam_equals_its_published_code_stage_by_stage_and_prompt_by_prompt() -> Outcome {
    let (golden, engine) = (golden("mobile_sam")?, engine(2, Tier::detected())?);
    let network = MobileSam::load(&engine, &weights("mobile-sam", "mobile_sam.safetensors")?)?;
    let input = mobile_sam_input(&picture(1024, 1024), 1024, 1024)?;
    let input = FeatureMap::from_nhwc(&engine, Shape::new(1, 1024, 1024, 3), input)?;
    let (mut seen, mut failures) = (0, Vec::new());
    let embedding = network.encode_observed(&engine, &input, &mut |block, map| {
        seen += 1;
        failures.extend(difference(block, map, &golden)?);
        Ok(())
    })?;
    assert_eq!((seen, failures.as_slice()), (6, &[][..]), "{}", engine.backend());
    for (name, prompt) in prompts() {
        let masks = network.decode(&engine, &embedding, &prompt)?;
        let expect = |what: &str| {
            golden.get(&format!("{name}.{what}")).and_then(|view| view.to_f32().ok()).ok_or("not in the golden")
        };
        let (quality, crop, statistics) = (expect("quality")?, expect("crop")?, expect("statistics")?);
        let worst = masks.quality.iter().zip(&quality).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= QUALITY_TOLERANCE, "{name}: quality differs by {worst}");
        let logits = masks.logits.to_nchw()?;
        for (index, plane) in logits.chunks_exact(256 * 256).enumerate() {
            let rows = crop[index * 1024..][..1024].chunks_exact(32).enumerate();
            let pairs = rows.flat_map(|(row, expected)| plane[(CROP + row) * 256 + CROP..].iter().zip(expected));
            let largest = statistics[index * 3 + 2];
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
            println!("{name} {index}: {worst:e} of {largest}");
            assert!(worst <= LOGIT_TOLERANCE, "{name} {index}: logits differ by {worst} of {largest}");
        }
    }
    Ok(())
}

#[test]
fn mobile_sam_refuses_other_files_and_sizes() -> Outcome {
    let engine = engine(1, Tier::detected())?;
    let error = MobileSam::load(&engine, &weights("u2netp", "u2netp.onnx")?).err().ok_or("loaded")?;
    assert_eq!(error.class(), Class::File);
    let network = MobileSam::load(&engine, &weights("mobile-sam", "mobile_sam.safetensors")?)?;
    let small = FeatureMap::filled(&engine, Shape::new(1, 512, 1024, 3), 0.0)?;
    let error = network.encode(&engine, &small).err().ok_or("ran")?;
    assert_eq!(error.to_string(), "MobileSAM: input of 1×512×1024×3 (NHWC), expected 1×1024×1024×3 (NHWC)");
    let error = network.decode(&engine, &small, &Prompt::default()).err().ok_or("ran")?;
    assert_eq!(error.class(), Class::Bug);
    let (token, mut stages) = (CancelToken::default(), 0);
    let whole = FeatureMap::filled(&engine, Shape::new(1, 1024, 1024, 3), 0.0)?;
    let cancelled = network.encode_observed(&engine.with_cancel(token.clone()), &whole, &mut |_, _| {
        stages += 1;
        token.cancel();
        Ok(())
    });
    assert_eq!((cancelled.err().ok_or("ran")?.class(), stages), (Class::Cancelled, 1));
    Ok(())
}
