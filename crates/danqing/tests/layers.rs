//! Edges between the workspace's crates run one way, as ARCHITECTURE.md draws them; nothing else is allowed.
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What each crate may name. Tests of a crate may name what the crate itself may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("danqing-capability", &[]),
    ("danqing-media", &["danqing-capability"]),
    ("danqing-vision", &["danqing-capability", "danqing-media"]),
    ("danqing-weights", &[]),
    ("danqing-nn", &["danqing-capability"]),
    ("danqing-models", &["danqing-capability", "danqing-nn", "danqing-weights"]),
    (
        "danqing-pipelines",
        &["danqing-capability", "danqing-media", "danqing-vision", "danqing-nn", "danqing-weights", "danqing-models"],
    ),
    (
        "danqing-jobs",
        &[
            "danqing-capability",
            "danqing-media",
            "danqing-vision",
            "danqing-nn",
            "danqing-weights",
            "danqing-pipelines",
        ],
    ),
    ("danqing-server", &["danqing-capability", "danqing-jobs"]),
    ("danqing", &["danqing-capability", "danqing-jobs", "danqing-server"]),
    // Draws the contact sheet of `make demo`; no part of the product.
    ("danqing-demo", &["danqing-capability", "danqing-media", "danqing-vision"]),
];

/// Fronts translate: pixels, tensors, networks and codecs are for the crates below.
const NOT_IN_FRONTS: &[&str] =
    &["candle", "png", "zune", "jpeg", "image", "webp", "tiff", "gif", "moxcms", "safetensors", "zip", "ureq", "half"];

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Names of the dependencies of a package; `dev` for those of its tests only.
fn dependencies(package: &Value, dev: bool) -> Vec<&str> {
    let all = package["dependencies"].as_array().expect("a list");
    let wanted = all.iter().filter(|d| (d["kind"] == "dev") == dev);
    wanted.map(|d| d["name"].as_str().expect("a name")).collect()
}

/// Edges that the table does not have.
fn forbidden(name: &str, depends_on: &[&str], members: &BTreeSet<&str>) -> Vec<String> {
    let allowed = ALLOWED.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, allowed)| *allowed);
    let Some(allowed) = allowed else { return vec![format!("{name} is not in the table of layers")] };
    let edges = depends_on.iter().filter(|to| members.contains(*to) && **to != name && !allowed.contains(to));
    edges.map(|to| format!("{name} → {to}")).collect()
}

#[test]
fn crates_depend_only_downwards() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list");
    let members: BTreeSet<_> = packages.iter().map(|p| p["name"].as_str().expect("a name")).collect();
    assert!(members.contains("danqing") && members.contains("danqing-capability"), "{members:?}");
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        for dev in [false, true] {
            found.extend(forbidden(name, &dependencies(package, dev), &members));
        }
    }
    assert!(found.is_empty(), "edges that ARCHITECTURE.md does not allow: {found:?}");
}

#[test]
fn the_binary_names_no_codecs_and_no_networks() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list");
    for front in packages.iter().filter(|p| p["name"] == "danqing" || p["name"] == "danqing-server") {
        for name in dependencies(front, false) {
            let wrong = NOT_IN_FRONTS.iter().any(|word| name == *word || name.starts_with(&format!("{word}-")));
            assert!(!wrong, "{} depends on {name}", front["name"]);
        }
    }
}

#[test]
fn a_wrong_edge_is_noticed() {
    let members = BTreeSet::from(["danqing-media", "danqing-vision", "danqing-new"]);
    assert_eq!(forbidden("danqing-media", &["danqing-vision", "png"], &members), ["danqing-media → danqing-vision"]);
    assert_eq!(forbidden("danqing-vision", &["danqing-media"], &members), Vec::<String>::new());
    assert_eq!(forbidden("danqing-new", &[], &members), ["danqing-new is not in the table of layers"]);
}
