//! Colours where nothing is seen: what lies under transparency must not shine through at enlarged edges.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, ScalarF32, SrgbF32};

/// The picture with the colours of transparent places replaced by those of the nearest visible ones, ever wider: averages
/// of what is visible are pulled up a pyramid and pushed back down. Opaque pixels keep their bits.
pub(super) fn bled(
    picture: &Raster<SrgbF32>,
    alpha: &Raster<ScalarF32>,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Cancelled> {
    cancel.check()?;
    let (width, height) = picture.size();
    if alpha.samples().iter().all(|&a| a >= 1.0) || (width <= 1 && height <= 1) {
        return Ok(picture.clone());
    }
    let (half, covered) = halved(picture, alpha);
    let under = bled(&half, &covered, cancel)?;
    Ok(Raster::from_fn(width, height, |x, y, samples| {
        let share = alpha.pixel(x, y)[0];
        let (own, below) = (picture.pixel(x, y), under.pixel(x / 2, y / 2));
        for (sample, (own, below)) in samples.iter_mut().zip(own.iter().zip(below)) {
            *sample = if share >= 1.0 { *own } else { own * share + below * (1.0 - share) };
        }
    }))
}

/// Alpha where it is the same for two pixels around, else −1.
pub(super) fn even(alpha: &Raster<ScalarF32>) -> Raster<ScalarF32> {
    const AROUND: usize = 2;
    let (width, height) = alpha.size();
    Raster::from_fn(width, height, |x, y, samples| {
        let own = alpha.pixel(x, y)[0];
        let columns = x.saturating_sub(AROUND)..(x + AROUND + 1).min(width);
        let mut rows = y.saturating_sub(AROUND)..(y + AROUND + 1).min(height);
        let same = rows.all(|y| alpha.row(y)[columns.clone()].iter().all(|a| a.to_bits() == own.to_bits()));
        samples[0] = if same { own } else { -1.0 };
    })
}

/// Half the size: colours averaged by alpha, alpha itself full as soon as a quarter is seen.
fn halved(picture: &Raster<SrgbF32>, alpha: &Raster<ScalarF32>) -> (Raster<SrgbF32>, Raster<ScalarF32>) {
    let (width, height) = picture.size();
    let (w, h) = (width.div_ceil(2), height.div_ceil(2));
    let quarter = |x: usize, y: usize| {
        let all = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| (2 * x + dx, 2 * y + dy));
        all.into_iter().filter(|&(x, y)| x < width && y < height)
    };
    let covered = Raster::from_fn(w, h, |x, y, samples| {
        samples[0] = quarter(x, y).map(|(x, y)| alpha.pixel(x, y)[0]).sum::<f32>().min(1.0);
    });
    let half = Raster::from_fn(w, h, |x, y, samples| {
        let total: f32 = quarter(x, y).map(|(x, y)| alpha.pixel(x, y)[0]).sum();
        for (channel, sample) in samples.iter_mut().enumerate() {
            let sum: f32 = quarter(x, y).map(|(x, y)| alpha.pixel(x, y)[0] * picture.pixel(x, y)[channel]).sum();
            *sample = if total > 0.0 { sum / total } else { 0.0 };
        }
    });
    (half, covered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparent_places_take_the_colour_of_visible_ones_and_opaque_ones_keep_theirs() {
        let picture = Raster::<SrgbF32>::from_fn(40, 30, |x, _, s| {
            s.copy_from_slice(if x < 13 { &[0.9, 0.3, 0.1] } else { &[0.0, 1.0, 0.0] });
        });
        let alpha = Raster::<ScalarF32>::from_fn(40, 30, |x, _, s| s[0] = f32::from(u8::from(x < 13)));
        let made = bled(&picture, &alpha, &CancelToken::default()).expect("not cancelled");
        for pixel in made.samples().chunks(3) {
            assert!(pixel.iter().zip([0.9, 0.3, 0.1]).all(|(a, b)| (a - b).abs() < 1e-5), "{pixel:?}");
        }
        let nothing = Raster::filled(40, 30, 0.0);
        assert!(
            bled(&picture, &nothing, &CancelToken::default())
                .expect("not cancelled")
                .samples()
                .iter()
                .all(|v| *v < 0.01)
        );
    }
}
