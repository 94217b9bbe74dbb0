//! What a precision costs and saves, beside f32: `precision_error WEIGHTS PHOTO.ppm` of an upscaler on a photograph (binary
//! PPM, 8 bit), `precision_error unet [SIDE]` of the Stable Diffusion 1.5 UNet with weights by rule on a latent.
//!
//! Prints one line per precision: bytes of the packed weights, processor seconds of one forward, and the output's difference
//! from that in f32: root mean square over that of the f32 output, largest, and as PSNR for a peak of 1.

use std::error::Error;

use danqing_models::denoisers::Denoiser;
use danqing_models::denoisers::unet::{Unet, UnetConfig};
use danqing_models::diffusion::{Tensors, seeded_unit};
use danqing_models::upscalers::Upscaler;
use danqing_nn::{Engine, EngineConfig, FeatureMap, Precision, Shape};
use danqing_weights::Weights;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [what, of] = [words.first(), words.get(1)].map(|word| word.map_or("", String::as_str));
    let engine = Engine::new(EngineConfig { precision: Some(Precision::F32), ..EngineConfig::default() })?;
    let mut exact: Option<Vec<f32>> = None;
    for precision in Precision::ALL {
        let engine = engine.with_precision(precision)?;
        let (bytes, seconds, values) =
            if what == "unet" { unet(&engine, of.parse().unwrap_or(16))? } else { upscaled(&engine, what, of)? };
        let exact = exact.get_or_insert_with(|| values.clone());
        let mean = |of: &dyn Fn(f32, f32) -> f32| {
            exact.iter().zip(&values).map(|(&a, &b)| f64::from(of(a, b)).powi(2)).sum::<f64>() / exact.len() as f64
        };
        let (error, power) = (mean(&|a, b| a - b), mean(&|a, _| a));
        let largest = exact.iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let relative = (error / power).sqrt();
        let psnr = -10.0 * error.log10();
        println!("{precision} {bytes} bytes {seconds:.2} s rms {relative:.3e} largest {largest:.3e} psnr {psnr:.1} dB");
    }
    Ok(())
}

type Made = (usize, f64, Vec<f32>);

fn unet(engine: &Engine, side: usize) -> Outcome<Made> {
    let before = engine.memory().live_bytes;
    let network = Unet::load(engine, Tensors::Seeded, UnetConfig::sd1())?;
    let bytes = engine.memory().live_bytes - before;
    let input = |name: &str, shape: Shape| -> Outcome<FeatureMap> {
        let values = (0..shape.elements()? as u64).map(|index| seeded_unit(name, index)).collect();
        Ok(FeatureMap::from_nhwc(engine, shape, values)?)
    };
    let (latent, context) =
        (input("latent", Shape::new(1, side, side, 4))?, input("context", Shape::new(1, 1, 77, 768))?);
    let start = processor_seconds();
    let output = network.denoise(engine, &latent, &[500.0], &context)?;
    Ok((bytes, processor_seconds() - start, output.to_nhwc()?))
}

fn upscaled(engine: &Engine, weights: &str, photo: &str) -> Outcome<Made> {
    let (before, weights) = (engine.memory().live_bytes, Weights::of_file(weights.as_ref())?);
    let network = Upscaler::load(engine, &weights.tensors, weights.graph.as_ref())?;
    let bytes = engine.memory().live_bytes - before;
    let input = photo_of(engine, &std::fs::read(photo)?)?;
    let start = processor_seconds();
    let output = network.forward(engine, input, &mut |_, _| Ok(()))?;
    Ok((bytes, processor_seconds() - start, output.to_nhwc()?))
}

/// `P6 WIDTH HEIGHT 255`, then bytes.
fn photo_of(engine: &Engine, bytes: &[u8]) -> Outcome<FeatureMap> {
    let mut words = bytes.split(u8::is_ascii_whitespace);
    let mut word = || words.next().ok_or("a short PPM").map(String::from_utf8_lossy);
    if word()? != "P6" {
        return Err("not a binary PPM".into());
    }
    let (width, height): (usize, usize) = (word()?.parse()?, word()?.parse()?);
    let count = width * height * 3;
    let pixels = bytes.get(bytes.len().saturating_sub(count)..).ok_or("a short PPM")?;
    let values = pixels.iter().map(|&value| f32::from(value) / 255.0).collect();
    Ok(FeatureMap::from_nhwc(engine, Shape::new(1, height, width, 3), values)?)
}

/// User and system time of all threads (`/proc/self/stat`, in hundredths); 0 where the system does not say.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}
