//! What is there: list, verify, open, import, remove, licences, conversion.

use std::fs;

use danqing_weights::{Class, LicenceClass, Sha256Hex, State, StoreError};

use crate::{Home, content, entry, go_on};

const LOCAL: &str = r#"{ path = "~/m.bin" }"#;

/// A home whose user has the file already.
fn home_with(file: &[u8]) -> Home {
    let mut home = Home::new();
    home.fetch.user_home = Some(home.folder.path().to_owned());
    fs::write(home.path("m.bin"), file).unwrap();
    home
}

#[test]
fn a_missing_model_names_its_size_its_licence_and_the_command() {
    let home = Home::new();
    let store = home.store(&entry(&content(1_250_000), LOCAL));
    let error = store.path("m").unwrap_err();
    assert_eq!(error.to_string(), "model m is missing (M; 1.2 MB; licence: MIT, free)");
    assert_eq!(error.hint().as_deref(), Some("danqing models pull m"));
    assert_eq!(error.class(), Class::MissingModel);
    assert!(matches!(store.open_tensors("m"), Err(StoreError::Missing { .. })));
    assert_eq!(store.path("other").unwrap_err().class(), Class::Caller);
    assert_eq!(store.list().unwrap()[0].state, State::Missing);
    assert!(!home.path("home").exists(), "asking creates nothing");
}

#[test]
fn damage_is_found_before_use() {
    let file = content(5000);
    let home = home_with(&file);
    let store = home.store(&entry(&file, LOCAL));
    let path = store.pull("m", &mut go_on).unwrap();
    assert_eq!(store.read("m").unwrap(), file);
    assert_eq!(store.verify("m", &mut go_on).unwrap().state, State::Present);

    let mut damaged = file.clone();
    damaged[4000] ^= 1;
    fs::write(&path, &damaged).unwrap();
    assert_eq!(store.list().unwrap()[0].state, State::Present, "a listing looks at sizes only");
    assert_eq!(store.verify("m", &mut go_on).unwrap().state, State::Damaged);
    for error in [store.read("m").unwrap_err(), store.open_tensors("m").unwrap_err()] {
        assert_eq!(error.class(), Class::File);
        assert_eq!(error.hint().as_deref(), Some("danqing models pull m"));
    }

    fs::write(&path, &file[..4999]).unwrap();
    assert_eq!(store.list().unwrap()[0].state, State::Damaged);
    let error = store.path("m").unwrap_err().to_string();
    assert!(error.contains("has 4999 bytes, expected 5000"), "{error}");
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(store.read("m").unwrap(), file, "a pull mends what is damaged");
}

#[test]
fn a_file_is_imported_only_if_it_is_the_very_file() {
    let file = content(5000);
    let home = home_with(&file);
    let store = home.store_with(&entry(&file, r#"{ path = "/nowhere" }"#), true);
    let mut other = file.clone();
    other[0] ^= 1;
    fs::write(home.path("other"), &other).unwrap();
    let error = store.import("m", &home.path("other"), &mut go_on).unwrap_err();
    assert!(error.to_string().contains(Sha256Hex::of(&other).as_str()), "{error}");
    assert_eq!(error.class(), Class::File);
    assert_eq!(home.kept("models").len(), 0);
    fs::write(home.path("other"), &file[1..]).unwrap();
    let error = store.import("m", &home.path("other"), &mut go_on).unwrap_err();
    assert!(error.to_string().contains("has 4999 bytes, expected 5000"), "{error}");
    let path = store.import("m", &home.path("m.bin"), &mut go_on).unwrap();
    assert_eq!((store.path("m").unwrap(), fs::read(&path).unwrap()), (path, file));
}

#[test]
fn what_is_removed_is_gone() {
    let file = content(50);
    let home = home_with(&file);
    let store = home.store(&entry(&file, LOCAL));
    assert!(!store.remove("m").unwrap());
    store.pull("m", &mut go_on).unwrap();
    assert!(store.remove("m").unwrap());
    assert_eq!(store.list().unwrap()[0].state, State::Missing);
    assert_eq!(home.kept("models").len(), 0);
}

#[test]
fn licences_that_are_not_free_are_accepted_first_and_again_when_they_change() {
    let file = content(50);
    let home = home_with(&file);
    let catalogue = entry(&file, LOCAL).replace("\"free\"", "\"non-commercial\"");
    let store = home.store(&catalogue);
    let error = store.pull("m", &mut go_on).unwrap_err();
    assert_eq!(error.to_string(), "the licence of m was not accepted yet: MIT (non-commercial)");
    assert_eq!((error.class(), home.kept("models").len()), (Class::Caller, 0));
    assert!(!store.is_accepted("m").unwrap());
    store.accept_licence("m").unwrap();
    assert!(home.store(&catalogue).is_accepted("m").unwrap());
    store.pull("m", &mut go_on).unwrap();
    assert!(!home.store(&catalogue.replace("MIT", "Another")).is_accepted("m").unwrap());
}

#[test]
fn a_converted_model_keeps_the_sha256_of_what_it_came_from() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/weights_containers/module_legacy.pth");
    let file = fs::read(golden).unwrap();
    let home = home_with(&file);
    let catalogue = entry(&file, LOCAL).replace("m.bin\"\nsize", "m.pth\"\nconversion = \"safetensors\"\nsize");
    let store = home.store(&catalogue);
    let path = store.pull("m", &mut go_on).unwrap();
    assert_eq!(path, home.path("home/models/m/weights.safetensors"));
    assert_eq!(home.kept("models").len(), 2, "the file and its record: {:?}", home.kept("models"));
    assert_eq!(store.verify("m", &mut go_on).unwrap().state, State::Present);
    let weights = store.open_tensors("m").unwrap();
    assert_eq!((&weights.sha256, weights.licence_class), (&Sha256Hex::of(&file), LicenceClass::Free));
    assert_eq!(weights.tensors.metadata()["source_sha256"], weights.sha256.as_str());
    assert_eq!(weights.tensors.get("0.bias").unwrap().to_f32().unwrap(), [1.0, 1.125, 1.25]);
    assert!(weights.graph.is_none());

    let mut damaged = fs::read(&path).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&path, damaged).unwrap();
    assert_eq!(store.verify("m", &mut go_on).unwrap().state, State::Damaged);
    assert!(matches!(store.open_tensors("m"), Err(StoreError::Damaged { .. })));
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(store.open_tensors("m").unwrap().tensors.len(), weights.tensors.len());
}

#[test]
fn an_onnx_model_comes_with_its_nodes() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/weights_containers/tiny.onnx");
    let file = fs::read(golden).unwrap();
    let home = home_with(&file);
    let store = home.store(&entry(&file, LOCAL).replace("file = \"m.bin\"", "file = \"m.onnx\""));
    store.pull("m", &mut go_on).unwrap();
    let weights = store.open_tensors("m").unwrap();
    assert_eq!(weights.graph.unwrap().nodes.len(), 5);
    assert_eq!(weights.tensors.get("conv.weight").unwrap().shape(), [2, 2, 3, 3]);
}

#[test]
fn a_store_that_cannot_write_says_which_file() {
    let file = content(50);
    let home = home_with(&file);
    fs::write(home.path("home"), b"a file where the folder should be").unwrap();
    let error = home.store(&entry(&file, LOCAL)).pull("m", &mut go_on).unwrap_err();
    assert_eq!(error.class(), Class::Environment);
    assert!(error.to_string().contains("home"), "{error}");
}

/// An ncnn entry: weights of one layer, and the layer beside them.
fn ncnn_entry(param: &[u8], bin: &[u8]) -> String {
    let beside = format!(
        "conversion = \"safetensors\"\nbeside = [{{ file = \"m.param\", size = {}, sha256 = \"{}\", \
         sources = [{{ path = \"~/m.param\" }}] }}]\n",
        param.len(),
        Sha256Hex::of(param),
    );
    entry(bin, LOCAL) + &beside
}

const PARAM: &[u8] = b"7767517\n2 2\nInput in 0 1 a\nPReLU slopes 1 1 a b 0=3\n";

#[test]
fn a_file_that_belongs_beside_comes_along_and_is_read_by_the_conversion() {
    let bin: Vec<u8> = [1.0_f32, 2.0, 3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let home = home_with(&bin);
    let store = home.store(&ncnn_entry(PARAM, &bin));
    assert!(store.pull("m", &mut go_on).is_err(), "half a model is none");
    assert_eq!(home.kept("models").len(), 0);
    fs::write(home.path("m.param"), PARAM).unwrap();
    store.pull("m", &mut go_on).unwrap();
    let weights = store.open_tensors("m").unwrap();
    assert_eq!(weights.tensors.get("slopes.slope").unwrap().to_f32().unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(weights.sha256, Sha256Hex::of(&bin), "the weights are the identity");
    let kept = home.kept("models");
    assert!(kept.iter().all(|file| file.extension().is_some_and(|e| e == "safetensors" || e == "json")), "{kept:?}");
}

#[test]
fn what_belongs_beside_is_imported_from_the_files_own_folder() {
    let bin: Vec<u8> = [1.0_f32, 2.0, 3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let home = home_with(&bin);
    fs::rename(home.path("m.bin"), home.path("other.bin")).unwrap();
    let store = home.store(&ncnn_entry(PARAM, &bin));
    let error = store.import("m", &home.path("other.bin"), &mut go_on).unwrap_err().to_string();
    assert!(error.contains("other.param"), "{error}");
    fs::write(home.path("other.param"), PARAM).unwrap();
    store.import("m", &home.path("other.bin"), &mut go_on).unwrap();
    assert!(store.open_tensors("m").is_ok());
}
