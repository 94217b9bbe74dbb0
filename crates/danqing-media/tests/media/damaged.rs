//! Files that are cut, changed, lying or too large.

use std::time::{Duration, Instant};

use danqing_capability::{CancelToken, Class, Classified};
use danqing_media::file::{Format, Limits, decode, read, read_recipe};
use danqing_media::{Error, Picture};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::examples::each;

fn small_limits() -> Limits {
    Limits { max_pixels: 1 << 20, time: Duration::from_secs(20), ..Limits::default() }
}

/// One of each kind; the whole matrix differs in orientation and profile only.
fn kinds() -> Vec<(String, Vec<u8>)> {
    let mut made = Vec::new();
    each(|example| {
        let name = example.name();
        if !name.contains("channels") || name.contains(" 6 icc ") {
            made.push((name.to_owned(), example.file().to_vec()));
        }
    });
    made
}

fn assert_sound(picture: &Picture) {
    let expected = picture.width * picture.height * picture.channels.count();
    assert_eq!(picture.samples.len(), expected);
    assert!(picture.width * picture.height <= 1 << 20);
}

#[test]
fn a_cut_file_is_an_error_or_the_whole_picture() {
    let kinds = kinds();
    assert!(kinds.len() > 60, "only {} kinds", kinds.len());
    for (name, bytes) in &kinds {
        let whole = decode(bytes, &small_limits(), &CancelToken::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let strict = ["png", "jpeg", "webp"].iter().any(|format| name.starts_with(format));
        for end in 0..bytes.len() {
            match decode(&bytes[..end], &small_limits(), &CancelToken::default()) {
                Ok(_) if strict => panic!("{name}: cut at {end} of {} and no error", bytes.len()),
                Ok(picture) => assert_eq!(picture.samples, whole.samples, "{name}: cut at {end} of {}", bytes.len()),
                Err(error) => {
                    let class = error.class();
                    assert!(
                        matches!(class, Class::File | Class::Unsupported | Class::Limit),
                        "{name} at {end}: {error}"
                    );
                }
            }
            let _ = read_recipe(&bytes[..end]);
        }
    }
}

/// Runs 6000 cases, and goes on for `DANQING_FUZZ_SECONDS` where that is set.
fn run<S: Strategy>(strategy: &S, test: impl Fn(S::Value)) {
    let seconds = std::env::var("DANQING_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runner = TestRunner::new(ProptestConfig { cases: 6000, failure_persistence: None, ..Default::default() });
    loop {
        let passed = runner.run(strategy, |value| {
            test(value);
            Ok(())
        });
        passed.unwrap_or_else(|error| panic!("{error}"));
        if Instant::now() >= end {
            return;
        }
    }
}

#[test]
fn changed_bytes_give_an_error_or_a_sound_picture() {
    let kinds = kinds();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    run(&(any::<prop::sample::Index>(), changes), |(kind, changes)| {
        let mut bytes = kinds[kind.index(kinds.len())].1.clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(picture) = decode(&bytes, &small_limits(), &CancelToken::default()) {
            assert_sound(&picture);
            let _ = picture.to_srgb8(&CancelToken::default());
        }
        let _ = read_recipe(&bytes);
    });
}

#[test]
fn any_bytes_after_a_signature_are_harmless() {
    let signatures: [&[u8]; 6] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xFF\xD8\xFF",
        b"RIFF\xFF\0\0\0WEBPVP8L",
        b"II*\0\x08\0\0\0",
        b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
        b"GIF89a",
    ];
    run(&(0..signatures.len(), prop::collection::vec(any::<u8>(), 0..300)), |(kind, rest)| {
        let bytes = [signatures[kind], &rest].concat();
        if let Ok(picture) = decode(&bytes, &small_limits(), &CancelToken::default()) {
            assert_sound(&picture);
        }
        let _ = read_recipe(&bytes);
    });
}

/// Files of a few bytes that declare a picture of the given size.
fn bombs(width: u32, height: u32) -> Vec<(Format, Vec<u8>)> {
    let (w16, h16) = (width.min(65_535) as u16, height.min(65_535) as u16);
    let mut made = Vec::new();
    let mut header = b"IHDR".to_vec();
    header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    header.extend([8, 6, 0, 0, 0]);
    let check = crc32(&header);
    let png =
        [&b"\x89PNG\r\n\x1a\n\0\0\0\x0D"[..], &header, &check.to_be_bytes(), b"\0\0\0\0IDAT\x35\xAF\x06\x1E"].concat();
    made.push((Format::Png, png));
    let frame =
        [&[0xFF, 0xC0, 0, 17, 8][..], &h16.to_be_bytes(), &w16.to_be_bytes(), &[3, 1, 17, 0, 2, 17, 0, 3, 17, 0]]
            .concat();
    made.push((Format::Jpeg, [&[0xFF, 0xD8][..], &frame, &[0xFF, 0xDA, 0, 2, 0xFF, 0xD9]].concat()));
    let packed = (width.min(16_384) - 1) | (height.min(16_384) - 1) << 14;
    let webp = [&b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2F"[..], &packed.to_le_bytes(), &[0]].concat();
    made.push((Format::WebP, webp));
    let mut tiff = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, value) in
        [(256_u16, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, height), (279, 4)]
    {
        tiff.extend([&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat());
    }
    tiff.extend([0; 4]);
    made.push((Format::Tiff, tiff));
    let sizes = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let bmp = [&b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &sizes, &[1, 0, 24, 0], &[0; 24]].concat();
    made.push((Format::Bmp, bmp));
    made.push((Format::Gif, [&b"GIF89a"[..], &w16.to_le_bytes(), &h16.to_le_bytes(), &[0, 0, 0, b',']].concat()));
    made
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// Largest resident memory so far, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak");
    line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number") * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_are_refused_before_memory_is_taken() {
    let before = peak_memory();
    for (format, bytes) in bombs(60_000, 60_000) {
        let error = decode(&bytes, &Limits::default(), &CancelToken::default()).map(|p| p.size()).expect_err("a bomb");
        let refused = matches!(error, Error::TooLarge { .. } | Error::Truncated { .. } | Error::Damaged { .. });
        assert!(refused, "{format}: {error}");
        if format != Format::WebP {
            assert!(matches!(error, Error::TooLarge { .. }), "{format}: {error}");
        }
    }
    for (format, bytes) in bombs(16_000, 16_000) {
        let error = decode(&bytes, &Limits::default(), &CancelToken::default()).map(|p| p.size()).expect_err("a lie");
        assert_eq!(error.class(), Class::File, "{format}: {error}");
    }
    let taken = peak_memory() - before;
    assert!(taken < 400 << 20, "{taken} bytes taken");
}

#[test]
fn what_is_no_picture_is_named() {
    let message =
        |bytes: &[u8]| decode(bytes, &Limits::default(), &CancelToken::default()).expect_err("no picture").to_string();
    assert_eq!(message(b""), "the file is empty: 0 bytes, expected a picture");
    assert!(message(b"%PDF-1.4").contains("a PDF document"));
    assert!(message(b"<!DOCTYPE html>").contains("an HTML page"));
    assert!(message(b"\0\0\0\x18ftypheic\0\0\0\0").contains("a HEIC photo"));
    assert!(message(b"hello").contains("68 65 6c 6c 6f"));
    let avif =
        decode(b"\0\0\0\x1Cftypavif\0\0\0\0", &Limits::default(), &CancelToken::default()).expect_err("not read");
    assert_eq!((avif.to_string().as_str(), avif.class()), ("AVIF is not supported", Class::Unsupported));
    assert_eq!(avif.hint().as_deref(), Some("convert it to PNG first"));
}

#[test]
fn files_that_are_not_there_or_too_large_are_named() {
    let folder = tempfile::tempdir().expect("folder");
    let missing =
        read(folder.path().join("江雪.png"), &Limits::default(), &CancelToken::default()).expect_err("missing");
    assert!(matches!(&missing, Error::Missing { path } if path.ends_with("江雪.png")), "{missing}");
    assert_eq!(missing.class(), Class::File);
    let path = folder.path().join("large.png");
    std::fs::write(&path, [0; 100]).expect("written");
    let large =
        read(&path, &Limits { max_bytes: 99, ..Limits::default() }, &CancelToken::default()).expect_err("too large");
    assert_eq!(large.to_string(), "too large: file size in bytes is 100, the limit is 99");
    assert_eq!(large.class(), Class::Limit);
    assert!(read(folder.path(), &Limits::default(), &CancelToken::default()).is_err(), "a folder");
}

#[test]
fn time_is_limited() {
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    for (name, bytes) in kinds() {
        let error = decode(&bytes, &limits, &CancelToken::default()).map(|p| p.size()).expect_err("no time");
        assert!(matches!(error, Error::TooSlow { .. }), "{name}: {error}");
    }
}
