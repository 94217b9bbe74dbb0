//! How many values networks of files have, before they are packed: what memory they will take follows from it.

use danqing_weights::{Dtype, TensorFile};

/// Values of tensors, by how they are kept in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Of kernels and matrices, which are packed in the engine's precision.
    pub products: usize,
    /// Of those, the ones that are 16 bit floats in their file: in `f32` they keep these bits.
    pub halves: usize,
    /// Of vectors and embeddings, which stay 32 bit floats.
    pub others: usize,
    /// Of the largest tensor, which lies beside them as 32 bit floats while it is packed.
    pub largest: usize,
}

impl Values {
    /// Of those tensors of a file that are read.
    pub(super) fn of(file: &TensorFile, is_read: impl Fn(&str) -> bool) -> Self {
        let mut values = Self::default();
        for entry in file.entries().iter().filter(|entry| is_read(&entry.name)) {
            let count = entry.elements();
            let is_product = entry.shape.iter().filter(|side| **side > 1).count() > 1 && !is_embedding(&entry.name);
            *(if is_product { &mut values.products } else { &mut values.others }) += count;
            values.halves += if is_product && entry.dtype == Dtype::F16 { count } else { 0 };
            values.largest = values.largest.max(count);
        }
        values
    }

    /// Of two networks.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            products: self.products + other.products,
            halves: self.halves + other.halves,
            others: self.others + other.others,
            largest: self.largest.max(other.largest),
        }
    }

    /// Where additions are merged into weights, which may then not be 16 bit floats any more.
    #[must_use]
    pub fn merged(self) -> Self {
        Self { halves: 0, ..self }
    }
}

/// Rows of a table that are looked up, not multiplied.
fn is_embedding(name: &str) -> bool {
    ["token_embedding.weight", "position_embedding.weight", "positional_embedding"]
        .iter()
        .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_and_matrices_are_told_from_vectors_and_embeddings() {
        let tensor = |name: &str, shape: &[usize]| (name.to_owned(), shape.to_vec(), vec![0.0; shape.iter().product()]);
        let file = TensorFile::from_f32([
            tensor("unet.conv.weight", &[4, 2, 3, 3]),
            tensor("unet.conv.bias", &[4]),
            tensor("unet.time_embedding.linear_1.weight", &[5, 3]),
            tensor("te.text_model.embeddings.token_embedding.weight", &[10, 3]),
            tensor("te.text_model.embeddings.position_embedding.weight", &[7, 3]),
            tensor("te.text_model.encoder.layers.0.mlp.fc1.weight", &[6, 3]),
        ])
        .unwrap();
        let unet = Values::of(&file, |name| name.starts_with("unet."));
        assert_eq!(unet, Values { products: 72 + 15, halves: 0, others: 4, largest: 72 });
        let text = Values::of(&file, |name| name.starts_with("te."));
        assert_eq!(text, Values { products: 18, halves: 0, others: 51, largest: 30 });
        assert_eq!(unet.with(text), Values { products: 105, halves: 0, others: 55, largest: 72 });
    }
}
