//! The files of a checkpoint: read and hashed, then packed into networks.

use std::path::Path;

use danqing_nn::Engine;
use danqing_weights::{Sha256Hex, TensorFile, Weights};

use super::ldm::{self, TextNames};
use super::place::{self, Naming, Place, is_part, unwrapped};
use super::{CodecFile, OpenError, StableDiffusion, Training, UnetFile, Values, codec, folder, unet_file};
use crate::adapters::{LoraUse, Merge, Part};
use crate::denoisers::unet::UnetConfig;
use crate::diffusion::Tensors;
use crate::text_encoders::clip::{ClipText, ClipTextConfig};
use crate::{Error, foreign};

const EXPECTED: &str = "a Stable Diffusion 1 or 2 checkpoint";
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
    autoencoder: CodecFile,
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
        let (unet, autoencoder) = (UnetFile::of_folder(path, "unet")?, CodecFile::of_folder(path, "vae")?);
        let text = PartFiles::read(path, "text_encoder", &TEXT_FILES)?;
        let scheduler = std::fs::read_to_string(path.join("scheduler/scheduler_config.json")).ok();
        let listed = [unet.sha256(), autoencoder.sha256(), text.sha256.as_str()].join("\n");
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

    /// Bytes of the files that lie in memory: of those that can't be read tensor by tensor.
    #[must_use]
    pub fn bytes_in_memory(&self) -> usize {
        let own = match &self.layout {
            Layout::Single(file) => file.bytes_in_memory(),
            Layout::Folder(folder) => {
                let parts = folder.unet.bytes_in_memory() + folder.autoencoder.bytes_in_memory();
                parts + folder.text.tensors.bytes_in_memory()
            }
        };
        own + self.unet.as_ref().map_or(0, UnetFile::bytes_in_memory)
    }

    /// How many values of all three networks are packed, with another UNet instead of its own if there is one.
    #[must_use]
    pub fn values(&self) -> Values {
        let (unet, autoencoder, text) = match &self.layout {
            Layout::Single(file) => {
                let unet = Place::find(file, &place::UNET, &place::UNET_MARKS);
                let autoencoder = Place::find(file, &place::AUTOENCODER, &place::AUTOENCODER_MARKS);
                let text = Place::find(file, &place::TEXT, &ldm::TEXT_MARKS);
                let text = |name: &str| {
                    text.as_ref().is_some_and(|text| text.inside(name).is_some_and(|name| text.naming.belongs(name)))
                };
                (
                    Values::of(file, |name| unet.as_ref().is_some_and(|unet| unet_file::belongs(unet, name))),
                    Values::of(file, |name| autoencoder.as_ref().is_some_and(|place| codec::belongs(place, name))),
                    Values::of(file, text),
                )
            }
            Layout::Folder(folder) => {
                let text = Values::of(&folder.text.tensors, is_of_text_model);
                (folder.unet.values(), folder.autoencoder.values(), text)
            }
        };
        self.unet.as_ref().map_or(unet, UnetFile::values).with(autoencoder).with(text)
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
    let text = folder::text_config(&folder.text.config, "text_encoder/config.json")?;
    let unet = other.unwrap_or(&folder.unet).load(engine, merge)?;
    let autoencoder = folder.autoencoder.load(engine)?;
    let place = Place::alone(TextNames::Clip);
    let text = load_text(engine, (&folder.text.tensors, &place), text, merge, is_of_text_model)?;
    Ok(StableDiffusion::finished(engine, (unet, autoencoder, text), told(training, other))?)
}

/// Whether a tensor of a text encoder's own file is read: it may be saved with a projection, or beside that of pictures.
fn is_of_text_model(name: &str) -> bool {
    name.starts_with("text_model.")
}

/// The text encoder that lies there; `is_read` says what has to be read beside what never is.
fn load_text(
    engine: &Engine,
    (file, place): (&TensorFile, &Place<TextNames>),
    config: ClipTextConfig,
    merge: &Merge<'_>,
    is_read: impl Fn(&str) -> bool,
) -> Result<ClipText, OpenError> {
    let stored = |name: &str| place.stored(place.naming.stored(name));
    let belongs = |name: &str| place.inside(name).is_some_and(|name| place.naming.belongs(name) && is_read(name));
    let adapt = adapting(merge, Part::Text, None);
    let tensors = Tensors::File { file, stored_name: &stored, belongs: &belongs, adapt: &adapt };
    Ok(ClipText::load(engine, tensors, config)?)
}

/// What another UNet says about itself counts.
fn told(training: Training, other: Option<&UnetFile>) -> Training {
    Training { predicts: other.and_then(UnetFile::predicts).or(training.predicts), ..training }
}

fn of_single_file(
    engine: &Engine,
    file: &TensorFile,
    other: Option<&UnetFile>,
    merge: &Merge<'_>,
) -> Result<StableDiffusion, OpenError> {
    let unet = Place::find(file, &place::UNET, &place::UNET_MARKS);
    let unet = refused_foreign(file, unet)?;
    let incomplete = |missing| OpenError::Incomplete { missing };
    let autoencoder = Place::find(file, &place::AUTOENCODER, &place::AUTOENCODER_MARKS);
    let autoencoder = autoencoder.ok_or_else(|| incomplete("autoencoder"))?;
    let text = Place::find(file, &place::TEXT, &ldm::TEXT_MARKS).ok_or_else(|| incomplete("text encoder"))?;
    let text_config = text.naming.config(&text.shapes(file)).ok_or_else(|| incomplete("text encoder"))?;
    let unet = match other {
        None => unet_file::load_placed(engine, (file, &unet), merge)?,
        Some(other) => other.load(engine, merge)?,
    };
    let autoencoder = codec::load_placed(engine, (file, &autoencoder))?;
    let text = load_text(engine, (file, &text), text_config, merge, |_| true)?;
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
        let original = unet.as_ref().map(|config| ldm::unet(layer, config).trim_end_matches('.').to_owned());
        let names: Vec<String> =
            std::iter::once(layer.to_owned()).chain(original).map(|name| name.replace('.', "_")).collect();
        merge.apply(part, &names, (shape, values))
    }
}

/// Refuses files of other networks by what they hold, and checkpoints with tensors that nobody knows.
fn refused_foreign(file: &TensorFile, unet: Option<Place<Naming>>) -> Result<Place<Naming>, OpenError> {
    let names = || file.entries().iter().map(|entry| unwrapped(&entry.name));
    let has = |start: &str| names().any(|name| name.starts_with(start));
    let others = [
        "conditioner.",
        "cond_stage_model.1.",
        "te.1.",
        "control_model.",
        "model.diffusion_model.double_blocks.",
        "model.diffusion_model.joint_blocks.",
    ];
    let foreign = || Error::OtherNetwork { actual: foreign::describe(file), expected: EXPECTED };
    let unet = match unet {
        _ if others.into_iter().any(has) => return Err(foreign().into()),
        Some(unet) => unet,
        None if place::UNET.into_iter().any(has) => return Err(OpenError::Incomplete { missing: "UNet" }),
        None => return Err(foreign().into()),
    };
    let left = || names().filter(|name| !is_part(name) && !ldm::is_ignored(name));
    match left().next() {
        None => Ok(unet),
        Some(first) => {
            let (count, first) = (left().count(), first.to_owned());
            Err(Error::Leftover { network: "Stable Diffusion", count, first }.into())
        }
    }
}
