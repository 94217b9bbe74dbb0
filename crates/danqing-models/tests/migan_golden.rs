//! MI-GAN on the real weights against onnxruntime's fp32 (`tools/golden/migan.py`).

mod support;

use danqing_models::Error as ModelError;
use danqing_models::inpainters::migan::BlockOutput;
use danqing_nn::{Engine, FeatureMap, Tier};
use danqing_weights::TensorFile;
use support::{CLAMPED, Case, Outcome, PHOTO, SYNTHETIC, WIDE};

/// Largest difference of the output, whose range is about −1..1 (as a share of its largest magnitude where that is more
/// than 1): 1/200 of an 8-bit step. Both sides sum up to 512
/// products in f32 in different orders, through 66 layers; 7.5e-6 was the largest seen.
const OUTPUT_TOLERANCE: f32 = 4e-5;

/// Largest difference of a block's statistics and samples, as a share of the block's largest magnitude; for the same
/// reason. 2.9e-5 was the largest seen, in the inner pictures, which are small sums of large terms.
const BLOCK_TOLERANCE: f32 = 1e-4;

#[test]
fn every_block_and_the_output_equal_onnxruntime_on_the_best_tier() -> Outcome {
    for case in [SYNTHETIC, PHOTO, WIDE, CLAMPED] {
        check_against_golden(case, &support::engine(2, Tier::detected())?)?;
    }
    Ok(())
}

#[test]
fn every_block_and_the_output_equal_onnxruntime_on_the_other_tiers() -> Outcome {
    for tier in support::tiers().filter(|tier| *tier != Tier::detected()) {
        check_against_golden(WIDE, &support::engine(2, tier)?)?;
    }
    Ok(())
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() -> Outcome {
    let golden = support::golden()?;
    let mut outputs = Vec::new();
    for threads in [1, 2, 3] {
        let engine = support::engine(threads, Tier::detected())?;
        let input = WIDE.input(&engine, &golden)?;
        outputs.push(bits(&support::network(&engine)?.forward(&engine, &input)?)?);
    }
    assert!(outputs[0] == outputs[1] && outputs[0] == outputs[2]);
    Ok(())
}

fn check_against_golden(case: Case, engine: &Engine) -> Outcome {
    let golden = support::golden()?;
    let network = support::network(engine)?;
    let mut seen = 0;
    let mut failures = Vec::new();
    let output = network.forward_observed(engine, &case.input(engine, &golden)?, &mut |block, map| {
        seen += 1;
        failures.extend(block_failure(case, block, map, &golden)?);
        Ok(())
    })?;
    assert_eq!((seen, failures.as_slice()), (2 * network.blocks(), &[][..]), "{} on {}", case.name, engine.backend());
    check_crop(case, &output, &golden)
}

/// What differs between a block's output and the golden, if anything.
fn block_failure(
    case: Case,
    block: BlockOutput,
    map: &FeatureMap,
    golden: &TensorFile,
) -> Result<Option<String>, ModelError> {
    let values = map.as_slice()?;
    let expect = |what: &str| golden.get(&format!("{}.{block}.{what}", case.name)).and_then(|view| view.to_f32().ok());
    let (Some(statistics), Some(samples)) = (expect("statistics"), expect("samples")) else {
        return Ok(Some(format!("{block} is not in the golden")));
    };
    let sampled: Vec<f32> = support::sample_indices(map.shape()).map(|index| values[index]).collect();
    let near = |a: &f32, b: &f32| (a - b).abs() <= BLOCK_TOLERANCE * statistics[2];
    let actual = statistics_of(values);
    let equal = actual.iter().zip(&statistics).all(|(a, b)| near(a, b));
    let equal = equal && sampled.iter().zip(&samples).all(|(a, b)| near(a, b));
    let text = || format!("{block}: {actual:?} and {sampled:?}, expected {statistics:?} and {samples:?}");
    Ok((!equal).then(text))
}

/// Mean, standard deviation, largest magnitude.
fn statistics_of(values: &[f32]) -> [f32; 3] {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    let largest = values.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    [mean as f32, variance.sqrt() as f32, largest]
}

fn check_crop(case: Case, output: &FeatureMap, golden: &TensorFile) -> Outcome {
    assert_eq!(output.shape(), danqing_nn::Shape::new(1, case.height, case.width, 3));
    let expected = golden.get(&format!("{}.output_crop", case.name)).ok_or("no output crop")?.to_f32()?;
    let (values, (top, left)) = (output.as_slice()?, case.crop_origin());
    let mut worst = 0.0_f32;
    for (row, expected) in expected.chunks_exact(64 * 3).enumerate() {
        let first = ((top + row) * case.width + left) * 3;
        let pairs = values[first..first + 64 * 3].iter().zip(expected);
        worst = pairs.map(|(a, b)| (a - b).abs()).fold(worst, f32::max);
    }
    let largest = values.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    println!("{}: the output differs by {worst:e}, of {largest}", case.name);
    assert!(worst <= OUTPUT_TOLERANCE * largest, "{}: output differs by {worst}", case.name);
    Ok(())
}

fn bits(map: &FeatureMap) -> Outcome<Vec<u32>> {
    Ok(map.as_slice()?.iter().map(|value| value.to_bits()).collect())
}
