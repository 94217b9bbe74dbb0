//! `png-info`: what a file says about how it was made, whichever program made it.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::ArgMatches;
use danqing_capability::CancelToken;
use danqing_jobs::{Inspection, Place, Source, inspect_file};
use serde_json::Value;

use super::print_data;
use super::session::Session;
use crate::Outcome;
use crate::language::{Language, translated};

/// `danqing png-info FILE [--json]`
pub(super) fn run(matches: &ArgMatches, session: &Session) -> Outcome {
    let place = matches.get_one::<OsString>("file").map_or(Place::Stream, |typed| Place::from_argument(typed));
    let found = inspect_file(&place, &CancelToken::default())?;
    if session.json {
        let text = serde_json::to_string_pretty(&found).unwrap_or_default();
        return print_data(&format!("{text}\n"));
    }
    print_data(&for_people(&found, session.language))
}

/// Lines of `name: value`.
fn for_people(found: &Inspection, language: Language) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let name = language.known_text(&format!("png_info.{key}")).unwrap_or(key);
        let _ = writeln!(text, "{name}{}{value}", language.text("png_info.colon"));
    };
    let size = found.width.zip(found.height).map(|(width, height)| format!(", {width}×{height}"));
    line("file", &format!("{}{}", found.format.to_uppercase(), size.unwrap_or_default()));
    line("source", source(found.source, language));
    let settings = match (&found.generation, &found.recipe) {
        (Some(generation), _) => serde_json::to_value(generation).unwrap_or_default(),
        (None, Some(recipe)) => {
            line("capability", &recipe.capability.id);
            recipe.params.clone()
        }
        (None, None) => Value::Null,
    };
    for (name, value) in settings.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(said) if said.is_empty() => {}
            Value::String(said) => line(name, said),
            Value::Object(others) if name == "others" => {
                others.iter().for_each(|(name, value)| line(name, value.as_str().unwrap_or_default()));
            }
            other => line(name, &other.to_string()),
        }
    }
    for notice in &found.notices {
        let message = Some(notice.message.as_str()).filter(|_| language == Language::English).map(str::to_owned);
        let message = message.or_else(|| translated(&notice.message)).unwrap_or_else(|| notice.message.clone());
        line("notice", &message);
    }
    text
}

fn source(source: Source, language: Language) -> &'static str {
    match source {
        Source::Danqing => "danqing",
        Source::A1111 => "AUTOMATIC1111",
        Source::ComfyUi => "ComfyUI",
        Source::InvokeAi => "InvokeAI",
        Source::Fooocus => "Fooocus",
        Source::None => language.text("png_info.nothing"),
    }
}
