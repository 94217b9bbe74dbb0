//! A small HTTP server on 127.0.0.1 that behaves well or badly, and remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How one address answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The file, ranges served.
    File(Vec<u8>),
    /// The file, ranges ignored.
    Whole(Vec<u8>),
    /// The whole file is promised; each answer ends after so many bytes of it.
    Cut(Vec<u8>, usize),
    /// So many bytes, then silence with the connection open.
    Stall(Vec<u8>, usize),
    /// Another address.
    Redirect(String),
    /// Only a status.
    Status(u16),
    /// Without a stated length; the connection's end is the file's.
    Unsized(Vec<u8>),
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) headers: HashMap<String, String>,
}

/// Answers until the test ends; answers of one path are used in turn, the last one again and again.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, requests: Arc::default(), answers: Arc::default() };
        let (requests, answers) = (server.requests.clone(), server.answers.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, answers) = (requests.clone(), answers.clone());
                std::thread::spawn(move || serve(stream, &requests, &answers));
            }
        });
        server
    }

    /// The address of `path`, which will answer like this.
    pub(crate) fn answer(&self, path: &str, answers: &[Answer]) -> String {
        self.answers.lock().unwrap().insert(path.to_owned(), answers.to_vec());
        format!("{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The `Range` header of each request so far.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        self.requests().iter().map(|request| request.headers.get("range").cloned()).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    answers: &Mutex<HashMap<String, Vec<Answer>>>,
) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let range = headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    requests.lock().unwrap().push(Request { headers });
    let answer = {
        let mut answers = answers.lock().unwrap();
        let left = answers.get_mut(&path)?;
        if left.len() > 1 { left.remove(0) } else { left.first()?.clone() }
    };
    let _ = respond(&mut stream, answer, range);
    Some(())
}

fn respond(stream: &mut TcpStream, answer: Answer, range: Option<usize>) -> std::io::Result<()> {
    match answer {
        Answer::File(file) => part(stream, &file, range, usize::MAX),
        Answer::Whole(file) => part(stream, &file, None, usize::MAX),
        Answer::Cut(file, length) => part(stream, &file, range, length),
        Answer::Stall(file, length) => {
            part(stream, &file, range, length)?;
            std::thread::sleep(Duration::from_mins(10));
            Ok(())
        }
        Answer::Redirect(to) => {
            write!(stream, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Answer::Status(status) => {
            write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Answer::Unsized(file) => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            stream.write_all(&file)
        }
    }
}

/// Promises everything from the range on, sends at most `most` bytes of it.
fn part(stream: &mut TcpStream, file: &[u8], range: Option<usize>, most: usize) -> std::io::Result<()> {
    let from = range.unwrap_or(0);
    if from >= file.len() && range.is_some() {
        return write!(stream, "HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let rest = &file[from..];
    let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", rest.len())?;
    if range.is_some() {
        write!(stream, "Content-Range: bytes {from}-{}/{}\r\n", file.len() - 1, file.len())?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&rest[..rest.len().min(most)])?;
    stream.flush()
}
