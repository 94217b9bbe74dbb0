//! Convolutions by their published names, batch normalisation folded into them.

use std::collections::HashMap;

use danqing_nn::{Conv2d, Conv2dConfig, Engine, Weight};
use danqing_weights::TensorFile;

use crate::{Error, checkpoint::Checkpoint};

/// `PyTorch`'s default for `BatchNorm2d`.
const EPSILON: f64 = 1e-5;

/// The convolution `name` with its bias, followed by the batch normalisation `norm` where the checkpoint still has it;
/// exported graphs have it folded into the convolution already. `(x·w + b − mean) · γ / √(variance + ε) + β`, in `f64`.
///
/// A norm of fewer channels than the convolution covers the first ones.
pub(crate) fn folded_conv(
    engine: &Engine,
    checkpoint: &Checkpoint<'_>,
    (name, norm): (&str, &str),
    config: Conv2dConfig,
    shape: &[usize],
) -> Result<Conv2d, Error> {
    let outputs = shape[0];
    let mut weight = checkpoint.weight(&format!("{name}.weight"), shape)?.values().to_vec();
    let bias_name = format!("{name}.bias");
    let mut bias = match checkpoint.shape(&bias_name) {
        Some(_) => checkpoint.weight(&bias_name, &[outputs])?.values().to_vec(),
        None => vec![0.0; outputs],
    };
    if let Some(&[channels]) = checkpoint.shape(&format!("{norm}.running_var")) {
        let part = |part: &str| checkpoint.weight(&format!("{norm}.{part}"), &[channels.min(outputs)]);
        let (gamma, beta) = (part("weight")?, part("bias")?);
        let (mean, variance) = (part("running_mean")?, part("running_var")?);
        let per_output = weight.len() / outputs;
        for channel in 0..channels.min(outputs) {
            let value = |w: &Weight| f64::from(w.values()[channel]);
            let factor = value(&gamma) / (value(&variance) + EPSILON).sqrt();
            for value in &mut weight[channel * per_output..][..per_output] {
                *value = (f64::from(*value) * factor) as f32;
            }
            bias[channel] = ((f64::from(bias[channel]) - value(&mean)) * factor + value(&beta)) as f32;
        }
    }
    let (weight, bias) = (Weight::new(shape, weight)?, Weight::new(&[outputs], bias)?);
    Ok(Conv2d::new(engine, config, &weight, Some(&bias))?)
}

/// Exporters rename the convolutions they fold a normalisation into to running numbers, in the order in which the graph
/// runs: the weight is `n` or `onnx::Conv_n`, its bias the next number. Published name of the `k`th of `order` → stored
/// name, for weight and bias.
pub(crate) fn numbered_names(file: &TensorFile, order: &[String]) -> HashMap<String, String> {
    let number = |name: &str| name.strip_prefix("onnx::Conv_").unwrap_or(name).parse::<u64>().ok();
    let kernels = file.iter().filter(|view| view.shape().len() == 4);
    let mut kernels: Vec<_> = kernels.filter_map(|view| Some((number(view.name())?, view.name()))).collect();
    kernels.sort_unstable();
    let mut names = HashMap::new();
    for (published, (number, stored)) in order.iter().zip(kernels) {
        let prefix = if stored.starts_with("onnx::Conv_") { "onnx::Conv_" } else { "" };
        names.insert(format!("{published}.weight"), stored.to_owned());
        names.insert(format!("{published}.bias"), format!("{prefix}{}", number + 1));
    }
    names
}

/// What stands before every name where a checkpoint was saved from a wrapped network.
pub(crate) fn wrapper_of(file: &TensorFile) -> &'static str {
    if file.iter().any(|view| view.name().starts_with("module.")) { "module." } else { "" }
}
