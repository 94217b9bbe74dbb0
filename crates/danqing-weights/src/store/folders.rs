//! Model files of the user's, read where they lie: checkpoints, additions and words of one's own.
//!
//! Looked through: `checkpoints`, `lora`, `embeddings`, `unet` and `vae` in the store's home and in its `models`, and each folder
//! of [`StoreConfig::model_folders`](super::StoreConfig::model_folders), which may be AUTOMATIC1111's or Forge's folder,
//! `ComfyUI`'s, or a plain one. A checkpoint may also be a repository of the hub's cache on this machine.

use std::path::{Component, Path, PathBuf};

use super::ModelStore;

/// Folders inside folders that are looked into.
const DEPTH: usize = 4;
/// Files of one kind that are listed.
const MOST: usize = 10_000;
const ENDINGS: [&str; 6] = ["safetensors", "gguf", "ckpt", "pt", "pth", "bin"];

/// What a file of the user's is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserModel {
    /// A whole network.
    Checkpoint,
    /// A low-rank addition.
    Lora,
    /// A textual inversion.
    Embedding,
    /// A UNet alone.
    Unet,
    /// An autoencoder alone.
    Autoencoder,
    /// A tiny autoencoder for previews.
    Preview,
}

impl UserModel {
    /// In the store's home.
    fn own_folder(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoints",
            Self::Lora => "lora",
            Self::Embedding => "embeddings",
            Self::Unet => "unet",
            Self::Autoencoder => "vae",
            Self::Preview => "vae_approx",
        }
    }

    /// Role in the catalogue.
    fn role(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Lora => "lora",
            Self::Embedding => "embedding",
            Self::Unet => "unet",
            Self::Autoencoder => "autoencoder",
            Self::Preview => "preview",
        }
    }

    /// In the folders of other programs, AUTOMATIC1111's and Forge's first, then `ComfyUI`'s.
    fn other_folders(self) -> &'static [&'static str] {
        match self {
            Self::Checkpoint => &["models/Stable-diffusion", "models/checkpoints", "checkpoints"],
            Self::Lora => &["models/Lora", "models/LyCORIS", "models/loras", "loras", "lora"],
            Self::Embedding => &["embeddings", "models/embeddings"],
            Self::Unet => &["models/unet", "models/diffusion_models", "unet", "diffusion_models"],
            Self::Autoencoder => &["models/VAE", "models/vae", "vae"],
            Self::Preview => &["models/VAE-approx", "models/vae_approx", "vae_approx"],
        }
    }
}

impl ModelStore {
    /// Where files of that kind are looked for; not all of them need to exist.
    #[must_use]
    pub fn user_folders(&self, kind: UserModel) -> Vec<PathBuf> {
        let own = kind.own_folder();
        let mut folders = vec![self.home().join(own), self.home().join("models").join(own)];
        for root in &self.config.model_folders {
            let known: Vec<_> =
                kind.other_folders().iter().map(|inside| root.join(inside)).filter(|path| path.is_dir()).collect();
            // A folder of another program is not also a plain one: its checkpoints are no additions.
            let is_plain = known.is_empty() && !root.join("models").is_dir() && !root.join("embeddings").is_dir();
            folders.extend(if is_plain { vec![root.clone()] } else { known });
        }
        folders
    }

    /// Every file of that kind, in the order of [`Self::user_folders`], then by name.
    #[must_use]
    pub fn user_models(&self, kind: UserModel) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for folder in self.user_folders(kind) {
            listed(&folder, DEPTH, &mut found);
        }
        found
    }

    /// The first file whose name is `name`, with or without its ending, with or without folders before it; upper and lower
    /// case count only where both are there. An id of the catalogue is the file that was pulled. Of checkpoints also a diffusers folder of that name, or the repository
    /// `organisation/name` of the hub's cache.
    #[must_use]
    pub fn find_user_model(&self, kind: UserModel, name: &str) -> Option<PathBuf> {
        if kind == UserModel::Checkpoint {
            let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            let folders = self.user_folders(kind).into_iter().filter(|_| is_inside).map(|folder| folder.join(name));
            let folder = folders.chain(self.hub_snapshot(name)).find(|path| path.join("unet").is_dir());
            if folder.is_some() {
                return folder;
            }
        }
        if self.catalogue.get(name).is_ok_and(|entry| entry.role == kind.role())
            && let Ok(path) = self.path(name)
        {
            return Some(path);
        }
        let files = self.user_models(kind);
        let wanted = name.replace('\\', "/");
        let lower = wanted.to_lowercase();
        let exact = files.iter().find(|path| is_named(path, &wanted, str::to_owned));
        exact.or_else(|| files.iter().find(|path| is_named(path, &lower, str::to_lowercase))).cloned()
    }

    /// Newest snapshot of a repository that the hub's own client has fetched.
    fn hub_snapshot(&self, name: &str) -> Option<PathBuf> {
        let (organisation, repository) = name.split_once('/')?;
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', '\\']) && part != "..";
        if !is_plain(organisation) || !is_plain(repository) {
            return None;
        }
        let folder = self.config.fetch.hub_cache.as_ref()?.join(format!("models--{organisation}--{repository}"));
        let revision = std::fs::read_to_string(folder.join("refs/main")).ok()?;
        let revision = revision.trim();
        is_plain(revision).then(|| folder.join("snapshots").join(revision))
    }
}

/// Whether the end of a path is `wanted`, whole segments of it, the ending left out or not.
fn is_named(path: &Path, wanted: &str, folded: impl Fn(&str) -> String) -> bool {
    let whole = folded(&path.to_string_lossy().replace('\\', "/"));
    let stem = folded(&path.with_extension("").to_string_lossy().replace('\\', "/"));
    [whole, stem].iter().any(|name| name.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('/')))
}

fn listed(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if found.len() >= MOST {
            return;
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        if path.is_dir() && depth > 0 {
            listed(&path, depth - 1, found);
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UserModel::{Checkpoint, Embedding, Lora, Unet};
    use super::*;
    use crate::StoreConfig;

    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }

    #[test]
    fn files_of_other_programs_are_found_where_they_lie() {
        let folder = std::env::temp_dir().join(format!("danqing-folders-{}", std::process::id()));
        let at = |name: &str| folder.join(name);
        for name in [
            "home/models/lora/ink.safetensors",
            "a1111/models/Lora/style/江雪.safetensors",
            "a1111/models/Stable-diffusion/v1-5.ckpt",
            "a1111/embeddings/easy.pt",
            "comfy/models/loras/Line.safetensors",
            "comfy/models/unet/v1-5-Q8_0.gguf",
            "plain/line.safetensors",
            "plain/notes.txt",
            "hub/models--some--model/snapshots/abc/unet/config.json",
        ] {
            touch(&at(name));
        }
        std::fs::create_dir_all(at("hub/models--some--model/refs")).unwrap();
        std::fs::write(at("hub/models--some--model/refs/main"), "abc\n").unwrap();
        let mut config = StoreConfig::in_folder(at("home"), true);
        config.model_folders = vec![at("a1111"), at("comfy"), at("plain")];
        config.fetch.hub_cache = Some(at("hub"));
        let store = ModelStore::open(config).unwrap();
        let found = |kind, name: &str| store.find_user_model(kind, name);
        assert_eq!(found(Unet, "v1-5-q8_0"), Some(at("comfy/models/unet/v1-5-Q8_0.gguf")));
        assert_eq!(found(Lora, "ink"), Some(at("home/models/lora/ink.safetensors")));
        assert_eq!(found(Lora, "style/江雪"), Some(at("a1111/models/Lora/style/江雪.safetensors")));
        assert_eq!(found(Lora, "江雪.safetensors"), Some(at("a1111/models/Lora/style/江雪.safetensors")));
        assert_eq!(found(Lora, "line"), Some(at("plain/line.safetensors")), "the exact name wins");
        assert_eq!(found(Lora, "LINE"), Some(at("comfy/models/loras/Line.safetensors")));
        assert_eq!(found(Lora, "ine"), None);
        assert_eq!(found(Lora, "notes"), None);
        assert_eq!(found(Checkpoint, "v1-5"), Some(at("a1111/models/Stable-diffusion/v1-5.ckpt")));
        assert_eq!(found(Checkpoint, "some/model"), Some(at("hub/models--some--model/snapshots/abc")));
        assert_eq!(found(Checkpoint, "../some/model"), None);
        let outside = at("hub/models--some--model/snapshots/abc");
        assert_eq!(found(Checkpoint, &outside.to_string_lossy()), None, "a path is no name");
        assert_eq!(found(Embedding, "easy"), Some(at("a1111/embeddings/easy.pt")));
        assert_eq!(found(Embedding, "v1-5"), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
