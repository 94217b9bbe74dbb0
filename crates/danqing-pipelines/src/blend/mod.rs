//! `blend`: pictures between two pictures, mixed in the latent space of an autoencoder: shapes melt where a cross-fade would
//! show both. The first and the last of a sequence are the pictures themselves.

mod error;
mod mix;
mod params;

use std::collections::BTreeMap;
use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::Medium;
use danqing_models::latent_codecs::LatentCodec;
use danqing_nn::{Engine, Shape};
use danqing_weights::ModelStore;

pub use self::error::Error;
pub use self::params::{Mix, Params};
use crate::diffusion::{self, Checkpoints, Codec, OpenedCodec, out_of_range, usual_scale, usual_tile, work_size};
use crate::ports;
use crate::reimagine::{Canvas, Sizes, fitted};

/// Mixes two pictures.
pub struct Blend {
    checkpoints: Checkpoints,
}

impl Blend {
    /// Needs the engine to run the autoencoder.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self::of(Checkpoints::new(store, engine))
    }

    /// With checkpoints that others use too.
    #[must_use]
    pub fn of(checkpoints: Checkpoints) -> Self {
        Self { checkpoints }
    }

    fn opened(&self, params: &Params, progress: &Progress<'_>) -> Result<Arc<OpenedCodec>, diffusion::Error> {
        let path = params.model.as_deref().ok_or(diffusion::Error::NoModel)?;
        self.checkpoints.codec(path, params.model_sha256.as_deref(), progress.cancel_token())
    }
}

impl Capability for Blend {
    const ID: &'static str = "blend";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Makes pictures between two pictures, with the autoencoder of a checkpoint of yours";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to begin with" },
        Port { name: "other", kind: Kind::Picture, arity: Arity::Optional, help: "Picture to end with" },
    ];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::Many, help: "Pictures between both, in order" }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(
        &self,
        inputs: &Inputs<Medium>,
        mut params: Params,
        progress: &mut Progress<'_>,
    ) -> Result<Params, Error> {
        check_ranges(&params)?;
        let picture = ports::picture(inputs)?;
        ports::optional_picture(inputs, "other").ok_or(Error::NoOther)?;
        let path = self.checkpoints.found_codec(params.model.take().ok_or(diffusion::Error::NoModel)?);
        params.model = Some(std::path::absolute(&path).unwrap_or(path));
        let opened = self.opened(&params, progress)?;
        params.model_sha256 = Some(opened.weights.sha256.clone());
        let asked = (params.work_width, params.work_height);
        let work = work_size(asked, picture.size(), usual_scale(picture.size()), opened.codec.factor())?;
        if work != picture.size() && params.work_width.is_none() {
            let ((w, h), (width, height)) = (work, picture.size());
            let message = format!("the network works at {w}x{h}, the result is brought to {width}x{height}");
            progress.warn("size_rounded", message);
        }
        (params.work_width, params.work_height) = (Some(work.0), Some(work.1));
        Ok(params)
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let cancel = progress.cancel_token().clone();
        let picture = ports::picture(inputs)?;
        let other = ports::optional_picture(inputs, "other").ok_or(Error::NoOther)?;
        let opened = self.opened(params, progress)?;
        let result = picture.size();
        let work = (params.work_width.unwrap_or(result.0), params.work_height.unwrap_or(result.1));
        let canvas = Canvas::new(Some(picture), Sizes { result, work, second: None }, params.resize, &cancel)?;
        let colours = other.to_srgb(&cancel)?;
        let engine = self.checkpoints.engine().with_cancel(cancel.clone());
        let codec = Codec { engine: &engine, network: &opened.codec, tile: usual_tile(work) };
        let mut ends = Vec::new();
        for start in
            [canvas.start.as_ref(), Some(&fitted(&colours, work, params.resize, &cancel)?)].into_iter().flatten()
        {
            ends.push(codec.encoded(start, progress)?);
        }
        let factor = opened.codec.factor();
        let shape = Shape::new(1, work.1 / factor, work.0 / factor, opened.codec.latent_channels());
        let mut media = Vec::new();
        for ratio in ratios(params) {
            let made = match (ratio, ends.as_slice()) {
                (0.0, _) => Medium::Picture(Arc::new(picture.clone())),
                (1.0, _) => canvas.composed(&fitted(&colours, result, params.resize, &cancel)?, &cancel)?,
                (ratio, [from, to, ..]) => {
                    let latent = mix::mixed(from, to, ratio, params.mix);
                    canvas.composed(&codec.decoded(&latent, shape, progress)?, &cancel)?
                }
                _ => continue,
            };
            media.push(("picture", made));
            progress.step("blend", media.len(), params.frames)?;
        }
        let outputs = Outputs { media, facts: BTreeMap::new(), weights: vec![opened.weights.clone()] };
        Ok(outputs.with_fact("network_size", format!("{}x{}", work.0, work.1)).with_fact("ratios", ratios(params)))
    }
}

fn ratios(params: &Params) -> Vec<f64> {
    match params.frames {
        0 | 1 => vec![params.ratio],
        frames => (0..frames).map(|frame| frame as f64 / (frames - 1) as f64).collect(),
    }
}

fn check_ranges(params: &Params) -> Result<(), diffusion::Error> {
    if !(0.0..=1.0).contains(&params.ratio) {
        return Err(out_of_range("ratio", params.ratio, "0 to 1"));
    }
    if !(1..=120).contains(&params.frames) {
        return Err(out_of_range("frames", params.frames, "1 to 120"));
    }
    Ok(())
}
