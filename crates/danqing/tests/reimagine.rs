//! `reimagine`, `edit` and `blend` from the command line: with a picture and without one, several variants, and the recipe again.
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
fn a_recipe_is_made_again_in_its_precision() {
    let shop = Workshop::with_default_models();
    shop.picture("江雪.png", 90, 66);
    let model = support::tiny_checkpoint(&shop.path(""));
    let model = model.to_str().expect("unicode");
    let read = |name: &str| std::fs::read(shop.path(name)).expect("written");
    for precision in ["f32", "bf16", "int8"] {
        let name = format!("{precision}.png");
        let made = ["reimagine", "江雪.png", "--model", model, "--steps=2", "--seed=5", "--precision", precision];
        shop.succeed(&[&made[..], &["-o", &name]].concat());
        let recipe = shop.succeed(&["recipe", &name]);
        assert!(recipe.text().contains(&format!("-{precision}\"")), "{}", recipe.text());
        let again = shop.succeed(&["rerun", &name, "-o", "again.png", "--force"]);
        assert!(read(&name) == read("again.png") && !again.stderr.contains("warning"), "{precision}: {}", again.stderr);
    }
    // The environment's precision is not the recipe's; an option is stronger than both, and says so.
    let mut other = shop.command(&["rerun", "int8.png", "-o", "again.png", "--force"]);
    assert!(other.env("DANQING_PRECISION", "bf16").status().expect("it runs").success());
    assert!(read("int8.png") == read("again.png"));
    let other = shop.succeed(&["rerun", "int8.png", "-o", "other.png", "--precision", "f32"]);
    assert!(other.stderr.contains("made in int8, this is f32: the result will differ"), "{}", other.stderr);
    // Byte for byte, the recipe with its backend included.
    assert!(read("other.png") == read("f32.png") && read("other.png") != read("int8.png"));
}

#[test]
fn edit_and_blend_make_the_same_files_again() {
    let shop = Workshop::with_default_models();
    shop.picture("江雪.png", 90, 66);
    shop.picture("远山.png", 70, 80);
    let model = support::tiny_checkpoint(&shop.path(""));
    let model = model.to_str().expect("unicode");
    let read = |name: &str| std::fs::read(shop.path(name)).expect("written");
    let edit = ["edit", "江雪.png", "--rectangles=20,20,30,20", "--model", model, "--prompt=一只猫", "--steps=2"];
    shop.succeed(&[&edit[..], &["--seed=5", "-o", "made.png"]].concat());
    shop.succeed(&["rerun", "made.png", "-o", "again.png"]);
    assert!(read("made.png") == read("again.png") && read("made.png") != read("江雪.png"));
    shop.succeed(&["blend", "江雪.png", "--other=远山.png", "--model", model, "--frames=3", "-o", "between.png"]);
    shop.succeed(&["rerun", "between-2.png", "-o", "again-2.png"]);
    assert!(read("between-2.png") == read("again-2.png"));
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

#[test]
fn other_programs_can_read_how_it_was_made() {
    let shop = Workshop::with_default_models();
    let model = support::tiny_checkpoint(&shop.path(""));
    let model = model.to_str().expect("unicode");
    shop.picture("photo.png", 64, 64);
    let made =
        ["reimagine", "photo.png", "--model", model, "--prompt=一只猫", "--steps=2", "--seed=5", "--clip-skip=2"];
    for name in ["made.png", "made.jpg"] {
        shop.succeed(&[&made[..], &["--sampler=DPM++ 2M Karras", "--strength=0.5", "-o", name]].concat());
        let said = shop.succeed(&["png-info", name, "--json"]);
        let said: serde_json::Value = serde_json::from_str(said.text()).expect("JSON");
        let infotext = said["infotext"].as_str().expect("an infotext");
        let expected = "一只猫\nSteps: 2, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 5, Size: 64x64, Model hash: ";
        assert!(infotext.starts_with(expected), "{infotext}");
        assert!(
            infotext.contains(", Denoising strength: 0.5, Clip skip: 2, RNG: CPU, Version: danqing "),
            "{infotext}"
        );
        assert_eq!((&said["source"], &said["request"]["params"]["steps"]), (&"danqing".into(), &2.into()));
    }
    let people = shop.succeed(&["png-info", "made.png", "--lang=zh"]);
    assert!(people.text().contains("提示词：一只猫"), "{}", people.text());
}
