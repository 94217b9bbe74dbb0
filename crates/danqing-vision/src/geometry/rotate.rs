//! Rotation by any angle about the centre, bicubic (Keys, a = −0.75, as OpenCV's).

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use crate::bands;

/// Size of the smallest upright rectangle around a picture turned by `degrees`.
#[must_use]
pub fn outer_size((width, height): (usize, usize), degrees: f64) -> (usize, usize) {
    let (sin, cos) = (degrees.to_radians().sin().abs(), degrees.to_radians().cos().abs());
    let (w, h) = (width as f64, height as f64);
    let whole = |length: f64| ((length - 1e-6).ceil() as usize).max(1);
    (whole(w * cos + h * sin), whole(w * sin + h * cos))
}

/// Size of the largest upright rectangle inside a picture turned by `degrees`.
#[must_use]
pub fn inner_size((width, height): (usize, usize), degrees: f64) -> (usize, usize) {
    let (sin, cos) = (degrees.to_radians().sin().abs(), degrees.to_radians().cos().abs());
    let (w, h) = (width as f64, height as f64);
    let (long, short) = (w.max(h), w.min(h));
    let (inner_w, inner_h) = if short <= 2.0 * sin * cos * long || (sin - cos).abs() < 1e-9 {
        // Two corners touch the long side, the other two lie on its middle line.
        let half = short / 2.0;
        if w >= h {
            (half / sin.max(1e-12), half / cos.max(1e-12))
        } else {
            (half / cos.max(1e-12), half / sin.max(1e-12))
        }
    } else {
        let square = cos * cos - sin * sin;
        ((w * cos - h * sin) / square, (h * cos - w * sin) / square)
    };
    let whole = |length: f64| ((length + 1e-6).floor() as usize).max(1);
    (whole(inner_w), whole(inner_h))
}

/// `from` turned clockwise by `degrees` about its centre, seen through a centred window of `size`. What lies outside is
/// `fill`, mixed in at the edge.
///
/// # Errors
/// [`Cancelled`].
pub fn rotated<S: Space<Sample = f32>>(
    from: &Raster<S>,
    degrees: f64,
    size: (usize, usize),
    fill: f32,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    let mut made = Raster::filled(size.0, size.1, fill);
    if from.bounds().is_empty() {
        return Ok(made);
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (half_w, half_h) = (size.0 as f64 / 2.0, size.1 as f64 / 2.0);
    let (centre_x, centre_y) = (from.width() as f64 / 2.0, from.height() as f64 / 2.0);
    bands::for_each_row(
        made.samples_mut(),
        size.0 * S::CHANNELS,
        cancel,
        || (),
        |(), y, row| {
            let v = y as f64 + 0.5 - half_h;
            for (x, pixel) in row.chunks_exact_mut(S::CHANNELS).enumerate() {
                let u = x as f64 + 0.5 - half_w;
                let (source_x, source_y) = (centre_x + u * cos + v * sin, centre_y - u * sin + v * cos);
                sample(from, source_x - 0.5, source_y - 0.5, fill, pixel);
            }
        },
    )?;
    Ok(made)
}

/// Weighted sum of the 4×4 samples around a position.
fn sample<S: Space<Sample = f32>>(from: &Raster<S>, x: f64, y: f64, fill: f32, pixel: &mut [f32]) {
    let (left, top) = (x.floor(), y.floor());
    let (columns, rows) = (cubic((x - left) as f32), cubic((y - top) as f32));
    let (left, top) = (left as isize - 1, top as isize - 1);
    let (width, height) = (from.width() as isize, from.height() as isize);
    pixel.fill(0.0);
    for (dy, row_weight) in rows.iter().enumerate() {
        for (dx, column_weight) in columns.iter().enumerate() {
            let (x, y) = (left + dx as isize, top + dy as isize);
            let weight = row_weight * column_weight;
            if (0..width).contains(&x) && (0..height).contains(&y) {
                let source = from.pixel(x as usize, y as usize);
                pixel.iter_mut().zip(source).for_each(|(to, v)| *to += weight * v);
            } else {
                for to in pixel.iter_mut() {
                    *to += weight * fill;
                }
            }
        }
    }
}

fn cubic(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let outer = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
    let inner = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
    let (w0, w1, w2) = (outer(t + 1.0), inner(t), inner(1.0 - t));
    [w0, w1, w2, 1.0 - w0 - w1 - w2]
}
