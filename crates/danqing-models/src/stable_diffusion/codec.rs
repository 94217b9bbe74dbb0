//! An autoencoder: of a checkpoint, of a diffusers folder, or a file of its own by the original or by diffusers' names.

use std::path::Path;

use danqing_nn::Engine;
use danqing_weights::TensorFile;

use super::files::NetworkFile;
use super::ldm;
use super::place::{self, Naming, Place, Shapes};
use super::{OpenError, Values, folder};
use crate::diffusion::Tensors;
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

    /// Reads the folder `name` of a folder.
    pub(super) fn of_folder(path: &Path, name: &str) -> Result<Self, OpenError> {
        Ok(Self(NetworkFile::of_folder(path, name)?))
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
            return load(engine, (file, &Place::alone(Naming::Diffusers)), config);
        }
        match self.place() {
            Some(place) => load_placed(engine, (file, &place)),
            None => Err(other_network(file)),
        }
    }

    /// Where it lies in its file.
    fn place(&self) -> Option<Place<Naming>> {
        let find = |prefixes: &[&str]| Place::find(&self.0.tensors, prefixes, &place::AUTOENCODER_MARKS);
        find(&place::AUTOENCODER).or_else(|| find(&place::ALONE))
    }

    /// Bytes of its file that lie in memory.
    pub(super) fn bytes_in_memory(&self) -> usize {
        self.0.tensors.bytes_in_memory()
    }

    /// How many values are packed.
    #[must_use]
    pub fn values(&self) -> Values {
        let place = self.place();
        place.map(|place| Values::of(&self.0.tensors, |name| belongs(&place, name))).unwrap_or_default()
    }
}

/// Whether a tensor of the file is the autoencoder's that lies there, and has to be read.
pub(super) fn belongs(place: &Place<Naming>, name: &str) -> bool {
    place.inside(name).is_some_and(|name| !ldm::is_ignored_of_autoencoder(name))
}

/// Packs the autoencoder that lies there, with sizes as its tensors say them.
pub(super) fn load_placed(
    engine: &Engine,
    (file, place): (&TensorFile, &Place<Naming>),
) -> Result<AutoencoderKl, OpenError> {
    let shapes = place.shapes(file);
    let config = match place.naming {
        Naming::Original => ldm::autoencoder_config(&shapes),
        Naming::Diffusers => diffusers_config(&shapes),
    };
    load(engine, (file, place), config.ok_or_else(|| other_network(file))?)
}

fn load(
    engine: &Engine,
    (file, place): (&TensorFile, &Place<Naming>),
    config: AutoencoderKlConfig,
) -> Result<AutoencoderKl, OpenError> {
    let (shapes, levels) = (place.shapes(file), config.channels.len());
    let stored = |name: &str| match place.naming {
        Naming::Original => place.stored(ldm::autoencoder(name, levels)),
        Naming::Diffusers => place.stored(older_name(&shapes, name)),
    };
    let belongs = |name: &str| belongs(place, name);
    Ok(AutoencoderKl::load(engine, Tensors::of_file(file, &stored, &belongs), config)?)
}

fn other_network(file: &TensorFile) -> OpenError {
    let actual = foreign::describe(file);
    Error::OtherNetwork { actual, expected: "an autoencoder of Stable Diffusion 1 or 2" }.into()
}

/// Before 0.17, diffusers named the autoencoder's attention otherwise.
fn older_name(shapes: &Shapes<'_>, name: &str) -> String {
    const TABLE: [(&str, &str); 4] =
        [(".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."), (".to_out.0.", ".proj_attn.")];
    let older = || TABLE.iter().find(|(new, _)| name.contains(new)).map(|(new, old)| name.replace(new, old));
    if shapes.contains_key(name) {
        return name.to_owned();
    }
    older().filter(|older| shapes.contains_key(older.as_str())).unwrap_or_else(|| name.to_owned())
}

/// Sizes as the tensors say them, of diffusers' names without a config.
fn diffusers_config(shapes: &Shapes<'_>) -> Option<AutoencoderKlConfig> {
    let side = |name: String| shapes.get(name.as_str())?.first().copied();
    let block = |level, layer| side(format!("encoder.down_blocks.{level}.resnets.{layer}.conv1.weight"));
    let channels: Vec<usize> = (0..8).map_while(|level| block(level, 0)).collect();
    let layers = (0..8).take_while(|layer| block(0, *layer).is_some()).count();
    (!channels.is_empty()).then_some(())?;
    let latent = side("post_quant_conv.weight".to_owned())?;
    Some(AutoencoderKlConfig { channels, layers, latent, ..AutoencoderKlConfig::sd() })
}
