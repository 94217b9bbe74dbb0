//! Options that every command has, and the commands that are no capabilities.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};

use crate::language::Language;

/// Options valid everywhere.
pub(super) fn options(language: Language) -> Vec<Arg> {
    let flag = |name: &'static str, key| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).global(true).help(language.text(key))
    };
    let threads = Arg::new("threads").long("threads").value_name("N").value_parser(value_parser!(usize)).global(true);
    let precision = Arg::new("precision").long("precision").value_name("PRECISION").global(true);
    let lang = Arg::new("lang").long("lang").value_name("LANG").value_parser(["en", "zh"]).global(true);
    let all = [
        threads.help(language.text("option.threads")),
        precision.help(language.text("option.precision")),
        flag("json", "option.json"),
        flag("quiet", "option.quiet").short('q'),
        flag("yes", "option.yes").short('y'),
        flag("offline", "option.offline"),
        lang.help(language.text("option.lang")).hide_possible_values(true),
    ];
    all.into_iter().map(|arg| arg.help_heading(language.text("heading.general"))).collect()
}

/// Options of every command that writes pictures.
pub(super) fn output_options(language: Language, capability: bool) -> Vec<Arg> {
    let text = |key| language.text(key);
    let formats = language.filled("option.format", &[&danqing_jobs::format_names().join(", ")]);
    let output = Arg::new("output").short('o').long("output").value_name("FILE").value_parser(value_parser!(OsString));
    let force = Arg::new("force").long("force").action(ArgAction::SetTrue).help(text("option.force"));
    let mut all = vec![output.help(text("option.output")).value_hint(clap::ValueHint::FilePath), force];
    if capability {
        let format = Arg::new("format").long("format").value_name("FORMAT").help(formats);
        let quality = Arg::new("quality").long("quality").value_name("N").value_parser(value_parser!(u8));
        let depth = Arg::new("depth").long("depth").value_name("BITS").value_parser(value_parser!(u8));
        let strip = Arg::new("strip-metadata").long("strip-metadata").action(ArgAction::SetTrue);
        all.push(format);
        all.push(quality.help(text("option.quality")));
        all.push(depth.help(text("option.depth")));
        all.push(strip.help(text("option.strip_metadata")));
    }
    all.into_iter().map(|arg| arg.help_heading(text("heading.output"))).collect()
}

/// `batch`, whose subcommands are the capabilities.
pub(super) fn batch(language: Language) -> Command {
    Command::new("batch").about(language.text("about.batch")).subcommand_required(true).disable_help_subcommand(true)
}

/// Every command that is no capability.
pub(super) fn commands(language: Language) -> Vec<Command> {
    let text = |key| language.text(key);
    let file = |name: &'static str, key| {
        let arg = Arg::new(name).value_name(name.to_uppercase()).required(true).value_parser(value_parser!(OsString));
        arg.help(text(key)).help_heading(text("heading.inputs")).value_hint(clap::ValueHint::FilePath)
    };
    let input = Arg::new("input").long("input").value_name("NAME=PATH").action(ArgAction::Append);
    let input = input.value_parser(value_parser!(OsString)).help(text("option.input"));
    let name = |key| Arg::new("id").value_name("ID").help(text(key)).help_heading(text("heading.inputs"));
    vec![
        Command::new("run")
            .about(text("about.run"))
            .arg(file("request", "option.request"))
            .args(output_options(language, false)),
        Command::new("rerun")
            .about(text("about.rerun"))
            .arg(file("file", "option.made"))
            .arg(input.help_heading(text("heading.inputs")))
            .args(output_options(language, false)),
        Command::new("recipe").about(text("about.recipe")).arg(file("file", "option.made")),
        Command::new("png-info").about(text("about.png_info")).arg(file("file", "option.made_anywhere")),
        Command::new("capabilities").about(text("about.capabilities")).arg(name("option.capability")),
        Command::new("styles").about(text("about.styles")),
        models(language),
        serve(language),
        Command::new("doctor").about(text("about.doctor")),
        bench(language),
        Command::new("completions").about(text("about.completions")).arg(shell(language)),
        Command::new("man").about(text("about.man")),
        Command::new("docs").about(text("about.docs")).arg(file("folder", "option.folder")),
        help(language),
    ]
}

/// `serve`.
fn serve(language: Language) -> Command {
    let text = |key| language.text(key);
    let one = |name: &'static str, value: &'static str, key| {
        Arg::new(name).long(name).value_name(value).help(text(key)).help_heading(text("heading.parameters"))
    };
    let number = |name, key| one(name, "N", key).value_parser(value_parser!(u32).range(1..=1_000_000));
    Command::new("serve").about(text("about.serve")).args([
        one("host", "ADDRESS", "option.host"),
        one("port", "PORT", "option.port").value_parser(value_parser!(u16)),
        one("token", "TOKEN", "option.token"),
        one("allow-host", "NAME", "option.allow_host").action(ArgAction::Append),
        one("allow-origin", "ORIGIN", "option.allow_origin").action(ArgAction::Append),
        number("upload-mb", "option.upload_mb"),
        number("megapixels", "option.megapixels"),
        number("queued-jobs", "option.queued_jobs"),
        number("job-minutes", "option.job_minutes"),
        one("keep-deleted", "DAYS", "option.keep_deleted").value_parser(value_parser!(u32).range(0..=36_500)),
        number("rate", "option.rate"),
    ])
}

/// `bench [NAME]`.
fn bench(language: Language) -> Command {
    let heading = language.text("heading.parameters");
    let names = language.filled("option.bench_name", &[&danqing_jobs::workload_names().join(", ")]);
    let name = Arg::new("name").value_name("NAME").help(names).help_heading(language.text("heading.inputs"));
    let file = |name: &'static str, key| {
        let arg = Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(OsString));
        arg.help(language.text(key)).help_heading(heading).value_hint(clap::ValueHint::FilePath)
    };
    let runs = Arg::new("runs").long("runs").value_name("N").value_parser(value_parser!(usize)).default_value("3");
    let wait = Arg::new("wait").long("wait").action(ArgAction::SetTrue);
    Command::new("bench")
        .about(language.text("about.bench"))
        .arg(name)
        .arg(runs.hide_default_value(true).help(language.text("option.bench_runs")).help_heading(heading))
        .arg(wait.help(language.text("option.bench_wait")).help_heading(heading))
        .arg(file("weights", "option.bench_weights"))
        .arg(file("dump", "option.bench_dump"))
}

/// `help COMMAND` for people who expect it; the same as `COMMAND --help`.
fn help(language: Language) -> Command {
    let words = Arg::new("words").value_name("COMMAND").num_args(0..).help(language.text("option.help_command"));
    Command::new("help").about(language.text("about.help")).arg(words.help_heading(language.text("heading.inputs")))
}

fn shell(language: Language) -> Arg {
    Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(value_parser!(clap_complete::Shell))
        .hide_possible_values(true)
        .help(language.text("option.shell"))
        .help_heading(language.text("heading.inputs"))
}

fn models(language: Language) -> Command {
    let text = |key| language.text(key);
    let ids = |key, required| {
        let arg = Arg::new("ids").value_name("ID").num_args(0..).required(required).help(text(key));
        arg.help_heading(text("heading.inputs"))
    };
    let id = || {
        let arg = Arg::new("id").value_name("ID").required(true).help(text("option.model"));
        arg.help_heading(text("heading.inputs"))
    };
    let file = Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(OsString));
    let file = file.help(text("option.model_file")).help_heading(text("heading.inputs"));
    Command::new("models")
        .about(text("about.models"))
        .disable_help_subcommand(true)
        .subcommand(Command::new("list").about(text("about.models_list")))
        .subcommand(Command::new("pull").about(text("about.models_pull")).arg(ids("option.models", true)))
        .subcommand(Command::new("verify").about(text("about.models_verify")).arg(ids("option.models_verified", false)))
        .subcommand(Command::new("import").about(text("about.models_import")).arg(id()).arg(file))
        .subcommand(Command::new("remove").about(text("about.models_remove")).arg(id()))
        .subcommand(Command::new("path").about(text("about.models_path")).arg(id()))
        .subcommand(help(language))
}
