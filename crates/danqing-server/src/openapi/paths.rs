//! The addresses of the native API: one row for each, as `routes/native` serves them.

use serde_json::{Map, Value, json};

/// Kind of a body.
#[derive(Clone, Copy)]
enum Body {
    None,
    /// JSON of this schema.
    Json(&'static str),
    /// Multipart with at most so many parts named `file`.
    Files(usize),
}

/// Kind of an answer.
#[derive(Clone, Copy)]
enum Answer {
    Nothing,
    /// JSON of this schema.
    One(&'static str),
    /// A list of it.
    Many(&'static str),
    /// JSON that says what it is.
    Free,
    /// Jobs and where the list goes on.
    Page,
    Picture,
    Events,
}

use Answer::{Events, Free, Many, Nothing, One, Page, Picture};
use Body::{Files, Json};

type Row = (&'static str, &'static str, &'static str, Body, &'static [(u16, Answer)]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("get", "/health", "That the server is there", Body::None, &[(200, Free)]),
    ("get", "/system", "What it runs on, and its limits", Body::None, &[(200, Free)]),
    ("post", "/session", "The token for a cookie", Json("Token"), &[(204, Nothing)]),
    ("delete", "/session", "Takes the cookie away", Body::None, &[(204, Nothing)]),
    ("get", "/models", "The catalogue of models", Body::None, &[(200, Free)]),
    ("get", "/capabilities", "Everything danqing can do, with schemas and texts", Body::None, &[(200, Free)]),
    ("get", "/capabilities/{id}", "One capability", Body::None, &[(200, Free)]),
    ("get", "/presets", "Styles that have a name", Body::None, &[(200, Free)]),
    ("get", "/walkthroughs", "Whole tasks to start from", Body::None, &[(200, Free)]),
    ("post", "/uploads", "Pictures in; the same content is the same file", Files(64), &[(201, Many("File"))]),
    ("post", "/inspect", "What a picture says about how it was made", Files(1), &[(200, Free)]),
    ("get", "/files/{sha256}", "A file", Body::None, &[(200, Picture), (304, Nothing)]),
    ("get", "/files/{sha256}/thumbnail", "A small picture", Body::None, &[(200, Picture), (304, Nothing)]),
    ("get", "/jobs", "Jobs, newest first", Body::None, &[(200, Page)]),
    ("post", "/jobs", "Adds a job to the queue", Json("JobRequest"), &[(201, One("Job")), (200, One("Job"))]),
    ("get", "/jobs/{id}", "One job", Body::None, &[(200, One("Job"))]),
    ("patch", "/jobs/{id}", "Changes what people say about a job", Json("JobEdit"), &[(200, One("Job"))]),
    ("delete", "/jobs/{id}", "Marks a job as deleted", Body::None, &[(204, Nothing)]),
    ("post", "/jobs/{id}/cancel", "Stops a job for good", Body::None, &[(200, One("Job"))]),
    ("post", "/jobs/{id}/pause", "Stops a job until it is resumed", Body::None, &[(200, One("Job"))]),
    ("post", "/jobs/{id}/resume", "Lets a paused job go on", Body::None, &[(200, One("Job"))]),
    ("post", "/jobs/{id}/retry", "Tries a job again that failed or was cancelled", Body::None, &[(200, One("Job"))]),
    ("post", "/jobs/{id}/restore", "Takes the mark of deletion away", Body::None, &[(200, One("Job"))]),
    ("post", "/jobs/{id}/move", "Puts a waiting job before another one, or at the end", Json("Move"), &[(200, One("Job"))]),
    ("get", "/jobs/{id}/recipe", "How to make it again: request, command, recipe", Body::None, &[(200, Free)]),
    ("get", "/jobs/{id}/preview", "What a running job's picture looks like so far", Body::None, &[(200, Picture)]),
    ("get", "/jobs/{id}/events", "What happens to a job, as it happens", Body::None, &[(200, Events)]),
    ("get", "/queue", "What runs and what waits", Body::None, &[(200, One("QueueView"))]),
    ("post", "/queue/pause", "Begins no new job", Body::None, &[(200, One("QueueView"))]),
    ("post", "/queue/resume", "Begins jobs again", Body::None, &[(200, One("QueueView"))]),
    ("get", "/boards", "Every board", Body::None, &[(200, Many("Board"))]),
    ("post", "/boards", "A new board", Json("Title"), &[(201, One("Board"))]),
    ("patch", "/boards/{id}", "Another title", Json("Title"), &[(200, One("Board"))]),
    ("delete", "/boards/{id}", "Takes a board away; its jobs stay", Body::None, &[(204, Nothing)]),
    ("get", "/events", "Everything that happens, as it happens", Body::None, &[(200, Events)]),
    ("get", "/openapi.json", "This document", Body::None, &[(200, Free)]),
];

/// The table as OpenAPI writes it.
pub(super) fn paths(capabilities: &[&str]) -> Value {
    let mut paths = Map::new();
    for (method, path, summary, body, answers) in ROWS {
        let operation = json!({
            "operationId": name(method, path),
            "summary": summary,
            "parameters": parameters(method, path, capabilities),
            "responses": responses(answers),
        });
        let mut operation = operation;
        if let Some(body) = request_body(*body) {
            operation["requestBody"] = body;
        }
        let entry = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        entry[*method] = operation;
    }
    Value::Object(paths)
}

/// `get /jobs/{id}/recipe` → `get_jobs_id_recipe`.
fn name(method: &str, path: &str) -> String {
    let words = path.split(['/', '.']).map(|word| word.trim_matches(['{', '}'])).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

fn parameter(place: &str, name: &str, what: &str, schema: &Value) -> Value {
    json!({"in": place, "name": name, "required": place == "path", "description": what, "schema": schema})
}

fn parameters(method: &str, path: &str, capabilities: &[&str]) -> Vec<Value> {
    let text = json!({"type": "string"});
    let flag = json!({"type": "boolean"});
    let mut all = Vec::new();
    if path.contains("{sha256}") {
        let sha256 = json!({"type": "string", "pattern": "^[0-9a-f]{64}$"});
        all.push(parameter("path", "sha256", "What identifies the file.", &sha256));
    }
    if path.contains("{id}") {
        all.push(parameter("path", "id", "Its id.", &json!({"type": "string", "minLength": 1, "maxLength": 100})));
    }
    match (method, path) {
        ("get", "/files/{sha256}") => {
            all.push(parameter("query", "name", "Name to save it under; without it, to look at.", &text));
        }
        ("get", "/files/{sha256}/thumbnail") => {
            let size = json!({"type": "integer", "minimum": 0, "maximum": u32::MAX, "default": 256});
            all.push(parameter("query", "size", "Longer side; rounded up to 128, 256, 512 or 1024.", &size));
        }
        ("get", "/jobs/{id}/preview") => {
            let number = json!({"type": "integer", "minimum": 0, "maximum": u64::MAX});
            all.push(parameter("query", "n", "Any number: makes the address another one.", &number));
        }
        ("post", "/jobs") => {
            let key = json!({"type": "string", "pattern": "^[ -~]{1,200}$"});
            all.push(parameter("header", "Idempotency-Key", "The same key and body give the same job.", &key));
        }
        ("get", "/jobs") => {
            let states = json!({"type": "string",
                "pattern": "^(queued|running|paused|done|failed|cancelled)(,(queued|running|paused|done|failed|cancelled))*$"});
            let limit = json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50});
            let capability = json!({"type": "string", "examples": capabilities});
            all.extend([
                parameter("query", "state", "One or several, with commas.", &states),
                parameter("query", "capability", "Its id.", &capability),
                parameter("query", "board", "Id of a board.", &text),
                parameter("query", "favourite", "Only favourites, or only others.", &flag),
                parameter("query", "search", "Words in title, capability, texts and file names.", &text),
                parameter("query", "deleted", "Deleted ones instead of the others.", &flag),
                parameter("query", "before", "`next` of the answer before.", &text),
                parameter("query", "limit", "At most so many.", &limit),
            ]);
        }
        (_, path) if path.ends_with("/events") => {
            let number = json!({"type": "string", "pattern": "^[0-9]+$"});
            all.push(parameter("header", "Last-Event-ID", "Goes on after this event.", &number));
        }
        _ => {}
    }
    all
}

fn request_body(body: Body) -> Option<Value> {
    let content = match body {
        Body::None => return None,
        Json("Token") => json!({"application/json": {"schema": {
            "type": "object", "required": ["token"], "additionalProperties": false,
            "properties": {"token": {"type": "string"}},
        }}}),
        Json(schema) => json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}),
        Files(most) => json!({"multipart/form-data": {"schema": {
            "type": "object", "required": ["file"], "additionalProperties": false,
            "properties": {"file": {"type": "array", "minItems": 1, "maxItems": most, "items": {"type": "string", "format": "binary"}}},
        }}}),
    };
    // Without a body nothing is changed, and a job is moved to the end.
    let required = !matches!(body, Json("JobEdit" | "Move"));
    Some(json!({"required": required, "content": content}))
}

fn responses(answers: &[(u16, Answer)]) -> Value {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let mut all = Map::new();
    for (status, answer) in answers {
        let json_of = |schema: Value| json!({"application/json": {"schema": schema}});
        let content = match answer {
            Nothing => None,
            One(name) => Some(json_of(reference(name))),
            Many(name) => Some(json_of(json!({"type": "array", "items": reference(name)}))),
            Free => Some(json_of(json!({}))),
            Page => Some(json_of(json!({
                "type": "object", "required": ["jobs"],
                "properties": {"jobs": {"type": "array", "items": reference("Job")}, "next": {"type": "string"}},
            }))),
            Picture => Some(json!({"image/*": {"schema": {"type": "string", "format": "binary"}}})),
            Events => Some(json!({"text/event-stream": {"schema": {"type": "string"}}})),
        };
        let mut response = json!({"description": if *status == 304 { "Known already." } else { "As asked." }});
        if let Some(content) = content {
            response["content"] = content;
        }
        all.insert(status.to_string(), response);
    }
    let error = json!({"application/json": {"schema": reference("Error")}});
    all.insert("default".to_owned(), json!({"description": "Why not.", "content": error}));
    Value::Object(all)
}
