//! Connected components and hole filling, the same partition and numbering as `scipy.ndimage.label` and the same pixels
//! as `scipy.ndimage.binary_fill_holes`.
//!
//! Source: two passes with union by smallest label (A. Rosenfeld, J. Pfaltz, 1966).

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Rect, Space};

/// Which neighbours belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connectivity {
    /// Above, below, left, right.
    #[default]
    Four,
    /// Corners too.
    Eight,
}

/// One connected set of non-zero pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Smallest rectangle around it.
    pub bounds: Rect,
    /// Number of pixels.
    pub area: usize,
}

/// A label per pixel and what each label covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// 0 = background, `n` = `found[n - 1]`; row order.
    pub labels: Vec<u32>,
    /// Components by their first pixel in row order.
    pub found: Vec<Component>,
}

/// Labels the pixels that are not zero.
///
/// # Errors
/// [`Cancelled`].
pub fn components<S: Space<Sample = u8>>(
    from: &Raster<S>,
    connectivity: Connectivity,
    cancel: &CancelToken,
) -> Result<Components, Cancelled> {
    let is_set = |i: usize| from.samples()[i * S::CHANNELS..][..S::CHANNELS].iter().any(|&s| s != 0);
    components_of(from.width(), from.height(), connectivity, is_set, cancel)
}

/// Labels the pixels for which `is_set(index in row order)`.
///
/// # Errors
/// [`Cancelled`].
pub fn components_of(
    width: usize,
    height: usize,
    connectivity: Connectivity,
    is_set: impl Fn(usize) -> bool,
    cancel: &CancelToken,
) -> Result<Components, Cancelled> {
    let mut labels = vec![0_u32; width * height];
    let mut parents = vec![0_u32];
    for y in 0..height {
        cancel.check()?;
        for i in (y * width..(y + 1) * width).filter(|&i| is_set(i)) {
            let joined = joined_neighbours(&labels, &mut parents, width, i, connectivity);
            labels[i] = joined.unwrap_or_else(|| {
                parents.push(parents.len() as u32);
                parents.len() as u32 - 1
            });
        }
    }
    numbered(labels, &mut parents, width, cancel)
}

/// Removes every background region that does not touch the border: zeros become 255.
///
/// # Errors
/// [`Cancelled`].
pub fn holes_filled<S: Space<Sample = u8>>(from: &Raster<S>, cancel: &CancelToken) -> Result<Raster<S>, Cancelled> {
    let (width, height) = from.size();
    let is_zero = |i: usize| from.samples()[i * S::CHANNELS..][..S::CHANNELS].iter().all(|&s| s == 0);
    let background = components_of(width, height, Connectivity::Four, is_zero, cancel)?;
    let is_hole =
        |c: &Component| c.bounds.x > 0 && c.bounds.y > 0 && c.bounds.right() < width && c.bounds.bottom() < height;
    let holes: Vec<bool> = background.found.iter().map(is_hole).collect();
    let mut made = from.clone();
    for (pixel, &label) in made.samples_mut().chunks_exact_mut(S::CHANNELS).zip(&background.labels) {
        if label > 0 && holes[label as usize - 1] {
            pixel.fill(u8::MAX);
        }
    }
    Ok(made)
}

/// Unites the labels of the neighbours already seen; the smallest of them.
fn joined_neighbours(
    labels: &[u32],
    parents: &mut [u32],
    width: usize,
    i: usize,
    connectivity: Connectivity,
) -> Option<u32> {
    let (x, has_row) = (i % width, i >= width);
    let corners = connectivity == Connectivity::Eight && has_row;
    let seen = [
        (x > 0).then(|| i - 1),
        has_row.then(|| i - width),
        (corners && x > 0).then(|| i - width - 1),
        (corners && x + 1 < width).then(|| i + 1 - width),
    ];
    let mut joined = None;
    for label in seen.into_iter().flatten().map(|n| labels[n]).filter(|&l| l != 0) {
        joined = Some(united(parents, joined.unwrap_or(label), label));
    }
    joined
}

fn root(parents: &mut [u32], mut label: u32) -> u32 {
    while parents[label as usize] != label {
        parents[label as usize] = parents[parents[label as usize] as usize];
        label = parents[label as usize];
    }
    label
}

fn united(parents: &mut [u32], a: u32, b: u32) -> u32 {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b) as usize] = a.min(b);
    a.min(b)
}

/// Second pass: roots become 1, 2, 3… in the order of their first pixel.
fn numbered(
    mut labels: Vec<u32>,
    parents: &mut [u32],
    width: usize,
    cancel: &CancelToken,
) -> Result<Components, Cancelled> {
    let mut numbers = vec![0_u32; parents.len()];
    let mut found: Vec<Component> = Vec::new();
    for (y, row) in labels.chunks_exact_mut(width.max(1)).enumerate() {
        cancel.check()?;
        for (x, label) in row.iter_mut().enumerate().filter(|(_, label)| **label != 0) {
            let number = &mut numbers[root(parents, *label) as usize];
            if *number == 0 {
                found.push(Component { bounds: Rect::new(x, y, 1, 1), area: 0 });
                *number = found.len() as u32;
            }
            *label = *number;
            include(&mut found[*number as usize - 1], x, y);
        }
    }
    Ok(Components { labels, found })
}

fn include(component: &mut Component, x: usize, y: usize) {
    let b = component.bounds;
    let (left, top) = (b.x.min(x), b.y.min(y));
    component.bounds = Rect::new(left, top, b.right().max(x + 1) - left, b.bottom().max(y + 1) - top);
    component.area += 1;
}
