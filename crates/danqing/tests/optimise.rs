//! Style by optimisation end to end: the loss falls, its curve is in the events and in the recipe.
//!
//! Needs the default models: `make test` fetches them first.

// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use support::{Workshop, samples};

fn optimised(shop: &Workshop, settings: &str, out: &str) -> Vec<Value> {
    let arguments = ["--json", "restyle", "photo.png", "--style-image", "art.png", "--mode", "optimise"];
    let more = ["--optimise", settings, "--working-size", "96", "--seed", "1", "--offline", "-o", out];
    let ended = shop.succeed(&[&arguments[..], &more].concat());
    ended.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn losses(events: &[Value]) -> Vec<f64> {
    let measures = events.iter().filter(|event| event["event"] == "measure");
    measures.map(|event| event["values"]["total"].as_f64().expect("a number")).collect()
}

#[test]
fn the_loss_falls_with_both_optimizers_and_the_recipe_keeps_the_curve() {
    let shop = Workshop::with_default_models();
    shop.picture("photo.png", 96, 80);
    shop.picture("art.png", 70, 96);
    for (optimizer, init) in [("lbfgs", "content"), ("adam", "noise")] {
        let out = format!("{optimizer}.png");
        let settings = format!(r#"{{"iterations":12,"levels":1,"optimizer":"{optimizer}","init":"{init}"}}"#);
        let curve = losses(&optimised(&shop, &settings, &out));
        let (first, last) = (curve[0], curve[curve.len() - 1]);
        assert!(curve.len() >= 12 && last < 0.7 * first, "{optimizer}: {curve:?}");
        let (width, height, _) = samples(&shop.path(&out));
        assert_eq!((width, height), (96, 80));
        let recipe: Value = serde_json::from_str(shop.run(&["recipe", &out]).text()).expect("JSON");
        assert!(recipe.to_string().contains("loss"), "{recipe}");
        assert_eq!(recipe["params"]["optimise"]["optimizer"], optimizer);
    }
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let shop = Workshop::with_default_models();
    shop.picture("photo.png", 96, 80);
    shop.picture("art.png", 70, 96);
    for settings in [r#"{"iterations":0}"#, r#"{"optimizer":"newton"}"#, r#"{"style_weight":-1}"#, r#"{"speed":1}"#] {
        let arguments = ["restyle", "photo.png", "--style-image", "art.png", "--mode", "optimise", "--optimise"];
        let ended = shop.run(&[&arguments[..], &[settings, "-o", "out.png"]].concat());
        assert_eq!(ended.code, 2, "{settings}: {}", ended.stderr);
        let name = settings.split('"').nth(1).expect("a name");
        assert!(ended.error().contains(name) || ended.error().contains("newton"), "{settings}: {}", ended.stderr);
        assert!(!shop.path("out.png").exists());
    }
}
