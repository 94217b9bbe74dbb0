//! Grey of encoded values: Rec. 601 luma, as Pillow's `L` and OpenCV's `GRAY`.

use super::byte_from_unit;
use crate::{Gray8, GrayF32, Raster, Space, Srgb8, SrgbF32};

/// Rec. 601 luma of one pixel, equal to Pillow's `convert("L")` (16-bit fixed point).
#[inline]
pub(crate) fn luma(r: u32, g: u32, b: u32) -> u32 {
    ((u64::from(r) * 19_595 + u64::from(g) * 38_470 + u64::from(b) * 7_471 + 0x8000) >> 16) as u32
}

/// Rec. 601 luma in floating point: 0.299 R + 0.587 G + 0.114 B.
#[must_use]
pub fn gray_from_srgb(image: &Raster<SrgbF32>) -> Raster<GrayF32> {
    one_from_three(image, |p| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2])
}

/// Rec. 601 luma, bit-equal to Pillow's `convert("L")`.
#[must_use]
pub fn gray8_from_srgb8(image: &Raster<Srgb8>) -> Raster<Gray8> {
    one_from_three(image, |p| luma(u32::from(p[0]), u32::from(p[1]), u32::from(p[2])) as u8)
}

/// The same value in all three channels.
#[must_use]
pub fn srgb_from_gray(image: &Raster<GrayF32>) -> Raster<SrgbF32> {
    three_from_one(image)
}

/// The same value in all three channels.
#[must_use]
pub fn srgb8_from_gray8(image: &Raster<Gray8>) -> Raster<Srgb8> {
    three_from_one(image)
}

/// `0..=255` to `0.0..=1.0`, exactly `v / 255`.
#[must_use]
pub fn gray_from_gray8(image: &Raster<Gray8>) -> Raster<GrayF32> {
    let mut made = Raster::filled(image.width(), image.height(), 0.0);
    for (to, &from) in made.samples_mut().iter_mut().zip(image.samples()) {
        *to = f32::from(from) / 255.0;
    }
    made
}

/// Rounded to the nearest of 256 values and clamped.
#[must_use]
pub fn gray8_from_gray(image: &Raster<GrayF32>) -> Raster<Gray8> {
    let mut made = Raster::filled(image.width(), image.height(), 0);
    for (to, &from) in made.samples_mut().iter_mut().zip(image.samples()) {
        *to = byte_from_unit(from);
    }
    made
}

fn one_from_three<S: Space, T: Space>(image: &Raster<S>, value: impl Fn(&[S::Sample]) -> T::Sample) -> Raster<T> {
    let mut made = Raster::filled(image.width(), image.height(), T::Sample::default());
    for (to, from) in made.samples_mut().iter_mut().zip(image.samples().chunks_exact(3)) {
        *to = value(from);
    }
    made
}

fn three_from_one<S: Space, T: Space<Sample = S::Sample>>(image: &Raster<S>) -> Raster<T> {
    let mut made = Raster::filled(image.width(), image.height(), T::Sample::default());
    for (to, &from) in made.samples_mut().chunks_exact_mut(3).zip(image.samples()) {
        to.fill(from);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_weights_add_up_to_one() {
        for v in [0, 1, 127, 255, 65_535] {
            assert_eq!(luma(v, v, v), v);
        }
        assert_eq!(luma(255, 0, 0), 76);
        assert_eq!(luma(0, 255, 0), 150);
        assert_eq!(luma(0, 0, 255), 29);
    }

    #[test]
    fn grey_and_back_is_the_same() {
        let grey = Raster::<Gray8>::new(256, 1, (0..=255).collect()).expect("256 pixels");
        assert_eq!(gray8_from_srgb8(&srgb8_from_gray8(&grey)), grey);
        assert_eq!(gray8_from_gray(&gray_from_gray8(&grey)), grey);
    }
}
