//! The checkpoint in use: read and packed once, and kept until another one is asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use danqing_capability::{CancelToken, WeightUse};
use danqing_models::denoisers::Denoiser;
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::stable_diffusion::{Betas, CheckpointFiles, OpenError, Predicts, StableDiffusion, Training};
use danqing_models::text_encoders::TextEncoder;
use danqing_models::text_encoders::tokenizer::{CATALOGUE_ID, ClipTokenizer};
use danqing_nn::Engine;
use danqing_weights::{LicenceClass, ModelStore};

use super::Error;
use crate::sampling::{BetaSchedule, NoiseTable, Prediction};

/// Folders of a diffusers checkpoint that are read.
const PARTS: [&str; 4] = ["unet", "vae", "text_encoder", "scheduler"];

/// Store, engine, and what was opened last.
pub(super) struct Checkpoints {
    store: ModelStore,
    engine: Engine,
    kept: Mutex<Option<Kept>>,
    tokenizer: Mutex<Option<Arc<ClipTokenizer>>>,
}

/// A checkpoint and the files it was read from.
struct Kept {
    files: Vec<File>,
    opened: Arc<Opened>,
}

/// Path, size and time: whether a file is still the same.
type File = (PathBuf, u64, Option<SystemTime>);

/// The networks and where they came from.
pub(super) struct Opened {
    pub(super) model: StableDiffusion,
    pub(super) weights: WeightUse,
}

impl Checkpoints {
    pub(super) fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self { store: store.clone(), engine: engine.clone(), kept: Mutex::default(), tokenizer: Mutex::default() }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The networks of a file or folder, read again only if it has changed.
    pub(super) fn get(&self, path: &Path, cancel: &CancelToken) -> Result<Arc<Opened>, Error> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let files = files(path);
        if let Some(same) = kept.as_ref().filter(|kept| !files.is_empty() && kept.files == files) {
            return Ok(Arc::clone(&same.opened));
        }
        *kept = None; // two do not fit into many machines
        let failed = |cause: OpenError| match cause {
            OpenError::Network(danqing_models::Error::Engine(error)) => Error::Engine(error),
            cause => Error::ModelFile { path: path.display().to_string(), cause },
        };
        let owned = path.to_owned();
        let read = cancel.detached(move || CheckpointFiles::read(&owned))?.map_err(failed)?;
        let model = read.load(&self.engine.with_cancel(cancel.clone())).map_err(failed)?;
        let opened = Arc::new(Opened {
            model,
            weights: WeightUse {
                id: path.display().to_string(),
                sha256: read.sha256().to_owned(),
                licence_class: LicenceClass::Unclear.to_string(),
            },
        });
        check(path, &opened.model)?;
        *kept = Some(Kept { files, opened: Arc::clone(&opened) });
        Ok(opened)
    }

    /// CLIP's tokenizer, the same for both families.
    pub(super) fn tokenizer(&self) -> Result<Arc<ClipTokenizer>, Error> {
        let mut slot = self.tokenizer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokenizer) = &*slot {
            return Ok(Arc::clone(tokenizer));
        }
        let tokenizer = Arc::new(ClipTokenizer::from_gzip(&self.store.read(CATALOGUE_ID)?)?);
        *slot = Some(Arc::clone(&tokenizer));
        Ok(tokenizer)
    }

    /// What a recipe says about the tokenizer.
    pub(super) fn tokenizer_use(&self) -> Option<WeightUse> {
        let entry = self.store.catalogue().get(CATALOGUE_ID).ok()?;
        let (id, sha256) = (entry.id.clone(), entry.sha256.to_string());
        Some(WeightUse { id, sha256, licence_class: entry.licence_class.to_string() })
    }
}

/// Every file that a checkpoint is read from.
fn files(path: &Path) -> Vec<File> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        let inside = PARTS.iter().filter_map(|part| std::fs::read_dir(path.join(part)).ok());
        found = inside.flatten().flatten().map(|entry| entry.path()).collect();
        found.sort();
    }
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        Some((path, metadata.len(), metadata.modified().ok()))
    };
    found.into_iter().filter_map(stamp).collect()
}

/// Refuses checkpoints that need more than a latent and a text, and parts that do not belong together.
fn check(path: &Path, model: &StableDiffusion) -> Result<(), Error> {
    let path = || path.display().to_string();
    let (actual, expected) = (model.unet.input_channels(), model.codec.latent_channels());
    if actual != expected {
        let what = match actual {
            9 => "an inpainting checkpoint",
            8 => "an InstructPix2Pix checkpoint",
            _ => "a checkpoint of another kind",
        };
        return Err(Error::OtherInputs { path: path(), what, actual, expected });
    }
    let (actual, expected) = (model.text.channels(), model.unet.context_channels());
    if actual != expected {
        return Err(Error::TextMisfit { path: path(), actual, expected });
    }
    Ok(())
}

/// What the UNet answers.
pub(super) fn prediction(predicts: Predicts) -> Prediction {
    match predicts {
        Predicts::Noise => Prediction::Epsilon,
        Predicts::Velocity => Prediction::Velocity,
        Predicts::Sample => Prediction::Sample,
    }
}

/// Noise levels of the training.
pub(super) fn noise_table(training: &Training) -> NoiseTable {
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
