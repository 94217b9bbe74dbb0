//! Checkpoints small enough to be made by a test, with the structure of the published ones and weights made by rule; the
//! same as in `tools/golden/{reimagine,edit}.py`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use danqing_models::denoisers::unet::{Unet, UnetConfig};
use danqing_models::diffusion::{TensorShape, seeded_values};
use danqing_models::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use danqing_models::text_encoders::clip::{ClipText, ClipTextConfig};
use danqing_nn::Engine;
use serde_json::json;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;
pub(crate) type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiny {
    Sd1,
    Sd2,
    /// Stable Diffusion 1 with mask and masked picture beside the latent.
    Inpaint,
    /// Stable Diffusion 1 with the picture beside the latent.
    Pix2Pix,
}

impl Tiny {
    pub(crate) fn unet(self) -> UnetConfig {
        let (usual, channels, heads, middle_heads) = match self {
            Self::Sd1 => (UnetConfig::sd1(), vec![32, 64], vec![8, 0], 8),
            Self::Inpaint => (UnetConfig::sd1_inpaint(), vec![32, 64], vec![8, 0], 8),
            Self::Pix2Pix => (UnetConfig::pix2pix(), vec![32, 64], vec![8, 0], 8),
            Self::Sd2 => (UnetConfig::sd2(), vec![64, 128], vec![1, 0], 2),
        };
        UnetConfig { channels, heads, middle_heads, layers: 1, context: 64, ..usual }
    }

    fn autoencoder() -> AutoencoderKlConfig {
        AutoencoderKlConfig { channels: vec![32, 32, 64, 64], layers: 1, ..AutoencoderKlConfig::sd() }
    }

    pub(crate) fn text(self) -> ClipTextConfig {
        let usual = if self == Self::Sd2 { ClipTextConfig::sd2() } else { ClipTextConfig::sd1() };
        ClipTextConfig { channels: 64, inner: 128, heads: 1, layers: 2, ..usual }
    }

    /// Names and dimensions of the three networks, by the letter of the golden.
    fn tensors(self, engine: &Engine) -> Outcome<[(&'static str, Vec<TensorShape>); 3]> {
        Ok([
            ("unet", Unet::tensors(engine, self.unet())?),
            ("vae", AutoencoderKl::tensors(engine, Self::autoencoder())?),
            ("text", ClipText::tensors(engine, self.text())?),
        ])
    }

    /// A diffusers folder.
    pub(crate) fn folder(self, engine: &Engine, folder: &Path) -> Outcome<PathBuf> {
        let root = folder.join(format!("{self:?}"));
        let (heads, activation) = if self == Self::Sd2 { (json!([1, 2]), "gelu") } else { (json!(8), "quick_gelu") };
        let unet = json!({
            "_class_name": "UNet2DConditionModel", "in_channels": self.unet().in_channels, "out_channels": 4, "layers_per_block": 1,
            "block_out_channels": self.unet().channels, "cross_attention_dim": 64, "attention_head_dim": heads,
            "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "class_embed_type": null,
            "use_linear_projection": self == Self::Sd2,
        });
        let vae = json!({"block_out_channels": [32, 32, 64, 64], "layers_per_block": 1, "scaling_factor": 0.18215});
        let text = json!({
            "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 1, "num_hidden_layers": 2,
            "hidden_act": activation, "vocab_size": 49408,
        });
        let kind = if self == Self::Sd2 { "v_prediction" } else { "epsilon" };
        let scheduler = json!({"beta_schedule": "scaled_linear", "prediction_type": kind});
        let files = ["diffusion_pytorch_model", "diffusion_pytorch_model.fp16", "model"];
        let parts = ["unet", "vae", "text_encoder"];
        for (((_, shapes), part), (file, config)) in
            self.tensors(engine)?.into_iter().zip(parts).zip(files.into_iter().zip([unet, vae, text]))
        {
            std::fs::create_dir_all(root.join(part))?;
            let tensors = shapes.into_iter().map(|(name, shape)| {
                let values = seeded_values(&name, &shape);
                (name, shape, values)
            });
            write(&root.join(part).join(format!("{file}.safetensors")), tensors.collect())?;
            std::fs::write(root.join(part).join("config.json"), config.to_string())?;
        }
        std::fs::create_dir_all(root.join("scheduler"))?;
        std::fs::write(root.join("scheduler/scheduler_config.json"), scheduler.to_string())?;
        Ok(root)
    }

    /// A single file by the names of the golden, with some of what such files carry beside the networks.
    pub(crate) fn single_file(self, engine: &Engine, folder: &Path) -> Outcome<PathBuf> {
        let mut known = BTreeMap::new();
        for (letter, shapes) in self.tensors(engine)? {
            known.extend(shapes.into_iter().map(|(name, shape)| (format!("{letter}:{name}"), (name, shape))));
        }
        let mut tensors: Tensors = Vec::new();
        for line in golden_lines(self)? {
            let (stored, parts) = line.split_once(" = ").ok_or("no =")?;
            let mut words = stored.split(' ');
            let name = words.next().ok_or("no name")?.to_owned();
            let mut shape = words.map(str::parse).collect::<Result<Vec<usize>, _>>()?;
            if name == "model.diffusion_model.input_blocks.0.0.weight" {
                shape[1] = self.unet().in_channels;
            }
            let mut values = Vec::new();
            for part in parts.split(',') {
                let (name, shape) = known.remove(part).ok_or_else(|| format!("{part} is not known"))?;
                values.extend(seeded_values(&name, &shape));
            }
            tensors.push((name, shape, values));
        }
        assert!(known.is_empty(), "{known:?}");
        tensors.push(("model_ema.decay".into(), vec![1], vec![0.5]));
        tensors.push(("alphas_cumprod".into(), vec![2], vec![0.9, 0.8]));
        let path = folder.join(format!("{self:?}.safetensors"));
        write(&path, tensors)?;
        Ok(path)
    }
}

fn golden_lines(tiny: Tiny) -> Outcome<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/diffusion_single_file.txt");
    let text = std::fs::read_to_string(path)?;
    let section = if tiny == Tiny::Sd2 { "tiny sd2]\n" } else { "tiny sd1]\n" };
    let lines = text.split('[').find_map(|part| part.strip_prefix(section)).ok_or("no such section")?;
    Ok(lines.lines().map(str::to_owned).collect())
}

/// A safetensors file of f32 tensors.
pub(crate) fn write(path: &Path, tensors: Tensors) -> Outcome {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(name, json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}));
    }
    let header = serde_json::to_vec(&header)?;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(data);
    Ok(std::fs::write(path, bytes)?)
}
