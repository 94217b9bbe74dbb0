//! What strangers get, and what nobody gets.

use std::io::{Read, Write};

use danqing_capability::CancelToken;
use danqing_jobs::{Settings, Studio};
use danqing_server::{ServerOptions, serve};
use serde_json::json;

use crate::support::{Server, multipart, picture, png_file};

const TOKEN: &str = "a-token-of-the-tests";

fn guarded() -> Server {
    Server::with(|options| options.token = Some(TOKEN.to_owned()))
}

#[test]
fn names_and_pages_of_others_get_no_answer() {
    let server = Server::start();
    let host = server.address.to_string();
    let line = |host: &str, more: &str| {
        server.raw(&format!("GET /api/v1/system HTTP/1.1\r\nhost: {host}\r\n{more}connection: close\r\n\r\n"))
    };
    for host in [host.as_str(), "localhost", "127.0.0.1", "[::1]:7860"] {
        assert_eq!(line(host, ""), "HTTP/1.1 200 OK", "{host}");
    }
    for host in ["evil.example", "evil.example:7860", "192.168.0.9", "localhost.evil.example", "127.0.0.1@evil.example"]
    {
        assert_eq!(line(host, ""), "HTTP/1.1 403 Forbidden", "{host}");
    }
    assert_eq!(line(&host, &format!("origin: http://{host}\r\n")), "HTTP/1.1 200 OK");
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost"] {
        assert_eq!(line(&host, &format!("origin: {origin}\r\n")), "HTTP/1.1 403 Forbidden", "{origin}");
    }
    assert_eq!(line(&host, "sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors\r\n"), "HTTP/1.1 403 Forbidden");
    let answer = server.get("/api/v1/system");
    assert!(answer.header("access-control-allow-origin").is_empty(), "CORS is closed");
    let open = Server::with(|options| options.origins = vec!["http://localhost:3000".to_owned()]);
    let allowed = open.send("GET", "/api/v1/system", &[("origin", "http://localhost:3000")], Vec::new());
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, "http://localhost:3000"));
}

#[test]
fn without_the_token_nothing_but_the_door_is_shown() {
    let server = guarded();
    let document = {
        let headers = [("authorization", &*format!("Bearer {TOKEN}"))];
        server.send("GET", "/api/v1/openapi.json", &headers, Vec::new()).expect(200)
    };
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let real = path.replace("{id}", "0").replace("{sha256}", "0");
            let status = server.send(&method.to_uppercase(), &format!("/api/v1{real}"), &[], Vec::new()).status;
            let is_door = path == "/health" || (path == "/session" && method == "post");
            assert_eq!(status == 401, !is_door, "{method} {path}: {status}");
        }
    }
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!(server.get("/").status, 200, "the page asks for the token");
    let basic = "Basic ".to_owned() + &base64(format!("me:{TOKEN}").as_bytes());
    assert_eq!(server.send("GET", "/api/v1/system", &[("authorization", &basic)], Vec::new()).status, 200);
    let wrong = server.post("/api/v1/session", &json!({"token": "no"}));
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    let right = server.post("/api/v1/session", &json!({"token": TOKEN}));
    let cookie = right.header("set-cookie").to_owned();
    assert!(right.status == 204 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(TOKEN));
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let system = server.send("GET", "/api/v1/system", &[("cookie", &cookie)], Vec::new()).expect(200);
    assert_eq!(system["token_required"], true);
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        let sign = |at: usize| if at <= group.len() { char::from(SIGNS[bits >> (18 - 6 * at) & 63]) } else { '=' };
        (0..4).map(sign).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn guessing_is_slowed_down_and_so_is_asking_too_often() {
    let server = guarded();
    let guess = |n: usize| {
        let headers = [("authorization", &*format!("Bearer guess-{n}"))];
        server.send("GET", "/api/v1/system", &headers, Vec::new()).status
    };
    let statuses: Vec<_> = (0..12).map(guess).collect();
    assert_eq!((statuses[9], statuses[11]), (401, 429), "{statuses:?}");
    let server = Server::with(|options| options.rate = 1);
    let statuses: Vec<_> = (0..25).map(|_| server.get("/api/v1/health").status).collect();
    assert_eq!((statuses[0], statuses[24]), (200, 429), "{statuses:?}");
    let last = server.get("/api/v1/health");
    assert_eq!(last.header("retry-after"), "1");
}

#[test]
fn others_are_never_served_without_a_token() {
    let options = ServerOptions { host: "0.0.0.0".parse().expect("address"), port: 0, ..ServerOptions::default() };
    let studio = Studio::open(&Settings { threads: Some(1), offline: true, ..Settings::default() }).expect("a studio");
    let failure = serve(studio, options, &CancelToken::default(), |_| panic!("serving")).expect_err("refused");
    assert!(failure.to_string().starts_with("listening on 0.0.0.0 needs a token"), "{failure}");
}

#[test]
fn no_path_leads_out() {
    let server = Server::start();
    for path in [
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/api/v1/files/..%2f..%2fjobs.sqlite",
        "/api/v1/files/../../jobs.sqlite",
        "/api/v1/files/%00",
        "/api/v1/files/..%5cjobs.sqlite/thumbnail",
        "//etc/passwd",
    ] {
        let line = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address);
        let mut stream = server.connect();
        stream.write_all(line.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let is_harmless = !answer.contains("root:") && !answer.contains("SQLite") && !answer.contains("[workspace");
        assert!(is_harmless, "{path}: {answer}");
    }
    let sha256 = server.upload("../../../up.png", &picture(16));
    let file = server.ended(&server.submit("adjust", json!({}), &sha256));
    assert_eq!(file["outputs"][0]["file"]["name"], "up-adjust.png");
    let jobs = [
        json!({"capability": "upscale", "params": {"model": "/etc/passwd"}, "inputs": {"picture": sha256}}),
        json!({"capability": "reimagine", "params": {"dump_latents": "x"}, "inputs": {"picture": sha256}}),
        json!({"capability": "restyle", "params": {"style": "../x.toml"}, "inputs": {"picture": sha256}}),
    ];
    for job in jobs {
        assert_eq!(server.post("/api/v1/jobs", &job).status, 422, "{job}");
    }
}

#[test]
fn what_is_too_large_or_no_picture_is_refused_and_kept_nowhere() {
    let server = Server::with(|options| {
        options.queue.file_bytes = 200_000;
        options.queue.pixels = 1_000_000;
    });
    let refused = |bytes: &[u8]| server.send_file("/api/v1/uploads", "file", "x.png", bytes);
    assert_eq!(refused(&vec![0; 200_001]).expect(413)["error"]["code"], "limit");
    assert_eq!(refused(&vec![0; 900_000]).status, 413);
    // Small as a file, large as a picture.
    let bomb = png_file(4000, 4000, &vec![0; 4000 * 4000 * 3]);
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    let message = refused(&bomb).expect(413)["error"]["message"].as_str().expect("text").to_owned();
    assert!(message.contains("16000000") && message.contains("1000000"), "{message}");
    assert_eq!(refused(b"<html><script>alert(1)</script>").status, 400);
    assert_eq!(refused(b"").status, 400);
    let damaged = &picture(64)[..300];
    assert_eq!(refused(damaged).status, 400);
    assert_eq!(
        server.send_file("/api/v1/uploads", "picture", "x.png", &picture(8)).expect(422)["error"]["field"],
        "picture"
    );
    let (kind, mut body) = multipart("file", "x.png", &picture(64));
    body.truncate(body.len() - 40);
    assert_eq!(server.send("POST", "/api/v1/uploads", &[("content-type", &kind)], body).status, 400);
    let plain = [("content-type", "text/plain")];
    assert_eq!(server.send("POST", "/api/v1/jobs", &plain, b"{}".to_vec()).status, 415);
    assert_eq!(server.send("POST", "/api/v1/uploads", &plain, b"x".to_vec()).status, 415);
    let json = [("content-type", "application/json")];
    assert_eq!(server.send("POST", "/api/v1/jobs", &json, vec![b' '; 3 << 20]).status, 413);
    assert_eq!(server.send("POST", "/api/v1/jobs", &json, b"{".to_vec()).status, 400);
    let nested = "[".repeat(100_000);
    assert_eq!(server.send("POST", "/api/v1/jobs", &json, nested.into_bytes()).status, 400);
    let kept = |name: &str| walk(&server.folder.path().join(name));
    assert_eq!((kept("files"), kept("incoming")), (0, 0));
}

fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("folder").flatten();
    entries.map(|e| if e.path().is_dir() { walk(&e.path()) } else { 1 }).sum()
}

#[test]
fn a_full_queue_says_so() {
    let server = Server::with(|options| options.queue.waiting = 1);
    server.post("/api/v1/queue/pause", &json!({})).expect(200);
    let sha256 = server.upload("a.png", &picture(16));
    server.submit("adjust", json!({}), &sha256);
    let job = json!({"capability": "adjust", "inputs": {"picture": sha256}});
    assert_eq!(server.post("/api/v1/jobs", &job).expect(429)["error"]["code"], "queue_full");
}

#[test]
fn answers_carry_their_headers_and_no_folders() {
    let server = Server::start();
    let page = server.get("/");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let sha256 = server.upload("a.png", &picture(16));
    for path in ["/", "/api/v1/health", &format!("/api/v1/files/{sha256}"), "/api/v1/nothing", "/nothing.txt"] {
        let answer = server.get(path);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(!answer.header("x-request-id").is_empty() && !answer.header("content-security-policy").is_empty());
    }
    let folder = server.folder.path().display().to_string();
    for path in ["/api/v1/system", "/api/v1/models", "/api/v1/jobs", "/api/v1/openapi.json", "/metrics"] {
        let text = server.get(path).text();
        assert!(!text.contains(&folder) && !text.contains("/root") && !text.contains("/home"), "{path}: {text}");
    }
    let unknown =
        json!({"capability": "reimagine", "params": {"model": "none.safetensors"}, "inputs": {"picture": sha256}});
    let error = server.post("/api/v1/jobs", &unknown).expect(422)["error"].clone();
    let message = error["message"].as_str().expect("why");
    assert!(message.starts_with("model: \"none.safetensors\" is not known here (there are "), "{message}");
}

#[test]
fn a_client_that_sends_nothing_is_left() {
    let server = Server::with(|options| options.request_time = std::time::Duration::from_millis(300));
    let mut stream = server.connect();
    stream.write_all(b"GET /api/v1/health HTTP/1.1\r\nhost:").expect("sent");
    let mut rest = Vec::new();
    // Ended by the server, not by the timeout of this side.
    stream.read_to_end(&mut rest).expect("closed");
}
