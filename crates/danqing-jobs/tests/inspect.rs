//! What other programs wrote into their pictures, read back: one picture each, laid out by `tools/golden/metadata.py`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Class, Classified};
use danqing_jobs::{Inspection, Place, inspect, inspect_file};
use serde_json::{Map, Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/metadata")
}

fn expected() -> Map<String, Value> {
    let text = std::fs::read_to_string(folder().join("expected.json")).expect("the table");
    serde_json::from_str(&text).expect("JSON")
}

fn read(name: &str) -> Inspection {
    inspect_file(&Place::File(folder().join(name)), &CancelToken::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_programs_words_are_read() {
    let table = expected();
    assert!(table.len() > 18, "{} pictures", table.len());
    for (name, expected) in table {
        let found = serde_json::to_value(read(&name)).expect("plain data");
        assert_eq!(found["source"], expected["source"], "{name}");
        assert_eq!((&found["width"], &found["height"]), (&json!(8), &json!(8)), "{name}");
        if expected["request"].is_null() {
            assert!(found.get("request").is_none() && found.get("generation").is_none(), "{name}: {found:#}");
            continue;
        }
        assert_eq!(found["request"]["capability"], "reimagine", "{name}");
        assert_eq!(found["request"]["params"], expected["request"], "{name}");
        let others = found["generation"]["others"].as_object().into_iter().flatten();
        assert_eq!(json!(others.map(|(name, _)| name).collect::<Vec<_>>()), expected["others"], "{name}");
        let notices = found["notices"].as_array().expect("a list").iter().map(|notice| &notice["code"]);
        assert_eq!(json!(notices.collect::<Vec<_>>()), expected["notices"], "{name}");
        for (key, value) in expected["generation"].as_object().expect("an object") {
            assert_eq!(&found["generation"][key], value, "{name}: {key}");
        }
    }
}

#[test]
fn the_infotext_is_kept_as_it_stands() {
    let text = read("a1111.png").infotext.expect("an infotext");
    assert!(text.starts_with("masterpiece, (boat:1.2) on a lake,\n\"江雪\" 🎨\nNegative prompt: "), "{text}");
    for name in ["a1111.jpg", "a1111.webp"] {
        assert_eq!(read(name).infotext.as_deref(), Some(text.as_str()), "{name}");
    }
    assert_eq!(read("fooocus.png").infotext, None, "JSON is no infotext");
    assert_eq!(read("photo.jpg").texts["Make"], "Canon");
}

#[test]
fn broken_files_never_panic_and_strangers_are_named() {
    for name in expected().keys() {
        let bytes = std::fs::read(folder().join(name)).expect("a picture");
        for end in 0..bytes.len() {
            let _ = inspect(&bytes[..end], name, &CancelToken::default());
        }
    }
    let error = inspect(b"%PDF-1.7", "江.pdf", &CancelToken::default()).expect_err("no picture");
    assert_eq!(error.class(), Class::File);
    assert!(error.to_string().starts_with("江.pdf: "), "{error}");
}
