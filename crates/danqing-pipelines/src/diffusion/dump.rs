//! Latents as a file, for comparing with other programs.

use std::io::{self, Write};
use std::path::Path;

use danqing_nn::Shape;

use super::Error;

/// Writes one tensor `latents` of `[variants, channels, height, width]` as safetensors, whole or not at all.
pub(super) fn write(path: &Path, latents: &[Vec<f32>], shape: Shape) -> Result<(), Error> {
    let failed = |source| Error::Dump { path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = bytes(latents, shape).and_then(|bytes| {
        let mut file = std::fs::File::create(&part)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    });
    written.map_err(|error| {
        // Nothing half-written stays; whether it can be deleted is no news.
        let _ = std::fs::remove_file(&part);
        failed(error)
    })
}

fn bytes(latents: &[Vec<f32>], shape: Shape) -> io::Result<Vec<u8>> {
    let values: Vec<u8> = latents.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let header = serde_json::json!({
        "latents": {
            "dtype": "F32",
            "shape": [latents.len(), shape.channels, shape.height, shape.width],
            "data_offsets": [0, values.len()],
        }
    });
    let mut text = serde_json::to_vec(&header)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    bytes.extend(values);
    Ok(bytes)
}
