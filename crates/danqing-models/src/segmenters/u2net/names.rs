//! Names of U²-Net's convolutions, in the order in which the graph runs.

/// Stages with the number of layers of their block; `None` is the block without pooling (RSU-4F).
pub(super) const STAGES: [(&str, Option<usize>); 11] = [
    ("stage1", Some(7)),
    ("stage2", Some(6)),
    ("stage3", Some(5)),
    ("stage4", Some(4)),
    ("stage5", None),
    ("stage6", None),
    ("stage5d", None),
    ("stage4d", Some(4)),
    ("stage3d", Some(5)),
    ("stage2d", Some(6)),
    ("stage1d", Some(7)),
];

/// `stage1.rebnconvin.conv_s1`, … : every convolution with a normalisation behind it.
pub(super) fn in_order() -> Vec<String> {
    let mut names = Vec::new();
    for (stage, layers) in STAGES {
        let layers = layers.unwrap_or(4);
        names.push(format!("{stage}.rebnconvin.conv_s1"));
        names.extend((1..=layers).map(|i| format!("{stage}.rebnconv{i}.conv_s1")));
        names.extend((1..layers).rev().map(|i| format!("{stage}.rebnconv{i}d.conv_s1")));
    }
    names
}
