//! Colour spaces as types: the space, range and sample of a [`crate::Raster`].

/// What the samples of a raster mean.
pub trait Space: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Type of one sample.
    type Sample: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static;
    /// Samples per pixel.
    const CHANNELS: usize;
    /// Name for messages.
    const NAME: &'static str;
}

macro_rules! spaces {
    ($($(#[$doc:meta])* $name:ident: $sample:ty, $channels:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $name {}

            impl Space for $name {
                type Sample = $sample;
                const CHANNELS: usize = $channels;
                const NAME: &'static str = stringify!($name);
            }
        )*
    };
}

spaces! {
    /// sRGB-encoded red, green, blue, `0..=255`.
    Srgb8: u8, 3;
    /// sRGB-encoded red, green, blue, `0.0..=1.0` (values outside are colours outside sRGB).
    SrgbF32: f32, 3;
    /// Linear light with sRGB primaries, `0.0..=1.0`.
    LinearF32: f32, 3;
    /// CIE L*a*b*, D65: L `0..=100`, a and b about `-128..=127`.
    LabF32: f32, 3;
    /// OKLab: L `0..=1`, a and b about `-0.4..=0.4`.
    OklabF32: f32, 3;
    /// Hue in degrees `0..360`, saturation and lightness `0..=1`, of sRGB-encoded values.
    HslF32: f32, 3;
    /// sRGB-encoded grey, `0..=255`.
    Gray8: u8, 1;
    /// sRGB-encoded grey, `0.0..=1.0`.
    GrayF32: f32, 1;
    /// How much a pixel may change: 0 = not at all, 255 = fully.
    Mask8: u8, 1;
    /// Any one number per pixel: coverage, distance, cost.
    ScalarF32: f32, 1;
}
