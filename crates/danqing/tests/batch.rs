//! `danqing batch` end to end.

// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
#[cfg(unix)]
use std::time::{Duration, Instant};

use support::Workshop;

const BRIGHTER: [&str; 2] = ["--exposure", "0.5"];

fn folder_of_three(shop: &Workshop) {
    fs::create_dir_all(shop.path("图片/子夹")).expect("folders");
    for (name, width) in [("图片/江雪.png", 40), ("图片/b.png", 30), ("图片/子夹/c.png", 20)] {
        shop.picture(name, width, 24);
    }
    shop.write("图片/notes.txt", b"no picture");
}

fn adjust<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["batch", "adjust", "图片", "out"][..], &BRIGHTER, more].concat()
}

#[test]
fn names_are_kept_finished_pictures_skipped_and_changed_requests_refused() {
    let shop = Workshop::new();
    folder_of_three(&shop);
    let first = shop.run(&adjust(&["--recursive"]));
    assert_eq!((first.code, first.stderr.contains("3 done, 0 skipped, 0 failed")), (0, true), "{}", first.stderr);
    let made = fs::read(shop.path("out/子夹/c.png")).expect("made");
    fs::remove_file(shop.path("out/江雪.png")).expect("removed");
    let again = shop.run(&adjust(&["--recursive"]));
    assert!(again.stderr.contains("1 done, 2 skipped, 0 failed"), "{}", again.stderr);
    assert_eq!(fs::read(shop.path("out/子夹/c.png")).expect("there"), made);
    let other = shop.run(&["batch", "adjust", "图片", "out", "--recursive", "--exposure", "1"]);
    assert_eq!((other.code, other.stderr.contains("0 done, 0 skipped, 3 failed")), (2, true), "{}", other.stderr);
    assert_eq!(fs::read(shop.path("out/子夹/c.png")).expect("there"), made);
    let forced = shop.run(&["batch", "adjust", "图片", "out", "--recursive", "--exposure", "1", "--force"]);
    assert!(forced.stderr.contains("3 done"), "{}", forced.stderr);
    assert_ne!(fs::read(shop.path("out/子夹/c.png")).expect("there"), made);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let shop = Workshop::new();
    folder_of_three(&shop);
    shop.write("图片/a.png", b"\x89PNG\r\n\x1a\nhalf");
    let ended = shop.run(&adjust(&["--json"]));
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let events: Vec<serde_json::Value> =
        ended.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let count = |status: &str| events.iter().filter(|e| e["event"] == "picture" && e["status"] == status).count();
    assert_eq!((count("done"), count("failed")), (2, 1), "{events:?}");
    assert!(events.iter().any(|e| e["event"] == "batch_finished" && e["failed"] == 1), "{events:?}");
    assert!(!shop.path("out/a.png").exists() && shop.path("out/b.png").exists());
    let chinese = shop.run(&adjust(&["--lang", "zh"]));
    assert!(chinese.stderr.contains("完成 0，跳过 2，失败 1"), "{}", chinese.stderr);
    assert!(chinese.stderr.contains("3 张图片中有 1 张失败"), "{}", chinese.stderr);
}

#[test]
fn masks_are_found_by_name_and_a_missing_one_fails_its_picture_alone() {
    let shop = Workshop::new();
    folder_of_three(&shop);
    fs::create_dir(shop.path("masks")).expect("folder");
    shop.mask("masks/江雪.png", (40, 24), (4, 4, 6, 6));
    let arguments = ["batch", "erase", "图片", "out", "--engine", "telea", "--mask", "masks"];
    let ended = shop.run(&arguments);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("no mask for b.png in masks"), "{}", ended.stderr);
    assert!(shop.path("out/江雪.png").exists() && !shop.path("out/b.png").exists());
}

#[test]
fn seeds_follow_names_and_results_follow_neither_order_nor_jobs() {
    let shop = Workshop::new();
    folder_of_three(&shop);
    shop.mask("m.png", (40, 24), (4, 4, 6, 6));
    fs::remove_file(shop.path("图片/b.png")).expect("removed");
    shop.picture("图片/d.png", 40, 24);
    let made = |out: &str, jobs: &str| {
        let arguments = ["batch", "erase", "图片", out, "--engine", "telea", "--mask", "m.png", "--jobs", jobs];
        let ended = shop.run(&arguments);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ["江雪.png", "d.png"].map(|name| fs::read(shop.path(out).join(name)).expect("made"))
    };
    let both = made("one", "1");
    fs::remove_file(shop.path("图片/江雪.png")).expect("removed");
    shop.picture("图片/江雪.png", 40, 24);
    assert_eq!(made("two", "2"), both);
    let seed = |name: &str| {
        let recipe = shop.run(&["recipe", name]);
        serde_json::from_str::<serde_json::Value>(recipe.text()).expect("JSON")["params"]["seed"].clone()
    };
    assert_ne!(seed("one/江雪.png"), seed("one/d.png"));
}

#[test]
fn outputs_that_would_be_read_again_or_meet_are_told() {
    let shop = Workshop::new();
    folder_of_three(&shop);
    for out in ["图片", "图片/../图片", "图片/out"] {
        let ended = shop.run(&["batch", "adjust", "图片", out, "--recursive", "--exposure", "1"]);
        assert_eq!(ended.code, 2, "{out}: {}", ended.stderr);
        assert!(ended.error().contains("results would be read again"), "{}", ended.stderr);
    }
    shop.write("图片/b.webp", &fs::read(shop.path("图片/b.png")).expect("file"));
    let ended = shop.run(&adjust(&["--format", "png"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(shop.path("out/b.png").exists() && shop.path("out/b.webp.png").exists());
    fs::create_dir(shop.path("empty")).expect("folder");
    let nothing = shop.run(&["batch", "adjust", "empty", "out", "--exposure", "1"]);
    assert!(nothing.error().contains("no pictures in this folder"), "{}", nothing.stderr);
}

#[cfg(unix)]
#[test]
fn an_interrupted_batch_leaves_whole_files_only_and_goes_on_later() {
    let shop = Workshop::new();
    fs::create_dir(shop.path("图片")).expect("folder");
    for i in 0..6 {
        shop.picture(&format!("图片/{i}.png"), 900, 700);
    }
    let arguments =
        ["batch", "adjust", "图片", "out", "--jobs", "1", "--edits", r#"[{"edit":"denoise","strength":0.05}]"#];
    let child = shop.command(&arguments).stderr(std::process::Stdio::piped()).spawn().expect("starts");
    let is_picture = |entry: fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "png");
    let has_finished = || fs::read_dir(shop.path("out")).into_iter().flatten().flatten().any(is_picture);
    let (begun, most) = (Instant::now(), Duration::from_mins(2));
    while !has_finished() && begun.elapsed() < most {
        std::thread::sleep(Duration::from_millis(5));
    }
    support::interrupt(&child);
    let code = child.wait_with_output().expect("ends").status.code();
    assert_eq!(code, Some(130));
    let names: Vec<_> =
        fs::read_dir(shop.path("out")).expect("folder").map(|e| e.expect("entry").file_name()).collect();
    assert!(names.len() < 6 && names.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{names:?}");
    let before = names.len();
    assert!(before > 0, "nothing was finished in {most:?}");
    let ended = shop.run(&arguments);
    assert!(ended.stderr.contains(&format!("{} done, {before} skipped, 0 failed", 6 - before)), "{}", ended.stderr);
}
