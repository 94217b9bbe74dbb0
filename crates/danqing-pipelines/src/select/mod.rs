//! `select`: from clicks or a rectangle to a mask of what is meant (white = selected), with `MobileSAM`.

mod embeddings;
mod error;
mod mask;
mod params;

use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Medium, Picture};
use danqing_models::segmenters::mobile_sam::{self, MobileSam, Prompt, mobile_sam_input, scaled_size};
use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_vision::resize::{Method, resized};
use danqing_weights::ModelStore;

use self::embeddings::{Embeddings, Key};
pub use self::error::Error;
pub use self::params::{Bounds, Click, Extent, Params};
use crate::lazy_network::LazyNetwork;
use crate::{fill, ports};

/// Catalogue id of the network.
pub const MOBILE_SAM: &str = "mobile-sam";
/// Stages that the encoder shows.
const STAGES: usize = 6;

/// Selects what is pointed at.
pub struct Select {
    network: LazyNetwork<MobileSam>,
    embeddings: Embeddings,
}

impl Select {
    /// Needs the store for the network's weights and the engine to run it.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self {
            network: LazyNetwork::new(store, engine, MOBILE_SAM, MobileSam::load),
            embeddings: Embeddings::default(),
        }
    }
}

impl Capability for Select {
    const ID: &'static str = "select";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Makes a mask of what is pointed at, by clicks or a rectangle";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to select in" }];
    const OUTPUTS: &'static [Port] = &[Port {
        name: "mask",
        kind: Kind::Mask,
        arity: Arity::One,
        help: "Mask of the picture's size: white = selected",
    }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(&self, inputs: &Inputs<Medium>, params: Params, _: &mut Progress<'_>) -> Result<Params, Error> {
        check_ranges(&params)?;
        if params.points.is_empty() && params.rectangle.is_none() {
            return Err(Error::NothingMeant);
        }
        check_marks(&params, ports::picture(inputs)?.size())?;
        Ok(params)
    }

    fn models(&self, _: &Params) -> Vec<&'static str> {
        vec![MOBILE_SAM]
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        let cancel = progress.cancel_token().clone();
        let loaded = self.network.get(&cancel)?;
        let engine = self.network.engine().with_cancel(cancel.clone());
        let key = Key::of(picture, &cancel)?;
        let embedding = self.embeddings.get(key, || embedding(&loaded.network, &engine, picture, progress))?;
        progress.step("select", 0, 1)?;
        let masks = loaded.network.decode(&engine, &embedding, &prompt(params, picture.size()))?;
        let chosen = mask::chosen(&masks, params);
        let made = mask::finished(&masks.logits, chosen, picture, params, progress)?;
        let marked = made.samples().iter().filter(|&&value| value >= 128).count();
        if marked == 0 {
            progress.warn("nothing_found", "nothing was found there: the mask is empty");
        }
        let bounds = fill::bounds(&made);
        let share = marked as f64 / (picture.width * picture.height).max(1) as f64;
        let mut outputs = Outputs::one("mask", Medium::Picture(Arc::new(Picture::from_mask(made))))
            .with_fact("quality", short(masks.quality[chosen].into()))
            .with_fact("extent", mask::MEANINGS[chosen])
            .with_fact("selected_share", short(share))
            .with_fact("bounds", [bounds.x, bounds.y, bounds.width, bounds.height].to_vec());
        outputs.weights.push(loaded.weights.clone());
        Ok(outputs)
    }
}

/// The picture as the encoder sees it, its longer side 1024.
fn embedding(
    network: &MobileSam,
    engine: &Engine,
    picture: &Picture,
    progress: &mut Progress<'_>,
) -> Result<FeatureMap, Error> {
    let cancel = progress.cancel_token().clone();
    let srgb = picture.to_srgb(&cancel)?;
    let (width, height) = scaled_size(picture.width, picture.height);
    let shrinks = width <= picture.width && height <= picture.height;
    let small = resized(&srgb, width, height, if shrinks { Method::Area } else { Method::Bilinear }, &cancel)?;
    let input = mobile_sam_input(small.samples(), width, height)?;
    let side = mobile_sam::SIDE;
    let input = FeatureMap::from_nhwc(engine, Shape::new(1, side, side, 3), input)?;
    let mut stage = 0;
    Ok(network.encode_observed(engine, &input, &mut |_, _| {
        stage += 1;
        progress.step("look", stage, STAGES).map_err(|e| danqing_nn::Error::from(e).into())
    })?)
}

/// Marks in pixels of the encoder's square: its pixel i covers i to i + 1, as those of the picture do.
fn prompt(params: &Params, (width, height): (usize, usize)) -> Prompt {
    let (w, h) = scaled_size(width, height);
    let place = |x: f64, y: f64| ((x * w as f64 / width as f64) as f32, (y * h as f64 / height as f64) as f32);
    let click = |is_inside| {
        move |click: &Click| {
            let (x, y) = place(click.x, click.y);
            mobile_sam::Click { x, y, is_inside }
        }
    };
    let clicks = params.points.iter().map(click(true)).chain(params.outside.iter().map(click(false)));
    let bounds = params.rectangle.map(|r| {
        let ((left, top), (right, bottom)) = (place(r.x, r.y), place(r.x + r.width, r.y + r.height));
        [left, top, right, bottom]
    });
    Prompt { clicks: clicks.collect(), bounds }
}

fn short(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn check_marks(params: &Params, picture: (usize, usize)) -> Result<(), Error> {
    let (width, height) = (picture.0 as f64, picture.1 as f64);
    for click in params.points.iter().chain(&params.outside) {
        if !((0.0..width).contains(&click.x) && (0.0..height).contains(&click.y)) {
            return Err(Error::MarkOutside { mark: format!("point {},{}", click.x, click.y), picture });
        }
    }
    if let Some(r) = params.rectangle {
        let touches = r.width > 0.0
            && r.height > 0.0
            && r.x < width
            && r.y < height
            && r.x + r.width > 0.0
            && r.y + r.height > 0.0;
        if !touches {
            let mark = format!("rectangle {},{} {}x{}", r.x, r.y, r.width, r.height);
            return Err(Error::MarkOutside { mark, picture });
        }
    }
    Ok(())
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    let table = [
        ("specks", params.specks, 0.0..=1.0, "0 to 1"),
        ("grow", f64::from(params.grow), -128.0..=128.0, "-128 to 128 pixels"),
        ("feather", params.feather as f64, 0.0..=64.0, "0 to 64 pixels"),
    ];
    match table.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
        None => Ok(()),
        Some((name, actual, _, expected)) => Err(Error::OutOfRange { name, actual, expected }),
    }
}
