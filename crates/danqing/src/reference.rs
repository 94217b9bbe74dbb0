//! Reference pages: one for each capability and language, and one with the commands. Written from the registry, so
//! that they can't disagree with the program.

use std::fmt::Write as _;

use clap::Command;
use danqing_capability::Port;
use danqing_jobs::{AnyMediaCapability, Registry};
use serde_json::Value;

use crate::capability_texts::CapabilityTexts;
use crate::command::{command, option_name};
use crate::field_texts::{element_notes, kind, range};
use crate::form::{Field, Kind, fields, variants};
use crate::language::Language;

/// File names and texts of all pages.
pub(crate) fn pages(registry: &Registry) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for (language, ending) in [(Language::English, "md"), (Language::Chinese, "zh.md")] {
        for capability in registry.iter() {
            pages.push((format!("{}.{ending}", capability.id()), capability_page(capability, language)));
        }
        pages.push((format!("README.{ending}"), overview(registry, language, ending)));
    }
    pages
}

fn overview(registry: &Registry, language: Language, ending: &str) -> String {
    let mut page = format!("# {}\n\n{}\n\n", language.text("page.title"), language.text("page.generated"));
    for capability in registry.iter() {
        let summary = CapabilityTexts::new(capability, language).summary();
        let _ = writeln!(page, "- [`{id}`]({id}.{ending}): {summary}", id = capability.id());
    }
    let mut root = command(registry, language);
    let _ = write!(page, "\n## danqing\n\n```text\n{}```\n", help(&mut root));
    let ids: Vec<_> = registry.iter().map(AnyMediaCapability::id).collect();
    for below in root.get_subcommands_mut().filter(|c| !ids.contains(&c.get_name())) {
        section(&mut page, below, &format!("danqing {}", below.get_name()));
    }
    let _ = write!(page, "\n## {}\n\n{}", language.text("page.exit_codes"), exit_codes(language));
    page
}

fn section(page: &mut String, command: &mut Command, title: &str) {
    let text = help(&mut command.clone().bin_name(title));
    let _ = write!(page, "\n## {title}\n\n```text\n{text}```\n");
    // What stands below `batch` are the capabilities again.
    for below in command.get_subcommands_mut().filter(|_| title != "danqing batch") {
        let title = format!("{title} {}", below.get_name());
        section(page, below, &title);
    }
}

fn help(command: &mut Command) -> String {
    let text = command.clone().term_width(100).render_help().to_string();
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_end())
}

fn exit_codes(language: Language) -> String {
    let codes = [
        (0, language.text("exit.done")),
        (2, language.text("exit.caller")),
        (3, language.text("exit.file")),
        (4, language.text("exit.limit")),
        (5, language.text("exit.unsupported")),
        (6, language.text("exit.missing_model")),
        (7, language.text("exit.environment")),
        (70, language.text("exit.bug")),
        (130, language.text("exit.cancelled")),
    ];
    codes.iter().fold(String::new(), |mut all, (code, meaning)| {
        let _ = writeln!(all, "- {code}: {meaning}");
        all
    })
}

fn capability_page(capability: &AnyMediaCapability, language: Language) -> String {
    let texts = CapabilityTexts::new(capability, language);
    let (id, version) = (capability.id(), capability.version());
    let mut page = format!("# {id}\n\n{}\n\n{}\n", texts.summary(), language.text("page.generated"));
    let _ = write!(page, "\n{}\n", language.filled("page.version", &[&version.to_string()]));
    let _ = write!(page, "\n```sh\n{}\n```\n", example(capability));
    let _ = write!(page, "\n## {}\n\n", language.text("heading.inputs"));
    for (at, port) in capability.inputs().iter().enumerate() {
        let shown = if at == 0 { port.name.to_uppercase() } else { format!("--{}", option_name(port.name)) };
        let _ = writeln!(page, "- `{shown}` ({}): {}", arity(port, language), texts.input(port));
    }
    let _ = write!(page, "\n## {}\n\n", language.text("page.outputs"));
    for port in capability.outputs() {
        let _ = writeln!(page, "- `{}`: {}", port.name, texts.output(port));
    }
    let schema = Value::from(capability.schema());
    let found = fields(&schema);
    let _ = write!(page, "\n## {}\n", language.text("heading.parameters"));
    for field in &found {
        parameter(&mut page, field, &texts, language);
        elements(&mut page, &schema, field, &texts, language);
    }
    page
}

/// Every input, and every parameter that is usually a file.
fn example(capability: &AnyMediaCapability) -> String {
    let inputs = capability.inputs().iter().enumerate().map(|(at, port)| {
        let file = format!("{}.png", port.name);
        if at == 0 { format!(" {file}") } else { format!(" --{} {file}", option_name(port.name)) }
    });
    let found = fields(&Value::from(capability.schema()));
    let files = found.iter().filter_map(|field| {
        let ending = field.file.as_ref()?;
        Some(format!(" --{} {}.{ending}", option_name(&field.name), field.name))
    });
    format!("danqing {}{} -o out.png", capability.id(), inputs.chain(files).collect::<String>())
}

fn arity(port: &Port, language: Language) -> &'static str {
    use danqing_capability::Arity;
    match port.arity {
        Arity::One => language.text("value.required"),
        Arity::Optional => language.text("value.optional"),
        Arity::Many => language.text("value.repeatable"),
    }
}

fn parameter(page: &mut String, field: &Field, texts: &CapabilityTexts, language: Language) {
    let _ =
        write!(page, "\n### `{}`\n\n`--{}` · {}", field.name, option_name(&field.name), kind(&field.kind, language));
    if let Some(range) = range(field, language) {
        let _ = write!(page, " · {range}");
    }
    if let Some(default) = &field.default {
        let _ = write!(page, " · {}", language.filled("value.default", &[&format!("`{default}`")]));
    }
    let _ = write!(page, "\n\n{}\n", texts.parameter(field));
    let Kind::Choice(choices) = &field.kind else { return };
    let line = |choice: &crate::form::Choice| {
        let known = texts.choice(field, &choice.name);
        let help = known.or_else(|| (language == Language::English).then(|| choice.help.clone()));
        help.filter(|help| !help.is_empty()).map(|help| format!("- `{}`: {help}\n", choice.name))
    };
    let lines: String = choices.iter().filter_map(line).collect();
    if lines.is_empty() {
        let names: Vec<_> = choices.iter().map(|choice| format!("`{}`", choice.name)).collect();
        let _ = write!(page, "\n{}\n", language.filled("value.one_of", &[&names.join(", ")]));
    } else {
        let _ = write!(page, "\n{lines}");
    }
}

/// What the elements of a list may be: each kind, its fields, and the names that a field takes.
fn elements(page: &mut String, schema: &Value, field: &Field, texts: &CapabilityTexts, language: Language) {
    for variant in variants(schema, &field.name) {
        let help = texts.element(field, &[&variant.name], &variant.help);
        let _ = write!(page, "\n- `{{\"{}\":\"{}\"}}`: {help}\n", variant.tag, variant.name);
        for inner in &variant.fields {
            let notes = element_notes(inner, language, "`").join("; ");
            let help = texts.element(field, &[&variant.name, &inner.name], &inner.help);
            let _ = writeln!(page, "  - `{}` ({notes}): {help}", inner.name);
            let Kind::Choice(choices) = &inner.kind else { continue };
            for choice in choices {
                let help = texts.element(field, &[&variant.name, &inner.name, &choice.name], &choice.help);
                let _ = writeln!(page, "    - `{}`: {help}", choice.name);
            }
        }
    }
}
