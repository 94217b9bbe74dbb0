//! Whole networks. Those of latent diffusion have random weights by rule unless a file is given; the others are read from
//! the model store.

use danqing_models::denoisers::Denoiser;
use danqing_models::denoisers::unet::{Unet, UnetConfig};
use danqing_models::diffusion::Tensors;
use danqing_models::inpainters::Migan;
use danqing_models::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use danqing_models::latent_codecs::{LatentCodec, taesd::Taesd};
use danqing_models::stylizers::adain::Decoder;
use danqing_models::text_encoders::TextEncoder;
use danqing_models::text_encoders::clip::{ClipText, ClipTextConfig};
use danqing_models::upscalers::Upscaler;
use danqing_nn::{Engine, Shape};
use danqing_weights::{ModelStore, TensorFile};

use super::Error;
use super::workload::{Workload, input};

/// Side of a latent of 512².
pub(super) const LATENT: usize = 64;
/// Tokens of a text.
const TOKENS: usize = 77;
/// Noise in the middle of the schedule.
const TIMESTEP: f32 = 501.0;

/// What a network's weights may come from.
pub(super) struct Origin<'a> {
    pub(super) store: &'a ModelStore,
    pub(super) file: Option<&'a TensorFile>,
}

impl Origin<'_> {
    fn tensors(&self) -> Tensors<'_> {
        // Buffers that old checkpoints keep beside the weights are left.
        self.file.map_or(Tensors::Seeded, |file| {
            Tensors::of_file(file, &|name: &str| name.to_owned().into(), &|name| !name.ends_with("position_ids"))
        })
    }

    /// The given file, else the model of that id.
    fn read<N>(&self, id: &str, load: impl Fn(&TensorFile) -> Result<N, danqing_models::Error>) -> Result<N, Error> {
        match self.file {
            Some(file) => Ok(load(file)?),
            None => Ok(load(&self.store.open_tensors(id)?.tensors)?),
        }
    }
}

/// One forward of the Stable Diffusion 1.5 UNet, for a batch of latents of that side.
pub(super) fn unet(engine: &Engine, origin: &Origin<'_>, batch: usize, side: usize) -> Result<Workload, Error> {
    let network = Unet::load(engine, origin.tensors(), UnetConfig::sd1())?;
    let latent = input(engine, "input.latent", Shape::new(batch, side, side, network.input_channels()))?;
    let context = input(engine, "input.context", Shape::new(batch, 1, TOKENS, network.context_channels()))?;
    Ok(Workload::new(vec![("latent", latent), ("context", context)], move |engine, x| {
        Ok(network.denoise(engine, x[0], &vec![TIMESTEP; batch], x[1])?)
    }))
}

/// A latent of that side to a picture.
pub(super) fn vae_decode(engine: &Engine, origin: &Origin<'_>, side: usize) -> Result<Workload, Error> {
    let network = AutoencoderKl::load(engine, origin.tensors(), AutoencoderKlConfig::sd())?;
    decode(engine, network, side)
}

/// As [`vae_decode`] to 512² by the tiny autoencoder.
pub(super) fn taesd_decode(engine: &Engine, origin: &Origin<'_>) -> Result<Workload, Error> {
    decode(engine, Taesd::load(engine, origin.tensors())?, LATENT)
}

fn decode(engine: &Engine, network: impl LatentCodec + 'static, side: usize) -> Result<Workload, Error> {
    let latent = input(engine, "input.latent", Shape::new(1, side, side, network.latent_channels()))?;
    Ok(Workload::new(vec![("latent", latent)], move |engine, x| Ok(network.decode(engine, x[0])?)))
}

/// A picture to the mean of its latent, of that side.
pub(super) fn vae_encode(engine: &Engine, origin: &Origin<'_>, side: usize) -> Result<Workload, Error> {
    let network = AutoencoderKl::load(engine, origin.tensors(), AutoencoderKlConfig::sd())?;
    let picture = input(engine, "input.picture", Shape::new(1, 8 * side, 8 * side, 3))?;
    Ok(Workload::new(vec![("picture", picture)], move |engine, x| Ok(network.encode(engine, x[0])?.mean)))
}

/// 77 tokens through the text encoder of Stable Diffusion 1.5.
pub(super) fn clip(engine: &Engine, origin: &Origin<'_>) -> Result<Workload, Error> {
    let config = ClipTextConfig::sd1();
    let tokens: Vec<u32> = (0..TOKENS as u32).map(|place| place * 641 % config.vocabulary as u32).collect();
    let network = ClipText::load(engine, origin.tensors(), config)?;
    Ok(Workload::new(vec![], move |engine, _| Ok(network.encode(engine, &tokens, 0)?)))
}

/// Real-ESRGAN ×4 of 256².
pub(super) fn rrdb(engine: &Engine, origin: &Origin<'_>) -> Result<Workload, Error> {
    let network = origin.read("realesrgan-x4plus", |file| Upscaler::load(engine, file, None))?;
    let picture = input(engine, "input.picture", Shape::new(1, 256, 256, 3))?;
    Ok(Workload::new(vec![("picture", picture)], move |engine, x| {
        Ok(network.forward(engine, x[0].clone(), &mut |_, _| Ok(()))?)
    }))
}

/// AdaIN's decoder to 1024².
pub(super) fn adain(engine: &Engine, origin: &Origin<'_>) -> Result<Workload, Error> {
    let network = origin.read("adain-decoder", |file| Decoder::load(engine, file))?;
    let side = 1024 / Decoder::STRIDE;
    let features = input(engine, "input.features", Shape::new(1, side, side, 512))?;
    Ok(Workload::new(vec![("features", features)], move |engine, x| Ok(network.forward(engine, x[0])?)))
}

/// MI-GAN at 512².
pub(super) fn migan(engine: &Engine, origin: &Origin<'_>) -> Result<Workload, Error> {
    let network = origin.read("migan-512-places2", |file| Migan::load(engine, file))?;
    let picture = input(engine, "input.picture", Shape::new(1, 512, 512, 4))?;
    Ok(Workload::new(vec![("picture", picture)], move |engine, x| Ok(network.forward(engine, x[0])?)))
}
