//! Every name against diffusers' own conversion; the golden is made by `tools/golden/reimagine.py`.

use std::collections::BTreeMap;
use std::path::Path;

use danqing_nn::{Engine, EngineConfig, Tier};

use super::{TextNames, autoencoder, autoencoder_config, is_ignored, is_ignored_of_autoencoder, unet, unet_config};
use crate::denoisers::unet::{Unet, UnetConfig};
use crate::diffusion::{Stored, TensorShape};
use crate::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use crate::stable_diffusion::place::Shapes;
use crate::text_encoders::clip::{ClipText, ClipTextConfig};

/// What stands before the names in the sections.
const PREFIXES: [(&str, &str); 4] = [
    ("unet", "model.diffusion_model."),
    ("vae", "first_stage_model."),
    ("clip", "cond_stage_model.transformer."),
    ("open_clip", "cond_stage_model.model."),
];

/// What holds each of diffusers' tensors, by its name, behind the prefix.
fn golden(section: &str) -> BTreeMap<String, Stored> {
    let prefix = PREFIXES.into_iter().find(|(of, _)| *of == section).unwrap().1;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/diffusion_single_file.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.split('[').find_map(|part| part.strip_prefix(section)?.strip_prefix("]\n")).unwrap();
    let mut found = BTreeMap::new();
    for line in lines.lines() {
        let (name, parts) = line.strip_prefix(prefix).unwrap().split_once(' ').unwrap();
        let parts: Vec<&str> = parts.split(',').collect();
        for (index, part) in parts.iter().enumerate() {
            let which = (parts.len() > 1).then_some((index, parts.len()));
            found.insert((*part).to_owned(), Stored { name: name.to_owned(), part: which });
        }
    }
    found
}

fn engine() -> Engine {
    Engine::new(EngineConfig { threads: Some(1), tier: Some(Tier::Portable), ..EngineConfig::default() }).unwrap()
}

fn assert_equal(tensors: &[TensorShape], section: &str, stored: impl Fn(&str) -> Stored) {
    let golden = golden(section);
    for (name, _) in tensors {
        assert_eq!(Some(&stored(name)), golden.get(name), "{section}: {name}");
    }
    assert_eq!(tensors.len(), golden.len(), "{section}");
}

#[test]
fn names_are_those_that_diffusers_converts() {
    let engine = engine();
    for config in [UnetConfig::sd1(), UnetConfig::sd2()] {
        let tensors = Unet::tensors(&engine, config.clone()).unwrap();
        assert_equal(&tensors, "unet", |name| unet(name, &config).into());
    }
    let tensors = AutoencoderKl::tensors(&engine, AutoencoderKlConfig::sd()).unwrap();
    assert_equal(&tensors, "vae", |name| autoencoder(name, 4).into());
    for (config, section, names) in
        [(ClipTextConfig::sd1(), "clip", TextNames::Clip), (ClipTextConfig::sd2(), "open_clip", TextNames::OpenClip)]
    {
        assert_equal(&ClipText::tensors(&engine, config).unwrap(), section, |name| names.stored(name));
    }
}

/// Dimensions by the golden's names; of joined tensors, those of a third are enough here.
fn shapes<'a>(tensors: &'a [TensorShape], golden: &'a BTreeMap<String, Stored>) -> Shapes<'a> {
    tensors.iter().map(|(name, shape)| (golden[name].name.as_str(), shape.as_slice())).collect()
}

#[test]
fn sizes_are_read_from_the_tensors_of_the_published_checkpoints() {
    let engine = engine();
    let names = golden("unet");
    for config in [UnetConfig::sd1(), UnetConfig::sd1_inpaint(), UnetConfig::pix2pix(), UnetConfig::sd2()] {
        let tensors = Unet::tensors(&engine, config.clone()).unwrap();
        assert_eq!(unet_config(&shapes(&tensors, &names)), Some(config));
    }
    let (names, config) = (golden("vae"), AutoencoderKlConfig::sd());
    let tensors = AutoencoderKl::tensors(&engine, config.clone()).unwrap();
    assert_eq!(autoencoder_config(&shapes(&tensors, &names)), Some(config));
    for (config, section, kind) in
        [(ClipTextConfig::sd1(), "clip", TextNames::Clip), (ClipTextConfig::sd2(), "open_clip", TextNames::OpenClip)]
    {
        let (names, tensors) = (golden(section), ClipText::tensors(&engine, config.clone()).unwrap());
        let mut shapes = shapes(&tensors, &names);
        let mark = super::TEXT_MARKS.into_iter().find(|(mark, _)| shapes.contains_key(mark)).unwrap();
        assert_eq!(mark.1, kind);
        // Files of Stable Diffusion 2 hold a layer more than is used.
        if kind == TextNames::OpenClip {
            shapes.insert("transformer.resblocks.23.mlp.c_fc.weight", &[4096, 1024]);
        }
        assert_eq!(kind.config(&shapes), Some(config));
    }
    assert_eq!(unet_config(&Shapes::new()), None);
    assert_eq!(autoencoder_config(&Shapes::new()), None);
}

#[test]
fn what_may_be_left_unread_is_listed() {
    for name in ["model_ema.decay", "alphas_cumprod_prev", "global_step"] {
        assert!(is_ignored(name), "{name}");
    }
    assert!(is_ignored_of_autoencoder("loss.logvar") && !is_ignored("loss.logvar"));
    let unused = "transformer.resblocks.23.ln_1.weight";
    assert!(!TextNames::OpenClip.belongs(unused) && TextNames::Clip.belongs(unused));
    assert!(!TextNames::Clip.belongs("text_model.embeddings.position_ids"));
    assert!(!is_ignored("out.2.bias"));
    let bare = TextNames::BareClip.stored("text_model.embeddings.token_embedding.weight").name;
    assert_eq!(bare, "embeddings.token_embedding.weight");
    let joined = TextNames::JoinedClip.stored("text_model.encoder.layers.3.self_attn.v_proj.bias");
    let name = "text_model.encoder.layers.3.self_attn.in_proj.bias".to_owned();
    assert_eq!(joined, Stored { name, part: Some((2, 3)) });
}
