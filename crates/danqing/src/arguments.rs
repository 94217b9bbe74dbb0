//! Parsed arguments → a request. Only what was typed is in it; defaults are the capability's.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::ArgMatches;
use clap::parser::ValueSource;
use danqing_capability::{Arity, Classified, Failure};
use danqing_jobs::{AnyMediaCapability, Encoding, JobRequest, Place, Places};
use serde_json::{Map, Value};

use crate::command::{input_argument, option_name, parameter_argument};
use crate::form::{fields, value_from_strings};

/// The request that the arguments of a capability's subcommand mean.
///
/// # Errors
/// A value that is not of its parameter's type.
pub(crate) fn request(capability: &AnyMediaCapability, matches: &ArgMatches) -> Result<JobRequest, Failure> {
    let mut outputs = BTreeMap::new();
    if let (Some(port), Some(place)) = (capability.outputs().first(), output(matches)) {
        outputs.insert(port.name.to_owned(), place);
    }
    Ok(JobRequest {
        capability: capability.id().to_owned(),
        params: params(capability, matches)?,
        inputs: inputs(capability, matches),
        outputs,
        encoding: encoding(matches),
        overwrite: matches.get_flag("force"),
    })
}

/// What `-o` names.
pub(crate) fn output(matches: &ArgMatches) -> Option<Place> {
    matches.try_get_one::<OsString>("output").ok().flatten().map(|typed| Place::from_argument(typed))
}

fn params(capability: &AnyMediaCapability, matches: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    let mut params = Map::new();
    for field in fields(&Value::from(capability.schema())) {
        let id = parameter_argument(&field);
        if matches.value_source(&id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let typed: Vec<String> = matches.get_many::<String>(&id).into_iter().flatten().cloned().collect();
        let option = option_name(&field.name);
        let value = value_from_strings(&field, &option, &typed)
            .map_err(|e| Failure::new(e.class(), e.to_string()).with_hint(help_hint(capability.id())))?;
        params.insert(field.name, value);
    }
    Ok(params)
}

/// Where all options stand.
pub(crate) fn help_hint(command: &str) -> String {
    format!("`danqing {command} --help` lists the options")
}

fn inputs(capability: &AnyMediaCapability, matches: &ArgMatches) -> BTreeMap<String, Places> {
    let mut inputs = BTreeMap::new();
    for port in capability.inputs() {
        let typed = matches.get_many::<OsString>(&input_argument(port)).into_iter().flatten();
        let mut places: Vec<_> = typed.map(|text| Place::from_argument(text)).collect();
        if places.len() == 1 && port.arity != Arity::Many {
            inputs.extend(places.pop().map(|place| (port.name.to_owned(), Places::One(place))));
        } else if !places.is_empty() {
            inputs.insert(port.name.to_owned(), Places::Many(places));
        }
    }
    inputs
}

fn encoding(matches: &ArgMatches) -> Encoding {
    Encoding {
        format: matches.get_one::<String>("format").cloned(),
        quality: matches.get_one::<u8>("quality").copied(),
        depth: matches.get_one::<u8>("depth").copied(),
        strip_metadata: matches.get_flag("strip-metadata"),
    }
}
