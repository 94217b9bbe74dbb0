//! Jobs: asked for, looked at, stopped, changed.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use danqing_capability::{CancelToken, Failure};
use danqing_jobs::queue::{
    self, Contents, Edit, Filter, Happening, Inserted, JobQueue, JobRecord, State as JobState, Submission,
};
use danqing_jobs::{Encoding, Recipe};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use super::body::{Asked, Body, Named, unreadable};
use crate::Shared;
use crate::error::ApiError;
use crate::language::Language;
use crate::view::JobView;

/// Time within which a stopped job is expected to have ended; the answer waits for it.
const STOPPING: Duration = Duration::from_millis(500);
/// Jobs in one answer.
const MOST: usize = 200;

/// A submission whose encoding is looked at on its own, because serde would read a list as its fields.
#[derive(Deserialize)]
pub(super) struct Job {
    encoding: Option<Map<String, Value>>,
    #[serde(flatten)]
    submission: Map<String, Value>,
}

impl Job {
    fn read(self) -> Result<Submission, ApiError> {
        let Self { encoding, mut submission } = self;
        submission.extend(encoding.map(|encoding| ("encoding".to_owned(), Value::Object(encoding))));
        serde_json::from_value(Value::Object(submission)).map_err(|e| unreadable(&e))
    }
}

/// Adds a job to the queue.
pub(super) async fn create(
    State(app): State<Shared>,
    language: Language,
    headers: HeaderMap,
    Body(job): Body<Job>,
) -> Result<(StatusCode, Json<JobView>), ApiError> {
    let key = match headers.get("idempotency-key").map(|value| value.to_str()) {
        None => None,
        Some(Ok(key)) => Some(key.to_owned()),
        Some(Err(_)) => return Err(ApiError::invalid("Idempotency-Key", "plain signs were expected")),
    };
    let (job, inserted) = app.submit(job.read()?, key).await?;
    let status = if inserted == Inserted::Fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(app.job_view(&job, language))))
}

/// What a list is narrowed to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    state: Option<String>,
    capability: Option<String>,
    board: Option<String>,
    favourite: Option<bool>,
    search: Option<String>,
    #[serde(default)]
    deleted: bool,
    before: Option<String>,
    limit: Option<usize>,
}

/// Jobs, newest first.
pub(super) async fn list(
    State(app): State<Shared>,
    language: Language,
    Asked(asked): Asked<Listed>,
) -> Result<Json<Value>, ApiError> {
    let states = asked.state.iter().flat_map(|names| names.split(','));
    let state = |name| JobState::named(name).ok_or_else(|| ApiError::invalid("state", format!("{name:?} is no state")));
    let limit = asked.limit.unwrap_or(50);
    if limit == 0 || limit > MOST {
        return Err(ApiError::invalid("limit", format!("{limit} is out of range (expected 1 to {MOST})")));
    }
    let filter = Filter {
        states: states.map(state).collect::<Result<_, _>>()?,
        capability: asked.capability,
        board: asked.board,
        favourite: asked.favourite,
        search: asked.search,
        deleted: asked.deleted,
        before: asked.before,
        // One more tells whether there are more.
        limit: limit + 1,
    };
    let mut found = app.blocking(move |queue| queue.find(&filter)).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|job| job.id.clone());
    let jobs: Vec<_> = found.iter().map(|job| app.job_view(job, language)).collect();
    let mut answer = json!({"jobs": jobs});
    if let Some(next) = next {
        answer["next"] = json!(next);
    }
    Ok(Json(answer))
}

/// One job.
pub(super) async fn get(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
) -> Result<Json<JobView>, ApiError> {
    shown(&app, id, language).await
}

async fn shown(app: &Shared, id: String, language: Language) -> Result<Json<JobView>, ApiError> {
    let job = app.blocking(move |queue| queue.get(&id)).await?;
    Ok(Json(app.job_view(&job, language)))
}

/// What may be changed; `null` takes a value away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JobEdit")]
#[allow(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct Changes {
    /// Higher ones run first.
    priority: Option<i32>,
    /// Mark.
    favourite: Option<bool>,
    /// Id of a board.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    board: Option<Option<String>>,
    /// At most 200 signs.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    title: Option<Option<String>>,
}

/// `null` is a value that was given.
#[allow(clippy::option_option, reason = "absent, null and a value are three things")]
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// Changes what people say about a job.
pub(super) async fn edit(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
    Body(changes): Body<Changes>,
) -> Result<Json<JobView>, ApiError> {
    if changes.title.iter().flatten().any(|title| title.chars().count() > 200) {
        return Err(ApiError::invalid("title", "longer than 200 signs"));
    }
    let title = changes.title.map(|title| title.filter(|title| !title.trim().is_empty()));
    let edit = Edit { priority: changes.priority, favourite: changes.favourite, board: changes.board, title };
    changed(&app, id, language, move |queue, id| queue.edit(id, &edit)).await
}

/// Marks a job as deleted.
pub(super) async fn delete(State(app): State<Shared>, Named(id): Named) -> Result<StatusCode, ApiError> {
    app.blocking(move |queue| queue.delete(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn changed(
    app: &Shared,
    id: String,
    language: Language,
    change: impl FnOnce(&JobQueue, &str) -> Result<(), queue::Error> + Send + 'static,
) -> Result<Json<JobView>, ApiError> {
    let named = id.clone();
    app.blocking(move |queue| change(queue, &named)).await?;
    shown(app, id, language).await
}

/// Stops a job for good.
pub(super) async fn cancel(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
) -> Result<Json<JobView>, ApiError> {
    stopped(&app, id, language, JobQueue::cancel).await
}

/// Stops a job until it is resumed.
pub(super) async fn pause(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
) -> Result<Json<JobView>, ApiError> {
    stopped(&app, id, language, JobQueue::pause).await
}

/// The answer waits until a running job has ended, so that it says how.
async fn stopped(
    app: &Shared,
    id: String,
    language: Language,
    stop: fn(&JobQueue, &str) -> Result<(), queue::Error>,
) -> Result<Json<JobView>, ApiError> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let named = id.clone();
    app.queue.events().listen(
        None,
        Box::new(move |event| match &event.happening {
            Happening::Job(job) if job.id == named && job.state != JobState::Running => {
                let _ = sender.send(());
                false
            }
            _ => !sender.is_closed(),
        }),
    );
    let named = id.clone();
    let is_running = move |queue: &JobQueue| -> Result<bool, queue::Error> {
        stop(queue, &named)?;
        Ok(queue.get(&named)?.state == JobState::Running)
    };
    if app.blocking(is_running).await? {
        let _ = tokio::time::timeout(STOPPING, receiver.recv()).await;
    }
    shown(app, id, language).await
}

/// Lets a paused job go on.
pub(super) async fn resume(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
) -> Result<Json<JobView>, ApiError> {
    changed(&app, id, language, JobQueue::resume).await
}

/// Tries a job again that failed or was cancelled.
pub(super) async fn retry(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
) -> Result<Json<JobView>, ApiError> {
    changed(&app, id, language, JobQueue::retry).await
}

/// Takes the mark of deletion away.
pub(super) async fn restore(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
) -> Result<Json<JobView>, ApiError> {
    changed(&app, id, language, JobQueue::restore).await
}

/// Where a waiting job goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// Id of the job that it goes before; `null` is the end.
    before: Option<String>,
}

/// Puts a waiting job before another one, or at the end.
pub(super) async fn reorder(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
    Body(Move { before }): Body<Move>,
) -> Result<Json<JobView>, ApiError> {
    changed(&app, id, language, move |queue, id| queue.reorder(id, before.as_deref())).await
}

/// How to make it again: as a request, as a command, and what the output itself says.
pub(super) async fn recipe(State(app): State<Shared>, Named(id): Named) -> Result<Json<Value>, ApiError> {
    let job = app.blocking(move |queue| queue.get(&id)).await?;
    let capability = app.studio().registry().get(&job.capability).map_err(Failure::from)?;
    let names = |files: &Vec<danqing_jobs::content::StoredFile>| files.iter().map(|f| f.name.clone()).collect();
    let inputs = job.inputs.iter().map(|(port, files)| (port.clone(), names(files))).collect();
    let command = queue::command_line(capability, &job.params, &inputs, &job.encoding);
    let mut answer = json!({"request": request(&job), "command": command});
    if let Some(recipe) = inside(&app, &job).await? {
        answer["recipe"] = recipe;
    }
    Ok(Json(answer))
}

/// The same job once more, as `POST /jobs` takes it.
fn request(job: &JobRecord) -> Value {
    let contents = |files: &Vec<danqing_jobs::content::StoredFile>| match files.as_slice() {
        [one] => Contents::One(one.sha256.clone()),
        many => Contents::Many(many.iter().map(|file| file.sha256.clone()).collect()),
    };
    let inputs: BTreeMap<_, _> = job.inputs.iter().map(|(port, files)| (port.clone(), contents(files))).collect();
    let mut request = Map::new();
    request.insert("capability".to_owned(), json!(job.capability));
    request.insert("params".to_owned(), json!(job.params));
    request.insert("inputs".to_owned(), json!(inputs));
    if job.encoding != Encoding::default() {
        request.insert("encoding".to_owned(), json!(job.encoding));
    }
    Value::Object(request)
}

async fn inside(app: &Shared, job: &JobRecord) -> Result<Option<Value>, ApiError> {
    let Some(output) = job.outputs.first().filter(|output| output.file.recipe) else { return Ok(None) };
    let (sha256, name) = (output.file.sha256.clone(), output.file.name.clone());
    let read = move |queue: &JobQueue| -> Result<Option<Recipe>, Failure> {
        let bytes = queue.content().read(&sha256, &CancelToken::default())?;
        Ok(danqing_jobs::recipe_inside(&bytes, &name).ok())
    };
    let recipe = app.blocking(read).await?;
    let value = recipe.map(|recipe| serde_json::to_value(recipe).unwrap_or_default());
    Ok(value.map(|value| app.without_folders(&value)))
}
