//! Every capability, once: command line, forms, schemas and reference pages follow from this list.

use danqing_capability::{AnyCapability, Class, Classified, Failure};
use danqing_media::Medium;
use danqing_nn::Engine;
use danqing_pipelines::adjust::Adjust;
use danqing_pipelines::blend::Blend;
use danqing_pipelines::cutout::Cutout;
use danqing_pipelines::diffusion::Checkpoints;
use danqing_pipelines::edit::Edit;
use danqing_pipelines::erase::Erase;
use danqing_pipelines::extend::Extend;
use danqing_pipelines::reimagine::Reimagine;
use danqing_pipelines::restyle::Restyle;
use danqing_pipelines::select::Select;
use danqing_pipelines::upscale::Upscale;
use danqing_weights::ModelStore;

/// A capability on danqing's media.
pub type AnyMediaCapability = dyn AnyCapability<Medium>;

/// The capabilities of this installation.
pub struct Registry(Vec<Box<AnyMediaCapability>>);

/// There is no such capability.
#[derive(Debug, thiserror::Error)]
#[error("there is no capability named {name:?} (there are {known})")]
pub struct UnknownCapability {
    /// Name given.
    pub name: String,
    /// Names there are.
    pub known: String,
}

impl Classified for UnknownCapability {
    fn class(&self) -> Class {
        Class::Caller
    }

    fn hint(&self) -> Option<String> {
        Some("`danqing capabilities` describes them".to_owned())
    }
}

impl From<UnknownCapability> for Failure {
    fn from(error: UnknownCapability) -> Self {
        Self::from_error(error)
    }
}

impl Registry {
    /// All capabilities, each built from the store and the engine. A new one is one more line here.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        let checkpoints = Checkpoints::new(store, engine);
        Self::of(vec![
            Box::new(Erase::new(store, engine)),
            Box::new(Extend::sharing(store, engine, checkpoints.clone())),
            Box::new(Restyle::new(store, engine)),
            Box::new(Reimagine::of(checkpoints.clone())),
            Box::new(Edit::of(checkpoints.clone())),
            Box::new(Blend::of(checkpoints)),
            Box::new(Cutout::new(store, engine)),
            Box::new(Upscale::new(store, engine)),
            Box::new(Select::new(store, engine)),
            Box::new(Adjust),
        ])
    }

    /// Exactly these, in this order.
    #[must_use]
    pub fn of(capabilities: Vec<Box<AnyMediaCapability>>) -> Self {
        Self(capabilities)
    }

    /// By id.
    ///
    /// # Errors
    /// [`UnknownCapability`] with the ids there are.
    pub fn get(&self, id: &str) -> Result<&AnyMediaCapability, UnknownCapability> {
        self.iter().find(|capability| capability.id() == id).ok_or_else(|| UnknownCapability {
            name: id.to_owned(),
            known: self.iter().map(AnyCapability::id).collect::<Vec<_>>().join(", "),
        })
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &AnyMediaCapability> {
        self.0.iter().map(AsRef::as_ref)
    }
}
