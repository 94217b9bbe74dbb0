//! `torch.randn(count, generator=torch.Generator("cpu").manual_seed(seed))`, equal to the bit to `PyTorch` 2.5.1 on processors
//! with AVX2 (its AVX-512 tier uses the same code) for 16 numbers and more; fewer are within 1 unit in the last place, as they
//! go through the system's double-precision functions there and here. `PyTorch`'s portable tier is up to 2e-6 off its own.
//!
//! Source: Matsumoto and Nishimura, "Mersenne Twister", 1998; order of use from pytorch/pytorch@v2.5.1
//! `aten/src/ATen/core/{MT19937RNGEngine,DistributionsHelper}.h`, `aten/src/ATen/native/cpu/DistributionTemplates.h`.

use std::f64::consts::TAU;

use super::polynomials::{ln, sin_cos};

const WORDS: usize = 624;
const SHIFT: usize = 397;
/// Draws of fewer numbers go through `PyTorch`'s serial path, in double precision.
const BLOCK: usize = 16;

/// A generator of `PyTorch`'s on the CPU.
#[derive(Clone, Debug)]
pub struct TorchCpu {
    state: [u32; WORDS],
    used: usize,
    /// Second number of a pair that the serial path drew and has not given out yet.
    spare: Option<f64>,
}

impl TorchCpu {
    /// As `manual_seed` leaves it: only the lower 32 bits of the seed count.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = [0_u32; WORDS];
        state[0] = seed as u32;
        for i in 1..WORDS {
            let before = state[i - 1];
            state[i] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(i as u32);
        }
        Self { state, used: WORDS, spare: None }
    }

    /// `torch.randn(count)`.
    pub fn normal(&mut self, count: usize) -> Vec<f32> {
        if count < BLOCK {
            return (0..count).map(|_| self.serial_normal() as f32).collect();
        }
        let mut values: Vec<f32> = (0..count).map(|_| self.uniform()).collect();
        values.chunks_exact_mut(BLOCK).for_each(normal_from_uniform);
        if !count.is_multiple_of(BLOCK) {
            // The last sixteen are drawn anew, over what the whole blocks left there.
            let last = &mut values[count - BLOCK..];
            for value in last.iter_mut() {
                *value = self.uniform();
            }
            normal_from_uniform(last);
        }
        values
    }

    /// `torch.rand` in single precision: 24 bits.
    fn uniform(&mut self) -> f32 {
        (self.word() & 0x00ff_ffff) as f32 / 16_777_216.0
    }

    /// `torch.rand` in double precision: 53 bits of two words, the first one on top.
    fn double_uniform(&mut self) -> f64 {
        let high = u64::from(self.word());
        let bits = (high << 32 | u64::from(self.word())) & ((1 << 53) - 1);
        bits as f64 / (1_u64 << 53) as f64
    }

    fn serial_normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let angle = TAU * self.double_uniform();
        let radius = (-2.0 * (-self.double_uniform()).ln_1p()).sqrt();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    fn word(&mut self) -> u32 {
        if self.used == WORDS {
            self.twist();
        }
        let mut word = self.state[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for i in 0..WORDS {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.used = 0;
    }
}

/// Box and Muller on sixteen numbers: the first eight give radii, the last eight angles.
fn normal_from_uniform(block: &mut [f32]) {
    let (first, second) = block.split_at_mut(BLOCK / 2);
    for (a, b) in first.iter_mut().zip(second) {
        let radius = (-2.0 * ln(1.0 - *a)).sqrt();
        let (sine, cosine) = sin_cos(std::f32::consts::TAU * *b);
        *a = radius * cosine;
        *b = radius * sine;
    }
}
