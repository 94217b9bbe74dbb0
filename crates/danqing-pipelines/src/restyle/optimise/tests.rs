//! Against PyTorch 2.5.1 on the real weights (`tools/golden/gatys.py`), on this machine's best tier.

use std::path::Path;

use danqing_capability::{CancelToken, Classified};
use danqing_models::stylizers::Vgg19Gradient;
use danqing_models::stylizers::vgg19::Pooling as NetworkPooling;
use danqing_nn::EngineConfig;
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};

use super::*;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Difference of a loss or a Gram matrix, as a share of the largest: both sides sum products in `f32` in other orders
/// through 13 layers. 6.5e-7 was the largest seen.
const VALUE_TOLERANCE: f32 = 5e-6;
/// The same for the gradient, which has been through the layers twice; and rectifiers and maxima near their kinks.
/// 1.4e-6 was the largest seen.
const GRADIENT_TOLERANCE: f32 = 2e-5;
/// Share of the loss after up to twelve steps, each of which carries on the differences of the ones before: 2.7e-4
/// with L-BFGS and maxima, 1.9e-5 otherwise.
const CURVE_TOLERANCE: f32 = 2e-3;

const CASES: [(&str, NetworkPooling, (usize, usize)); 2] =
    [("max_83x70", NetworkPooling::Max, (70, 83)), ("average_80x64", NetworkPooling::Average, (64, 80))];
const WEIGHTS: Weights = Weights { content: 1.0, style: 100.0, tv: 10.0 };

/// `picture` of the script.
fn picture(is_content: bool, (width, height): (usize, usize)) -> Raster<SrgbF32> {
    let (w, h) = (width as i64, height as i64);
    Raster::from_fn(width, height, |x, y, to| {
        let hash = (x as u32).wrapping_mul(73_856_093) ^ (y as u32).wrapping_mul(19_349_663);
        let (x, y) = (x as i64, y as i64);
        let waves = (x * x / 40 + y * 3) % 48;
        let colours = if !is_content {
            [40 + waves * 3, 60 + waves * 2, 200 - waves * 3]
        } else if (x - w / 2).pow(2) + (y - h / 3).pow(2) < (h / 4).pow(2) {
            [200, 90, 60]
        } else {
            [x * 255 / (w - 1), y * 255 / (h - 1), 64 + 96 * ((x / 8 + y / 8) % 2)]
        };
        let grain = i64::from(hash >> 7 & 15) - 8;
        to.iter_mut().zip(colours).for_each(|(to, c)| *to = (c + grain).clamp(0, 255) as f32 / 255.0);
    })
}

fn golden() -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/gatys.safetensors");
    Ok(containers::read(&path, &Limits::default())?)
}

fn engine(threads: usize) -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?)
}

fn network(engine: &Engine) -> Outcome<Vgg19Gradient> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    let opened = store.open_tensors(VGG19).map_err(|e| format!("{e}: run `danqing models pull default --yes`"))?;
    Ok(Vgg19Gradient::load(engine, &opened.tensors)?)
}

fn statistics(values: &[f32]) -> [f32; 3] {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    [mean as f32, variance.sqrt() as f32, values.iter().fold(0.0, |most, v| most.max(v.abs()))]
}

/// Fails if any value is further from its golden one than a share of the largest golden one.
fn assert_near(actual: &[f32], golden: &TensorFile, name: &str, share: f32) -> Outcome {
    let expected = golden.get(name).ok_or_else(|| format!("no {name}"))?.to_f32()?;
    assert_eq!(actual.len(), expected.len(), "{name}");
    let most = expected.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let worst = actual.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / most;
    println!("{name}: {worst:e}");
    assert!(worst <= share, "{name}: {actual:?}, expected {expected:?}");
    Ok(())
}

/// The loss of a case, and its content.
fn loss(critic: Critic<'_>, size: (usize, usize)) -> Outcome<(Loss<'_>, Raster<SrgbF32>, Grams)> {
    let (content, style) = (picture(true, size), picture(false, (90, 72)));
    let (grams, _) = critic.look(&map_of(critic.engine, &style)?)?;
    let (_, features) = critic.look(&map_of(critic.engine, &content)?)?;
    Ok((Loss::new(critic, WEIGHTS, features, grams.clone())?, content, grams))
}

#[test]
fn matrices_losses_and_gradients_equal_pytorch() -> Outcome {
    let (engine, golden) = (engine(2)?, golden()?);
    let network = network(&engine)?;
    for (case, pooling, size) in CASES {
        let critic = Critic { network: &network, engine: &engine, pooling };
        let (loss, content, grams) = loss(critic, size)?;
        for (gram, block) in grams.iter().zip(1..) {
            let channels = gram.len().isqrt();
            let crop: Vec<f32> = (0..256).map(|i| gram[i / 16 * channels + i % 16]).collect();
            let name = format!("{case}.gram.relu{block}_1");
            assert_near(&statistics(gram), &golden, &format!("{name}.statistics"), VALUE_TOLERANCE)?;
            assert_near(&crop, &golden, &format!("{name}.crop"), VALUE_TOLERANCE)?;
        }
        let turned: Vec<f32> = content.samples().chunks(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
        let shape = Shape::new(1, size.1, size.0, 3);
        let (terms, gradient) = loss.at(&FeatureMap::from_nhwc(&engine, shape, turned)?)?;
        let terms = [terms.content as f32, terms.style as f32, terms.tv as f32];
        let expected = golden.get(&format!("{case}.terms")).ok_or("no terms")?.to_f32()?;
        for (term, expected) in terms.iter().zip(expected) {
            assert!((term - expected).abs() <= VALUE_TOLERANCE * expected, "{case}: {term}, expected {expected}");
        }
        let rows = (20..44).flat_map(|y| gradient[(y * size.0 + 16) * 3..][..24 * 3].to_vec());
        assert_near(&rows.collect::<Vec<_>>(), &golden, &format!("{case}.gradient.crop"), GRADIENT_TOLERANCE)?;
        let name = format!("{case}.gradient.statistics");
        assert_near(&statistics(&gradient), &golden, &name, GRADIENT_TOLERANCE)?;
    }
    Ok(())
}

#[test]
fn both_optimisers_go_the_way_of_pytorch() -> Outcome {
    let (engine, golden) = (engine(2)?, golden()?);
    let network = network(&engine)?;
    for (case, pooling, size) in CASES {
        let critic = Critic { network: &network, engine: &engine, pooling };
        let (loss, content, _) = loss(critic, size)?;
        for (name, optimizer) in [("adam", Optimizer::Adam), ("lbfgs", Optimizer::Lbfgs)] {
            let settings = Settings { optimizer, ..Settings::default() };
            let start = (content.samples().to_vec(), Shape::new(1, size.1, size.0, 3));
            let stretch = Stretch { before: 0, iterations: 12, total: 12 };
            let mut sink = |_| ();
            let mut progress = Progress::new(CancelToken::default(), &mut sink);
            let (_, curve) = descended(critic, &loss, &settings, start, stretch, &mut progress)?;
            let totals: Vec<f32> = curve.iter().map(|line| line.total as f32).collect();
            assert_near(&totals, &golden, &format!("{case}.{name}"), CURVE_TOLERANCE)?;
        }
    }
    Ok(())
}

#[test]
fn threads_change_nothing_and_a_cancelled_run_stops() -> Outcome {
    let gradient = |threads| -> Outcome<Vec<f32>> {
        let engine = engine(threads)?;
        let network = network(&engine)?;
        let critic = Critic { network: &network, engine: &engine, pooling: NetworkPooling::Average };
        let (loss, content, _) = loss(critic, (50, 49))?;
        Ok(loss.at(&map_of(&engine, &content)?)?.1)
    };
    assert_eq!(gradient(1)?, gradient(3)?);
    let cancel = CancelToken::default();
    let engine = engine(2)?;
    let network = network(&engine)?;
    cancel.cancel();
    let stopped = engine.with_cancel(cancel);
    let critic = Critic { network: &network, engine: &stopped, pooling: NetworkPooling::Average };
    let error = critic.look(&map_of(&stopped, &picture(true, (50, 49)))?).err().ok_or("not cancelled")?;
    assert_eq!(error.class(), danqing_capability::Class::Cancelled);
    Ok(())
}

/// Makes settings wrong.
type Spoil = fn(&mut Settings);

#[test]
fn settings_out_of_range_are_refused() {
    let cases: [(Spoil, &str); 5] = [
        (|s| s.content_weight = -1.0, "optimise.content_weight -1 is out of range (expected 0.0 to 1000000000)"),
        (|s| s.style_weight = f64::NAN, "optimise.style_weight NaN is out of range (expected 0.0 to 1000000000)"),
        (|s| s.iterations = 0, "optimise.iterations 0 is out of range (expected 1 to 10000)"),
        (
            |s| s.learning_rate = Some(0.0),
            "optimise.learning_rate 0 is out of range (expected above 0.0, at most 10.0)",
        ),
        (|s| s.levels = Some(7), "optimise.levels 7 is out of range (expected 1 to 6)"),
    ];
    for (change, message) in cases {
        let mut settings = Settings::default();
        change(&mut settings);
        assert_eq!(settings.check().expect_err(message).to_string(), message);
    }
    assert!(Settings::default().check().is_ok());
}

#[test]
fn the_margin_is_the_picture_mirrored_at_its_edge() {
    let picture = picture(true, (20, 31));
    let framed = mirrored(&picture);
    assert_eq!(framed.size(), (20 + 2 * MARGIN, 31 + 2 * MARGIN));
    assert_eq!(framed.crop(Rect::new(MARGIN, MARGIN, 20, 31)), picture);
    assert_eq!(framed.pixel(MARGIN - 3, MARGIN + 4), picture.pixel(3, 4));
    assert_eq!(framed.pixel(MARGIN + 19 + 5, MARGIN + 30 + 2), picture.pixel(14, 28));
}
