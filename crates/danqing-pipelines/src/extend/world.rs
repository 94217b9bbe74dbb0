//! What a fill engine sees when a picture grows: the canvas, and beyond it a far side, so that the new area lies
//! between known pixels and no engine has to invent where a picture ends.

use danqing_media::{Mask, Raster, Rect, SrgbF32};

use super::layout::Sides;

/// What stands beyond the canvas, on the sides that grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarSide {
    /// The strip of the picture nearest to the border, mirrored: the far side looks like the near one.
    NearMirror,
    /// The picture mirrored at its border, as if the canvas went on: what lies beyond is what lies as deep inside.
    Reflection,
    /// Nothing: the new area ends with the canvas.
    Nothing,
}

/// Canvas and far side with the hole in between.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Known pixels; zero in the hole.
    pub(super) raster: Raster<SrgbF32>,
    /// 255 where pixels are to be made.
    pub(super) hole: Mask,
    /// Where the canvas lies.
    pub(super) canvas: Rect,
}

impl World {
    /// Around `picture`, which grows by `sides`; the hole reaches `overlap` pixels into the picture on those sides.
    pub(super) fn new(picture: &Raster<SrgbF32>, sides: Sides, overlap: usize, far: FarSide, far_depth: usize) -> Self {
        let (width, height) = picture.size();
        let depth = |new: usize, side: usize| match far {
            FarSide::Nothing => 0,
            _ if new == 0 => 0,
            _ => far_depth.min(side),
        };
        let columns = Axis::new(width, sides.left, sides.right, depth(sides.left, width), depth(sides.right, width));
        let rows = Axis::new(height, sides.top, sides.bottom, depth(sides.top, height), depth(sides.bottom, height));
        let canvas = Rect::new(columns.far_before, rows.far_before, columns.canvas(), rows.canvas());
        let hole = Mask::from_fn(columns.world(), rows.world(), |x, y, s| {
            let beyond = columns.is_far(x) || rows.is_far(y);
            let kept = columns.is_kept(x, overlap) && rows.is_kept(y, overlap);
            s[0] = if beyond || kept { 0 } else { 255 };
        });
        let raster = Raster::from_fn(columns.world(), rows.world(), |x, y, s| {
            if hole.pixel(x, y)[0] == 0 {
                s.copy_from_slice(picture.pixel(columns.source(x, far), rows.source(y, far)));
            }
        });
        Self { raster, hole, canvas }
    }
}

/// One axis of the world: far side, new pixels, picture, new pixels, far side.
#[derive(Clone, Copy, Debug)]
struct Axis {
    picture: usize,
    before: usize,
    after: usize,
    far_before: usize,
    far_after: usize,
}

impl Axis {
    fn new(picture: usize, before: usize, after: usize, far_before: usize, far_after: usize) -> Self {
        Self { picture, before, after, far_before, far_after }
    }

    fn canvas(&self) -> usize {
        self.before + self.picture + self.after
    }

    fn world(&self) -> usize {
        self.far_before + self.canvas() + self.far_after
    }

    fn is_far(&self, at: usize) -> bool {
        at < self.far_before || at >= self.far_before + self.canvas()
    }

    /// Whether `at` lies in the picture, at least `overlap` away from a border that grows.
    fn is_kept(&self, at: usize, overlap: usize) -> bool {
        let start = self.far_before + self.before;
        let inner = |new: usize| if new > 0 { overlap.min(self.picture / 4) } else { 0 };
        at >= start + inner(self.before) && at < start + self.picture - inner(self.after)
    }

    /// The picture's row or column that stands at `at`.
    fn source(&self, at: usize, far: FarSide) -> usize {
        let last = self.picture as isize - 1;
        let at = at as isize - (self.far_before + self.before) as isize;
        let (before, after) = (self.before as isize, self.after as isize);
        let mirrored = if at < 0 {
            let depth = -1 - at;
            if far == FarSide::NearMirror { depth - before } else { depth }
        } else if at > last {
            let depth = at - last - 1;
            last - if far == FarSide::NearMirror { depth - after } else { depth }
        } else {
            at
        };
        mirrored.clamp(0, last) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose red channel is its column.
    fn columns(width: usize, height: usize) -> Raster<SrgbF32> {
        Raster::from_fn(width, height, |x, _, s| s[0] = x as f32)
    }

    fn reds(world: &World, y: usize) -> Vec<i32> {
        (0..world.raster.width()).map(|x| world.raster.pixel(x, y)[0] as i32).collect()
    }

    #[test]
    fn near_mirror_repeats_the_border_strip_beyond_the_new_area() {
        let sides = Sides { right: 2, ..Sides::default() };
        let world = World::new(&columns(4, 2), sides, 1, FarSide::NearMirror, 3);
        assert_eq!(reds(&world, 0), [0, 1, 2, 0, 0, 0, 3, 2, 1]);
        assert_eq!(world.hole.row(1), [0, 0, 0, 255, 255, 255, 0, 0, 0]);
        assert_eq!(world.canvas, Rect::new(0, 0, 6, 2));
    }

    #[test]
    fn reflection_goes_on_behind_the_new_area() {
        let sides = Sides { left: 1, ..Sides::default() };
        let world = World::new(&columns(4, 1), sides, 0, FarSide::Reflection, 2);
        assert_eq!(reds(&world, 0), [2, 1, 0, 0, 1, 2, 3]);
        assert_eq!(world.canvas, Rect::new(2, 0, 5, 1));
    }

    #[test]
    fn without_a_far_side_the_world_is_the_canvas() {
        let sides = Sides { left: 3, right: 3, top: 2, bottom: 1 };
        let world = World::new(&columns(5, 4), sides, 1, FarSide::Nothing, 9);
        assert_eq!(world.canvas, world.raster.bounds());
        let kept = world.hole.samples().iter().filter(|&&v| v == 0).count();
        assert_eq!(kept, 3 * 2, "the picture without one pixel on each growing side");
    }
}
