//! Errors in the shapes of the fronts, wherever they come from, and in words of the front.

use serde_json::json;

use crate::support::{Server, picture};

#[test]
fn errors_have_the_shape_of_the_front_that_was_asked() {
    let server = Server::with(|options| options.token = Some("secret-token".to_owned()));
    let openai = server.get("/v1/models").expect(401)["error"].clone();
    assert_eq!((&openai["type"], &openai["code"]), (&json!("invalid_request_error"), &json!("invalid_api_key")));
    assert!(openai["message"].as_str().is_some_and(|text| text.contains("token")) && openai["param"].is_null());
    assert!(server.get("/sdapi/v1/samplers").expect(401)["detail"].is_string());
    assert_eq!(server.get("/api/v1/jobs").expect(401)["error"]["code"], "token_needed");
    let key = [("authorization", "Bearer secret-token"), ("content-type", "application/json")];
    let send = |method: &str, path: &str, body: &str| server.send(method, path, &key, body.as_bytes().to_vec());
    for path in ["/v1/images/edits", "/v1/images/variations"] {
        let error = send("POST", path, "{}").expect(400)["error"].clone();
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("invalid_request_error"), &json!("not_multipart")),
            "{path}"
        );
    }
    assert_eq!(send("GET", "/v1/images/generations", "").expect(405)["error"]["code"], "wrong_method");
    assert_eq!(send("GET", "/sdapi/v1/txt2img", "").expect(405)["detail"], "Method Not Allowed");
    assert_eq!(send("GET", "/v1/nothing", "").expect(404)["error"]["code"], "not_found");
    assert!(send("POST", "/v1/images/generations", "[").expect(400)["error"]["message"].is_string());
}

#[test]
fn over_http_hints_speak_of_fields() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(32));
    let failed = server.ended(&server.submit("erase", json!({}), &sha256));
    let hint = failed["error"]["hint"].as_str().expect("a way out");
    assert_eq!(hint, "give `mask` (white = erase), `rectangles` or `points`");
    let failed = server.ended(&server.submit("extend", json!({}), &sha256));
    assert!(!failed["error"].to_string().contains("--"), "{failed:#}");
}

#[test]
fn what_was_deleted_is_gone_after_its_time() {
    let server = Server::with(|options| options.queue.keep_deleted = std::time::Duration::ZERO);
    let sha256 = server.upload("a.png", &picture(32));
    let id = server.submit("adjust", json!({}), &sha256);
    server.ended(&id);
    assert_eq!(server.delete(&format!("/api/v1/jobs/{id}")).status, 204);
    let folder = server.stop();
    let server = Server::in_folder(folder, |options| options.queue.keep_deleted = std::time::Duration::ZERO);
    server.gone(&format!("/api/v1/jobs/{id}"));
    server.gone(&format!("/api/v1/files/{sha256}"));
    assert_eq!(server.get("/api/v1/system").expect(200)["limits"]["deleted_days"], 0);
}
