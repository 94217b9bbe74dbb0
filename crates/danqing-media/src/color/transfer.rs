//! The sRGB transfer curve, IEC 61966-2-1.

use std::sync::LazyLock;

use super::byte_from_unit;
use crate::{LinearF32, Raster, Srgb8, SrgbF32};

/// Linear light from an sRGB-encoded value; mirrored at zero for negative values.
#[inline]
#[must_use]
pub fn linear_from_encoded(value: f32) -> f32 {
    let size = value.abs();
    let linear = if size <= 0.040_45 { size / 12.92 } else { ((size + 0.055) / 1.055).powf(2.4) };
    linear.copysign(value)
}

/// sRGB-encoded value from linear light; mirrored at zero for negative values.
#[inline]
#[must_use]
pub fn encoded_from_linear(value: f32) -> f32 {
    let size = value.abs();
    let encoded = if size <= 0.003_130_8 { size * 12.92 } else { 1.055 * size.powf(1.0 / 2.4) - 0.055 };
    encoded.copysign(value)
}

static LINEAR_OF_BYTE: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|i| linear_from_encoded(i as f32 / 255.0)));

/// `0..=255` to `0.0..=1.0`, exactly `v / 255`.
#[must_use]
pub fn srgb_from_srgb8(image: &Raster<Srgb8>) -> Raster<SrgbF32> {
    let mut made = Raster::filled(image.width(), image.height(), 0.0);
    for (to, &from) in made.samples_mut().iter_mut().zip(image.samples()) {
        *to = f32::from(from) / 255.0;
    }
    made
}

/// Rounded to the nearest of 256 values and clamped: loses depth and colours outside sRGB.
#[must_use]
pub fn srgb8_from_srgb(image: &Raster<SrgbF32>) -> Raster<Srgb8> {
    let mut made = Raster::filled(image.width(), image.height(), 0);
    for (to, &from) in made.samples_mut().iter_mut().zip(image.samples()) {
        *to = byte_from_unit(from);
    }
    made
}

/// Linear light, in place.
#[must_use]
pub fn linear_from_srgb(mut image: Raster<SrgbF32>) -> Raster<LinearF32> {
    image.samples_mut().iter_mut().for_each(|v| *v = linear_from_encoded(*v));
    image.reinterpreted()
}

/// Linear light by table: equals [`linear_from_srgb`] of [`srgb_from_srgb8`], without its powers.
#[must_use]
pub fn linear_from_srgb8(image: &Raster<Srgb8>) -> Raster<LinearF32> {
    let table = &*LINEAR_OF_BYTE;
    let mut made = Raster::filled(image.width(), image.height(), 0.0);
    for (to, &from) in made.samples_mut().iter_mut().zip(image.samples()) {
        *to = table[usize::from(from)];
    }
    made
}

/// sRGB encoding, in place.
#[must_use]
pub fn srgb_from_linear(mut image: Raster<LinearF32>) -> Raster<SrgbF32> {
    image.samples_mut().iter_mut().for_each(|v| *v = encoded_from_linear(*v));
    image.reinterpreted()
}

/// sRGB encoding, rounded to the nearest of 256 values and clamped.
#[must_use]
pub fn srgb8_from_linear(image: &Raster<LinearF32>) -> Raster<Srgb8> {
    let mut made = Raster::filled(image.width(), image.height(), 0);
    for (to, &from) in made.samples_mut().iter_mut().zip(image.samples()) {
        *to = byte_from_unit(encoded_from_linear(from));
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::testing::{assert_near, colours};

    #[test]
    fn every_byte_survives_linear_light() {
        let bytes = Raster::<Srgb8>::new(256, 1, (0..=255).flat_map(|v| [v; 3]).collect()).expect("256 pixels");
        assert_eq!(srgb8_from_linear(&linear_from_srgb8(&bytes)), bytes);
        assert_eq!(srgb8_from_srgb(&srgb_from_srgb8(&bytes)), bytes);
        assert_eq!(linear_from_srgb8(&bytes), linear_from_srgb(srgb_from_srgb8(&bytes)));
    }

    #[test]
    fn middle_grey_is_where_the_standard_puts_it() {
        // IEC 61966-2-1: 0.5 encoded is 0.21404114 linear.
        assert_near(&[linear_from_encoded(0.5), linear_from_encoded(-0.5)], &[0.214_041_14, -0.214_041_14], 1e-6);
    }

    #[test]
    fn encoding_undoes_decoding_also_outside_the_range() {
        let colours = colours();
        let back = srgb_from_linear(linear_from_srgb(colours.clone()));
        assert_near(back.samples(), colours.samples(), 1e-5);
    }
}
