//! The commands that make pictures: a capability, `run`, `rerun`.

use std::ffi::OsString;
use std::io::{IsTerminal, Read};

use clap::ArgMatches;
use danqing_capability::{CancelToken, Class, Failure, Progress};
use danqing_jobs::{AnyMediaCapability, JobRequest, Place, Prepared, Rerun, Studio};

use super::models::pull_missing;
use super::session::Session;
use crate::Outcome;
use crate::arguments::{output, request};
use crate::report::Report;

/// `danqing erase PHOTO --mask MASK -o OUT`
pub(super) fn from_arguments(capability: &AnyMediaCapability, matches: &ArgMatches, session: &mut Session) -> Outcome {
    let request = request(capability, matches)?;
    make(&request, session)
}

/// `danqing run request.json -o OUT`; paths in the file are seen from its folder, those typed from the current one.
pub(super) fn from_file(matches: &ArgMatches, session: &mut Session) -> Outcome {
    let place = required_place(matches, "request");
    let mut request = JobRequest::from_json(&text_of(&place)?)?;
    if let Some(folder) = place.path().and_then(std::path::Path::parent) {
        request = request.seen_from(folder);
    }
    request.overwrite |= matches.get_flag("force");
    if let Some(place) = output(matches) {
        let studio = session.studio()?;
        let ports = studio.registry().get(&request.capability)?.outputs();
        request.outputs.extend(ports.first().map(|port| (port.name.to_owned(), place)));
    }
    make(&request, session)
}

/// `danqing rerun FILE -o OUT`
pub(super) fn again(matches: &ArgMatches, session: &mut Session) -> Outcome {
    let given = matches.get_many::<OsString>("input").into_iter().flatten().map(named_place);
    let rerun = Rerun {
        file: required_place(matches, "file"),
        inputs: given.collect::<Result<_, _>>()?,
        output: output(matches),
        overwrite: matches.get_flag("force"),
    };
    refuse_terminal(rerun.output.iter())?;
    let token = session.cancel_token()?;
    let studio = session.studio_for(&rerun, &token)?;
    let prepared = with_progress(&mut session.report, &token, |progress| studio.prepare_rerun(&rerun, progress))?;
    finish(&studio, prepared, &token, session)
}

fn make(request: &JobRequest, session: &mut Session) -> Outcome {
    refuse_terminal(request.outputs.values())?;
    let (studio, token) = (session.studio()?, session.cancel_token()?);
    let prepared = with_progress(&mut session.report, &token, |progress| studio.prepare(request, progress))?;
    finish(&studio, prepared, &token, session)
}

fn finish(studio: &Studio, prepared: Prepared, token: &CancelToken, session: &mut Session) -> Outcome {
    if session.yes {
        pull_missing(studio, &prepared, token, session)?;
    }
    let finished = with_progress(&mut session.report, token, |progress| studio.execute(prepared, progress))?;
    session.report.finished(&finished);
    Ok(())
}

pub(super) fn with_progress<T>(
    report: &mut Report,
    token: &CancelToken,
    work: impl FnOnce(&mut Progress<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut sink = |event| report.event(&event);
    work(&mut Progress::new(token.clone(), &mut sink))
}

/// A picture on a terminal helps nobody.
fn refuse_terminal<'p>(mut places: impl Iterator<Item = &'p Place>) -> Outcome {
    if places.any(|place| *place == Place::Stream) && std::io::stdout().is_terminal() {
        let failure = Failure::new(Class::Caller, "standard output is a terminal, a picture can't be shown there");
        return Err(failure.with_hint("name a file with -o FILE, or send standard output to one"));
    }
    Ok(())
}

fn required_place(matches: &ArgMatches, name: &str) -> Place {
    matches.get_one::<OsString>(name).map_or(Place::Stream, |typed| Place::from_argument(typed))
}

/// `mask=path/to/mask.png`
fn named_place(typed: &OsString) -> Result<(String, Place), Failure> {
    let text = typed.to_string_lossy();
    let refused = || {
        let failure = Failure::new(Class::Caller, format!("--input {text:?} is not NAME=PATH"));
        failure.with_hint("`danqing recipe FILE` shows the names of its inputs")
    };
    let (name, path) = text.split_once('=').ok_or_else(refused)?;
    Ok((name.to_owned(), Place::from_argument(path.as_ref())))
}

fn text_of(place: &Place) -> Result<String, Failure> {
    let read = match place {
        Place::File(path) => std::fs::read_to_string(path),
        Place::Stream => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
        }
    };
    read.map_err(|e| Failure::new(Class::File, format!("{place}: {e}")))
}
