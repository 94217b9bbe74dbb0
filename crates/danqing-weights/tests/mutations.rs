//! Random damage to sound files: no reader panics, hangs or takes more memory than a bound, whatever the bytes.
//!
//! A short run by default; `DANQING_FUZZ_SECONDS=60` goes on for that long per container.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use danqing_weights::containers::{gguf, ncnn, onnx, safetensors, torch};
use danqing_weights::{Limits, ParseError, TensorFile};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Peak memory is counted for the whole process, so one container is measured at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Bytes a reader may take above what it was given: 1 MiB of decoded tensors is allowed to any file (see `Limits`),
/// the rest is names, entries and error texts of files of a few KB, and what the test harness itself takes.
const MEMORY_BOUND: usize = 8 << 20;

type Reader = fn(Vec<u8>) -> Result<TensorFile, ParseError>;

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weights_containers");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// One change to a file.
#[derive(Clone, Debug)]
enum Change {
    Set { at: usize, byte: u8 },
    Flip { at: usize, bit: u8 },
    Cut { at: usize, length: usize },
    Repeat { at: usize, length: usize },
    Number { at: usize, width: usize, value: u64 },
    Truncate { at: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    let interesting = prop::sample::select(vec![
        0,
        1,
        0x7f,
        0xff,
        0x7fff,
        0xffff,
        0x7fff_ffff,
        0xffff_ffff,
        1 << 32,
        i64::MAX as u64,
        1 << 63,
        u64::MAX,
    ]);
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set { at, byte }),
        (at.clone(), 0..8u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        (at.clone(), 1..40usize).prop_map(|(at, length)| Change::Cut { at, length }),
        (at.clone(), 1..200usize).prop_map(|(at, length)| Change::Repeat { at, length }),
        (at.clone(), prop::sample::select(vec![1, 2, 4, 8]), interesting)
            .prop_map(|(at, width, value)| Change::Number { at, width, value }),
        at.prop_map(|at| Change::Truncate { at }),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |at: usize| at % bytes.len().max(1);
    match *change {
        _ if bytes.is_empty() => {}
        Change::Set { at, byte } => {
            let at = place(at);
            bytes[at] = byte;
        }
        Change::Flip { at, bit } => {
            let at = place(at);
            bytes[at] ^= 1 << bit;
        }
        Change::Cut { at, length } => {
            let at = place(at);
            bytes.drain(at..bytes.len().min(at + length));
        }
        Change::Repeat { at, length } => {
            let at = place(at);
            let copy = bytes[at..bytes.len().min(at + length)].to_vec();
            bytes.splice(at..at, copy);
        }
        Change::Number { at, width, value } => {
            let at = place(at);
            let end = bytes.len().min(at + width);
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        Change::Truncate { at } => bytes.truncate(place(at)),
    }
}

/// What was read is whole: every tensor's bytes are those of its shape.
fn check(read: Reader, bytes: Vec<u8>) -> Result<(), TestCaseError> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = read(bytes);
    let taken = MEMORY.peak_usage().saturating_sub(before);
    prop_assert!(taken < MEMORY_BOUND, "{taken} bytes were taken");
    if let Ok(file) = result {
        for tensor in file.iter() {
            let elements: usize = tensor.shape().iter().product();
            prop_assert_eq!(Some(tensor.bytes().unwrap().len()), tensor.dtype().bytes_of(tensor.shape()));
            prop_assert_eq!(tensor.to_f32().unwrap().len(), elements);
        }
    }
    Ok(())
}

fn run<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let seconds = std::env::var("DANQING_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runner = TestRunner::new(Config { cases: 512, failure_persistence: None, ..Config::default() });
    loop {
        match runner.run(strategy, &test) {
            Ok(()) => {}
            Err(TestError::Fail(reason, value)) => panic!("{reason}: {value:?}"),
            Err(TestError::Abort(reason)) => panic!("{reason}"),
        }
        if Instant::now() >= end {
            return;
        }
    }
}

fn damage(name: &str, read: Reader) {
    let sound = golden(name);
    read(sound.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    run(&prop::collection::vec(change(), 1..6), |changes| {
        let mut bytes = sound.clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        check(read, bytes)
    });
}

/// Every prefix of a sound file is refused.
fn truncate(name: &str, read: Reader) {
    let sound = golden(name);
    for length in 0..sound.len() {
        assert!(read(sound[..length].to_vec()).is_err(), "{name}: {length} of {} bytes were read", sound.len());
    }
}

const LEGACY: Reader = |bytes| torch::read_legacy(bytes, &Limits::default());
const ZIP: Reader = |bytes| torch::read_zip(bytes, &Limits::default());
const NUMPY: Reader = |bytes| torch::read_numpy(bytes, &Limits::default());
const SAFETENSORS: Reader = |bytes| safetensors::read(bytes, &Limits::default());
const GGUF: Reader = |bytes| gguf::read(bytes, &Limits::default());
const ONNX: Reader = |bytes| onnx::read(bytes, &Limits::default()).map(onnx::Model::into_tensors);
const NCNN_PARAM: Reader = |bytes| {
    let read = ncnn::read(&bytes, golden("ncnn_fp32.bin"), &Limits::default());
    read.map(ncnn::Network::into_tensors)
};
const NCNN_BIN: Reader = |bytes| {
    let read = ncnn::read(&golden("ncnn_fp16.param"), bytes, &Limits::default());
    read.map(ncnn::Network::into_tensors)
};

#[test]
fn damaged_torch_zip_files_do_no_harm() {
    damage("torch_zip.pt", ZIP);
    damage("module_zip.pth", ZIP);
}

#[test]
fn damaged_torch_legacy_files_do_no_harm() {
    damage("torch_legacy.pth", LEGACY);
    damage("module_legacy.pth", LEGACY);
}

#[test]
fn damaged_numpy_pickles_do_no_harm() {
    damage("numpy_2.pkl", NUMPY);
    damage("numpy_4.pkl", NUMPY);
}

#[test]
fn damaged_safetensors_do_no_harm() {
    damage("mixed.safetensors", SAFETENSORS);
}

#[test]
fn damaged_gguf_files_do_no_harm() {
    damage("types.gguf", GGUF);
}

#[test]
fn damaged_onnx_files_do_no_harm() {
    damage("tiny.onnx", ONNX);
}

#[test]
fn damaged_ncnn_files_do_no_harm() {
    damage("ncnn_fp32.param", NCNN_PARAM);
    damage("ncnn_fp16.bin", NCNN_BIN);
}

#[test]
fn truncated_files_are_refused_at_every_byte() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    truncate("torch_zip.pt", ZIP);
    truncate("torch_legacy.pth", LEGACY);
    truncate("numpy_2.pkl", NUMPY);
    truncate("numpy_4.pkl", NUMPY);
    truncate("mixed.safetensors", SAFETENSORS);
    truncate("types.gguf", GGUF);
    truncate("ncnn_fp16.bin", NCNN_BIN);
}

/// A protobuf message may end after any field, so a shorter file can be sound; it then holds fewer tensors.
#[test]
fn truncated_onnx_files_never_give_other_tensors() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let sound = golden("tiny.onnx");
    let whole = ONNX(sound.clone()).unwrap();
    for length in 0..sound.len() {
        let Ok(file) = ONNX(sound[..length].to_vec()) else { continue };
        for tensor in file.iter() {
            let same = whole.get(tensor.name()).unwrap();
            assert_eq!((same.shape(), same.bytes().unwrap()), (tensor.shape(), tensor.bytes().unwrap()));
        }
    }
}

/// Pickles put together from whole opcodes get deeper into the machine than damaged ones.
#[test]
fn random_opcodes_do_no_harm() {
    let pieces: Vec<&[u8]> = vec![
        b"N",
        b"\x88",
        b"K\x02",
        b"J\xff\xff\xff\xff",
        b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"G\x3f\xf0\0\0\0\0\0\0",
        b"X\x01\0\0\0a",
        b"X\x07\0\0\0storage",
        b"\x8c\x06latin1",
        b"C\x04abcd",
        b"(",
        b")",
        b"\x85",
        b"\x86",
        b"\x87",
        b"t",
        b"]",
        b"}",
        b"a",
        b"e",
        b"s",
        b"u",
        b"q\x00",
        b"q\x01",
        b"h\x00",
        b"h\x01",
        b"\x94",
        b"0",
        b"1",
        b"2",
        b"R",
        b"b",
        b"Q",
        b"ccollections\nOrderedDict\n",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"ctorch._utils\n_rebuild_parameter\n",
        b"ctorch\nFloatStorage\n",
        b"ctorch\nSize\n",
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cnumpy\ndtype\n",
        b"c_codecs\nencode\n",
    ];
    let program = prop::collection::vec(prop::sample::select(pieces), 0..60);
    run(&program, |pieces| check(NUMPY, [b"\x80\x02", pieces.concat().as_slice(), b"."].concat()));
}
