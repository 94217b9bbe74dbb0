//! Which network a file holds, and under which names.

use std::collections::HashMap;

use danqing_weights::TensorFile;
use danqing_weights::containers::ncnn;
use danqing_weights::containers::onnx::Graph;

use super::{COLOURS, RrdbConfig, SrvggConfig};
use crate::{Error, foreign};

const EXPECTED: &str = "an RRDBNet (ESRGAN, Real-ESRGAN) or an SRVGGNetCompact for RGB pictures";

/// The network of a file and how to find its tensors.
pub(super) enum Layout {
    Rrdb(RrdbConfig, Names),
    Srvgg(SrvggConfig, Names),
}

/// From published names (`BasicSR`'s) to the names in the file.
pub(super) enum Names {
    /// What stands before every name; the older spellings of ESRGAN's layers.
    Spelt { prefix: String, spelling: Spelling },
    /// Found by the order of layers.
    Listed(HashMap<String, String>),
}

/// How ESRGAN's layers are called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `body.0.rdb1.conv1`: `BasicSR`, Real-ESRGAN; also the compact networks.
    BasicSr,
    /// `RRDB_trunk.0.RDB1.conv1`: `xinntao/ESRGAN@73e9b63:RRDBNet_arch.py`.
    Trunk,
    /// `model.1.sub.0.RDB1.conv1.0`: the first release, with that many blocks and doublings.
    Numbered { blocks: usize, ups: usize },
}

impl Names {
    /// The name in the file.
    pub(super) fn stored(&self, name: &str) -> String {
        match self {
            Self::Spelt { prefix, spelling } => format!("{prefix}{}", spelling.spell(name)),
            Self::Listed(names) => names.get(name).cloned().unwrap_or_else(|| name.to_owned()),
        }
    }

    /// Whether the tensor of that stored name is part of the network: files may hold a second set of weights.
    pub(super) fn belongs(&self, name: &str) -> bool {
        match self {
            // ONNX files hold sizes and constants beside the weights.
            Self::Spelt { prefix, .. } => {
                name.starts_with(prefix.as_str()) && matches!(name.rsplit_once('.'), Some((_, "weight" | "bias")))
            }
            // Layers were counted already.
            Self::Listed(_) => false,
        }
    }
}

impl Spelling {
    fn spell(self, name: &str) -> String {
        let (layer, part) = name.rsplit_once('.').unwrap_or((name, ""));
        let dense =
            layer.strip_prefix("body.").filter(|rest| rest.contains(".rdb")).map(|rest| rest.replace("rdb", "RDB"));
        let layer = match (self, dense) {
            (Self::BasicSr, _) => layer.to_owned(),
            (Self::Trunk, Some(rest)) => format!("RRDB_trunk.{rest}"),
            (Self::Numbered { .. }, Some(rest)) => format!("model.1.sub.{rest}.0"),
            (Self::Trunk, None) => match layer {
                "conv_body" => "trunk_conv".to_owned(),
                "conv_hr" => "HRconv".to_owned(),
                other => other.replace("conv_up", "upconv"),
            },
            (Self::Numbered { blocks, ups }, None) => match layer {
                "conv_first" => "model.0".to_owned(),
                "conv_body" => format!("model.1.sub.{blocks}"),
                "conv_hr" => format!("model.{}", 3 * ups + 2),
                "conv_last" => format!("model.{}", 3 * ups + 4),
                other => {
                    let up: usize = other.strip_prefix("conv_up").and_then(|n| n.parse().ok()).unwrap_or(0);
                    format!("model.{}", 3 * up)
                }
            },
        };
        format!("{layer}.{part}")
    }
}

/// One convolution or rectifier, by its stored names.
struct Layer {
    weight: String,
    bias: Option<String>,
    /// `[out, in, 3, 3]`, or `[channels]` of slopes.
    shape: Vec<usize>,
}

impl Layout {
    /// Of a file in any container; the order of layers is known for ncnn, and for ONNX by its graph.
    pub(super) fn of(file: &TensorFile, graph: Option<&Graph>) -> Result<Self, Error> {
        if let Some(found) = spelt(file) {
            return found;
        }
        let layers = match graph {
            Some(graph) => graph_layers(file, graph),
            None if file.metadata().get(ncnn::CONTAINER).is_some_and(|name| name == "ncnn") => ncnn_layers(file),
            None => Vec::new(),
        };
        listed(&layers).ok_or_else(|| foreign_error(file))
    }
}

fn foreign_error(file: &TensorFile) -> Error {
    Error::OtherNetwork { actual: foreign::describe(file), expected: EXPECTED }
}

/// By published names, whatever stands before them.
fn spelt(file: &TensorFile) -> Option<Result<Layout, Error>> {
    let numbered = |prefix: &str| {
        let blocks = count(file, |n| format!("{prefix}model.1.sub.{n}.RDB1.conv1.0.weight"), 0);
        let ups = count(file, |n| format!("{prefix}model.{}.weight", 3 * n), 1);
        // `model.3·ups + 2` and `+ 4` end the network; where they fall on multiples of 3 they were counted as doublings.
        let ups = (0..=ups).rev().find(|ups| {
            [2, 4].iter().all(|end| file.get(&format!("{prefix}model.{}.weight", 3 * ups + end)).is_some())
        });
        Spelling::Numbered { blocks, ups: ups.unwrap_or(0) }
    };
    for (mark, spelling) in [
        ("body.0.rdb1.conv1.weight", Some(Spelling::BasicSr)),
        ("RRDB_trunk.0.RDB1.conv1.weight", Some(Spelling::Trunk)),
        ("model.1.sub.0.RDB1.conv1.0.weight", None),
    ] {
        if let Some(prefix) = prefix_of(file, mark) {
            let spelling = spelling.unwrap_or_else(|| numbered(&prefix));
            return Some(rrdb(file, Names::Spelt { prefix, spelling }));
        }
    }
    let prefix = prefix_of(file, "body.0.weight")
        .filter(|prefix| file.get(&format!("{prefix}body.1.weight")).is_some_and(|slopes| slopes.shape().len() == 1))?;
    Some(srvgg(file, Names::Spelt { prefix, spelling: Spelling::BasicSr }))
}

/// What stands before `mark`; averaged weights win over the raw ones beside them.
fn prefix_of(file: &TensorFile, mark: &str) -> Option<String> {
    let prefixes = file.entries().iter().filter_map(|entry| entry.name.strip_suffix(mark));
    let whole = prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    whole.min_by_key(|prefix| (!prefix.contains("ema"), prefix.len())).map(str::to_owned)
}

/// How many tensors of consecutive numbers there are.
fn count(file: &TensorFile, name: impl Fn(usize) -> String, from: usize) -> usize {
    (from..=file.len()).take_while(|&n| file.get(&name(n)).is_some()).count()
}

/// Sizes from the tensors; what does not fit them is found when they are loaded.
fn rrdb(file: &TensorFile, names: Names) -> Result<Layout, Error> {
    let shape = |name: &str| file.get(&names.stored(name)).map(|view| view.shape().to_vec()).unwrap_or_default();
    let exists = |name: String| file.get(&names.stored(&name)).is_some();
    let (first, last) = (shape("conv_first.weight"), shape("conv_last.weight"));
    let &[features, inputs, 3, 3] = first.as_slice() else { return Err(foreign_error(file)) };
    let growth = shape("body.0.rdb1.conv1.weight").first().copied().unwrap_or(0);
    let blocks = (0..file.len()).take_while(|n| exists(format!("body.{n}.rdb1.conv1.weight"))).count();
    let ups = match &names {
        Names::Spelt { spelling: Spelling::Numbered { ups, .. }, .. } => *ups,
        _ => (1..=file.len()).take_while(|n| exists(format!("conv_up{n}.weight"))).count(),
    };
    let outputs = last.first().copied().unwrap_or(COLOURS);
    let unshuffle = [1, 2, 4].into_iter().find(|side| inputs == COLOURS * side * side);
    match unshuffle {
        Some(unshuffle) if outputs == COLOURS && unshuffle <= 1 << ups && ups <= 4 => {
            Ok(Layout::Rrdb(RrdbConfig { features, growth, blocks, ups, unshuffle }, names))
        }
        _ => {
            let actual = format!("an RRDBNet from {inputs} to {outputs} channels with {ups} doublings");
            Err(Error::OtherNetwork { actual, expected: EXPECTED })
        }
    }
}

fn srvgg(file: &TensorFile, names: Names) -> Result<Layout, Error> {
    let shape = |index: usize| {
        file.get(&names.stored(&format!("body.{index}.weight"))).map(|view| view.shape().to_vec()).unwrap_or_default()
    };
    let rectifiers = (0..file.len()).take_while(|n| shape(2 * n + 1).len() == 1).count();
    let &[features, inputs, 3, 3] = shape(0).as_slice() else { return Err(foreign_error(file)) };
    let outputs = shape(2 * rectifiers).first().copied().unwrap_or(0);
    let scale = (1..=8).find(|scale| COLOURS * scale * scale == outputs);
    match scale {
        Some(scale) if inputs == COLOURS => {
            Ok(Layout::Srvgg(SrvggConfig { features, convs: rectifiers - 1, scale }, names))
        }
        _ => {
            let actual = format!("an SRVGGNetCompact from {inputs} to {outputs} channels");
            Err(Error::OtherNetwork { actual, expected: EXPECTED })
        }
    }
}

/// Convolutions and rectifiers of an ONNX graph, in its order.
fn graph_layers(file: &TensorFile, graph: &Graph) -> Vec<Layer> {
    let weights = graph.nodes.iter().filter(|node| matches!(node.op_type.as_str(), "Conv" | "PRelu"));
    let layer = |node: &danqing_weights::containers::onnx::Node| {
        let weight = node.inputs.get(1)?;
        let mut shape = file.get(weight)?.shape().to_vec();
        if node.op_type == "PRelu" {
            shape = vec![shape.iter().product()];
        }
        Some(Layer { weight: weight.clone(), bias: node.inputs.get(2).cloned(), shape })
    };
    weights.filter_map(layer).collect()
}

/// Layers of an ncnn file, in its order.
fn ncnn_layers(file: &TensorFile) -> Vec<Layer> {
    let layer = |entry: &danqing_weights::TensorEntry| {
        let (name, part) = entry.name.rsplit_once('.')?;
        let bias = format!("{name}.bias");
        let bias = file.get(&bias).is_some().then_some(bias);
        matches!(part, "weight" | "slope").then(|| Layer {
            weight: entry.name.clone(),
            bias,
            shape: entry.shape.clone(),
        })
    };
    file.entries().iter().filter_map(layer).collect()
}

/// By the order of layers: a compact network has rectifiers of its own, a dense one has blocks that grow.
fn listed(layers: &[Layer]) -> Option<Layout> {
    let is_conv = |layer: &Layer| layer.shape.len() == 4 && layer.shape[2..] == [3, 3];
    if layers.iter().any(|layer| layer.shape.len() == 1) {
        return compact(layers).filter(|_| layers.iter().all(|layer| layer.shape.len() == 1 || is_conv(layer)));
    }
    if !layers.iter().all(is_conv) {
        return None;
    }
    let (features, inputs) = (layers.first()?.shape[0], layers.first()?.shape[1]);
    let growth = layers.get(1)?.shape[0];
    let grows = |block: &[Layer]| {
        block.iter().enumerate().all(|(n, layer)| layer.shape[1] == features + n * growth)
            && block.iter().take(4).all(|layer| layer.shape[0] == growth)
    };
    let dense = layers[1..].chunks_exact(5).take_while(|block| grows(block)).count();
    let ups = layers.len().checked_sub(1 + 5 * dense + 3)?;
    let unshuffle = [1, 2, 4].into_iter().find(|side| inputs == COLOURS * side * side)?;
    let config = RrdbConfig { features, growth, blocks: dense / 3, ups, unshuffle };
    if dense == 0 || dense % 3 != 0 || ups > 4 || unshuffle > 1 << ups {
        return None;
    }
    let blocks = (0..dense * 5).map(|n| format!("body.{}.rdb{}.conv{}", n / 15, n / 5 % 3 + 1, n % 5 + 1));
    let ends = (1..=ups).map(|n| format!("conv_up{n}")).chain(["conv_hr".to_owned(), "conv_last".to_owned()]);
    let names = ["conv_first".to_owned()].into_iter().chain(blocks).chain(["conv_body".to_owned()]).chain(ends);
    Some(Layout::Rrdb(config, Names::Listed(listing(names.zip(layers)))))
}

/// Convolutions with a rectifier behind each but the last, whichever kind the file lists first.
fn compact(layers: &[Layer]) -> Option<Layout> {
    let (slopes, convs): (Vec<_>, Vec<_>) = layers.iter().partition(|layer| layer.shape.len() == 1);
    let (first, last) = (convs.first()?, convs.last()?);
    let scale = (1..=8).find(|scale| Some(&(COLOURS * scale * scale)) == last.shape.first())?;
    let pairs = slopes.iter().zip(&convs).all(|(slopes, conv)| slopes.shape[0] == conv.shape[0]);
    if convs.len() != slopes.len() + 1 || slopes.len() < 2 || first.shape.get(1) != Some(&COLOURS) || !pairs {
        return None;
    }
    let config = SrvggConfig { features: first.shape[0], convs: slopes.len() - 1, scale };
    let convs = convs.into_iter().enumerate().map(|(n, layer)| (format!("body.{}", 2 * n), layer));
    let slopes = slopes.into_iter().enumerate().map(|(n, layer)| (format!("body.{}", 2 * n + 1), layer));
    Some(Layout::Srvgg(config, Names::Listed(listing(convs.chain(slopes)))))
}

/// Published names of weights and biases.
fn listing<'a>(layers: impl Iterator<Item = (String, &'a Layer)>) -> HashMap<String, String> {
    let parts = layers.flat_map(|(name, layer)| {
        let bias = layer.bias.clone().map(|bias| (format!("{name}.bias"), bias));
        [Some((format!("{name}.weight"), layer.weight.clone())), bias]
    });
    parts.flatten().collect()
}
