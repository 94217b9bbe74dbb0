//! Files that change a checkpoint for one run: `LoRA`s, named in a prompt or by a parameter, and words of one's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use danqing_capability::{CancelToken, WeightUse};
use danqing_models::adapters::{Embedding, Lora, LoraUse};
use danqing_models::stable_diffusion::OpenError;
use danqing_models::text_encoders::tokenizer::ClipTokenizer;
use danqing_weights::{LicenceClass, ModelStore, UserModel, Weights};

use super::{Error, Settings};
use crate::prompt::{self, EmbeddingName};

/// A `LoRA` that a run asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    /// As it was asked for.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text_weight: f32,
    pub(super) network_weight: f32,
}

impl Wish {
    pub(super) fn used<'a>(&self, lora: &'a Lora) -> LoraUse<'a> {
        LoraUse { lora, text_weight: self.text_weight, network_weight: self.network_weight }
    }
}

/// Every `LoRA` that prompts and parameters name, in that order.
pub(super) fn wishes(settings: &Settings, store: &ModelStore) -> Result<Vec<Wish>, Error> {
    let wish = |prompt::Lora { name, text_weight, network_weight }, find: Find| {
        let path = find(store, UserModel::Lora, &name)?;
        Ok::<_, Error>(Wish { name, path, text_weight, network_weight })
    };
    let mut wishes = Vec::new();
    for text in [&settings.prompt, &settings.negative_prompt] {
        for lora in prompt::loras(text)?.1 {
            wishes.push(wish(lora, named)?);
        }
    }
    for text in &settings.loras {
        wishes.push(wish(prompt::Lora::from_argument(text)?, found)?);
    }
    Ok(wishes)
}

type Find = fn(&ModelStore, UserModel, &str) -> Result<PathBuf, Error>;

/// A path as it is, or a file of the user's folders.
fn found(store: &ModelStore, kind: UserModel, name: &str) -> Result<PathBuf, Error> {
    let path = Path::new(name);
    let is_path = path.components().count() > 1 || path.extension().is_some();
    if is_path && path.is_file() {
        return Ok(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    }
    named(store, kind, name)
}

/// A file of the user's folders: prompts come from strangers, and may name no others.
fn named(store: &ModelStore, kind: UserModel, name: &str) -> Result<PathBuf, Error> {
    store.find_user_model(kind, name).ok_or_else(|| Error::NoAddition {
        what: if kind == UserModel::Lora { "LoRA" } else { "textual inversion" },
        name: name.to_owned(),
        folders: store
            .user_folders(kind)
            .iter()
            .map(|folder| folder.display().to_string())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// Reads a file and what is in it.
fn read<T>(
    (name, path): (&str, &Path),
    cancel: &CancelToken,
    parse: impl FnOnce(&Weights) -> Result<T, danqing_models::Error>,
) -> Result<(T, WeightUse), Error> {
    let failed = |cause: OpenError| Error::ModelFile { path: path.display().to_string(), cause: Box::new(cause) };
    let owned = path.to_owned();
    let weights = cancel.detached(move || Weights::of_file(&owned))?.map_err(|error| failed(error.into()))?;
    let parsed = parse(&weights).map_err(|error| failed(error.into()))?;
    let sha256 = weights.sha256.to_string();
    Ok((parsed, WeightUse { id: name.to_owned(), sha256, licence_class: LicenceClass::Unclear.to_string() }))
}

/// The file of a wish.
pub(super) fn lora(wish: &Wish, cancel: &CancelToken) -> Result<(Lora, WeightUse), Error> {
    read((&wish.name, &wish.path), cancel, |weights| Lora::new(&weights.tensors))
}

/// Words of one's own that the prompts may hold.
#[derive(Default)]
pub(super) struct Words {
    /// As the prompt reads them; a file may have two names.
    pub(super) names: Vec<EmbeddingName>,
    /// One for each name.
    pub(super) embeddings: Vec<Arc<Embedding>>,
    pub(super) weights: Vec<WeightUse>,
}

impl Words {
    /// Files asked for, and files of the user's folders whose name stands in a prompt.
    pub(super) fn new(
        settings: &Settings,
        (store, tokenizer, channels): (&ModelStore, &ClipTokenizer, usize),
        cancel: &CancelToken,
    ) -> Result<Self, Error> {
        let prompts = format!("{}\n{}", settings.prompt, settings.negative_prompt).to_lowercase();
        let mut files = Vec::new();
        for name in &settings.embeddings {
            files.push((name.clone(), found(store, UserModel::Embedding, name)?));
        }
        for path in store.user_models(UserModel::Embedding) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if prompts.contains(&stem.to_lowercase()) && files.iter().all(|(_, other)| *other != path) {
                files.push((stem, path));
            }
        }
        let mut made = Self::default();
        for (name, path) in files {
            let (embedding, weights) = read((&name, &path), cancel, |weights| Embedding::new(&weights.tensors))?;
            if embedding.channels != channels {
                let (path, actual) = (path.display().to_string(), embedding.channels);
                return Err(Error::EmbeddingMisfit { path, actual, expected: channels });
            }
            let embedding = Arc::new(embedding);
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for word in std::iter::once(stem).chain(embedding.word.clone()) {
                let (ids, vectors) = (tokenizer.ids(&word), embedding.vectors());
                made.names.push(EmbeddingName { name: word, ids, vectors });
                made.embeddings.push(Arc::clone(&embedding));
            }
            made.weights.push(weights);
        }
        Ok(made)
    }

    /// The vector that stands at a place of a chunk.
    pub(super) fn vector(&self, embedding: usize, row: usize) -> Option<&[f32]> {
        let embedding = self.embeddings.get(embedding)?;
        embedding.values.chunks_exact(embedding.channels).nth(row)
    }
}

/// Notes what was found, and refuses files that are not those of the recipe.
pub(super) fn noted<'a>(
    known: &mut BTreeMap<String, String>,
    found: impl Iterator<Item = &'a WeightUse>,
) -> Result<(), Error> {
    for WeightUse { id, sha256, .. } in found {
        match known.get(id).filter(|expected| *expected != sha256) {
            None => known.insert(id.clone(), sha256.clone()),
            Some(expected) => {
                let (path, actual, expected) = (id.clone(), sha256.clone(), expected.clone());
                return Err(Error::ModelChanged { path, actual, expected });
            }
        };
    }
    Ok(())
}
