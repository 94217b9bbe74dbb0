//! A server of its own for each test, and a client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use danqing_capability::{CancelToken, Failure};
use danqing_jobs::{Settings, Studio};
use danqing_server::{LogFormat, ServerOptions, serve};
use serde_json::{Value, json};

/// A running server; dropped, it ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
    cancel: CancelToken,
    thread: Option<JoinHandle<Result<(), Failure>>>,
    agent: ureq::Agent,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, if the status is this one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::in_folder(tempfile::tempdir().expect("folder"), change)
    }

    pub(crate) fn in_folder(folder: tempfile::TempDir, change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::opened(folder, change, || {
            Studio::open(&Settings { threads: Some(1), offline: true, ..Settings::default() })
        })
    }

    /// One whose folder of checkpoints holds `tiny.safetensors`.
    pub(crate) fn with_checkpoint() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let home = folder.path().join("home");
        crate::checkpoint::write(&home);
        Self::opened(
            folder,
            |_| (),
            move || Studio::in_folder(&home, &Settings { threads: Some(1), offline: true, ..Settings::default() }),
        )
    }

    fn opened(
        folder: tempfile::TempDir,
        change: impl FnOnce(&mut ServerOptions),
        studio: impl FnOnce() -> Result<Studio, Failure> + Send + 'static,
    ) -> Self {
        let mut options = ServerOptions { port: 0, logs: LogFormat::Off, rate: 100_000, ..ServerOptions::default() };
        options.queue.folder = Some(folder.path().to_owned());
        options.translate = |message| (message == "there is nothing at this address").then(|| "没有".to_owned());
        change(&mut options);
        let cancel = CancelToken::default();
        let (sender, receiver) = channel();
        let token = cancel.clone();
        let thread = std::thread::spawn(move || {
            serve(studio()?, options, &token, |address| sender.send(address).expect("somebody waits"))
        });
        let address = receiver.recv().expect("the server starts");
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { address, folder, cancel, thread: Some(thread), agent: config.into() }
    }

    /// Ends the server and gives its folder.
    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("folder"))
    }

    fn end(&mut self) {
        self.cancel.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic").expect("ended well");
        }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let mut response = self.agent.run(request).expect("an answer");
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a body");
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), bytes }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().into_bytes())
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[("content-type", "application/json")], body.to_string().into_bytes())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Vec::new())
    }

    pub(crate) fn send_file(&self, path: &str, part: &str, name: &str, bytes: &[u8]) -> Answer {
        let (kind, body) = multipart(part, name, bytes);
        self.send("POST", path, &[("content-type", &kind)], body)
    }

    /// The sha256 of an uploaded picture.
    pub(crate) fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let answer = self.send_file("/api/v1/uploads", "file", name, bytes).expect(201);
        answer[0]["sha256"].as_str().expect("a sha256").to_owned()
    }

    /// The id of a new job.
    pub(crate) fn submit(&self, capability: &str, params: Value, sha256: &str) -> String {
        let job = json!({"capability": capability, "params": params, "inputs": {"picture": sha256}});
        self.post("/api/v1/jobs", &job).expect(201)["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.get(&format!("/api/v1/jobs/{id}")).expect(200);
            if wanted(&job) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_mins(2), "{job:#}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until there is nothing at that address.
    pub(crate) fn gone(&self, path: &str) {
        let begun = Instant::now();
        while self.get(path).status != 404 {
            assert!(begun.elapsed() < Duration::from_mins(1), "{path} is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn ended(&self, id: &str) -> Value {
        self.until(id, |job| ["done", "failed", "cancelled"].contains(&job["state"].as_str().unwrap_or_default()))
    }

    /// Reads events until one is the last wanted: name, number, data.
    pub(crate) fn events(
        &self,
        path: &str,
        headers: &str,
        is_last: impl Fn(&str, &Value) -> bool,
    ) -> Vec<(String, u64, Value)> {
        let mut stream = self.connect();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.address);
        stream.write_all(request.as_bytes()).expect("sent");
        let (mut events, mut name, mut number, mut held) = (Vec::new(), String::new(), 0, None);
        for line in BufReader::new(stream).lines() {
            let line = line.expect("a line");
            if let Some(rest) = line.strip_prefix("event: ") {
                rest.clone_into(&mut name);
            } else if let Some(rest) = line.strip_prefix("id: ") {
                number = rest.parse().expect("a number");
            } else if let Some(rest) = line.strip_prefix("data: ") {
                held = Some(serde_json::from_str::<Value>(rest).expect("JSON"));
            } else if let Some(data) = held.take_if(|_| line.is_empty()) {
                let ends = is_last(&name, &data);
                events.push((name.clone(), std::mem::take(&mut number), data));
                if ends {
                    return events;
                }
            }
        }
        panic!("the stream ended: {events:#?}")
    }

    /// Sends exactly these bytes and gives the first line of the answer.
    pub(crate) fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = [0; 64];
        let count = stream.read(&mut answer).unwrap_or(0);
        String::from_utf8_lossy(&answer[..count]).lines().next().unwrap_or_default().to_owned()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.thread.is_some() && !std::thread::panicking() {
            self.end();
        }
    }
}

/// Content type and body with one file.
pub(crate) fn multipart(part: &str, name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let head = format!(
        "--X7\r\ncontent-disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\ncontent-type: image/png\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--X7--\r\n"].concat();
    ("multipart/form-data; boundary=X7".to_owned(), body)
}

/// A picture with some life in it.
pub(crate) fn picture(side: u32) -> Vec<u8> {
    let samples: Vec<u8> = (0..side * side).flat_map(|i| [(i % 251) as u8, (i / side % 256) as u8, 90]).collect();
    png_file(side, side, &samples)
}

pub(crate) fn png_file(width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(samples).expect("samples");
    writer.finish().expect("a file");
    bytes
}

/// Seconds of work on a picture with a side of 1200.
pub(crate) fn slow() -> Value {
    json!({"denoise": 0.1})
}
