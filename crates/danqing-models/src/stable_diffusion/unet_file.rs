//! A UNet: of a checkpoint, of a diffusers folder, or a file of its own by the original or by diffusers' names, as `ComfyUI`
//! and its GGUF loader and stable-diffusion.cpp read them.

use std::path::Path;

use danqing_nn::Engine;
use danqing_weights::TensorFile;

use super::files::{NetworkFile, adapting};
use super::ldm;
use super::place::{self, Naming, Place, Shapes};
use super::{OpenError, Predicts, Training, Values, folder};
use crate::adapters::{Merge, Part};
use crate::denoisers::unet::{Unet, UnetConfig};
use crate::diffusion::Tensors;
use crate::{Error, foreign};

const EXPECTED: &str = "a UNet of Stable Diffusion 1 or 2";

/// The file that holds a UNet, open.
pub struct UnetFile(NetworkFile);

impl UnetFile {
    /// Reads a file, the folder of a UNet, or the `unet` of a whole folder.
    ///
    /// # Errors
    /// [`OpenError::Read`], [`OpenError::NotDiffusers`].
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(NetworkFile::read(path, "unet")?))
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

    /// What it predicts, where it says so.
    pub(super) fn predicts(&self) -> Option<Predicts> {
        Training::from_marks(&self.0.tensors).predicts
    }

    /// Packs the network for an engine, with low-rank additions.
    pub(super) fn load(&self, engine: &Engine, merge: &Merge<'_>) -> Result<Unet, OpenError> {
        let file = &self.0.tensors;
        if let Some(config) = &self.0.config {
            let config = folder::unet_config(config, "unet/config.json")?;
            return load(engine, (file, &Place::alone(Naming::Diffusers)), &config, merge);
        }
        match self.place() {
            Some(place) => load_placed(engine, (file, &place), merge),
            None => Err(other_network(file)),
        }
    }

    /// Where it lies in its file.
    fn place(&self) -> Option<Place<Naming>> {
        let find = |prefixes: &[&str]| Place::find(&self.0.tensors, prefixes, &place::UNET_MARKS);
        find(&place::UNET).or_else(|| find(&place::ALONE))
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

/// Whether a tensor of the file is the UNet's that lies there, and has to be read.
pub(super) fn belongs(place: &Place<Naming>, name: &str) -> bool {
    place.inside(name).is_some_and(|name| !ldm::is_ignored(name))
}

/// Packs the UNet that lies there, with sizes as its tensors say them.
pub(super) fn load_placed(
    engine: &Engine,
    (file, place): (&TensorFile, &Place<Naming>),
    merge: &Merge<'_>,
) -> Result<Unet, OpenError> {
    let shapes = place.shapes(file);
    let config = match place.naming {
        Naming::Original => ldm::unet_config(&shapes),
        Naming::Diffusers => diffusers_config(&shapes),
    };
    load(engine, (file, place), &config.ok_or_else(|| other_network(file))?, merge)
}

fn load(
    engine: &Engine,
    (file, place): (&TensorFile, &Place<Naming>),
    config: &UnetConfig,
    merge: &Merge<'_>,
) -> Result<Unet, OpenError> {
    let stored = |name: &str| match place.naming {
        Naming::Original => place.stored(ldm::unet(name, config)),
        Naming::Diffusers => place.stored(name.to_owned()),
    };
    let belongs = |name: &str| belongs(place, name);
    let adapt = adapting(merge, Part::Denoiser, Some(config.clone()));
    let tensors = Tensors::File { file, stored_name: &stored, belongs: &belongs, adapt: &adapt };
    Ok(Unet::load(engine, tensors, config.clone())?)
}

fn other_network(file: &TensorFile) -> OpenError {
    Error::OtherNetwork { actual: foreign::describe(file), expected: EXPECTED }.into()
}

/// Sizes as the tensors say them, of diffusers' names without a config.
fn diffusers_config(shapes: &Shapes<'_>) -> Option<UnetConfig> {
    let side = |name: String, axis: usize| shapes.get(name.as_str())?.get(axis).copied();
    let block = |level, layer| side(format!("down_blocks.{level}.resnets.{layer}.conv1.weight"), 0);
    let channels: Vec<usize> = (0..8).map_while(|level| block(level, 0)).collect();
    let layers = (0..8).take_while(|layer| block(0, *layer).is_some()).count();
    let context = side("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight".into(), 1)?;
    let rank = shapes.get("mid_block.attentions.0.proj_in.weight")?.len();
    let is_second = ldm::is_second_family(rank, context);
    let attends = |level| side(format!("down_blocks.{level}.attentions.0.proj_in.weight"), 0).is_some();
    let heads = channels.iter().enumerate();
    let heads = heads.map(|(level, channels)| if attends(level) { ldm::heads(is_second, *channels) } else { 0 });
    Some(UnetConfig {
        in_channels: side("conv_in.weight".into(), 1)?,
        out_channels: side("conv_out.weight".into(), 0)?,
        heads: heads.collect(),
        middle_heads: ldm::heads(is_second, *channels.last()?),
        layers,
        context,
        groups: ldm::GROUPS,
        has_linear_projection: is_second,
        channels,
    })
}
