//! One resolution of the problem: what is known, what may be copied, what is to be found.

use danqing_capability::Cancelled;

/// Asked between passes over a whole level; an error says that the run was cancelled.
pub(super) type Step<'a> = dyn FnMut() -> Result<(), Cancelled> + 'a;

/// Red, green, blue at 8 bits and a zero, so that rows of patches are whole machine words.
pub(super) type Pixel = [u8; 4];

/// Everything that stays fixed while a resolution is solved.
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Patches are `2 * radius + 1` on a side.
    pub(super) radius: usize,
    /// Colours; meaningless where unknown.
    pub(super) known: Vec<Pixel>,
    /// Mean absolute horizontal and vertical difference around each known pixel, in 8-bit levels.
    pub(super) texture: Vec<[f32; 2]>,
    /// Low frequencies to follow: the guess's in the hole, the picture's elsewhere; 8-bit levels.
    pub(super) guide: Option<Vec<[f32; 3]>>,
    /// The guess, if there is one.
    pub(super) guess: Option<Vec<Pixel>>,
    pub(super) unknown: Vec<bool>,
    /// Pixels that may be copied.
    pub(super) allowed: Vec<bool>,
    /// Centres of patches all of whose pixels may be copied.
    pub(super) sources: Vec<u32>,
    pub(super) is_source: Vec<bool>,
    /// Centres of patches that touch the hole.
    pub(super) is_target: Vec<bool>,
    /// Pixels to be found.
    pub(super) hole_area: f32,
    /// How far a patch's vote is trusted: falls with its distance from the known part.
    pub(super) confidence: Vec<f32>,
}

/// The current guess at a resolution; equal to the level's own data where known.
#[derive(Clone)]
pub(super) struct Estimate {
    pub(super) colour: Vec<Pixel>,
    pub(super) texture: Vec<[f32; 2]>,
}

/// Confidence falls by this factor per pixel (Wexler et al., section 3.2).
const CONFIDENCE_BASE: f32 = 1.3;
/// Distance beyond which it no longer falls.
const CONFIDENCE_REACH: u32 = 60;

impl Level {
    /// Derives sources, targets and confidence from the masks; `step` is asked between passes over the level.
    ///
    /// # Errors
    /// What `step` says.
    pub(super) fn prepare(&mut self, step: &mut Step<'_>) -> Result<(), Cancelled> {
        let pixels = self.width * self.height;
        let blocked: Vec<bool> = self.allowed.iter().map(|a| !a).collect();
        let touches_blocked = self.patches_touching(&blocked);
        step()?;
        let touches_hole = self.patches_touching(&self.unknown);
        step()?;
        self.is_source = (0..pixels).map(|at| self.fits(at) && !touches_blocked[at]).collect();
        self.is_target = (0..pixels).map(|at| self.fits(at) && touches_hole[at]).collect();
        step()?;
        self.sources = (0..pixels as u32).filter(|&at| self.is_source[at as usize]).collect();
        self.hole_area = self.unknown.iter().filter(|u| **u).count().max(1) as f32;
        step()?;
        let depth = self.depth();
        step()?;
        self.confidence = depth.iter().map(|d| CONFIDENCE_BASE.powi(-((*d).min(CONFIDENCE_REACH) as i32))).collect();
        step()
    }

    /// Whether a patch centred at `at` lies inside.
    fn fits(&self, at: usize) -> bool {
        let (x, y, r) = (at % self.width, at / self.width, self.radius);
        x >= r && y >= r && x + r < self.width && y + r < self.height
    }

    /// For each centre, whether its patch holds a marked pixel.
    fn patches_touching(&self, marked: &[bool]) -> Vec<bool> {
        let mut wide = vec![false; marked.len()];
        let mut all = vec![false; marked.len()];
        for (at, _) in marked.iter().enumerate().filter(|(_, m)| **m) {
            let x = at % self.width;
            let from = at - x.min(self.radius);
            let to = at + self.radius.min(self.width - 1 - x);
            wide[from..=to].fill(true);
        }
        for (at, _) in wide.iter().enumerate().filter(|(_, m)| **m) {
            let y = at / self.width;
            for row in y.saturating_sub(self.radius)..=(y + self.radius).min(self.height - 1) {
                all[row * self.width + at % self.width] = true;
            }
        }
        all
    }

    /// Greatest distance of an unknown pixel from the known part.
    pub(super) fn thickness(&self) -> usize {
        let most = self.depth().into_iter().max().unwrap_or(0) as usize;
        most.min(self.width.max(self.height))
    }

    /// Distance from the known part in pixels (largest coordinate difference).
    pub(super) fn depth(&self) -> Vec<u32> {
        let (width, height) = (self.width, self.height);
        let mut depth: Vec<u32> = self.unknown.iter().map(|u| if *u { u32::MAX / 2 } else { 0 }).collect();
        for at in 0..depth.len() {
            let (x, y) = (at % width, at / width);
            let mut least = depth[at];
            if x > 0 {
                least = least.min(depth[at - 1] + 1);
            }
            if y > 0 {
                let above = at - width;
                let row = &depth[above - usize::from(x > 0)..=above + usize::from(x + 1 < width)];
                least = row.iter().fold(least, |l, d| l.min(d + 1));
            }
            depth[at] = least;
        }
        for at in (0..depth.len()).rev() {
            let (x, y) = (at % width, at / width);
            let mut least = depth[at];
            if x + 1 < width {
                least = least.min(depth[at + 1] + 1);
            }
            if y + 1 < height {
                let below = at + width;
                let row = &depth[below - usize::from(x > 0)..=below + usize::from(x + 1 < width)];
                least = row.iter().fold(least, |l, d| l.min(d + 1));
            }
            depth[at] = least;
        }
        depth
    }
}
