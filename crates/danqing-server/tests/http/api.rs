//! The native API from upload to recipe.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Server, picture, png_file, slow};

#[test]
fn a_picture_goes_in_and_its_result_comes_out_with_its_recipe() {
    let server = Server::start();
    let uploaded = server.send_file("/api/v1/uploads", "file", "江雪 图.png", &picture(48)).expect(201);
    let file = &uploaded[0];
    assert_eq!(
        (&file["name"], &file["width"], &file["media_type"]),
        (&json!("江雪 图.png"), &json!(48), &json!("image/png"))
    );
    let sha256 = file["sha256"].as_str().expect("a sha256");
    assert_eq!(server.upload("other.png", &picture(48)), sha256);
    assert_eq!(server.get(file["url"].as_str().expect("a link")).bytes, picture(48));
    let id = server.submit("adjust", json!({"exposure": 0.5, "contrast": 0.2}), sha256);
    let job = server.ended(&id);
    assert_eq!(job["state"], "done", "{job:#}");
    assert_eq!(job["inputs"]["picture"][0]["sha256"], sha256);
    let output = &job["outputs"][0]["file"];
    assert_eq!((&output["name"], &output["recipe"]), (&json!("other-adjust.png"), &json!(true)));
    let made = server.get(output["url"].as_str().expect("a link"));
    assert_eq!((made.status, made.header("content-type"), &made.bytes[1..4]), (200, "image/png", &b"PNG"[..]));
    let inspected = server.send_file("/api/v1/inspect", "file", "x.png", &made.bytes).expect(200);
    assert_eq!((&inspected["source"], &inspected["request"]["capability"]), (&json!("danqing"), &json!("adjust")));
    let recipe = server.get(&format!("/api/v1/jobs/{id}/recipe")).expect(200);
    assert_eq!(recipe["command"], "danqing adjust other.png --exposure 0.5 --contrast 0.2");
    assert_eq!(recipe["recipe"]["params"], job["resolved"]);
    let again = server.post("/api/v1/jobs", &recipe["request"]).expect(201);
    let again = server.ended(again["id"].as_str().expect("an id"));
    assert_eq!(again["outputs"][0]["file"]["sha256"], output["sha256"], "the same request gives the same bytes");
}

#[test]
fn erase_takes_a_rectangle_and_a_mask() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(64));
    let rectangle = json!({"rectangles": [{"x": 20, "y": 20, "width": 16, "height": 16}], "seed": 1});
    let job = server.ended(&server.submit("erase", rectangle, &sha256));
    assert_eq!(job["state"], "done", "{job:#}");
    assert_eq!(job["outputs"][0]["facts"]["max_difference_outside"], json!(0), "{job:#}");
    let white: Vec<u8> = (0..64 * 64).flat_map(|i| if i % 64 < 9 { [255; 3] } else { [0; 3] }).collect();
    let mask = server.upload("mask.png", &png_file(64, 64, &white));
    let request = json!({"capability": "erase", "params": {"seed": 1}, "inputs": {"picture": [sha256], "mask": mask},
        "encoding": {"format": "webp", "quality": 80}, "title": "左边"});
    let job = server.post("/api/v1/jobs", &request).expect(201);
    let job = server.ended(job["id"].as_str().expect("an id"));
    assert_eq!((&job["state"], &job["title"]), (&json!("done"), &json!("左边")), "{job:#}");
    assert_eq!(job["outputs"][0]["file"]["media_type"], "image/webp");
    assert!(job["warnings"].as_array().expect("a list").iter().any(|w| w["code"] == "lossy_output"), "{job:#}");
}

#[test]
fn what_is_wrong_is_refused_before_any_work_and_named() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(16));
    let post = |body: Value| server.post("/api/v1/jobs", &body).expect(422)["error"].clone();
    let with = |capability: &str, params: Value| {
        post(json!({"capability": capability, "params": params, "inputs": {"picture": sha256}}))
    };
    for (params, field) in [
        (json!({"exposure": 99}), "exposure"),
        (json!({"exposur": 1}), "exposur"),
        (json!({"contrast": "much"}), "contrast"),
    ] {
        let error = with("adjust", params);
        assert_eq!((&error["code"], &error["field"]), (&json!("invalid"), &json!(field)), "{error}");
        assert!(!error["request_id"].as_str().expect("an id").is_empty());
    }
    assert!(with("magic", json!({}))["message"].as_str().expect("text").contains("magic"));
    assert_eq!(post(json!({"capability": "adjust", "inputs": {"picture": "0".repeat(64)}}))["field"], "inputs.picture");
    assert_eq!(
        post(json!({"capability": "adjust", "inputs": {"picture": "http://example.org/a.png"}}))["field"],
        "inputs.picture"
    );
    assert!(post(json!({"capability": "adjust"}))["message"].as_str().expect("text").contains("needs an input"));
    assert_eq!(post(json!({"capability": "adjust", "parms": {}}))["field"], "parms");
    let other = json!({"capability": "adjust", "inputs": {"picture": sha256}, "encoding": {"format": "gif"}});
    assert_eq!(server.post("/api/v1/jobs", &other).status, 501);
    let on_no_board = json!({"capability": "adjust", "inputs": {"picture": sha256}, "board": "nowhere"});
    assert_eq!(server.post("/api/v1/jobs", &on_no_board).status, 404);
    assert_eq!(server.get("/api/v1/jobs").expect(200)["jobs"], json!([]));
}

#[test]
fn a_key_makes_one_job() {
    let server = Server::start();
    server.post("/api/v1/queue/pause", &json!({})).expect(200);
    let sha256 = server.upload("a.png", &picture(16));
    let send = |exposure: f64| {
        let body = json!({"capability": "adjust", "params": {"exposure": exposure}, "inputs": {"picture": sha256}});
        let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
        server.send("POST", "/api/v1/jobs", &headers, body.to_string().into_bytes())
    };
    let first = send(0.5).expect(201);
    assert_eq!(send(0.5).expect(200)["id"], first["id"]);
    assert_eq!(send(0.7).expect(409)["error"]["code"], "key_reused");
    assert_eq!(server.get("/api/v1/queue").expect(200)["waiting"], json!([first["id"]]));
}

#[test]
fn jobs_are_ordered_marked_found_and_deleted() {
    let server = Server::start();
    server.post("/api/v1/queue/pause", &json!({})).expect(200);
    let sha256 = server.upload("山水.png", &picture(16));
    let ids: Vec<_> = (0..3).map(|n| server.submit("adjust", json!({"exposure": n}), &sha256)).collect();
    let path = |id: &str, what: &str| format!("/api/v1/jobs/{id}{what}");
    server.post(&path(&ids[2], "/move"), &json!({"before": ids[0]})).expect(200);
    let waiting = || server.get("/api/v1/queue").expect(200)["waiting"].clone();
    assert_eq!(waiting(), json!([ids[2], ids[0], ids[1]]));
    server.post(&path(&ids[2], "/move"), &json!({"before": null})).expect(200);
    assert_eq!(server.patch(&path(&ids[1], ""), &json!({"priority": 5})).expect(200)["position"], 0);
    assert_eq!(waiting(), json!([ids[1], ids[0], ids[2]]));
    let board = server.post("/api/v1/boards", &json!({"title": "花鸟"})).expect(201);
    let edit = json!({"favourite": true, "board": board["id"], "title": "雪景 Final"});
    assert_eq!(server.patch(&path(&ids[0], ""), &edit).expect(200)["board"], board["id"]);
    let found = |query: &str| {
        let jobs = server.get(&format!("/api/v1/jobs?{query}")).expect(200)["jobs"].clone();
        jobs.as_array()
            .expect("a list")
            .iter()
            .map(|job| job["id"].as_str().expect("id").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("favourite=true"), [ids[0].clone()]);
    assert_eq!(found("search=%E9%9B%AA%E6%99%AF+final"), [ids[0].clone()]);
    assert_eq!(found("search=%E5%B1%B1%E6%B0%B4").len(), 3);
    assert_eq!(found(&format!("board={}", board["id"].as_str().expect("id"))), [ids[0].clone()]);
    assert_eq!(server.get("/api/v1/boards").expect(200)[0]["count"], 1);
    assert_eq!(server.patch(&path(&ids[0], ""), &json!({"board": null})).expect(200)["board"], Value::Null);
    server.delete(&path(&ids[0], "")).expect(204);
    assert_eq!((found("state=queued").len(), found("deleted=true")), (2, vec![ids[0].clone()]));
    assert_eq!(server.post(&path(&ids[0], "/restore"), &json!({})).expect(200)["deleted_at"], Value::Null);
    let page = server.get("/api/v1/jobs?limit=2").expect(200);
    assert_eq!(page["next"], json!(ids[1]));
    assert_eq!(found(&format!("before={}", ids[1])), [ids[0].clone()]);
    assert_eq!(server.get("/api/v1/jobs?limit=0").expect(422)["error"]["field"], "limit");
    assert_eq!(server.get("/api/v1/jobs?state=").expect(422)["error"]["field"], "state");
    assert_eq!(server.get("/api/v1/jobs?state=ready").expect(422)["error"]["field"], "state");
    assert_eq!(server.get("/api/v1/jobs?colour=red").status, 422);
}

#[test]
fn a_running_job_is_cancelled_at_once_paused_and_tried_again() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(1200));
    let id = server.submit("adjust", slow(), &sha256);
    let path = |what: &str| format!("/api/v1/jobs/{id}/{what}");
    server.until(&id, |job| job["state"] == "running");
    assert_eq!(server.post(&path("pause"), &json!({})).expect(200)["state"], "paused");
    assert_eq!(server.post(&path("retry"), &json!({})).expect(409)["error"]["code"], "wrong_state");
    server.post(&path("resume"), &json!({})).expect(200);
    server.until(&id, |job| job["state"] == "running" && job["progress"].is_object());
    let begun = Instant::now();
    assert_eq!(server.post(&path("cancel"), &json!({})).expect(200)["state"], "cancelled");
    println!("cancelled after {} ms", begun.elapsed().as_millis());
    assert_eq!(server.post(&path("cancel"), &json!({})).expect(200)["state"], "cancelled");
    assert_eq!(server.post(&path("retry"), &json!({})).expect(200)["state"], "queued");
    server.post(&path("cancel"), &json!({})).expect(200);
    assert_eq!(server.get("/api/v1/jobs/none").expect(404)["error"]["code"], "not_found");
    assert_eq!(server.get("/api/v1/jobs/none/events").status, 404);
}

#[test]
fn what_ran_when_the_server_ended_runs_again_with_the_next_one() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(700));
    let id = server.submit("adjust", slow(), &sha256);
    server.until(&id, |job| job["state"] == "running");
    let begun = Instant::now();
    let folder = server.stop();
    assert!(begun.elapsed() < Duration::from_secs(20), "the server waits for a job that it should have stopped");
    let server = Server::in_folder(folder, |_| ());
    let job = server.ended(&id);
    assert_eq!((&job["state"], &job["attempts"]), (&json!("done"), &json!(2)), "{job:#}");
}

#[test]
fn files_are_known_by_their_content_for_ever() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(300));
    let path = format!("/api/v1/files/{sha256}");
    let file = server.get(&path);
    assert_eq!(file.header("etag"), format!("\"{sha256}\""));
    assert!(file.header("cache-control").contains("immutable") && file.header("content-disposition").is_empty());
    let known = [("if-none-match", file.header("etag"))];
    assert_eq!(server.send("GET", &path, &known, Vec::new()).status, 304);
    let named = server.get(&format!("{path}?name=%E6%B1%9F%E9%9B%AA.png"));
    assert!(named.header("content-disposition").ends_with("filename*=UTF-8''%E6%B1%9F%E9%9B%AA.png"));
    let small = server.get(&format!("{path}/thumbnail?size=100"));
    assert_eq!((small.status, small.header("content-type"), &small.bytes[..2]), (200, "image/jpeg", &[0xff, 0xd8][..]));
    assert_eq!(server.get(&format!("{path}/thumbnail?size=x")).status, 422);
    assert_eq!(server.get(&format!("/api/v1/files/{}", "0".repeat(64))).status, 404);
}

#[test]
fn lists_are_complete_in_both_languages() {
    let server = Server::start();
    let capabilities = server.get("/api/v1/capabilities").expect(200);
    let erase = server.get("/api/v1/capabilities/erase").expect(200);
    assert!(capabilities.as_array().expect("a list").contains(&erase));
    assert!(erase["schema"]["properties"]["grow"].is_object() && erase["texts"]["grow"]["zh"].is_string());
    assert_eq!(server.get("/api/v1/capabilities/magic").status, 404);
    let presets = server.get("/api/v1/presets").expect(200);
    assert!(presets.as_array().expect("a list").iter().any(|p| p["id"] == "ink-wash" && p["title"]["zh"] == "水墨画"));
    assert!(server.get("/api/v1/walkthroughs").expect(200).as_array().expect("a list").len() >= 3);
    let models = server.get("/api/v1/models").expect(200);
    assert!(models.as_array().expect("a list").iter().any(|m| m["state"] == "ready"), "{models:#}");
    let system = server.get("/api/v1/system").expect(200);
    assert_eq!((&system["token_required"], &system["limits"]["queued_jobs"]), (&json!(false), &json!(1000)));
    assert_eq!(server.get("/api/v1/health").expect(200)["status"], "ok");
    let chinese = server.send("GET", "/api/v1/nothing", &[("accept-language", "zh-CN")], Vec::new());
    assert_eq!(chinese.expect(404)["error"]["message"], "没有");
    assert!(server.get("/metrics").text().contains("danqing_jobs{state=\"done\"} 0"));
}

#[test]
fn the_document_names_every_route_and_every_capability() {
    let server = Server::start();
    let document = server.get("/api/v1/openapi.json").expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys().filter(|_| path != "/events") {
            let real = path.replace("{id}", "0").replace("{sha256}", "0");
            let answer = server.send(&method.to_uppercase(), &format!("/api/v1{real}"), &[], Vec::new());
            let text = answer.text();
            assert!(answer.status != 405 && !text.contains("nothing at this address"), "{method} {path}: {text}");
            let is_told = answer.status >= 400 || methods[method]["responses"][answer.status.to_string()].is_object();
            assert!(is_told && answer.status < 500, "{method} {path}: {}", answer.status);
        }
    }
    for capability in server.get("/api/v1/capabilities").expect(200).as_array().expect("a list") {
        let id = capability["id"].as_str().expect("an id");
        assert!(document.to_string().contains(&format!("#/components/schemas/params.{id}")), "{id}");
    }
}
