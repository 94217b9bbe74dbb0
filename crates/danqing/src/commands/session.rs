//! What all commands of one call share: settings, report, cancel token.

use clap::ArgMatches;
use danqing_capability::{CancelToken, Class, Failure};
use danqing_jobs::{Rerun, Settings, Studio};

use crate::arguments::output;
use crate::interrupt;
use crate::language::Language;
use crate::report::{Report, Style};

/// Options that every command has, applied.
pub(crate) struct Session {
    pub(crate) report: Report,
    pub(crate) language: Language,
    /// Fetch missing models without asking.
    pub(crate) yes: bool,
    /// Events and lists as JSON.
    pub(crate) json: bool,
    settings: Settings,
}

impl Session {
    pub(crate) fn new(matches: &ArgMatches, language: Language) -> Self {
        let flag =
            |name: &str| innermost(matches, |m| m.try_get_one::<bool>(name).ok().flatten().filter(|v| **v)).is_some();
        let threads = innermost(matches, |m| m.try_get_one::<usize>("threads").ok().flatten()).copied();
        let precision = innermost(matches, |m| m.try_get_one::<String>("precision").ok().flatten()).cloned();
        let (json, quiet) = (flag("json"), flag("quiet"));
        let to_stream = output(matches).is_some_and(|place| place.path().is_none());
        let style = match (json, quiet, to_stream) {
            (true, _, false) => Style::Json,
            (true, _, true) => Style::JsonOnError,
            (false, true, _) => Style::Quiet,
            (false, false, _) => Style::People,
        };
        let settings = Settings { threads, offline: flag("offline"), precision };
        Self { report: Report::new(style, language), language, yes: flag("yes"), json, settings }
    }

    /// Store, engine and capabilities as the options say.
    pub(crate) fn studio(&self) -> Result<Studio, Failure> {
        Studio::open(&self.settings)
    }

    /// As [`Self::studio`], in the precision that a file was made in unless an option names one.
    pub(crate) fn studio_for(&self, rerun: &Rerun, cancel: &CancelToken) -> Result<Studio, Failure> {
        Studio::open_for(&self.settings, rerun, cancel)
    }

    /// A token that Ctrl-C cancels.
    #[expect(clippy::unused_self, reason = "handlers belong to the one session of the process")]
    pub(crate) fn cancel_token(&self) -> Result<CancelToken, Failure> {
        let refused = |e| Failure::new(Class::Environment, format!("signal handlers can't be installed: {e}"));
        interrupt::cancel_token().map_err(refused)
    }
}

/// A global option may stand before or after any command: the innermost one that has it counts.
fn innermost<'m, T>(matches: &'m ArgMatches, find: impl Fn(&'m ArgMatches) -> Option<T> + Copy) -> Option<T> {
    matches.subcommand().and_then(|(_, below)| innermost(below, find)).or_else(|| find(matches))
}
