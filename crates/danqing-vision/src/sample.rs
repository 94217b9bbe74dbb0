//! Samples that filters compute on.

/// A sample that filters read as `f32` in its own range and write back rounded and clamped to it.
pub trait Sample: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// The value as a number, unscaled: `0..=255`, `0..=65535`, or itself.
    fn to_f32(self) -> f32;
    /// Nearest representable value, ties to even as OpenCV rounds; `f32` passes unchanged.
    fn from_f32(value: f32) -> Self;
}

impl Sample for u8 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }

    fn from_f32(value: f32) -> Self {
        nearest_even(value.clamp(0.0, 255.0)) as u8
    }
}

impl Sample for u16 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }

    fn from_f32(value: f32) -> Self {
        nearest_even(value.clamp(0.0, 65535.0)) as u16
    }
}

impl Sample for f32 {
    fn to_f32(self) -> f32 {
        self
    }

    fn from_f32(value: f32) -> Self {
        value
    }
}

/// Ties to even for `0 ≤ value < 2²²`, in two additions that vectorise on every x86.
fn nearest_even(value: f32) -> f32 {
    const MAGIC: f32 = 8_388_608.0;
    (value + MAGIC) - MAGIC
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_clamps_and_breaks_ties_to_even() {
        let rounded = [-3.0, 0.5, 1.5, 2.4999, 254.5, 300.0].map(<u8 as Sample>::from_f32);
        assert_eq!(rounded, [0, 0, 2, 2, 254, 255]);
        assert_eq!(<u16 as Sample>::from_f32(65534.5), 65534);
    }
}
