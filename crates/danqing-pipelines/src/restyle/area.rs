//! Where the picture is restyled.

use danqing_capability::CancelToken;
use danqing_media::{Mask, MaskSource, Picture};

use super::{Error, Params};
use crate::fill;

/// 255 = restyled, 0 = untouched, between = blended; white everywhere without a mask.
pub(super) fn coverage(
    mask: Option<&Picture>,
    params: &Params,
    picture: &Picture,
    cancel: &CancelToken,
) -> Result<Mask, Error> {
    let Some(mask) = mask else { return Ok(Mask::filled(picture.width, picture.height, 255)) };
    if mask.size() != picture.size() {
        return Err(Error::MaskSize { mask: mask.size(), picture: picture.size() });
    }
    let mut soft = mask.to_mask(MaskSource::Auto);
    if params.invert {
        soft.samples_mut().iter_mut().for_each(|v| *v = 255 - *v);
    }
    let marked = Mask::from_fn(picture.width, picture.height, |x, y, s| {
        s[0] = if soft.pixel(x, y)[0] >= 128 { 255 } else { 0 };
    });
    if marked.samples().iter().all(|&v| v == 0) {
        return Err(Error::EmptyMask);
    }
    Ok(fill::feathered(&marked, params.feather, cancel)?)
}
