//! What a run takes in memory, said before it starts, so that it is refused instead of killed.
//!
//! Counted are the packed networks, by the tensors of their files and the engine's precision; the maps that are alive together
//! in the busiest moment; the pictures around them; and what the engine keeps for reuse. Of a whole run at full size the
//! measured peak is within 20 % of it (docs/performance.md).

use danqing_models::denoisers::unet::UnetConfig;
use danqing_models::latent_codecs::autoencoder_kl::AutoencoderKlConfig;
use danqing_models::stable_diffusion::{StableDiffusion, Values};
use danqing_nn::Precision;

use super::Error;

/// Pictures of more pixels go through the autoencoder in tiles.
const WHOLE_PIXELS: usize = 1024 * 1024;
/// Side of a tile in pixels, where nobody asked for one.
const TILE: usize = 768;
/// Sides that are tried where memory is short.
const SMALLER_TILES: [usize; 3] = [768, 512, 256];
/// Bytes of a value of `f32`.
const VALUE: usize = size_of::<f32>();
/// The program with its tables, threads and the tokenizer.
const PROGRAM: usize = 64 << 20;
/// Transformed inputs that all tasks of a 3×3 convolution share are no larger; those of larger maps belong to its tasks.
const TRANSFORMED: usize = 24 << 20;
/// What the tasks of two threads hold.
const TASKS: usize = 16 << 20;
/// What the engine keeps for reuse at most, beyond what is in use.
const REUSE: usize = 256 << 20;
/// Copies of a picture's three channels around a network: as its map, as planes, as what tiles are joined in, as a picture.
const PICTURES: usize = 12;

/// Side of the tiles that a picture of that size goes through the autoencoder in where memory is not short; 0 for none.
pub(crate) fn usual_tile((width, height): (usize, usize)) -> usize {
    if width * height > WHOLE_PIXELS { TILE } else { 0 }
}

/// Bytes of networks once packed.
pub(super) fn packed_bytes(values: Values, precision: Precision) -> usize {
    let products = match precision {
        Precision::Int8 => values.products,
        Precision::Bf16 => 2 * values.products,
        _ => VALUE * values.products - 2 * values.halves,
    };
    products + values.others * VALUE
}

/// Bytes that are needed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// Packed networks.
    pub(super) weights: usize,
    /// Maps of the busiest network.
    pub(super) maps: usize,
    /// Pictures, what is kept for reuse, the program.
    pub(super) beside: usize,
}

impl Need {
    /// Of packing networks: `read` bytes lie in memory beside them (files that are read at once, additions).
    pub(super) fn of_loading(values: Values, precision: Precision, read: usize) -> Self {
        // A tensor as it is read, and rearranged.
        let beside = PROGRAM + read + 2 * VALUE * values.largest;
        Self { weights: packed_bytes(values, precision), maps: 0, beside }
    }

    /// Of a run at that size, in pixels, with that many bytes of networks.
    pub(super) fn of_run(
        model: &StableDiffusion,
        (weights, precision): (usize, Precision),
        (width, height): (usize, usize),
        tile: usize,
    ) -> Self {
        let factor = 1 << (model.codec.config().channels.len() - 1);
        let (w, h) = if tile == 0 { (width, height) } else { (width.min(tile), height.min(tile)) };
        let codec = decoder_values(model.codec.config(), w * h);
        let value = if precision == Precision::Bf16 { VALUE / 2 } else { VALUE };
        let denoiser = denoiser_bytes(model.unet.config(), width * height / (factor * factor), value);
        let maps = (value * codec).max(denoiser).max(convolving(codec, value));
        let beside = PROGRAM + maps.min(REUSE) + PICTURES * VALUE * width * height;
        Self { weights, maps, beside }
    }

    pub(super) fn total(self) -> usize {
        self.weights + self.maps + self.beside
    }

    /// Refuses it where fewer bytes can be had.
    pub(super) fn check(self, available: Option<usize>, precision: Precision) -> Result<(), Error> {
        match available {
            Some(available) if self.total() > available => Err(Error::Memory {
                needed: in_gigabytes(self.total()),
                weights: in_gigabytes(self.weights),
                available: in_gigabytes(available),
                has_maps: self.maps > 0,
                is_f32: precision == Precision::F32,
            }),
            _ => Ok(()),
        }
    }
}

/// The side of the tiles that a run fits with: the usual one, else the largest smaller one that does; where none does, the
/// usual one.
pub(super) fn fitting_tile(size: (usize, usize), available: Option<usize>, need: impl Fn(usize) -> Need) -> usize {
    let usual = usual_tile(size);
    let smaller = SMALLER_TILES.into_iter().filter(|tile| *tile < size.0.max(size.1) && (usual == 0 || *tile < usual));
    let fits = |tile: &usize| available.is_none_or(|available| need(*tile).total() <= available);
    std::iter::once(usual).chain(smaller).find(fits).unwrap_or(usual)
}

/// What a 3×3 convolution holds where so many values of `value` bytes lie in three maps: the one it reads, the one it writes, and
/// beside them the inputs, which are transformed to 36 values of `f32` for 16.
fn convolving(values: usize, value: usize) -> usize {
    let (map, transformed) = (value * values / 3, VALUE * values / 3 * 36 / 16);
    2 * map + if transformed <= TRANSFORMED { transformed } else { 0 } + TASKS
}

/// Level by level, the values that a decoder's residual blocks and doublings hold at once, for so many pixels of the picture.
fn decoder_values(config: &AutoencoderKlConfig, pixels: usize) -> usize {
    let levels = config.channels.len();
    let level = |index: usize| {
        let (width, pixels) = (config.channels[index], pixels >> (2 * index));
        let before = config.channels[(index + 1).min(levels - 1)];
        // What comes in, and four times as many pixels convolved.
        let doubling = if index == 0 { 0 } else { width + 4 * width };
        block(before, width).max(block(width, width)).max(doubling) * pixels
    };
    (0..levels).map(level).max().unwrap_or(0)
}

/// Channels that a residual block holds at once: its input, normalised, and convolved; at its end input, normalised, what is
/// added, and the sum.
fn block(inputs: usize, outputs: usize) -> usize {
    let shortcut = if inputs == outputs { 0 } else { outputs };
    (2 * inputs + outputs).max(inputs + 2 * outputs + shortcut)
}

/// Level by level, what is kept for the way up and what a transformer holds in an attention: its input, a sum, that normalised,
/// queries, keys and values, keys and values packed as `f32`, and what comes of them; for so many pixels of the latent, in values
/// of so many bytes.
fn denoiser_bytes(config: &UnetConfig, pixels: usize, value: usize) -> usize {
    const TRANSFORMER: usize = 7;
    const PACKED: usize = 2;
    let finest = config.channels.first().copied().unwrap_or(0);
    let (mut kept, mut most) = (finest * pixels, 0);
    for (index, (channels, heads)) in config.channels.iter().zip(&config.heads).enumerate() {
        let pixels = pixels >> (2 * index);
        let coarser = config.channels.get(index + 1).unwrap_or(channels);
        let joined = coarser + channels;
        let held = if *heads > 0 { (TRANSFORMER + PACKED * VALUE / value) * channels } else { 0 };
        kept += config.layers.saturating_sub(1) * channels * pixels;
        most = most.max(kept + held.max(block(joined, *channels)) * pixels);
        kept += channels * pixels + channels * (pixels >> 2);
    }
    value * most
}

fn in_gigabytes(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need { weights: 4_000_000_000, maps: 600_000_000, beside: 400_000_000 };

    #[test]
    fn what_can_not_be_had_is_refused_with_what_is_needed_and_what_there_is() {
        assert!(NEED.check(None, Precision::F32).is_ok());
        assert!(NEED.check(Some(5_000_000_000), Precision::F32).is_ok());
        let error = NEED.check(Some(4_999_999_999), Precision::F32).expect_err("refused").to_string();
        let says = "the run needs up to 5.0 GB of memory, 4.0 GB of it for the networks; 5.0 GB can be had";
        assert_eq!(error, says);
    }

    #[test]
    fn large_pictures_are_tiled_and_smaller_ones_where_memory_is_short() {
        assert_eq!((usual_tile((1024, 1024)), usual_tile((1032, 1024))), (0, 768));
        let need = |tile: usize| Need { maps: if tile == 0 { 1024 } else { tile }, weights: 100, beside: 0 };
        let tile = |side, available| fitting_tile((side, side), available, need);
        assert_eq!([None, Some(1200), Some(900), Some(700), Some(400)].map(|a| tile(1024, a)), [0, 0, 768, 512, 256]);
        assert_eq!((tile(2048, None), tile(2048, Some(800)), tile(512, Some(700))), (768, 512, 256));
        assert_eq!((tile(1024, Some(10)), tile(256, Some(10))), (0, 0), "nothing fits");
    }

    #[test]
    fn what_products_read_takes_what_its_storage_does() {
        let values = Values { products: 100, halves: 30, others: 10, largest: 50 };
        assert_eq!(packed_bytes(values, Precision::F32), 30 * 2 + 70 * 4 + 40);
        assert_eq!(packed_bytes(values.merged(), Precision::F32), 440);
        assert_eq!(packed_bytes(values, Precision::Bf16), 240);
        assert_eq!(packed_bytes(values, Precision::Int8), 140);
    }

    /// Counted by hand for the finest level: 640 maps' channels per pixel of the decoder, and of the UNet 9 times 320 and two
    /// maps that are kept.
    #[test]
    fn the_busiest_moments_of_stable_diffusion_are_those_of_the_finest_levels() {
        assert_eq!(decoder_values(&AutoencoderKlConfig::sd(), 512 * 512), 640 * 512 * 512);
        assert_eq!(denoiser_bytes(&UnetConfig::sd1(), 64 * 64, 4), 4 * 11 * 320 * 64 * 64);
        assert_eq!(denoiser_bytes(&UnetConfig::sd1(), 64 * 64, 2), 2 * 13 * 320 * 64 * 64);
    }
}
