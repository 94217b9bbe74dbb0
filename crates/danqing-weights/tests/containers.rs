//! Every reader against files that the real libraries wrote (`tools/golden/weights_containers.py`), compared bit for bit.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use danqing_weights::containers::{self, Container, gguf, onnx, safetensors};
use danqing_weights::{Limits, ParseError, TensorFile};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    dtype: String,
    shape: Vec<usize>,
    hex: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weights_containers")
}

fn golden(name: &str) -> PathBuf {
    let here = folder().join(name);
    assert!(here.exists(), "{} is missing", here.display());
    here
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn assert_same(file: &str, actual: &TensorFile, expected: &BTreeMap<String, Expected>) {
    let names: Vec<_> = actual.entries().iter().map(|entry| &entry.name).collect();
    assert_eq!(names.len(), expected.len(), "{file} holds {names:?}");
    for (name, expected) in expected {
        let tensor = actual.get(name).unwrap_or_else(|| panic!("{file} lacks {name}; it holds {names:?}"));
        assert_eq!(tensor.dtype().name(), expected.dtype, "{file} {name}");
        assert_eq!(tensor.shape(), expected.shape, "{file} {name}");
        assert_eq!(hex(&tensor.bytes().unwrap()), expected.hex, "{file} {name}");
    }
}

/// Every file of one JSON.
fn check_part(part: &str) {
    let text = std::fs::read_to_string(golden(&format!("{part}.json"))).unwrap();
    let files: BTreeMap<String, BTreeMap<String, Expected>> = serde_json::from_str(&text).unwrap();
    assert!(!files.is_empty());
    for (file, expected) in &files {
        let actual = containers::read(&golden(file), &Limits::default()).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_same(file, &actual, expected);
    }
}

#[test]
fn torch_checkpoints_of_both_layouts_are_read() {
    check_part("torch");
}

#[test]
fn scalars_and_texts_of_a_checkpoint_are_metadata() {
    for name in ["torch_zip.pt", "torch_legacy.pth"] {
        let file = containers::read(&golden(name), &Limits::default()).unwrap();
        let metadata: Vec<_> = file.metadata().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(metadata, [("flag", "true"), ("name", "画"), ("rate", "0.5"), ("step", "12")]);
    }
}

#[test]
fn numpy_pickles_of_all_protocols_are_read() {
    check_part("numpy");
}

#[test]
fn safetensors_are_read_with_their_metadata() {
    check_part("safetensors");
    let file = containers::read(&golden("mixed.safetensors"), &Limits::default()).unwrap();
    assert_eq!(file.metadata().get("title").map(String::as_str), Some("江雪"));
}

#[test]
fn gguf_tensors_of_every_type_are_read() {
    check_part("gguf");
    let bytes = std::fs::read(golden("types.gguf")).unwrap();
    let file = gguf::read(bytes.clone(), &Limits::default()).unwrap();
    let metadata: Vec<_> = file.metadata().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        metadata,
        [
            ("general.architecture", "sd1"),
            ("general.file_type", "7"),
            ("general.name", "丹青"),
            ("test.flag", "true"),
            ("test.negative", "-3"),
            ("test.rate", "0.5"),
        ]
    );
    // Version 2 has the same layout.
    let older = gguf::read([&bytes[..4], &[2, 0, 0, 0], &bytes[8..]].concat(), &Limits::default()).unwrap();
    assert_eq!((older.entries(), older.metadata()), (file.entries(), file.metadata()));
}

/// Every value of every type in blocks is the one that the reference package makes, to the bit.
#[test]
fn gguf_blocks_have_the_values_of_the_reference() {
    let file = containers::read(&golden("types.gguf"), &Limits::default()).unwrap();
    let values = containers::read(&golden("gguf_values.safetensors"), &Limits::default()).unwrap();
    assert_eq!(values.len(), 11);
    for expected in values.iter() {
        let actual = file.get(expected.name()).unwrap().to_f32().unwrap();
        let (actual, expected_bits): (Vec<_>, Vec<_>) = (
            actual.iter().map(|value| value.to_bits()).collect(),
            expected.to_f32().unwrap().iter().map(|value| value.to_bits()).collect(),
        );
        assert!(actual == expected_bits, "{}", expected.name());
    }
}

/// From disk, tensor by tensor, a file gives what it gives from memory.
#[test]
fn files_on_disk_give_what_they_give_from_memory() {
    for name in ["types.gguf", "mixed.safetensors", "torch_zip.pt", "torch_legacy.pth", "numpy_4.pkl", "tiny.onnx"] {
        let disk = containers::read(&golden(name), &Limits::default()).unwrap();
        let memory = containers::parse(std::fs::read(golden(name)).unwrap(), name, &Limits::default()).unwrap();
        assert_eq!(disk.len(), memory.len());
        for (from_disk, from_memory) in disk.iter().zip(memory.iter()) {
            assert_eq!(from_disk.name(), from_memory.name());
            assert_eq!(from_disk.bytes().unwrap(), from_memory.bytes().unwrap());
            let bits = |values: Vec<f32>| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(from_disk.to_f32().unwrap()), bits(from_memory.to_f32().unwrap()));
        }
    }
}

/// Of every type, from disk and from memory.
#[test]
fn parts_of_a_tensor_are_those_of_all_of_it() {
    for name in ["types.gguf", "mixed.safetensors", "torch_zip.pt"] {
        let disk = containers::read(&golden(name), &Limits::default()).unwrap();
        let memory = containers::parse(std::fs::read(golden(name)).unwrap(), name, &Limits::default()).unwrap();
        for view in disk.iter().chain(memory.iter()) {
            let (all, block) = (view.to_f32().unwrap(), view.dtype().block_elements());
            for first in (0..all.len()).step_by(block) {
                for taken in [1, block, all.len() - first] {
                    let mut part = vec![0.5; taken];
                    view.read_f32(first, &mut part).unwrap();
                    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(&part), bits(&all[first..first + taken]), "{name}: {} from {first}", view.name());
                }
            }
        }
    }
}

#[test]
fn blocks_are_not_written_as_safetensors() {
    let file = containers::read(&golden("types.gguf"), &Limits::default()).unwrap();
    let error = safetensors::write(Vec::new(), file.iter(), &BTreeMap::new()).unwrap_err();
    assert!(error.to_string().contains("which safetensors does not have"), "{error}");
}

#[test]
fn onnx_initialisers_constants_and_branches_are_read() {
    check_part("onnx");
}

#[test]
fn onnx_nodes_say_what_each_weight_is_for() {
    use onnx::AttributeValue as A;
    let model = onnx::read(std::fs::read(golden("tiny.onnx")).unwrap(), &Limits::default()).unwrap();
    assert_eq!((model.ir_version, model.opset, model.producer.as_str()), (8, 17, "danqing"));
    assert_eq!(model.graph.inputs, ["x", "cond"]);
    assert_eq!(model.graph.outputs, ["out", "w"]);
    assert_eq!(model.tensors.metadata().get("author").map(String::as_str), Some("张"));
    let [constant, conv, act, branch, resize] = &model.graph.nodes[..] else { panic!("five nodes") };
    assert_eq!(constant.attribute("value"), Some(&A::Tensor("bias".into())));
    assert_eq!((conv.op_type.as_str(), conv.name.as_str()), ("Conv", "conv"));
    assert_eq!(conv.inputs, ["x", "conv.weight", "bias"]);
    assert_eq!(conv.attribute("strides"), Some(&A::Ints(vec![2, 2])));
    assert_eq!(conv.attribute("group"), Some(&A::Int(1)));
    assert_eq!(act.attribute("alpha"), Some(&A::Float(0.25)));
    let Some(A::Graph(then)) = branch.attribute("then_branch") else { panic!("a graph") };
    assert_eq!(then.nodes[0].attribute("value"), Some(&A::Tensor("w.then_branch/c".into())));
    assert_eq!(resize.inputs, ["z", "", "scales"]);
    assert_eq!(resize.attribute("mode"), Some(&A::Text("nearest".into())));
}

#[test]
fn ncnn_weights_are_read_in_both_precisions() {
    check_part("ncnn");
}

#[test]
fn ncnn_layers_keep_their_parameters() {
    use containers::ncnn::{self, ParamValue};
    let param = std::fs::read(golden("ncnn_fp32.param")).unwrap();
    let weights = std::fs::read(golden("ncnn_fp32.bin")).unwrap();
    let network = ncnn::read(&param, weights, &Limits::default()).unwrap();
    let kinds: Vec<_> = network.layers.iter().map(|layer| layer.kind.as_str()).collect();
    assert_eq!(kinds, ["Input", "Convolution", "ConvolutionDepthWise", "PReLU", "Pooling", "InnerProduct", "Noop"]);
    assert_eq!(network.layers[1].params.get(&11), Some(&ParamValue::Int(3)));
    assert_eq!(network.layers[6].params.get(&1), Some(&ParamValue::Array(vec![0.5, 1.5])));
    assert_eq!(
        (&network.layers[6].inputs[..], &network.layers[6].outputs[..]),
        (&["e".into()][..], &["out".into()][..])
    );
}

#[test]
fn a_file_is_known_by_its_content_before_its_name() {
    let bytes = |name: &str| std::fs::read(golden(name)).unwrap();
    for (name, expected) in [
        ("torch_zip.pt", Container::TorchZip),
        ("torch_legacy.pth", Container::TorchLegacy),
        ("mixed.safetensors", Container::Safetensors),
        ("types.gguf", Container::Gguf),
        ("numpy_4.pkl", Container::NumpyPickle),
    ] {
        assert_eq!(Container::detect(&bytes(name), "renamed.dat").unwrap(), expected, "{name}");
    }
    assert_eq!(Container::detect(&bytes("tiny.onnx"), "a.ONNX").unwrap(), Container::Onnx);
    let error = Container::detect(b"hello, world", "a.txt").unwrap_err();
    assert!(matches!(error, ParseError::UnknownContainer { .. }), "{error}");
}

#[test]
fn what_is_written_as_safetensors_is_read_back() {
    for name in ["torch_zip.pt", "tiny.onnx", "numpy_4.pkl", "ncnn_fp16.bin"] {
        let source = containers::read(&golden(name), &Limits::default()).unwrap();
        let metadata = BTreeMap::from([("source".to_owned(), name.to_owned())]);
        let mut written = Vec::new();
        safetensors::write(&mut written, source.iter(), &metadata).unwrap();
        let again = safetensors::read(written, &Limits::default()).unwrap();
        assert_eq!(again.metadata(), &metadata);
        assert_eq!(again.len(), source.len());
        for tensor in source.iter() {
            let copy = again.get(tensor.name()).unwrap();
            assert_eq!(
                (copy.dtype(), copy.shape(), copy.bytes().unwrap()),
                (tensor.dtype(), tensor.shape(), tensor.bytes().unwrap())
            );
        }
    }
}

#[test]
fn values_come_as_f32_and_i64() {
    let file = containers::read(&golden("torch_zip.pt"), &Limits::default()).unwrap();
    let tensor = |name: &str| file.get(&format!("state_dict.{name}")).unwrap();
    assert_eq!(tensor("bf16").to_f32().unwrap(), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(tensor("scalar").to_f32().unwrap(), [2.5]);
    assert_eq!(tensor("bool").to_f32().unwrap(), [1.0, 0.0, 1.0]);
    assert_eq!(tensor("bool").to_i64().unwrap(), Some(vec![1, 0, 1]));
    assert_eq!(tensor("f32").to_i64().unwrap(), None);
    assert_eq!(tensor("transposed").to_f32().unwrap()[..4], [0.0, 6.0, 12.0, 18.0]);
    assert_eq!(tensor("expanded").to_f32().unwrap(), [1.5, 1.5, 1.5, 2.5, 2.5, 2.5]);
    assert_eq!(tensor("parameter").to_f32().unwrap(), [0.25, -0.5]);
}
