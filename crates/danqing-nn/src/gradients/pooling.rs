//! Gradients of pooling.

use crate::channels::from_pixels;
use crate::geometry::OUTSIDE;
use crate::pooling::{axes, out_shape};
use crate::{Engine, Error, FeatureMap, PoolConfig, Shape};

/// Equals `PyTorch`'s gradient of `max_pool2d` at the input `x`: each window's gradient goes to its maximum, to the
/// first of equal ones in reading order (of several NaN, to the last).
///
/// Error: sums of the at most `kernel²` windows that a pixel wins, `|y − exact| ≤ kernel² · eps · Σ |gradient|`; exact
/// for windows side by side.
///
/// # Errors
/// [`Error::Shapes`] unless `gradient` has the pooled shape; as [`crate::max_pool`].
pub fn max_pool_gradient(
    engine: &Engine,
    x: &FeatureMap,
    gradient: &FeatureMap,
    config: PoolConfig,
) -> Result<FeatureMap, Error> {
    let windows = Windows::new(x.shape(), gradient, config)?;
    let (x, gradient) = (x.widened(engine)?, gradient.widened(engine)?);
    let (values, slopes) = (x.as_slice()?, gradient.as_slice()?);
    let channels = x.shape().channels;
    from_pixels(engine, x.shape(), |pixel, row| {
        row.fill(0.0);
        let own = &values[pixel * channels..][..channels];
        windows.each(pixel, |out, members| {
            let slopes = &slopes[out * channels..][..channels];
            let is_tile = members.len() == 4;
            if let (true, [a, b, c, d]) = (is_tile, members) {
                // The usual window of four, without branches.
                let at = members.iter().position(|&member| member == pixel).unwrap_or_default();
                let of = |member: &usize| &values[member * channels..][..channels];
                take_of_four(row, slopes, at, [of(a), of(b), of(c), of(d)]);
                return;
            }
            for (channel, slot) in row.iter_mut().enumerate() {
                let of = |member: usize| values[member * channels + channel];
                if wins(pixel, own[channel], members, of) {
                    *slot += slopes[channel];
                }
            }
        });
    })
}

/// Whether the pixel's value is what a scan for the maximum ends with.
fn wins(pixel: usize, value: f32, members: &[usize], of: impl Fn(usize) -> f32) -> bool {
    members.iter().all(|&member| match member.cmp(&pixel) {
        std::cmp::Ordering::Less => value > of(member) || value.is_nan(),
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Greater => of(member) <= value,
    })
}

/// [`wins`] of member `at` of four, for all channels.
fn take_of_four(row: &mut [f32], slopes: &[f32], at: usize, [a, b, c, d]: [&[f32]; 4]) {
    for (channel, slot) in row.iter_mut().enumerate() {
        let four = [a[channel], b[channel], c[channel], d[channel]];
        let own = four[at];
        let mut is_won = true;
        for (member, &value) in four.iter().enumerate() {
            let before = value < own || own.is_nan();
            is_won &= if member < at { before } else { member == at || value <= own };
        }
        *slot += if is_won { slopes[channel] } else { 0.0 };
    }
}

/// Equals `PyTorch`'s gradient of `avg_pool2d` (padding counted) for an input of `shape`: each window's gradient over
/// `kernel²`, spread evenly; `|y − exact| ≤ (kernel² + 1) · eps · Σ |gradient| / kernel²`.
///
/// # Errors
/// [`Error::Shapes`] unless `gradient` has the pooled shape; as [`crate::average_pool`].
pub fn average_pool_gradient(
    engine: &Engine,
    shape: Shape,
    gradient: &FeatureMap,
    config: PoolConfig,
) -> Result<FeatureMap, Error> {
    let windows = Windows::new(shape, gradient, config)?;
    let gradient = gradient.widened(engine)?;
    let slopes = gradient.as_slice()?;
    let area = (config.kernel * config.kernel) as f32;
    from_pixels(engine, shape, |pixel, row| {
        row.fill(0.0);
        windows.each(pixel, |out, _| {
            let slopes = &slopes[out * shape.channels..][..shape.channels];
            row.iter_mut().zip(slopes).for_each(|(slot, slope)| *slot += slope);
        });
        for slot in row {
            *slot /= area;
        }
    })
}

/// Which windows a pixel lies in.
struct Windows {
    shape: Shape,
    pooled: Shape,
    rows: Side,
    columns: Side,
}

/// Along one axis: the windows of each position, and the positions of each window.
struct Side {
    windows: Vec<Vec<usize>>,
    members: Vec<Vec<usize>>,
}

impl Side {
    fn new(sources: &[usize], kernel: usize, length: usize) -> Self {
        let mut windows = vec![Vec::new(); length];
        let mut members = Vec::new();
        for (window, sources) in sources.chunks(kernel).enumerate() {
            let inside: Vec<usize> = sources.iter().copied().filter(|&n| n != OUTSIDE).collect();
            for &n in &inside {
                windows[n].push(window);
            }
            members.push(inside);
        }
        Self { windows, members }
    }
}

impl Windows {
    fn new(shape: Shape, gradient: &FeatureMap, config: PoolConfig) -> Result<Self, Error> {
        let (rows, columns) = axes(config, shape)?;
        let pooled = out_shape(shape, (&rows, &columns))?;
        if gradient.shape() != pooled {
            return Err(Error::Shapes { what: "pooling gradient", actual: gradient.shape(), expected: pooled });
        }
        let rows = Side::new(&rows.sources, config.kernel, shape.height);
        let columns = Side::new(&columns.sources, config.kernel, shape.width);
        Ok(Self { shape, pooled, rows, columns })
    }

    /// Calls `visit` with the pooled pixel of each window and the window's input pixels in reading order.
    fn each(&self, pixel: usize, mut visit: impl FnMut(usize, &[usize])) {
        let Shape { height, width, .. } = self.shape;
        let (line, column) = (pixel / width, pixel % width);
        let (picture, y) = (line / height, line % height);
        let mut members = [0; 4];
        for &row in &self.rows.windows[y] {
            for &at in &self.columns.windows[column] {
                let out = (picture * self.pooled.height + row) * self.pooled.width + at;
                let pixels = self.rows.members[row]
                    .iter()
                    .flat_map(|y| self.columns.members[at].iter().map(move |x| (picture * height + y) * width + x));
                if self.rows.members[row].len() * self.columns.members[at].len() == members.len() {
                    members.iter_mut().zip(pixels).for_each(|(slot, pixel)| *slot = pixel);
                    visit(out, &members);
                } else {
                    visit(out, &pixels.collect::<Vec<_>>());
                }
            }
        }
    }
}
