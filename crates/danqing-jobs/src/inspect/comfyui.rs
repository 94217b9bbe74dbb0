//! `ComfyUI`: the graph in the PNG text `prompt`; in `WebP` and JPEG the EXIF tag `Model` as `prompt:{…}` (nodes.py,
//! `SaveImage`, and `SaveAnimatedWEBP` of `comfy_extras/nodes_images.py`).
//!
//! A graph can do anything. What is read is what most graphs are: one sampler whose inputs lead to prompts, a checkpoint
//! and a latent. Where several samplers follow each other, the first one makes the picture and the others refine it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Generation, Texts};

/// Links are followed this far: graphs may be circles.
const DEEPEST: usize = 64;

/// The settings, if the file holds a graph with a sampler.
pub(super) fn read(texts: &Texts<'_>) -> Option<Generation> {
    let in_exif = |keyword: &str| serde_json::from_str(texts.get(keyword)?.strip_prefix("prompt:")?).ok();
    let found = texts.json("prompt").or_else(|| in_exif("Model")).or_else(|| in_exif("Make"))?;
    Graph(found.as_object()?).generation()
}

/// Nodes by their ids.
struct Graph<'a>(&'a Map<String, Value>);

#[derive(Clone, Copy)]
struct Node<'a> {
    class: &'a str,
    inputs: &'a Map<String, Value>,
}

impl<'a> Node<'a> {
    fn text(self, name: &str) -> Option<&'a str> {
        self.inputs.get(name)?.as_str()
    }

    fn is_sampler(self) -> bool {
        let has = |name| self.inputs.contains_key(name);
        has("latent_image") && (has("positive") || has("guider"))
    }
}

impl<'a> Graph<'a> {
    fn nodes(&self) -> impl Iterator<Item = Node<'a>> {
        self.0.values().filter_map(node)
    }

    /// The node that an input of a node leads to.
    fn linked(&self, from: Node<'a>, input: &str) -> Option<Node<'a>> {
        let [Value::String(id), Value::Number(_)] = from.inputs.get(input)?.as_array()?.as_slice() else {
            return None;
        };
        self.0.get(id).and_then(node)
    }

    /// An input's own value, or that of the node it leads to, which holds one value only.
    fn value(&self, of: Node<'a>, input: &str) -> Option<&'a Value> {
        let own = of.inputs.get(input).filter(|value| !value.is_array());
        own.or_else(|| {
            let node = self.linked(of, input)?;
            ["value", input, "int", "float", "seed", "string", "text"]
                .into_iter()
                .find_map(|name| node.inputs.get(name))
        })
    }

    /// The first node along inputs of these names that fits.
    fn along(&self, from: Node<'a>, inputs: &[&str], fits: impl Fn(Node<'a>) -> bool + Copy) -> Option<Node<'a>> {
        let mut waiting = vec![(from, 0)];
        let mut looked = 0;
        while let Some((node, depth)) = waiting.pop() {
            looked += 1;
            if depth > 0 && fits(node) {
                return Some(node);
            }
            if depth < DEEPEST && looked < DEEPEST * DEEPEST {
                waiting.extend(inputs.iter().rev().filter_map(|input| Some((self.linked(node, input)?, depth + 1))));
            }
        }
        None
    }

    fn generation(&self) -> Option<Generation> {
        let samplers: Vec<_> = self.nodes().filter(|node| node.is_sampler()).collect();
        let refines = |node: &Node<'a>| self.along(*node, &LATENT, Node::is_sampler).is_some();
        let sampler = *samplers.iter().find(|node| !refines(node)).or_else(|| samplers.first())?;
        let whole = |name: &str| self.setting(sampler, name)?.as_u64();
        let number = |name: &str| self.setting(sampler, name)?.as_f64();
        let text = |name: &str| self.setting(sampler, name)?.as_str().map(str::to_owned);
        let latent = self.along(sampler, &LATENT, |node| node.inputs.contains_key("width"));
        let starts_from_picture = self.along(sampler, &LATENT, |node| node.inputs.contains_key("pixels")).is_some();
        let side = |name: &str| self.value(latent.filter(|_| !starts_from_picture)?, name)?.as_u64();
        Some(Generation {
            prompt: self.words(sampler, "positive"),
            negative_prompt: self.words(sampler, "negative"),
            steps: whole("steps"),
            sampler: text("sampler_name"),
            schedule: text("scheduler"),
            guidance: number("cfg"),
            seed: whole("seed").or_else(|| whole("noise_seed")),
            noise_order: Some("cpu"),
            width: side("width"),
            height: side("height"),
            strength: number("denoise").filter(|_| starts_from_picture),
            clip_skip: self.clip_skip(),
            model: self.checkpoint(sampler),
            model_hash: None,
            others: self.others(&samplers),
        })
    }

    /// A sampler's own value, or that of a part it is made of.
    fn setting(&self, sampler: Node<'a>, name: &str) -> Option<&'a Value> {
        let parts = ["sigmas", "sampler", "guider", "noise"];
        let beside = |part: &&str| self.value(self.linked(sampler, part)?, name);
        self.value(sampler, name).or_else(|| parts.iter().find_map(beside))
    }

    /// The text that an input of a sampler, or of its guider, leads to; of prompts in two encoders, the longer one.
    fn words(&self, sampler: Node<'a>, input: &str) -> String {
        let guider = self.linked(sampler, "guider");
        let first = [Some(sampler), guider].into_iter().flatten().find_map(|node| self.linked(node, input));
        let first = first.or_else(|| self.linked(guider.filter(|_| input == "positive")?, "conditioning"));
        let inputs = [input, "conditioning", "conditioning_1", "conditioning_to"];
        let says = |node: Node<'a>| if says_text(node) { Some(node) } else { self.along(node, &inputs, says_text) };
        let text_of = |node: Node<'a>| {
            let texts = TEXTS.iter().filter_map(|name| self.value(node, name)?.as_str());
            texts.max_by_key(|text| text.len()).unwrap_or_default().to_owned()
        };
        first.and_then(says).map(text_of).unwrap_or_default()
    }

    /// The file without its ending.
    fn checkpoint(&self, sampler: Node<'a>) -> Option<String> {
        let names = ["ckpt_name", "unet_name", "model_path"];
        let fits = |node: Node<'a>| names.iter().any(|name| node.text(name).is_some());
        let node = self.along(sampler, &["model", "base_model", "guider"], fits)?;
        let file = names.iter().find_map(|name| node.text(name))?.rsplit(['/', '\\']).next()?;
        Some(file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned())
    }

    /// `stop_at_clip_layer` is −1 for the last layer, −2 for the one before it.
    fn clip_skip(&self) -> Option<u64> {
        let layer = self.nodes().find_map(|node| node.inputs.get("stop_at_clip_layer"))?.as_i64()?;
        Some(layer.unsigned_abs())
    }

    /// What changes the picture and has no words here: `LoRA`s, control networks, masks, further samplers.
    fn others(&self, samplers: &[Node<'a>]) -> BTreeMap<String, String> {
        let mut others = BTreeMap::new();
        for node in self.nodes() {
            for name in ["lora_name", "control_net_name", "vae_name", "upscale_model", "model_name", "ipadapter_file"] {
                if let Some(text) = node.text(name) {
                    let strength = node.inputs.get("strength_model").or_else(|| node.inputs.get("strength"));
                    let strength = strength.map(|strength| format!(" {strength}")).unwrap_or_default();
                    others.insert(format!("{} {name}", node.class), format!("{text}{strength}"));
                }
            }
            if node.inputs.contains_key("mask") {
                others.insert(node.class.to_owned(), "mask".to_owned());
            }
        }
        if samplers.len() > 1 {
            others.insert("samplers".to_owned(), samplers.len().to_string());
        }
        others
    }
}

/// Inputs along which a latent comes.
const LATENT: [&str; 3] = ["latent_image", "samples", "latent"];
/// Inputs that hold a prompt.
const TEXTS: [&str; 6] = ["text", "text_g", "text_l", "t5xxl", "clip_l", "prompt"];

fn says_text(node: Node<'_>) -> bool {
    node.class.contains("TextEncode") || TEXTS.iter().any(|name| node.text(name).is_some())
}

fn node(value: &Value) -> Option<Node<'_>> {
    Some(Node { class: value.get("class_type")?.as_str()?, inputs: value.get("inputs")?.as_object()? })
}
