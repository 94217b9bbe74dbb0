//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Error;
use super::edit::{
    Blur, Brightness, Contrast, Denoise, Edit, Exposure, Resize, Rotate, Saturation, Sharpen, Vibrance, WhiteBalance,
};

/// Parameters of `adjust`: a list of edits, and short forms for the common ones.
///
/// Short forms become edits before the list, in the order rotate, white balance, exposure, brightness, contrast,
/// saturation, vibrance, denoise, blur, resize, sharpen; the recipe holds the list only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Edits in their order: `[{"edit":"exposure","stops":0.5},{"edit":"crop","x":0,"y":0,"width":640,"height":480}]`.
    #[schemars(extend("x-file" = "json"))]
    pub edits: Vec<Edit>,
    /// Short form: degrees clockwise, -360 to 360; corners are cropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -360.0, max = 360.0))]
    pub rotate: Option<f64>,
    /// Short form: -100 (cool) to 100 (warm).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -100.0, max = 100.0))]
    pub temperature: Option<f64>,
    /// Short form: -100 (green) to 100 (magenta).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -100.0, max = 100.0))]
    pub tint: Option<f64>,
    /// Short form: stops, -10 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -10.0, max = 10.0))]
    pub exposure: Option<f64>,
    /// Short form: -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1.0, max = 1.0))]
    pub brightness: Option<f64>,
    /// Short form: -1 to 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1.0, max = 4.0))]
    pub contrast: Option<f64>,
    /// Short form: -1 (grey) to 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1.0, max = 4.0))]
    pub saturation: Option<f64>,
    /// Short form: -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1.0, max = 1.0))]
    pub vibrance: Option<f64>,
    /// Short form: non-local means, noise as part of the range, 0 to 1 (0.03 is usual).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub denoise: Option<f64>,
    /// Short form: Gaussian, standard deviation in pixels, 0 to 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 200.0))]
    pub blur: Option<f64>,
    /// Short form: `1024x768` exactly, or `1024x` or `x768` with the aspect kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<String>,
    /// Short form: amount of the unsharp mask (radius 1 pixel), 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub sharpen: Option<f64>,
}

impl Params {
    /// Only the list.
    #[must_use]
    pub fn of_edits(edits: Vec<Edit>) -> Self {
        Self { edits, ..Self::default() }
    }

    /// The same with every short form written out as an edit.
    ///
    /// # Errors
    /// [`Error::SizeText`].
    pub(super) fn written_out(self) -> Result<Self, Error> {
        let has_balance = self.temperature.is_some() || self.tint.is_some();
        let balance = WhiteBalance { temperature: self.temperature.unwrap_or(0.0), tint: self.tint.unwrap_or(0.0) };
        let resize = self.resize.as_deref().map(size_from_text).transpose()?;
        let short = [
            self.rotate.map(|degrees| Edit::Rotate(Rotate { degrees, corners: super::edit::Corners::default() })),
            has_balance.then_some(Edit::WhiteBalance(balance)),
            self.exposure.map(|stops| Edit::Exposure(Exposure { stops })),
            self.brightness.map(|amount| Edit::Brightness(Brightness { amount })),
            self.contrast.map(|amount| Edit::Contrast(Contrast { amount })),
            self.saturation.map(|amount| Edit::Saturation(Saturation { amount })),
            self.vibrance.map(|amount| Edit::Vibrance(Vibrance { amount })),
            self.denoise.map(|strength| Edit::Denoise(Denoise { strength, ..Denoise::default() })),
            self.blur.map(|radius| Edit::Blur(Blur { radius, ..Blur::default() })),
            resize.map(Edit::Resize),
            self.sharpen.map(|amount| Edit::Sharpen(Sharpen { amount, ..Sharpen::default() })),
        ];
        Ok(Self::of_edits(short.into_iter().flatten().chain(self.edits).collect()))
    }
}

/// `1024x768`, `1024x`, `x768`.
fn size_from_text(text: &str) -> Result<Resize, Error> {
    let wrong = || Error::SizeText(text.to_owned());
    let (width, height) = text.trim().split_once(['x', 'X', '×']).ok_or_else(wrong)?;
    let side = |text: &str| match text.trim() {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| wrong()),
    };
    let (width, height) = (side(width)?, side(height)?);
    if width.is_none() && height.is_none() {
        return Err(wrong());
    }
    Ok(Resize { width, height, ..Resize::default() })
}
