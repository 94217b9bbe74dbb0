//! Writing: names in any script, options, and a disk that says no.

use danqing_capability::CancelToken;
use std::process::Command;

use danqing_capability::{Class, Classified};
use danqing_media::file::{EncodeOptions, Format, Limits, Overwrite, encode, read, write_atomic};
use danqing_media::{Channels, Error, Picture, Raster, Samples};

fn picture() -> Picture {
    Picture::from_srgb8(Raster::from_fn(5, 4, |x, y, p| p.copy_from_slice(&[x as u8, y as u8, 200])))
}

#[test]
fn names_in_any_script_are_written_and_read() {
    let folder = tempfile::tempdir().expect("folder");
    for name in ["江雪 图.png", "🎨.webp", "ünïcödé.tif", "صورة.PNG", " spaces  and'quotes\".png"] {
        let path = folder.path().join(name);
        let format = Format::from_path(&path).expect("known");
        let bytes = encode(&picture(), &EncodeOptions::new(format), &CancelToken::default()).expect("encodes").bytes;
        write_atomic(&path, &bytes, Overwrite::Refuse, &CancelToken::default()).expect("written");
        let back = read(&path, &Limits::default(), &CancelToken::default()).expect("read");
        assert_eq!(back.samples, picture().samples, "{name}");
    }
}

#[test]
fn options_out_of_range_are_refused() {
    for quality in [0, 101] {
        let options = EncodeOptions { quality, ..EncodeOptions::new(Format::Jpeg) };
        let error = encode(&picture(), &options, &CancelToken::default()).expect_err("out of range");
        assert_eq!(error.to_string(), format!("quality is {quality}, expected 1..=100"));
        assert_eq!(error.class(), Class::Caller);
    }
    for format in [Format::Bmp, Format::Gif, Format::Avif] {
        let error = encode(&picture(), &EncodeOptions::new(format), &CancelToken::default()).expect_err("read only");
        assert_eq!(error.class(), Class::Unsupported, "{error}");
    }
    let empty = Picture::from_mask(Raster::filled(0, 0, 0));
    assert!(matches!(
        encode(&empty, &EncodeOptions::new(Format::Png), &CancelToken::default()),
        Err(Error::OutOfRange { .. })
    ));
    let wide = Picture::from_mask(Raster::filled(70_000, 1, 0));
    assert!(matches!(
        encode(&wide, &EncodeOptions::new(Format::Jpeg), &CancelToken::default()),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn quality_changes_the_size_of_lossy_files() {
    let noise = Picture::from_srgb8(Raster::from_fn(64, 64, |x, y, p| p.fill(((x * 37) ^ (y * 91)) as u8)));
    for format in [Format::Jpeg, Format::WebP] {
        let size = |quality| {
            let options = EncodeOptions { quality, lossless: false, ..EncodeOptions::new(format) };
            encode(&noise, &options, &CancelToken::default()).expect("encodes").bytes.len()
        };
        assert!(size(20) < size(70) && size(70) < size(98), "{format}");
    }
}

#[test]
fn transparency_is_flattened_and_said() {
    let samples = vec![0, 0, 0, 0, 10, 20, 30, 255];
    let picture = Picture::new(2, 1, Channels::Rgba, Samples::U8(samples)).expect("two pixels");
    let options = EncodeOptions { quality: 100, ..EncodeOptions::new(Format::Jpeg) };
    let made = encode(&picture, &options, &CancelToken::default()).expect("encodes");
    assert_eq!(made.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["alpha_flattened"]);
}

/// Run by the next test under a file-size limit.
#[test]
#[ignore = "a child of files_over_a_size_limit_leave_nothing_behind"]
fn child_writes_more_than_it_may() {
    let Some(folder) = std::env::var_os("DANQING_TEST_FOLDER") else { return };
    let path = std::path::Path::new(&folder).join("图.png");
    let error = write_atomic(&path, &vec![7; 1 << 20], Overwrite::Replace, &CancelToken::default())
        .expect_err("over the limit");
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    assert_eq!(error.class(), Class::Environment);
}

#[cfg(target_os = "linux")]
#[test]
fn files_over_a_size_limit_leave_nothing_behind() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("图.png"), b"old").expect("written");
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" --ignored --exact files::child_writes_more_than_it_may"])
        .arg(std::env::current_exe().expect("this test"))
        .env("DANQING_TEST_FOLDER", folder.path())
        .output()
        .expect("a shell");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("folder").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(names, ["图.png"]);
    assert_eq!(std::fs::read(folder.path().join("图.png")).expect("there"), b"old");
}
