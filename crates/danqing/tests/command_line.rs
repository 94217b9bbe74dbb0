//! The stable forms of the command line, run as people run them.
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;
use support::{Workshop, blackened, is_chinese, samples};

const ERASE: &[&str] = &["erase", "江雪 图.png", "--rectangles", "20,16,8,8", "--engine", "telea", "--seed", "7"];

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.picture("江雪 图.png", 64, 48);
    shop
}

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

#[test]
fn a_chinese_name_goes_in_and_out() {
    let shop = shop();
    let ended = shop.succeed(&with(ERASE, &["-o", "结果 图.png"]));
    assert!(ended.stderr.contains("wrote 结果 图.png (64×48, "), "{}", ended.stderr);
    assert_eq!(ended.stdout, b"");
    let ((width, height, made), (_, _, original)) =
        (samples(&shop.path("结果 图.png")), samples(&shop.path("江雪 图.png")));
    assert_eq!((width, height), (64, 48));
    assert_ne!(made, original);
    assert_eq!(made[..3 * 64 * 8], original[..3 * 64 * 8], "far from the mask nothing changes");
}

#[test]
fn without_a_name_the_result_stands_beside_the_photo_and_replaces_nothing() {
    let shop = shop();
    shop.succeed(ERASE);
    shop.succeed(ERASE);
    assert_eq!(shop.names(), ["江雪 图-erase-2.png", "江雪 图-erase.png", "江雪 图.png"]);
}

#[test]
fn an_existing_file_is_replaced_only_by_force() {
    let shop = shop();
    shop.write("out.png", b"mine");
    let ended = shop.run(&with(ERASE, &["-o", "out.png"]));
    assert_eq!((ended.code, ended.error()), (2, "out.png: the output file exists already"));
    assert_eq!(std::fs::read(shop.path("out.png")).expect("there"), b"mine");
    shop.succeed(&with(ERASE, &["-o", "out.png", "--force"]));
    assert_eq!(samples(&shop.path("out.png")).0, 64);
}

#[test]
fn pictures_flow_through_standard_streams() {
    let shop = shop();
    let mut child = shop
        .command(&["erase", "-", "--rectangles=20,16,8,8", "--engine=telea", "--seed=7", "-o", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let photo = std::fs::read(shop.path("江雪 图.png")).expect("there");
    child.stdin.take().expect("a pipe").write_all(&photo).expect("read");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    shop.write("piped.png", &output.stdout);
    shop.succeed(&with(ERASE, &["-o", "named.png"]));
    assert_eq!(samples(&shop.path("piped.png")), samples(&shop.path("named.png")));
}

#[test]
fn a_file_is_made_again_byte_for_byte_from_its_recipe() {
    let shop = shop();
    shop.mask("mask.png", (64, 48), (30, 20, 10, 6));
    let patch = ["erase", "江雪 图.png", "--mask", "mask.png", "--engine", "patch"];
    shop.succeed(&with(&patch, &["-o", "out.png", "--threads", "2"]));
    let original = std::fs::read(shop.path("out.png")).expect("there");
    shop.write("out.png", &blackened(&original));
    assert!(samples(&shop.path("out.png")).2.iter().all(|&s| s == 0), "the pixels are gone");
    for threads in ["1", "2", "3"] {
        let name = format!("again-{threads}.png");
        let ended = shop.succeed(&["rerun", "out.png", "-o", &name, "--threads", threads]);
        assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
        assert_eq!(std::fs::read(shop.path(&name)).expect("there"), original, "{threads} threads");
    }
}

#[test]
fn jpeg_and_other_formats_carry_their_recipe_too() {
    let shop = shop();
    for name in ["out.jpg", "out.webp", "out.tif"] {
        shop.succeed(&with(ERASE, &["-o", name]));
        let recipe: Value = serde_json::from_str(shop.succeed(&["recipe", name]).text()).expect("JSON");
        assert_eq!((&recipe["capability"]["id"], &recipe["params"]["seed"]), (&"erase".into(), &7.into()), "{name}");
        let again = format!("again-{name}");
        shop.succeed(&["rerun", name, "-o", &again]);
        let read = |name: &str| std::fs::read(shop.path(name)).expect("there");
        assert_eq!(read(&again), read(name), "{name}");
    }
}

#[test]
fn a_lossy_file_is_not_said_to_keep_what_lies_outside() {
    let shop = shop();
    for (name, quality, warned) in
        [("a.png", None, false), ("a.jpg", None, true), ("a.webp", None, false), ("b.webp", Some("--quality=80"), true)]
    {
        let arguments: Vec<_> = with(ERASE, &["-o", name]).into_iter().chain(quality).collect();
        let ended = shop.succeed(&arguments);
        assert_eq!(ended.stderr.contains("is lossy: samples outside"), warned, "{name}: {}", ended.stderr);
        let recipe: Value = serde_json::from_str(shop.succeed(&["recipe", name]).text()).expect("JSON");
        let codes: Vec<_> = recipe["warnings"].as_array().into_iter().flatten().map(|w| &w["code"]).collect();
        assert_eq!(codes.contains(&&Value::from("lossy_output")), warned, "{name}: {recipe}");
    }
    let chinese = shop.succeed(&with(ERASE, &["-o", "c.jpg", "--lang=zh"]));
    assert!(chinese.stderr.contains("警告：JPEG 是有损格式"), "{}", chinese.stderr);
}

#[test]
fn the_recipe_says_what_was_meant() {
    let shop = shop();
    shop.succeed(&["erase", "江雪 图.png", "--rectangles=20,16,8,8", "--engine=patch", "-o", "out.png"]);
    let recipe: Value = serde_json::from_str(shop.succeed(&["recipe", "out.png"]).text()).expect("JSON");
    assert_eq!(recipe["danqing"], env!("CARGO_PKG_VERSION"));
    assert!(recipe["params"]["seed"].is_u64(), "the seed was drawn: {recipe}");
    assert_eq!(recipe["inputs"]["picture"][0]["path"], "江雪 图.png");
    assert_eq!(recipe["inputs"]["picture"][0]["sha256"].as_str().map(str::len), Some(64));
    assert!(recipe["backend"].as_str().is_some_and(|b| b.starts_with("cpu-")), "{recipe}");
    assert_eq!(recipe["facts"]["max_difference_outside"], 0);
    shop.succeed(&[
        "erase",
        "江雪 图.png",
        "--rectangles=20,16,8,8",
        "--engine=telea",
        "-o",
        "bare.png",
        "--strip-metadata",
    ]);
    assert_eq!(shop.run(&["recipe", "bare.png"]).code, 3);
}

#[test]
fn a_request_file_means_the_same_as_arguments() {
    let shop = shop();
    let request = r#"{"capability": "erase", "inputs": {"picture": "江雪 图.png"},
        "params": {"rectangles": [{"x": 20, "y": 16, "width": 8, "height": 8}], "engine": "telea", "seed": 7}}"#;
    shop.write("request.json", request.as_bytes());
    shop.succeed(&["run", "request.json", "-o", "a.png"]);
    shop.succeed(&with(ERASE, &["-o", "b.png"]));
    let read = |name: &str| std::fs::read(shop.path(name)).expect("there");
    assert_eq!(read("a.png"), read("b.png"));
}

#[test]
fn events_are_json_lines_on_standard_output() {
    let shop = shop();
    let ended = shop.succeed(&with(ERASE, &["-o", "out.png", "--json"]));
    assert_eq!(ended.stderr, "");
    let events: Vec<Value> = ended.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(events.first().map(|e| &e["event"]), Some(&"step".into()));
    let last = events.last().expect("at least one");
    assert_eq!((&last["event"], &last["outputs"][0]["path"]), (&"finished".into(), &"out.png".into()));
    let failed = shop.run(&with(ERASE, &["-o", "out.png", "--json"]));
    let event: Value = serde_json::from_str(failed.text().trim()).expect("one line of JSON");
    assert_eq!((&event["event"], &event["class"], failed.code), (&"failed".into(), &"caller".into(), 2));
    assert_eq!(failed.error(), "out.png: the output file exists already");
}

#[test]
fn quiet_says_nothing_and_no_progress_floods_a_log() {
    let shop = shop();
    let quiet = shop.succeed(&with(ERASE, &["-o", "a.png", "--quiet"]));
    assert_eq!((quiet.stderr.as_str(), quiet.stdout.len()), ("", 0));
    let plain = shop.succeed(&with(ERASE, &["-o", "b.png"]));
    assert_eq!(plain.stderr.lines().count(), 1, "{}", plain.stderr);
}

/// Reads events until the run itself has begun, then interrupts it.
#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_half_written() {
    let shop = Workshop::new();
    shop.picture("large.png", 1600, 1200);
    let mut child = shop
        .command(&["erase", "large.png", "--rectangles=100,100,1400,900", "--engine=patch", "-o", "out.png", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let begun = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("step") && !line.contains("\"read\"")));
    assert!(begun.is_some(), "the run never began");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    let last = lines.map_while(Result::ok).last().unwrap_or_default();
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert!(last.contains("\"cancelled\""), "{last}");
    assert_eq!(shop.names(), ["large.png"]);
}

#[test]
fn help_is_there_in_both_languages() {
    let shop = shop();
    let english = shop.succeed(&["erase", "--help"]);
    for word in ["Usage: danqing erase PICTURE", "--mask <MASK>", "--seed <N>", "--output <FILE>", "--strip-metadata"] {
        assert!(english.text().contains(word), "{word} in {}", english.text());
    }
    let chinese = shop.succeed(&["erase", "--help", "--lang", "zh"]);
    let lines: Vec<_> = chinese.text().lines().filter(|line| line.starts_with(char::is_alphabetic)).collect();
    assert!(lines.iter().all(|line| is_chinese(line)), "{lines:?}");
    let by_locale = shop.shell("LANG=zh_CN.UTF-8 \"$DANQING\" erase --help");
    assert_eq!(by_locale.text(), chinese.text());
}

#[test]
fn help_is_a_command_too() {
    let shop = shop();
    let pairs: [(&[&str], &[&str]); 5] = [
        (&["help"], &["--help"]),
        (&["help", "erase"], &["erase", "--help"]),
        (&["models", "help"], &["models", "--help"]),
        (&["models", "help", "pull"], &["models", "pull", "--help"]),
        (&["help", "models", "pull", "--lang=zh"], &["models", "pull", "--help", "--lang=zh"]),
    ];
    for (asked, same) in pairs {
        assert_eq!(shop.succeed(asked).text(), shop.succeed(same).text(), "{asked:?}");
    }
    let ended = shop.run(&["help", "paint"]);
    assert_eq!((ended.code, ended.error()), (2, "unknown command paint"), "{}", ended.stderr);
}

#[test]
fn the_help_of_adjust_says_how_to_write_its_edits() {
    let shop = shop();
    let wide = shop.succeed(&["adjust", "--help"]);
    let text = wide.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "- exposure: stops (number; -10 to 10; required)",
        "- rotate: degrees (number; -360 to 360; required), corners (one of crop, expand, keep; default crop)",
        "- flip: axis (one of horizontal, vertical; default horizontal)",
        "one of nearest, bilinear, bicubic, lanczos, area; default lanczos",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn capabilities_models_and_doctor_describe_themselves() {
    let shop = shop();
    let all: Value = serde_json::from_str(shop.succeed(&["capabilities", "--json"]).text()).expect("JSON");
    let ids: Vec<_> = all.as_array().expect("a list").iter().map(|c| c["id"].as_str().expect("an id")).collect();
    for id in &ids {
        assert!(shop.succeed(&["capabilities"]).text().contains(id));
        let one: Value = serde_json::from_str(shop.succeed(&["capabilities", id, "--json"]).text()).expect("JSON");
        assert!(one["schema"]["properties"].is_object());
    }
    assert!(ids.contains(&"erase") && ids.contains(&"extend"), "{ids:?}");
    let models: Value = serde_json::from_str(shop.succeed(&["models", "list", "--json"]).text()).expect("JSON");
    assert_eq!(models[0]["state"], "missing");
    assert!(shop.succeed(&["models"]).text().contains("migan-512-places2"));
    let doctor = shop.succeed(&["doctor"]);
    for word in ["version: ", "backend: cpu-", "threads: ", "model store: ", "language: en"] {
        assert!(doctor.text().contains(word), "{word} in {}", doctor.text());
    }
    assert!(is_chinese(shop.succeed(&["doctor", "--lang", "zh"]).text()));
    assert_eq!(shop.names(), ["江雪 图.png"], "describing writes nothing");
    assert!(!shop.home().exists());
}

#[test]
fn completions_and_manual_are_generated() {
    let shop = shop();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = shop.succeed(&["completions", shell]);
        assert!(script.text().contains("strip-metadata"), "{shell}");
    }
    let manual = shop.succeed(&["man"]);
    assert!(manual.text().contains(".TH danqing") && manual.text().contains("rectangles"), "{}", manual.text());
}

/// `docs/reference` is what `danqing docs docs/reference` writes.
#[test]
fn the_committed_reference_pages_are_up_to_date() {
    let shop = shop();
    shop.succeed(&["docs", "pages"]);
    let committed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let names = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|e| e.file_name().into_string().expect("unicode")).collect();
        names.sort();
        names
    };
    assert_eq!(names(&committed), names(&shop.path("pages")), "run `danqing docs docs/reference`");
    for name in names(&committed) {
        let (there, made) =
            (std::fs::read_to_string(committed.join(&name)), std::fs::read_to_string(shop.path("pages").join(&name)));
        assert!(
            there.expect("page") == made.expect("page"),
            "{name} is out of date: run `danqing docs docs/reference`"
        );
    }
}

/// "Copy as command" in the studio.
#[test]
fn the_command_that_the_studio_shows_asks_for_the_same() {
    let shop = Workshop::new();
    shop.picture("江雪 图's.png", 96, 64);
    let studio = danqing_jobs::Studio::describing().expect("a studio");
    let encoding = danqing_jobs::Encoding { format: Some("png".to_owned()), depth: Some(16), ..Default::default() };
    let cases = [
        (
            "erase",
            serde_json::json!({"engine": "patch", "grow": -2, "feather": 4, "invert": false, "seed": 7,
                "rectangles": [{"x": 30, "y": 20, "width": 20, "height": 16}, {"x": 1, "y": 2, "width": 9, "height": 8}],
                "points": [{"x": 70.5, "y": 40.0, "radius": 5.0}]}),
        ),
        (
            "adjust",
            serde_json::json!({"exposure": -0.5, "resize": "48x", "edits": [{"edit": "contrast", "amount": 0.25},
                {"edit": "curves", "points": [[0.0, 0.0], [0.5, 0.6], [1.0, 1.0]]}]}),
        ),
        ("extend", serde_json::json!({"left": 16, "right": 8, "fill": "patch", "colour": "#102030", "seed": 1})),
    ];
    for (id, params) in cases {
        let capability = studio.registry().get(id).expect(id);
        let params = params.as_object().expect("an object");
        let inputs = [("picture".to_owned(), vec!["江雪 图's.png".to_owned()])].into();
        let line = danqing_jobs::queue::command_line(capability, params, &inputs, &encoding);
        let made = shop.shell(&format!("danqing() {{ \"$DANQING\" \"$@\"; }}; {line} -o {id}.png"));
        assert_eq!(made.code, 0, "{line}: {}", made.stderr);
        let recipe: serde_json::Value =
            serde_json::from_str(shop.succeed(&["recipe", &format!("{id}.png")]).text()).expect("a recipe");
        assert_eq!(recipe["encoding"]["depth"], 16, "{line}");
        // Short forms of adjust become edits.
        for (name, value) in params.iter().filter(|(name, _)| id != "adjust" || *name == "edits") {
            let meant = recipe["params"][name].to_string();
            let is_kept = recipe["params"][name] == *value || id == "adjust" && meant.contains("0.25");
            assert!(is_kept, "{name} of {line}: {meant}");
        }
    }
}

#[test]
fn bench_says_the_precision_that_it_timed() {
    let shop = Workshop::new();
    for (option, precision) in
        [(&["--precision", "bf16"][..], "bf16"), (&["--precision", "int8"], "int8"), (&[], "f32")]
    {
        let ended = shop.succeed(&with(&["bench", "linear", "--runs", "1", "--json"], option));
        let figures: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        assert_eq!(figures[0]["precision"], precision, "{figures}");
    }
    let refused = shop.command(&["bench", "linear"]).env("DANQING_PRECISION", "f8").output().expect("it runs");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("precision is f8, expected f32, bf16 or int8"));
}
