//! One capability as a subcommand: ports become arguments, fields of the schema become options.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};
use danqing_capability::{Arity, Port};
use danqing_jobs::AnyMediaCapability;
use serde_json::Value;

use super::general::output_options;
use crate::capability_texts::CapabilityTexts;
use crate::field_texts::variant_line;
use crate::form::{Field, Kind, Variant, fields, variants};
use crate::language::Language;

/// Name of the argument that holds an input; never the name of an option.
pub(crate) fn input_argument(port: &Port) -> String {
    format!("input.{}", port.name)
}

/// Name of the argument that holds a parameter.
pub(crate) fn parameter_argument(field: &Field) -> String {
    format!("parameter.{}", field.name)
}

/// `guidance_scale` → `guidance-scale`.
pub(crate) fn option_name(name: &str) -> String {
    name.replace('_', "-")
}

pub(super) fn command(capability: &AnyMediaCapability, language: Language) -> Command {
    let texts = CapabilityTexts::new(capability, language);
    let inputs = capability.inputs().iter().enumerate();
    let inputs = inputs.map(|(at, port)| input(port, at == 0, &texts, language).display_order(at));
    let schema = Value::from(capability.schema());
    let parameters = fields(&schema);
    let parameters = parameters.iter().map(|field| {
        let elements = variants(&schema, &field.name);
        parameter(field, &elements, &texts, language)
    });
    Command::new(capability.id())
        .about(texts.summary())
        .override_usage(usage(capability, language))
        .args(inputs)
        .args(parameters)
        .args(output_options(language, true))
}

/// The capability over a folder: its first input is the folder, others may be folders too.
pub(super) fn batch_command(capability: &AnyMediaCapability, language: Language) -> Command {
    let hidden = |name: &str| name != "output";
    let own = command(capability, language);
    let first = capability.inputs().first().map(input_argument);
    let text = |key| language.text(key);
    let words = format!("danqing batch {} FOLDER OUT {}", capability.id(), text("heading.options"));
    let arguments = own.get_arguments().filter(|arg| hidden(arg.get_id().as_str())).cloned().map(|arg| {
        if first.as_deref() == Some(arg.get_id().as_str()) {
            return arg.value_name("FOLDER").num_args(1).required(true).help(text("option.batch_folder"));
        }
        arg
    });
    let out = Arg::new("out").value_name("OUT").required(true).value_parser(value_parser!(OsString));
    let recursive = Arg::new("recursive").long("recursive").short('r').action(ArgAction::SetTrue);
    let jobs = Arg::new("jobs").long("jobs").value_name("N").value_parser(value_parser!(u32).range(1..=1024));
    let batch = [
        out.help(text("option.batch_out")).display_order(0),
        recursive.help(text("option.recursive")),
        jobs.help(text("option.jobs")),
    ];
    let batch = batch.into_iter().map(|arg| arg.help_heading(text("heading.inputs")));
    Command::new(capability.id())
        .about(CapabilityTexts::new(capability, language).summary())
        .override_usage(words)
        .args(arguments.collect::<Vec<_>>())
        .args(batch.collect::<Vec<_>>())
}

/// `danqing erase PHOTO --mask MASK -o OUT [options]`
fn usage(capability: &AnyMediaCapability, language: Language) -> String {
    let mut words = vec!["danqing".to_owned(), capability.id().to_owned()];
    for (at, port) in capability.inputs().iter().enumerate() {
        let value = port.name.to_uppercase();
        let word = if at == 0 { value } else { format!("--{} {value}", option_name(port.name)) };
        words.push(if port.arity == Arity::One { word } else { format!("[{word}]") });
    }
    words.push(format!("-o OUT {}", language.text("heading.options")));
    words.join(" ")
}

fn input(port: &Port, first: bool, texts: &CapabilityTexts, language: Language) -> Arg {
    let arg = Arg::new(input_argument(port))
        .value_name(port.name.to_uppercase())
        .value_parser(value_parser!(OsString))
        .value_hint(clap::ValueHint::FilePath)
        .help_heading(language.text("heading.inputs"));
    let mut notes = vec![];
    if port.arity == Arity::One {
        notes.push(language.text("value.required").to_owned());
    }
    if port.arity == Arity::Many {
        notes.push(language.text("value.repeatable").to_owned());
    }
    let arg = match (first, port.arity) {
        (true, Arity::Many) => arg.num_args(0..),
        (true, _) => arg,
        (false, Arity::Many) => arg.long(option_name(port.name)).action(ArgAction::Append),
        (false, _) => arg.long(option_name(port.name)),
    };
    arg.help(with_notes(&texts.input(port), &notes))
}

fn parameter(field: &Field, elements: &[Variant], texts: &CapabilityTexts, language: Language) -> Arg {
    let elements: Vec<_> = elements.iter().map(|one| variant_line(one, language)).collect();
    let elements: String = elements.iter().flat_map(|line| ["\n- ", line]).collect();
    let arg = Arg::new(parameter_argument(field))
        .long(option_name(&field.name))
        .value_name(value_name(field))
        .help_heading(language.text("heading.parameters"))
        .help(format!(
            "{}{}{elements}",
            with_notes(&texts.parameter(field), &notes(field, texts, language)),
            choice_lines(field, texts, language)
        ));
    match &field.kind {
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::List(_) => arg.action(ArgAction::Append).allow_hyphen_values(true),
        Kind::Text | Kind::Record(_) => arg.allow_hyphen_values(true),
        Kind::Integer | Kind::Number | Kind::Json => arg.allow_negative_numbers(true),
        Kind::Choice(_) => arg,
    }
}

fn value_name(field: &Field) -> String {
    match (&field.shape, &field.file, &field.kind) {
        (Some(shape), _, _) => shape.to_uppercase(),
        (_, Some(_), _) => "FILE".to_owned(),
        (_, _, Kind::List(item)) => kind_name(item),
        (_, _, kind) => kind_name(kind),
    }
}

fn kind_name(kind: &Kind) -> String {
    let name = match kind {
        Kind::Switch => "true|false",
        Kind::Integer => "N",
        Kind::Number => "X",
        Kind::Text => "TEXT",
        Kind::Choice(_) => "NAME",
        Kind::Record(names) => return names.join(",").to_uppercase(),
        Kind::List(_) | Kind::Json => "VALUE",
    };
    name.to_owned()
}

/// What the help says beyond the description, which states unit and range: values and default.
fn notes(field: &Field, texts: &CapabilityTexts, language: Language) -> Vec<String> {
    let mut notes = Vec::new();
    if let Kind::Choice(choices) = &field.kind
        && choice_lines(field, texts, language).is_empty()
    {
        let names: Vec<_> = choices.iter().map(|choice| choice.name.as_str()).collect();
        notes.push(language.filled("value.one_of", &[&names.join(", ")]));
    }
    if let Some(file) = &field.file {
        notes.push(language.filled("value.file", &[file]));
    } else if matches!(field.kind, Kind::List(_)) {
        notes.push(language.text("value.repeatable").to_owned());
    }
    notes.extend(shown_default(field).map(|default| language.filled("value.default", &[&default])));
    notes
}

/// One line for each value that has a text of its own.
fn choice_lines(field: &Field, texts: &CapabilityTexts, language: Language) -> String {
    let Kind::Choice(choices) = &field.kind else { return String::new() };
    let line = |choice: &crate::form::Choice| {
        let known = texts.choice(field, &choice.name);
        let help = known.or_else(|| (language == Language::English).then(|| choice.help.clone()));
        help.filter(|help| !help.is_empty()).map(|help| format!("\n- {}: {help}", choice.name))
    };
    choices.iter().filter_map(line).collect()
}

/// Defaults that say something: not `null`, not an empty list.
fn shown_default(field: &Field) -> Option<String> {
    match field.default.as_ref()? {
        Value::Null => None,
        Value::Array(elements) if elements.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn with_notes(help: &str, notes: &[String]) -> String {
    if notes.is_empty() { help.to_owned() } else { format!("{help} [{}]", notes.join("; ")) }
}
