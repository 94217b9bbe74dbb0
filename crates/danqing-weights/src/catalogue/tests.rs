use super::*;

const MINIMAL: &str = r#"
[[entry]]
id = "a"
role = "inpainter"
title = "A"
licence = "MIT"
licence_class = "free"
file = "a.onnx"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
packs = ["default"]
sources = [{ hub = "org/a", revision = "0123", file = "a.onnx" }, { path = "~/a.onnx" }]
"#;

/// One file beside, before the packs.
fn beside(file: &str) -> String {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    format!("beside = [{{ file = \"{file}\", size = 1, sha256 = \"{sha256}\", sources = [] }}]\npacks =")
}

#[test]
fn the_embedded_catalogue_is_sound_and_complete() {
    let catalogue = Catalogue::embedded().unwrap();
    let migan = catalogue.get("migan-512-places2").unwrap();
    assert_eq!((migan.size, migan.licence_class), (28_079_181, LicenceClass::Free));
    assert!(catalogue.pack("default").unwrap().iter().all(|entry| entry.licence_class == LicenceClass::Free));
    assert!(catalogue.pack("demo").unwrap().iter().all(|entry| entry.is_picture() && !entry.author.is_empty()));
    assert_eq!(catalogue.pack("quality").unwrap().len(), 1);
    assert!(catalogue.entries().iter().all(|entry| !entry.sources.is_empty()));
}

#[test]
fn sources_are_told_apart_by_their_first_key() {
    let catalogue = Catalogue::from_toml(&[MINIMAL]).unwrap();
    let sources = &catalogue.get("a").unwrap().sources;
    assert_eq!(sources[0].to_string(), "hub org/a@0123/a.onnx");
    assert!(matches!(&sources[1], Source::Local(LocalFile { path }) if path == "~/a.onnx"));
}

#[test]
fn bad_entries_are_refused_by_rule() {
    for (from, to, expected) in [
        ("id = \"a\"", "id = \"../a\"", "the id may have"),
        ("file = \"a.onnx\"\nsize", "file = \"a/b\"\nsize", "the file name may have"),
        ("file = \"a.onnx\"\nsize", "file = \".lock\"\nsize", "the file name may have"),
        ("size = 3", "size = 0", "the size is 0"),
        ("\"free\"", "\"non-commercial\"", "free licences only"),
        ("ba7816", "BA7816", "64 lower-case"),
        ("role =", "rule =", "unknown field"),
        ("revision = \"0123\",", "", "did not match any variant"),
        ("packs =", &beside("a.param"), "read by a conversion only"),
        ("packs =", &beside("a.onnx"), "a plain name of its own"),
        ("packs =", &beside("../a"), "a plain name of its own"),
    ] {
        let text = MINIMAL.replacen(from, to, 1);
        assert_ne!(text, MINIMAL);
        let error = Catalogue::from_toml(&[&text]).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let error = Catalogue::from_toml(&[MINIMAL, MINIMAL]).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn unknown_names_list_what_there_is() {
    let catalogue = Catalogue::from_toml(&[MINIMAL]).unwrap();
    assert_eq!(catalogue.get("b").unwrap_err().to_string(), "there is no model \"b\"; known: a");
    assert_eq!(catalogue.pack("b").unwrap_err().to_string(), "there is no pack \"b\"; known: default");
    assert_eq!(catalogue.get("b").unwrap_err().class(), Class::Caller);
}
