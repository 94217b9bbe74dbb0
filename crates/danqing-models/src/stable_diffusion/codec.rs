//! An autoencoder alone: of a checkpoint, of a diffusers folder, or a file of its own by the original or by diffusers' names.

use std::path::Path;

use danqing_nn::Engine;
use danqing_weights::TensorFile;

use super::files::{NetworkFile, WRAPPER, older_autoencoder_name};
use super::ldm::{self, Shapes};
use super::{OpenError, folder};
use crate::diffusion::{Stored, Tensors};
use crate::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use crate::{Error, foreign};

/// The file that holds an autoencoder, open.
pub struct CodecFile(NetworkFile);

impl CodecFile {
    /// Reads a file, the folder of an autoencoder, or the `vae` of a whole folder.
    ///
    /// # Errors
    /// [`OpenError::Read`], [`OpenError::NotDiffusers`].
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(NetworkFile::read(path, "vae")?))
    }

    /// sha256 of the file with the weights.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// Packs the network for an engine.
    ///
    /// # Errors
    /// [`OpenError`] says what the file holds and what was expected.
    pub fn load(&self, engine: &Engine) -> Result<AutoencoderKl, OpenError> {
        let file = &self.0.tensors;
        if let Some(config) = &self.0.config {
            let config = folder::autoencoder_config(config, "vae/config.json")?;
            let stored = |name: &str| Stored::from(older_autoencoder_name(file, name));
            return Ok(AutoencoderKl::load(engine, Tensors::of_file(file, &stored, &|_| true), config)?);
        }
        let has = |start: &str| file.entries().iter().any(|entry| entry.name.starts_with(start));
        if let Some(config) = diffusers_config(file) {
            let stored = |name: &str| Stored::from(older_autoencoder_name(file, name));
            return Ok(AutoencoderKl::load(engine, Tensors::of_file(file, &stored, &|_| true), config)?);
        }
        // A whole checkpoint, or its autoencoder by the original names with or without their prefix.
        let root = if has(WRAPPER) { WRAPPER } else { "" };
        let prefix = if has(&format!("{root}{}", ldm::AUTOENCODER)) { "" } else { ldm::AUTOENCODER };
        let names: Vec<(String, &[usize])> = file
            .entries()
            .iter()
            .filter_map(|entry| Some((format!("{prefix}{}", entry.name.strip_prefix(root)?), entry.shape.as_slice())))
            .collect();
        let shapes: Shapes<'_> = names.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
        let Some(config) = ldm::autoencoder_config(&shapes) else {
            let actual = foreign::describe(file);
            return Err(Error::OtherNetwork { actual, expected: "an autoencoder of Stable Diffusion 1 or 2" }.into());
        };
        let levels = config.channels.len();
        let stored = |name: &str| {
            let name = ldm::autoencoder(name, levels);
            Stored::from(format!("{root}{}", name.strip_prefix(prefix).unwrap_or(&name)))
        };
        let belongs = |name: &str| {
            let name = name.strip_prefix(root).map(|name| format!("{prefix}{name}"));
            name.is_some_and(|name| name.starts_with(ldm::AUTOENCODER) && !ldm::is_ignored(&name))
        };
        Ok(AutoencoderKl::load(engine, Tensors::of_file(file, &stored, &belongs), config)?)
    }
}

/// Sizes as the tensors say them, of diffusers' names without a config.
fn diffusers_config(file: &TensorFile) -> Option<AutoencoderKlConfig> {
    let side = |name: String| file.get(&name)?.shape().first().copied();
    let block = |level, layer| side(format!("encoder.down_blocks.{level}.resnets.{layer}.conv1.weight"));
    let channels: Vec<usize> = (0..8).map_while(|level| block(level, 0)).collect();
    let layers = (0..8).take_while(|layer| block(0, *layer).is_some()).count();
    (!channels.is_empty()).then_some(())?;
    let latent = side("post_quant_conv.weight".to_owned())?;
    Some(AutoencoderKlConfig { channels, layers, latent, ..AutoencoderKlConfig::sd() })
}
