//! Puts the built page (`web/dist`) into the binary, where it has been built; `cargo build` alone works without it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../web");
    let dist = root.join("dist");
    // A folder that is not there would make cargo build this crate anew each time.
    let watched = [&dist, &root].into_iter().find(|folder| folder.is_dir());
    let own = PathBuf::from("build.rs");
    println!("cargo::rerun-if-changed={}", watched.unwrap_or(&own).display());
    let mut files = Vec::new();
    collect(&dist, "", &mut files);
    files.sort();
    let mut table = String::from("pub(super) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    table.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("page.rs");
    if let Err(error) = std::fs::write(&out, table) {
        println!("cargo::error={}: {error}", out.display());
    }
}

fn collect(folder: &Path, below: &str, files: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{below}/{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &name, files);
        } else if let Ok(path) = path.canonicalize() {
            files.push((name, path));
        }
    }
}
