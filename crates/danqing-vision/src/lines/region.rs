//! Edge pixels of one direction, grown together and fitted with a line.

use danqing_media::{Gray8, Raster};

use crate::boundary::Side;
use crate::gradients::Gradients;

/// Edge pixels may differ from their region's direction by this much.
const TOLERANCE: f32 = 0.3; // radians, 17°
/// A region whose pixels lie further than this from its line (root mean square, pixels) is a curve.
const STRAIGHT: f32 = 0.9;
/// A line starts at most this far from the border.
const START: usize = 4;
/// Sobel's gain: a step of one grey level, smoothed, gives about this magnitude.
const GAIN: f32 = 4.0 * 255.0;

/// Gradients and the edges found in them.
pub(super) struct Field<'a> {
    pub(super) slopes: &'a Gradients,
    pub(super) edges: &'a Raster<Gray8>,
}

/// A fitted line.
pub(super) struct Segment {
    pub(super) centre: (f32, f32),
    pub(super) direction: (f32, f32),
    pub(super) length: f32,
    pub(super) strength: f32,
}

impl Field<'_> {
    /// Lines that start near `side` and are followed `depth` pixels inside.
    pub(super) fn segments_at(&self, side: Side, depth: usize) -> Vec<Segment> {
        let mut used = vec![false; self.slopes.dx.len()];
        let mut found = Vec::new();
        for seed in self.seeds(side) {
            if !used[seed] {
                let region = self.grown(seed, side, depth, &mut used);
                found.extend(self.fitted(&region));
            }
        }
        found
    }

    /// Distance to the side.
    fn inside(&self, side: Side, i: usize) -> usize {
        let (x, y) = (i % self.slopes.width, i / self.slopes.width);
        match side {
            Side::Left => x,
            Side::Top => y,
            Side::Right => self.slopes.width - 1 - x,
            Side::Bottom => self.slopes.height - 1 - y,
        }
    }

    /// Edge pixels near the side, the strongest first: they have the surest direction.
    fn seeds(&self, side: Side) -> Vec<usize> {
        let is_seed = |&i: &usize| self.edges.samples()[i] != 0 && self.inside(side, i) < START;
        let mut seeds: Vec<usize> = (0..self.edges.samples().len()).filter(is_seed).collect();
        seeds.sort_by(|&a, &b| self.magnitude(b).total_cmp(&self.magnitude(a)).then(a.cmp(&b)));
        seeds
    }

    fn slope(&self, i: usize) -> (f32, f32) {
        (f32::from(self.slopes.dx[i]), f32::from(self.slopes.dy[i]))
    }

    fn magnitude(&self, i: usize) -> f32 {
        let (x, y) = self.slope(i);
        x.hypot(y)
    }

    /// Connected edge pixels (gaps of one pixel allowed) whose gradient points the way the region's mean does.
    fn grown(&self, seed: usize, side: Side, depth: usize, used: &mut [bool]) -> Vec<usize> {
        let mut region = vec![seed];
        used[seed] = true;
        let mut mean = self.unit_slope(seed);
        let mut next = 0;
        while next < region.len() {
            for i in self.around(region[next]) {
                if used[i] || self.edges.samples()[i] == 0 || self.inside(side, i) >= depth {
                    continue;
                }
                let slope = self.unit_slope(i);
                if (mean.0 * slope.0 + mean.1 * slope.1) >= TOLERANCE.cos() * mean.0.hypot(mean.1) {
                    used[i] = true;
                    mean = (mean.0 + slope.0, mean.1 + slope.1);
                    region.push(i);
                }
            }
            next += 1;
        }
        region
    }

    fn unit_slope(&self, i: usize) -> (f32, f32) {
        let (slope, magnitude) = (self.slope(i), self.magnitude(i).max(1e-6));
        (slope.0 / magnitude, slope.1 / magnitude)
    }

    fn around(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let (width, height) = (self.slopes.width, self.slopes.height);
        let (x, y) = (i % width, i / width);
        let rows = y.saturating_sub(2)..(y + 3).min(height);
        rows.flat_map(move |ny| (x.saturating_sub(2)..(x + 3).min(width)).map(move |nx| ny * width + nx))
    }

    /// The line through the region's centre of mass along its longest axis; none for curves.
    fn fitted(&self, region: &[usize]) -> Option<Segment> {
        let width = self.slopes.width;
        let place = |i: usize| ((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
        let total: f32 = region.iter().map(|&i| self.magnitude(i)).sum();
        let weighted = |f: &dyn Fn(f32, f32) -> f32| -> f32 {
            let sum = region.iter().map(|&i| {
                let (x, y) = place(i);
                self.magnitude(i) * f(x, y)
            });
            sum.sum::<f32>() / total
        };
        let centre = (weighted(&|x, _| x), weighted(&|_, y| y));
        let (xx, yy) = (weighted(&|x, _| (x - centre.0).powi(2)), weighted(&|_, y| (y - centre.1).powi(2)));
        let xy = weighted(&|x, y| (x - centre.0) * (y - centre.1));
        let smallest = f32::midpoint(xx, yy) - ((xx - yy) / 2.0).hypot(xy);
        if smallest.max(0.0).sqrt() > STRAIGHT {
            return None;
        }
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        let direction = (angle.cos(), angle.sin());
        let along = region.iter().map(|&i| {
            let (x, y) = place(i);
            (x - centre.0) * direction.0 + (y - centre.1) * direction.1
        });
        let (least, most) = along.fold((f32::MAX, f32::MIN), |(a, b), t| (a.min(t), b.max(t)));
        let strength = (total / region.len() as f32 / GAIN).min(1.0);
        Some(Segment { centre, direction, length: most - least, strength })
    }
}
