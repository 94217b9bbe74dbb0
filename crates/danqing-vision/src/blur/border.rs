//! What a filter reads beyond the border.

/// What a filter reads beyond the border of a picture `abcd`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Border {
    /// `dcb|abcd|cba`: OpenCV's default (`BORDER_REFLECT_101`), `SciPy`'s `mirror`.
    #[default]
    Reflect101,
    /// `cba|abcd|dcb`: OpenCV's `BORDER_REFLECT`, `SciPy`'s `reflect`.
    Reflect,
    /// `aaa|abcd|ddd`: OpenCV's `BORDER_REPLICATE`, `SciPy`'s `nearest`.
    Replicate,
}

impl Border {
    /// The index inside `0..len` that stands for `index`; `len` must not be 0.
    pub(crate) fn index(self, index: isize, len: usize) -> usize {
        let (i, len) = (index, len as isize);
        let inside = match self {
            Self::Replicate => i.clamp(0, len - 1),
            Self::Reflect101 if len == 1 => 0,
            Self::Reflect101 => {
                let turn = i.rem_euclid(2 * len - 2);
                turn.min(2 * len - 2 - turn)
            }
            Self::Reflect => {
                let turn = i.rem_euclid(2 * len);
                turn.min(2 * len - 1 - turn)
            }
        };
        inside as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_fold_back_however_far_outside() {
        let row = |border: Border| (-7..8).map(|i| border.index(i, 3)).collect::<Vec<_>>();
        assert_eq!(row(Border::Reflect101), [1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(row(Border::Reflect), [0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1].map(|i: usize| i).to_vec());
        assert_eq!(row(Border::Replicate), [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2]);
        assert_eq!(Border::Reflect101.index(-9, 1), 0);
    }
}
