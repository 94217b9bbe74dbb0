//! Weight names: published checkpoint ↔ the exported ONNX pipeline.

/// Name of the exported noise map (`noise_const · noise_strength`, folded by the exporter) of each synthesis block's
/// `conv1` and `conv2`, read off the `Add` nodes `/model/synthesis/bR/convN/Add`.
const NOISE: [(usize, [&str; 2]); 7] = [
    (8, ["onnx::Add_1668", "onnx::Add_1673"]),
    (16, ["onnx::Add_1690", "onnx::Add_1695"]),
    (32, ["onnx::Add_1712", "onnx::Add_1717"]),
    (64, ["onnx::Add_1734", "onnx::Add_1739"]),
    (128, ["onnx::Add_1756", "onnx::Add_1761"]),
    (256, ["onnx::Add_1778", "onnx::Add_1783"]),
    (512, ["onnx::Add_1800", "onnx::Add_1805"]),
];

/// Tensors that the exporter stored once because they are equal, by their published names.
const SHARED: [(&str, &str); 6] = [
    ("encoder.b32.conv2.downsample.filter.weight", "encoder.b64.conv2.downsample.filter.weight"),
    ("encoder.b16.conv2.downsample.filter.weight", "encoder.b64.conv2.downsample.filter.weight"),
    ("encoder.b8.conv2.downsample.filter.weight", "encoder.b64.conv2.downsample.filter.weight"),
    ("synthesis.b16.conv1.upsample.filter.weight", "synthesis.b8.conv1.upsample.filter.weight"),
    ("synthesis.b32.conv1.upsample.filter.weight", "synthesis.b8.conv1.upsample.filter.weight"),
    ("synthesis.b64.conv1.upsample.filter.weight", "synthesis.b8.conv1.upsample.filter.weight"),
];

/// Name in `migan_pipeline_v2.onnx` of a tensor of the published checkpoint; `synthesis.bR.convN.noise` stands for the
/// product of its `noise_const` and `noise_strength`.
pub(super) fn onnx_name(published: &str) -> String {
    if let Some(name) = noise_name(published) {
        return name.to_owned();
    }
    let shared = SHARED.iter().find(|(name, _)| *name == published).map(|&(_, stored)| stored);
    let picture_filter = is_picture_filter(published).then_some("synthesis.b8.upsample.filter.weight");
    format!("model.{}", shared.or(picture_filter).unwrap_or(published))
}

/// Whether a tensor of the file belongs to the generator: not to the pipeline around it, and not one of the
/// zero-insertion masks that danqing's upsampling does without.
pub(super) fn is_generator_weight(stored: &str) -> bool {
    let network = stored.starts_with("model.encoder.") || stored.starts_with("model.synthesis.");
    network && !stored.ends_with(".filter_const") || stored.starts_with("onnx::Add_")
}

fn noise_name(published: &str) -> Option<&'static str> {
    let (block, conv) = published.strip_prefix("synthesis.b")?.strip_suffix(".noise")?.split_once('.')?;
    let (_, convs) = NOISE.iter().find(|(resolution, _)| block.parse() == Ok(*resolution))?;
    match conv {
        "conv1" => Some(convs[0]),
        "conv2" => Some(convs[1]),
        _ => None,
    }
}

/// `synthesis.bR.upsample.filter.weight`: three equal filters, one per colour, at every resolution.
fn is_picture_filter(published: &str) -> bool {
    let block = published.strip_prefix("synthesis.b").and_then(|rest| rest.strip_suffix(".upsample.filter.weight"));
    block.is_some_and(|block| !block.contains('.'))
}

#[cfg(test)]
mod tests {
    use danqing_weights::{ModelStore, StoreConfig};

    use super::*;

    #[test]
    fn published_names_lead_to_stored_ones() {
        for (published, stored) in [
            ("encoder.b512.fromrgb.bias", "model.encoder.b512.fromrgb.bias"),
            ("encoder.b8.conv2.downsample.filter.weight", "model.encoder.b64.conv2.downsample.filter.weight"),
            ("synthesis.b64.conv1.upsample.filter.weight", "model.synthesis.b8.conv1.upsample.filter.weight"),
            ("synthesis.b128.conv1.upsample.filter.weight", "model.synthesis.b128.conv1.upsample.filter.weight"),
            ("synthesis.b512.upsample.filter.weight", "model.synthesis.b8.upsample.filter.weight"),
            ("synthesis.b8.conv1.noise", "onnx::Add_1668"),
            ("synthesis.b512.conv2.noise", "onnx::Add_1805"),
        ] {
            assert_eq!(onnx_name(published), stored, "{published}");
        }
    }

    /// The exporter's graph says which initialiser goes where; the weights' values alone would hardly show a mix-up.
    #[test]
    fn noise_and_shared_filters_are_where_the_graph_uses_them() -> Result<(), Box<dyn std::error::Error>> {
        let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
        let opened = store.open_tensors("migan-512-places2");
        let opened = opened.map_err(|error| format!("{error}: run `danqing models pull default --yes`"))?;
        let nodes = opened.graph.ok_or("the file has no graph")?.nodes;
        let find = |name: &str| nodes.iter().find(|node| node.name == name).ok_or_else(|| format!("no node {name}"));
        for (resolution, convs) in NOISE {
            for (conv, stored) in ["conv1", "conv2"].iter().zip(convs) {
                let add = find(&format!("/model/synthesis/b{resolution}/{conv}/Add"))?;
                assert!(add.op_type == "Add" && add.inputs.iter().any(|input| input == stored), "{add:?}");
            }
        }
        let copies: Vec<_> = nodes.iter().filter(|node| node.op_type == "Identity").collect();
        let filters = copies.iter().filter(|copy| copy.outputs[0].ends_with(".filter.weight"));
        assert_eq!(filters.clone().count(), SHARED.len() + 6);
        for copy in filters {
            let published = copy.outputs[0].strip_prefix("model.").ok_or("another prefix")?;
            assert_eq!(onnx_name(published), copy.inputs[0]);
        }
        Ok(())
    }

    #[test]
    fn only_the_generator_s_tensors_count_as_left_over() {
        assert!(is_generator_weight("model.synthesis.b1024.torgb.bias") && is_generator_weight("onnx::Add_9"));
        assert!(!is_generator_weight("model.synthesis.b8.conv1.upsample.filter_const"));
        assert!(!is_generator_weight("onnx::Conv_1821") && !is_generator_weight("/Constant_output_0"));
    }
}
