//! Every painted style on small real photographs: what is promised of all, and what is measured of ink.
#![allow(missing_docs)]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod measures;

use std::path::Path;

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::file::{self, Limits};
use danqing_media::{Raster, SrgbF32};
use danqing_vision::painting::{self, Recipe, Session};

const METHODS: [&str; 8] = ["ink-wash", "oil", "watercolour", "pencil", "woodcut", "cartoon", "pastel", "mosaic"];
const SESSION: Session = Session { seed: 5, scale: 1.0, threads: 2 };

fn recipe(method: &str) -> Recipe {
    serde_json::from_value(serde_json::json!({ "method": method })).expect("a method")
}

fn photograph(name: &str) -> Raster<SrgbF32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/photographs");
    let cancel = CancelToken::default();
    let picture = file::read(folder.join(name), &Limits::default(), &cancel).expect("a photograph");
    picture.to_srgb(&cancel).expect("sRGB")
}

/// A piece of a photograph: enough for what does not depend on the subject.
fn piece() -> Raster<SrgbF32> {
    photograph("astronaut.jpg").crop(danqing_media::Rect::new(60, 0, 97, 71))
}

fn painted(picture: &Raster<SrgbF32>, recipe: &Recipe, session: Session) -> Raster<SrgbF32> {
    let mut silent = |_| ();
    let mut progress = Progress::new(CancelToken::default(), &mut silent);
    painting::paint(picture, recipe, session, &mut progress).expect("not cancelled")
}

#[test]
fn size_stays_samples_are_colours_and_threads_change_nothing() {
    for method in METHODS {
        let recipe = recipe(method);
        assert_eq!(recipe.method(), method);
        let made = painted(&piece(), &recipe, SESSION);
        assert_eq!(made.size(), (97, 71), "{method}");
        assert!(made.samples().iter().all(|v| (0.0..=1.0).contains(v)), "{method}");
        assert_eq!(made, painted(&piece(), &recipe, Session { threads: 1, ..SESSION }), "{method}");
    }
}

#[test]
fn another_seed_paints_other_strokes() {
    for method in METHODS.into_iter().filter(|method| *method != "cartoon") {
        let other = painted(&piece(), &recipe(method), Session { seed: 6, ..SESSION });
        assert_ne!(painted(&piece(), &recipe(method), SESSION), other, "{method}");
    }
}

#[test]
fn tiny_and_narrow_pictures_are_painted_too() {
    for method in METHODS {
        for size in [(1, 1), (2, 3), (1, 40), (70, 2)] {
            let picture = Raster::from_fn(size.0, size.1, |x, y, s| s.fill(((x + y) % 3) as f32 / 2.0));
            let made = painted(&picture, &recipe(method), SESSION);
            assert!(made.size() == size && made.samples().iter().all(|v| v.is_finite()), "{method} {size:?}");
        }
        let nothing = Raster::filled(0, 5, 0.0);
        assert_eq!(painted(&nothing, &recipe(method), SESSION), nothing);
    }
}

#[test]
fn a_cancelled_run_stops() {
    for method in METHODS {
        let mut silent = |_| ();
        let mut progress = Progress::new(CancelToken::default(), &mut silent);
        progress.cancel_token().cancel();
        assert_eq!(painting::paint(&piece(), &recipe(method), SESSION, &mut progress), Err(Cancelled), "{method}");
    }
}

#[test]
fn ink_is_grey_lies_in_few_steps_and_keeps_the_subject() {
    for name in ["astronaut.jpg", "coffee.jpg", "chelsea.jpg"] {
        let photograph = photograph(name);
        let ink = painted(&photograph, &recipe("ink-wash"), SESSION);
        let chroma = measures::mean_chroma(&ink);
        assert!(chroma < 6.0, "{name}: mean chroma {chroma}");
        let (inked, before) = (measures::in_steps(&ink), measures::in_steps(&photograph));
        let edges = measures::edge_agreement(&photograph, &ink);
        eprintln!("{name}: chroma {chroma:.2}, in steps {inked:.3} (photograph {before:.3}), edges {edges:.3}");
        assert!(inked > 0.75 && inked > before, "{name}: {inked} of the tones in steps, {before} before");
        assert!(edges > 0.45, "{name}: edges agree by {edges}");
    }
}
