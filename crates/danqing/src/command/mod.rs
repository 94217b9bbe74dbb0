//! The command line, generated from the registry: one subcommand for each capability, one option for each parameter.

mod capability;
mod general;

use clap::{Arg, ArgAction, Command};
use danqing_jobs::Registry;

pub(crate) use capability::{input_argument, option_name, parameter_argument};

use crate::language::Language;

/// The whole command line in one language.
pub(crate) fn command(registry: &Registry, language: Language) -> Command {
    let text = |key| language.text(key);
    let version =
        Arg::new("version").short('V').long("version").action(ArgAction::Version).help(text("option.version"));
    let root = Command::new("danqing")
        .version(env!("CARGO_PKG_VERSION"))
        .about(text("about.danqing"))
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(version.help_heading(text("heading.general")))
        .override_usage(format!("danqing {} {}", text("heading.command"), text("heading.options")));
    let root = registry.iter().fold(root, |root, one| root.subcommand(capability::command(one, language)));
    let batch = registry
        .iter()
        .fold(general::batch(language), |batch, one| batch.subcommand(capability::batch_command(one, language)));
    let root = root.subcommand(batch);
    let root = general::commands(language).into_iter().fold(root, Command::subcommand);
    finished(root.args(general::options(language)), language)
}

/// Headings, template and help flag in the language, for a command and everything below it.
fn finished(command: Command, language: Language) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .display_order(1000)
        .help(language.text("option.help"))
        .help_heading(language.text("heading.general"));
    let usage = language.text("heading.usage");
    let template = format!("{{about-with-newline}}\n{usage}{{usage}}\n\n{{all-args}}\n");
    let below: Vec<_> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let command = command
        .disable_help_flag(true)
        .arg(help)
        .help_template(template)
        .subcommand_help_heading(language.text("heading.commands"));
    below.into_iter().fold(command, |command, name| command.mut_subcommand(name, |one| finished(one, language)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_in_one_language() {
        let registry = Registry::of(vec![]);
        let chinese = command(&registry, Language::Chinese).render_long_help().to_string();
        for english in ["Usage", "Options", "Commands", "Print"] {
            assert!(!chinese.contains(english), "{english} in:\n{chinese}");
        }
        assert!(chinese.contains("用法：danqing"), "{chinese}");
        let english = command(&registry, Language::English).render_long_help().to_string();
        assert!(english.contains("Usage: danqing <command>"), "{english}");
    }
}
