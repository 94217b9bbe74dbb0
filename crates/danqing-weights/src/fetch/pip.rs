//! Addresses of files of Python packages, as the user's pip knows them. Nothing is built or installed.

use std::path::PathBuf;

use crate::catalogue::PipMember;
use crate::class::Reporter;
use crate::fetch::{FetchConfig, FetchError, command};
use crate::sha256::Sha256Hex;

/// Ways to call pip, tried in order.
const CLIENTS: [&[&str]; 4] = [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["python", "-m", "pip"]];

/// A file that pip found.
#[derive(Debug, PartialEq)]
pub(super) struct Link {
    pub(super) address: String,
    pub(super) sha256: Option<Sha256Hex>,
    /// For `file://` addresses (a folder of wheels).
    pub(super) local: Option<PathBuf>,
}

/// Name of the archive among the downloads. The catalogue's name has no folder in it, and must not get one.
pub(super) fn file_name(member: &PipMember) -> String {
    member.file.replace(['/', '\\'], "-")
}

/// `pip -vv index versions NAME` prints every file it meets, also those it then skips as unfit for this Python.
pub(super) fn link(
    config: &FetchConfig,
    member: &PipMember,
    id: &str,
    reporter: &mut Reporter<'_>,
) -> Result<Link, FetchError> {
    let mut failure = FetchError::NoClient { client: "pip", install: "Python 3 with pip 21.2 or newer" };
    for client in CLIENTS {
        let mut words = client.to_vec();
        words.extend(["-vv", "--disable-pip-version-check", "--no-input", "index", "versions", &member.pip]);
        let Some(said) = command::run(config, &words, id, reporter)? else { continue };
        if let Some(link) = find(&said.text, &member.file) {
            return Ok(link);
        }
        let command = words.join(" ");
        failure = if said.success {
            FetchError::NoAddress { command, wanted: member.file.clone() }
        } else {
            FetchError::Client { command, message: said.tail() }
        };
    }
    Err(failure)
}

/// The first address whose last part is the file's name, whatever words pip puts around it.
fn find(text: &str, file: &str) -> Option<Link> {
    let is_address = |word: &&str| ["https://", "http://", "file://"].iter().any(|scheme| word.starts_with(scheme));
    text.split_whitespace().filter(is_address).find_map(|word| {
        let (address, fragment) = word.split_once('#').unwrap_or((word, ""));
        let name = address.split('?').next()?.rsplit('/').next()?;
        (!name.is_empty() && percent_decoded(name)? == file).then(|| Link {
            address: address.to_owned(),
            sha256: sha256(fragment),
            local: address.strip_prefix("file://").and_then(percent_decoded).map(PathBuf::from),
        })
    })
}

fn sha256(fragment: &str) -> Option<Sha256Hex> {
    let hex = fragment.split('&').find_map(|part| part.strip_prefix("sha256="))?;
    let hex: String = hex.chars().take_while(char::is_ascii_hexdigit).collect();
    Sha256Hex::try_from(hex.to_ascii_lowercase()).ok()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        if let (b'%', [high, low, tail @ ..]) = (byte, tail) {
            let digits = [*high, *low];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(*byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as pip 23.2 and 25.1 print them, with another host.
    const PIP: &str = "Found index url https://index.example/simple\n\
        1 location(s) to search for versions of a-b:\n\
        * https://index.example/simple/a-b/\n\
        Skipping link: none of the wheel's tags (cp27-none-any) are compatible: https://files.example/aa/a_b-1.0-cp27-none-any.whl#sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad (from https://index.example/simple/a-b/)\n\
        \x20 Found link https://files.example/bb/a_b-1.0.tar.gz#sha256=aa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad (from https://index.example/simple/a-b/), version: 1.0\n\
        \x20 Found link file:///wheels/a%20b/a_b-1.1%2Bcpu.whl (from -f), version: 1.1\n";

    #[test]
    fn a_link_is_found_by_its_file_name_even_when_pip_skips_it() {
        let link = find(PIP, "a_b-1.0.tar.gz").unwrap();
        assert_eq!(link.address, "https://files.example/bb/a_b-1.0.tar.gz");
        assert!(link.sha256.unwrap().as_str().starts_with("aa78"));
        let skipped = find(PIP, "a_b-1.0-cp27-none-any.whl").unwrap();
        assert_eq!(skipped.address, "https://files.example/aa/a_b-1.0-cp27-none-any.whl");
        assert!(skipped.local.is_none());
    }

    #[test]
    fn a_folder_of_wheels_gives_a_path() {
        let link = find(PIP, "a_b-1.1+cpu.whl").unwrap();
        assert_eq!((link.local, link.sha256), (Some(PathBuf::from("/wheels/a b/a_b-1.1+cpu.whl")), None));
    }

    #[test]
    fn another_file_is_not_taken() {
        assert_eq!(find(PIP, "b-1.0.tar.gz"), None);
        assert_eq!(find(PIP, ""), None);
    }
}
