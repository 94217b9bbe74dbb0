//! What each edit does.

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::{Raster, Rect, Space, SrgbF32};
use danqing_vision::denoise::{NonLocalMeans, non_local_means};
use danqing_vision::geometry::rotated;
use danqing_vision::resize::resized;
use danqing_vision::{blur, tone};

use super::Error;
use super::canvas::{Canvas, Resampling};
use super::check::{points, quarter_turns, rotated_size, scaled_size, turn_of};
use super::edit::{
    Blur, BlurMethod, Curves, Denoise, DenoiseMethod, Edit, Fit, Hsl, Levels, NeutralPoint, Resize, Rotate,
};

/// Runs one checked edit.
pub(super) fn apply(canvas: &mut Canvas, edit: &Edit, progress: &mut Progress<'_>) -> Result<(), Error> {
    let cancel = &progress.cancel_token().clone();
    match edit {
        Edit::Denoise(e) => {
            let colours = canvas.colours(cancel)?;
            *colours = denoised(colours, e, progress)?;
        }
        Edit::Crop(e) => canvas.crop(Rect::new(e.x, e.y, e.width, e.height)),
        Edit::Flip(e) => canvas.turn(e.axis.into(), cancel)?,
        Edit::Rotate(e) => rotate(canvas, e, cancel)?,
        Edit::Resize(e) => resize(canvas, e, cancel)?,
        Edit::AutoWhiteBalance(e) => {
            let colours = canvas.colours(cancel)?;
            let gains = tone::grey_world_gains(colours, cancel)?.map(|gain| gain.powf(e.strength as f32));
            tone::balanced(colours, gains, cancel)?;
        }
        Edit::NeutralPoint(e) => {
            let colours = canvas.colours(cancel)?;
            let gains = tone::neutral_gains(colours, square(e), cancel)?;
            tone::balanced(colours, gains, cancel)?;
        }
        other => in_colour(canvas.colours(cancel)?, other, cancel)?,
    }
    Ok(())
}

/// Edits of colours alone.
fn in_colour(colours: &mut Raster<SrgbF32>, edit: &Edit, cancel: &CancelToken) -> Result<(), Cancelled> {
    match edit {
        Edit::Exposure(e) => tone::balanced(colours, [(e.stops as f32).exp2(); 3], cancel),
        Edit::WhiteBalance(e) => {
            let gains = tone::balance_gains(e.temperature as f32 / 100.0, e.tint as f32 / 100.0);
            tone::balanced(colours, gains, cancel)
        }
        Edit::Vignette(e) => {
            let vignette = tone::Vignette { stops: e.stops as f32, start: e.start as f32 };
            tone::vignetted(colours, &vignette, cancel)
        }
        Edit::Brightness(e) => {
            let amount = e.amount as f32;
            tone::each_pixel(colours, cancel, |rgb| rgb.map(|v| v + amount))
        }
        Edit::Contrast(e) => {
            let factor = 1.0 + e.amount as f32;
            tone::each_pixel(colours, cancel, |rgb| rgb.map(|v| 0.5 + (v - 0.5) * factor))
        }
        Edit::Curves(e) => curves(colours, e, cancel),
        Edit::Levels(e) => levels(colours, e, cancel),
        Edit::Hsl(e) => tone::hue_shifted(colours, &hue_shift(e), cancel),
        Edit::Saturation(e) => tone::saturated(colours, 1.0 + e.amount as f32, cancel),
        Edit::Vibrance(e) => tone::vibrant(colours, e.amount as f32, cancel),
        Edit::Sharpen(e) => tone::unsharp_masked(colours, e.radius as f32, e.amount as f32, cancel),
        Edit::Blur(e) => {
            *colours = blurred(colours, e, cancel)?;
            Ok(())
        }
        _ => Ok(()), // the rest is handled by `apply`
    }
}

fn square(point: &NeutralPoint) -> Rect {
    let (x, y) = (point.x.saturating_sub(point.radius), point.y.saturating_sub(point.radius));
    Rect::new(x, y, point.x + point.radius + 1 - x, point.y + point.radius + 1 - y)
}

fn curves(colours: &mut Raster<SrgbF32>, edit: &Curves, cancel: &CancelToken) -> Result<(), Cancelled> {
    let Ok(curve) = tone::Curve::through(&points(&edit.points)) else { return Ok(()) }; // refused by `check`
    tone::each_pixel(colours, cancel, |rgb| {
        std::array::from_fn(|i| if edit.channel.includes(i) { curve.at(rgb[i]) } else { rgb[i] })
    })
}

fn levels(colours: &mut Raster<SrgbF32>, edit: &Levels, cancel: &CancelToken) -> Result<(), Cancelled> {
    let [in_black, in_white, out_black, out_white] =
        [edit.in_black, edit.in_white, edit.out_black, edit.out_white].map(|v| v as f32);
    let exponent = 1.0 / edit.gamma as f32;
    let level = |v: f32| {
        let t = ((v - in_black) / (in_white - in_black)).clamp(0.0, 1.0);
        out_black + (out_white - out_black) * t.powf(exponent)
    };
    tone::each_pixel(colours, cancel, |rgb| {
        std::array::from_fn(|i| if edit.channel.includes(i) { level(rgb[i]) } else { rgb[i] })
    })
}

fn hue_shift(edit: &Hsl) -> tone::HueShift {
    let [hue, saturation, lightness] = [edit.hue, edit.saturation, edit.lightness].map(|v| v as f32);
    tone::HueShift { range: edit.range.into(), hue, saturation, lightness }
}

fn blurred(colours: &Raster<SrgbF32>, edit: &Blur, cancel: &CancelToken) -> Result<Raster<SrgbF32>, Cancelled> {
    let whole = edit.radius.round() as usize;
    match edit.method {
        BlurMethod::Gaussian => blur::gaussian(colours, edit.radius as f32, cancel),
        BlurMethod::Box => blur::boxed(colours, whole, cancel),
        BlurMethod::Median => blur::median(colours, whole, cancel),
    }
}

fn denoised(
    colours: &Raster<SrgbF32>,
    edit: &Denoise,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let strength = edit.strength as f32;
    match edit.method {
        DenoiseMethod::NonLocalMeans => non_local_means(colours, &NonLocalMeans::with_strength(strength), progress),
        DenoiseMethod::Bilateral => blur::bilateral(colours, 4, strength, 3.0, progress.cancel_token()),
    }
}

fn rotate(canvas: &mut Canvas, edit: &Rotate, cancel: &CancelToken) -> Result<(), Error> {
    if let Some(quarters) = quarter_turns(edit.degrees) {
        if let Some(turn) = turn_of(quarters) {
            canvas.turn(turn, cancel)?;
        }
        return Ok(());
    }
    let size = rotated_size(edit, canvas.size());
    canvas.resample(&Rotation { degrees: edit.degrees, size }, cancel)
}

fn resize(canvas: &mut Canvas, edit: &Resize, cancel: &CancelToken) -> Result<(), Error> {
    let size = scaled_size(edit, canvas.size());
    if size != canvas.size() {
        canvas.resample(&Scaling { method: edit.method.into(), size }, cancel)?;
    }
    if let (Fit::Cover, Some(width), Some(height)) = (edit.fit, edit.width, edit.height) {
        canvas.crop(Rect::new((size.0 - width) / 2, (size.1 - height) / 2, width, height));
    }
    Ok(())
}

struct Rotation {
    degrees: f64,
    size: (usize, usize),
}

impl Resampling for Rotation {
    fn size(&self) -> (usize, usize) {
        self.size
    }

    fn resample<S: Space<Sample = f32>>(&self, from: &Raster<S>, cancel: &CancelToken) -> Result<Raster<S>, Cancelled> {
        rotated(from, self.degrees, self.size, 0.0, cancel)
    }
}

struct Scaling {
    method: danqing_vision::resize::Method,
    size: (usize, usize),
}

impl Resampling for Scaling {
    fn size(&self) -> (usize, usize) {
        self.size
    }

    fn resample<S: Space<Sample = f32>>(&self, from: &Raster<S>, cancel: &CancelToken) -> Result<Raster<S>, Cancelled> {
        resized(from, self.size.0, self.size.1, self.method, cancel)
    }
}
