//! Records as the API shows them: links in place of folders, times as RFC 3339, messages in the language asked for.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use danqing_jobs::Encoding;
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::{JobRecord, Moment, ProgressView, StoredOutput};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::App;
use crate::language::Language;

/// A picture that is kept under what it holds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "File")]
pub(crate) struct FileView {
    /// What identifies it.
    pub(crate) sha256: String,
    /// Where it is.
    url: String,
    /// Where a small one is.
    thumbnail: String,
    /// What people call it.
    name: String,
    /// E.g. `image/png`.
    media_type: String,
    /// Pixels per row.
    width: usize,
    /// Rows.
    height: usize,
    /// Bytes of the file.
    bytes: u64,
    /// Always `picture` so far.
    kind: String,
    /// Whether a recipe is inside.
    recipe: bool,
}

/// One output of a job.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Output")]
pub(crate) struct OutputView {
    /// Port name.
    name: String,
    /// Position among the outputs of that name, from 0.
    index: usize,
    /// The file.
    file: FileView,
    /// What was measured or decided.
    facts: BTreeMap<String, Value>,
}

/// How far a running job has come.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Progress")]
pub(crate) struct ProgressShown {
    /// Name of the stage.
    step: String,
    /// Share of the stage that is finished, 0 to 1.
    fraction: f64,
    /// Seconds until the stage ends, where they can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_seconds: Option<f64>,
}

/// Something done differently than asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Warning")]
pub(crate) struct WarningView {
    /// Stable identifier.
    code: String,
    /// For people.
    message: String,
}

/// Why a job failed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "JobError")]
pub(crate) struct JobErrorView {
    /// Stable identifier.
    code: String,
    /// For people.
    message: String,
    /// A way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// A job of the queue.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Job")]
pub(crate) struct JobView {
    /// Its name; later ones sort after earlier ones.
    pub(crate) id: String,
    /// Capability id.
    capability: String,
    /// `queued`, `running`, `paused`, `done`, `failed` or `cancelled`.
    state: String,
    /// Higher ones run first.
    priority: i32,
    /// How many are before it, for one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    /// When it was asked for.
    created_at: String,
    /// When its last attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// How far it has come, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressShown>,
    /// Where its picture as it looks so far is, while it runs and shows any.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<String>,
    /// Parameters as asked for.
    params: Map<String, Value>,
    /// Parameters as meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<Value>,
    /// How outputs are encoded, as asked for.
    encoding: Value,
    /// Inputs by port name.
    inputs: BTreeMap<String, Vec<FileView>>,
    /// What it made.
    outputs: Vec<OutputView>,
    /// What was done differently than asked.
    warnings: Vec<WarningView>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobErrorView>,
    /// Whether somebody marked it.
    favourite: bool,
    /// Id of its board.
    #[serde(skip_serializing_if = "Option::is_none")]
    board: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    /// How often it was begun.
    attempts: u32,
}

impl From<&StoredFile> for FileView {
    fn from(file: &StoredFile) -> Self {
        let url = format!("/api/v1/files/{}", file.sha256);
        Self {
            sha256: file.sha256.clone(),
            thumbnail: format!("{url}/thumbnail?size=256"),
            url,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            width: file.width,
            height: file.height,
            bytes: file.bytes,
            kind: "picture".to_owned(),
            recipe: file.recipe,
        }
    }
}

impl From<&StoredOutput> for OutputView {
    fn from(output: &StoredOutput) -> Self {
        let StoredOutput { name, index, file, facts } = output.clone();
        Self { name, index, file: FileView::from(&file), facts }
    }
}

impl From<ProgressView> for ProgressShown {
    fn from(progress: ProgressView) -> Self {
        let ProgressView { step, fraction, eta_seconds } = progress;
        Self { step, fraction, eta_seconds }
    }
}

/// Where the latest preview of a job is; the number only makes the address another one each time.
pub(crate) fn preview_url(id: &str, number: u64) -> String {
    format!("/api/v1/jobs/{id}/preview?n={number}")
}

/// `2026-11-28T21:04:05.678Z`
pub(crate) fn time(moment: Moment) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(moment.unsigned_abs());
    humantime::format_rfc3339_millis(at).to_string()
}

impl App {
    /// A job as the API shows it.
    pub(crate) fn job_view(&self, job: &JobRecord, language: Language) -> JobView {
        let files = |files: &Vec<StoredFile>| files.iter().map(FileView::from).collect();
        let warning = |notice: &danqing_jobs::Notice| WarningView {
            code: notice.code.clone(),
            message: self.said(&notice.message, language),
        };
        let error = job.error.as_ref().map(|error| JobErrorView {
            code: error.code.clone(),
            message: self.said(&error.message, language),
            hint: error.hint.as_ref().map(|hint| self.said(hint, language)),
        });
        JobView {
            id: job.id.clone(),
            capability: job.capability.clone(),
            state: job.state.name().to_owned(),
            priority: job.priority,
            position: job.position,
            created_at: time(job.created),
            started_at: job.started.map(time),
            finished_at: job.finished.map(time),
            progress: self.queue.progress(&job.id).map(ProgressShown::from),
            preview: self.queue.preview_number(&job.id).map(|number| preview_url(&job.id, number)),
            params: job.params.clone(),
            resolved: job.resolved.as_ref().map(|resolved| self.without_folders(resolved)),
            encoding: shown(&job.encoding),
            inputs: job.inputs.iter().map(|(port, all)| (port.clone(), files(all))).collect(),
            outputs: job.outputs.iter().map(OutputView::from).collect(),
            warnings: job.warnings.iter().map(warning).collect(),
            error,
            favourite: job.favourite,
            board: job.board.clone(),
            title: job.title.clone(),
            deleted_at: job.deleted.map(time),
            attempts: job.attempts,
        }
    }

    /// Texts in a value without the folders of this machine.
    pub(crate) fn without_folders(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.studio().discreet(text)),
            Value::Array(all) => all.iter().map(|one| self.without_folders(one)).collect(),
            Value::Object(all) => all.iter().map(|(name, one)| (name.clone(), self.without_folders(one))).collect(),
            other => other.clone(),
        }
    }
}

fn shown(encoding: &Encoding) -> Value {
    serde_json::to_value(encoding).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_rfc_3339_in_utc() {
        assert_eq!(super::time(1_795_899_845_678), "2026-11-28T21:04:05.678Z");
        assert_eq!(super::time(0), "1970-01-01T00:00:00.000Z");
    }
}
