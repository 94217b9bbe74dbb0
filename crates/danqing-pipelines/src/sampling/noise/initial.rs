//! The first noise of a picture and the stream that goes on from it: A1111's `ImageRNG`
//! (lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/rng.py`), one picture at a time.

use super::{NoiseOrder, Stream, slerp_columns};

/// Sides of one picture's latent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatentShape {
    /// Channels, 4 for Stable Diffusion.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl LatentShape {
    /// How many values it has.
    #[must_use]
    pub fn values(self) -> usize {
        self.channels * self.height * self.width
    }
}

/// A second seed that the noise is turned towards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variation {
    /// The second seed.
    pub seed: u64,
    /// How far, 0..=1; 0 leaves the noise as it is.
    pub strength: f32,
}

/// Noise is drawn for this latent and laid in the middle of the wanted one, so that a seed keeps its composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedResize {
    /// Rows of the latent that the seed is known from.
    pub height: usize,
    /// Its columns.
    pub width: usize,
}

/// What one picture's noise is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InitialNoise {
    /// Whose random numbers.
    pub order: NoiseOrder,
    /// The picture's seed; in a batch the first seed plus the picture's index.
    pub seed: u64,
    /// A1111's "variation seed".
    pub variation: Option<Variation>,
    /// A1111's "resize seed from".
    pub resize: Option<SeedResize>,
    /// A1111's "eta noise seed delta": later noise comes from a stream of its own; 0 goes on with the first stream.
    pub eta_seed_delta: u64,
}

impl InitialNoise {
    /// The plain noise of a seed.
    #[must_use]
    pub fn new(order: NoiseOrder, seed: u64) -> Self {
        Self { order, seed, variation: None, resize: None, eta_seed_delta: 0 }
    }

    /// The first noise, and the stream that samplers draw the rest from.
    #[must_use]
    pub fn draw(&self, shape: LatentShape) -> (Vec<f32>, Stream) {
        let mut stream = Stream::new(self.order, self.seed);
        let inner = self.resize.map_or(shape, |size| LatentShape { height: size.height, width: size.width, ..shape });
        let mut noise = if inner == shape {
            stream.normal(shape.values())
        } else {
            Stream::new(self.order, self.seed).normal(inner.values())
        };
        if let Some(variation) = self.variation.filter(|variation| variation.strength != 0.0) {
            let other = Stream::new(self.order, variation.seed).normal(inner.values());
            noise = slerp_columns(variation.strength, &noise, &other, inner);
        }
        if inner != shape {
            noise = centred(&noise, inner, stream.normal(shape.values()), shape);
        }
        if self.eta_seed_delta != 0 {
            stream = Stream::new(self.order, self.seed.wrapping_add(self.eta_seed_delta));
        }
        (noise, stream)
    }
}

/// `inner` laid over the middle of `outer`, cut where it is larger.
fn centred(inner: &[f32], from: LatentShape, mut outer: Vec<f32>, to: LatentShape) -> Vec<f32> {
    let (rows, inner_top, outer_top) = overlap(from.height, to.height);
    let (columns, inner_left, outer_left) = overlap(from.width, to.width);
    for channel in 0..to.channels {
        for row in 0..rows {
            let source = (channel * from.height + inner_top + row) * from.width + inner_left;
            let target = (channel * to.height + outer_top + row) * to.width + outer_left;
            outer[target..target + columns].copy_from_slice(&inner[source..source + columns]);
        }
    }
    outer
}

/// Length, start in the inner and start in the outer of two lengths that share a middle. Halves round as A1111's do.
fn overlap(inner: usize, outer: usize) -> (usize, usize, usize) {
    let offset = (outer as isize - inner as isize).div_euclid(2);
    if offset >= 0 {
        (inner, 0, offset as usize)
    } else {
        let cut = offset.unsigned_abs();
        (inner - 2 * cut, cut, 0)
    }
}
