//! `cutout`: the subject stays, the rest becomes transparent.

mod error;
mod network;
mod params;

use std::path::Path;
use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::Medium;
use danqing_nn::Engine;
use danqing_weights::ModelStore;

use self::network::{GENERAL, Networks, PORTRAIT};

pub use self::error::Error;
pub use self::params::Params;
use crate::ports;

/// Cuts the subject of a picture out.
pub struct Cutout {
    networks: Networks,
}

impl Cutout {
    /// Needs the store for the networks' weights and the engine to run them.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self { networks: Networks::new(store, engine) }
    }
}

impl Capability for Cutout {
    const ID: &'static str = "cutout";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Cuts the subject out: transparent, or before another background";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to cut the subject out of" }];
    const OUTPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "The subject" },
    ];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(
        &self,
        inputs: &Inputs<Medium>,
        params: Params,
        _progress: &mut Progress<'_>,
    ) -> Result<Params, Error> {
        ports::picture(inputs)?;
        match params.model.as_str() {
            "auto" | "portrait" | "general" => {}
            path if Path::new(path).is_file() => {}
            other => return Err(Error::NoModel(other.to_owned())),
        }
        Ok(params)
    }

    fn models(&self, params: &Params) -> Vec<&'static str> {
        match params.model.as_str() {
            "auto" => vec![PORTRAIT, GENERAL],
            "portrait" => vec![PORTRAIT],
            "general" => vec![GENERAL],
            _ => Vec::new(),
        }
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        let srgb = picture.to_srgb()?;
        progress.step("read", 0, 1)?;
        let found = match params.model.as_str() {
            "general" => self.networks.general(&srgb, progress)?,
            "auto" | "portrait" => self.networks.portrait(&srgb, progress)?,
            path => self.networks.of_file(Path::new(path), &srgb, progress)?,
        };
        let alpha = network::at_size(&found.mask, picture.size(), progress)?;
        let made = picture.with_alpha(&alpha)?;
        let mut outputs = Outputs::one("picture", Medium::Picture(Arc::new(made)));
        outputs.weights.push(found.weights);
        Ok(outputs)
    }
}
