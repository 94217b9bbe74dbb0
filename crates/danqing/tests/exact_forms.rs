//! The exact forms of `restyle`, `upscale` and `cutout` that the default pack covers, end to end on small pictures.
//!
//! They need the default models: `make test` fetches them first.

// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use support::{Workshop, blackened, samples};

/// Width and height of `photo.png`.
const PHOTO: (u32, u32) = (96, 80);

fn workshop() -> Workshop {
    let shop = Workshop::with_default_models();
    shop.picture("photo.png", PHOTO.0, PHOTO.1);
    shop
}

/// Puts one of the project's photographs into the workshop.
fn photograph(shop: &Workshop, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/photographs");
    fs::copy(folder.join(name), shop.path(name)).expect("copied");
}

/// Pixels of an 8-bit picture of that size and so many channels.
fn pixels<const CHANNELS: usize>(shop: &Workshop, name: &str, size: (u32, u32)) -> Vec<[u8; CHANNELS]> {
    let (width, height, samples) = samples(&shop.path(name));
    let expected = (width * height) as usize * CHANNELS;
    assert_eq!(((width, height), samples.len()), (size, expected), "{name}");
    samples.as_chunks::<CHANNELS>().0.to_vec()
}

/// Mean difference of two pictures of one size, in 8-bit steps.
fn difference(a: &[[u8; 3]], b: &[[u8; 3]]) -> f64 {
    let pairs = a.as_flattened().iter().zip(b.as_flattened());
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / (3 * a.len()) as f64
}

/// Mean of all samples.
fn mean(picture: &[[u8; 3]]) -> f64 {
    picture.as_flattened().iter().map(|&sample| f64::from(sample)).sum::<f64>() / (3 * picture.len()) as f64
}

/// `danqing restyle photo.png … -o OUT`: as large as the photograph, and another picture.
fn restyled(shop: &Workshop, more: &[&str], out: &str) -> Vec<[u8; 3]> {
    shop.succeed(&[&["restyle", "photo.png"][..], more, &["-o", out]].concat());
    let made = pixels::<3>(shop, out, PHOTO);
    let changed = difference(&made, &pixels::<3>(shop, "photo.png", PHOTO));
    assert!(changed > 2.0, "{more:?} changes {changed} steps");
    made
}

/// From a file whose pixels are black, its recipe makes the same bytes again. Once in each workshop.
fn made_again(shop: &Workshop, name: &str) {
    let bytes = fs::read(shop.path(name)).expect("made");
    shop.write("black.png", &blackened(&bytes));
    shop.succeed(&["rerun", "black.png", "-o", "again.png"]);
    assert!(fs::read(shop.path("again.png")).expect("made") == bytes, "rerun of {name} gives other bytes");
}

#[test]
fn a_gallery_style_and_a_blend_of_two() {
    let shop = workshop();
    let ember = restyled(&shop, &["--style", "ember"], "ember.png");
    let starry_night = restyled(&shop, &["--style", "starry-night"], "starry-night.png");
    let shares = ["--styles", "starry-night:0.7", "--styles", "ember:0.3"];
    let blend = restyled(&shop, &shares, "blend.png");
    for (name, pure) in [("ember", &ember), ("starry-night", &starry_night)] {
        let apart = difference(&blend, pure);
        assert!(apart > 1.0, "the blend is {apart} steps from {name} alone");
    }
}

#[test]
fn a_preset() {
    let shop = workshop();
    restyled(&shop, &["--style", "ink-wash"], "ink-wash.png");
}

#[test]
fn the_style_of_other_pictures() {
    let shop = workshop();
    photograph(&shop, "coffee.jpg");
    shop.picture("weave.png", 64, 64);
    let coffee = ["--style-image", "coffee.jpg"];
    let plain = restyled(&shop, &coffee, "plain.png");
    made_again(&shop, "plain.png");
    let both = ["--style-image", "weave.png", "--style-weights", "1", "--style-weights", "3"];
    for more in [&both[..], &["--style-scale", "1.5"], &["--keep-colours", "luminance"]] {
        let out = format!("{}.png", more[0].trim_start_matches('-'));
        let other = restyled(&shop, &[&coffee[..], more].concat(), &out);
        let apart = difference(&plain, &other);
        assert!(apart > 0.5, "{more:?} changes the result by {apart} steps only");
    }
}

#[test]
fn four_times_as_large_by_two_networks() {
    let shop = workshop();
    shop.picture("small.png", 64, 48);
    let small = mean(&pixels::<3>(&shop, "small.png", (64, 48)));
    let made = ["video", "anime"].map(|model| {
        let out = format!("{model}.png");
        shop.succeed(&["upscale", "small.png", "--scale", "4", "--model", model, "-o", &out]);
        let large = pixels::<3>(&shop, &out, (256, 192));
        assert!((mean(&large) - small).abs() < 8.0, "{model}: mean {} was {small}", mean(&large));
        large
    });
    assert!(difference(&made[0], &made[1]) > 0.1, "both networks make the same picture");
    made_again(&shop, "video.png");
}

#[test]
fn a_subject_cut_out_and_before_other_backgrounds() {
    const SIZE: (u32, u32) = (256, 256);
    let shop = Workshop::with_default_models();
    photograph(&shop, "astronaut.jpg");
    shop.succeed(&["cutout", "astronaut.jpg", "-o", "cut.png"]);
    made_again(&shop, "cut.png");
    shop.succeed(&["cutout", "astronaut.jpg", "--background", "blur", "-o", "blur.png"]);
    let colour = ["--background", "colour", "--colour", "#336699"];
    shop.succeed(&[&["cutout", "astronaut.jpg"][..], &colour, &["-o", "colour.png"]].concat());
    shop.succeed(&["adjust", "astronaut.jpg", "--edits", r#"[{"edit":"exposure","stops":0}]"#, "-o", "before.png"]);

    let opacity: Vec<u8> = pixels::<4>(&shop, "cut.png", SIZE).iter().map(|pixel| pixel[3]).collect();
    let [before, blur, colour] = ["before.png", "blur.png", "colour.png"].map(|name| pixels::<3>(&shop, name, SIZE));
    let at = |alpha: u8, picture: &[[u8; 3]]| -> Vec<[u8; 3]> {
        picture.iter().zip(&opacity).filter(|(_, own)| **own == alpha).map(|(pixel, _)| *pixel).collect()
    };
    let (subject, behind) = (at(255, &before), at(0, &before));
    let least = opacity.len() / 20;
    assert!(subject.len() > least && behind.len() > least, "{} opaque, {} transparent", subject.len(), behind.len());
    for (name, picture) in [("blur", &blur), ("colour", &colour)] {
        assert!(difference(&at(255, picture), &subject) < 0.5, "{name}: the subject has changed");
    }
    assert!(difference(&at(0, &blur), &behind) > 1.0, "the background is as sharp as before");
    assert!(difference(&at(0, &colour), &vec![[0x33, 0x66, 0x99]; behind.len()]) < 0.5, "the background has no colour");
}
