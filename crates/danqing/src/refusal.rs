//! What the argument parser refuses, as one error of our own with one hint.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use danqing_capability::{Class, Failure};

use crate::arguments::help_hint;

/// The parser's error in our words; `None` if it was asked for help or version, which it has printed.
pub(crate) fn failure(error: &clap::Error, arguments: &[std::ffi::OsString]) -> Option<Failure> {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let _ = error.print();
        return None;
    }
    let failure = Failure::new(Class::Caller, message(error));
    Some(failure.with_hint(hint(error, arguments)))
}

fn message(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(shown).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unknown option {argument}"),
        ErrorKind::InvalidSubcommand => format!("unknown command {}", context(ContextKind::InvalidSubcommand)),
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("{:?} is no value of {argument}", context(ContextKind::InvalidValue))
        }
        ErrorKind::MissingRequiredArgument => format!("missing: {argument}"),
        ErrorKind::MissingSubcommand => "a command is missing".to_owned(),
        ErrorKind::ArgumentConflict => format!("{argument} is given twice"),
        ErrorKind::InvalidUtf8 => "an option's value is not valid UTF-8".to_owned(),
        _ => error.kind().as_str().unwrap_or("the arguments can't be understood").to_owned(),
    }
}

fn hint(error: &clap::Error, arguments: &[std::ffi::OsString]) -> String {
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        if let Some(near) = error.get(kind).map(shown).filter(|near| !near.is_empty()) {
            return format!("did you mean {near}?");
        }
    }
    if let Some(known) = error.get(ContextKind::ValidValue).map(shown).filter(|known| !known.is_empty()) {
        return format!("it may be {known}");
    }
    let first = arguments.get(1).and_then(|a| a.to_str()).filter(|a| !a.starts_with('-'));
    match (error.kind(), first) {
        (ErrorKind::InvalidSubcommand, _) | (_, None) => "`danqing --help` lists the commands".to_owned(),
        (_, Some(command)) => help_hint(command),
    }
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        _ => String::new(),
    }
}
