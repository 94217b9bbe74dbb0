//! Files and inputs that MI-GAN refuses, and cancellation.

mod support;

use std::collections::BTreeMap;

use danqing_capability::{CancelToken, Class, Classified};
use danqing_models::Error;
use danqing_models::inpainters::Migan;
use danqing_nn::{FeatureMap, Shape, Tier};
use danqing_weights::{Limits, ParseError, TensorFile, containers};
use support::{Outcome, WIDE};

#[test]
fn a_cancelled_forward_finishes_no_further_block() -> Outcome {
    let golden = support::golden()?;
    let engine = support::engine(2, Tier::detected())?;
    let network = support::network(&engine)?;
    let input = WIDE.input(&engine, &golden)?;
    for stop_after in [1, 7, 16, 25, 29] {
        let token = CancelToken::default();
        let mut seen = 0;
        let result = network.forward_observed(&engine.with_cancel(token.clone()), &input, &mut |_, _| {
            seen += 1;
            if seen == stop_after {
                token.cancel();
            }
            Ok(())
        });
        let error = result.expect_err("cancelled");
        assert_eq!(error.class(), Class::Cancelled, "{error}");
        // Both outputs of a finished block are shown before the next one starts.
        assert_eq!(seen, stop_after + stop_after % 2);
    }
    Ok(())
}

#[test]
fn an_observer_s_error_ends_the_forward() -> Outcome {
    let engine = support::engine(1, Tier::detected())?;
    let network = support::network(&engine)?;
    let input = FeatureMap::filled(&engine, Shape::new(1, 128, 128, 4), 0.0)?;
    let refused = || Error::Length { what: "test", actual: 1, expected: 2 };
    assert_eq!(network.forward_observed(&engine, &input, &mut |_, _| Err(refused())).err(), Some(refused()));
    Ok(())
}

#[test]
fn inputs_of_other_sizes_or_channels_are_refused_with_what_would_fit() -> Outcome {
    let engine = support::engine(1, Tier::detected())?;
    let network = support::network(&engine)?;
    for (batch, height, width, channels) in [(1, 512, 500, 4), (1, 64, 128, 4), (2, 128, 128, 4), (1, 128, 128, 3)] {
        let input = FeatureMap::filled(&engine, Shape::new(batch, height, width, channels), 0.0)?;
        let error = network.forward(&engine, &input).expect_err("does not fit");
        assert_eq!(
            error.to_string(),
            format!(
                "MI-GAN: input of {batch}×{height}×{width}×{channels} (NHWC), \
                 expected 1×h×w×4 (NHWC), h and w multiples of 128"
            )
        );
    }
    Ok(())
}

/// The real tensors after a change, as a safetensors file in memory.
fn changed(change: impl Fn(&mut BTreeMap<String, (Vec<usize>, Vec<f32>)>)) -> Outcome<TensorFile> {
    let file = support::weights()?;
    let network = file.iter().filter(|view| view.name().starts_with("model.") || view.name().starts_with("onnx::"));
    let mut tensors: BTreeMap<_, _> = network
        .map(|view| (view.name().to_owned(), (view.shape().to_vec(), view.to_f32().unwrap_or_default())))
        .collect();
    change(&mut tensors);
    support::safetensors(&tensors)
}

#[test]
fn foreign_files_are_refused_by_name_and_shape() -> Outcome {
    let engine = support::engine(1, Tier::detected())?;
    let refusal = |file: &TensorFile| Migan::load(&engine, file).err().ok_or("loaded");

    let error = refusal(&changed(|_| ())?);
    assert_eq!(error, Err("loaded"), "the unchanged tensors load from any container");

    let error = refusal(&support::golden()?)?;
    assert_eq!(error.class(), Class::File);
    assert_eq!(
        error.to_string(),
        "MI-GAN weights: tensor `model.encoder.b512.fromrgb.weight` [64, 4, 1, 1] is missing \
         (the file holds 0 of the network's tensors)"
    );

    let error = refusal(&changed(|tensors| {
        tensors.remove("onnx::Add_1712");
    })?)?;
    assert!(error.to_string().contains("tensor `onnx::Add_1712` [32, 32] is missing"), "{error}");

    let error = refusal(&changed(|tensors| {
        tensors.insert("model.encoder.b8.conv1.conv1.bias".into(), (vec![511], vec![0.0; 511]));
    })?)?;
    assert_eq!(
        error.to_string(),
        "MI-GAN weights: tensor `model.encoder.b8.conv1.conv1.bias` is [511], expected [512]"
    );

    let error = refusal(&changed(|tensors| {
        tensors.insert("model.encoder.b1024.conv1.conv1.bias".into(), (vec![32], vec![0.0; 32]));
    })?)?;
    assert_eq!(
        error.to_string(),
        "MI-GAN weights: 1 tensors belong to another network, the first is `model.encoder.b1024.conv1.conv1.bias`"
    );
    Ok(())
}

#[test]
fn a_truncated_file_is_refused_before_it_reaches_the_network() -> Outcome {
    let whole = support::weight_bytes()?;
    let cut = containers::parse(whole[..whole.len() / 2].to_vec(), "migan_pipeline_v2.onnx", &Limits::default());
    let error = cut.err().ok_or("parsed")?;
    assert!(matches!(error, ParseError::Truncated { .. }), "{error}");
    Ok(())
}
