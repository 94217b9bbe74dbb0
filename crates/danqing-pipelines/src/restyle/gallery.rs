//! `gallery`: the network of 26 styles.

use danqing_capability::Progress;
use danqing_media::{Raster, SrgbF32};
use danqing_models::stylizers::multistyle26::STYLES;
use danqing_nn::{FeatureMap, Shape};

use super::work::{MULTISTYLE26, Networks, Painted, Work};
use super::{Error, StyleShare, canvas};

/// Catalogue ids that a run needs.
pub(super) fn models() -> Vec<&'static str> {
    vec![MULTISTYLE26]
}

/// The picture in one style of the gallery, or a blend of several.
pub(super) fn painted(networks: &Networks, work: Work<'_>, progress: &mut Progress<'_>) -> Result<Painted, Error> {
    let cancel = progress.cancel_token().clone();
    let loaded = networks.multistyle26.get(&cancel)?;
    let engine = networks.multistyle26.engine().with_cancel(cancel.clone());
    let side = canvas::longer_side(work.content.size(), work.params);
    let seen = canvas::at_side(work.content, side, &cancel)?;
    let (width, height) = seen.size();
    let input = canvas::framed(&seen, 4);
    let shape = Shape::new(1, input.height(), input.width(), 3);
    let input = FeatureMap::from_nhwc(&engine, shape, input.into_samples())?; // [1, h, w, 3]
    let (mut done, total) = (0, loaded.network.layers());
    let made = loaded.network.forward_observed(&engine, &input, &shares(&work.params.styles), &mut |_, _| {
        done += 1;
        progress.step("paint", done, total).map_err(|stopped| danqing_nn::Error::from(stopped).into())
    })?;
    let made = Raster::<SrgbF32>::new(shape.width, shape.height, made.to_nhwc()?)?;
    let made = made.crop(danqing_media::Rect::new(0, 0, width, height));
    engine.reset_peak();
    let made = canvas::at_full_size(made, &seen, work.content, &cancel)?;
    let mut painted = Painted::new(made);
    painted.share = work.params.strength as f32;
    painted.weights.push(loaded.weights.clone());
    Ok(painted)
}

/// One share per style of the network; they add up to 1.
fn shares(styles: &[StyleShare]) -> [f32; STYLES] {
    let total: f64 = styles.iter().map(|share| share.weight).sum();
    let mut shares = [0.0; STYLES];
    for style in styles {
        if let Some(share) = style.index.and_then(|index| shares.get_mut(index)) {
            *share += (style.weight / total) as f32;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_stand_at_the_network_s_numbers() {
        let style = |index, weight| StyleShare { style: String::new(), weight, index: Some(index) };
        let shares = shares(&[style(3, 3.0), style(25, 1.0), style(3, 4.0)]);
        assert_eq!((shares[3], shares[25], shares.iter().sum::<f32>()), (0.875, 0.125, 1.0));
    }
}
