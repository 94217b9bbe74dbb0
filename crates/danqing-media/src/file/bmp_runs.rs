//! Run lengths of BMP (`BI_RLE8`, `BI_RLE4`).

use super::bmp::truncated;
use crate::Error;

/// One palette index per pixel, rows in stored order; pixels that the runs skip have index 0. Runs past a row's end are
/// cut, as other readers do.
pub(super) fn indices(data: &[u8], bits: usize, width: usize, height: usize) -> Result<Vec<u8>, Error> {
    let mut canvas = Canvas { indices: vec![0; width * height], width, x: 0, y: 0 };
    let mut bytes = data.iter().copied();
    let mut next = || bytes.next().ok_or_else(|| truncated("its run lengths have no end"));
    while canvas.y < height {
        match (next()?, next()?) {
            (0, 0) => canvas.new_line(),
            (0, 1) => break,
            (0, 2) => {
                let (right, up) = (next()?, next()?);
                canvas.x += usize::from(right);
                canvas.y += usize::from(up);
            }
            (0, count) => {
                let count = usize::from(count);
                let stored = (count * bits).div_ceil(8);
                let literal = (0..stored.next_multiple_of(2)).map(|_| next()).collect::<Result<Vec<u8>, Error>>()?;
                (0..count).for_each(|i| canvas.put(index(&literal, i, bits)));
            }
            (count, pair) => (0..usize::from(count)).for_each(|i| canvas.put(index(&[pair], i % (8 / bits), bits))),
        }
    }
    Ok(canvas.indices)
}

/// Index `i` of packed indices.
fn index(packed: &[u8], i: usize, bits: usize) -> u8 {
    let byte = packed[i * bits / 8];
    match (bits, i % 2) {
        (4, 0) => byte >> 4,
        (4, _) => byte & 15,
        _ => byte,
    }
}

struct Canvas {
    indices: Vec<u8>,
    width: usize,
    x: usize,
    y: usize,
}

impl Canvas {
    fn put(&mut self, index: u8) {
        if self.x < self.width
            && let Some(place) = self.indices.get_mut(self.y * self.width + self.x)
        {
            *place = index;
        }
        self.x += 1;
    }

    fn new_line(&mut self) {
        self.x = 0;
        self.y += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_literals_lines_and_jumps() {
        let eight = [3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 1, 9, 0, 1];
        // A run; a line; a literal, which does not end its line; a jump to the right and up; a run; the end.
        assert_eq!(indices(&eight, 8, 5, 3).expect("whole"), [7, 7, 7, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 9]);
        let four = [3, 0x12, 0, 0, 0, 3, 0x34, 0x50, 0, 1];
        assert_eq!(indices(&four, 4, 3, 2).expect("whole"), [1, 2, 1, 3, 4, 5]);
    }

    #[test]
    fn runs_without_end_are_truncated_and_long_ones_cut() {
        assert!(indices(&[3, 7], 8, 4, 1).is_err());
        assert_eq!(indices(&[9, 7, 0, 1], 8, 2, 2).expect("whole"), [7, 7, 0, 0]);
    }
}
