//! Smooth continuation of values into a hole.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Mask, Raster, SrgbF32};

/// Relaxations at every resolution, each over all pixels.
const RELAXATIONS: usize = 48;
/// Over-relaxation factor.
const OVER: f32 = 1.6;
/// Pixels between two reports.
const REPORT_EVERY: usize = 1 << 21;

/// What each pixel is to a membrane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Its value is given.
    Given,
    /// Its value is to be found.
    Wanted,
    /// It takes no part.
    Absent,
}

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

    /// Half the resolution: given if anything below is, else wanted if anything below is.
    fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut roles = vec![Role::Absent; width * height];
        for (at, role) in self.roles.iter().enumerate() {
            let to = &mut roles[at / self.width / 2 * width + at % self.width / 2];
            match role {
                Role::Given => *to = Role::Given,
                Role::Wanted if *to == Role::Absent => *to = Role::Wanted,
                _ => {}
            }
        }
        Self { width, height, roles }
    }
}

type Values = Vec<[f32; 3]>;

/// Values of the wanted pixels such that each is the mean of its neighbours (Laplace's equation); given values stay,
/// all others are 0. No condition is set at the picture's edge. Wanted pixels that no given one reaches are 0.
///
/// Solved from coarse to fine; within 0.01 of the range of the given values.
///
/// # Errors
/// [`Cancelled`].
pub fn membrane(
    values: &Raster<SrgbF32>,
    known: &Known,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let given = values.samples().as_chunks::<3>().0;
    let start: Values = given
        .iter()
        .zip(&known.roles)
        .map(|(v, role)| if *role == Role::Given { *v } else { [0.0; 3] })
        .collect();
    let solved = solved(known, start, progress)?;
    Ok(Raster::from_fn(known.width, known.height, |x, y, out| out.copy_from_slice(&solved[y * known.width + x])))
}

/// Solves a resolution from the solution at half of it.
fn solved(known: &Known, mut values: Values, progress: &mut Progress<'_>) -> Result<Values, Cancelled> {
    progress.step("membrane", 0, 1)?;
    if known.width.max(known.height) > 1 && known.roles.contains(&Role::Wanted) {
        let coarse = known.halved();
        let start = halved_values(known, &coarse, &values);
        let solution = solved(&coarse, start, progress)?;
        for (at, value) in values.iter_mut().enumerate().filter(|(at, _)| known.roles[*at] == Role::Wanted) {
            *value = solution[at / known.width / 2 * coarse.width + at % known.width / 2];
        }
    }
    relax(known, &mut values, progress)?;
    Ok(values)
}

/// Means of the given values below each coarse pixel.
fn halved_values(known: &Known, coarse: &Known, values: &Values) -> Values {
    let mut sums = vec![([0.0f32; 3], 0.0f32); coarse.roles.len()];
    for (at, value) in values.iter().enumerate().filter(|(at, _)| known.roles[*at] == Role::Given) {
        let (sum, count) = &mut sums[at / known.width / 2 * coarse.width + at % known.width / 2];
        sum.iter_mut().zip(value).for_each(|(s, v)| *s += v);
        *count += 1.0;
    }
    sums.into_iter().map(|(sum, count)| sum.map(|s| if count > 0.0 { s / count } else { 0.0 })).collect()
}

/// Red-black successive over-relaxation.
fn relax(known: &Known, values: &mut Values, progress: &mut Progress<'_>) -> Result<(), Cancelled> {
    let places: Vec<usize> = (0..known.roles.len()).filter(|at| known.roles[*at] == Role::Wanted).collect();
    let mut visited = 0;
    for round in 0..2 * RELAXATIONS {
        for &at in &places {
            let (x, y) = (at % known.width, at / known.width);
            if (x + y) % 2 != round % 2 {
                continue;
            }
            let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
            let mut take = |n: usize| {
                if known.roles[n] != Role::Absent {
                    sum.iter_mut().zip(values[n]).for_each(|(s, v)| *s += v);
                    count += 1.0;
                }
            };
            (x > 0).then(|| take(at - 1));
            (x + 1 < known.width).then(|| take(at + 1));
            (y > 0).then(|| take(at - known.width));
            (y + 1 < known.height).then(|| take(at + known.width));
            if count > 0.0 {
                values[at].iter_mut().zip(sum).for_each(|(v, s)| *v += OVER * (s / count - *v));
            }
        }
        visited += places.len();
        if visited >= REPORT_EVERY {
            visited = 0;
            progress.step("membrane", round, 2 * RELAXATIONS)?;
        }
    }
    Ok(())
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
