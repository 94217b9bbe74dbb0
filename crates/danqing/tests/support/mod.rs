//! Runs the built binary in a folder of its own, and makes pictures for it.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part of this")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a model store of its own that nothing else uses.
pub struct Workshop {
    folder: TempDir,
    models: Option<PathBuf>,
}

/// How a call ended.
pub struct Ended {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Workshop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir(folder.path().join("work")).expect("folder");
        Self { folder, models: None }
    }

    /// With the models that `make test` fetches: those of `DANQING_HOME`, else of the user's data folder.
    pub fn with_default_models() -> Self {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let data = || variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
        let models = variable("DANQING_HOME").or_else(|| Some(data()?.join("danqing")));
        Self { models, ..Self::new() }
    }

    /// Where commands run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    /// The model store.
    pub fn home(&self) -> PathBuf {
        self.models.clone().unwrap_or_else(|| self.folder.path().join("home"))
    }

    /// Names of all files where commands run, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("")).expect("folder");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("entry").file_name().into_string().expect("unicode")).collect();
        names.sort();
        names
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    /// A photograph-like picture: gradients and texture, no two rows alike.
    pub fn picture(&self, name: &str, width: u32, height: u32) {
        self.write(name, &picture(width, height));
    }

    /// A mask of that size with a white rectangle.
    pub fn mask(&self, name: &str, (width, height): (u32, u32), white: (u32, u32, u32, u32)) {
        let (x0, y0, w, h) = white;
        let inside = |x: u32, y: u32| (x0..x0 + w).contains(&x) && (y0..y0 + h).contains(&y);
        let samples = pixels(width, height).map(|(x, y)| if inside(x, y) { 255 } else { 0 }).collect::<Vec<_>>();
        self.write(name, &png_file(width, height, png::ColorType::Grayscale, &samples));
    }

    /// The binary with these arguments, English, its own store, no network.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_danqing"));
        self.surround(&mut command);
        command.args(arguments);
        command
    }

    /// A shell line in which `$DANQING` is the binary; for limits and pipes.
    pub fn shell(&self, line: &str) -> Ended {
        let mut command = Command::new("bash");
        self.surround(&mut command);
        ended(command.args(["-c", line]).env("DANQING", env!("CARGO_BIN_EXE_danqing")).output().expect("bash runs"))
    }

    fn surround(&self, command: &mut Command) {
        command.current_dir(self.path("")).env("DANQING_HOME", self.home()).stdin(Stdio::null());
        for name in ["LC_ALL", "LC_MESSAGES", "LANG", "DANQING_CPU", "DANQING_PRECISION", "HF_HOME", "HF_HUB_CACHE"] {
            command.env_remove(name);
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments).output().expect("the binary runs"))
    }

    /// Runs and expects success.
    pub fn succeed(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
        ended
    }
}

fn ended(output: Output) -> Ended {
    let stderr = String::from_utf8(output.stderr).expect("messages are UTF-8");
    Ended { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr }
}

/// Ctrl-C.
#[cfg(unix)]
pub fn interrupt(child: &std::process::Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
}

impl Ended {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("text")
    }

    /// What is on stderr besides warnings of the work before.
    fn last_words(&self) -> impl Iterator<Item = &str> {
        self.stderr.lines().filter(|line| !line.starts_with("warning: ") && !line.starts_with("警告："))
    }

    /// The one error line, without `error: `; nothing else but warnings before it and one hint may be on stderr.
    pub fn error(&self) -> &str {
        let lines: Vec<_> = self.last_words().collect();
        let is_hint = |line: &str| line.starts_with("hint: ") || line.starts_with("提示：");
        match lines.as_slice() {
            [error] => of_error(error),
            [error, hint] if is_hint(hint) => of_error(error),
            other => panic!("expected one error line and at most one hint, got {other:#?}"),
        }
    }

    pub fn hint(&self) -> Option<&str> {
        self.last_words().nth(1)
    }
}

fn of_error(line: &str) -> &str {
    let text = line.strip_prefix("error: ").or_else(|| line.strip_prefix("错误："));
    text.unwrap_or_else(|| panic!("not an error line: {line}"))
}

/// Whether a text has at least one Chinese character.
pub fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

fn pixels(width: u32, height: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
}

/// RGB, 8 bit.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let sample = |(x, y): (u32, u32)| [(x * 3 + y) as u8, (y * 2) as u8 ^ (x / 3) as u8, (x * y / 7) as u8];
    let samples: Vec<u8> = pixels(width, height).flat_map(sample).collect();
    png_file(width, height, png::ColorType::Rgb, &samples)
}

pub fn png_file(width: u32, height: u32, color: png::ColorType, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().expect("header").write_image_data(samples).expect("samples");
    bytes
}

/// Size and samples of a PNG, read by another decoder than danqing's own code around it.
pub fn samples(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("file"));
    let mut reader = png::Decoder::new(file).read_info().expect("header");
    let mut samples = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut samples).expect("samples");
    samples.truncate(info.buffer_size());
    (info.width, info.height, samples)
}

/// The same PNG with black pixels; every other chunk stays as it is.
pub fn blackened(bytes: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("header");
    let (size, info) = (reader.output_buffer_size().expect("a size"), reader.info().clone());
    let mut ignored = vec![0; size];
    reader.next_frame(&mut ignored).expect("samples");
    let black = png_black(info.width, info.height, info.color_type, info.bit_depth, size);
    let (before, after) = around_data(bytes);
    let (start, end) = data_range(&black);
    [before, &black[start..end], after].concat()
}

fn png_black(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.write_header().expect("header").write_image_data(&vec![0; size]).expect("samples");
    bytes
}

/// From the first IDAT chunk to the end of the last.
fn data_range(bytes: &[u8]) -> (usize, usize) {
    let (mut at, mut range) = (8, None);
    while at + 8 <= bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
        let end = at + 12 + length;
        if &bytes[at + 4..at + 8] == b"IDAT" {
            range = Some((range.map_or(at, |(start, _)| start), end));
        }
        at = end;
    }
    range.expect("a picture has data")
}

fn around_data(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (start, end) = data_range(bytes);
    (&bytes[..start], &bytes[end..])
}

/// A Stable Diffusion checkpoint of the true structure and tiny sizes, all weights 0: names and dimensions are those of the
/// golden, the file is written into `folder`.
pub fn tiny_checkpoint(folder: &Path) -> PathBuf {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/diffusion_single_file.txt");
    let golden = std::fs::read_to_string(golden).expect("the golden");
    let lines = golden.split('[').find_map(|part| part.strip_prefix("tiny sd1]\n")).expect("its section");
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for line in lines.lines() {
        let mut words = line.split(' ').take_while(|word| *word != "=");
        let name = words.next().expect("a name");
        let shape: Vec<usize> = words.map(|side| side.parse().expect("a side")).collect();
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let info = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]});
        header.insert(name.to_owned(), info);
    }
    let header = serde_json::to_vec(&header).expect("plain data");
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.resize(bytes.len() + end, 0);
    let path = folder.join("tiny.safetensors");
    std::fs::write(&path, bytes).expect("written");
    path
}
