//! 马赛克镶嵌: square stones along the shapes, in mortar.
//!
//! Source: the tiles of `mosaic` (Hausner 2001); each stone is a little tilted and catches the light at its edges.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::{Session, Share, Study, paper};
use crate::field::{Crew, blurred, mix, percentile, smoothstep};
use crate::mosaic::{Cartoon, Nearest, Tile, laid};
use crate::noise::{seed_for, white};
use crate::resize::{Method, resized};

/// How the stones are laid. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How much of the picture gets small stones.
    pub keep_structure: Share,
    /// Size of the stones.
    pub tile: Share,
    /// Width of the joints.
    pub joint: Share,
    /// How far colours are strengthened.
    pub colour: Share,
    /// How much stones differ in colour and tilt.
    pub variety: Share,
    /// Lightness of the mortar.
    pub mortar: Share,
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, tile, joint, colour, variety, mortar] = [0.6, 0.4, 0.4, 0.5, 0.5, 0.24].map(Share::of);
        Self { keep_structure, tile, joint, colour, variety, mortar }
    }
}

/// Pixels that a large stone has while stones are moved.
const STONE: f32 = 11.0;

/// Lays the stones at the picture's size.
///
/// # Errors
/// [`Cancelled`].
pub fn paint(
    picture: &Raster<SrgbF32>,
    params: &Params,
    session: Session,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let crew = Crew::new(session.threads, progress.cancel_token());
    let seed = seed_for(session.seed, 7);
    progress.step("mosaic", 0, 3)?;
    let study = Study::new(picture, session.scale, &crew)?;
    progress.step("mosaic", 1, 3)?;
    let size = study.pixels(mix(0.010, 0.034, params.tile.get()), 4.0);
    let tiles = stones(&study, size, params, seed, &crew)?;
    progress.step("mosaic", 2, 3)?;
    let size = size * study.scale;
    let nearest = Nearest::new(&tiles, study.size, size);
    let wall = Wall { study: &study, tiles: &tiles, params, seed };
    let made = crew.colours(study.size, |x, y| {
        let near = nearest.at([x as f32, y as f32]);
        wall.colour((x, y), near.first as usize, near.distance, near.next)
    })?;
    progress.step("mosaic", 3, 3)?;
    Ok(made)
}

/// The stones in pixels of the result.
fn stones(study: &Study, size: f32, params: &Params, seed: u32, crew: &Crew) -> Result<Vec<Tile>, Cancelled> {
    let shrink = (size / STONE).max(1.0);
    let (width, height) = study.picture.size();
    let less = |side: usize| ((side as f32 / shrink).round() as usize).max(1);
    let (w, h) = (less(width), less(height));
    let small = resized(&study.picture, w, h, Method::Area, crew.cancel())?;
    let light = resized(&study.light, w, h, Method::Area, crew.cancel())?;
    let flow = crate::flow::Flow::new(&light, 2.0, crew)?;
    let near = blurred(&light, 0.8, crew)?;
    let wide = blurred(&light, 2.4, crew)?;
    let slope = crew.plane((w, h), |x, y| (near.pixel(x, y)[0] - wide.pixel(x, y)[0]).abs())?;
    let most = percentile(&slope, 0.97).max(0.02);
    let edges = crew.plane((w, h), |x, y| smoothstep(0.30, 0.9, slope.pixel(x, y)[0] / most))?;
    let around = blurred(&edges, 0.8 * size / shrink, crew)?;
    let bound = percentile(&around, 1.0 - 0.75 * params.keep_structure.get()).max(0.04);
    let busy = crew.plane((w, h), |x, y| f32::from(u8::from(around.pixel(x, y)[0] > bound)))?;
    let cartoon = Cartoon { picture: &small, flow: &flow, edges: &edges, busy: &busy };
    let tiles = laid(&cartoon, size / shrink, seed, crew)?;
    let (right, down) = (study.size.0 as f32 / w as f32, study.size.1 as f32 / h as f32);
    Ok(tiles.into_iter().map(|tile| enlarged(tile, right, down)).collect())
}

fn enlarged(tile: Tile, right: f32, down: f32) -> Tile {
    let [x, y] = tile.centre;
    let centre = [(x + 0.5) * right - 0.5, (y + 0.5) * down - 0.5];
    Tile { centre, size: tile.size * 0.5 * (right + down), ..tile }
}

struct Wall<'a> {
    study: &'a Study,
    tiles: &'a [Tile],
    params: &'a Params,
    seed: u32,
}

impl Wall<'_> {
    fn colour(&self, (x, y): (usize, usize), index: usize, distance: f32, next: f32) -> [f32; 3] {
        let tile = &self.tiles[index];
        let finest = 1.0 / (self.study.side * self.study.scale);
        let rough = paper::tooth(self.study.in_sides(x, y), 0.0026, finest, self.seed ^ 4);
        let joint = mix(0.06, 0.40, self.params.joint.get()) + 0.05 * rough;
        let border = (next - distance).min(2.3 - 2.0 * distance); // cells without a neighbour end too
        let soft = (2.0 / tile.size).clamp(0.03, 0.5);
        let stone = smoothstep(joint - soft, joint + soft, border);
        let mortar = self.params.mortar.get() * (1.0 + 0.25 * rough);
        let lit = self.light(tile, index, x, y, border - joint);
        let own = self.glazed(tile.colour, index, rough);
        std::array::from_fn(|i| {
            let warm = [1.0, 0.97, 0.92][i];
            mix(mortar * warm, own[i] * lit, stone).clamp(0.0, 1.0)
        })
    }

    /// Rounded edges: lighter above left, darker below right; every stone tilted its own way.
    fn light(&self, tile: &Tile, index: usize, x: usize, y: usize, inside: f32) -> f32 {
        let random = |purpose| white(index as i32, purpose, self.seed) - 0.5;
        let variety = self.params.variety.get();
        let (dx, dy) = ((x as f32 - tile.centre[0]) / tile.size, (y as f32 - tile.centre[1]) / tile.size);
        let tilt = variety * 0.35 * (random(1) * dx + random(2) * dy);
        let edge = smoothstep(0.34, 0.0, inside) * -(dx + dy) * 0.42;
        1.0 + edge + tilt
    }

    /// The stone's own colour, stronger than the picture's and a little off.
    fn glazed(&self, colour: [f32; 3], index: usize, rough: f32) -> [f32; 3] {
        let random = |purpose| white(index as i32, purpose, self.seed) - 0.5;
        let variety = self.params.variety.get();
        let grey = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
        let gain = 1.0 + 0.8 * self.params.colour.get();
        let bright = 1.0 + 0.22 * variety * random(10) + 0.035 * rough;
        std::array::from_fn(|i| {
            let strong = grey + (colour[i] - grey) * gain + 0.04 * variety * random(11 + i as i32);
            (mix(strong, strong * strong * (3.0 - 2.0 * strong), 0.35) * bright).clamp(0.0, 1.0)
        })
    }
}
