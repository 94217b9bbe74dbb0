//! `reimagine` from the command line: with a picture and without one, several variants, and the recipe again.
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use support::Workshop;

#[test]
fn a_recipe_makes_the_same_file_again() {
    let shop = Workshop::with_default_models();
    shop.picture("江雪.png", 90, 66);
    let model = support::tiny_checkpoint(&shop.path(""));
    let model = model.to_str().expect("unicode");
    let made = ["reimagine", "江雪.png", "--model", model, "--prompt", "a (cat:1.2)", "--steps=2", "--seed=5"];
    shop.succeed(&[&made[..], &["--sampler=Euler a", "-o", "made.png"]].concat());
    shop.succeed(&["rerun", "made.png", "-o", "again.png"]);
    let read = |name: &str| std::fs::read(shop.path(name)).expect("written");
    assert!(read("made.png") == read("again.png"));
    assert_eq!(support::samples(&shop.path("made.png")).0, 90);
}

#[test]
fn without_a_picture_the_prompt_makes_as_many_as_asked_for() {
    let shop = Workshop::with_default_models();
    let model = support::tiny_checkpoint(&shop.path(""));
    let model = model.to_str().expect("unicode");
    let made = ["reimagine", "--model", model, "--prompt=一只猫", "--steps=1", "--width=80", "--height=64"];
    shop.succeed(&[&made[..], &["--variants=2", "-o", "made.png"]].concat());
    for name in ["made.png", "made-2.png"] {
        let (width, height, _) = support::samples(&shop.path(name));
        assert_eq!((width, height), (80, 64), "{name}");
    }
    shop.succeed(&["rerun", "made-2.png", "-o", "again.png"]);
    let read = |name: &str| std::fs::read(shop.path(name)).expect("written");
    assert!(read("made-2.png") == read("again.png"));
    let nameless = shop.run(&["reimagine", "--model", model, "--prompt=x"]);
    assert_eq!(nameless.code, 2, "{}", nameless.stderr);
    assert!(nameless.error().contains("the output has no name"), "{}", nameless.stderr);
}
