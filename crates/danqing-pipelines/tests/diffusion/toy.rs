//! A toy whose optimum is known, so that the whole loop can be seen doing the right thing: an autoencoder whose latent is the
//! mean colour of 8×8 pixels, and denoisers that answer with one colour, with the picture beside the latent inverted, or with
//! its colours carried on into the hole.
//!
//! Its weights are made here. Normalisation over all channels hardly sees the colours, because two channels hold ±1000; and
//! the activation after it is straight, because its input is moved up to 30.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use danqing_media::{Channels, Picture, Samples};
use danqing_models::denoisers::unet::{Unet, UnetConfig};
use danqing_models::diffusion::TensorShape;
use danqing_models::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use danqing_models::text_encoders::clip::{ClipText, ClipTextConfig};
use danqing_pipelines::diffusion::Settings;
use danqing_pipelines::edit::{Edit, Params};
use danqing_pipelines::erase::Rectangle;
use danqing_pipelines::reimagine::{self, Reimagine};
use serde_json::json;

use crate::tiny::{self, Outcome};
use crate::{bytes, checkpoints, engine, inputs, pictures, run};

/// Channels of every level.
const WIDTH: usize = 8;
/// Colours stand in the first three; this one stays 0, so that what normalisation takes away can be told.
const ZERO: usize = 3;
/// Of [`Toy::Continued`]: the mask, and what keeps the mean of all channels at 0.
const MASK: usize = 4;
const BALANCE: usize = 5;
/// These two hold ± [`LARGE`].
const REFERENCES: [usize; 2] = [6, 7];
const LARGE: f32 = 1000.0;
/// Standard deviation of eight channels of which two are ±1000.
const DEVIATION: f32 = LARGE / 2.0;
const STRAIGHT: f32 = 30.0;

/// What the denoiser answers.
#[derive(Clone, Copy)]
pub(crate) enum Toy {
    /// This colour, −1..1, everywhere.
    Colour([f32; 3]),
    /// The picture beside the latent, inverted.
    Inverted,
    /// The masked picture beside the latent, and in the hole what stands one pixel of the latent farther right.
    Continued,
}

/// Tensors of one network, all 0 until set.
struct Network(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Network {
    fn new(shapes: Vec<TensorShape>) -> Self {
        let zeros = |shape: Vec<usize>| (shape.clone(), vec![0.0; shape.iter().product()]);
        Self(shapes.into_iter().map(|(name, shape)| (name, zeros(shape))).collect())
    }

    fn bias(&mut self, name: &str, channel: usize, value: f32) {
        self.0.get_mut(&format!("{name}.bias")).expect(name).1[channel] = value;
    }

    /// Weight of a convolution from channel `from` to `to` at a place of its kernel.
    fn tap(&mut self, name: &str, (from, to): (usize, usize), (row, column): (usize, usize), value: f32) {
        let (shape, values) = self.0.get_mut(&format!("{name}.weight")).expect(name);
        let side = shape.get(2).copied().unwrap_or(1);
        values[((to * shape[1] + from) * side + row) * side + column] = value;
    }

    /// Colours and references pass as they are.
    fn pass(&mut self, name: &str, first: usize, middle: usize) {
        (0..WIDTH).for_each(|channel| self.tap(name, (first + channel, channel), (middle, middle), 1.0));
    }

    /// Colours from inputs `first` on, and the references.
    fn enter(&mut self, name: &str, first: usize) {
        (0..3).for_each(|channel| self.tap(name, (first + channel, channel), (1, 1), 1.0));
        self.bias(name, REFERENCES[0], LARGE);
        self.bias(name, REFERENCES[1], -LARGE);
    }

    /// A residual block that adds, where the mask is 1, the colours one pixel farther right. Its second activation is the
    /// gate: colours are moved up by 4 where the mask is 1 and down by 4 elsewhere, where nothing of them is left.
    fn carry_on(&mut self, block: &str) {
        const GATE: f32 = 4.0;
        const STEEP: f32 = 30.0;
        let (first, second) = (format!("{block}.conv1"), format!("{block}.conv2"));
        self.straight(&format!("{block}.norm1"), 0..WIDTH);
        for colour in 0..3 {
            self.tap(&first, (colour, colour), (1, 2), 1.0);
            self.tap(&first, (ZERO, colour), (1, 2), -1.0);
            self.tap(&first, (colour, BALANCE), (1, 2), -1.0);
            self.tap(&first, (MASK, colour), (1, 1), 2.0 * GATE);
            self.tap(&first, (ZERO, colour), (1, 1), -2.0 * GATE);
            self.bias(&first, colour, -GATE);
        }
        self.tap(&first, (ZERO, BALANCE), (1, 2), 3.0);
        for (to, times) in [(MASK, 1.0), (BALANCE, -1.0 - 6.0 * GATE)] {
            self.tap(&first, (MASK, to), (1, 1), times);
            self.tap(&first, (ZERO, to), (1, 1), -times);
        }
        self.bias(&first, BALANCE, 3.0 * GATE);
        self.bias(&first, REFERENCES[0], LARGE);
        self.bias(&first, REFERENCES[1], -LARGE);
        let gate = format!("{block}.norm2");
        self.straight(&gate, ZERO..MASK + 1);
        self.0.get_mut(&format!("{gate}.weight")).expect("a norm").1[..3].fill(DEVIATION * STEEP);
        for colour in 0..3 {
            self.tap(&second, (colour, colour), (1, 1), 1.0 / STEEP);
            self.tap(&second, (MASK, colour), (1, 1), -GATE);
            self.tap(&second, (ZERO, colour), (1, 1), GATE);
        }
    }

    /// A norm whose channels come out as they went in, moved up to where the activation is straight.
    fn straight(&mut self, norm: &str, channels: std::ops::Range<usize>) {
        self.0.get_mut(&format!("{norm}.weight")).expect(norm).1[channels.clone()].fill(DEVIATION);
        self.0.get_mut(&format!("{norm}.bias")).expect(norm).1[channels].fill(STRAIGHT);
    }

    /// The norm and the convolution at the end: `factor` times the colours.
    fn leave(&mut self, norm: &str, conv: &str, factor: f32) {
        self.straight(norm, 0..WIDTH);
        for channel in 0..3 {
            self.tap(conv, (channel, channel), (1, 1), factor);
            self.tap(conv, (ZERO, channel), (1, 1), -factor);
        }
    }

    fn written(self, folder: &Path, file: &str, config: &serde_json::Value) -> Outcome {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("config.json"), config.to_string())?;
        let tensors = self.0.into_iter().map(|(name, (shape, values))| (name, shape, values));
        tiny::write(&folder.join(file), tensors.collect())
    }
}

impl Toy {
    /// A diffusers folder.
    pub(crate) fn folder(self, folder: &Path) -> Outcome<PathBuf> {
        let root = folder.join("toy");
        let file = "diffusion_pytorch_model.safetensors";
        self.unet()?.written(
            &root.join("unet"),
            file,
            &json!({"in_channels": self.inputs(), "layers_per_block": 1, "block_out_channels": [WIDTH, WIDTH],
                "cross_attention_dim": WIDTH, "attention_head_dim": 1, "norm_num_groups": 1,
                "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"]}),
        )?;
        autoencoder()?.written(
            &root.join("vae"),
            file,
            &json!({"block_out_channels": vec![WIDTH; 4], "layers_per_block": 1, "scaling_factor": 1.0, "norm_num_groups": 1}),
        )?;
        let text = ClipText::tensors(&engine(1)?, text_config())?;
        Network::new(text).written(
            &root.join("text_encoder"),
            "model.safetensors",
            &json!({"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_attention_heads": 1, "num_hidden_layers": 1}),
        )?;
        std::fs::create_dir_all(root.join("scheduler"))?;
        std::fs::write(root.join("scheduler/scheduler_config.json"), json!({"prediction_type": "sample"}).to_string())?;
        Ok(root)
    }

    fn inputs(self) -> usize {
        match self {
            Self::Colour(_) => 4,
            Self::Inverted => 8,
            Self::Continued => 9,
        }
    }

    /// The picture beside the latent goes past all levels through the skip connections.
    fn unet(self) -> Outcome<Network> {
        let config = UnetConfig {
            in_channels: self.inputs(),
            channels: vec![WIDTH; 2],
            heads: vec![1, 0],
            middle_heads: 1,
            layers: 1,
            context: WIDTH,
            groups: 1,
            ..UnetConfig::sd1()
        };
        let mut made = Network::new(Unet::tensors(&engine(1)?, config)?);
        match self {
            Self::Colour(colour) => (0..3).for_each(|channel| made.bias("conv_out", channel, colour[channel])),
            Self::Inverted => {
                made.enter("conv_in", 4);
                for (level, layer) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    made.pass(&format!("up_blocks.{level}.resnets.{layer}.conv_shortcut"), WIDTH, 0);
                }
                made.leave("conv_norm_out", "conv_out", -1.0);
            }
            Self::Continued => {
                made.enter("conv_in", 5);
                made.tap("conv_in", (4, MASK), (1, 1), 1.0);
                made.carry_on("down_blocks.0.resnets.0");
                made.pass("up_blocks.1.resnets.0.conv_shortcut", WIDTH, 0);
                made.pass("up_blocks.1.resnets.1.conv_shortcut", 0, 0);
                made.leave("conv_norm_out", "conv_out", 1.0);
            }
        }
        Ok(made)
    }
}

fn text_config() -> ClipTextConfig {
    ClipTextConfig { channels: WIDTH, inner: WIDTH, heads: 1, layers: 1, ..ClipTextConfig::sd1() }
}

/// Means of 2×2 pixels three times on the way in, nearest neighbours three times on the way out.
fn autoencoder() -> Outcome<Network> {
    let usual = AutoencoderKlConfig::sd();
    let config = AutoencoderKlConfig { channels: vec![WIDTH; 4], layers: 1, groups: 1, scaling_factor: 1.0, ..usual };
    let mut made = Network::new(AutoencoderKl::tensors(&engine(1)?, config)?);
    made.enter("encoder.conv_in", 0);
    for level in 0..3 {
        let name = format!("encoder.down_blocks.{level}.downsamplers.0.conv");
        for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            (0..3).for_each(|channel| made.tap(&name, (channel, channel), (row, column), 0.25));
        }
        for channel in REFERENCES {
            made.tap(&name, (channel, channel), (0, 0), 1.0);
        }
        made.pass(&format!("decoder.up_blocks.{level}.upsamplers.0.conv"), 0, 1);
    }
    made.leave("encoder.conv_norm_out", "encoder.conv_out", 1.0);
    (0..8).for_each(|channel| made.tap("quant_conv", (channel, channel), (0, 0), 1.0));
    (0..4).for_each(|channel| made.tap("post_quant_conv", (channel, channel), (0, 0), 1.0));
    made.enter("decoder.conv_in", 0);
    made.leave("decoder.conv_norm_out", "decoder.conv_out", 1.0);
    Ok(made)
}

/// Two colours over each other, in squares of the latent.
fn checked() -> Picture {
    let samples = (0..96 * 64 * 3).map(|at| {
        let (x, y, channel) = (at / 3 % 96, at / 3 / 96, at % 3);
        if (x / 8 + y / 8) % 2 == 0 { [200, 60, 20][channel] } else { [40, 120, 210][channel] }
    });
    Picture::new(96, 64, Channels::Rgb, Samples::U8(samples.collect())).expect("as many samples as pixels")
}

fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let at = (y * picture.width + x) * 3;
    bytes(picture)[at..at + 3].try_into().expect("three")
}

fn near(actual: [u8; 3], expected: [u8; 3]) -> bool {
    actual.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1)
}

#[test]
fn the_autoencoder_is_the_mean_of_squares_and_back() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([0.0; 3]).folder(folder.path())?);
    let before = checked();
    // One step at the lowest noise: what stands outside the hole comes back through the autoencoder.
    let settings = Settings { model, steps: 50, strength: 0.01, sampler: "euler".into(), ..Settings::default() };
    let rectangles = vec![Rectangle { x: 0, y: 0, width: 8, height: 8 }];
    let params = Params { settings, rectangles, feather: 64, colour_match: false, ..Params::default() };
    let (_, outputs) = run(&Edit::of(checkpoints(1)?), &inputs(Some(&before)), params)?;
    let made = pictures(&outputs)[0];
    assert!(near(pixel(made, 4, 4), [128; 3]), "{:?}", pixel(made, 4, 4));
    for (x, y) in [(12, 4), (20, 12), (40, 8), (4, 20)] {
        assert!(near(pixel(made, x, y), pixel(&before, x, y)), "{x},{y}: {:?}", pixel(made, x, y));
    }
    Ok(())
}

#[test]
fn edit_fills_the_mask_with_what_the_denoiser_wants_and_nothing_else() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([-0.8, 0.6, -0.2]).folder(folder.path())?);
    let (edit, before) = (Edit::of(checkpoints(1)?), checked());
    let hole = Rectangle { x: 21, y: 13, width: 40, height: 30 };
    for sampler in ["euler", "dpmpp_2m", "euler a", "uni_pc"] {
        let settings = Settings { model: model.clone(), steps: 6, sampler: sampler.into(), ..Settings::default() };
        let params = Params { settings, rectangles: vec![hole], feather: 0, colour_match: false, ..Params::default() };
        let (_, outputs) = run(&edit, &inputs(Some(&before)), params)?;
        let made = pictures(&outputs)[0];
        for y in 0..64 {
            for x in 0..96 {
                let is_inside = (21..61).contains(&x) && (13..43).contains(&y);
                let expected = if is_inside { [26, 204, 102] } else { pixel(&before, x, y) };
                let is_fine = if is_inside { near(pixel(made, x, y), expected) } else { pixel(made, x, y) == expected };
                assert!(is_fine, "{sampler} {x},{y}: {:?}, expected {expected:?}", pixel(made, x, y));
            }
        }
    }
    Ok(())
}

#[test]
fn an_instruction_changes_the_whole_picture_as_far_as_the_picture_counts() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Inverted.folder(folder.path())?);
    let (edit, before) = (Edit::of(checkpoints(1)?), checked());
    let settings = Settings { model, steps: 4, sampler: "euler".into(), ..Settings::default() };
    for (image_guidance, share) in [(1.0, 1.0), (0.5, 0.5)] {
        let params = Params { settings: settings.clone(), image_guidance, ..Params::default() };
        let (_, outputs) = run(&edit, &inputs(Some(&before)), params)?;
        let made = pictures(&outputs)[0];
        for (x, y) in [(4, 4), (12, 4), (90, 60)] {
            let inverted = |sample: u8| (127.5 - (f32::from(sample) - 127.5) * share).round() as u8;
            let expected = pixel(&before, x, y).map(inverted);
            assert!(near(pixel(made, x, y), expected), "{:?}, expected {expected:?}", pixel(made, x, y));
        }
    }
    Ok(())
}

#[test]
fn reimagine_reaches_what_the_denoiser_wants() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([0.5, -0.5, 0.0]).folder(folder.path())?);
    let settings = Settings { model, steps: 4, ..Settings::default() };
    let params = reimagine::Params { settings, ..reimagine::Params::default() };
    let (_, outputs) = run(&Reimagine::of(checkpoints(1)?), &inputs(Some(&checked())), params)?;
    assert!(near(pixel(pictures(&outputs)[0], 50, 30), [191, 64, 128]));
    Ok(())
}
