//! sha256 as lower-case hex, the identity of every file.

use std::fmt::Write as _;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// A sha256 in 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

impl Sha256Hex {
    /// Of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_digest(&Sha256::digest(bytes))
    }

    /// Of everything a reader gives; `seen` gets the number of bytes read so far and may stop with an error.
    ///
    /// # Errors
    /// What the reader or `seen` says.
    pub fn of_reader(mut reader: impl Read, mut seen: impl FnMut(u64) -> io::Result<()>) -> io::Result<(Self, u64)> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        let mut total = 0;
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                return Ok((Self::from_digest(&hash.finalize()), total));
            }
            hash.update(&buffer[..count]);
            total += count as u64;
            seen(total)?;
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_digest(digest: &[u8]) -> Self {
        let mut hex = String::with_capacity(64);
        for byte in digest {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Ok(Self(text));
        }
        Err(format!("sha256 {text:?} is not 64 lower-case hexadecimal digits"))
    }
}

impl From<Sha256Hex> for String {
    fn from(hex: Sha256Hex) -> Self {
        hex.0
    }
}

impl std::fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_test_vector_holds() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256Hex::of(b"abc").as_str(), expected);
        let (read, count) = Sha256Hex::of_reader(&b"abc"[..], |_| Ok(())).unwrap();
        assert_eq!((read.as_str(), count), (expected, 3));
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_taken() {
        assert!(Sha256Hex::try_from("A".repeat(64)).is_err());
        assert!(Sha256Hex::try_from("a".repeat(63)).is_err());
        assert!(Sha256Hex::try_from("a".repeat(64)).is_ok());
    }
}
