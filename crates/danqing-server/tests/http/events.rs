//! Server-sent events.

use std::io::{BufRead, BufReader, Write};

use serde_json::json;

use crate::support::{Server, picture, slow};

#[test]
fn the_way_of_a_job_is_told_and_goes_on_after_a_break() {
    let server = Server::start();
    let sha256 = server.upload("a.png", &picture(500));
    server.post("/api/v1/queue/pause", &json!({})).expect(200);
    let id = server.submit("adjust", slow(), &sha256);
    let events = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            server
                .events("/api/v1/events", "", |name, data| name == "job" && data["id"] == id && data["state"] == "done")
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        server.post("/api/v1/queue/resume", &json!({})).expect(200);
        reader.join().expect("read")
    });
    assert_eq!(
        (events[0].0.as_str(), &events[0].2["waiting"]),
        ("queue", &json!([id])),
        "how things stand comes first"
    );
    let states: Vec<_> =
        events.iter().filter(|(name, ..)| name == "job").map(|(.., data)| data["state"].clone()).collect();
    assert!(
        states.starts_with(&[json!("queued"), json!("running")]) && states.ends_with(&[json!("done")]),
        "{states:?}"
    );
    let progress = events.iter().filter(|(name, ..)| name == "progress").collect::<Vec<_>>();
    assert!(progress.iter().all(|(_, number, data)| *number > 0 && data["id"] == id && data["step"].is_string()));
    assert!(!progress.is_empty());
    let numbers: Vec<_> = events.iter().map(|(_, number, _)| *number).filter(|number| *number > 0).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    // Back after the third: everything that followed, once.
    let after = format!("last-event-id: {}\r\n", numbers[2]);
    let again = server.events("/api/v1/events", &after, |name, data| name == "job" && data["state"] == "done");
    let repeated: Vec<_> = again.iter().map(|(_, number, _)| *number).collect();
    assert_eq!(repeated, numbers[3..numbers.len()], "{repeated:?}");
}

#[test]
fn the_stream_of_a_job_tells_of_no_other() {
    let server = Server::start();
    server.post("/api/v1/queue/pause", &json!({})).expect(200);
    let sha256 = server.upload("a.png", &picture(32));
    let (first, second) = (server.submit("adjust", json!({}), &sha256), server.submit("adjust", json!({}), &sha256));
    let events = std::thread::scope(|scope| {
        let path = format!("/api/v1/jobs/{second}/events");
        let reader = scope.spawn(|| {
            let path = path;
            server.events(&path, "", |name, data| name == "job" && data["state"] == "done")
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        server.post("/api/v1/queue/resume", &json!({})).expect(200);
        reader.join().expect("read")
    });
    assert!(events.iter().all(|(.., data)| data["id"] == second.as_str()), "{events:#?}");
    server.ended(&first);
}

#[test]
fn streams_end_with_the_server() {
    let server = Server::start();
    let mut stream = server.connect();
    let request = format!("GET /api/v1/events HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).expect("sent");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("begun");
    server.stop();
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut reader, &mut rest).expect("ended, not broken");
}
