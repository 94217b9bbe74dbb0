//! The queue with real capabilities.
#![allow(clippy::needless_pass_by_value, reason = "parameters are made for each call")]

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use danqing_capability::CancelToken;
use danqing_media::file::{EncodeOptions, Format, encode};
use danqing_media::{Channels, Metadata, Picture, Samples};
use serde_json::json;

use super::*;
use crate::{Phase, Settings};

struct Desk {
    folder: tempfile::TempDir,
    queue: Arc<JobQueue>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let queue = opened(&folder);
        Self { folder, queue }
    }

    fn again(self) -> Self {
        self.queue.close();
        let Self { folder, queue } = self;
        drop(queue);
        let queue = opened(&folder);
        Self { folder, queue }
    }

    fn upload(&self, side: usize) -> String {
        let bytes = png(side);
        self.queue.accept_bytes(&bytes, "江雪 图.png", &CancelToken::default()).expect("a picture").sha256
    }

    fn submit(&self, capability: &str, params: serde_json::Value, sha256: &str) -> String {
        let params = params.as_object().cloned().expect("object");
        let inputs = [("picture".to_owned(), Contents::One(sha256.to_owned()))].into();
        let submission = Submission { capability: capability.to_owned(), params, inputs, ..Submission::default() };
        self.queue.submit(&submission, None).expect("submitted").0.id
    }

    fn ended(&self, id: &str) -> JobRecord {
        self.until(id, |job| job.state.is_final())
    }

    fn until(&self, id: &str, wanted: impl Fn(&JobRecord) -> bool) -> JobRecord {
        let begun = Instant::now();
        loop {
            let job = self.queue.get(id).expect("there");
            if wanted(&job) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{job:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn events(&self) -> Receiver<Arc<QueueEvent>> {
        let (sender, receiver) = channel();
        self.queue.events().listen(None, Box::new(move |event| sender.send(Arc::clone(event)).is_ok()));
        receiver
    }
}

fn opened(folder: &tempfile::TempDir) -> Arc<JobQueue> {
    let studio = Studio::open(&Settings { threads: Some(1), offline: true, ..Settings::default() }).expect("a studio");
    let options = QueueOptions { folder: Some(folder.path().to_owned()), ..QueueOptions::default() };
    JobQueue::open(Arc::new(studio), options).expect("a queue")
}

pub(super) fn png(side: usize) -> Vec<u8> {
    let samples = (0..side * side * 3).map(|i| (i * i % 251) as u8).collect();
    let picture = Picture {
        width: side,
        height: side,
        channels: Channels::Rgb,
        samples: Samples::U8(samples),
        icc_profile: None,
        metadata: Metadata::default(),
    };
    encode(&picture, &EncodeOptions::new(Format::Png), &CancelToken::default()).expect("encoded").bytes
}

/// Seconds of work on pictures of this side.
fn slow() -> serde_json::Value {
    json!({"denoise": 0.1})
}

#[test]
fn a_job_runs_and_its_output_carries_its_recipe() {
    let desk = Desk::new();
    let events = desk.events();
    let sha256 = desk.upload(40);
    let id = desk.submit("adjust", json!({"exposure": 0.5}), &sha256);
    let job = desk.ended(&id);
    assert_eq!((job.state, job.attempts), (State::Done, 1), "{:?}", job.error);
    let output = &job.outputs[0];
    assert_eq!((output.name.as_str(), output.file.name.as_str()), ("picture", "江雪 图-adjust.png"));
    assert_eq!((output.file.width, output.file.media_type.as_str()), (40, "image/png"));
    let cancel = CancelToken::default();
    let bytes = desk.queue.content().read(&output.file.sha256, &cancel).expect("kept");
    let recipe = danqing_media::file::read_recipe(&bytes).expect("readable").expect("inside");
    let recipe = crate::Recipe::from_json(&recipe, "x").expect("a recipe");
    assert_eq!(recipe.inputs["picture"][0].path.to_string(), "江雪 图.png");
    assert_eq!(
        (recipe.inputs["picture"][0].sha256.as_str(), &recipe.params),
        (sha256.as_str(), &job.resolved.expect("meant"))
    );
    let states = events.try_iter().filter_map(|event| match &event.happening {
        Happening::Job(job) => Some(job.state),
        _ => None,
    });
    let states: Vec<_> = states.collect();
    assert_eq!((states.first(), states.last()), (Some(&State::Queued), Some(&State::Done)), "{states:?}");
    desk.queue.close();
}

#[test]
fn a_drawn_seed_is_kept_from_one_attempt_to_the_next() {
    let desk = Desk::new();
    let sha256 = desk.upload(32);
    let id = desk.submit(
        "erase",
        json!({"rectangles": [{"x": 8, "y": 8, "width": 9, "height": 9}], "engine": "patch"}),
        &sha256,
    );
    let first = desk.ended(&id);
    assert_eq!(first.state, State::Done, "{:?}", first.error);
    // As a crash would leave it: running, with what was meant.
    let path = desk.folder.path().join("jobs.sqlite");
    let connection = rusqlite::Connection::open(path).expect("opened");
    connection.execute("UPDATE job SET state = 'running', outputs = '[]'", []).expect("set back");
    drop(connection);
    let desk = desk.again();
    let second = desk.ended(&id);
    assert_eq!(second.outputs[0].file.sha256, first.outputs[0].file.sha256);
    assert_eq!((second.attempts, &second.warnings), (2, &first.warnings));
    assert!(second.warnings.iter().filter(|w| w.phase == Phase::Resolve).count() <= first.warnings.len());
    desk.queue.close();
}

#[test]
fn a_running_job_is_cancelled_paused_and_resumed() {
    let desk = Desk::new();
    let sha256 = desk.upload(1200);
    let id = desk.submit("adjust", slow(), &sha256);
    desk.until(&id, |job| job.state == State::Running && job.resolved.is_some());
    desk.queue.pause(&id).expect("paused");
    assert_eq!(desk.until(&id, |job| job.state != State::Running).state, State::Paused);
    desk.queue.resume(&id).expect("resumed");
    desk.until(&id, |job| job.state == State::Running);
    desk.queue.cancel(&id).expect("cancelled");
    let ended = desk.ended(&id);
    assert_eq!((ended.state, ended.attempts, ended.outputs.len()), (State::Cancelled, 2, 0));
    desk.queue.cancel(&id).expect("once more changes nothing");
    assert!(matches!(desk.queue.pause(&id), Err(Error::WrongState { actual: "cancelled", .. })));
    desk.queue.close();
}

#[test]
fn closing_queues_what_runs_again() {
    let desk = Desk::new();
    let sha256 = desk.upload(1200);
    let id = desk.submit("adjust", slow(), &sha256);
    desk.until(&id, |job| job.state == State::Running);
    desk.queue.set_paused(true).expect("paused");
    let desk = desk.again();
    let job = desk.queue.get(&id).expect("there");
    assert_eq!((job.state, job.position), (State::Queued, Some(0)));
    assert!(desk.queue.queue().expect("queue").paused);
    desk.queue.close();
}

#[test]
fn a_second_process_in_the_same_folder_is_refused() {
    let desk = Desk::new();
    let studio = Studio::describing().expect("a studio");
    let options = QueueOptions { folder: Some(desk.folder.path().to_owned()), ..QueueOptions::default() };
    let failure = JobQueue::open(Arc::new(studio), options).err().expect("locked");
    assert_eq!(failure.to_string(), "another danqing works in this data folder");
    desk.queue.close();
}

#[test]
fn a_job_that_fails_says_why_and_can_be_tried_again() {
    let desk = Desk::new();
    let sha256 = desk.upload(32);
    let id = desk.submit("erase", json!({}), &sha256);
    let failed = desk.ended(&id);
    assert_eq!(failed.state, State::Failed);
    let error = failed.error.expect("why");
    assert!(error.code == "caller" && !error.message.is_empty(), "{error:?}");
    desk.queue.retry(&id).expect("queued");
    assert_eq!(desk.until(&id, |job| job.state.is_final() && job.attempts == 2).state, State::Failed);
    desk.queue.close();
}

#[test]
fn a_job_beyond_its_time_fails() {
    let folder = tempfile::tempdir().expect("folder");
    let studio = Studio::open(&Settings { threads: Some(1), offline: true, ..Settings::default() }).expect("a studio");
    let options = QueueOptions {
        folder: Some(folder.path().to_owned()),
        job_time: Some(Duration::from_millis(30)),
        ..QueueOptions::default()
    };
    let queue = JobQueue::open(Arc::new(studio), options).expect("a queue");
    let desk = Desk { folder, queue };
    let sha256 = desk.upload(1200);
    let id = desk.submit("adjust", slow(), &sha256);
    let error = desk.ended(&id).error.expect("why");
    assert!(error.code == "limit" && error.message.contains("took longer than 0 s"), "{error:?}");
    desk.queue.close();
}

#[test]
fn what_is_deleted_is_stopped_and_comes_back() {
    let desk = Desk::new();
    desk.queue.set_paused(true).expect("paused");
    let sha256 = desk.upload(32);
    let id = desk.submit("adjust", json!({"exposure": 1}), &sha256);
    desk.queue.delete(&id).expect("deleted");
    let job = desk.queue.get(&id).expect("still there");
    assert!(job.state == State::Cancelled && job.deleted.is_some(), "{job:?}");
    desk.queue.restore(&id).expect("restored");
    assert_eq!(desk.queue.get(&id).expect("there").deleted, None);
    desk.queue.close();
}

#[test]
fn what_was_deleted_goes_with_its_files_but_for_those_that_others_name() {
    let desk = Desk::new();
    let (shared, alone, unused) = (desk.upload(20), desk.upload(24), desk.upload(28));
    let adjust = |sha256: &str, exposure: f64| desk.submit("adjust", json!({"exposure": exposure}), sha256);
    let (kept, first, second) = (adjust(&shared, 0.1), adjust(&shared, 0.2), adjust(&alone, 0.3));
    let output = |id: &str| desk.ended(id).outputs[0].file.sha256.clone();
    let (of_kept, of_first, of_second) = (output(&kept), output(&first), output(&second));
    desk.queue.content().thumbnail(&alone, 128, &CancelToken::default()).expect("a thumbnail");
    for id in [&first, &second] {
        desk.queue.delete(id).expect("deleted");
    }
    let sweep = |seconds| desk.queue.sweep(Duration::from_secs(seconds)).expect("swept");
    assert_eq!(sweep(3600), Swept::default(), "they were deleted just now");
    desk.queue.restore(&first).expect("back");
    assert_eq!(sweep(0), Swept { jobs: 1, files: 2 });
    let has = |sha256: &String| (desk.queue.content().has(sha256), desk.queue.file(sha256).is_ok());
    for sha256 in [&alone, &of_second] {
        assert_eq!(has(sha256), (false, false));
    }
    for sha256 in [&shared, &unused, &of_kept, &of_first] {
        assert_eq!(has(sha256), (true, true));
    }
    assert!(!desk.queue.content().has_thumbnail(&alone, 128));
    assert!(desk.queue.get(&second).is_err() && desk.queue.get(&first).is_ok());
    desk.queue.delete(&kept).expect("deleted");
    assert_eq!(sweep(0), Swept { jobs: 1, files: 1 });
    assert_eq!((has(&shared), has(&of_kept)), ((true, true), (false, false)));
    // Sent again since: somebody wants it.
    desk.queue.store.set_deleted(&first, Some(1000)).expect("deleted");
    assert_eq!((desk.queue.store.purge(2000).expect("purged"), has(&shared)), (1, (true, true)));
    // Left behind by a crash between writing and noting.
    let lost = "ab".repeat(32);
    desk.queue.content().put(&lost, b"x", &CancelToken::default()).expect("written");
    assert_eq!((sweep(0), desk.queue.content().has(&lost)), (Swept { jobs: 0, files: 1 }, false));
    desk.queue.close();
}

#[test]
fn a_job_that_has_not_ended_is_not_swept_away() {
    let desk = Desk::new();
    desk.queue.set_paused(true).expect("paused");
    let sha256 = desk.upload(20);
    let id = desk.submit("adjust", json!({}), &sha256);
    desk.queue.store.set_deleted(&id, Some(1)).expect("deleted");
    assert_eq!(desk.queue.sweep(Duration::ZERO).expect("swept"), Swept::default());
    assert!(desk.queue.get(&id).is_ok() && desk.queue.content().has(&sha256));
    desk.queue.close();
}
