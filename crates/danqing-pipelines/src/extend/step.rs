//! One step of growth: candidates from every engine, the best one kept.

use danqing_capability::Progress;
use danqing_media::{Raster, SrgbF32};

use super::layout::Sides;
use super::params::Fill;
use super::world::{FarSide, World};
use crate::fill::{self, Candidate, Contest, Error, Networks, Scene};

/// How deep the far side is, as a share of the picture's shorter side.
const FAR_SHARE: f64 = 0.25;

/// What is to be done.
pub(super) struct Step<'a> {
    /// What is there so far.
    pub(super) picture: &'a Raster<SrgbF32>,
    /// New pixels.
    pub(super) sides: Sides,
    /// How far the hole reaches into the picture.
    pub(super) overlap: usize,
    /// Engines to use.
    pub(super) fill: Fill,
    /// Start of random numbers.
    pub(super) seed: u64,
}

impl Step<'_> {
    /// The grown canvas; inside the picture only the overlap differs, blended linearly.
    pub(super) fn made(&self, networks: &Networks, progress: &mut Progress<'_>) -> Result<Candidate, Error> {
        let canvas = self.world(FarSide::Nothing);
        let scene = Scene { picture: &canvas.raster, hole: &canvas.hole };
        let mut contest = Contest::new(scene);
        if self.fill != Fill::Patch {
            self.offer_network(networks, &mut contest, progress)?;
        }
        if self.fill == Fill::Auto
            && let Some(guess) = contest.leader()
        {
            let rebuilt = fill::guided(scene, guess, self.seed, progress)?;
            contest.offer(rebuilt, progress)?;
        }
        if self.fill != Fill::Network {
            contest.offer(fill::patches(scene, self.seed, progress)?, progress)?;
        }
        let best = contest.winner()?;
        Ok(Candidate { filled: self.blended(best.filled), label: best.label })
    }

    /// The network between the picture and each kind of far side, seeing all of it and seeing it sharp.
    fn offer_network(
        &self,
        networks: &Networks,
        contest: &mut Contest<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        for far in [FarSide::NearMirror, FarSide::Reflection] {
            let world = self.world(far);
            let scene = Scene { picture: &world.raster, hole: &world.hole };
            let (whole, working) = (fill::whole_scale(scene), fill::working_scale(scene));
            let scales = if whole < 0.8 * working { vec![whole, working] } else { vec![whole] };
            for scale in scales {
                let made = fill::network_at(networks, scene, scale, progress)?;
                let label = format!("{} {far:?}", made.label);
                contest.offer(Candidate { label, filled: made.filled.crop(world.canvas) }, progress)?;
            }
        }
        Ok(())
    }

    fn world(&self, far: FarSide) -> World {
        let depth = FAR_SHARE * self.picture.width().min(self.picture.height()) as f64;
        World::new(self.picture, self.sides, self.overlap, far, depth as usize)
    }

    /// `canvas` with the picture laid over it, transparent towards the borders that grow.
    fn blended(&self, mut canvas: Raster<SrgbF32>) -> Raster<SrgbF32> {
        let (width, height) = self.picture.size();
        let share = |at: usize, side: usize, before: usize, after: usize| {
            let from_border = |new: usize, depth: usize| if new > 0 { depth } else { usize::MAX };
            from_border(before, at).min(from_border(after, side - 1 - at))
        };
        for y in 0..height {
            for x in 0..width {
                let depth = share(x, width, self.sides.left, self.sides.right)
                    .min(share(y, height, self.sides.top, self.sides.bottom));
                let known = ((depth as f32 + 1.0) / (self.overlap as f32 + 1.0)).min(1.0);
                let to = canvas.pixel_mut(x + self.sides.left, y + self.sides.top);
                for (to, from) in to.iter_mut().zip(self.picture.pixel(x, y)) {
                    *to += (from - *to) * known;
                }
            }
        }
        canvas
    }
}
