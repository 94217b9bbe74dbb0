//! Where everything stands, in pixels of the sheet.

/// Pixels per row of the sheet.
pub(crate) const WIDTH: usize = 2800;
/// Empty border left and right.
pub(crate) const MARGIN: usize = 130;
/// Height of the heading above the first row.
pub(crate) const HEADING: usize = 350;
/// Between the two pictures of a pair.
pub(crate) const INNER_GAP: usize = 14;
/// Between two pairs of a row.
pub(crate) const OUTER_GAP: usize = 76;
/// Between the pictures of one row and those of the next, with the captions.
pub(crate) const CAPTION: usize = 172;
/// Below the last captions.
pub(crate) const FOOT: usize = 46;

/// One picture pair's place: the two pictures have the same size and stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Left edge of "before".
    pub(crate) x: usize,
    /// Top edge of both.
    pub(crate) y: usize,
    /// Width of each picture.
    pub(crate) width: usize,
    /// Height of each picture.
    pub(crate) height: usize,
}

impl Place {
    /// Left edge of "after".
    pub(crate) fn after(&self) -> usize {
        self.x + self.width + INNER_GAP
    }
}

/// Places for rows of pairs whose pictures have these aspects (width / height), and the height of the sheet. Every row
/// fills the width between the margins.
pub(crate) fn placed(rows: &[Vec<f64>]) -> (Vec<Vec<Place>>, usize) {
    let mut top = HEADING;
    let mut places = Vec::new();
    for aspects in rows {
        let row = row_at(top, aspects);
        top += row.first().map_or(0, |place| place.height) + CAPTION;
        places.push(row);
    }
    (places, top + FOOT)
}

/// One row: the height at which all pairs and gaps are as wide as the sheet's inner width.
fn row_at(top: usize, aspects: &[f64]) -> Vec<Place> {
    let pairs = aspects.len();
    let gaps = pairs * INNER_GAP + pairs.saturating_sub(1) * OUTER_GAP;
    let free = (WIDTH - 2 * MARGIN).saturating_sub(gaps) as f64;
    let height = (free / (2.0 * aspects.iter().sum::<f64>()).max(f64::MIN_POSITIVE)).min(640.0);
    let mut left = MARGIN;
    let mut row = Vec::with_capacity(pairs);
    for aspect in aspects {
        let width = ((height * aspect).round() as usize).max(1);
        row.push(Place { x: left, y: top, width, height: (height.round() as usize).max(1) });
        left += 2 * width + INNER_GAP + OUTER_GAP;
    }
    row
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_stay_between_the_margins(aspects in prop::collection::vec(0.3f64..4.0, 1..4)) {
            let (places, height) = placed(&[aspects.clone(), aspects]);
            for row in &places {
                let last = row.last().unwrap();
                prop_assert!(last.after() + last.width <= WIDTH - MARGIN + 2 * row.len());
                prop_assert!(row.windows(2).all(|two| two[0].after() + two[0].width < two[1].x));
            }
            prop_assert_eq!(height, places[1][0].y + places[1][0].height + CAPTION + FOOT);
        }
    }

    #[test]
    fn a_sheet_without_rows_has_its_heading() {
        assert_eq!(placed(&[]), (vec![], HEADING + FOOT));
    }
}
