//! One step of growth: candidates from every engine, the best one kept.

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::{Mask, Raster, Rect, SrgbF32};
use danqing_vision::inpaint;

use super::layout::Sides;
use super::params::Fill;
use super::rule;
use super::world::{FarSide, World};
use crate::fill::{self, Candidate, Contest, Error, Inpainter, Scene, Search};

/// How deep the far side is, as a share of the picture's shorter side.
const FAR_SHARE: f64 = 0.25;

/// At which scale the network sees a scene.
#[derive(Clone, Copy)]
enum Scale {
    /// All of it at once.
    Whole,
    /// As sharp as its hole allows.
    Working,
}

/// What is to be done: growth on one side.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    /// What is there so far.
    pub(super) picture: &'a Raster<SrgbF32>,
    /// New pixels.
    pub(super) sides: Sides,
    /// How far the hole reaches into the picture.
    pub(super) overlap: usize,
    /// Engines to use.
    pub(super) fill: Fill,
    /// Whether straight lines that meet the border go on.
    pub(super) follow_lines: bool,
    /// How patches are looked for.
    pub(super) search: Search,
}

impl Step<'_> {
    /// The grown canvas; inside the picture only the overlap differs, blended linearly.
    pub(super) fn made(&self, inpainter: &Inpainter, progress: &mut Progress<'_>) -> Result<Candidate, Error> {
        let near = self.context();
        let local = Step { picture: &self.picture.crop(near), ..*self };
        let grown = local.grown(inpainter, progress)?;
        let (width, height) = self.picture.size();
        let (w, h) = self.sides.canvas(width, height);
        let mut canvas = Raster::filled(w, h, 0.0);
        canvas.paste(self.picture, self.sides.left, self.sides.top);
        canvas.paste(&grown.filled, near.x, near.y);
        Ok(Candidate { filled: canvas, label: grown.label })
    }

    /// The part of the picture that can have a say: as deep as its shorter side, and several times the new area.
    fn context(&self) -> Rect {
        let (width, height) = self.picture.size();
        let new = self.sides.left + self.sides.right + self.sides.top + self.sides.bottom;
        let depth = width.min(height).max(3 * new);
        let (w, h) = (depth.min(width), depth.min(height));
        match self.sides {
            Sides { left: 1.., .. } => Rect::new(0, 0, w, height),
            Sides { right: 1.., .. } => Rect::new(width - w, 0, w, height),
            Sides { top: 1.., .. } => Rect::new(0, 0, width, h),
            _ => Rect::new(0, height - h, width, h),
        }
    }

    fn grown(&self, inpainter: &Inpainter, progress: &mut Progress<'_>) -> Result<Candidate, Error> {
        let cancel = progress.cancel_token().clone();
        let wide = self.world(FarSide::Nothing, self.overlap, &cancel)?;
        let exact = self.world(FarSide::Nothing, 0, &cancel)?;
        let source = self.near_border();
        cancel.check()?;
        let scene = Scene { picture: &wide.raster, hole: &wide.hole, source: Some(&source) };
        let judged = Scene { picture: &exact.raster, hole: &exact.hole, source: Some(&source) };
        let coverage = fill::feathered(&exact.hole, self.overlap, &cancel)?;
        let mut contest = Contest::new(judged, &coverage);
        let small = self.picture.width().min(self.picture.height()) < fill::LEAST_FOR_NETWORK;
        if self.fill == Fill::Network || (self.fill == Fill::Auto && !small) {
            self.offer_network(inpainter, &mut contest, progress)?;
        }
        if self.fill == Fill::Auto
            && let Some(guess) = contest.leader()
        {
            let rebuilt = fill::guided(scene, guess, self.search, progress);
            contest.offer_if_possible(rebuilt, progress)?;
        }
        if self.fill != Fill::Network {
            contest.offer_if_possible(fill::patches(scene, self.search, progress), progress)?;
            self.offer_lines(&mut contest, &wide, &source, progress)?;
        }
        if contest.leader().is_none() {
            contest.offer(fill::classical(scene, inpaint::Method::Telea, 5, progress)?, progress)?;
        }
        contest.winner()
    }

    /// Texture between the continued lines, if any line meets the border.
    fn offer_lines(
        &self,
        contest: &mut Contest<'_>,
        world: &World,
        source: &Mask,
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        if !self.follow_lines {
            return Ok(());
        }
        let Some(ruled) = rule::ruled(world, self.picture, self.sides, progress.cancel_token())? else {
            return Ok(());
        };
        let scene = Scene { picture: &ruled.raster, hole: &ruled.hole, source: Some(source) };
        let made = fill::patches(scene, self.search, progress)?;
        contest.offer(Candidate { label: "patches between continued lines".into(), ..made }, progress)?;
        Ok(())
    }

    /// 255 where the canvas lies near the border that grows: what stands far inside does not belong beyond it.
    fn near_border(&self) -> Mask {
        let (width, height) = self.picture.size();
        let (w, h) = self.sides.canvas(width, height);
        let reach = |new: usize| (new * 3 / 2).max(48);
        let s = self.sides;
        let near = |x: usize, y: usize| {
            s.left > 0 && x < s.left + reach(s.left)
                || s.right > 0 && x + reach(s.right) >= s.left + width
                || s.top > 0 && y < s.top + reach(s.top)
                || s.bottom > 0 && y + reach(s.bottom) >= s.top + height
        };
        Mask::from_fn(w, h, |x, y, to| to[0] = if near(x, y) { 255 } else { 0 })
    }

    /// The network between the picture and each kind of far side, seeing all of it; then once more with the better far
    /// side, seeing it sharp.
    fn offer_network(
        &self,
        inpainter: &Inpainter,
        contest: &mut Contest<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        let mut better = FarSide::NearMirror;
        for far in [FarSide::NearMirror, FarSide::Reflection] {
            if contest.offer(self.network_with(inpainter, far, Scale::Whole, progress)?, progress)? {
                better = far;
            }
        }
        let world = self.world(better, self.overlap, progress.cancel_token())?;
        let scene = Scene { picture: &world.raster, hole: &world.hole, source: None };
        if fill::whole_scale(scene) < 0.8 * fill::working_scale(scene, progress.cancel_token())? {
            contest.offer(self.network_with(inpainter, better, Scale::Working, progress)?, progress)?;
        }
        Ok(())
    }

    fn network_with(
        &self,
        inpainter: &Inpainter,
        far: FarSide,
        scale: Scale,
        progress: &mut Progress<'_>,
    ) -> Result<Candidate, Error> {
        let world = self.world(far, self.overlap, progress.cancel_token())?;
        let scene = Scene { picture: &world.raster, hole: &world.hole, source: None };
        let scale = match scale {
            Scale::Whole => fill::whole_scale(scene),
            Scale::Working => fill::working_scale(scene, progress.cancel_token())?,
        };
        let made = fill::network_at(inpainter, scene, scale, progress)?;
        Ok(Candidate { label: format!("{} {far:?}", made.label), filled: made.filled.crop(world.canvas) })
    }

    fn world(&self, far: FarSide, overlap: usize, cancel: &CancelToken) -> Result<World, Cancelled> {
        cancel.check()?;
        let depth = FAR_SHARE * self.picture.width().min(self.picture.height()) as f64;
        let world = World::new(self.picture, self.sides, overlap, far, depth as usize);
        cancel.check()?;
        Ok(world)
    }
}
