//! Embedding and tokens → masks and how well they fit (`MaskDecoder` of segment-anything).

use danqing_nn::{
    Activation, ConvTranspose2d, ConvTranspose2dConfig, Engine, Epilogue, FeatureMap, LayerNorm, Linear, Shape,
    activate, add, matmul_transposed,
};

use super::prompt::Prompts;
use super::tiny_vit::gelu;
use super::two_way::{Seen, TwoWay};
use super::{GRID, Masks, WIDTH, norm_2d};
use crate::Error;
use crate::diffusion::Loader;

/// One for the prompt as a whole, three for its meanings.
const MASKS: usize = 4;
/// Channels after each of the two enlargements.
const FINE: [usize; 2] = [64, 32];

pub(super) struct Decoder {
    /// `[5, 256]`: one that asks for the quality, four that ask for masks.
    asking: Vec<f32>,
    transformer: TwoWay,
    enlarge: [ConvTranspose2d; 2],
    norm: LayerNorm,
    mask_heads: Vec<Perceptron>,
    quality_head: Perceptron,
}

impl Decoder {
    pub(super) fn load(loader: &Loader<'_>) -> Result<Self, Error> {
        let tokens = |name: &str, count: usize| {
            loader.checkpoint.weight(&format!("mask_decoder.{name}.weight"), &[count, WIDTH])
        };
        let enlarge = |index: usize, [inputs, outputs]: [usize; 2]| {
            let name = format!("mask_decoder.output_upscaling.{index}");
            let weight = loader.weight(&name, "weight", &[inputs, outputs, 2, 2])?;
            let bias = loader.weight(&name, "bias", &[outputs])?;
            let config = ConvTranspose2dConfig { stride: 2, ..ConvTranspose2dConfig::default() };
            Ok::<_, Error>(ConvTranspose2d::new(loader.engine, config, &weight, Some(&bias))?)
        };
        let head = |index: usize| {
            Perceptron::load(loader, &format!("mask_decoder.output_hypernetworks_mlps.{index}"), FINE[1])
        };
        Ok(Self {
            asking: [tokens("iou_token", 1)?.values(), tokens("mask_tokens", MASKS)?.values()].concat(),
            transformer: TwoWay::load(loader, "mask_decoder.transformer")?,
            enlarge: [enlarge(0, [WIDTH, FINE[0]])?, enlarge(3, FINE)?],
            norm: norm_2d(loader, "mask_decoder.output_upscaling.1", FINE[0])?,
            mask_heads: (0..MASKS).map(head).collect::<Result<_, _>>()?,
            quality_head: Perceptron::load(loader, "mask_decoder.iou_prediction_head", MASKS)?,
        })
    }

    /// `tokens` are those of the prompt, `[n, 256]`.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        embedding: &FeatureMap,
        prompts: &Prompts,
        tokens: &[f32],
    ) -> Result<Masks, Error> {
        let tokens = [&self.asking, tokens].concat();
        let count = tokens.len() / WIDTH;
        let tokens = FeatureMap::from_nhwc(engine, Shape::new(1, 1, count, WIDTH), tokens)?;
        let places = FeatureMap::from_nhwc(engine, Shape::new(1, GRID, GRID, WIDTH), prompts.grid())?;
        let no_mask = prompts.no_mask().repeat(GRID * GRID);
        let no_mask = FeatureMap::from_nhwc(engine, places.shape(), no_mask)?;
        let picture = add(engine, embedding, &no_mask)?;
        let (answers, picture) =
            self.transformer.forward(engine, Seen { tokens: &tokens, picture, places: &places })?;
        let fine = self.enlarge[0].forward(engine, &picture)?; // [1, 128, 128, 64]
        let fine = activate(engine, self.norm.forward(engine, &fine)?, &Activation::Gelu)?;
        let fine = self.enlarge[1].forward_with(engine, &fine, gelu())?; // [1, 256, 256, 32]
        let answer = |index: usize| {
            let values = answers.as_slice()?[index * WIDTH..][..WIDTH].to_vec();
            FeatureMap::from_nhwc(engine, Shape::new(1, 1, 1, WIDTH), values)
        };
        let mut looking_for = Vec::with_capacity(MASKS * FINE[1]);
        for (index, head) in self.mask_heads.iter().enumerate() {
            looking_for.extend(head.forward(engine, &answer(1 + index)?)?.to_nhwc()?);
        }
        let looking_for = FeatureMap::from_nhwc(engine, Shape::new(1, 1, MASKS, FINE[1]), looking_for)?;
        let logits = matmul_transposed(engine, &fine, &looking_for)?; // [1, 256, 256, 4]
        let qualities = self.quality_head.forward(engine, &answer(0)?)?.to_nhwc()?;
        let mut quality = [0.0; MASKS];
        quality.iter_mut().zip(qualities).for_each(|(slot, value)| *slot = value);
        Ok(Masks { logits, quality })
    }
}

/// `MLP` of three layers.
struct Perceptron([Linear; 3]);

impl Perceptron {
    fn load(loader: &Loader<'_>, name: &str, outputs: usize) -> Result<Self, Error> {
        let layer =
            |index: usize, outputs: usize| loader.linear(&format!("{name}.layers.{index}"), [WIDTH, outputs], true);
        Ok(Self([layer(0, WIDTH)?, layer(1, WIDTH)?, layer(2, outputs)?]))
    }

    fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let relu = || Epilogue::activation(Activation::Relu);
        let x = self.0[0].forward_with(engine, x, relu())?;
        let x = self.0[1].forward_with(engine, &x, relu())?;
        Ok(self.0[2].forward(engine, &x)?)
    }
}
