//! `danqing models …`: what there is, what is here, fetching and checking.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::ArgMatches;
use danqing_capability::{CancelToken, Failure};
use danqing_jobs::{Model, Prepared, Studio};
use serde_json::json;

use super::print_data;
use super::session::Session;
use crate::Outcome;
use crate::language::Language;
use crate::report::bytes_for_people;

/// The subcommand; without one, the list.
pub(super) fn run(matches: &ArgMatches, session: &mut Session) -> Outcome {
    let studio = session.studio()?;
    let Some((name, below)) = matches.subcommand() else { return list(&studio, session) };
    let ids = || -> Vec<String> { below.get_many("ids").into_iter().flatten().cloned().collect() };
    let id = || below.get_one::<String>("id").cloned().unwrap_or_default();
    match name {
        "pull" => {
            let token = session.cancel_token()?;
            pull(&studio, &ids(), &token, session)
        }
        "verify" => verify(&studio, &ids(), session),
        "import" => {
            let file = below.get_one::<OsString>("file").map(std::path::PathBuf::from).unwrap_or_default();
            let token = session.cancel_token()?;
            studio.import(&id(), &file, &mut |transfer| session.report.transfer(transfer), &token)?;
            session.report.clear();
            Ok(())
        }
        "remove" => {
            let key = if studio.remove(&id())? { "models.removed" } else { "models.was_not_here" };
            session.report.say(session.language.known_text(key).unwrap_or(key));
            Ok(())
        }
        "path" => print_data(&format!("{}\n", studio.path_of(&id())?.display())),
        _ => list(&studio, session),
    }
}

/// What `--yes` fetches before a run.
pub(super) fn pull_missing(
    studio: &Studio,
    prepared: &Prepared,
    token: &CancelToken,
    session: &mut Session,
) -> Outcome {
    let missing = studio.missing(prepared)?;
    if missing.is_empty() {
        return Ok(());
    }
    show_licences(&missing, session);
    let ids: Vec<_> = missing.into_iter().map(|model| model.id).collect();
    fetch(studio, &ids, token, session)
}

/// Licences first: fetching is agreeing to them.
fn pull(studio: &Studio, names: &[String], token: &CancelToken, session: &mut Session) -> Outcome {
    let mut missing = studio.models_named(names)?;
    missing.retain(|model| !model.is_here());
    if missing.is_empty() {
        session.report.say(session.language.text("models.all_here"));
        return Ok(());
    }
    show_licences(&missing, session);
    if !session.yes && !agreed(&missing, session)? {
        session.report.say(session.language.text("models.nothing_fetched"));
        return Ok(());
    }
    fetch(studio, names, token, session)
}

fn show_licences(missing: &[Model], session: &mut Session) {
    for model in missing {
        let values = [&model.id, &bytes_for_people(model.bytes), &model.licence, &model.licence_class];
        let line = session.language.filled("report.licence", &values.map(String::as_str));
        session.report.say(&line);
    }
}

fn fetch(studio: &Studio, names: &[String], token: &CancelToken, session: &mut Session) -> Outcome {
    studio.pull(names, &mut |transfer| session.report.transfer(transfer), token)?;
    session.report.clear();
    session.report.say(&session.language.filled("models.fetched", &[&names.join(", ")]));
    Ok(())
}

/// Asks on a terminal; elsewhere `--yes` has to be there.
fn agreed(missing: &[Model], session: &mut Session) -> Result<bool, Failure> {
    use std::io::{BufRead, IsTerminal};
    if session.json || !std::io::stdin().is_terminal() {
        let all = missing.iter().map(|m| m.id.as_str()).collect::<Vec<_>>().join(", ");
        let failure = Failure::new(danqing_capability::Class::Caller, format!("fetching {all} needs your consent"));
        return Err(failure.with_hint("read their licences with `danqing models`, then add --yes"));
    }
    session.report.say(session.language.text("models.ask"));
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}

fn list(studio: &Studio, session: &Session) -> Outcome {
    let models = studio.models()?;
    if session.json {
        return print_data(&format!("{:#}\n", json!(models)));
    }
    let mut text = String::new();
    for model in &models {
        let state = session.language.text(if model.is_here() { "models.here" } else { "models.not_here" });
        let title = if session.language == Language::Chinese && !model.title_zh.is_empty() {
            &model.title_zh
        } else {
            &model.title
        };
        let packs = model.packs.join(", ");
        let _ = writeln!(
            text,
            "{:<28} {:>9}  {state}  {:<14} [{packs}] {title}",
            model.id,
            bytes_for_people(model.bytes),
            model.licence_class
        );
    }
    print_data(&text)
}

fn verify(studio: &Studio, ids: &[String], session: &mut Session) -> Outcome {
    let token = session.cancel_token()?;
    let models = if ids.is_empty() { studio.models()? } else { studio.models_named(ids)? };
    let mut first = None;
    for model in models.iter().filter(|model| !ids.is_empty() || model.is_here()) {
        let checked = studio.verify(&model.id, &mut |transfer| session.report.transfer(transfer), &token);
        session.report.clear();
        match checked {
            Ok(()) => print_data(&format!("{} {}\n", model.id, session.language.text("models.verified")))?,
            Err(failure) => {
                if let Some(earlier) = first.replace(failure) {
                    session.report.failed(&earlier);
                }
            }
        }
    }
    first.map_or(Ok(()), Err)
}
