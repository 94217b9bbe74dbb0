//! `danqing batch CAPABILITY FOLDER OUT`: every picture of a folder.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use danqing_capability::{Classified, Failure};
use danqing_jobs::{Batch, BatchEvent, Fate, Item, Studio};

use super::make::with_progress;
use super::models::pull_missing;
use super::session::Session;
use crate::Outcome;
use crate::arguments::request;
use crate::report::Ending;

/// What became of the pictures.
#[derive(Default)]
struct Tally {
    done: usize,
    skipped: usize,
    failed: Vec<Failure>,
}

pub(super) fn run(matches: &ArgMatches, session: &mut Session, describing: &Studio) -> Outcome {
    let Some((name, below)) = matches.subcommand() else { return Ok(()) };
    let template = request(describing.registry().get(name)?, below)?;
    let batch = Batch {
        template,
        out: below.get_one::<OsString>("out").map(PathBuf::from).unwrap_or_default(),
        recursive: below.get_flag("recursive"),
        jobs: below.get_one::<u32>("jobs").map(|&n| n as usize),
    };
    let (studio, token) = (session.studio()?, session.cancel_token()?);
    let items = studio.plan_batch(&batch)?;
    if session.yes
        && let Some(Ok(prepared)) = items
            .iter()
            .map(|item| with_progress(&mut session.report, &token, |progress| studio.prepare_item(item, progress)))
            .find(Result::is_ok)
    {
        pull_missing(&studio, &prepared, &token, session)?;
    }
    let mut tally = Tally::default();
    let outcome = studio.run_batch(&items, batch.jobs, &token, &mut |event| tell(event, &mut tally, session));
    session.report.batch_finished(tally.done, tally.skipped, tally.failed.len());
    outcome?;
    match tally.failed.first() {
        None => Ok(()),
        Some(first) => {
            let (failed, all) = (tally.failed.len(), items.len());
            Err(Failure::new(first.class(), format!("{failed} of {all} pictures failed")))
        }
    }
}

fn tell(event: BatchEvent<'_>, tally: &mut Tally, session: &mut Session) {
    match event {
        BatchEvent::Warning(item, code, message) => {
            session.report.event(&danqing_capability::Event::Warning {
                code,
                message: format!("{}: {message}", item.input.display()),
            });
        }
        BatchEvent::Ended(item, fate, done, total) => {
            let Item { input, output, .. } = item;
            let ending = match &fate {
                Fate::Done => Ending::Done,
                Fate::Skipped => Ending::Skipped,
                Fate::Failed(failure) => Ending::Failed(failure),
            };
            session.report.picture_ended(input, output, &ending, (done, total));
            match fate {
                Fate::Done => tally.done += 1,
                Fate::Skipped => tally.skipped += 1,
                Fate::Failed(failure) => tally.failed.push(failure),
            }
        }
    }
}
