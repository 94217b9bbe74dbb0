//! `cutout`: the subject stays, the rest becomes transparent or another background.
//!
//! Networks say where the subject is, matting says how much of each pixel at its edge is subject, and foreground
//! estimation which colour that part has. Pixels that are wholly subject keep their bits.

mod choose;
mod compose;
mod edge;
mod error;
mod hints;
mod network;
mod params;

use std::path::Path;
use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Mask, Medium, Picture, Raster, Rect, ScalarF32, SrgbF32};
use danqing_nn::Engine;
use danqing_vision::components::{Connectivity, components_of};
use danqing_weights::ModelStore;

use self::choose::Choice;
use self::compose::Parts;
use self::hints::Hints;
use self::network::{GENERAL, Networks, PORTRAIT};

pub use self::error::Error;
pub use self::params::{Background, Params, Refine};
use crate::ports;

/// What `model` is resolved to where a trimap makes a network needless.
const BY_TRIMAP: &str = "trimap";
/// A pixel of at least this opacity is subject where subjects are counted and measured.
const SOLID: f32 = 0.5;
/// Least share of the picture that counts as a subject.
const LEAST_SHARE: f32 = 5e-4;

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

const fn mask(name: &'static str, help: &'static str) -> Port {
    Port { name, kind: Kind::Mask, arity: Arity::Optional, help }
}

impl Capability for Cutout {
    const ID: &'static str = "cutout";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Cuts the subject out: transparent, or before another background";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to cut the subject out of" },
        mask("keep", "Mask of the picture's size: white belongs to the subject, whatever the network says"),
        mask("remove", "Mask of the picture's size: white does not belong to the subject"),
        mask(
            "trimap",
            "Mask of the picture's size instead of a network: white = subject, black = background, grey = find out",
        ),
        Port {
            name: "backdrop",
            kind: Kind::Picture,
            arity: Arity::Optional,
            help: "Picture to put behind the subject",
        },
    ];
    const OUTPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "The subject" },
        Port {
            name: "mask",
            kind: Kind::Mask,
            arity: Arity::Optional,
            help: "Its mask: white = subject; with write_mask",
        },
    ];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(
        &self,
        inputs: &Inputs<Medium>,
        mut params: Params,
        _progress: &mut Progress<'_>,
    ) -> Result<Params, Error> {
        check_ranges(&params)?;
        let picture = ports::picture(inputs)?;
        let hints = Hints::read(inputs, picture)?;
        let backdrop = ports::optional_picture(inputs, "backdrop").is_some();
        let background =
            params.background.unwrap_or(if backdrop { Background::Picture } else { Background::Transparent });
        if background == Background::Picture && !backdrop {
            return Err(Error::NoBackdrop);
        }
        params.background = Some(background);
        if hints.trimap.is_some() {
            params.model = BY_TRIMAP.into();
        }
        match params.model.as_str() {
            "auto" | "portrait" | "general" => {}
            BY_TRIMAP if hints.trimap.is_some() => {}
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
        let hints = Hints::read(inputs, picture)?;
        let srgb = picture.to_srgb(progress.cancel_token())?;
        progress.step("read", 0, 1)?;
        let choice = self.choice(&srgb, params, progress)?;
        let edge::Opacity { alpha, unknown_share } = edge::opacity(&srgb, &choice.mask, &hints, params, progress)?;
        let mut alpha = edge::finished(alpha, params, progress)?;
        if let Some(own) = picture.alpha() {
            alpha.samples_mut().iter_mut().zip(own.samples()).for_each(|(a, o)| *a *= o);
        }
        let subject = Subject::measured(&alpha, progress)?;
        if subject.share < LEAST_SHARE {
            progress.warn("nothing_found", "no subject was found: the result is empty or nearly so");
        }
        let mask = params.write_mask.then(|| mask_of(&alpha));
        let (made, place) = self.composed(inputs, srgb, alpha, params, progress)?;
        let cut = |picture: Picture| match place {
            Some(r) => picture.on_canvas(r.width, r.height, -(r.x as isize), -(r.y as isize)),
            None => picture,
        };
        let mut outputs = Outputs::one("picture", Medium::Picture(Arc::new(cut(made))))
            .with_fact("model", choice.label)
            .with_fact("agreement", choice.agreement.map(short))
            .with_fact("certainty", short(choice.certainty))
            .with_fact("subject_share", short(subject.share))
            .with_fact("subjects", subject.count)
            .with_fact("unknown_share", short(unknown_share));
        if let Some(mask) = mask {
            outputs.media.push(("mask", Medium::Picture(Arc::new(cut(Picture::from_mask(mask))))));
        }
        outputs.weights = choice.weights;
        Ok(outputs)
    }
}

impl Cutout {
    fn choice(&self, srgb: &Raster<SrgbF32>, params: &Params, progress: &mut Progress<'_>) -> Result<Choice, Error> {
        if params.model == BY_TRIMAP {
            let mask = Raster::filled(srgb.width(), srgb.height(), 0.5);
            let label = BY_TRIMAP.into();
            return Ok(Choice { mask, weights: Vec::new(), label, agreement: None, certainty: 1.0 });
        }
        choose::choose(&self.networks, params, srgb, progress)
    }

    /// The finished picture, and the part of it to keep.
    #[expect(clippy::unused_self, reason = "a step of the run")]
    fn composed(
        &self,
        inputs: &Inputs<Medium>,
        srgb: Raster<SrgbF32>,
        alpha: Raster<ScalarF32>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<(Picture, Option<Rect>), Error> {
        let picture = ports::picture(inputs)?;
        let background = params.background.unwrap_or_default();
        let parts = Parts::new(srgb, alpha, params.decontaminate, progress)?;
        let shadow = match params.shadow {
            strength if strength > 0.0 => Some(compose::shadow(&parts, strength, progress)?),
            _ => None,
        };
        let place = params.crop.then(|| kept(&parts, shadow.as_ref(), params.margin));
        let made = if background == Background::Transparent {
            compose::transparent(picture, parts, shadow.as_ref(), progress)?
        } else {
            let given = ports::optional_picture(inputs, "backdrop");
            let backdrop = compose::backdrop(&parts, background, params, given, progress)?;
            compose::before(picture, &parts, backdrop, shadow.as_ref(), progress)?
        };
        Ok((made, place.filter(|place| !place.is_empty())))
    }
}

/// Subject, shadow and margin.
fn kept(parts: &Parts, shadow: Option<&Raster<ScalarF32>>, margin: f64) -> Rect {
    let (width, height) = parts.alpha.size();
    let subject = compose::bounds(&parts.alpha, 0.05);
    let all = match shadow.map(|shadow| compose::bounds(shadow, 0.02)) {
        Some(shadow) if !shadow.is_empty() => union(subject, shadow),
        _ => subject,
    };
    let margin = (subject.width.max(subject.height) as f64 * margin).round() as usize;
    if all.is_empty() { all } else { all.grown(margin, width, height) }
}

fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect::new(x, y, a.right().max(b.right()) - x, a.bottom().max(b.bottom()) - y)
}

fn mask_of(alpha: &Raster<ScalarF32>) -> Mask {
    let (width, height) = alpha.size();
    Mask::from_fn(width, height, |x, y, s| s[0] = (alpha.pixel(x, y)[0] * 255.0 + 0.5) as u8)
}

/// What was found.
struct Subject {
    /// Share of the picture.
    share: f32,
    /// Separate pieces of at least a twentieth of the largest.
    count: usize,
}

impl Subject {
    fn measured(alpha: &Raster<ScalarF32>, progress: &Progress<'_>) -> Result<Self, Error> {
        let (width, height) = alpha.size();
        let solid = |i: usize| alpha.samples()[i] >= SOLID;
        let pieces = components_of(width, height, Connectivity::Eight, solid, progress.cancel_token())?.found;
        let area: usize = pieces.iter().map(|piece| piece.area).sum();
        let largest = pieces.iter().map(|piece| piece.area).max().unwrap_or(0);
        let count = pieces.iter().filter(|piece| piece.area * 20 >= largest).count();
        Ok(Self { share: area as f32 / (width * height).max(1) as f32, count })
    }
}

fn short(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    let checks = [
        ("edge", params.edge.unwrap_or(0.0), 0.0..=0.2, "0 to 0.2 of the shorter side"),
        ("shift", f64::from(params.shift), -64.0..=64.0, "-64 to 64 pixels"),
        ("feather", params.feather, 0.0..=64.0, "0 to 64 pixels"),
        ("blur", params.blur, 0.0..=0.2, "0 to 0.2 of the shorter side"),
        ("shadow", params.shadow, 0.0..=1.0, "0 to 1"),
        ("margin", params.margin, 0.0..=1.0, "0 to 1 of the subject's longer side"),
    ];
    for (name, actual, range, expected) in checks {
        if !range.contains(&actual) {
            return Err(Error::OutOfRange { name, actual, expected });
        }
    }
    match compose::colour_of(&params.colour) {
        Some(_) => Ok(()),
        None => Err(Error::Colour(params.colour.clone())),
    }
}
