//! A home with the models that are here, and a Stable Diffusion checkpoint of the true structure and tiny sizes, its
//! weights random.

use std::path::{Path, PathBuf};

use serde_json::json;

/// Makes the home.
pub(crate) fn write(home: &Path) {
    std::fs::create_dir_all(home.join("checkpoints")).expect("a folder");
    std::os::unix::fs::symlink(models(), home.join("models")).expect("a link");
    std::fs::write(home.join("checkpoints/tiny.safetensors"), bytes()).expect("written");
}

/// Where the models are that `danqing models pull` has fetched.
fn models() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let data = || variable("XDG_DATA_HOME").unwrap_or_else(|| variable("HOME").expect("a home").join(".local/share"));
    variable("DANQING_HOME").unwrap_or_else(|| data().join("danqing")).join("models")
}

/// A safetensors file with the names and dimensions of the golden.
fn bytes() -> Vec<u8> {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/diffusion_single_file.txt");
    let golden = std::fs::read_to_string(golden).expect("the golden");
    let lines = golden.split('[').find_map(|part| part.strip_prefix("tiny sd1]\n")).expect("its section");
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    let mut state = 7_u64;
    for line in lines.lines() {
        let mut words = line.split(' ').take_while(|word| *word != "=");
        let name = words.next().expect("a name");
        let shape: Vec<usize> = words.map(|side| side.parse().expect("a side")).collect();
        let start = data.len();
        // Norms multiply by about 1; the rest keeps the size of what it is given.
        let is_norm = shape.len() == 1 && name.ends_with("weight");
        let inputs = shape.iter().skip(1).product::<usize>() as f32;
        for _ in 0..shape.iter().product::<usize>() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0;
            let value = if is_norm { 1.0 + 0.1 * random } else { random * (3.0 / inputs).sqrt().min(0.5) };
            data.extend(value.to_le_bytes());
        }
        header.insert(name.to_owned(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}));
    }
    let header = serde_json::to_vec(&header).expect("plain data");
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}
