//! How large the result is, which networks run one after another, and what that needs.

use danqing_models::upscalers::Upscaler;

use super::Error;
use super::params::{Frame, Model, Params};
use crate::available_memory::available_memory;

/// Most pixels of a result, as pictures are read.
const MAX_PIXELS: usize = 256 << 20;
/// What tiles may need while a network runs, bytes.
const TILE_BYTES: usize = 1 << 30;
/// Largest and smallest side of a tile that is chosen.
const TILES: [usize; 2] = [96, 1024];

/// Width and height of the result.
pub(super) fn target(params: &Params, picture: (usize, usize)) -> Result<(usize, usize), Error> {
    let asked = [
        ("scale", params.scale.is_some()),
        ("width or height", params.width.is_some() || params.height.is_some()),
        ("size", params.size.is_some()),
    ];
    let mut asked = asked.into_iter().filter_map(|(name, is_given)| is_given.then_some(name));
    if let (Some(first), Some(second)) = (asked.next(), asked.next()) {
        return Err(Error::TwoSizes { first, second });
    }
    let (width, height) = (picture.0 as f64, picture.1 as f64);
    let times = |scale: f64| ((width * scale).round() as usize, (height * scale).round() as usize);
    let size = match (params.width, params.height, &params.size) {
        (Some(w), Some(h), _) => (w, h),
        (Some(w), None, _) => (w, ((w as f64 / width * height).round() as usize).max(1)),
        (None, Some(h), _) => (((h as f64 / height * width).round() as usize).max(1), h),
        (None, None, Some(text)) => {
            let frame: Frame = text.parse().map_err(|()| Error::UnknownSize { actual: text.clone() })?;
            let (long, short) = (frame.long as f64, frame.short as f64);
            let (wide, tall) = if width >= height { (long, short) } else { (short, long) };
            times((wide / width).min(tall / height))
        }
        (None, None, None) => {
            let scale = params.scale.unwrap_or(4.0);
            if !(1.0..=8.0).contains(&scale) {
                let actual = scale.to_string();
                return Err(Error::OutOfRange { name: "scale", actual, expected: "1 to 8" });
            }
            times(scale)
        }
    };
    check(size, picture)?;
    Ok(size)
}

fn check(size: (usize, usize), picture: (usize, usize)) -> Result<(), Error> {
    let factors = [size.0 as f64 / picture.0 as f64, size.1 as f64 / picture.1 as f64];
    // Half a pixel of rounding is nobody's fault.
    let wrong = |&factor: &f64| factor < 1.0 - 1e-9 || factor > 8.0 + 0.5 / picture.0.min(picture.1) as f64;
    if let Some(factor) = factors.into_iter().find(wrong) {
        return Err(Error::Factor { size, factor, picture });
    }
    if size.0.saturating_mul(size.1) > MAX_PIXELS {
        return Err(Error::TooLarge { size, limit: MAX_PIXELS });
    }
    Ok(())
}

/// How many times the longer step of both sides.
pub(super) fn factor(size: (usize, usize), picture: (usize, usize)) -> f64 {
    (size.0 as f64 / picture.0 as f64).max(size.1 as f64 / picture.1 as f64)
}

/// What `auto` means for that factor.
pub(super) fn chosen(model: &Model, factor: f64) -> Model {
    match model {
        Model::Auto if factor <= 2.0 => Model::X2plus,
        Model::Auto => Model::X4plus,
        other => other.clone(),
    }
}

/// The network of further passes, if the factor needs any. `scale`: of the first one.
pub(super) fn second(params: &Params, scale: usize, factor: f64) -> Option<Model> {
    if factor <= scale as f64 + 1e-9 || scale < 2 {
        return None;
    }
    let usual = || if params.model == Model::X4plus { Model::X2plus } else { params.model.clone() };
    Some(params.second.clone().map_or_else(usual, |second| chosen(&second, factor / scale as f64)))
}

/// How often a network of that scale runs until the factor is reached.
pub(super) fn repeats(scale: usize, factor: f64) -> usize {
    let mut count = 0;
    let mut reached = 1.0;
    while reached < factor - 1e-9 && scale > 1 {
        reached *= scale as f64;
        count += 1;
    }
    count
}

/// Side of tiles: as large as the memory for tiles allows.
pub(super) fn tile(network: &Upscaler, asked: Option<usize>) -> usize {
    let side = ((TILE_BYTES / network.bytes_per_pixel().max(1)) as f64).sqrt() as usize;
    asked.unwrap_or_else(|| side.clamp(TILES[0], TILES[1]))
}

/// Refuses a run that the machine has no memory for. `bytes`: of the largest moment.
pub(super) fn check_memory(bytes: u64) -> Result<(), Error> {
    match available_memory().map(|available| available as u64) {
        Some(available) if bytes > available => {
            Err(Error::Memory { needed: bytes / 1_000_000, available: available / 1_000_000 })
        }
        _ => Ok(()),
    }
}
