use super::*;
use danqing_media::file::{EncodeOptions, encode};
use danqing_media::{Channels, Metadata, Picture, Samples};

fn png(width: usize, height: usize) -> Vec<u8> {
    let samples = (0..width * height * 3).map(|i| (i * 7) as u8).collect();
    let picture = Picture {
        width,
        height,
        channels: Channels::Rgb,
        samples: Samples::U8(samples),
        icc_profile: None,
        metadata: Metadata::default(),
    };
    encode(&picture, &EncodeOptions::new(Format::Png), &CancelToken::default()).expect("encoded").bytes
}

fn store(folder: &tempfile::TempDir) -> ContentStore {
    ContentStore::open(folder.path(), 10_000, 100_000).expect("a store")
}

fn received(store: &ContentStore, bytes: &[u8]) -> Result<Incoming, Failure> {
    let mut incoming = store.receive()?;
    bytes.chunks(1000).try_for_each(|piece| incoming.write(piece))?;
    Ok(incoming)
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("folder").flatten();
    entries.map(|e| if e.path().is_dir() { files(&e.path()) } else { 1 }).sum()
}

#[test]
fn the_same_content_is_kept_once_under_any_name() {
    let (folder, cancel) = (tempfile::tempdir().expect("folder"), CancelToken::default());
    let (store, bytes) = (store(&folder), png(60, 40));
    let first = store.accept(received(&store, &bytes).expect("in"), "江雪 图.png", &cancel).expect("a picture");
    let second = store.accept(received(&store, &bytes).expect("in"), "b.png", &cancel).expect("a picture");
    assert_eq!((first.sha256.as_str(), first.name.as_str()), (second.sha256.as_str(), "江雪 图.png"));
    assert_eq!((first.width, first.height, first.media_type.as_str()), (60, 40, "image/png"));
    assert_eq!(store.read(&first.sha256, &cancel).expect("kept"), bytes);
    assert_eq!((files(&folder.path().join("files")), files(&folder.path().join("incoming"))), (1, 0));
    assert!(store.has_thumbnail(&first.sha256, 256) && !store.has_thumbnail(&first.sha256, 512));
    let small = store.thumbnail(&first.sha256, 20, &cancel).expect("a thumbnail");
    assert_eq!(small.media_type, "image/jpeg");
}

#[test]
fn what_is_no_picture_or_too_large_leaves_nothing() {
    let (folder, cancel) = (tempfile::tempdir().expect("folder"), CancelToken::default());
    let store = store(&folder);
    let cases: [(Vec<u8>, Class, &str); 3] = [
        (b"%PDF-1.7 and more".to_vec(), Class::File, "a.png: "),
        (png(101, 100), Class::Limit, "number of pixels is 10100, the limit is 10000"),
        (vec![7; 100_001], Class::Limit, "the file is larger than 100000 bytes, the limit"),
    ];
    for (bytes, class, message) in cases {
        let made = received(&store, &bytes).and_then(|incoming| store.accept(incoming, "x/a.png", &cancel));
        let failure = made.expect_err(message);
        assert_eq!(failure.class(), class, "{failure}");
        assert!(failure.to_string().contains(message), "{failure}");
    }
    assert_eq!((files(&folder.path().join("files")), files(&folder.path().join("incoming"))), (0, 0));
}

#[test]
fn only_a_sha256_is_a_place() {
    let folder = tempfile::tempdir().expect("folder");
    let store = store(&folder);
    for text in ["", "..", "../../etc/passwd", &"A".repeat(64), &format!("{}/", "a".repeat(63)), &"a".repeat(65)] {
        let error = store.path(text).expect_err(text);
        assert!(matches!(error, Error::NotASha256 { .. }), "{error}");
        assert!(!store.has(text));
    }
    let sha256 = "ab".repeat(32);
    let failure = store.read(&sha256, &CancelToken::default()).expect_err("not here");
    assert_eq!(failure.to_string(), format!("there is no file with the sha256 {sha256}"));
}

#[test]
fn names_are_texts_and_never_paths() {
    let cases = [
        ("江雪 图.png", "江雪 图.png"),
        ("C:\\a\\b.png", "b.png"),
        ("../../etc/passwd", "passwd"),
        ("a\u{0}b\nc.png", "abc.png"),
        (".hidden", "hidden"),
        ("gnp\u{202e}exe", "gnpexe"),
        ("", "picture"),
        ("/", "picture"),
    ];
    for (given, kept) in cases {
        assert_eq!(clean_name(given), kept, "{given:?}");
    }
    let long = clean_name(&format!("{}.jpeg", "图".repeat(500)));
    assert!(long.ends_with("图.jpeg") && long.chars().count() <= 120, "{long}");
}
