//! kill −9 at any moment: what was answered is not lost, nothing is doubled, what ran runs again.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use danqing_capability::CancelToken;
use serde_json::json;

use super::*;
use crate::content::ContentStore;
use crate::{Settings, Studio};

/// Where the child works; set for the child only.
const FOLDER: &str = "DANQING_KILL_TEST_FOLDER";
/// Jobs that the children ask for between them.
const JOBS: usize = 60;

fn queue(folder: &Path) -> Arc<JobQueue> {
    let studio = Studio::open(&Settings { threads: Some(1), offline: true, ..Settings::default() }).expect("a studio");
    // A job may be met by many kills here.
    let options =
        QueueOptions { folder: Some(folder.join("studio")), interruptions: u32::MAX, ..QueueOptions::default() };
    JobQueue::open(Arc::new(studio), options).expect("a queue")
}

/// Asks for every job under its own key, as a client does that does not know what arrived; notes what was answered.
fn ask_for_everything(queue: &JobQueue, folder: &Path) {
    let mut noted = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("answered")).expect("file");
    for n in 0..JOBS {
        let picture = super::tests::png(24 + n % 7);
        let sha256 = queue.accept_bytes(&picture, "a.png", &CancelToken::default()).expect("a picture").sha256;
        let submission = Submission {
            capability: "adjust".to_owned(),
            params: json!({"exposure": n as f64 / 100.0, "denoise": 0.05}).as_object().cloned().expect("object"),
            inputs: [("picture".to_owned(), Contents::One(sha256))].into(),
            ..Submission::default()
        };
        let (job, _) = queue.submit(&submission, Some(&format!("job {n}"))).expect("submitted");
        writeln!(noted, "{n} {}", job.id).expect("noted");
    }
}

/// The process that is killed; does nothing when run by itself.
#[test]
#[ignore = "run by the test that kills it"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let queue = queue(&folder);
    ask_for_everything(&queue, &folder);
    while queue.counts().expect("counts").iter().any(|(state, count)| !state.is_final() && *count > 0) {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::fs::write(folder.join("finished"), b"").expect("written");
}

/// A number of milliseconds, different each time, the same in every run.
fn delay(n: u64) -> u64 {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    15 + (mixed ^ (mixed >> 29)) % 300
}

fn killed(times: u64) {
    let folder = tempfile::tempdir().expect("folder");
    let mut kills = 0;
    for n in 0..times {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "queue::kill::child", "--ignored", "--test-threads", "1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(delay(n)));
        child.kill().expect("killed");
        let ended = child.wait().expect("ended");
        kills += u64::from(!ended.success());
        if folder.path().join("finished").exists() {
            // All done: the rest of the kills meet a new start.
            std::fs::remove_file(folder.path().join("finished")).expect("removed");
            check(folder.path(), n);
            std::fs::remove_dir_all(folder.path().join("studio")).expect("removed");
            std::fs::remove_file(folder.path().join("answered")).expect("removed");
        }
    }
    println!("{kills} of {times} children were killed at work");
    let queue = queue(folder.path());
    ask_for_everything(&queue, folder.path());
    while queue.counts().expect("counts").iter().any(|(state, count)| !state.is_final() && *count > 0) {
        std::thread::sleep(Duration::from_millis(2));
    }
    queue.close();
    drop(queue);
    check(folder.path(), times);
}

/// Every job that was answered is there once and done once; every output is whole.
fn check(folder: &Path, kills: u64) {
    let store = SqliteStore::open(&folder.join("studio/jobs.sqlite")).expect("a store");
    let jobs = store.find(&Filter { limit: 10_000, ..Filter::default() }).expect("found");
    assert_eq!(jobs.len(), JOBS, "after {kills} kills");
    let content = ContentStore::open(&folder.join("studio"), u64::MAX, u64::MAX).expect("files");
    let cancel = CancelToken::default();
    for job in &jobs {
        assert_eq!((job.state, job.outputs.len()), (State::Done, 1), "{job:?}");
        let sha256 = &job.outputs[0].file.sha256;
        let bytes = content.read(sha256, &cancel).expect("kept");
        assert_eq!(&crate::files::sha256(&bytes, &cancel).expect("hashed"), sha256, "{job:?}");
    }
    let answered = std::fs::read_to_string(folder.join("answered")).expect("noted");
    for line in answered.lines() {
        let Some((_, id)) = line.split_once(' ').filter(|(_, id)| id.len() == 32) else { continue };
        assert!(jobs.iter().any(|job| job.id == id), "job {line} was answered and is lost");
    }
    let attempts: u32 = jobs.iter().map(|job| job.attempts).sum();
    println!("{JOBS} jobs done in {attempts} attempts");
}

#[test]
fn forty_kills_lose_and_double_nothing() {
    killed(40);
}

#[test]
#[ignore = "takes long; part of make test-full"]
fn two_hundred_kills_lose_and_double_nothing() {
    killed(200);
}
