//! The trait a capability implements.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Cancelled, Classified, Inputs, Outputs, Port, Progress};

/// One thing the studio can do. The value holds what it needs (model store, engine); it is built once, in the registry.
pub trait Capability: Send + Sync {
    /// Stable name in requests, files, URLs and on the command line.
    const ID: &'static str;
    /// Raised when the same parameters would give a different result.
    const VERSION: u32;
    /// One line for help, in English.
    const SUMMARY: &'static str;
    /// Chinese texts: TOML with `summary`, `[inputs]`, `[outputs]` and `[params]` tables, keyed by name.
    const CHINESE: &'static str;
    /// Named inputs; the first one is the command line's positional argument.
    const INPUTS: &'static [Port];
    /// Named outputs; the first one is what `-o` names.
    const OUTPUTS: &'static [Port];
    /// Everything the user can choose. `deny_unknown_fields`; every field documented with meaning, unit and range.
    type Params: Serialize + DeserializeOwned + Default + JsonSchema + Clone;
    /// What it reads and makes.
    type Media;
    /// Why it can fail.
    type Error: Classified + From<Cancelled> + Send + Sync + 'static;

    /// What was typed → what was meant: draws the seed, rounds sizes, chooses the engine, refuses what can't be.
    /// The result is stored in the recipe; resolving it again changes nothing.
    ///
    /// # Errors
    /// See [`Self::Error`]; every error of the request itself comes from here, before any work.
    fn resolve(
        &self,
        inputs: &Inputs<Self::Media>,
        params: Self::Params,
        progress: &mut Progress<'_>,
    ) -> Result<Self::Params, Self::Error>;

    /// Catalogue ids of the models that a run with these parameters needs.
    fn models(&self, _params: &Self::Params) -> Vec<&'static str> {
        Vec::new()
    }

    /// Bytes of memory that a run on these inputs takes at its highest point, where that can be told beforehand.
    fn memory_bytes(&self, _inputs: &Inputs<Self::Media>, _params: &Self::Params) -> Option<u64> {
        None
    }

    /// Runs resolved parameters to the end, or to the first error or cancellation.
    ///
    /// # Errors
    /// See [`Self::Error`].
    fn run(
        &self,
        inputs: &Inputs<Self::Media>,
        params: &Self::Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Self::Media>, Self::Error>;
}
