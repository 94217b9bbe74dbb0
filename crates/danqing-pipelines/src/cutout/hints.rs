//! What the user says about the subject: trimap, areas to keep and to remove.

use danqing_capability::Inputs;
use danqing_media::{Mask, MaskSource, Medium, Picture};
use danqing_vision::matting::{BACKGROUND, SUBJECT, UNKNOWN};

use super::Error;
use crate::ports;

/// Given masks, at the picture's size.
#[derive(Default)]
pub(super) struct Hints {
    pub(super) trimap: Option<Mask>,
    keep: Option<Mask>,
    remove: Option<Mask>,
}

impl Hints {
    pub(super) fn read(inputs: &Inputs<Medium>, picture: &Picture) -> Result<Self, Error> {
        let mask = |input: &'static str| match ports::optional_picture(inputs, input) {
            Some(mask) if mask.size() != picture.size() => {
                Err(Error::MaskSize { input, mask: mask.size(), picture: picture.size() })
            }
            mask => Ok(mask.map(|mask| mask.to_mask(MaskSource::Auto))),
        };
        Ok(Self { trimap: mask("trimap")?, keep: mask("keep")?, remove: mask("remove")? })
    }

    /// Whether anything is given.
    pub(super) fn is_empty(&self) -> bool {
        self.trimap.is_none() && self.keep.is_none() && self.remove.is_none()
    }

    /// Writes what is sure into a trimap of any size; a given trimap replaces it.
    pub(super) fn mark(&self, trimap: &mut Mask) {
        let (width, height) = trimap.size();
        for y in 0..height {
            for x in 0..width {
                let at = |mask: &Mask| mask.pixel(x * mask.width() / width, y * mask.height() / height)[0];
                let own = &mut trimap.pixel_mut(x, y)[0];
                if let Some(given) = &self.trimap {
                    *own = match at(given) {
                        0..=12 => BACKGROUND,
                        243.. => SUBJECT,
                        _ => UNKNOWN,
                    };
                }
                if self.keep.as_ref().is_some_and(|mask| at(mask) >= 128) {
                    *own = SUBJECT;
                }
                if self.remove.as_ref().is_some_and(|mask| at(mask) >= 128) {
                    *own = BACKGROUND;
                }
            }
        }
    }
}
