//! Clicks and a box → tokens, and the places of the embedding (`PromptEncoder` of segment-anything).

use std::f32::consts::TAU;

use super::{GRID, SIDE, WIDTH};
use crate::Error;
use crate::diffusion::Loader;

/// One click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Click {
    /// Pixels of the encoder's square, from the left.
    pub x: f32,
    /// Pixels of the encoder's square, from the top.
    pub y: f32,
    /// Whether what is there is meant; else it is not.
    pub is_inside: bool,
}

/// What is meant: at least one click or a box.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// Clicks, in any order.
    pub clicks: Vec<Click>,
    /// Left, top, right and bottom of what is meant, in pixels of the encoder's square.
    pub bounds: Option<[f32; 4]>,
}

/// The encoder's weights.
pub(super) struct Prompts {
    /// `[2, 128]`: frequencies drawn once, at training.
    frequencies: Vec<f32>,
    /// Of a click outside, a click inside, a box's first corner and its second.
    kinds: [Vec<f32>; 4],
    no_click: Vec<f32>,
    no_mask: Vec<f32>,
}

impl Prompts {
    pub(super) fn load(loader: &Loader<'_>) -> Result<Self, Error> {
        let values = |name: &str, shape: &[usize]| {
            let weight = loader.checkpoint.weight(&format!("prompt_encoder.{name}"), shape)?;
            Ok::<_, Error>(weight.values().to_vec())
        };
        let kind = |index: usize| values(&format!("point_embeddings.{index}.weight"), &[1, WIDTH]);
        Ok(Self {
            frequencies: values("pe_layer.positional_encoding_gaussian_matrix", &[2, WIDTH / 2])?,
            kinds: [kind(0)?, kind(1)?, kind(2)?, kind(3)?],
            no_click: values("not_a_point_embed.weight", &[1, WIDTH])?,
            no_mask: values("no_mask_embed.weight", &[1, WIDTH])?,
        })
    }

    /// `[n, 256]`. Without a box, a token that is no click follows the clicks.
    pub(super) fn tokens(&self, prompt: &Prompt) -> Vec<f32> {
        let mut tokens = Vec::new();
        let mut push = |x: f32, y: f32, kind: &[f32]| {
            let place = self.place((x + 0.5) / SIDE as f32, (y + 0.5) / SIDE as f32);
            tokens.extend(place.zip(kind).map(|(place, kind)| place + kind));
        };
        for click in &prompt.clicks {
            push(click.x, click.y, &self.kinds[usize::from(click.is_inside)]);
        }
        if let Some([left, top, right, bottom]) = prompt.bounds {
            push(left, top, &self.kinds[2]);
            push(right, bottom, &self.kinds[3]);
        } else {
            tokens.extend(&self.no_click);
        }
        tokens
    }

    /// `[64, 64, 256]`: where each place of the embedding is.
    pub(super) fn grid(&self) -> Vec<f32> {
        let middle = |index: usize| (index as f32 + 0.5) / GRID as f32;
        let places = (0..GRID).flat_map(|y| (0..GRID).map(move |x| (middle(x), middle(y))));
        places.flat_map(|(x, y)| self.place(x, y)).collect()
    }

    /// What is added to the embedding where no mask is given.
    pub(super) fn no_mask(&self) -> &[f32] {
        &self.no_mask
    }

    /// A place as sines and cosines; `x` and `y` are shares of the square.
    fn place(&self, x: f32, y: f32) -> impl Iterator<Item = f32> {
        let (of_x, of_y) = self.frequencies.split_at(WIDTH / 2);
        let (x, y) = (2.0 * x - 1.0, 2.0 * y - 1.0);
        let angle = move |(a, b): (&f32, &f32)| TAU * (x * a + y * b);
        let angles = || of_x.iter().zip(of_y).map(angle);
        angles().map(f32::sin).chain(angles().map(f32::cos))
    }
}
