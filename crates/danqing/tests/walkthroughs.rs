//! The walkthroughs that the default pack covers in full, each from its recorded request in `examples/walkthroughs`.
//!
//! They need the default models: `make test` fetches them first.

// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use support::{Workshop, blackened, samples};

const FOLDER: &str = "examples/walkthroughs";

/// A workshop that sees the examples where the requests say they are.
fn workshop() -> Workshop {
    let shop = Workshop::with_default_models();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FOLDER);
    fs::create_dir_all(shop.path(FOLDER).join("pictures")).expect("folder");
    for folder in ["", "pictures"] {
        for entry in fs::read_dir(source.join(folder)).expect("folder") {
            let entry = entry.expect("entry");
            if entry.file_type().expect("type").is_file() {
                fs::copy(entry.path(), shop.path(FOLDER).join(folder).join(entry.file_name())).expect("copied");
            }
        }
    }
    shop
}

/// Size and RGB samples.
type Rgb = (usize, usize, Vec<[f64; 3]>);

fn rgb(shop: &Workshop, name: &str) -> Rgb {
    let (width, height, samples) = samples(&shop.path(name));
    assert_eq!(samples.len(), (width * height * 3) as usize, "{name} is 8-bit RGB");
    (width as usize, height as usize, samples.chunks_exact(3).map(|p| [p[0], p[1], p[2]].map(f64::from)).collect())
}

/// Runs a recorded request; gives the picture that went in and the one that came out. From a file whose pixels are
/// black, its recipe makes the same bytes again.
fn walk(shop: &Workshop, number: u8, name: &str, picture: &str) -> (Rgb, Rgb) {
    let (request, output) = (format!("{FOLDER}/{number}-{name}.json"), format!("walkthrough-{number}.png"));
    shop.succeed(&["run", &request, "-o", &output, "--offline"]);
    let bytes = fs::read(shop.path(&output)).expect("made");
    shop.write("black.png", &blackened(&bytes));
    shop.succeed(&["rerun", "black.png", "-o", "again.png", "--offline"]);
    assert!(fs::read(shop.path("again.png")).expect("made") == bytes, "rerun gives other bytes");
    let picture = format!("{FOLDER}/pictures/{picture}.jpg");
    shop.succeed(&["adjust", &picture, "--edits", r#"[{"edit":"exposure","stops":0}]"#, "-o", "before.png"]);
    (rgb(shop, "before.png"), rgb(shop, &output))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

/// CIE L*a*b* (D65) of one sRGB sample.
fn lab(rgb: [f64; 3]) -> [f64; 3] {
    let linear = rgb.map(|c| c / 255.0).map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    let row = |m: [f64; 3]| m.iter().zip(linear).map(|(m, c)| m * c).sum::<f64>();
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f(row([0.4124, 0.3576, 0.1805]) / 0.950_47);
    let y = f(row([0.2126, 0.7152, 0.0722]));
    let z = f(row([0.0193, 0.1192, 0.9505]) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Mean lightness of squares of 16 pixels: what is where.
fn tones((width, height, pixels): &Rgb) -> Vec<f64> {
    let squares = (0..height / 16).flat_map(|y| (0..width / 16).map(move |x| (16 * x, 16 * y)));
    let square = |(x0, y0)| (0..256).map(move |i| pixels[(y0 + i / 16) * width + x0 + i % 16]);
    squares.map(|corner| mean(square(corner).map(|p| lab(p)[0]))).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a.iter().copied()), mean(b.iter().copied()));
    let product =
        |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

/// Mean a* and b*: what colour the picture is as a whole, whatever its light.
fn mean_colour((_, _, pixels): &Rgb) -> [f64; 2] {
    [1, 2].map(|c| mean(pixels.iter().map(|p| lab(*p)[c])))
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn a_portrait_becomes_an_ink_wash_that_keeps_its_main_elements() {
    let shop = workshop();
    let (before, after) = walk(&shop, 1, "ink-wash", "astronaut");
    assert_eq!((after.0, after.1), (before.0, before.1));
    let chroma = mean(after.2.iter().map(|p| lab(*p)).map(|[_, a, b]| a.hypot(b)));
    assert!(chroma < 6.0, "ink is nearly without colour: {chroma}");
    let kept = correlation(&tones(&before), &tones(&after));
    assert!(kept > 0.8, "light and dark stay where they were: {kept}");
}

#[test]
fn a_landscape_takes_the_palette_of_an_oil_painting() {
    let shop = workshop();
    let (before, after) = walk(&shop, 2, "oil-painting", "pavilion");
    assert_eq!((after.0, after.1), (before.0, before.1));
    let art = format!("{FOLDER}/pictures/wheat-field.jpg");
    shop.succeed(&["adjust", &art, "--edits", r#"[{"edit":"exposure","stops":0}]"#, "-o", "art.png"]);
    let art = mean_colour(&rgb(&shop, "art.png"));
    let (was, is) = (distance(mean_colour(&before), art), distance(mean_colour(&after), art));
    assert!(is < was / 2.0, "mean colour is {is} from the painting's, was {was}");
    let kept = correlation(&tones(&before), &tones(&after));
    assert!(kept > 0.6, "the landscape is still there: {kept}");
}

#[test]
fn a_portrait_is_extended_to_4_3_and_its_own_pixels_stay() {
    let shop = workshop();
    let (before, after) = walk(&shop, 3, "extend", "astronaut");
    assert_eq!((before.0, before.1, after.0, after.1), (512, 512, 683, 512));
    // The feather lies inside the picture: beyond it every sample is the photograph's.
    let left = (after.0 - before.0) / 2;
    let row = |picture: &Rgb, y: usize, x: usize| picture.2[y * picture.0 + x..][..512 - 2 * 16].to_vec();
    for y in 0..512 {
        assert!((0..=1).any(|odd| row(&after, y, left + odd + 16) == row(&before, y, 16)), "row {y} changed");
    }
    for side in [0..left, after.0 - left..after.0] {
        let lights: Vec<f64> =
            side.flat_map(|x| (0..512).map(move |y| (x, y))).map(|(x, y)| lab(after.2[y * 683 + x])[0]).collect();
        let average = mean(lights.iter().copied());
        let deviation = mean(lights.iter().map(|l| (l - average).powi(2))).sqrt();
        assert!(deviation > 4.0, "new area is flat: standard deviation {deviation} of L*");
    }
}
