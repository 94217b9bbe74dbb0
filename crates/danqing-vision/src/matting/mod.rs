//! Opacity and colour of a subject: trimap, closed-form matting, guided filter, foreground colours.
//!
//! What a pixel shows is `alpha · foreground + (1 − alpha) · background`, in sRGB-encoded values, as browsers and image
//! editors lay one picture over another.

mod closed_form;
mod foreground;
mod guided;
mod trimap;
mod window;

pub use closed_form::{Options, closed_form};
pub use foreground::{Layers, foreground_and_background};
pub use guided::{GuidedCoefficients, guided_coefficients, guided_filter};
pub use trimap::{BACKGROUND, SUBJECT, UNKNOWN, trimap_from_mask};
