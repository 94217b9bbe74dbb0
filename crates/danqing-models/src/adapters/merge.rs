//! Several low-rank additions at once, while a checkpoint is packed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use danqing_nn::Engine;

use super::{Lora, Part};
use crate::Error;

/// A file and how much it counts.
#[derive(Clone, Copy)]
pub struct LoraUse<'a> {
    /// The file.
    pub lora: &'a Lora,
    /// Weight in the text encoder.
    pub text_weight: f32,
    /// Weight in the denoiser.
    pub network_weight: f32,
}

/// What is added to the weights of a checkpoint as they are read.
pub struct Merge<'a> {
    engine: &'a Engine,
    loras: &'a [LoraUse<'a>],
    /// Layers of each file that were found.
    used: RefCell<Vec<BTreeSet<(Part, String)>>>,
}

impl<'a> Merge<'a> {
    /// Nothing is added yet.
    #[must_use]
    pub fn new(engine: &'a Engine, loras: &'a [LoraUse<'a>]) -> Self {
        Self { engine, loras, used: RefCell::new(vec![BTreeSet::new(); loras.len()]) }
    }

    /// Adds to one weight. `names`: what files may call its layer.
    pub(crate) fn apply(
        &self,
        part: Part,
        names: &[String],
        (shape, values): (&[usize], &mut [f32]),
    ) -> Result<(), Error> {
        for (index, LoraUse { lora, text_weight, network_weight }) in self.loras.iter().enumerate() {
            let weight = if part == Part::Text { *text_weight } else { *network_weight };
            for name in names {
                if lora.add(self.engine, (part, name), weight, (shape, values))? {
                    self.used.borrow_mut()[index].insert((part, name.clone()));
                }
            }
        }
        Ok(())
    }

    /// Refuses a file of which the checkpoint lacks layers: it was made for another family.
    ///
    /// # Errors
    /// [`Error::Leftover`].
    pub fn finish(self) -> Result<(), Error> {
        for (LoraUse { lora, .. }, used) in self.loras.iter().zip(self.used.into_inner()) {
            let left = || lora.layers().filter(|(part, key)| !used.contains(&(*part, (*key).to_owned())));
            if let Some((_, first)) = left().next() {
                return Err(Error::Leftover { network: "LoRA", count: left().count(), first: first.to_owned() });
            }
        }
        Ok(())
    }
}
