//! What each command does.

mod batch;
mod bench;
mod describe;
mod doctor;
mod generated;
mod make;
mod models;
mod png_info;
mod serve;
mod session;

use std::ffi::OsString;

use clap::ArgMatches;
use danqing_capability::{Class, Failure};
use danqing_jobs::Studio;

use crate::language::Language;
use crate::report::{Report, Style};
use crate::{Outcome, command, refusal};
use session::Session;

/// Parses the arguments and does what they say; a failure has been told to the user when this returns.
pub(crate) fn run(arguments: &[OsString], language: Language) -> Outcome {
    let told = |failure: Failure| {
        Report::new(Style::People, language).failed(&failure);
        failure
    };
    let describing = Studio::describing().map_err(told)?;
    let matches = match command::command(describing.registry(), language).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return refusal::failure(&error, arguments).map_or(Ok(()), |failure| Err(told(failure))),
    };
    let Some((name, below)) = matches.subcommand() else { return Ok(()) };
    if let Some(asked) = asked_for_help(name, below) {
        return run(&asked, language);
    }
    let mut session = Session::new(below, language);
    let outcome = dispatch(name, below, &mut session, &describing);
    outcome.inspect_err(|failure| session.report.failed(failure))
}

/// `help erase` → `erase --help`, `models help pull` → `models pull --help`.
fn asked_for_help(name: &str, matches: &ArgMatches) -> Option<Vec<OsString>> {
    let (before, below) = match (name, matches.subcommand()) {
        ("help", _) => (None, matches),
        (_, Some(("help", below))) => (Some(name), below),
        _ => return None,
    };
    let words = below.get_many::<String>("words").into_iter().flatten().map(String::as_str);
    Some(["danqing"].into_iter().chain(before).chain(words).chain(["--help"]).map(OsString::from).collect())
}

fn dispatch(name: &str, matches: &ArgMatches, session: &mut Session, describing: &Studio) -> Outcome {
    match name {
        "run" => make::from_file(matches, session),
        "batch" => batch::run(matches, session, describing),
        "rerun" => make::again(matches, session),
        "recipe" => describe::recipe(matches),
        "png-info" => png_info::run(matches, session),
        "capabilities" => describe::capabilities(matches, session, describing),
        "styles" => describe::styles(session, describing),
        "models" => models::run(matches, session),
        "serve" => serve::run(matches, session),
        "doctor" => doctor::run(session),
        "bench" => bench::run(matches, session),
        "completions" => generated::completions(matches, describing),
        "man" => generated::man(session, describing),
        "docs" => generated::docs(matches, describing),
        capability => make::from_arguments(describing.registry().get(capability)?, matches, session),
    }
}

/// Data goes to standard output; a reader that stopped reading (`| head`) is no error.
fn print_data(text: &str) -> Outcome {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Class::Environment, format!("standard output: {e}")))
        }
        _ => Ok(()),
    }
}
