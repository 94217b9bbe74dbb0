//! The files that `tools/golden/media_matrix.py` makes.

use std::path::PathBuf;

use serde_json::Value;

pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// One file of the matrix and what it has to give.
pub(crate) struct Example<'a> {
    pub(crate) entry: &'a Value,
    blob: &'a [u8],
}

impl<'a> Example<'a> {
    pub(crate) fn name(&self) -> &str {
        self.entry["name"].as_str().expect("name")
    }

    pub(crate) fn number(&self, key: &str) -> usize {
        usize::try_from(self.entry[key].as_u64().expect("number")).expect("small")
    }

    pub(crate) fn part(&self, key: &str) -> Option<&'a [u8]> {
        let place = self.entry[key].as_array()?;
        let number = |i: usize| usize::try_from(place[i].as_u64().expect("number")).expect("small");
        Some(&self.blob[number(0)..number(0) + number(1)])
    }

    pub(crate) fn file(&self) -> &'a [u8] {
        self.part("file").expect("file")
    }

    /// Expected samples, 8 and 16 bit alike.
    pub(crate) fn pixels(&self) -> Vec<u32> {
        let bytes = self.part("pixels").expect("pixels");
        match self.number("bits") {
            8 => bytes.iter().map(|&v| v.into()).collect(),
            _ => bytes.chunks_exact(2).map(|p| u16::from_le_bytes([p[0], p[1]]).into()).collect(),
        }
    }
}

pub(crate) fn each(mut check: impl FnMut(&Example<'_>)) -> usize {
    let (blob, index) = (golden("media_matrix.bin"), golden("media_matrix.json"));
    let entries: Vec<Value> = serde_json::from_slice(&index).expect("an index");
    for entry in &entries {
        check(&Example { entry, blob: &blob });
    }
    entries.len()
}

/// Bytes of the part `key` of the first file of that name.
pub(crate) fn part_of(name: &str, key: &str) -> Vec<u8> {
    let mut found = None;
    each(|example| {
        if example.name() == name {
            found = example.part(key).map(<[u8]>::to_vec);
        }
    });
    found.unwrap_or_else(|| panic!("no {key} of {name}"))
}

/// ICC profile of a wide RGB space, and of a grey space of gamma 1.6.
pub(crate) fn profiles() -> (Vec<u8>, Vec<u8>) {
    (part_of("colour png 3", "icc"), part_of("colour png 1", "icc"))
}
