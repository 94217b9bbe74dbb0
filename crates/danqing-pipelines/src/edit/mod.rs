//! `edit`: what is marked is painted anew after a prompt, and nothing else changes; with InstructPix2Pix an instruction changes
//! the whole picture.
//!
//! Equal to diffusers 0.31.0 `StableDiffusionInpaintPipeline` (4 and 9 channels) and `StableDiffusionInstructPix2PixPipeline`
//! for the same noise up to the decoded picture, to the tolerance of `tests/diffusion/edit.rs`. From there the craft is danqing's: colours
//! are fitted on a ring around the mask, and what was made is composed into the picture's own samples. Names and fill modes
//! are A1111's.

mod error;
mod params;
mod place;

use std::collections::BTreeMap;
use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Mask, Medium, Picture, Raster, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::text_encoders::tokenizer;
use danqing_nn::Engine;
use danqing_vision::resize::{Method, resized};
use danqing_vision::ring;
use danqing_weights::ModelStore;

pub use self::error::Error;
pub use self::params::{Area, Params};
use self::place::View;
use crate::diffusion::{
    self, Checkpoints, Opened, Plan, Scene, Takes, Wanted, latent_shape, out_of_range, paint, with_settings_in_chinese,
};
use crate::fill::{self, Facts};
use crate::ports;

/// Width of the ring in which colours are fitted, pixels of the picture.
const RING: f32 = 12.0;

/// Paints what is marked anew.
pub struct Edit {
    checkpoints: Checkpoints,
}

impl Edit {
    /// Needs the store for the tokenizer's vocabulary and the engine to run the networks.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self::of(Checkpoints::new(store, engine))
    }

    /// With checkpoints that others use too.
    #[must_use]
    pub fn of(checkpoints: Checkpoints) -> Self {
        Self { checkpoints }
    }
}

impl Capability for Edit {
    const ID: &'static str = "edit";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str =
        "Paints what is marked anew after a prompt, with a Stable Diffusion checkpoint of yours";
    const CHINESE: &'static str = with_settings_in_chinese!("zh.toml");
    const INPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to edit" },
        Port {
            name: "mask",
            kind: Kind::Mask,
            arity: Arity::Optional,
            help: "Mask of the picture's size: white = edit; InstructPix2Pix needs none",
        },
        Port {
            name: "doodle",
            kind: Kind::Picture,
            arity: Arity::Optional,
            help: "The picture with coloured strokes on it, or the strokes alone on transparent ground: what is drawn is \
                   where the painting starts, and without a mask what is edited",
        },
    ];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::Many, help: "Edited picture, one per variant" }];
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
        params.settings.checked()?;
        let picture = ports::picture(inputs)?;
        let opened = params.settings.with_checkpoint(&self.checkpoints, progress)?;
        let given = Given::new(inputs, &params, opened.takes(), progress)?;
        let view = given.view(&params, &opened)?;
        let (width, height) = view.work;
        if params.area == Area::Auto {
            let is_whole = view.at == given.hole.bounds();
            params.area = if is_whole { Area::Whole } else { Area::Masked };
        }
        if (view.at.width, view.at.height) != view.work && params.work_width.is_none() {
            let (w, h) = (view.at.width, view.at.height);
            let message = format!("the network works at {width}x{height}, the result is brought to {w}x{h}");
            progress.warn("size_rounded", message);
        }
        if picture.channels.is_gray() {
            progress.warn("stays_grey", "the picture is grey: what is painted becomes grey too");
        }
        (params.work_width, params.work_height) = (Some(width), Some(height));
        params.settings.settled((&self.checkpoints, &opened), view.work, view.work, progress)?;
        Ok(params)
    }

    fn models(&self, _: &Params) -> Vec<&'static str> {
        vec![tokenizer::CATALOGUE_ID]
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        let opened = params.settings.opened(&self.checkpoints, progress.cancel_token())?;
        let given = Given::new(inputs, params, opened.takes(), progress)?;
        let view = given.view(params, &opened)?;
        let strength = match params.settings.strength {
            above if above > 0.0 && opened.takes() == Takes::Picture => None,
            strength => Some(strength),
        };
        let plan = Plan::new(&params.settings, strength, &opened)?;
        let made = if plan.does_something() {
            self.painted(&given, (view, &plan, &opened), params, progress)?
        } else {
            vec![picture.clone(); params.settings.variants]
        };
        let mut outputs = given.measured(picture, made, params, progress)?;
        outputs.facts.insert("steps_run", plan.sigmas.len().saturating_sub(1).into());
        outputs.facts.insert("network_size", format!("{}x{}", view.work.0, view.work.1).into());
        outputs.facts.insert("seeds", params.settings.seeds().into());
        outputs.weights.extend(self.checkpoints.weights(&params.settings, &opened, progress.cancel_token())?);
        Ok(outputs)
    }
}

/// What the inputs say.
struct Given<'a> {
    picture: &'a Picture,
    colours: Raster<SrgbF32>,
    /// The colours with what is drawn on them.
    begun: Raster<SrgbF32>,
    hole: Mask,
    levels: Option<Mask>,
    coverage: Mask,
}

impl<'a> Given<'a> {
    fn new(
        inputs: &'a Inputs<Medium>,
        params: &Params,
        takes: Takes,
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let cancel = progress.cancel_token();
        let (picture, mask) = (ports::picture(inputs)?, ports::optional_picture(inputs, "mask"));
        let colours = picture.to_srgb(cancel)?;
        let (mut begun, mut drawn) = (colours.clone(), None);
        if let Some(doodle) = ports::optional_picture(inputs, "doodle") {
            let strokes = doodle.to_srgb(cancel)?;
            let marked = place::drawn(picture, doodle, (&colours, &strokes))?;
            laid_over(&mut begun, &strokes, &marked);
            drawn = Some(marked);
        }
        let place::Marked { hole, levels } = place::marked((picture, mask, drawn.as_ref()), params, takes, cancel)?;
        let coverage = place::coverage(&hole, params, cancel)?;
        Ok(Self { picture, colours, begun, hole, levels, coverage })
    }

    fn view(&self, params: &Params, opened: &Opened) -> Result<View, Error> {
        Ok(View::new(&self.coverage, params, (opened.model.codec.factor(), opened.model.native_side()))?)
    }

    /// Colours that a network made of the view, in the picture's own samples.
    fn composed(
        &self,
        made: &Raster<SrgbF32>,
        (view, params): (View, &Params),
        progress: &mut Progress<'_>,
    ) -> Result<Picture, Error> {
        let cancel = progress.cancel_token().clone();
        let mut made = resized(made, view.at.width, view.at.height, Method::Lanczos, &cancel)?;
        let hole = self.hole.crop(view.at);
        if params.colour_match && hole.samples().contains(&0) {
            made = ring::level(&self.colours.crop(view.at), &made, &hole, RING, progress)?;
        }
        Ok(self.picture.compose(&made, &self.coverage.crop(view.at), view.at, &cancel)?)
    }

    /// What was made, with the facts of it: over several variants the worst.
    fn measured(
        &self,
        before: &Picture,
        made: Vec<Picture>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let mut worst: Option<Facts> = None;
        if self.hole.samples().contains(&0) {
            for result in &made {
                let facts = fill::facts(before, result, &self.hole, place::reach(params), progress)?;
                worst = Some(worst.map_or(facts, |worst| worst.worse(facts)));
            }
        }
        let media = made.into_iter().map(|made| ("picture", Medium::Picture(Arc::new(made)))).collect();
        let mut outputs = Outputs { media, facts: BTreeMap::new(), weights: Vec::new() };
        if let Some(facts) = worst {
            outputs.facts = facts.by_name();
        }
        Ok(outputs)
    }
}

impl Edit {
    fn painted(
        &self,
        given: &Given<'_>,
        (view, plan, opened): (View, &Plan, &Opened),
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Picture>, Error> {
        let engine = self.checkpoints.engine().with_cancel(progress.cancel_token().clone());
        let shape = latent_shape(opened, view.work);
        let scene = Scene::new(&given.begun.crop(view.at), &given.hole.crop(view.at), view.work, progress)?
            .with_levels(given.levels.as_ref().map(|levels| levels.crop(view.at)));
        let wanted = Wanted { settings: &params.settings, fill: params.fill, image_guidance: params.image_guidance };
        let start = scene.start(&engine, opened, wanted, progress)?;
        let mut made = Vec::new();
        paint(&self.checkpoints, opened, &params.settings, (plan, &start, shape), progress, |colours, progress| {
            made.push(given.composed(&colours, (view, params), progress)?);
            Ok::<_, Error>(())
        })?;
        Ok(made)
    }
}

/// Strokes where they are drawn.
fn laid_over(colours: &mut Raster<SrgbF32>, strokes: &Raster<SrgbF32>, drawn: &Mask) {
    let pixels = colours.samples_mut().chunks_exact_mut(3).zip(strokes.samples().chunks_exact(3));
    for ((to, from), drawn) in pixels.zip(drawn.samples()) {
        if *drawn > 0 {
            to.copy_from_slice(from);
        }
    }
}

fn check_ranges(params: &Params) -> Result<(), diffusion::Error> {
    let table = [
        ("image_guidance", params.image_guidance, 0.0..=10.0, "0 to 10"),
        ("padding", params.padding as f64, 0.0..=512.0, "0 to 512 pixels"),
        ("grow", f64::from(params.grow), -128.0..=128.0, "-128 to 128 pixels"),
        ("feather", params.feather as f64, 0.0..=64.0, "0 to 64 pixels"),
        ("mask_blur", params.mask_blur, 0.0..=64.0, "0 to 64 pixels"),
    ];
    match table.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
        None => Ok(()),
        Some((name, actual, _, expected)) => Err(out_of_range(name, actual, expected)),
    }
}
