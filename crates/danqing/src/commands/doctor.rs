//! `danqing doctor`: the facts of this installation, readable or as JSON.

use std::fmt::Write as _;

use danqing_jobs::Diagnosis;
use serde_json::json;

use super::print_data;
use super::session::Session;
use crate::Outcome;
use crate::report::bytes_for_people;

pub(super) fn run(session: &Session) -> Outcome {
    let studio = session.studio()?;
    let (diagnosis, models) = (studio.diagnosis(), studio.models()?);
    if session.json {
        return print_data(&format!(
            "{:#}\n",
            json!({"installation": diagnosis, "models": models, "language": session.language.name()})
        ));
    }
    let mut text = String::new();
    for (name, value) in rows(&diagnosis, session) {
        let _ = writeln!(text, "{name}{}{value}", session.language.text("doctor.colon"));
    }
    let here = models.iter().filter(|model| model.is_here()).count();
    let _ = writeln!(
        text,
        "{}{}{}",
        session.language.text("doctor.models"),
        session.language.text("doctor.colon"),
        session.language.filled("doctor.models_here", &[&here.to_string(), &models.len().to_string()])
    );
    print_data(&text)
}

fn rows(found: &Diagnosis, session: &Session) -> Vec<(&'static str, String)> {
    let language = session.language;
    let unknown = || language.text("doctor.unknown").to_owned();
    let bytes = |amount: Option<u64>| amount.map_or_else(unknown, bytes_for_people);
    let memory = language.filled("doctor.memory_of", &[&bytes(found.memory_available), &bytes(found.memory_total)]);
    let mut rows = vec![
        (language.text("doctor.version"), found.version.to_owned()),
        (language.text("doctor.system"), found.system.clone()),
        (language.text("doctor.processor"), found.processor.clone().unwrap_or_else(unknown)),
        (language.text("doctor.backend"), found.backend.clone()),
        (language.text("doctor.threads"), found.threads.to_string()),
        (language.text("doctor.memory"), memory),
        (language.text("doctor.store"), found.store.display().to_string()),
        (language.text("doctor.disk"), bytes(found.disk_free)),
        (
            language.text("doctor.offline"),
            language.text(if found.offline { "report.yes" } else { "report.no" }).to_owned(),
        ),
    ];
    for client in &found.clients {
        let path = client.path.as_ref().map(|p| p.display().to_string());
        rows.push((client.name, path.unwrap_or_else(|| language.text("doctor.not_found").to_owned())));
    }
    rows.push((language.text("doctor.language"), language.name().to_owned()));
    rows
}
