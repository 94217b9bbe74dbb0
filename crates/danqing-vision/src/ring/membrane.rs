//! Smooth continuation of values into a hole.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Mask, Raster, SrgbF32};

use super::multigrid::{self, Role};

/// Multigrid cycles; each takes away about nine tenths of the error.
const CYCLES: usize = 8;

/// Which pixels hold a value, and which want one.
pub struct Known {
    width: usize,
    height: usize,
    roles: Vec<Role>,
}

impl Known {
    /// Values are given where `given` is not 0 and wanted where `hole` is not 0; `hole` wins. The sizes must be equal,
    /// what is missing takes no part.
    #[must_use]
    pub fn from_masks(given: &Mask, hole: &Mask) -> Self {
        let role = |(g, h): (&u8, &u8)| match (g, h) {
            (_, 1..) => Role::Wanted,
            (1.., 0) => Role::Given,
            (0, 0) => Role::Absent,
        };
        let mut roles: Vec<Role> = given.samples().iter().zip(hole.samples()).map(role).collect();
        roles.resize(hole.samples().len(), Role::Absent);
        Self { width: hole.width(), height: hole.height(), roles }
    }

    /// Values are given on the pixels that touch the hole by an edge.
    #[must_use]
    pub fn border_of(hole: &Mask) -> Self {
        let (width, height) = hole.size();
        let inside = |x: usize, y: usize| x < width && y < height && hole.pixel(x, y)[0] != 0;
        let touches = |x: usize, y: usize| {
            inside(x.wrapping_sub(1), y) || inside(x + 1, y) || inside(x, y.wrapping_sub(1)) || inside(x, y + 1)
        };
        let given = Mask::from_fn(width, height, |x, y, out| out[0] = u8::from(touches(x, y)));
        Self::from_masks(&given, hole)
    }

    /// Sum of the given values that touch a pixel.
    fn given_around(&self, x: usize, y: usize, values: &Raster<SrgbF32>) -> [f32; 3] {
        let mut sum = [0.0; 3];
        for (x, y) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
            if x < self.width && y < self.height && self.roles[y * self.width + x] == Role::Given {
                sum.iter_mut().zip(values.pixel(x, y)).for_each(|(s, v)| *s += v);
            }
        }
        sum
    }
}

/// Values of the wanted pixels such that each is the mean of its neighbours (Laplace's equation); given values stay,
/// all others are 0. No condition is set at the picture's edge. A part of the hole that no given value reaches is 0.
///
/// # Errors
/// [`Cancelled`].
pub fn membrane(
    values: &Raster<SrgbF32>,
    known: &Known,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let (width, height) = (known.width, known.height);
    let mut made = Raster::filled(width, height, 0.0);
    let mut right = Vec::new();
    for (at, role) in known.roles.iter().enumerate() {
        let (x, y) = (at % width, at / width);
        match role {
            Role::Given => made.pixel_mut(x, y).copy_from_slice(values.pixel(x, y)),
            Role::Wanted => right.push(known.given_around(x, y, values)),
            Role::Absent => {}
        }
    }
    let mut solved = multigrid::solve(width, known.roles.clone(), &right, CYCLES, progress)?.into_iter();
    for (at, _) in known.roles.iter().enumerate().filter(|(_, role)| **role == Role::Wanted) {
        if let Some(value) = solved.next() {
            made.pixel_mut(at % width, at / width).copy_from_slice(&value);
        }
    }
    Ok(made)
}

/// Means of `picture - fill` over the part of the ring within `radius` of each ring pixel.
pub(super) fn local_means(
    picture: &Raster<SrgbF32>,
    fill: &Raster<SrgbF32>,
    ring: &Mask,
    radius: usize,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let (width, height) = ring.size();
    let mut made = Raster::filled(width, height, 0.0);
    for y in 0..height {
        if y % 16 == 0 {
            progress.step("membrane", y, height)?;
        }
        for x in (0..width).filter(|x| ring.pixel(*x, y)[0] != 0) {
            let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
            for row in y.saturating_sub(radius)..=(y + radius).min(height - 1) {
                for column in x.saturating_sub(radius)..=(x + radius).min(width - 1) {
                    if ring.pixel(column, row)[0] != 0 {
                        let pair = picture.pixel(column, row).iter().zip(fill.pixel(column, row));
                        sum.iter_mut().zip(pair).for_each(|(s, (p, f))| *s += p - f);
                        count += 1.0;
                    }
                }
            }
            made.pixel_mut(x, y).iter_mut().zip(sum).for_each(|(m, s)| *m = s / count);
        }
    }
    Ok(made)
}
