//! The files of a checkpoint: read and hashed, then packed into networks.

use std::path::Path;

use danqing_nn::Engine;
use danqing_weights::{Sha256Hex, TensorFile, Weights};

use super::ldm::{self, Shapes, TextNames};
use super::{OpenError, StableDiffusion, Training, UnetFile, folder};
use crate::adapters::{LoraUse, Merge, Part};
use crate::denoisers::unet::{Unet, UnetConfig};
use crate::diffusion::{Stored, Tensors};
use crate::latent_codecs::autoencoder_kl::AutoencoderKl;
use crate::text_encoders::clip::ClipText;
use crate::{Error, foreign};

const EXPECTED: &str = "a Stable Diffusion 1 or 2 checkpoint";
/// What training frameworks wrap a state in.
pub(super) const WRAPPER: &str = "state_dict.";
/// Names of weight files in a folder, tried in order.
pub(super) const UNET_FILES: [&str; 3] =
    ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.bin"];
const TEXT_FILES: [&str; 3] = ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"];

/// Everything of a checkpoint, open and not yet packed.
pub struct CheckpointFiles {
    layout: Layout,
    /// Instead of its own.
    unet: Option<UnetFile>,
    sha256: String,
}

enum Layout {
    Single(TensorFile),
    Folder(Box<Folder>),
}

struct Folder {
    unet: UnetFile,
    autoencoder: PartFiles,
    text: PartFiles,
    scheduler: Option<String>,
}

/// One network of a folder.
pub(super) struct PartFiles {
    pub(super) tensors: TensorFile,
    pub(super) config: String,
    pub(super) sha256: Sha256Hex,
}

/// One network's weights, open: a file of their own, or a folder's with its config.
pub(super) struct NetworkFile {
    pub(super) tensors: TensorFile,
    pub(super) config: Option<String>,
    pub(super) sha256: String,
}

impl NetworkFile {
    /// A file, a network's folder, or the folder `part` of a whole one.
    pub(super) fn read(path: &Path, part: &str) -> Result<Self, OpenError> {
        if !path.is_dir() {
            let Weights { tensors, sha256, .. } = Weights::of_file(path)?;
            return Ok(Self { tensors, config: None, sha256: sha256.to_string() });
        }
        Self::of_folder(path, if path.join(part).is_dir() { part } else { "" })
    }

    /// The folder `name` of a folder.
    pub(super) fn of_folder(path: &Path, name: &str) -> Result<Self, OpenError> {
        let PartFiles { tensors, config, sha256 } = PartFiles::read(path, name, &UNET_FILES)?;
        Ok(Self { tensors, config: Some(config), sha256: sha256.to_string() })
    }
}

impl CheckpointFiles {
    /// Reads a diffusers folder or a single file, in any container that [`danqing_weights::containers`] knows.
    ///
    /// # Errors
    /// [`OpenError::Read`], [`OpenError::NotDiffusers`].
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        if !path.is_dir() {
            let weights = Weights::of_file(path)?;
            return Ok(Self {
                layout: Layout::Single(weights.tensors),
                unet: None,
                sha256: weights.sha256.to_string(),
            });
        }
        let part = |name: &str, files: &[&str]| PartFiles::read(path, name, files);
        let (unet, autoencoder) = (UnetFile::of_folder(path, "unet")?, part("vae", &UNET_FILES)?);
        let text = part("text_encoder", &TEXT_FILES)?;
        let scheduler = std::fs::read_to_string(path.join("scheduler/scheduler_config.json")).ok();
        let listed = [unet.sha256(), autoencoder.sha256.as_str(), text.sha256.as_str()].join("\n");
        let sha256 = Sha256Hex::of(listed.as_bytes()).to_string();
        Ok(Self { layout: Layout::Folder(Box::new(Folder { unet, autoencoder, text, scheduler })), unet: None, sha256 })
    }

    /// With another UNet instead of its own.
    #[must_use]
    pub fn with_unet(self, unet: Option<UnetFile>) -> Self {
        Self { unet, ..self }
    }

    /// sha256 of the single file; of a folder, that of the three weight files' sha256, a line each: UNet, autoencoder, text
    /// encoder.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Packs the networks for an engine, with low-rank additions.
    ///
    /// # Errors
    /// [`OpenError`] says what the files hold and what was expected; [`OpenError::Lora`] what an addition lacks.
    pub fn load(&self, engine: &Engine, loras: &[LoraUse<'_>]) -> Result<StableDiffusion, OpenError> {
        let merge = Merge::new(engine, loras);
        let unet = self.unet.as_ref();
        let made = match &self.layout {
            Layout::Single(file) => of_single_file(engine, file, unet, &merge)?,
            Layout::Folder(folder) => of_folder(engine, folder, unet, &merge)?,
        };
        merge.finish().map_err(OpenError::Lora)?;
        Ok(made)
    }
}

impl PartFiles {
    pub(super) fn read(folder: &Path, name: &str, files: &[&str]) -> Result<Self, OpenError> {
        let missing = |file: &str| OpenError::NotDiffusers { missing: format!("{name}/{file}") };
        let folder = folder.join(name);
        let config = std::fs::read_to_string(folder.join("config.json")).map_err(|_| missing("config.json"))?;
        let file = files.iter().map(|file| folder.join(file)).find(|path| path.is_file());
        let file = file.ok_or_else(|| missing(files.first().copied().unwrap_or_default()))?;
        let weights = Weights::of_file(&file)?;
        Ok(Self { tensors: weights.tensors, config, sha256: weights.sha256 })
    }
}

fn of_folder(
    engine: &Engine,
    folder: &Folder,
    other: Option<&UnetFile>,
    merge: &Merge<'_>,
) -> Result<StableDiffusion, OpenError> {
    let training = match &folder.scheduler {
        Some(text) => Training::from_json(text, "scheduler/scheduler_config.json")?,
        None => Training::default(),
    };
    let autoencoder = folder::autoencoder_config(&folder.autoencoder.config, "vae/config.json")?;
    let text = folder::text_config(&folder.text.config, "text_encoder/config.json")?;
    let own = |name: &str| Stored::from(name.to_owned());
    let unet = other.unwrap_or(&folder.unet).load(engine, merge)?;
    let file = &folder.autoencoder.tensors;
    let stored = |name: &str| Stored::from(older_autoencoder_name(file, name));
    let autoencoder = AutoencoderKl::load(engine, Tensors::of_file(file, &stored, &|_| true), autoencoder)?;
    let file = &folder.text.tensors;
    let belongs = |name: &str| name.starts_with("text_model.") && !name.ends_with("position_ids");
    let adapt = adapting(merge, Part::Text, None);
    let tensors = Tensors::File { file, stored_name: &own, belongs: &belongs, adapt: &adapt };
    let text = ClipText::load(engine, tensors, text)?;
    Ok(StableDiffusion::finished(engine, (unet, autoencoder, text), told(training, other))?)
}

/// What another UNet says about itself counts.
fn told(training: Training, other: Option<&UnetFile>) -> Training {
    Training { predicts: other.and_then(UnetFile::predicts).or(training.predicts), ..training }
}

/// Before 0.17, diffusers named the autoencoder's attention otherwise.
pub(super) fn older_autoencoder_name(file: &TensorFile, name: &str) -> String {
    const TABLE: [(&str, &str); 4] =
        [(".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."), (".to_out.0.", ".proj_attn.")];
    let older = || TABLE.iter().find(|(new, _)| name.contains(new)).map(|(new, old)| name.replace(new, old));
    if file.get(name).is_some() {
        return name.to_owned();
    }
    older().filter(|older| file.get(older).is_some()).unwrap_or_else(|| name.to_owned())
}

fn of_single_file(
    engine: &Engine,
    file: &TensorFile,
    other: Option<&UnetFile>,
    merge: &Merge<'_>,
) -> Result<StableDiffusion, OpenError> {
    let is_wrapped = file.entries().iter().any(|entry| entry.name.starts_with(WRAPPER));
    let root = if is_wrapped { WRAPPER } else { "" };
    let named = file.entries().iter();
    let shapes: Shapes<'_> =
        named.filter_map(|entry| Some((entry.name.strip_prefix(root)?, entry.shape.as_slice()))).collect();
    refuse_foreign(file, &shapes)?;
    let incomplete = |missing| OpenError::Incomplete { missing };
    let unet = ldm::unet_config(&shapes).ok_or_else(|| incomplete("UNet"))?;
    let autoencoder = ldm::autoencoder_config(&shapes).ok_or_else(|| incomplete("autoencoder"))?;
    let names = TextNames::of(&shapes).ok_or_else(|| incomplete("text encoder"))?;
    let text = names.config(&shapes).ok_or_else(|| incomplete("text encoder"))?;
    let inside = |name: &str, belongs: &dyn Fn(&str) -> bool| {
        name.strip_prefix(root).is_some_and(|name| belongs(name) && !ldm::is_ignored(name))
    };
    let (config, levels) = (unet.clone(), autoencoder.channels.len());
    let stored = |name: &str| Stored::from(format!("{root}{}", ldm::unet(name, &config)));
    let belongs = |name: &str| inside(name, &|name| name.starts_with(ldm::UNET));
    let adapt = adapting(merge, Part::Denoiser, Some(unet.clone()));
    let tensors = Tensors::File { file, stored_name: &stored, belongs: &belongs, adapt: &adapt };
    let unet = match other {
        None => Unet::load(engine, tensors, unet)?,
        Some(other) => other.load(engine, merge)?,
    };
    let stored = |name: &str| Stored::from(format!("{root}{}", ldm::autoencoder(name, levels)));
    let belongs = |name: &str| inside(name, &|name| name.starts_with(ldm::AUTOENCODER));
    let autoencoder = AutoencoderKl::load(engine, Tensors::of_file(file, &stored, &belongs), autoencoder)?;
    let stored = |name: &str| {
        let Stored { name, part } = names.stored(name);
        Stored { name: format!("{root}{name}"), part }
    };
    let belongs = |name: &str| inside(name, &|name| names.belongs(name));
    let adapt = adapting(merge, Part::Text, None);
    let tensors = Tensors::File { file, stored_name: &stored, belongs: &belongs, adapt: &adapt };
    let text = ClipText::load(engine, tensors, text)?;
    let training = told(Training::from_marks(file), other);
    Ok(StableDiffusion::finished(engine, (unet, autoencoder, text), training)?)
}

/// Adds to the weights of one network by the names that low-rank files have for its layers: diffusers' and, of a UNet, the
/// original ones.
pub(super) fn adapting<'a>(
    merge: &'a Merge<'a>,
    part: Part,
    unet: Option<UnetConfig>,
) -> impl Fn(&str, &[usize], &mut [f32]) -> Result<(), Error> + 'a {
    move |name, shape, values| {
        let Some(layer) = name.strip_suffix(".weight") else { return Ok(()) };
        let original = unet
            .as_ref()
            .map(|config| ldm::unet(layer, config).replace(ldm::UNET, "").trim_end_matches('.').to_owned());
        let names: Vec<String> =
            std::iter::once(layer.to_owned()).chain(original).map(|name| name.replace('.', "_")).collect();
        merge.apply(part, &names, (shape, values))
    }
}

/// Refuses files of other networks by what they hold, and checkpoints with tensors that nobody knows.
fn refuse_foreign(file: &TensorFile, shapes: &Shapes<'_>) -> Result<(), OpenError> {
    let has = |start: &str| shapes.keys().any(|name| name.starts_with(start));
    let others = [
        "conditioner.",
        "control_model.",
        "model.diffusion_model.double_blocks.",
        "model.diffusion_model.joint_blocks.",
    ];
    if !has(ldm::UNET) || others.into_iter().any(has) {
        return Err(Error::OtherNetwork { actual: foreign::describe(file), expected: EXPECTED }.into());
    }
    let known = [ldm::UNET, ldm::AUTOENCODER, ldm::TEXT];
    let is_known = |name: &str| known.iter().any(|start| name.starts_with(start)) || ldm::is_ignored(name);
    let left = || shapes.keys().filter(|name| !is_known(name));
    match left().next() {
        None => Ok(()),
        Some(first) => {
            let (count, first) = (left().count(), (*first).to_owned());
            Err(Error::Leftover { network: "Stable Diffusion", count, first }.into())
        }
    }
}
