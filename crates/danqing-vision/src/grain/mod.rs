//! Grain: measured on flat places of a picture as a power spectrum per tone, and made anew with that spectrum.
//!
//! Not a port of another library. What is made has, per tone, the measured standard deviation to 10 % and the measured
//! power in each of four bands of frequency to 20 %, on areas large enough to measure them (tests below); frequencies are
//! in cycles per pixel of the picture that is measured or made.
//!
//! Sources of the ideas: A. Norkin, N. Birkbeck, "Film Grain Synthesis for AV1 Video Codec", DCC 2018 (flat blocks, a
//! strength per tone); B. Galerne et al., "Random Phase Textures", IEEE TIP 2011 (noise with a given spectrum).
//! Not here: grain that follows edges, grains as shapes, temporal correlation.

mod measure;
mod spectrum;
mod synthesise;

pub use measure::measure;
pub use synthesise::add;

use spectrum::{SIDE, Spectrum};

/// Luma, and blue and red less luma.
const COMPONENTS: usize = 3;
/// Tones are told apart in this many steps from black to white.
const TONES: usize = 5;

/// Measured grain.
#[derive(Clone, Debug)]
pub struct Grain {
    /// Those tones of which the picture had flat places, dark to bright; never empty.
    tones: Vec<Tone>,
}

/// Grain of one tone.
#[derive(Clone, Debug)]
struct Tone {
    /// Luma `0..=1`.
    luma: f32,
    spectra: [Spectrum; COMPONENTS],
}

impl Grain {
    /// Standard deviation of luma, the largest of all tones.
    #[must_use]
    pub fn sigma(&self) -> f32 {
        self.tones.iter().map(|tone| tone.spectra[0].sigma()).fold(0.0, f32::max)
    }

    /// Lumas that were measured, and the standard deviation of each one's luma.
    pub fn tones(&self) -> impl Iterator<Item = (f32, f32)> {
        self.tones.iter().map(|tone| (tone.luma, tone.spectra[0].sigma()))
    }

    /// Standard deviation of luma at a tone.
    #[must_use]
    pub fn sigma_at(&self, luma: f32) -> f32 {
        let (low, high, part) = self.between(luma);
        let sigma = |n: usize| self.tones[n].spectra[0].sigma();
        sigma(low) + (sigma(high) - sigma(low)) * part
    }

    /// Shares of luma's power between 0, ⅛, ¼, ⅜ and ½ cycles per pixel and beyond, of the tone nearest to `luma`.
    #[must_use]
    pub fn bands(&self, luma: f32) -> [f32; 4] {
        let (low, high, part) = self.between(luma);
        self.tones[if part < 0.5 { low } else { high }].spectra[0].bands()
    }

    /// The two measured tones around `luma`, and the share of the second.
    fn between(&self, luma: f32) -> (usize, usize, f32) {
        let high = self.tones.iter().position(|tone| tone.luma >= luma).unwrap_or(self.tones.len() - 1);
        let low = if self.tones[high].luma >= luma { high.saturating_sub(1) } else { high };
        let (a, b) = (self.tones[low].luma, self.tones[high].luma);
        (low, high, if b > a { ((luma - a) / (b - a)).clamp(0.0, 1.0) } else { 0.0 })
    }
}

/// Luma (Rec. 601 of the encoded values), blue less luma, red less luma.
fn components(rgb: &[f32]) -> [f32; COMPONENTS] {
    let luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    [luma, rgb[2] - luma, rgb[0] - luma]
}

/// What to add to red, green and blue.
fn rgb_of([luma, blue, red]: [f32; COMPONENTS]) -> [f32; 3] {
    [luma + red, luma - (0.299 * red + 0.114 * blue) / 0.587, luma + blue]
}

#[cfg(test)]
mod tests;
