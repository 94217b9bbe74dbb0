//! `extend`: the picture goes on beyond its borders; the picture itself stays as it is.
//!
//! The new area is filled between the picture and a far side made from it (see [`world`]), in steps, by several engines;
//! the best measured candidate is kept. Only a feather inside the border is blended.
//!
//! Where there is alpha, the new area is as opaque as the nearest pixel of the picture; a frame of one colour is opaque.

mod alpha;
mod calm;
mod error;
mod generative;
mod layout;
mod params;
mod plan;
mod rule;
mod size;
mod step;
mod world;

use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress, WeightUse};
use danqing_media::{Mask, Medium, Picture, Raster, Rect, SrgbF32};
use danqing_models::text_encoders::tokenizer;
use danqing_nn::Engine;
use danqing_weights::ModelStore;

pub use self::error::Error;
pub use self::generative::Generative;
use self::generative::Growth;
pub use self::layout::Anchor;
use self::layout::Sides;
pub use self::params::{Fill, Params, Trim};
pub use self::size::{Length, Ratio};
use self::step::Step;
use crate::diffusion::Checkpoints;
use crate::fill::{self, Inpainter, MIGAN, Search};
use crate::{ports, seed};

/// Continues a picture beyond its borders.
pub struct Extend {
    inpainter: Inpainter,
    checkpoints: Checkpoints,
}

impl Extend {
    /// Needs the store for the network's weights and the engine to run it.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self::sharing(store, engine, Checkpoints::new(store, engine))
    }

    /// With checkpoints that others use too.
    #[must_use]
    pub fn sharing(store: &ModelStore, engine: &Engine, checkpoints: Checkpoints) -> Self {
        Self { inpainter: fill::inpainter(store, engine), checkpoints }
    }
}

impl Capability for Extend {
    const ID: &'static str = "extend";
    const VERSION: u32 = 2;
    const SUMMARY: &'static str = "Continues a picture beyond its borders, to a ratio or by pixels per side";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to extend" }];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture on its larger canvas" }];
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
        let found = if params.auto { boundary_of(picture, progress)? } else { Trim::default() };
        let trim = params.trim.unwrap_or(found);
        let kept = plan::kept(trim, picture.width, picture.height)?;
        let sides = plan::sides(&params, trim, kept.width, kept.height)?;
        let pixels = |n: usize| Some(Length::Pixels(n as u32));
        (params.left, params.right) = (pixels(sides.left), pixels(sides.right));
        (params.top, params.bottom) = (pixels(sides.top), pixels(sides.bottom));
        (params.ratio, params.auto, params.trim) = (None, false, Some(trim));
        params.seed = Some(params.seed.unwrap_or_else(seed::drawn));
        if params.fill == Fill::Generative {
            params.generative.resolved(&self.checkpoints, progress)?;
        }
        Ok(params)
    }

    fn models(&self, params: &Params) -> Vec<&'static str> {
        match params.fill {
            Fill::Auto | Fill::Network => vec![MIGAN],
            Fill::Generative => vec![tokenizer::CATALOGUE_ID],
            Fill::Patch | Fill::MirrorBlur | Fill::Colour => Vec::new(),
        }
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        let trim = params.trim.unwrap_or_default();
        let kept = plan::kept(trim, picture.width, picture.height)?;
        let sides = plan::sides(params, trim, kept.width, kept.height)?;
        let (width, height) = sides.canvas(kept.width, kept.height);
        let kept = picture.on_canvas(kept.width, kept.height, -(kept.x as isize), -(kept.y as isize));
        progress.cancel_token().check()?;
        let (filled, labels, weights) =
            self.filled(&kept.to_srgb(progress.cancel_token())?, sides, params, progress)?;
        progress.cancel_token().check()?;
        let hole = new_area(sides, kept.size());
        progress.cancel_token().check()?;
        let feather = if invents(params.fill) { params.feather } else { 0 };
        let coverage = fill::feathered(&hole, feather, progress.cancel_token())?;
        progress.cancel_token().check()?;
        let mut canvas = kept.on_canvas(width, height, sides.left as isize, sides.top as isize);
        if params.fill == Fill::Colour {
            warn_of_grey(params, picture, progress)?;
        } else {
            canvas = alpha::continued(canvas, Rect::new(sides.left, sides.top, kept.width, kept.height));
        }
        let result = canvas.compose(&filled, &fill::touched(&coverage), filled.bounds(), progress.cancel_token())?;
        let facts = fill::facts(&canvas, &result, &hole, feather, progress)?;
        if invents(params.fill) {
            fill::warn_of_detail(&facts, progress);
        }
        let mut outputs = facts.into_outputs(Medium::Picture(Arc::new(result))).with_fact("fills", labels);
        outputs.weights.extend(weights);
        Ok(outputs)
    }
}

impl Extend {
    /// The whole canvas, grown step by step, and how each step was made.
    fn filled(
        &self,
        picture: &Raster<SrgbF32>,
        sides: Sides,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Filled, Error> {
        match params.fill {
            Fill::Colour => Ok((calm::coloured(picture, sides, colour_of(params)?), vec!["colour".into()], Vec::new())),
            Fill::MirrorBlur => {
                Ok((calm::mirror_blurred(picture, sides, progress)?, vec!["mirror-blur".into()], Vec::new()))
            }
            Fill::Generative => self.painted(picture, sides, params, progress),
            Fill::Auto | Fill::Network | Fill::Patch => {
                let most = (params.step * picture.width().min(picture.height()) as f64).max(16.0) as usize;
                let (mut canvas, mut labels) = (picture.clone(), Vec::new());
                let steps = plan::steps(sides, most);
                for (i, &sides) in steps.iter().enumerate() {
                    // A further step on the same side may rewrite a little of what the one before has made.
                    let further = i > 0 && steps[i - 1].same_side(sides);
                    let overlap = if further { params.feather.max(16) } else { params.feather };
                    let step = Step {
                        picture: &canvas,
                        sides,
                        overlap,
                        fill: params.fill,
                        follow_lines: params.follow_lines,
                        search: Search { seed: seed_of(params, i), threads: self.inpainter.engine().threads() },
                    };
                    let made = step.made(&self.inpainter, progress)?;
                    canvas = made.filled;
                    labels.push(made.label);
                }
                let weights = if self.models(params).is_empty() {
                    Vec::new()
                } else {
                    let loaded = self.inpainter.get(progress.cancel_token()).map_err(fill::Error::from)?;
                    vec![loaded.weights.clone()]
                };
                Ok((canvas, labels, weights))
            }
        }
    }

    /// The whole canvas, painted side by side after prompts.
    fn painted(
        &self,
        picture: &Raster<SrgbF32>,
        sides: Sides,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Filled, Error> {
        let most = (params.step * picture.width().min(picture.height()) as f64).max(16.0) as usize;
        let (mut canvas, mut labels, mut weights) = (picture.clone(), Vec::new(), Vec::new());
        for (i, sides) in plan::steps(sides, most).into_iter().enumerate() {
            let seed = seed_of(params, i);
            let growth = Growth { checkpoints: &self.checkpoints, params, picture: &canvas, sides, seed };
            let (grown, used) = growth.made(progress)?;
            canvas = grown;
            labels.push("painted".to_owned());
            for one in used {
                if !weights.contains(&one) {
                    weights.push(one);
                }
            }
        }
        Ok((canvas, labels, weights))
    }
}

/// The canvas, how each step was made, and the weights that took part.
type Filled = (Raster<SrgbF32>, Vec<String>, Vec<WeightUse>);

/// A grey picture gets the grey of the colour: its relative luminance.
fn warn_of_grey(params: &Params, picture: &Picture, progress: &mut Progress<'_>) -> Result<(), Error> {
    let [r, g, b] = colour_of(params)?.map(|v| (v * 255.0).round() as u8);
    if picture.channels.is_gray() && !(r == g && g == b) {
        let asked = &params.colour;
        let message = format!("the picture is grey: the new area has the grey of {asked}, as bright as the colour");
        progress.warn("colour_became_grey", message);
    }
    Ok(())
}

/// Whether a fill makes content that has to be blended with the picture.
fn invents(fill: Fill) -> bool {
    !matches!(fill, Fill::Colour | Fill::MirrorBlur)
}

fn seed_of(params: &Params, step: usize) -> u64 {
    params.seed.unwrap_or_default().wrapping_add(step as u64)
}

/// 255 outside the picture's place on the canvas.
fn new_area(sides: Sides, (width, height): (usize, usize)) -> Mask {
    let (w, h) = sides.canvas(width, height);
    let mut hole = Mask::filled(w, h, 255);
    hole.paste(&Mask::filled(width, height, 0), sides.left, sides.top);
    hole
}

fn boundary_of(picture: &Picture, progress: &mut Progress<'_>) -> Result<Trim, Error> {
    let cancel = progress.cancel_token();
    let bounds = danqing_vision::boundary::picture_boundary(&picture.to_srgb8(cancel)?, cancel)?;
    let r = bounds.rect;
    if r == Rect::new(0, 0, picture.width, picture.height) {
        progress.warn("no_border_found", "no flat border or letterbox bar was found: nothing is cut off");
    }
    Ok(Trim { left: r.x, right: picture.width - r.right(), top: r.y, bottom: picture.height - r.bottom() })
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    let out_of_range = |name, actual: String, expected| Error::OutOfRange { name, actual, expected };
    if params.feather > 64 {
        return Err(out_of_range("feather", params.feather.to_string(), "0 to 64 pixels"));
    }
    if !(0.1..=1.0).contains(&params.step) {
        return Err(out_of_range("step", params.step.to_string(), "0.1 to 1.0"));
    }
    colour_of(params).map(|_| ())
}

/// `#rrggbb` as sRGB `0..=1`.
fn colour_of(params: &Params) -> Result<[f32; 3], Error> {
    let digits = params.colour.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(value) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()) else {
        let actual = format!("{:?}", params.colour);
        return Err(Error::OutOfRange { name: "colour", actual, expected: "#rrggbb, such as #f5f0e6" });
    };
    Ok([16, 8, 0].map(|shift| (value >> shift & 255) as f32 / 255.0))
}

#[cfg(test)]
mod tests {
    use danqing_capability::{CancelToken, Event};
    use danqing_media::{Channels, Samples};
    use danqing_nn::EngineConfig;
    use danqing_weights::StoreConfig;

    use super::*;

    /// Extended by two columns of one colour on the right, and the warnings of it.
    fn framed(picture: Picture, colour: &str) -> (Picture, Vec<&'static str>) {
        let store = ModelStore::open(StoreConfig::in_folder(std::env::temp_dir(), true));
        let engine = Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }).expect("an engine");
        let extend = Extend::new(&store.expect("a store"), &engine);
        let params =
            Params { right: Some(Length::Pixels(2)), fill: Fill::Colour, colour: colour.into(), ..Params::default() };
        let mut warnings = Vec::new();
        let mut sink = |event| {
            if let Event::Warning { code, .. } = event {
                warnings.push(code);
            }
        };
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let inputs = Inputs::new().with("picture", Medium::Picture(Arc::new(picture)));
        let outputs = extend.run(&inputs, &params, &mut progress).expect("a picture");
        let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
        (made.as_ref().clone(), warnings)
    }

    #[test]
    fn a_colour_on_a_grey_picture_is_its_grey_and_said() {
        let grey = Picture::new(2, 1, Channels::Gray, Samples::U8(vec![10, 20])).expect("two pixels");
        let (made, warnings) = framed(grey.clone(), "#ff0000");
        assert_eq!(made.samples, Samples::U8(vec![10, 20, 127, 127]), "0.2126 of the light, encoded");
        assert_eq!(warnings, ["colour_became_grey"]);
        let (made, warnings) = framed(grey, "#808080");
        assert_eq!((made.samples, warnings), (Samples::U8(vec![10, 20, 128, 128]), vec![]));
    }
}
