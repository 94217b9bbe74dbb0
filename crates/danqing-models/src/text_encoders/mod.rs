//! Networks that turn the tokens of a text into what denoisers attend to, and the tokenizer before them.

pub mod clip;
pub mod tokenizer;

use danqing_nn::{Engine, FeatureMap};

use crate::Error;

/// What pipelines need of a network that reads text.
pub trait TextEncoder: Send + Sync {
    /// Most tokens of a text.
    fn tokens(&self) -> usize;

    /// Channels of a token's embedding.
    fn channels(&self) -> usize;

    /// `[1, 1, tokens, channels]` after the final norm, of the last layer but `skipped`.
    ///
    /// # Errors
    /// [`Error::InputShape`] for no or too many tokens, one that is not in the vocabulary, or fewer layers than `skipped`;
    /// [`Error::Engine`], among them cancellation.
    fn encode(&self, engine: &Engine, tokens: &[u32], skipped: usize) -> Result<FeatureMap, Error> {
        self.encode_with(engine, tokens, &[], skipped)
    }

    /// As [`Self::encode`] with vectors in the place of some tokens' own: textual inversions.
    ///
    /// # Errors
    /// As [`Self::encode`], and [`Error::InputShape`] for a vector of another size.
    fn encode_with(
        &self,
        engine: &Engine,
        tokens: &[u32],
        vectors: &[(usize, &[f32])],
        skipped: usize,
    ) -> Result<FeatureMap, Error>;
}
