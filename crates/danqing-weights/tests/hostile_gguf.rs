//! GGUF files made to harm: every one is refused with an error that says what is wrong.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use danqing_weights::containers::gguf;
use danqing_weights::{Limits, ParseError};

fn limits() -> Limits {
    Limits::default()
}

/// A text as GGUF has it.
fn gguf_text(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text].concat()
}

/// A name, sides (fastest first), type and place.
fn gguf_tensor(name: &[u8], sides: &[u64], kind: u32, place: u64) -> Vec<u8> {
    let sides: Vec<u8> = (sides.len() as u32)
        .to_le_bytes()
        .into_iter()
        .chain(sides.iter().flat_map(|side| side.to_le_bytes()))
        .collect();
    [gguf_text(name), sides, kind.to_le_bytes().to_vec(), place.to_le_bytes().to_vec()].concat()
}

/// Fields and tensors, and so many bytes of data after filling.
fn gguf_file(fields: &[Vec<u8>], tensors: &[Vec<u8>], data: usize) -> Vec<u8> {
    let counts = [tensors.len() as u64, fields.len() as u64].map(u64::to_le_bytes).concat();
    let mut bytes = [&b"GGUF\x03\0\0\0"[..], &counts, &fields.concat(), &tensors.concat()].concat();
    bytes.resize(bytes.len().next_multiple_of(32) + data, 0);
    bytes
}

#[test]
fn lying_gguf_files_are_refused() {
    let u32_field =
        |name: &[u8], value: u32| [gguf_text(name), vec![4, 0, 0, 0], value.to_le_bytes().to_vec()].concat();
    let field = |kind: u32, rest: &[u8]| [gguf_text(b"a"), kind.to_le_bytes().to_vec(), rest.to_vec()].concat();
    let array = |kind: u32, count: u64| [&kind.to_le_bytes()[..], &count.to_le_bytes()].concat();
    let shape = |sides: &[u64]| {
        let values: Vec<u8> = sides.iter().flat_map(|side| side.to_le_bytes()).collect();
        [gguf_text(b"comfy.gguf.orig_shape.w"), vec![9, 0, 0, 0], array(10, sides.len() as u64), values].concat()
    };
    let f32s = gguf_tensor(b"w", &[4, 2], 0, 0);
    assert!(gguf::read(gguf_file(&[shape(&[8, 1])], std::slice::from_ref(&f32s), 32), &limits()).is_ok());
    let with = |tensor: Vec<u8>| gguf_file(&[], &[tensor], 64);
    let head = |version: u32, tensors: u64, fields: u64| {
        [&b"GGUF"[..], &version.to_le_bytes(), &tensors.to_le_bytes(), &fields.to_le_bytes(), &[0; 64]].concat()
    };
    let cases = [
        (head(1, 0, 0), "version 1 (only 2 and 3)"),
        (head(4, 0, 0), "version 4 (only 2 and 3)"),
        (head(3 << 24, 0, 0), "big-endian"),
        (head(3, u64::MAX, 0), "number of tensors"),
        (head(3, 0, u64::MAX), "number of fields"),
        (head(3, 100_000, 0), "truncated"),
        (gguf_file(&[], std::slice::from_ref(&f32s), 31), "a tensor needs 32 bytes, 31 are left"),
        (gguf_file(&[], &[f32s.clone(), f32s.clone()], 32), "overlap"),
        (gguf_file(&[], &[f32s.clone(), gguf_tensor(b"w", &[4], 0, 32)], 64), "there twice"),
        (with(gguf_tensor(b"w", &[4], 0, 16)), "no multiple of 32"),
        (with(gguf_tensor(b"w", &[4], 0, 1 << 63)), "truncated"),
        (with(gguf_tensor(b"w", &[u64::MAX, u64::MAX], 0, 0)), "too large"),
        (with(gguf_tensor(b"w", &[1 << 40], 0, 0)), "truncated"),
        (with(gguf_tensor(b"w", &[1; 9], 0, 0)), "number of dimensions"),
        (with(gguf_tensor(b"w", &[48], 2, 0)), "rows of 48 elements, Q4_0 has blocks of 32"),
        (with(gguf_tensor(b"w", &[32, 8], 12, 0)), "rows of 32 elements, Q4_K has blocks of 256"),
        (with(gguf_tensor(b"w", &[32], 20, 0)), "tensor type IQ4_NL of \"w\" is not supported"),
        (with(gguf_tensor(b"w", &[32], 99, 0)), "tensor type number 99"),
        (with(gguf_tensor(&[b'w'; 1025], &[4], 0, 0)), "the limit is 1024"),
        (with(gguf_tensor(&[0xff], &[4], 0, 0)), "no UTF-8"),
        (gguf_file(&[u32_field(b"general.alignment", 24)], &[], 0), "alignment is 24, expected a power of two"),
        (gguf_file(&[u32_field(b"general.alignment", 0)], &[], 0), "alignment is 0"),
        (gguf_file(&[u32_field(b"a", 1), u32_field(b"a", 1)], &[], 0), "the field \"a\" is there twice"),
        (gguf_file(&[field(13, &[])], &[], 0), "field type number 13"),
        (gguf_file(&[field(8, &u64::MAX.to_le_bytes())], &[], 0), "truncated"),
        (gguf_file(&[field(9, &array(4, u64::MAX))], &[], 0), "truncated"),
        (gguf_file(&[field(9, &array(8, u64::MAX))], &[], 64), "truncated"),
        (gguf_file(&[field(9, &array(9, 1))], &[], 0), "arrays of field type number 9"),
        (gguf_file(&[shape(&[9, 1])], std::slice::from_ref(&f32s), 32), "can't have been [9, 1]"),
        (gguf_file(&[shape(&[u64::MAX, 2])], std::slice::from_ref(&f32s), 32), "can't have been"),
        (gguf_file(&[shape(&[1; 9])], &[f32s], 32), "number of dimensions"),
    ];
    for (bytes, expected) in cases {
        let error = gguf::read(bytes, &limits()).expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let small = Limits { header_bytes: 100, ..limits() };
    let error = gguf::read(gguf_file(&[field(9, &array(0, 200))], &[], 200), &small).unwrap_err();
    assert!(matches!(error, ParseError::TooLarge { what: "header size in bytes", .. }), "{error}");
}
