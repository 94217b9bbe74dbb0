//! What a run will need at most, said before it starts, so that it is refused instead of killed.

use danqing_models::denoisers::unet::UnetConfig;
use danqing_models::latent_codecs::autoencoder_kl::AutoencoderKlConfig;

use super::{Error, Opened};

/// Pictures of more pixels go through the autoencoder in tiles.
const WHOLE_PIXELS: usize = 1024 * 1024;
/// Side of a tile in pixels, where nobody asked for one.
const TILE: usize = 768;
/// Bytes of a value.
const VALUE: usize = size_of::<f32>();

/// Side of the tiles that a picture of that size goes through the autoencoder in; 0 for none. The machine has no say: the same
/// recipe makes the same picture everywhere.
pub(crate) fn usual_tile((width, height): (usize, usize)) -> usize {
    if width * height > WHOLE_PIXELS { TILE } else { 0 }
}

/// Bytes of maps at once, at most, within a factor of two (`tests/diffusion/large.rs`); the weights are not in it, they have
/// been read when this is asked.
pub(super) fn peak_bytes(opened: &Opened, (width, height): (usize, usize), tile: usize) -> usize {
    let factor = 1 << (opened.model.codec.config().channels.len() - 1);
    let (w, h) = if tile == 0 { (width, height) } else { (width.min(tile), height.min(tile)) };
    let codec = codec_bytes(opened.model.codec.config(), w * h);
    let denoiser = denoiser_bytes(opened.model.unet.config(), width * height / (factor * factor));
    codec.max(denoiser) + 6 * VALUE * width * height
}

/// The decoder's finest level: three maps of its widest input.
fn codec_bytes(config: &AutoencoderKlConfig, pixels: usize) -> usize {
    let finest = config.channels.first().copied().unwrap_or(0);
    let wider = config.channels.get(1).copied().unwrap_or(finest);
    3 * VALUE * pixels * wider.max(finest)
}

/// Everything that is kept for the way up, and the finest transformer's perceptron with what stands around it.
fn denoiser_bytes(config: &UnetConfig, pixels: usize) -> usize {
    let finest = config.channels.first().copied().unwrap_or(0);
    let level = |(index, channels): (usize, &usize)| ((config.layers + 1) * channels * pixels) >> (2 * index);
    let kept: usize = config.channels.iter().enumerate().map(level).sum();
    VALUE * (kept + finest * pixels * (1 + 14))
}

/// Refuses a run that the machine has no memory for, as far as it says.
pub(super) fn check(bytes: usize) -> Result<(), Error> {
    match available() {
        Some(available) if bytes > available => {
            Err(Error::Memory { needed: in_gigabytes(bytes), available: in_gigabytes(available) })
        }
        _ => Ok(()),
    }
}

fn in_gigabytes(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1e9)
}

/// Memory that can be had without swapping, where the system says so (Linux).
fn available() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused() {
        assert!(check(1 << 20).is_ok());
        if available().is_some() {
            let error = check(usize::MAX / 2).expect_err("refused").to_string();
            assert!(error.contains("the run needs up to 9223372036.9 GB of memory, "), "{error}");
        }
    }

    #[test]
    fn large_pictures_are_tiled() {
        assert_eq!((usual_tile((1024, 1024)), usual_tile((1032, 1024))), (0, 768));
    }
}
