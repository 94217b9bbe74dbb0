//! What the tests of MI-GAN share: real weights, and the inputs of `tools/golden/migan.py`.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use danqing_models::inpainters::{Migan, inpainter_input};
use danqing_nn::{Engine, EngineConfig, FeatureMap, Shape, Tier};
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The MI-GAN tensors of the model store; a test fails where they are missing.
pub(crate) fn weights() -> Outcome<TensorFile> {
    Ok(containers::parse(weight_bytes()?, "migan_pipeline_v2.onnx", &Limits::default())?)
}

/// The checked file of the model store.
pub(crate) fn weight_bytes() -> Outcome<Vec<u8>> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    Ok(store.read("migan-512-places2").map_err(|error| format!("{error}: run `danqing models pull default --yes`"))?)
}

pub(crate) fn golden() -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/migan.safetensors");
    Ok(containers::read(&path, &Limits::default())?)
}

pub(crate) fn engine(threads: usize, tier: Tier) -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(threads), tier: Some(tier), ..EngineConfig::default() })?)
}

/// Tiers of this processor.
pub(crate) fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.into_iter().filter(|tier| *tier <= Tier::detected())
}

/// One case of the golden.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

pub(crate) const SYNTHETIC: Case = Case { name: "synthetic_512x512", height: 512, width: 512 };
pub(crate) const PHOTO: Case = Case { name: "photo_512x512", height: 512, width: 512 };
pub(crate) const WIDE: Case = Case { name: "synthetic_384x640", height: 384, width: 640 };
pub(crate) const CLAMPED: Case = Case { name: "clamped_256x128", height: 256, width: 128 };

impl Case {
    pub(crate) fn input(&self, engine: &Engine, golden: &TensorFile) -> Outcome<FeatureMap> {
        let rgb = if self.name.starts_with("photo") {
            self.mirrored(&golden.get("photo_tile").ok_or("no photo_tile")?.to_f32()?)
        } else {
            self.pixels(synthetic_pixel)
        };
        let rgb: Vec<f32> = rgb.iter().map(|value| value / 255.0).collect();
        let gain = if self.name.starts_with("clamped") { 1000.0 } else { 1.0 };
        let values = inpainter_input(&rgb, &self.hole())?.iter().map(|value| value * gain).collect();
        Ok(FeatureMap::from_nhwc(engine, Shape::new(1, self.height, self.width, 4), values)?)
    }

    /// `hole` of the script.
    pub(crate) fn hole(&self) -> Vec<u8> {
        let (height, width) = (self.height as i64, self.width as i64);
        let mut hole = Vec::with_capacity(self.height * self.width);
        for y in 0..height {
            for x in 0..width {
                let columns = (width * 3 / 8..width * 5 / 8).contains(&x);
                let rectangle = columns && (height * 5 / 16..height * 10 / 16).contains(&y);
                let disc = (x - width * 3 / 4).pow(2) + (y - height * 3 / 4).pow(2) < 1600;
                hole.push(if rectangle || disc { 255 } else { 0 });
            }
        }
        hole
    }

    /// `crop_origin` of the script.
    pub(crate) fn crop_origin(&self) -> (usize, usize) {
        (self.height * 5 / 16 + 32, self.width * 5 / 8 - 32)
    }

    fn pixels(&self, pixel: impl Fn(&Self, i64, i64) -> [f32; 3]) -> Vec<f32> {
        let rows = 0..self.height as i64;
        rows.flat_map(|y| (0..self.width as i64).map(move |x| (y, x))).flat_map(|(y, x)| pixel(self, y, x)).collect()
    }

    /// `mirrored` of the script, for a tile of 128×128.
    fn mirrored(&self, tile: &[f32]) -> Vec<f32> {
        let fold = |n: i64| if n / 128 % 2 == 0 { n % 128 } else { 127 - n % 128 };
        self.pixels(|_, y, x| {
            let at = ((fold(y) * 128 + fold(x)) * 3) as usize;
            [tile[at], tile[at + 1], tile[at + 2]]
        })
    }
}

/// `synthetic_picture` of the script.
fn synthetic_pixel(case: &Case, y: i64, x: i64) -> [f32; 3] {
    let red = x * 255 / (case.width as i64 - 1);
    let green = y * 255 / (case.height as i64 - 1);
    let blue = 64 + 96 * ((x / 16 + y / 16) % 2);
    let disc = (x - 170).pow(2) + (y - 200).pow(2) < 8100;
    let hash = (x as u32).wrapping_mul(73_856_093) ^ (y as u32).wrapping_mul(19_349_663);
    let grain = i64::from(hash >> 7 & 15) - 8;
    let colours = if disc { [200, 90, 60] } else { [red, green, blue] };
    colours.map(|colour| (colour + grain).clamp(0, 255) as f32)
}

/// `sample_positions` of the script, as indices into NHWC values.
pub(crate) fn sample_indices(shape: Shape) -> impl Iterator<Item = usize> {
    (0..8).map(move |k| {
        let channel = (37 * k + 11) % shape.channels;
        let (y, x) = ((29 * k * k + 7 * k + 3) % shape.height, (31 * k * k + 13 * k + 5) % shape.width);
        (y * shape.width + x) * shape.channels + channel
    })
}

/// The loaded network.
pub(crate) fn network(engine: &Engine) -> Outcome<Migan> {
    Ok(Migan::load(engine, &weights()?)?)
}

/// A safetensors file of f32 tensors, read back.
pub(crate) fn safetensors(tensors: &BTreeMap<String, (Vec<usize>, Vec<f32>)>) -> Outcome<TensorFile> {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (name, (shape, values)) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let end = data.len();
        entries.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
    }
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(data);
    Ok(containers::parse(bytes, "changed.safetensors", &Limits::default())?)
}
