//! The binary: arguments → request, events → bars, errors → exit codes. No pixels, models or defaults here.
#![forbid(unsafe_code)]

mod arguments;
mod capability_texts;
mod command;
mod commands;
mod field_texts;
mod form;
mod interrupt;
mod language;
mod reference;
mod refusal;
mod report;

use std::process::ExitCode;

use danqing_capability::{Class, Classified, Failure};

use language::Language;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let language = Language::chosen(&arguments, |name| std::env::var(name).ok());
    match commands::run(&arguments, language) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(exit_code(failure.class())),
    }
}

/// As documented at [`Class`].
fn exit_code(class: Class) -> u8 {
    match class {
        Class::Caller => 2,
        Class::File => 3,
        Class::Limit => 4,
        Class::Unsupported => 5,
        Class::MissingModel => 6,
        Class::Environment => 7,
        Class::Cancelled => 130,
        _ => 70,
    }
}

/// What a command gives: nothing, or why not, already told to the user.
type Outcome = Result<(), Failure>;
