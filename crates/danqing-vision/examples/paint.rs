//! Paints pictures with a recipe: `cargo run --release --example paint -- RECIPE.json OUT_FOLDER PICTURE…`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use danqing_capability::{CancelToken, Progress};
use danqing_media::file::{self, EncodeOptions, Format, Limits, Overwrite};
use danqing_media::{Depth, Picture};
use danqing_vision::painting::{self, Recipe, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(recipe), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: paint RECIPE.json OUT_FOLDER PICTURE…".into());
    };
    let text = if recipe.starts_with('{') { recipe } else { std::fs::read_to_string(recipe)? };
    let recipe: Recipe = serde_json::from_str(&text)?;
    for path in arguments.map(PathBuf::from) {
        let cancel = CancelToken::default();
        let picture = file::read(&path, &Limits::default(), &cancel)?.to_srgb(&cancel)?;
        let start = Instant::now();
        let mut silent = |_| ();
        let mut progress = Progress::new(CancelToken::default(), &mut silent);
        let painted = painting::paint(&picture, &recipe, Session { seed: 7, scale: 1.0, threads: 2 }, &mut progress)?;
        eprintln!("{} {:?} {:.2} s", path.display(), picture.size(), start.elapsed().as_secs_f32());
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned() + ".png";
        let encoded =
            file::encode(&Picture::from_srgb(&painted, Depth::Eight), &EncodeOptions::new(Format::Png), &cancel)?;
        file::write_atomic(Path::new(&folder).join(name), &encoded.bytes, Overwrite::Replace)?;
    }
    Ok(())
}
