//! What is generated from the command line and the schemas: completions, manual page, reference pages.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use danqing_capability::{Class, Failure};
use danqing_jobs::Studio;

use super::print_data;
use super::session::Session;
use crate::Outcome;
use crate::command::command;
use crate::language::Language;
use crate::reference::pages;

/// `danqing completions SHELL`
pub(super) fn completions(matches: &ArgMatches, studio: &Studio) -> Outcome {
    let Some(shell) = matches.get_one::<clap_complete::Shell>("shell") else { return Ok(()) };
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut command(studio.registry(), Language::English), "danqing", &mut script);
    print_data(&String::from_utf8_lossy(&script))
}

/// `danqing man`: one page with every command, in roff.
pub(super) fn man(session: &Session, studio: &Studio) -> Outcome {
    let mut root = command(studio.registry(), session.language);
    root.build();
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(root.clone()).render(&mut page).and_then(|()| {
        root.get_subcommands().try_for_each(|below| {
            let man = clap_mangen::Man::new(below.clone().display_name(format!("danqing {}", below.get_name())));
            man.render(&mut page)
        })
    });
    written.map_err(|e| Failure::new(Class::Bug, format!("the manual page: {e}")))?;
    print_data(&String::from_utf8_lossy(&page))
}

/// `danqing docs FOLDER`
pub(super) fn docs(matches: &ArgMatches, studio: &Studio) -> Outcome {
    let folder = matches.get_one::<OsString>("folder").map(PathBuf::from).unwrap_or_default();
    let refused = |e: std::io::Error| Failure::new(Class::Environment, format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(refused)?;
    for (name, text) in pages(studio.registry()) {
        std::fs::write(folder.join(name), text).map_err(refused)?;
    }
    Ok(())
}
