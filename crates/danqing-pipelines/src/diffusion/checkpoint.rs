//! The checkpoint in use: read and packed once, and kept until another one is asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use danqing_capability::{CancelToken, WeightUse};
use danqing_models::denoisers::Denoiser;
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::latent_codecs::autoencoder_kl::AutoencoderKl;
use danqing_models::stable_diffusion::{
    Betas, CheckpointFiles, CodecFile, OpenError, Predicts, StableDiffusion, Training, UnetFile,
};
use danqing_models::text_encoders::TextEncoder;
use danqing_models::text_encoders::tokenizer::{CATALOGUE_ID, ClipTokenizer};
use danqing_nn::Engine;
use danqing_weights::{LicenceClass, ModelStore, UserModel};

use super::additions::{self, Wish};
use super::memory::{Need, packed_bytes};
use super::{Codec, Error, Settings};
use crate::available_memory::available_memory;
use crate::sampling::{BetaSchedule, NoiseTable, Prediction};

/// Folders of a diffusers checkpoint that are read.
const PARTS: [&str; 4] = ["unet", "vae", "text_encoder", "scheduler"];

/// Store, engine, and what was opened last. Clones share it: two checkpoints do not fit into many machines.
#[derive(Clone)]
pub struct Checkpoints {
    store: ModelStore,
    engine: Engine,
    kept: Arc<Mutex<Option<Kept>>>,
    tokenizer: Arc<Mutex<Option<Arc<ClipTokenizer>>>>,
    codec: Arc<Mutex<Option<KeptCodec>>>,
    /// Bytes that runs may take, where something else than the machine says so.
    memory: Option<usize>,
}

/// An autoencoder alone, and the files it was read from.
struct KeptCodec {
    files: Vec<File>,
    opened: Arc<OpenedCodec>,
}

/// An autoencoder alone and where it came from.
pub(crate) struct OpenedCodec {
    pub(crate) codec: AutoencoderKl,
    pub(crate) weights: WeightUse,
}

/// A checkpoint and the files it was read from.
struct Kept {
    files: Vec<File>,
    wishes: Vec<Wish>,
    opened: Arc<Opened>,
}

/// What is added to a checkpoint, and what stands in for its own networks.
#[derive(Clone, Copy, Default)]
pub(super) struct Instead<'a> {
    pub(super) wishes: &'a [Wish],
    pub(super) unet: Option<&'a Path>,
    pub(super) vae: Option<&'a Path>,
}

/// Path, size and time: whether a file is still the same.
type File = (PathBuf, u64, Option<SystemTime>);

/// The networks and where they came from.
pub(crate) struct Opened {
    pub(crate) model: StableDiffusion,
    pub(crate) weights: WeightUse,
    /// What was added to them.
    pub(crate) additions: Vec<WeightUse>,
    /// What they take in memory, packed.
    pub(super) bytes: usize,
}

impl Checkpoints {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self {
            store: store.clone(),
            engine: engine.clone(),
            kept: Arc::default(),
            tokenizer: Arc::default(),
            codec: Arc::default(),
            memory: None,
        }
    }

    /// With at most so many bytes for a run and its networks, instead of what the machine has left.
    #[must_use]
    pub fn with_memory(self, bytes: usize) -> Self {
        Self { memory: Some(bytes), ..self }
    }

    /// Bytes that a run may take, `taken` of which it has already; `None` where nobody says.
    pub(super) fn available(&self, taken: usize) -> Option<usize> {
        self.memory.or_else(|| Some(available_memory()?.saturating_add(taken)))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The path itself if something is there, else what the model folders have of that name, else the path.
    pub(crate) fn found(&self, path: PathBuf) -> PathBuf {
        if path.exists() {
            return path;
        }
        self.store.find_user_model(UserModel::Checkpoint, &path.to_string_lossy()).unwrap_or(path)
    }

    /// As [`Self::found`], of one UNet alone first.
    pub(crate) fn found_unet(&self, path: PathBuf) -> PathBuf {
        if path.exists() {
            return path;
        }
        let alone = self.store.find_user_model(UserModel::Unet, &path.to_string_lossy());
        alone.unwrap_or_else(|| self.found(path))
    }

    /// As [`Self::found`], of tiny autoencoders.
    pub(crate) fn found_preview(&self, path: PathBuf) -> PathBuf {
        if path.exists() {
            return path;
        }
        self.store.find_user_model(UserModel::Preview, &path.to_string_lossy()).unwrap_or(path)
    }

    /// As [`Self::found`], of autoencoders first.
    pub(crate) fn found_codec(&self, path: PathBuf) -> PathBuf {
        if path.exists() {
            return path;
        }
        let alone = self.store.find_user_model(UserModel::Autoencoder, &path.to_string_lossy());
        alone.unwrap_or_else(|| self.found(path))
    }

    /// The autoencoder of a file or folder, read again only if it has changed.
    pub(crate) fn codec(
        &self,
        path: &Path,
        expected: Option<&str>,
        cancel: &CancelToken,
    ) -> Result<Arc<OpenedCodec>, Error> {
        let mut kept = self.codec.lock().unwrap_or_else(PoisonError::into_inner);
        let files = files_of_part(path, "vae");
        let same = kept.as_ref().filter(|kept| !files.is_empty() && kept.files == files);
        let opened = match same {
            Some(same) => Arc::clone(&same.opened),
            None => Arc::new(self.read_codec(path, cancel)?),
        };
        *kept = Some(KeptCodec { files, opened: Arc::clone(&opened) });
        match expected.filter(|expected| *expected != opened.weights.sha256) {
            None => Ok(opened),
            Some(expected) => Err(Error::ModelChanged {
                path: path.display().to_string(),
                actual: opened.weights.sha256.clone(),
                expected: expected.to_owned(),
            }),
        }
    }

    fn read_codec(&self, path: &Path, cancel: &CancelToken) -> Result<OpenedCodec, Error> {
        let (file, weights) = Self::read_codec_file(path, cancel)?;
        let precision = self.engine.precision();
        Need::of_loading(file.values(), precision, 0).check(self.available(0), precision)?;
        Ok(OpenedCodec { codec: self.packed_codec(&file, &weights.id, cancel)?, weights })
    }

    fn read_codec_file(path: &Path, cancel: &CancelToken) -> Result<(CodecFile, WeightUse), Error> {
        let (owned, id) = (path.to_owned(), path.display().to_string());
        let read = cancel.detached(move || CodecFile::read(&owned))?;
        let read = read.map_err(|cause| Error::ModelFile { path: id.clone(), cause: Box::new(cause) })?;
        let sha256 = read.sha256().to_owned();
        Ok((read, WeightUse { id, sha256, licence_class: LicenceClass::Unclear.to_string() }))
    }

    fn packed_codec(&self, file: &CodecFile, path: &str, cancel: &CancelToken) -> Result<AutoencoderKl, Error> {
        let failed = |cause: OpenError| Error::ModelFile { path: path.to_owned(), cause: Box::new(cause) };
        file.load(&self.engine.with_cancel(cancel.clone())).map_err(failed)
    }

    fn read_unet(path: &Path, cancel: &CancelToken) -> Result<(UnetFile, WeightUse), Error> {
        let owned = path.to_owned();
        let read = cancel.detached(move || UnetFile::read(&owned))?;
        let id = path.display().to_string();
        let read = read.map_err(|cause| Error::ModelFile { path: id.clone(), cause: Box::new(cause) })?;
        let sha256 = read.sha256().to_owned();
        Ok((read, WeightUse { id, sha256, licence_class: LicenceClass::Unclear.to_string() }))
    }

    pub(super) fn wishes(&self, settings: &Settings) -> Result<Vec<Wish>, Error> {
        additions::wishes(settings, &self.store)
    }

    /// Words of one's own that the prompts may hold.
    pub(super) fn words(
        &self,
        settings: &Settings,
        opened: &Opened,
        cancel: &CancelToken,
    ) -> Result<additions::Words, Error> {
        let channels = opened.model.text.channels();
        additions::Words::new(settings, (&self.store, &*self.tokenizer()?, channels), cancel)
    }

    /// The networks of a file or folder with what is added to them, read again only if anything has changed.
    pub(super) fn get(
        &self,
        path: &Path,
        Instead { wishes, unet, vae }: Instead<'_>,
        cancel: &CancelToken,
    ) -> Result<Arc<Opened>, Error> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::iter::once(path).chain(wishes.iter().map(|wish| wish.path.as_path()));
        let mut files: Vec<File> = all.flat_map(files).collect();
        files.extend(unet.into_iter().flat_map(|path| files_of_part(path, "unet")));
        files.extend(vae.into_iter().flat_map(|path| files_of_part(path, "vae")));
        let is_same = |kept: &&Kept| !files.is_empty() && kept.files == files && kept.wishes == wishes;
        if let Some(same) = kept.as_ref().filter(is_same) {
            return Ok(Arc::clone(&same.opened));
        }
        *kept = None;
        // What the last one took goes back to the system before anybody asks how much there is.
        self.engine.reset_peak();
        let failed = |cause: OpenError| match cause {
            OpenError::Network(danqing_models::Error::Engine(error)) => Error::Engine(error),
            cause => Error::ModelFile { path: path.display().to_string(), cause: Box::new(cause) },
        };
        let unet = unet.map(|path| Self::read_unet(path, cancel)).transpose()?;
        let loras = wishes.iter().map(|wish| additions::lora(wish, cancel)).collect::<Result<Vec<_>, _>>()?;
        let owned = path.to_owned();
        let read = cancel.detached(move || CheckpointFiles::read(&owned))?.map_err(failed)?;
        let (unet, unet_weights) = unet.unzip();
        let read = read.with_unet(unet);
        let vae = vae.map(|path| Self::read_codec_file(path, cancel)).transpose()?;
        let additional = loras.iter().map(|(lora, _)| lora.bytes()).sum::<usize>() + read.bytes_in_memory();
        let values = vae.iter().fold(read.values(), |values, (vae, _)| values.with(vae.values()));
        let values = if loras.is_empty() { values } else { values.merged() };
        let precision = self.engine.precision();
        Need::of_loading(values, precision, additional).check(self.available(0), precision)?;
        let used: Vec<_> = wishes.iter().zip(&loras).map(|(wish, (lora, _))| wish.used(lora)).collect();
        let mut model = read.load(&self.engine.with_cancel(cancel.clone()), &used).map_err(failed)?;
        let mut additions: Vec<WeightUse> = loras.into_iter().map(|(_, weights)| weights).collect();
        additions.extend(unet_weights);
        if let Some((vae, weights)) = vae {
            model.codec = self.packed_codec(&vae, &weights.id, cancel)?;
            additions.push(weights);
        }
        let opened = Arc::new(Opened {
            model,
            weights: WeightUse {
                id: path.display().to_string(),
                sha256: read.sha256().to_owned(),
                licence_class: LicenceClass::Unclear.to_string(),
            },
            additions,
            bytes: packed_bytes(values, precision),
        });
        check(path, &opened.model)?;
        *kept = Some(Kept { files, wishes: wishes.to_vec(), opened: Arc::clone(&opened) });
        Ok(opened)
    }

    /// CLIP's tokenizer, the same for both families.
    pub(crate) fn tokenizer(&self) -> Result<Arc<ClipTokenizer>, Error> {
        let mut slot = self.tokenizer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokenizer) = &*slot {
            return Ok(Arc::clone(tokenizer));
        }
        let tokenizer = Arc::new(ClipTokenizer::from_gzip(&self.store.read(CATALOGUE_ID)?)?);
        *slot = Some(Arc::clone(&tokenizer));
        Ok(tokenizer)
    }

    /// Every file that took part, for the recipe.
    pub(crate) fn weights(
        &self,
        settings: &Settings,
        opened: &Opened,
        cancel: &CancelToken,
    ) -> Result<Vec<WeightUse>, Error> {
        let mut weights = vec![opened.weights.clone()];
        weights.extend(opened.additions.iter().cloned());
        weights.extend(self.words(settings, opened, cancel)?.weights);
        if let Ok(entry) = self.store.catalogue().get(CATALOGUE_ID) {
            let (id, sha256) = (entry.id.clone(), entry.sha256.to_string());
            weights.push(WeightUse { id, sha256, licence_class: entry.licence_class.to_string() });
        }
        Ok(weights)
    }
}

/// Every file that one network is read from; `name` is its folder in a whole one.
fn files_of_part(path: &Path, name: &str) -> Vec<File> {
    let folder = if path.join(name).is_dir() { path.join(name) } else { path.to_owned() };
    let entries = std::fs::read_dir(&folder).map(|inside| inside.flatten().map(|entry| entry.path()).collect());
    let mut found: Vec<PathBuf> = entries.unwrap_or_else(|_| vec![path.to_owned()]);
    found.sort();
    found.into_iter().filter_map(stamp).collect()
}

/// Every file that a checkpoint is read from.
fn files(path: &Path) -> Vec<File> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        let inside = PARTS.iter().filter_map(|part| std::fs::read_dir(path.join(part)).ok());
        found = inside.flatten().flatten().map(|entry| entry.path()).collect();
        found.sort();
    }
    found.into_iter().filter_map(stamp).collect()
}

fn stamp(path: PathBuf) -> Option<File> {
    let metadata = std::fs::metadata(&path).ok()?;
    Some((path, metadata.len(), metadata.modified().ok()))
}

/// What a network takes beside a noisy latent and a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing: 4 channels.
    Latent,
    /// Mask and masked picture: an inpainting network, 9 channels.
    Mask,
    /// The picture: `InstructPix2Pix`, 8 channels.
    Picture,
}

impl Takes {
    /// For messages.
    fn named(self) -> &'static str {
        match self {
            Self::Latent => "a plain checkpoint",
            Self::Mask => "an inpainting checkpoint",
            Self::Picture => "an InstructPix2Pix checkpoint",
        }
    }
}

impl Opened {
    /// What its UNet takes; known since [`Checkpoints::get`].
    pub(crate) fn takes(&self) -> Takes {
        let latent = self.model.codec.latent_channels();
        takes(self.model.unet.input_channels(), latent).unwrap_or(Takes::Latent)
    }

    /// Its autoencoder, as far as settings say how it is used.
    pub(crate) fn codec<'a>(&'a self, engine: &'a Engine, settings: &Settings) -> Codec<'a> {
        Codec { engine, network: &self.model.codec, tile: settings.vae_tile.unwrap_or(0) }
    }

    /// Refuses a network that takes more than a latent.
    pub(crate) fn plain(&self, path: Option<&Path>) -> Result<(), Error> {
        match self.takes() {
            Takes::Latent => Ok(()),
            other => Err(Error::OtherInputs {
                path: path.unwrap_or_else(|| Path::new("")).display().to_string(),
                what: other.named(),
                actual: self.model.unet.input_channels(),
                expected: self.model.codec.latent_channels().to_string(),
            }),
        }
    }
}

fn takes(channels: usize, latent: usize) -> Option<Takes> {
    match channels.checked_sub(latent)? {
        0 => Some(Takes::Latent),
        beside if beside == latent => Some(Takes::Picture),
        beside if beside == latent + 1 => Some(Takes::Mask),
        _ => None,
    }
}

/// Refuses networks of inputs that nobody knows, and parts that do not belong together.
fn check(path: &Path, model: &StableDiffusion) -> Result<(), Error> {
    let path = || path.display().to_string();
    let (actual, latent) = (model.unet.input_channels(), model.codec.latent_channels());
    if takes(actual, latent).is_none() {
        let expected = format!("{latent}, {} or {}", 2 * latent, 2 * latent + 1);
        return Err(Error::OtherInputs { path: path(), what: "a checkpoint of another kind", actual, expected });
    }
    let (actual, expected) = (model.text.channels(), model.unet.context_channels());
    if actual != expected {
        return Err(Error::TextMisfit { path: path(), actual, expected });
    }
    Ok(())
}

/// What the UNet answers.
pub(crate) fn prediction(predicts: Predicts) -> Prediction {
    match predicts {
        Predicts::Noise => Prediction::Epsilon,
        Predicts::Velocity => Prediction::Velocity,
        Predicts::Sample => Prediction::Sample,
    }
}

/// Noise levels of the training.
pub(crate) fn noise_table(training: &Training) -> NoiseTable {
    let (start, end) = (training.beta_start, training.beta_end);
    let schedule = match training.betas {
        Betas::Linear => BetaSchedule::Linear { start, end },
        Betas::ScaledLinear => BetaSchedule::ScaledLinear { start, end },
        Betas::SquaredCosine => BetaSchedule::SquaredCosine,
    };
    let betas = schedule.betas(training.timesteps);
    if training.has_zero_terminal_snr {
        NoiseTable::with_zero_terminal_snr(&betas)
    } else {
        NoiseTable::from_betas(&betas)
    }
}
