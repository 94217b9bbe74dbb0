//! Which files a batch reads and writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use danqing_capability::{Class, Failure, Port};
use danqing_media::file::Format;
use danqing_weights::Sha256Hex;
use serde_json::Value;

use super::{Batch, Error, Item};
use crate::{AnyMediaCapability, JobRequest, Place, Places, files};

/// Every picture of the folder with its own request, in the order of names.
pub(super) fn items(batch: &Batch, capability: &AnyMediaCapability) -> Result<Vec<Item>, Failure> {
    let (first, out) = (first_port(capability)?, &batch.out);
    let folder = folder_of(&batch.template, first)?;
    refuse_own_output(&folder, out, batch.recursive)?;
    let mut found = Vec::new();
    collect(&folder, Path::new(""), batch.recursive, &mut found)?;
    found.sort();
    let outputs = output_names(&found, batch)?;
    let has_seed = Value::from(capability.schema()).pointer("/properties/seed").is_some();
    let output_port = capability.outputs().first().map_or("picture", |port| port.name);
    let item = |(name, output): (PathBuf, PathBuf)| {
        let input = folder.join(&name);
        let mut request = batch.template.clone();
        request.inputs.insert(first.name.to_owned(), Places::One(Place::File(input.clone())));
        let output = out.join(output);
        request.outputs = BTreeMap::from([(output_port.to_owned(), Place::File(output.clone()))]);
        if has_seed {
            request.params.insert("seed".to_owned(), seed(batch, &name).into());
        }
        let missing = capability.inputs()[1..].iter().find_map(|port| matched(&mut request, port, &name).err());
        Item { input, output, request, missing }
    };
    Ok(found.into_iter().zip(outputs).map(item).collect())
}

fn first_port(capability: &AnyMediaCapability) -> Result<&'static Port, Failure> {
    let none = || Failure::new(Class::Bug, format!("{} takes no picture", capability.id()));
    capability.inputs().first().ok_or_else(none)
}

fn folder_of(template: &JobRequest, port: &Port) -> Result<PathBuf, Error> {
    let place = template.places(port.name).first();
    let path = place.and_then(Place::path).unwrap_or(Path::new(""));
    if path.is_dir() { Ok(path.to_owned()) } else { Err(Error::NoFolder { path: path.display().to_string() }) }
}

/// What is written must not be read again, now or when the batch goes on another time.
fn refuse_own_output(folder: &Path, out: &Path, recursive: bool) -> Result<(), Failure> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = out.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let rest = out.strip_prefix(there).unwrap_or(out);
    let (folder, out) = (real(folder), real(there).join(rest));
    if out == folder || recursive && out.starts_with(&folder) {
        return Err(
            Error::OutputIsInput { out: out.display().to_string(), folder: folder.display().to_string() }.into()
        );
    }
    Ok(())
}

/// Names of readable pictures below `folder`, relative to it; hidden ones are left out, links to folders not followed.
fn collect(folder: &Path, below: &Path, recursive: bool, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let path = folder.join(below);
    let refused = |e: std::io::Error| Failure::new(Class::File, format!("{}: {e}", path.display()));
    for entry in std::fs::read_dir(&path).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let (name, kind) = (below.join(entry.file_name()), entry.file_type().map_err(refused)?);
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_dir() {
            if recursive {
                collect(folder, &name, recursive, found)?;
            }
        } else if Format::from_path(&name).is_some() {
            found.push(name);
        }
    }
    Ok(())
}

/// The input's name with the output's extension; where two inputs would get the same one, all of them keep their own
/// extension in the name: `a.bmp.png`.
fn output_names(found: &[PathBuf], batch: &Batch) -> Result<Vec<PathBuf>, Failure> {
    let extension = |name: &Path| -> Result<String, Failure> {
        let own = name.extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned();
        let keeps = batch.template.encoding.format.is_none() && Format::from_path(name).is_some_and(Format::can_encode);
        if keeps { Ok(own) } else { Ok(files::extension(&batch.template.encoding)?.to_owned()) }
    };
    let short: Vec<_> =
        found.iter().map(|name| Ok(name.with_extension(extension(name)?))).collect::<Result<_, Failure>>()?;
    let mut named = Vec::with_capacity(found.len());
    for (name, output) in found.iter().zip(&short) {
        let shared = short.iter().filter(|other| *other == output).count() > 1;
        if shared && output != name {
            let mut whole = name.clone().into_os_string();
            whole.push(".");
            whole.push(extension(name)?);
            named.push(PathBuf::from(whole));
        } else {
            named.push(output.clone());
        }
    }
    let mut sorted: Vec<_> = named.iter().collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::SameOutput { name: pair[0].display().to_string() }.into()),
        None => Ok(named),
    }
}

/// From the batch's seed and the picture's name: neither order nor number of the other pictures plays a part.
fn seed(batch: &Batch, name: &Path) -> u64 {
    let base = batch.template.params.get("seed").and_then(Value::as_u64).unwrap_or(0);
    let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
    let digits = Sha256Hex::of(format!("{base}/{}", name.join("/")).as_bytes());
    u64::from_str_radix(&digits.as_str()[..8], 16).unwrap_or(base)
}

/// Puts the file of a folder that belongs to the picture `name` into the request: the same relative name, with any
/// extension of a picture.
fn matched(request: &mut JobRequest, port: &Port, name: &Path) -> Result<(), Error> {
    let places = request.places(port.name).to_vec();
    let mut own = Vec::new();
    for place in places {
        let Some(folder) = place.path().filter(|path| path.is_dir()) else {
            own.push(place);
            continue;
        };
        let same = folder.join(name);
        let extensions = Format::ALL.into_iter().flat_map(Format::extensions);
        let found = std::iter::once(same.clone()).chain(extensions.map(|e| same.with_extension(e)));
        let missing = || Error::NoMatch {
            port: port.name,
            name: name.display().to_string(),
            folder: folder.display().to_string(),
        };
        own.push(Place::File(found.into_iter().find(|path| path.is_file()).ok_or_else(missing)?));
    }
    if let [only] = own.as_slice() {
        request.inputs.insert(port.name.to_owned(), Places::One(only.clone()));
    } else if !own.is_empty() {
        request.inputs.insert(port.name.to_owned(), Places::Many(own));
    }
    Ok(())
}
