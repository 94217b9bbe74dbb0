//! A UNet alone: of a checkpoint, of a diffusers folder, or a file of its own by the original or by diffusers' names, as
//! `ComfyUI` and its GGUF loader read them.

use std::path::Path;

use danqing_nn::Engine;
use danqing_weights::TensorFile;

use super::files::{NetworkFile, WRAPPER, adapting};
use super::ldm::{self, Shapes};
use super::{OpenError, Predicts, Training, folder};
use crate::adapters::{Merge, Part};
use crate::denoisers::unet::{Unet, UnetConfig};
use crate::diffusion::{Stored, Tensors};
use crate::{Error, foreign};

const EXPECTED: &str = "a UNet of Stable Diffusion 1 or 2";
/// What stands in diffusers' names only.
const OWN_NAMES: &str = "down_blocks.";

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
        let config = match &self.0.config {
            Some(config) => Some(folder::unet_config(config, "unet/config.json")?),
            None => own_names_config(file),
        };
        let Some(config) = config else { return self.load_original(engine, merge) };
        let stored = |name: &str| Stored::from(name.to_owned());
        let adapt = adapting(merge, Part::Denoiser, Some(config.clone()));
        let tensors = Tensors::File { file, stored_name: &stored, belongs: &|_| true, adapt: &adapt };
        Ok(Unet::load(engine, tensors, config)?)
    }

    /// A whole checkpoint, or its UNet by the original names with or without their prefix.
    fn load_original(&self, engine: &Engine, merge: &Merge<'_>) -> Result<Unet, OpenError> {
        let file = &self.0.tensors;
        let has = |start: &str| file.entries().iter().any(|entry| entry.name.starts_with(start));
        let root = if has(WRAPPER) { WRAPPER } else { "" };
        let prefix = if has(&format!("{root}{}", ldm::UNET)) { "" } else { ldm::UNET };
        let names: Vec<(String, &[usize])> = file
            .entries()
            .iter()
            .filter_map(|entry| Some((format!("{prefix}{}", entry.name.strip_prefix(root)?), entry.shape.as_slice())))
            .collect();
        let shapes: Shapes<'_> = names.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
        let Some(config) = ldm::unet_config(&shapes) else {
            return Err(Error::OtherNetwork { actual: foreign::describe(file), expected: EXPECTED }.into());
        };
        let stored = |name: &str| {
            let name = ldm::unet(name, &config);
            Stored::from(format!("{root}{}", name.strip_prefix(prefix).unwrap_or(&name)))
        };
        let belongs = |name: &str| {
            let name = name.strip_prefix(root).map(|name| (name, format!("{prefix}{name}")));
            name.is_some_and(|(bare, name)| name.starts_with(ldm::UNET) && !ldm::is_ignored(bare))
        };
        let adapt = adapting(merge, Part::Denoiser, Some(config.clone()));
        let tensors = Tensors::File { file, stored_name: &stored, belongs: &belongs, adapt: &adapt };
        Ok(Unet::load(engine, tensors, config.clone())?)
    }
}

/// Sizes as the tensors say them, of diffusers' names without a config.
fn own_names_config(file: &TensorFile) -> Option<UnetConfig> {
    file.entries().iter().any(|entry| entry.name.starts_with(OWN_NAMES)).then_some(())?;
    let side = |name: String, axis: usize| file.get(&name)?.shape().get(axis).copied();
    let block = |level, layer| side(format!("down_blocks.{level}.resnets.{layer}.conv1.weight"), 0);
    let channels: Vec<usize> = (0..8).map_while(|level| block(level, 0)).collect();
    let layers = (0..8).take_while(|layer| block(0, *layer).is_some()).count();
    let context = side("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight".into(), 1)?;
    let rank = file.get("mid_block.attentions.0.proj_in.weight")?.shape().len();
    let is_second = ldm::is_second_family(rank, context);
    let attends = |level| file.get(&format!("down_blocks.{level}.attentions.0.proj_in.weight")).is_some();
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
