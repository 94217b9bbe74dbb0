//! `adjust`: an ordered, replayable list of edits of tone, colour, detail and geometry.
//!
//! A list without effect gives back the same samples, bit for bit; so do crops, flips and rotations by multiples of 90°.
//! Depth, alpha, ICC profile and metadata stay.

mod apply;
mod canvas;
mod check;
mod edit;
mod error;
mod params;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::Medium;

use self::canvas::Canvas;
pub use self::edit::{
    AutoWhiteBalance, Axis, Blur, BlurMethod, Brightness, Channel, Contrast, Corners, Crop, Curves, Denoise,
    DenoiseMethod, Edit, Exposure, Fit, Flip, Hsl, HueRange, Levels, NeutralPoint, Resize, ResizeMethod, Rotate,
    Saturation, Sharpen, Vibrance, Vignette, WhiteBalance,
};
pub use self::error::Error;
pub use self::params::Params;
use crate::ports;

/// Hand retouching without models.
#[derive(Clone, Copy, Debug, Default)]
pub struct Adjust;

impl Capability for Adjust {
    const ID: &'static str = "adjust";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Exposure, colour, detail and geometry by an ordered list of edits";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to adjust" }];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Adjusted picture" }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(&self, inputs: &Inputs<Medium>, params: Params, _progress: &mut Progress<'_>) -> Result<Params, Error> {
        let params = params.written_out()?;
        check::size_after(&params.edits, ports::picture(inputs)?.size())?;
        Ok(params)
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        check::size_after(&params.edits, picture.size())?;
        let total = params.edits.len();
        progress.step("edits", 0, total)?;
        let mut canvas = Canvas::new(picture.clone());
        for (i, edit) in params.edits.iter().enumerate() {
            apply::apply(&mut canvas, edit, progress)?;
            progress.step("edits", i + 1, total)?;
        }
        let adjusted = canvas.finish(progress.cancel_token())?;
        progress.cancel_token().check()?;
        let (width, height) = adjusted.size();
        let outputs = Outputs::one("picture", Medium::Picture(Arc::new(adjusted)));
        Ok(outputs.with_fact("edits", total).with_fact("width", width).with_fact("height", height))
    }
}
