//! Where the picture stands on the larger canvas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::size::Ratio;

/// Where the picture stands when a ratio leaves room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// New room is shared equally.
    #[default]
    Center,
    /// The picture stands left: new room on the right.
    Left,
    /// The picture stands right: new room on the left.
    Right,
    /// The picture stands at the top: new room below.
    Top,
    /// The picture stands at the bottom: new room above.
    Bottom,
}

/// New pixels on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    /// Columns on the left.
    pub(super) left: usize,
    /// Columns on the right.
    pub(super) right: usize,
    /// Rows above.
    pub(super) top: usize,
    /// Rows below.
    pub(super) bottom: usize,
}

impl Sides {
    /// Smallest growth that gives a `width` × `height` picture the ratio; the picture is never cropped.
    #[must_use]
    pub(super) fn for_ratio(ratio: Ratio, anchor: Anchor, width: usize, height: usize) -> Self {
        let (a, b) = (ratio.width as usize, ratio.height as usize);
        let wide = rounded_quotient(height * a, b).max(width) - width;
        let high = if wide > 0 { 0 } else { rounded_quotient(width * b, a).max(height) - height };
        let (left, right) = split(wide, anchor, Anchor::Left, Anchor::Right);
        let (top, bottom) = split(high, anchor, Anchor::Top, Anchor::Bottom);
        Self { left, right, top, bottom }
    }

    /// Size of the canvas around a `width` × `height` picture.
    #[must_use]
    pub(super) fn canvas(&self, width: usize, height: usize) -> (usize, usize) {
        (self.left + width + self.right, self.top + height + self.bottom)
    }

    /// The picture's place on the canvas.
    #[cfg(test)]
    #[must_use]
    pub(super) fn place(&self, width: usize, height: usize) -> danqing_media::Rect {
        danqing_media::Rect::new(self.left, self.top, width, height)
    }

    /// Whether the same sides grow.
    pub(super) fn same_side(self, other: Self) -> bool {
        let grows = |s: Self| [s.left, s.right, s.top, s.bottom].map(|n| n > 0);
        grows(self) == grows(other)
    }

    /// Whether nothing grows.
    #[must_use]
    pub(super) fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

fn rounded_quotient(a: usize, b: usize) -> usize {
    (a + b / 2) / b
}

/// Room before and after the picture; `stands_first` and `stands_last` name the anchors that move it.
fn split(room: usize, anchor: Anchor, stands_first: Anchor, stands_last: Anchor) -> (usize, usize) {
    if anchor == stands_first {
        (0, room)
    } else if anchor == stands_last {
        (room, 0)
    } else {
        (room / 2, room - room / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(ratio: &str, anchor: Anchor, width: usize, height: usize) -> Sides {
        Sides::for_ratio(ratio.parse().expect("ratio"), anchor, width, height)
    }

    #[test]
    fn a_portrait_grows_sideways_to_four_by_three() {
        let grown = sides("4:3", Anchor::Center, 768, 1024);
        assert_eq!(grown, Sides { left: 298, right: 299, top: 0, bottom: 0 });
        assert_eq!(grown.canvas(768, 1024), (1365, 1024));
    }

    #[test]
    fn anchors_move_the_picture() {
        assert_eq!(sides("1:1", Anchor::Left, 10, 30), Sides { right: 20, ..Sides::default() });
        assert_eq!(sides("1:1", Anchor::Bottom, 30, 10), Sides { top: 20, ..Sides::default() });
        assert_eq!(sides("1:1", Anchor::Top, 10, 30), Sides { left: 10, right: 10, ..Sides::default() });
    }

    #[test]
    fn every_ratio_is_met_to_half_a_pixel_without_cropping() {
        for (width, height) in [(1, 1), (640, 427), (427, 640), (3840, 2160), (101, 20000)] {
            for ratio in ["1:1", "4:3", "3:4", "16:9", "9:16", "100:1"] {
                let r: Ratio = ratio.parse().expect("ratio");
                let s = sides(ratio, Anchor::Center, width, height);
                let (w, h) = s.canvas(width, height);
                let off = (w * r.height as usize).abs_diff(h * r.width as usize);
                assert!(off <= r.width.max(r.height) as usize, "{ratio} of {width}x{height} gave {w}x{h}");
                assert!(s.left + s.right == 0 || s.top + s.bottom == 0);
            }
        }
    }
}
