//! A download that is cut off in the middle: killed or interrupted, the store holds no half model.
#![cfg(unix)]
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use serde_json::Value;
use support::Workshop;

/// Bytes that the server sends before it falls silent; the archive is announced with 58 MB.
const SENT: usize = 512 * 1024;

/// Serves the beginning of an archive to everybody who asks, then nothing more.
fn silent_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = BufReader::new(stream.try_clone().expect("a stream")).lines();
            while request.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 58021406\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![7; SENT]));
            open.push(stream);
        }
    });
    port
}

/// A pull whose `npm` names the silent server; gives the child once bytes have arrived.
fn stalled_pull(shop: &Workshop) -> Child {
    let folder = shop.home().with_file_name("clients");
    std::fs::create_dir_all(&folder).expect("folder");
    let client = folder.join("npm");
    let script = format!("#!/bin/sh\necho http://127.0.0.1:{}/archive.tgz\n", silent_server());
    std::fs::write(&client, script).expect("written");
    std::fs::set_permissions(&client, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let mut command = shop.command(&["models", "pull", "migan-512-places2", "--yes", "--json"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name);
    }
    let mut child =
        command.env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut events = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let arrived = events.any(|line| {
        let event: Value = serde_json::from_str(&line).expect("JSON");
        event["event"] == "transfer" && event["stage"] == "download" && event["done"].as_u64() >= Some(SENT as u64 / 2)
    });
    assert!(arrived, "no bytes arrived");
    // Nobody reads on: the child must not stop for that.
    child
}

fn state(shop: &Workshop) -> Value {
    let models: Value = serde_json::from_str(shop.succeed(&["models", "--json"]).text()).expect("JSON");
    models[0]["state"].clone()
}

#[test]
fn a_killed_download_leaves_no_half_model() {
    let shop = Workshop::new();
    let mut child = stalled_pull(&shop);
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(state(&shop), "missing");
    shop.picture("a.png", 32, 32);
    let ended = shop.run(&["erase", "a.png", "--rectangles=4,4,8,8", "-o", "out.png"]);
    assert_eq!((ended.code, shop.names()), (6, vec!["a.png".to_owned()]), "{}", ended.stderr);
}

#[test]
fn an_interrupted_download_ends_as_cancelled() {
    let shop = Workshop::new();
    let mut child = stalled_pull(&shop);
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    assert_eq!(child.wait().expect("ended").code(), Some(130));
    assert_eq!(state(&shop), "missing");
}
