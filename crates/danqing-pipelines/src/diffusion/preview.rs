//! What a latent shows, long before it is finished.

use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Preview};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::latent_codecs::taesd::Taesd;
use danqing_models::stable_diffusion::OpenError;
use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_weights::Weights;

use super::Error;

/// Red, green and blue of each channel of a latent of Stable Diffusion 1 and 2, fitted by least squares; −1..1. Values:
/// `SD15` of comfyanonymous/ComfyUI `comfy/latent_formats.py`.
const COLOURS: [[f32; 3]; 4] =
    [[0.3512, 0.2297, 0.3227], [0.3250, 0.4974, 0.2350], [-0.2829, 0.1762, 0.2721], [-0.2120, -0.2616, -0.7177]];

/// How latents are shown.
pub(super) enum Previewer {
    /// One pixel for each of the latent's.
    Straight,
    /// Through a tiny autoencoder, at the picture's size.
    Tiny(Box<Taesd>),
}

impl Previewer {
    /// The tiny autoencoder of a file or of a diffusers folder, or none.
    pub(super) fn new(path: Option<&Path>, engine: &Engine, cancel: &CancelToken) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::Straight) };
        let failed = |cause: OpenError| Error::ModelFile { path: path.display().to_string(), cause: Box::new(cause) };
        let file = file_of(path);
        let weights = cancel.detached(move || Weights::of_file(&file))?.map_err(|error| failed(error.into()))?;
        Ok(Self::Tiny(Box::new(Taesd::of_file(engine, &weights.tensors).map_err(|error| failed(error.into()))?)))
    }

    /// The picture of NCHW values of `shape`.
    pub(super) fn shown(&self, engine: &Engine, latent: &[f32], shape: Shape) -> Result<Preview, Error> {
        match self {
            Self::Straight => Ok(straight(latent, (shape.width, shape.height))),
            Self::Tiny(codec) => {
                let map = codec.decode(engine, &FeatureMap::from_nchw(engine, shape, latent)?)?; // [1, 8h, 8w, 3]
                let rgb = map.as_slice()?.iter().map(|value| byte(*value)).collect();
                Ok(Preview { width: map.shape().width, height: map.shape().height, rgb })
            }
        }
    }
}

fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("diffusion_pytorch_model.safetensors") } else { path.to_owned() }
}

fn straight(latent: &[f32], (width, height): (usize, usize)) -> Preview {
    let pixels = width * height;
    let mixed = |at: usize, colour: usize| {
        let planes = latent.chunks_exact(pixels).zip(COLOURS);
        planes.map(|(plane, factors)| plane[at] * factors[colour]).sum::<f32>()
    };
    let rgb = (0..pixels).flat_map(|at| [0, 1, 2].map(|colour| byte(mixed(at, colour)))).collect();
    Preview { width, height, rgb }
}

/// −1..1 as a byte.
fn byte(value: f32) -> u8 {
    ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latent_of_zeros_is_grey_and_channels_have_their_colours() {
        assert_eq!(straight(&[0.0; 8], (2, 1)).rgb, [128; 6]);
        let shown = straight(&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], (2, 1));
        assert_eq!((shown.width, shown.height, shown.rgb), (2, 1, vec![128, 128, 128, 172, 157, 169]));
    }
}
