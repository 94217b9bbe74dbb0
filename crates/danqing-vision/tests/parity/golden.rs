//! Reads goldens: safetensors files in `tests/golden`.

use std::path::Path;

use danqing_media::{Raster, Space};
use serde_json::Value;

/// One golden file.
pub(crate) struct Golden {
    header: Value,
    data: Vec<u8>,
}

impl Golden {
    pub(crate) fn open(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name).with_extension("safetensors");
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let header_length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header = serde_json::from_slice(&bytes[8..8 + header_length]).expect("a JSON header");
        Self { header, data: bytes[8 + header_length..].to_vec() }
    }

    /// Names that start with `prefix`.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.header.as_object().expect("an object").keys();
        names.filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    fn bytes(&self, name: &str, dtype: &str) -> (&[u8], Vec<usize>) {
        let entry = &self.header[name];
        assert_eq!(entry["dtype"], dtype, "{name}");
        let numbers = |v: &Value| -> Vec<usize> {
            v.as_array().expect("numbers").iter().map(|n| n.as_u64().expect("a number") as usize).collect()
        };
        let span = numbers(&entry["data_offsets"]);
        (&self.data[span[0]..span[1]], numbers(&entry["shape"]))
    }

    pub(crate) fn bytes_of(&self, name: &str) -> &[u8] {
        self.bytes(name, "U8").0
    }

    pub(crate) fn i16_of(&self, name: &str) -> Vec<i16> {
        self.bytes(name, "I16").0.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
    }

    pub(crate) fn i32_of(&self, name: &str) -> Vec<i32> {
        self.bytes(name, "I32").0.as_chunks::<4>().0.iter().map(|&b| i32::from_le_bytes(b)).collect()
    }

    pub(crate) fn f64_of(&self, name: &str) -> Vec<f64> {
        self.bytes(name, "F64").0.as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b)).collect()
    }

    pub(crate) fn raster_u8<S: Space<Sample = u8>>(&self, name: &str) -> Raster<S> {
        let (bytes, shape) = self.bytes(name, "U8");
        Raster::new(shape[1], shape[0], bytes.to_vec()).expect("the shape of the file")
    }

    pub(crate) fn raster_f32<S: Space<Sample = f32>>(&self, name: &str) -> Raster<S> {
        let (bytes, shape) = self.bytes(name, "F32");
        let samples = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        Raster::new(shape[1], shape[0], samples).expect("the shape of the file")
    }
}

/// Number after the `n`th slash of a golden's name.
pub(crate) fn part<T: std::str::FromStr<Err: std::fmt::Debug>>(name: &str, n: usize) -> T {
    name.split('/').nth(n).expect("another part").parse().expect("a number")
}

/// 8-bit samples as `0.0..=1.0`.
pub(crate) fn scaled<S: Space<Sample = u8>, T: Space<Sample = f32>>(from: &Raster<S>) -> Raster<T> {
    let samples = from.samples().iter().map(|&s| f32::from(s) / 255.0).collect();
    Raster::new(from.width(), from.height(), samples).expect("as many samples")
}

#[track_caller]
pub(crate) fn assert_close_u8<S: Space<Sample = u8>>(name: &str, ours: &Raster<S>, theirs: &Raster<S>, tolerance: u8) {
    assert_eq!(ours.size(), theirs.size(), "{name}");
    let worst = ours.samples().iter().zip(theirs.samples()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(tolerance), "{name}: largest difference {worst:?}, allowed {tolerance}");
}

#[track_caller]
pub(crate) fn assert_close_f32<S: Space<Sample = f32>>(
    name: &str,
    ours: &Raster<S>,
    theirs: &Raster<S>,
    tolerance: f32,
) {
    assert_eq!(ours.size(), theirs.size(), "{name}");
    let worst = ours.samples().iter().zip(theirs.samples()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{name}: largest difference {worst}, allowed {tolerance}");
}
