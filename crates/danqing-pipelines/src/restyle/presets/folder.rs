//! Presets of the user.

use std::path::{Path, PathBuf};

use super::{IDS, Preset, pictures};
use crate::restyle::Error;

/// Larger files are no presets.
const MOST_BYTES: u64 = 1 << 16;

/// The preset of a path that ends in `.toml`, or of a name in the folder; none if there is no such file. Names of
/// presets that are compiled in keep their meaning.
pub(super) fn find(style: &str, home: &Path) -> Result<Option<Preset>, Error> {
    if style.to_lowercase().ends_with(".toml") {
        return read(Path::new(style)).map(Some);
    }
    let is_name = !IDS.contains(&style) && !style.contains(['/', '\\']) && !style.starts_with('.');
    let path = folder(home).join(format!("{style}.toml"));
    if is_name && path.is_file() { read(&path).map(Some) } else { Ok(None) }
}

/// All of the folder that can be read, by name.
pub(super) fn all(home: &Path) -> Vec<(String, Preset)> {
    let entries = std::fs::read_dir(folder(home)).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let named = files.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), read(&path).ok()?)));
    let mut presets: Vec<(String, Preset)> = named.collect();
    presets.sort_by(|a, b| a.0.cmp(&b.0));
    presets
}

fn folder(home: &Path) -> PathBuf {
    home.join("presets")
}

fn read(path: &Path) -> Result<Preset, Error> {
    let wrong = |reason: String| Error::PresetFile { path: path.to_owned(), reason };
    let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if length > MOST_BYTES {
        return Err(wrong(format!("it has {length} bytes, a preset at most {MOST_BYTES}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut preset = Preset::parsed(&text).map_err(wrong)?;
    pictures::seen_from(&mut preset, path);
    Ok(preset)
}
