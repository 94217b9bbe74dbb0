//! Tensors are views of storages: offset, shape and stride in elements.

use std::ops::Range;

use crate::Dtype;
use crate::containers::ParseError;
use crate::containers::limits::Budget;
use crate::containers::torch::NAME;
use crate::source::Source;
use crate::tensor::TensorBytes;

/// A view of a storage.
pub(super) struct Layout {
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) stride: Vec<usize>,
}

impl Layout {
    fn elements(&self) -> Option<usize> {
        Dtype::U8.bytes_of(&self.shape)
    }

    /// One more than the last element touched; `None` on overflow. 0 for a view without elements.
    fn end(&self) -> Option<usize> {
        if self.elements()? == 0 {
            return Some(0);
        }
        let mut last = self.offset;
        for (&side, &stride) in self.shape.iter().zip(&self.stride) {
            last = last.checked_add(stride.checked_mul(side - 1)?)?;
        }
        last.checked_add(1)
    }

    /// Whether elements lie in row-major order without gaps. Strides of dimensions of one element mean nothing.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.stride).rev().all(|(&side, &stride)| {
            let fits = side == 1 || stride == expected;
            expected *= side;
            fits
        })
    }
}

/// The view's bytes: a place in the file if they are contiguous, else gathered in row-major order.
pub(super) fn gather(
    file: &Source,
    storage: Range<usize>,
    dtype: Dtype,
    layout: &Layout,
    budget: &mut Budget,
) -> Result<TensorBytes, ParseError> {
    let size = dtype.size();
    let (elements, end) = checked(storage.len() / size, layout)?;
    if elements == 0 {
        return Ok(TensorBytes::Own(Vec::new()));
    }
    if layout.is_contiguous() {
        let start = storage.start + layout.offset * size;
        return Ok(TensorBytes::File(start..start + elements * size));
    }
    budget.take(elements.saturating_mul(size))?;
    let data = file.read(storage.start..storage.start + end * size)?;
    let mut out = Vec::with_capacity(elements * size);
    let mut index = vec![0; layout.shape.len()];
    let mut position = layout.offset;
    for _ in 0..elements {
        out.extend_from_slice(&data[position * size..(position + 1) * size]);
        advance(&mut index, &mut position, layout);
    }
    Ok(TensorBytes::Own(out))
}

/// Number of elements and the end of the view, in elements of its storage.
fn checked(available: usize, layout: &Layout) -> Result<(usize, usize), ParseError> {
    let same_rank = layout.shape.len() == layout.stride.len();
    match layout.elements().zip(layout.end()) {
        Some((elements, end)) if same_rank && end <= available => Ok((elements, end)),
        _ => {
            let Layout { offset, shape, stride } = layout;
            let what = format!(
                "a view with offset {offset}, shape {shape:?} and stride {stride:?} does not fit its storage of {available} elements"
            );
            Err(ParseError::malformed(NAME, what))
        }
    }
}

/// To the next element in row-major order.
fn advance(index: &mut [usize], position: &mut usize, layout: &Layout) {
    for axis in (0..index.len()).rev() {
        index[axis] += 1;
        // A dimension of one element may have any stride: it is added and taken away again.
        *position = position.wrapping_add(layout.stride[axis]);
        if index[axis] < layout.shape[axis] {
            return;
        }
        *position = position.wrapping_sub(layout.stride[axis].wrapping_mul(layout.shape[axis]));
        index[axis] = 0;
    }
}
