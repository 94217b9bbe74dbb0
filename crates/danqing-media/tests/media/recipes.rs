//! Recipes in files: written, found again, kept through changes by other programs.

use danqing_capability::CancelToken;
use std::sync::Arc;

use danqing_media::file::{EncodeOptions, Format, Limits, decode, encode, read_recipe, read_texts};
use danqing_media::{Channels, Error, Picture, Samples};

use crate::examples::{each, part_of};

const RECIPE: &str = r#"{"version":1,"words":"孤舟蓑笠翁 🎨 <&\">]]>","path":"C:\\图\r\n"}"#;
const FORMATS: [Format; 4] = [Format::Png, Format::Jpeg, Format::WebP, Format::Tiff];
const PACKET: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:source=\"江\"/></rdf:RDF></x:xmpmeta>";

fn picture() -> Picture {
    let mut made = Picture::new(3, 2, Channels::Rgb, Samples::U8((0..18).collect())).expect("six pixels");
    made.metadata.recipe = Some(RECIPE.to_owned());
    made.metadata.xmp = Some(PACKET.to_owned());
    made.metadata.exif =
        decode(&part_of("png 6 plain 8 bit 3 channels", "file"), &Limits::default(), &CancelToken::default())
            .expect("readable")
            .metadata
            .exif;
    made.metadata.texts = vec![("Comment".to_owned(), "雪".to_owned())];
    made
}

fn written(picture: &Picture, format: Format) -> Vec<u8> {
    encode(picture, &EncodeOptions::new(format), &CancelToken::default())
        .unwrap_or_else(|e| panic!("{format}: {e}"))
        .bytes
}

#[test]
fn recipe_and_metadata_come_back_from_every_format() {
    for format in FORMATS {
        let bytes = written(&picture(), format);
        assert_eq!(read_recipe(&bytes).expect("readable").as_deref(), Some(RECIPE), "{format}");
        let back = decode(&bytes, &Limits::default(), &CancelToken::default()).expect("readable");
        assert_eq!(back.metadata.recipe.as_deref(), Some(RECIPE), "{format}");
        assert_eq!(back.metadata.xmp.as_deref(), Some(PACKET), "{format}");
        assert!(back.metadata.exif.is_some(), "{format}");
        if format != Format::Jpeg {
            assert!(written(&back, format) == bytes, "{format}: other bytes");
        }
    }
}

#[test]
fn the_same_picture_gives_the_same_bytes() {
    for format in FORMATS {
        for lossless in [true, false] {
            let options = EncodeOptions { lossless, ..EncodeOptions::new(format) };
            let [a, b] = [(); 2].map(|()| encode(&picture(), &options, &CancelToken::default()).expect("encodes"));
            assert_eq!(a, b, "{format}");
        }
    }
}

#[test]
fn black_pixels_still_tell_how_the_picture_was_made() {
    for format in FORMATS {
        let mut black =
            decode(&written(&picture(), format), &Limits::default(), &CancelToken::default()).expect("readable");
        black.samples = Samples::U8(vec![0; black.samples.len()]);
        assert_eq!(read_recipe(&written(&black, format)).expect("readable").as_deref(), Some(RECIPE), "{format}");
    }
}

#[test]
fn recipes_that_pillow_wrote_again_are_found() {
    let expected = r#"{"version":1,"words":"孤舟蓑笠翁 🎨 <&\">"}"#;
    let mut found = 0;
    each(|example| {
        if example.name().starts_with("recipe ") {
            let recipe = read_recipe(example.file()).expect("readable");
            assert_eq!(recipe.as_deref(), Some(expected), "{}", example.name());
            found += 1;
        }
    });
    assert_eq!(found, 4);
}

#[test]
fn stripping_leaves_profile_and_recipe() {
    for format in FORMATS {
        let mut picture = picture();
        picture.icc_profile = Some(Arc::from(part_of("colour png 3", "icc")));
        let options = EncodeOptions { strip_metadata: true, ..EncodeOptions::new(format) };
        let bytes = encode(&picture, &options, &CancelToken::default()).expect("encodes").bytes;
        let back = decode(&bytes, &Limits::default(), &CancelToken::default()).expect("readable");
        assert_eq!(back.metadata.recipe.as_deref(), Some(RECIPE), "{format}");
        assert_eq!(back.icc_profile, picture.icc_profile, "{format}");
        let metadata = back.metadata;
        assert_eq!((metadata.exif, metadata.xmp, metadata.texts.len()), (None, None, 0), "{format}");
        assert!(!bytes.windows(3).any(|w| w == "江".as_bytes()), "{format}");
    }
}

#[test]
fn texts_stay_in_png_and_are_reported_elsewhere() {
    for format in FORMATS {
        let made = encode(&picture(), &EncodeOptions::new(format), &CancelToken::default()).expect("encodes");
        let dropped = made.warnings.iter().any(|w| w.code == "texts_dropped");
        assert_eq!(dropped, format != Format::Png, "{format}");
    }
    let back =
        decode(&written(&picture(), Format::Png), &Limits::default(), &CancelToken::default()).expect("readable");
    assert_eq!(back.metadata.texts, picture().metadata.texts);
}

#[test]
fn long_recipes_fit_everywhere_but_in_jpeg() {
    let mut picture = picture();
    let long = format!("[\"{}\"]", "长".repeat(70_000));
    picture.metadata.recipe = Some(long.clone());
    for format in [Format::Png, Format::WebP, Format::Tiff] {
        assert_eq!(
            read_recipe(&written(&picture, format)).expect("readable").as_deref(),
            Some(long.as_str()),
            "{format}"
        );
    }
    let error = encode(&picture, &EncodeOptions::new(Format::Jpeg), &CancelToken::default()).expect_err("too long");
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("recipe in a JPEG"), "{error}");
}

#[test]
fn files_without_recipe_say_so() {
    for name in ["png palette", "jpeg 420", "tiff lzw 8", "bmp gray", "gif interlaced"] {
        assert_eq!(read_recipe(&part_of(name, "file")).expect("readable"), None, "{name}");
    }
    assert!(matches!(read_recipe(b""), Err(Error::Empty)));
    assert!(matches!(read_recipe(b"text"), Err(Error::NotAPicture { .. })));
}

#[test]
fn the_infotext_is_a_text_in_png_and_the_exif_comment_elsewhere() {
    let words = "孤舟\nSteps: 20, Sampler: Euler, Seed: 1";
    for format in FORMATS {
        let mut picture = picture();
        picture.metadata.texts = vec![("parameters".to_owned(), words.to_owned())];
        let made = encode(&picture, &EncodeOptions::new(format), &CancelToken::default()).expect("encodes");
        assert!(!made.warnings.iter().any(|w| w.code == "texts_dropped"), "{format}");
        let texts = read_texts(&made.bytes).expect("readable");
        let keyword = if format == Format::Png { "parameters" } else { "UserComment" };
        assert!(texts.contains(&(keyword.to_owned(), words.to_owned())), "{format}: {texts:?}");
        let back = decode(&made.bytes, &Limits::default(), &CancelToken::default()).expect("readable");
        assert_eq!(back.metadata.recipe.as_deref(), Some(RECIPE), "{format}");
        let again = encode(
            &back,
            &EncodeOptions { strip_metadata: true, ..EncodeOptions::new(format) },
            &CancelToken::default(),
        );
        assert_eq!(read_texts(&again.expect("encodes").bytes).expect("readable"), [], "{format}");
    }
}

#[test]
fn an_infotext_in_latin_letters_is_a_text_that_every_reader_finds() {
    let mut picture = picture();
    for (words, chunk) in
        [("é\nSteps: 20", &b"tEXtparameters\0\xE9\nSteps: 20"[..]), ("雪", b"iTXtparameters\0\0\0\0\0")]
    {
        picture.metadata.texts = vec![("parameters".to_owned(), words.to_owned())];
        let bytes = written(&picture, Format::Png);
        assert!(bytes.windows(chunk.len()).any(|part| part == chunk), "{words}");
    }
}

#[test]
fn an_old_comment_does_not_contradict_a_new_infotext() {
    let mut picture = picture();
    picture.metadata.texts = vec![("parameters".to_owned(), "old".to_owned())];
    let jpeg = written(&picture, Format::Jpeg);
    let mut back = decode(&jpeg, &Limits::default(), &CancelToken::default()).expect("readable");
    back.metadata.texts = vec![("parameters".to_owned(), "new".to_owned())];
    let texts = read_texts(&written(&back, Format::Png)).expect("readable");
    let said = texts.iter().filter(|(key, _)| ["parameters", "UserComment"].contains(&key.as_str()));
    assert_eq!(said.map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["new", "new"]);
}
