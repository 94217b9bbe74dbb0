//! Where a network lies in a file: what stands before its tensors' names, and whose names they are.
//!
//! Prefixes are those of the original files, and those that stable-diffusion.cpp gives parts which it joins or converts
//! (leejet/stable-diffusion.cpp@97d2990 `src/name_conversion.cpp`, `src/convert.cpp`), with diffusers' or the original names
//! behind them.

use std::collections::BTreeMap;

use danqing_weights::TensorFile;

use crate::diffusion::Stored;

/// Dimensions by name.
pub(super) type Shapes<'a> = BTreeMap<&'a str, &'a [usize]>;

/// What training frameworks wrap a state in.
const WRAPPERS: [&str; 2] = ["", "state_dict."];

/// What stands before a UNet's names.
pub(super) const UNET: [&str; 3] = ["model.diffusion_model.", "diffusion_model.", "unet."];
/// What stands before an autoencoder's names. stable-diffusion.cpp puts `vae.` before one that stands in for the checkpoint's
/// own, which stays in the file.
pub(super) const AUTOENCODER: [&str; 2] = ["vae.", "first_stage_model."];
/// What stands before a text encoder's names.
pub(super) const TEXT: [&str; 7] = [
    "cond_stage_model.transformer.",
    "cond_stage_model.model.",
    "te.",
    "te1.",
    "text_encoder.",
    "clip_l.",
    "text_encoders.clip_l.transformer.",
];
/// Nothing stands before the names of a network alone.
pub(super) const ALONE: [&str; 1] = [""];

/// Whose names stand behind a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Those of `LatentDiffusion`.
    Original,
    /// diffusers'.
    Diffusers,
}

/// A tensor that only a UNet has, by the name that it has there.
pub(super) const UNET_MARKS: [(&str, Naming); 2] =
    [("out.2.weight", Naming::Original), ("conv_out.weight", Naming::Diffusers)];
/// A tensor that only an autoencoder has.
pub(super) const AUTOENCODER_MARKS: [(&str, Naming); 2] = [
    ("decoder.mid.block_1.conv1.weight", Naming::Original),
    ("decoder.mid_block.resnets.0.conv1.weight", Naming::Diffusers),
];

/// Where one network lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<N> {
    prefix: String,
    /// Whose names stand behind the prefix.
    pub(super) naming: N,
}

impl<N: Copy> Place<N> {
    /// The first of `prefixes` behind which one of `marks` stands, wrapped or not.
    pub(super) fn find(file: &TensorFile, prefixes: &[&str], marks: &[(&str, N)]) -> Option<Self> {
        let starts =
            WRAPPERS.iter().flat_map(|wrapper| prefixes.iter().map(move |prefix| format!("{wrapper}{prefix}")));
        starts.into_iter().find_map(|prefix| {
            let is_there = |(mark, _): &&(&str, N)| file.get(&format!("{prefix}{mark}")).is_some();
            let naming = marks.iter().find(is_there)?.1;
            Some(Self { prefix, naming })
        })
    }

    /// The whole file, by names of that kind.
    pub(super) fn alone(naming: N) -> Self {
        Self { prefix: String::new(), naming }
    }

    /// Dimensions of what lies here, by names without the prefix.
    pub(super) fn shapes<'a>(&self, file: &'a TensorFile) -> Shapes<'a> {
        let entries = file.entries().iter();
        entries.filter_map(|entry| Some((self.inside(&entry.name)?, entry.shape.as_slice()))).collect()
    }

    /// A tensor's name without the prefix, if it lies here.
    pub(super) fn inside<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(self.prefix.as_str())
    }

    /// What holds the tensor that is called so behind the prefix.
    pub(super) fn stored(&self, inside: impl Into<Stored>) -> Stored {
        let Stored { name, part } = inside.into();
        Stored { name: format!("{}{name}", self.prefix), part }
    }
}

/// A name of a whole file without what it may be wrapped in.
pub(super) fn unwrapped(name: &str) -> &str {
    WRAPPERS.iter().rev().find_map(|wrapper| name.strip_prefix(wrapper)).unwrap_or(name)
}

/// Whether a name begins as a part of a whole checkpoint does.
pub(super) fn is_part(unwrapped: &str) -> bool {
    let mut prefixes = UNET.iter().chain(&AUTOENCODER).chain(&TEXT);
    prefixes.any(|prefix| unwrapped.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(names: &[&str]) -> TensorFile {
        TensorFile::from_f32(names.iter().map(|name| ((*name).to_owned(), vec![1], vec![0.0]))).unwrap()
    }

    #[test]
    fn a_network_is_found_behind_every_prefix_wrapped_or_not_in_either_naming() {
        for wrapper in WRAPPERS {
            for (prefixes, marks) in
                [(&UNET[..], UNET_MARKS), (&AUTOENCODER[..], AUTOENCODER_MARKS), (&ALONE[..], UNET_MARKS)]
            {
                for prefix in prefixes {
                    for (mark, naming) in marks {
                        let name = format!("{wrapper}{prefix}{mark}");
                        let place = Place::find(&file(&["other", &name]), prefixes, &marks).unwrap();
                        assert_eq!((place.naming, place.inside(&name)), (naming, Some(mark)), "{name}");
                        assert_eq!(place.stored(mark.to_owned()).name, name);
                        assert!(prefix.is_empty() || is_part(unwrapped(&name)), "{name}");
                    }
                }
            }
        }
        assert_eq!(Place::find(&file(&["out.2.weight"]), &UNET, &UNET_MARKS), None);
    }

    #[test]
    fn an_autoencoder_that_stands_in_for_the_checkpoints_own_is_taken() {
        let mark = AUTOENCODER_MARKS[0].0;
        let both = file(&[&format!("first_stage_model.{mark}"), &format!("vae.{mark}")]);
        let place = Place::find(&both, &AUTOENCODER, &AUTOENCODER_MARKS).unwrap();
        assert_eq!(place.inside("vae.x"), Some("x"));
        assert_eq!(place.shapes(&both).into_keys().collect::<Vec<_>>(), [mark]);
    }
}
