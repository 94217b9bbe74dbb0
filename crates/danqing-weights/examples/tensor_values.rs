//! What danqing-weights reads in a file, for comparing with other readers (`tools/quality/gguf_peer.py`).
//!
//! `tensor_values FILE`: a line `type sides… name` for every tensor. `tensor_values FILE OUT NAME…`: values of those tensors,
//! little-endian f32, one behind the other.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use danqing_weights::{Limits, containers};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, rest) = arguments.split_first().ok_or("tensor_values FILE [OUT NAME…]")?;
    let file = containers::read(Path::new(file), &Limits::default())?;
    let Some((out, names)) = rest.split_first() else {
        for entry in file.entries() {
            let sides: Vec<String> = entry.shape.iter().map(ToString::to_string).collect();
            println!("{} {} {}", entry.dtype.name(), sides.join(","), entry.name);
        }
        return Ok(());
    };
    let mut out = std::io::BufWriter::new(std::fs::File::create(out)?);
    for name in names {
        let view = file.get(name).ok_or_else(|| format!("there is no tensor {name}"))?;
        for value in view.to_f32()? {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(out.flush()?)
}
