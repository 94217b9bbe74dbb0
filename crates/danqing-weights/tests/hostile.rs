//! Files made to harm: every one is refused with an error that says what is wrong.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Write};

use danqing_weights::containers::{ncnn, onnx, safetensors, torch};
use danqing_weights::{Class, Limits, ParseError};

fn limits() -> Limits {
    Limits::default()
}

/// The error of a bare pickle.
fn pickle_error(bytes: &[u8]) -> ParseError {
    match torch::read_numpy(bytes.to_vec(), &limits()) {
        Err(error) => error,
        Ok(file) => panic!("read {:?} from {bytes:?}", file.entries()),
    }
}

/// A checkpoint in the zip layout.
fn checkpoint(pickle: &[u8], storages: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    writer.start_file("archive/data.pkl", options).unwrap();
    writer.write_all(pickle).unwrap();
    for (key, bytes) in storages {
        writer.start_file(format!("archive/data/{key}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// `_rebuild_tensor_v2(storage("0"), offset, shape, stride, False, OrderedDict())` in a dict under "w".
fn tensor_pickle(offset: &[u8], shape: &[u8], stride: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    bytes.extend(b"X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ");
    bytes.extend(offset);
    bytes.extend(shape);
    bytes.extend(stride);
    bytes.extend(b"\x89ccollections\nOrderedDict\n)RtRs.");
    bytes
}

const FOUR: [u8; 16] = [0; 16];

#[test]
fn pickles_that_call_something_are_refused_by_name() {
    let cases: [(&[u8], &str); 11] = [
        (b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.", "os.system"),
        (b"\x80\x02cposix\nsystem\nX\x02\0\0\0id\x85R.", "posix.system"),
        (b"\x80\x02cbuiltins\neval\nX\x01\0\0\x001\x85R.", "builtins.eval"),
        (b"\x80\x02c__builtin__\nexec\nX\x01\0\0\x001\x85R.", "__builtin__.exec"),
        (b"\x80\x04\x8c\x0asubprocess\x8c\x05Popen\x93\x8c\x02id\x85R.", "subprocess.Popen"),
        (b"\x80\x04\x8c\x05torch\x8c\x04load\x93\x8c\x01x\x85R.", "torch.load"),
        (b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x01x\x85R.", "torch.storage._load_from_bytes"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2.__globals__\n.", "_rebuild_tensor_v2.__globals__"),
        (b"\x80\x02ccollections\nOrderedDict.__class__\n.", "collections.OrderedDict.__class__"),
        (b"\x80\x02cnumpy.core.multiarray\nfromfile\n.", "numpy.core.multiarray.fromfile"),
        (b"\x80\x02c\n\n.", "`.`"),
    ];
    for (bytes, name) in cases {
        let error = pickle_error(bytes);
        assert!(matches!(error, ParseError::ForbiddenGlobal { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(error.class(), Class::File);
        let zipped = torch::read_zip(checkpoint(bytes, &[], zip::CompressionMethod::Stored), &limits()).unwrap_err();
        assert_eq!(zipped.to_string(), error.to_string());
    }
}

#[test]
fn opcodes_that_make_objects_of_classes_are_refused_by_name() {
    let cases: [(&[u8], &str); 7] = [
        (b"\x80\x02(ios\nsystem\n.", "INST"),
        (b"\x80\x02(ccollections\nOrderedDict\no.", "OBJ"),
        (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "NEWOBJ"),
        (b"\x80\x04ccollections\nOrderedDict\n)}\x92.", "NEWOBJ_EX"),
        (b"\x80\x02\x82\x01.", "EXT"),
        (b"\x80\x02Pstorage\n.", "PERSID"),
        (b"\x80\x02\xff.", "0xff"),
    ];
    for (bytes, name) in cases {
        let error = pickle_error(bytes);
        assert!(matches!(error, ParseError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn calls_and_states_that_are_no_tensors_are_refused() {
    let cases: [(&[u8], &str); 8] = [
        (b"\x80\x02K\x01)R.", "REDUCE calls"),
        (b"\x80\x02ccollections\nOrderedDict\nK\x01R.", "no tuple"),
        (b"\x80\x02](K\x01K\x02eK\x01b.", "BUILD on a list"),
        (b"\x80\x02R.", "stack is empty"),
        (b"\x80\x02N(0.", "stack is empty"),
        (b"\x80\x02}(K\x01u.", "key without a value"),
        (b"\x80\x02h\x07.", "memo 7"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "0 arguments"),
    ];
    for (bytes, what) in cases {
        let error = pickle_error(bytes).to_string();
        assert!(error.contains(what), "{bytes:?}: {error}");
    }
}

#[test]
fn lengths_beyond_the_pickle_are_refused_before_memory_is_taken() {
    for bytes in [
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.".as_slice(),
        b"\x80\x04X\xff\xff\xff\xff.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x04B\xff\xff\xff\x7f.",
        b"\x80\x04\x8b\xff\xff\xff\xff.",
    ] {
        assert!(matches!(pickle_error(bytes), ParseError::Truncated { .. }), "{bytes:?}");
    }
}

#[test]
fn a_list_inside_itself_ends_at_the_depth_limit() {
    let error = pickle_error(b"\x80\x02]q\x00h\x00a.");
    assert!(matches!(error, ParseError::TooLarge { what: "nesting depth", .. }), "{error}");
    let mut deep = b"\x80\x02".to_vec();
    deep.extend(std::iter::repeat_n(b']', 1_000_000));
    deep.extend(std::iter::repeat_n(b'a', 999_999));
    deep.push(b'.');
    let error = pickle_error(&deep);
    assert!(matches!(error, ParseError::TooLarge { what: "nesting depth", .. }), "{error}");
}

/// Thirty lists, each holding the one before twice: 2^30 paths in 200 bytes.
#[test]
fn shared_values_do_not_multiply() {
    let mut laughs = b"\x80\x02K\x01q\x00".to_vec();
    for level in 1..30u8 {
        laughs.extend([b'0', b'h', level - 1, b'h', level - 1, 0x86, b'q', level]);
    }
    laughs.push(b'.');
    let error = pickle_error(&laughs);
    assert!(matches!(error, ParseError::TooLarge { what: "number of tensors", .. }), "{error}");
}

#[test]
fn copies_of_one_long_list_are_refused() {
    let mut bytes = b"\x80\x02](".to_vec();
    for _ in 0..2000 {
        bytes.extend(b"K\x01K\x02\x86");
    }
    bytes.extend(b"eq\x000");
    for _ in 0..2000 {
        bytes.extend(b"ccollections\nOrderedDict\nh\x00\x85R0");
    }
    bytes.extend(b"N.");
    let error = pickle_error(&bytes).to_string();
    assert!(error.contains("arguments"), "{error}");
}

#[test]
fn too_many_opcodes_are_refused() {
    let small = Limits { tensors: 10, ..limits() };
    let mut bytes = b"\x80\x02".to_vec();
    bytes.extend(b"N0".repeat(600));
    bytes.extend(b"N.");
    let error = torch::read_numpy(bytes, &small).unwrap_err();
    assert!(matches!(error, ParseError::TooLarge { what: "number of pickle opcodes", .. }), "{error}");
}

#[test]
fn a_sound_checkpoint_of_the_same_shape_is_read() {
    let pickle = tensor_pickle(b"K\x00", b"K\x02K\x02\x86", b"K\x02K\x01\x86");
    let bytes = checkpoint(&pickle, &[("0", &FOUR)], zip::CompressionMethod::Stored);
    let file = torch::read_zip(bytes, &limits()).unwrap();
    assert_eq!(file.get("w").unwrap().to_f32().unwrap(), [0.0; 4]);
}

#[test]
fn views_outside_their_storage_are_refused() {
    for (offset, shape, stride) in [
        (&b"K\x01"[..], &b"K\x02K\x02\x86"[..], &b"K\x02K\x01\x86"[..]),
        (b"K\x00", b"K\x05\x85", b"K\x01\x85"),
        (b"K\x00", b"K\x02\x85", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"K\x02\x85", b"K\x01\x85"),
        (b"K\x00", b"K\x02K\x02\x86", b"K\x01\x85"),
        (b"J\xff\xff\xff\xff", b"K\x02\x85", b"K\x01\x85"),
    ] {
        let pickle = tensor_pickle(offset, shape, stride);
        let bytes = checkpoint(&pickle, &[("0", &FOUR)], zip::CompressionMethod::Stored);
        let error = torch::read_zip(bytes, &limits()).unwrap_err();
        assert!(matches!(error, ParseError::Malformed { .. }), "{error}");
    }
}

/// One element, expanded to 2^40 by strides of 0.
#[test]
fn an_expanded_scalar_is_refused_before_memory_is_taken() {
    let side = b"\x8a\x04\0\0\x10\0";
    let shape = [&side[..], &side[..], b"\x86"].concat();
    let pickle = tensor_pickle(b"K\x00", &shape, b"K\x00K\x00\x86");
    let error = torch::read_zip(checkpoint(&pickle, &[("0", &FOUR)], zip::CompressionMethod::Stored), &limits());
    let error = error.unwrap_err();
    assert!(matches!(error, ParseError::TooLarge { what: "decoded tensor bytes", .. }), "{error}");
    assert_eq!(error.class(), Class::Limit);
}

#[test]
fn checkpoints_with_missing_or_compressed_members_are_refused() {
    let pickle = tensor_pickle(b"K\x00", b"K\x04\x85", b"K\x01\x85");
    let error = torch::read_zip(checkpoint(&pickle, &[], zip::CompressionMethod::Stored), &limits()).unwrap_err();
    assert!(error.to_string().contains("storage \"0\" is not in the file"), "{error}");
    let deflated = checkpoint(&pickle, &[("0", &FOUR)], zip::CompressionMethod::Deflated);
    let error = torch::read_zip(deflated, &limits()).unwrap_err();
    assert!(error.to_string().contains("compressed member"), "{error}");
    let mut empty = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    empty.start_file("archive/version", stored).unwrap();
    let error = torch::read_zip(empty.finish().unwrap().into_inner(), &limits()).unwrap_err();
    assert!(error.to_string().contains("no data.pkl"), "{error}");
}

fn safetensors_file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn lying_safetensors_headers_are_refused() {
    let a = r#""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;
    let cases = [
        (format!("{{{a}}}"), 4, "lies at 0..8, the data has 4 bytes"),
        (format!("{{{a}}}"), 9, "the last tensor ends at byte"),
        (format!("{{{a},{a}}}"), 8, "starts at byte"),
        (format!("{{{a},\"b\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}}}"), 8, "starts at byte"),
        (format!("{{{a},\"b\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}}}"), 16, "starts at byte"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#.into(), 8, "lies at 8..0"),
        (r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#.into(), 8, "has 8 bytes of data"),
        (
            r#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#.into(),
            0,
            "has 0 bytes of data",
        ),
        (r#"{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,8]}}"#.into(), 8, "\"F3\""),
        (r#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#.into(), 8, "header is not valid"),
        (r#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}"#.into(), 8, "number of dimensions"),
        (format!("{{\"{}\":{}}}", "n".repeat(2000), &a[4..]), 8, "name length"),
        ("[]".into(), 0, "header is not valid"),
        ("{}x".into(), 0, "header is not valid"),
        ("[".repeat(100_000), 0, "header is not valid"),
        (format!("{{\"a\":{}", "{\"a\":".repeat(100_000)), 0, "header is not valid"),
    ];
    for (header, data, expected) in cases {
        let error = safetensors::read(safetensors_file(&header, data), &limits()).unwrap_err().to_string();
        assert!(error.contains(expected), "{}: {error}", &header[..header.len().min(80)]);
    }
    let twice = r#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#;
    let error = safetensors::read(safetensors_file(twice, 0), &limits()).unwrap_err();
    assert!(matches!(error, ParseError::DuplicateTensor { .. }), "{error}");
}

#[test]
fn a_header_length_beyond_the_file_is_refused_before_memory_is_taken() {
    for length in [u64::MAX, 100_000_001, 99_999_999, 3] {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        assert!(safetensors::read(bytes, &limits()).is_err(), "{length}");
    }
    let error = safetensors::read(vec![2, 0, 0], &limits()).unwrap_err();
    assert!(matches!(error, ParseError::Truncated { .. }), "{error}");
}

/// One protobuf field with bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 128 * 128);
    let mut out = vec![number << 3 | 2];
    out.extend([(bytes.len() & 127) as u8 | 128, (bytes.len() >> 7) as u8]);
    out.extend(bytes);
    out
}

fn onnx_error(graph: &[u8]) -> String {
    onnx::read(field(7, graph), &limits()).expect_err("refused").to_string()
}

#[test]
fn lying_onnx_tensors_are_refused() {
    let f32_dims = |dims: &[u8]| [dims, &[0x10, 1]].concat();
    let cases = [
        ([f32_dims(&[8, 3]), field(9, &[0; 8])].concat(), "has 8 bytes of data"),
        ([f32_dims(&[8, 2]), field(9, &[0; 8]), field(4, &[0; 8])].concat(), "data twice"),
        (f32_dims(&[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), "negative size"),
        (
            f32_dims(&[8, 0xff, 0xff, 0xff, 0xff, 0x0f, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            "0 bytes of data",
        ),
        ([f32_dims(&[8, 1]), field(7, &[1])].concat(), "data field 7 does not hold type F32"),
        ([f32_dims(&[8, 2]), field(4, &[0; 7])].concat(), "has 7 bytes of data"),
        ([f32_dims(&[8, 1]), vec![0x70, 1]].concat(), "in another file"),
        (vec![0x10, 99], "element type number 99"),
        (f32_dims(&[8, 1].repeat(9)), "number of dimensions"),
    ];
    for (tensor, expected) in cases {
        let error = onnx_error(&field(5, &tensor));
        assert!(error.contains(expected), "{tensor:?}: {error}");
    }
}

#[test]
fn broken_protobuf_is_refused() {
    for (bytes, expected) in [
        (vec![0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "truncated"),
        (vec![0x3a, 5, 1], "truncated"),
        (vec![0x3b], "wire type 3"),
        (vec![0x02], "no number"),
        (vec![0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], "more than 64 bits"),
        (vec![], "no graph"),
        ([field(7, b""), field(7, b"")].concat(), "two graphs"),
    ] {
        let error = onnx::read(bytes.clone(), &limits()).unwrap_err().to_string();
        assert!(error.contains(expected), "{bytes:?}: {error}");
    }
}

#[test]
fn nested_onnx_graphs_end_at_the_depth_limit() {
    let mut graph = Vec::new();
    for _ in 0..100 {
        let attribute = [field(1, b"body"), field(6, &graph), vec![0xa0, 0x01, 5]].concat();
        graph = field(1, &field(5, &attribute));
    }
    let error = onnx_error(&graph);
    assert!(error.contains("nesting depth"), "{error}");
}

#[test]
fn lying_ncnn_files_are_refused() {
    let conv = "7767517\n1 1\nConvolution c 1 1 a b 0=2 1=1 6=4 5=1\n";
    let sixteen = |weights: usize| [&0x0130_6B47u32.to_le_bytes()[..], &vec![0; weights]].concat();
    assert!(ncnn::read(conv.as_bytes(), sixteen(8 + 8), &limits()).is_ok());
    let cases = [
        (conv.to_owned(), sixteen(8 + 7), "truncated"),
        (conv.to_owned(), sixteen(8 + 9), "the layers take 20 bytes"),
        (conv.to_owned(), vec![1, 0, 0, 0], "quantised"),
        (conv.to_owned(), 0x000D_4B38u32.to_le_bytes().to_vec(), "int8"),
        (conv.replace("0=2", "0=3"), sixteen(16), "no multiple of 3"),
        (conv.replace("0=2", "0=0"), sixteen(16), "no multiple of 0"),
        (conv.replace("0=2", "0=-2"), sixteen(16), "not a size"),
        (conv.replace("6=4", "6=9223372036854775806"), sixteen(16), "truncated"),
        (conv.replace("1=1", "1=4294967296 11=9223372036854775807"), sixteen(16), "a kernel that large"),
        (conv.replace("Convolution", "LSTM"), sixteen(16), "layer type LSTM"),
        (conv.replace("1 1\n", "2 1\n"), sixteen(16), "states 2 layers and has 1"),
        (conv.replace("1 1\n", "9999999 1\n"), sixteen(16), "number of tensors"),
        (conv.replace("7767517", "7767518"), sixteen(16), "starts with"),
        (conv.replace(" 1 1 a b", " 99999999999 1 a b"), sixteen(16), "layer line"),
        (conv.replace("0=2", "0"), sixteen(16), "layer line"),
        (conv.replace("0=2", "-23300=3,1"), sixteen(16), "layer line"),
        (String::new(), vec![], "starts with"),
    ];
    for (param, weights, expected) in cases {
        let error = ncnn::read(param.as_bytes(), weights, &limits()).unwrap_err().to_string();
        assert!(error.contains(expected), "{param}: {error}");
    }
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(3 << 30).unwrap();
    let small = Limits { file_bytes: 1 << 20, ..limits() };
    let error = danqing_weights::containers::read(file.path(), &small).unwrap_err();
    assert!(matches!(error, ParseError::TooLarge { what: "file size in bytes", .. }), "{error}");
}
