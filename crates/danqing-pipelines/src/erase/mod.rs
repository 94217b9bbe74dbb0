//! `erase`: what is marked goes, and what could have stood behind it comes.
//!
//! Every hole is filled in a crop with context around it and composed back in the picture's own samples: beyond the mask
//! and its feather no sample changes.

mod error;
mod params;
pub(crate) mod region;
mod scenes;

use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Mask, Medium, Raster, SrgbF32};
use danqing_nn::Engine as NnEngine;
use danqing_vision::inpaint;
use danqing_weights::ModelStore;

pub use self::error::Error;
pub use self::params::{Engine, MaskChannel, Params, Point, Rectangle};
use crate::fill::{self, Candidate, Contest, Inpainter, MIGAN, Scene, Search};
use crate::{ports, seed};

/// Erases what is marked in a picture.
pub struct Erase {
    inpainter: Inpainter,
}

impl Erase {
    /// Needs the store for the network's weights and the engine to run it.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &NnEngine) -> Self {
        Self { inpainter: fill::inpainter(store, engine) }
    }
}

impl Capability for Erase {
    const ID: &'static str = "erase";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Removes what is marked and fills the place from its surroundings";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to erase from" },
        Port {
            name: "mask",
            kind: Kind::Mask,
            arity: Arity::Optional,
            help: "Mask of the picture's size: white = erase",
        },
    ];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture without what was marked" }];
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
        let (picture, mask) = (ports::picture(inputs)?, ports::optional_picture(inputs, "mask"));
        region::hole(mask, &params, picture.size(), progress.cancel_token())?;
        params.seed = Some(params.seed.unwrap_or_else(seed::drawn));
        Ok(params)
    }

    fn models(&self, params: &Params) -> Vec<&'static str> {
        match params.engine {
            Engine::Auto | Engine::Migan => vec![MIGAN],
            Engine::Patch | Engine::Telea | Engine::NavierStokes => Vec::new(),
        }
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let (picture, mask) = (ports::picture(inputs)?, ports::optional_picture(inputs, "mask"));
        let hole = region::hole(mask, params, picture.size(), progress.cancel_token())?;
        let srgb = picture.to_srgb(progress.cancel_token())?;
        let coverage = fill::feathered(&hole, params.feather, progress.cancel_token())?;
        let mut result = picture.clone();
        let mut labels = Vec::new();
        for place in scenes::places(&fill::touched(&coverage), progress.cancel_token())? {
            progress.cancel_token().check()?;
            let piece = Piece { picture: srgb.crop(place), hole: hole.crop(place), coverage: coverage.crop(place) };
            let made = self.fill(&piece, params, progress)?;
            result = result.compose(&made.filled, &fill::touched(&piece.coverage), place, progress.cancel_token())?;
            labels.push(made.label);
        }
        let facts = fill::facts(picture, &result, &hole, params.feather, progress)?;
        fill::warn_of_detail(&facts, progress);
        let mut outputs = facts.into_outputs(Medium::Picture(Arc::new(result))).with_fact("fills", labels);
        if !self.models(params).is_empty() {
            let loaded = self.inpainter.get(progress.cancel_token()).map_err(fill::Error::from)?;
            outputs.weights.push(loaded.weights.clone());
        }
        Ok(outputs)
    }
}

/// One hole with its surroundings.
struct Piece {
    picture: Raster<SrgbF32>,
    hole: Mask,
    coverage: Mask,
}

impl Erase {
    fn fill(&self, piece: &Piece, params: &Params, progress: &mut Progress<'_>) -> Result<Candidate, Error> {
        let touched = fill::touched(&piece.coverage);
        progress.cancel_token().check()?;
        let exact = Scene { picture: &piece.picture, hole: &piece.hole, source: None };
        let wide = Scene { hole: &touched, ..exact };
        let search = Search { seed: params.seed.unwrap_or_default(), threads: self.inpainter.engine().threads() };
        let mut contest = Contest::new(exact, &piece.coverage);
        match params.engine {
            Engine::Auto => self.offer_all(&mut contest, exact, wide, search, progress)?,
            Engine::Migan => {
                let made = fill::network_at(
                    &self.inpainter,
                    wide,
                    fill::working_scale(wide, progress.cancel_token())?,
                    progress,
                )?;
                contest.offer(made, progress)?;
            }
            Engine::Patch => {
                contest.offer(fill::patches(exact, search, progress)?, progress)?;
            }
            Engine::Telea | Engine::NavierStokes => {
                let telea = params.engine == Engine::Telea;
                let method = if telea { inpaint::Method::Telea } else { inpaint::Method::NavierStokes };
                contest.offer(fill::classical(exact, method, params.radius, progress)?, progress)?;
            }
        }
        Ok(contest.winner()?)
    }

    /// The network at its working scale and with the widest view, the better one rebuilt from the picture's own texture,
    /// and texture alone.
    fn offer_all(
        &self,
        contest: &mut Contest<'_>,
        exact: Scene<'_>,
        wide: Scene<'_>,
        search: Search,
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        let (working, whole) = (fill::working_scale(wide, progress.cancel_token())?, fill::whole_scale(wide));
        let (width, height) = exact.picture.size();
        let small = width.min(height) < fill::LEAST_FOR_NETWORK;
        if small {
            contest.offer(fill::classical(exact, inpaint::Method::Telea, 5, progress)?, progress)?;
        } else {
            contest.offer(fill::network_at(&self.inpainter, wide, working, progress)?, progress)?;
        }
        if !small && whole < 0.8 * working {
            contest.offer(fill::network_at(&self.inpainter, wide, whole, progress)?, progress)?;
        }
        if let Some(guess) = contest.leader() {
            let rebuilt = fill::guided(wide, guess, search, progress);
            contest.offer_if_possible(rebuilt, progress)?;
        }
        contest.offer_if_possible(fill::patches(exact, search, progress), progress)?;
        Ok(())
    }
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    let out_of_range = |name, actual: usize, expected| Error::OutOfRange { name, actual: actual as i64, expected };
    if params.feather > 64 {
        return Err(out_of_range("feather", params.feather, "0 to 64 pixels"));
    }
    if !(1..=32).contains(&params.radius) {
        return Err(out_of_range("radius", params.radius, "1 to 32 pixels"));
    }
    if !(-128..=128).contains(&params.grow) {
        return Err(Error::OutOfRange { name: "grow", actual: i64::from(params.grow), expected: "-128 to 128 pixels" });
    }
    Ok(())
}
