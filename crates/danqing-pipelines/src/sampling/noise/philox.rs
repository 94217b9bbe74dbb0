//! `torch.randn` on an NVIDIA card, as A1111's "NV" computes it on the processor: equal within 1e-6 to its printed values.
//! The same as a card's own for draws of up to as many numbers as the card has threads (a latent of 1024² on any card of
//! 20 multiprocessors or more); larger draws differ from card to card, and this order goes on as A1111's does.
//!
//! Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011 (Philox 4×32, 10 rounds); order of use from
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/rng_philox.py`.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// A generator of `PyTorch`'s on CUDA.
#[derive(Clone, Debug)]
pub struct Philox {
    key: [u32; 2],
    /// Draws made so far.
    offset: u32,
}

impl Philox {
    /// As `manual_seed` leaves it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], offset: 0 }
    }

    /// `torch.randn(count, device="cuda")`.
    pub fn normal(&mut self, count: usize) -> Vec<f32> {
        let offset = self.offset;
        self.offset = offset.wrapping_add(1);
        (0..count).map(|i| normal(words([offset, 0, i as u32, (i as u64 >> 32) as u32], self.key))).collect()
    }
}

/// Four random words for a counter under a key.
pub(super) fn words(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(counter[0]) * u64::from(MULTIPLIERS[0]);
        let second = u64::from(counter[2]) * u64::from(MULTIPLIERS[1]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// The first of the two normal numbers that Box and Muller make of two words, with CUDA's rounded constants.
pub(super) fn normal(words: [u32; 4]) -> f32 {
    /// 2⁻³².
    const UNIT: f32 = 2.328_306_4e-10;
    const UNIT_ANGLE: f32 = (2.328_306_4e-10 * 6.283_185_5_f64) as f32;
    let (unit, unit_angle) = (f64::from(UNIT), f64::from(UNIT_ANGLE));
    let radius = (-2.0 * (f64::from(words[0]) * unit + unit / 2.0).ln()).sqrt();
    (radius * (f64::from(words[1]) * unit_angle + unit_angle / 2.0).sin()) as f32
}
