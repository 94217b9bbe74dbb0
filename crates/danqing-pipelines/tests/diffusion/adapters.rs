//! Additions to checkpoints: runs against diffusers' `load_lora_weights` and `load_textual_inversion`, where files are found,
//! errors.

use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Progress};
use danqing_models::denoisers::unet::Unet;
use danqing_models::diffusion::{TensorShape, seeded_values};
use danqing_models::text_encoders::clip::ClipText;
use danqing_pipelines::diffusion::{Checkpoints, Settings};
use danqing_pipelines::reimagine::{Params, Reimagine};
use danqing_weights::{Limits, ModelStore, StoreConfig, containers};
use tempfile::TempDir;

use crate::tiny::{self, Outcome, Tiny};
use crate::{close, engine, expected, golden, inputs, run};

const RANK: usize = 2;
const ALPHA: f32 = 1.0;

struct Bench {
    folder: TempDir,
    capability: Reimagine,
}

impl Bench {
    /// The bench's folder is also one of the model folders.
    fn new() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir_all(folder.path().join("a1111/models/Lora"))?;
        std::fs::create_dir_all(folder.path().join("a1111/embeddings"))?;
        let mut config = StoreConfig::from_environment(true)?;
        config.model_folders = vec![folder.path().join("a1111")];
        let checkpoints = Checkpoints::new(&ModelStore::open(config)?, &engine(2)?);
        Ok(Self { folder, capability: Reimagine::of(checkpoints) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The run of the script: the latents, and the resolved parameters.
    fn latents(&self, name: &str, settings: Settings) -> Outcome<(Vec<f32>, Params)> {
        let (noise, dump) = (self.path("noise.safetensors"), self.path("dump.safetensors"));
        let values = expected(&golden("adapters")?, &format!("{name}.noise"));
        tiny::write(&noise, vec![("noise".into(), vec![1, 4, 8, 9], values)])?;
        let model = Some(Tiny::Sd1.folder(&engine(1)?, self.folder.path())?);
        let steps = Settings { steps: 3, guidance: 5.0, sampler: "ddim".into(), seed: Some(1), ..settings };
        let settings = Settings {
            model,
            negative_prompt: "dog".into(),
            noise: Some(noise),
            dump_latents: Some(dump.clone()),
            ..steps
        };
        let params = Params { settings, width: Some(72), height: Some(64), ..Params::default() };
        let (params, outputs) = run(&self.capability, &inputs(None), params)?;
        assert_eq!(
            outputs.weights.len(),
            2 + params.settings.additions_sha256.len(),
            "checkpoint, tokenizer, additions"
        );
        Ok((expected(&containers::read(&dump, &Limits::default())?, "latents"), params))
    }
}

/// Layers that kohya's trainer adds to.
fn layers(tensors: Vec<TensorShape>) -> Vec<TensorShape> {
    let wanted = [
        "to_q",
        "to_k",
        "to_v",
        "to_out.0",
        "ff.net.0.proj",
        "ff.net.2",
        "proj_in",
        "proj_out",
        "q_proj",
        "k_proj",
        "v_proj",
        "out_proj",
        "fc1",
        "fc2",
    ];
    let layer = |(name, shape): TensorShape| {
        let layer = name.strip_suffix(".weight")?.to_owned();
        wanted.iter().any(|end| layer.ends_with(end)).then_some((layer, shape))
    };
    tensors.into_iter().filter_map(layer).collect()
}

/// Both factors of a layer, by rule.
fn halves(layer: &str, shape: &[usize], prefix: &str) -> [(Vec<usize>, Vec<f32>); 2] {
    let ones = vec![1; shape.len() - 2];
    let half = |half: &str, sides: [usize; 2]| {
        let sides = [&sides[..], &ones].concat();
        let values = seeded_values(&format!("{prefix}{layer}.{half}"), &sides);
        (sides, values)
    };
    [half("down", [RANK, shape[1]]), half("up", [shape[0], RANK])]
}

fn kohya(path: &Path) -> Outcome {
    let mut tensors = Vec::new();
    let (unet, text) =
        (Unet::tensors(&engine(1)?, Tiny::Sd1.unet())?, ClipText::tensors(&engine(1)?, Tiny::Sd1.text())?);
    for (prefix, all) in [("lora_unet_", unet), ("lora_te_", text)] {
        for (layer, shape) in layers(all) {
            let name = format!("{prefix}{}", layer.replace('.', "_"));
            for (half, (sides, values)) in ["down", "up"].iter().zip(halves(&layer, &shape, "a:")) {
                tensors.push((format!("{name}.lora_{half}.weight"), sides, values));
            }
            tensors.push((format!("{name}.alpha"), vec![], vec![ALPHA]));
        }
    }
    tiny::write(path, tensors)
}

fn peft(path: &Path) -> Outcome {
    let mut tensors = Vec::new();
    for (layer, shape) in layers(Unet::tensors(&engine(1)?, Tiny::Sd1.unet())?) {
        if layer.contains("attn") {
            for (half, (sides, values)) in ["A", "B"].iter().zip(halves(&layer, &shape, "b:")) {
                tensors.push((format!("unet.{layer}.lora_{half}.weight"), sides, values));
            }
        }
    }
    tiny::write(path, tensors)
}

#[test]
fn a_lora_named_in_the_prompt_equals_diffusers() -> Outcome {
    let (bench, golden) = (Bench::new()?, golden("adapters")?);
    kohya(&bench.path("a1111/models/Lora/水墨.safetensors"))?;
    let settings = Settings { prompt: "a photo of a cat <lora:水墨:0.8>".into(), ..Settings::default() };
    let (latents, params) = bench.latents("kohya", settings.clone())?;
    close(&latents, &expected(&golden, "kohya.latents"), "kohya");
    assert!(params.settings.additions_sha256.contains_key("水墨"), "{:?}", params.settings.additions_sha256);
    let (none, _) = bench.latents("kohya", Settings { prompt: "a photo of a cat".into(), ..settings })?;
    assert!(none != latents, "kept networks are those asked for");
    Ok(())
}

#[test]
fn several_loras_of_both_layouts_equal_diffusers() -> Outcome {
    let (bench, golden) = (Bench::new()?, golden("adapters")?);
    kohya(&bench.path("first.safetensors"))?;
    peft(&bench.path("second.safetensors"))?;
    let argument = |name: &str, weight: f32| format!("{}:{weight}", bench.path(name).display());
    let loras = vec![argument("first.safetensors", 0.5), argument("second.safetensors", -0.3)];
    let settings = Settings { prompt: "a photo of a cat".into(), loras, ..Settings::default() };
    close(&bench.latents("both", settings)?.0, &expected(&golden, "both.latents"), "both");
    Ok(())
}

#[test]
fn a_word_of_ones_own_equals_diffusers() -> Outcome {
    let (bench, golden) = (Bench::new()?, golden("adapters")?);
    let values = seeded_values("inversion", &[3, 64]);
    tiny::write(&bench.path("a1111/embeddings/toy.safetensors"), vec![("<cat-toy>".into(), vec![3, 64], values)])?;
    for (word, embeddings) in [("toy", vec![]), ("<cat-toy>", vec!["toy".to_owned()])] {
        let settings = Settings { prompt: format!("a photo of {word} on the moon"), embeddings, ..Settings::default() };
        close(&bench.latents("inversion", settings)?.0, &expected(&golden, "inversion.latents"), word);
    }
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let bench = Bench::new()?;
    let lora = |name: &str, tensors: &[(&str, &[usize])]| -> Outcome<String> {
        let path = bench.path(name);
        let zeros = |shape: &[usize]| vec![0.0; shape.iter().product()];
        tiny::write(
            &path,
            tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec(), zeros(shape))).collect(),
        )?;
        Ok(path.display().to_string())
    };
    let large = lora(
        "large.safetensors",
        &[
            ("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", &[2, 999]),
            ("lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", &[64, 2]),
        ],
    )?;
    let other = lora(
        "other.safetensors",
        &[("lora_unet_nowhere.lora_down.weight", &[2, 8]), ("lora_unet_nowhere.lora_up.weight", &[8, 2])],
    )?;
    let loha = lora("loha.safetensors", &[("lora_unet_conv_in.hada_w1_a", &[2, 8])])?;
    let short = lora("short.safetensors", &[("emb_params", &[1, 32])])?;
    let model = Some(Tiny::Sd1.folder(&engine(1)?, bench.folder.path())?);
    let loras = |lora: &str| Settings { loras: vec![lora.to_owned()], ..Settings::default() };
    let prompt = |prompt: &str| Settings { prompt: prompt.to_owned(), ..Settings::default() };
    let embedding = |name: &str| Settings { embeddings: vec![name.to_owned()], ..Settings::default() };
    let table = [
        (prompt("a <lora:nowhere:1>"), Class::File, "there is no LoRA named \"nowhere\" (looked in "),
        (prompt("a <lora:nowhere:x>"), Class::Caller, "is not a number"),
        (loras("nowhere:1:2"), Class::File, "there is no LoRA named \"nowhere\""),
        (loras(&format!("{loha}:1")), Class::File, "the file holds a LoHa, expected a LoRA or LoCon"),
        (loras(&large), Class::File, "lora_down.weight` is [2, 999], expected [2, 64]"),
        (loras(&other), Class::File, "1 tensors belong to another network, the first is `nowhere`"),
        (embedding("nowhere"), Class::File, "there is no textual inversion named \"nowhere\""),
        (embedding(&large), Class::File, "expected a textual inversion"),
        (embedding(&short), Class::File, "has vectors of 32, the text encoder expects 64"),
        (
            Settings { additions_sha256: [(other.clone(), "00".to_owned())].into(), ..loras(&other) },
            Class::File,
            "belong to another network",
        ),
    ];
    for (settings, class, says) in table {
        let params = Params { settings: Settings { model: model.clone(), ..settings }, ..Params::default() };
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let Err(error) = bench.capability.resolve(&inputs(None), params.clone(), &mut progress) else {
            return Err(format!("{params:?} was taken").into());
        };
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), class, "{error}");
    }
    Ok(())
}
