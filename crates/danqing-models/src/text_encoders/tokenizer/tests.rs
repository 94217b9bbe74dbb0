use super::*;

/// The vocabulary of the default pack.
fn tokenizer() -> ClipTokenizer {
    let store =
        danqing_weights::ModelStore::open(danqing_weights::StoreConfig::from_environment(true).unwrap()).unwrap();
    let path = store.path(CATALOGUE_ID).unwrap_or_else(|e| panic!("{e}: run `danqing models pull default --yes`"));
    ClipTokenizer::from_gzip(&std::fs::read(path).unwrap()).unwrap()
}

#[derive(serde::Deserialize)]
struct Golden {
    text: String,
    ids: Vec<u32>,
}

#[test]
fn ids_of_transformers() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/clip_tokenizer.json");
    let golden: Vec<Golden> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(golden.len() >= 60);
    let tokenizer = tokenizer();
    for Golden { text, ids } in golden {
        assert_eq!(tokenizer.ids(&text), ids, "{text:?}");
    }
}

#[test]
fn names_of_ids() {
    let tokenizer = tokenizer();
    assert_eq!(tokenizer.ids(","), [ClipTokenizer::COMMA]);
    assert_eq!(tokenizer.ids("<|startoftext|><|endoftext|>"), [ClipTokenizer::START, ClipTokenizer::END]);
    assert!(tokenizer.ids("").is_empty());
}

#[test]
fn joining_texts_at_a_blank_joins_their_ids() {
    let tokenizer = tokenizer();
    let parts = ["a photograph", "of 123 astronauts", "骑着马", "on Mars, 8k!!"];
    let joined: Vec<u32> = parts.iter().flat_map(|part| tokenizer.ids(part)).collect();
    assert_eq!(tokenizer.ids(&parts.join(" ")), joined);
    assert!(joined.iter().all(|id| *id < ClipTokenizer::SIZE));
}

#[test]
fn foreign_files_are_refused() {
    let cases: [(&[u8], &str); 2] = [
        (b"not gzip at all", "can't be unpacked"),
        (&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], "has 0 merges"),
    ];
    for (bytes, expected) in cases {
        let error = ClipTokenizer::from_gzip(bytes).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let lines = "#version: 0.2\n".to_owned() + &"i n\n".repeat(100) + &"zebra crossing\n".repeat(60_000);
    let error = ClipTokenizer::from_merges(&lines).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 102 of the tokenizer's vocabulary is \"zebra crossing\", expected two pieces made of earlier ones"
    );
}
