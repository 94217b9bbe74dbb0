//! `recipe` and `capabilities`: what a file says, what danqing can do.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::ArgMatches;
use danqing_capability::{CancelToken, Port};
use danqing_jobs::{AnyMediaCapability, Place, Studio, read_recipe};
use serde_json::{Value, json};

use super::print_data;
use super::session::Session;
use crate::Outcome;
use crate::capability_texts::CapabilityTexts;
use crate::command::command;
use crate::language::Language;

/// `danqing recipe FILE`: JSON on standard output.
pub(super) fn recipe(matches: &ArgMatches) -> Outcome {
    let place = matches.get_one::<OsString>("file").map_or(Place::Stream, |typed| Place::from_argument(typed));
    let recipe = read_recipe(&place, &CancelToken::default())?;
    print_data(&format!("{}\n", pretty(&serde_json::to_value(recipe).unwrap_or_default())))
}

/// `danqing capabilities [ID] [--json]`
pub(super) fn capabilities(matches: &ArgMatches, session: &Session, studio: &Studio) -> Outcome {
    let registry = studio.registry();
    match (matches.get_one::<String>("id"), session.json) {
        (None, true) => {
            let all: Vec<_> = registry.iter().map(described).collect();
            print_data(&format!("{}\n", pretty(&Value::from(all))))
        }
        (None, false) => {
            let mut text = String::new();
            for one in registry.iter() {
                let _ = writeln!(text, "{:<12} {}", one.id(), CapabilityTexts::new(one, session.language).summary());
            }
            print_data(&text)
        }
        (Some(id), true) => print_data(&format!("{}\n", pretty(&described(registry.get(id)?)))),
        (Some(id), false) => help_of(registry.get(id)?, studio, session.language),
    }
}

/// `danqing styles [--json]`
pub(super) fn styles(session: &Session, studio: &Studio) -> Outcome {
    let styles = studio.styles();
    if session.json {
        return print_data(&format!("{}\n", pretty(&serde_json::to_value(styles).unwrap_or_default())));
    }
    let mut text = String::new();
    for style in styles {
        let chinese = session.language == Language::Chinese;
        let _ = writeln!(text, "{:<22} {}", style.id, if chinese { style.title_zh } else { style.title });
    }
    print_data(&text)
}

/// The capability's own `--help`.
fn help_of(capability: &AnyMediaCapability, studio: &Studio, language: Language) -> Outcome {
    let root = command(studio.registry(), language);
    let below = root.get_subcommands().find(|c| c.get_name() == capability.id()).cloned();
    below.map_or(Ok(()), |mut below| print_data(&below.render_long_help().to_string()))
}

/// Everything a front needs to draw a form.
fn described(capability: &AnyMediaCapability) -> Value {
    json!({
        "id": capability.id(),
        "version": capability.version(),
        "summary": summaries(capability),
        "inputs": ports(capability.inputs()),
        "outputs": ports(capability.outputs()),
        "schema": Value::from(capability.schema()),
        "defaults": capability.default_params(),
    })
}

fn summaries(capability: &AnyMediaCapability) -> Value {
    let of = |language| CapabilityTexts::new(capability, language).summary();
    json!({"en": of(Language::English), "zh": of(Language::Chinese)})
}

fn ports(ports: &[Port]) -> Value {
    ports.iter().map(|port| serde_json::to_value(port).unwrap_or_default()).collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
