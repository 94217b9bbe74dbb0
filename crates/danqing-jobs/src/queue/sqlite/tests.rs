use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::Encoding;
use crate::queue::record::{StoredError, StoredOutput};

fn store(folder: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("jobs.sqlite")).expect("a store")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("folder")
}

fn file(sha256: &str, name: &str) -> StoredFile {
    StoredFile {
        sha256: sha256.to_owned(),
        name: name.to_owned(),
        media_type: "image/png".to_owned(),
        width: 6,
        height: 4,
        bytes: 99,
        recipe: false,
    }
}

fn job(id: &str) -> JobRecord {
    JobRecord {
        id: id.to_owned(),
        capability: "adjust".to_owned(),
        state: State::Queued,
        priority: 0,
        position: None,
        created: 1,
        started: None,
        finished: None,
        params: json!({"exposure": 1, "prompt": "A_100% Ink"}).as_object().cloned().expect("object"),
        resolved: None,
        inputs: BTreeMap::from([("picture".to_owned(), vec![file("a", "江雪 图.png")])]),
        encoding: Encoding::default(),
        outputs: Vec::new(),
        warnings: Vec::new(),
        error: None,
        favourite: false,
        board: None,
        title: None,
        deleted: None,
        attempts: 0,
    }
}

fn new(record: JobRecord) -> NewJob {
    NewJob { record, key: None, limit: 100 }
}

fn add(store: &SqliteStore, ids: &[&str]) {
    for id in ids {
        store.insert(&new(job(id))).expect("inserted");
    }
}

fn waiting(store: &SqliteStore) -> Vec<String> {
    store.queue().expect("queue").waiting
}

fn done(name: &str) -> Ending {
    let facts = BTreeMap::from([("rows".to_owned(), json!(4))]);
    Ending::Done(vec![StoredOutput { name: "picture".to_owned(), index: 0, file: file("b", name), facts }])
}

#[test]
fn a_job_comes_back_as_it_was_given_and_goes_through_its_states() {
    let folder = folder();
    let store = store(&folder);
    add(&store, &["a"]);
    assert_eq!(store.get("a").expect("there"), JobRecord { position: Some(0), ..job("a") });
    let running = store.claim(5).expect("claimed").expect("one waits");
    assert_eq!((running.state, running.started, running.attempts), (State::Running, Some(5), 1));
    assert_eq!(store.claim(6).expect("claimed"), None);
    store.resolved("a", &json!({"seed": 7}), &[]).expect("noted");
    assert!(store.finish("a", &done("r.png"), &[], 9).expect("ended"));
    let ended = store.get("a").expect("there");
    assert_eq!((ended.state, ended.finished, ended.resolved), (State::Done, Some(9), Some(json!({"seed": 7}))));
    assert_eq!((ended.outputs[0].facts["rows"].clone(), ended.outputs[0].file.name.as_str()), (json!(4), "r.png"));
    assert_eq!(store.file("b").expect("noted with the job").name, "r.png");
    assert!(!store.finish("a", &Ending::Cancelled, &[], 9).expect("nothing to end"));
    assert!(matches!(store.get("b"), Err(Error::NotFound { what: "job", .. })));
}

#[test]
fn the_same_key_makes_one_job_and_another_request_under_it_is_refused() {
    let folder = folder();
    let store = store(&folder);
    let keyed =
        |id: &str, fingerprint: &str| NewJob { key: Some(("k".to_owned(), fingerprint.to_owned())), ..new(job(id)) };
    assert_eq!(store.insert(&keyed("a", "x")).expect("new"), ("a".to_owned(), Inserted::Fresh));
    assert_eq!(store.insert(&keyed("b", "x")).expect("known"), ("a".to_owned(), Inserted::Again));
    assert!(matches!(store.insert(&keyed("c", "y")), Err(Error::KeyReused)));
    assert_eq!(waiting(&store), ["a"]);
}

#[test]
fn a_full_queue_takes_no_more() {
    let folder = folder();
    let store = store(&folder);
    let limited = |id: &str| NewJob { limit: 2, ..new(job(id)) };
    store.insert(&limited("a")).expect("room");
    store.insert(&limited("b")).expect("room");
    assert!(matches!(store.insert(&limited("c")), Err(Error::Full { actual: 2, limit: 2 })));
    store.claim(1).expect("claimed");
    store.insert(&limited("c")).expect("room again");
}

#[test]
fn higher_priority_runs_first_and_order_can_be_changed() {
    let folder = folder();
    let store = store(&folder);
    add(&store, &["a", "b", "c", "d"]);
    store.insert(&new(JobRecord { priority: 5, ..job("urgent") })).expect("inserted");
    assert_eq!(waiting(&store), ["urgent", "a", "b", "c", "d"]);
    store.reorder("d", Some("b")).expect("moved");
    assert_eq!(waiting(&store), ["urgent", "a", "d", "b", "c"]);
    store.reorder("c", Some("urgent")).expect("moved");
    assert_eq!(waiting(&store), ["c", "urgent", "a", "d", "b"]);
    store.reorder("urgent", None).expect("moved");
    assert_eq!(waiting(&store), ["c", "a", "d", "b", "urgent"]);
    assert_eq!(store.get("d").expect("there").position, Some(2));
    store.edit("b", &Edit { priority: Some(9), ..Edit::default() }).expect("changed");
    assert_eq!(waiting(&store)[0], "b");
    let taken = store.claim(1).expect("claimed").expect("one");
    assert_eq!(taken.id, "b");
    assert!(matches!(store.reorder("b", None), Err(Error::WrongState { actual: "running", .. })));
    assert!(matches!(store.reorder("a", Some("b")), Err(Error::WrongState { .. })));
}

#[test]
fn a_paused_queue_gives_nothing_and_remembers_it() {
    let folder = folder();
    let first = store(&folder);
    add(&first, &["a"]);
    first.set_paused(true).expect("paused");
    assert_eq!(first.claim(1).expect("asked"), None);
    drop(first);
    let second = store(&folder);
    assert!(second.queue().expect("queue").paused);
    second.set_paused(false).expect("resumed");
    assert!(second.claim(1).expect("asked").is_some());
}

#[test]
fn what_ran_when_the_process_ended_waits_again_at_its_old_place_but_not_for_ever() {
    let folder = folder();
    add(&store(&folder), &["a", "b"]);
    for attempt in 1..=3 {
        let store = store(&folder);
        assert_eq!(store.recover(2, 1).expect("recovered"), usize::from(attempt > 1));
        let taken = store.claim(1).expect("claimed").expect("one");
        assert_eq!((taken.id.as_str(), taken.attempts), ("a", attempt));
    }
    let store = store(&folder);
    assert_eq!(store.recover(2, 7).expect("recovered"), 0);
    let given_up = store.get("a").expect("there");
    assert_eq!((given_up.state, given_up.finished), (State::Failed, Some(7)));
    assert_eq!(given_up.error.expect("why").message, "danqing ended 3 times while this job ran");
    assert_eq!(waiting(&store), ["b"]);
    // A retry by hand starts counting anew.
    assert!(store.change("a", &[State::Failed], State::Queued, 8).expect("changed"));
    assert_eq!(waiting(&store), ["b", "a"]);
}

#[test]
fn only_allowed_changes_of_state_happen() {
    let folder = folder();
    let store = store(&folder);
    add(&store, &["a"]);
    assert!(!store.change("a", &[State::Paused], State::Queued, 1).expect("asked"));
    assert!(store.change("a", &[State::Queued], State::Paused, 1).expect("asked"));
    assert_eq!((waiting(&store).len(), store.get("a").expect("there").finished), (0, None));
    assert!(store.change("a", &[State::Paused], State::Cancelled, 4).expect("asked"));
    assert_eq!(store.get("a").expect("there").finished, Some(4));
    assert!(matches!(store.change("x", &[State::Paused], State::Queued, 1), Err(Error::NotFound { .. })));
}

#[test]
fn lists_are_narrowed_and_go_on() {
    let folder = folder();
    let store = store(&folder);
    add(&store, &["a", "b", "c"]);
    store.insert(&new(JobRecord { capability: "erase".to_owned(), ..job("d") })).expect("inserted");
    store
        .edit("b", &Edit { favourite: Some(true), title: Some(Some("Große Brücke".to_owned())), ..Edit::default() })
        .expect("changed");
    store.set_deleted("c", Some(5)).expect("deleted");
    let ids = |filter: Filter| -> Vec<String> {
        let found = store.find(&Filter { limit: 10, ..filter }).expect("found");
        found.into_iter().map(|job| job.id).collect()
    };
    let search = |text: &str| ids(Filter { search: Some(text.to_owned()), ..Filter::default() });
    assert_eq!(ids(Filter::default()), ["d", "b", "a"]);
    assert_eq!(ids(Filter { before: Some("d".to_owned()), ..Filter::default() }), ["b", "a"]);
    assert_eq!(ids(Filter { capability: Some("erase".to_owned()), ..Filter::default() }), ["d"]);
    assert_eq!(ids(Filter { favourite: Some(true), ..Filter::default() }), ["b"]);
    assert_eq!(ids(Filter { deleted: true, ..Filter::default() }), ["c"]);
    assert_eq!(ids(Filter { states: vec![State::Done, State::Failed], ..Filter::default() }), Vec::<String>::new());
    assert_eq!(ids(Filter { states: vec![State::Queued], ..Filter::default() }).len(), 3);
    assert_eq!(search("江雪 INK"), ["d", "b", "a"]);
    assert_eq!(search("brücke"), ["b"]);
    assert_eq!(search("a_1"), ["d", "b", "a"]);
    assert_eq!(search("a%k"), Vec::<String>::new());
    assert_eq!(store.find(&Filter { limit: 1, ..Filter::default() }).expect("found").len(), 1);
}

#[test]
fn boards_hold_jobs_and_leave_them() {
    let folder = folder();
    let store = store(&folder);
    add(&store, &["a", "b"]);
    store.add_board("x", "山水", 1).expect("added");
    let on = |board: Option<&str>| Edit { board: Some(board.map(str::to_owned)), ..Edit::default() };
    store.edit("a", &on(Some("x"))).expect("changed");
    assert_eq!(store.boards().expect("boards"), [Board { id: "x".to_owned(), title: "山水".to_owned(), count: 1 }]);
    assert!(matches!(store.edit("b", &on(Some("y"))), Err(Error::NotFound { what: "board", .. })));
    store.rename_board("x", "花鸟").expect("renamed");
    store.remove_board("x").expect("removed");
    assert_eq!(store.get("a").expect("stays").board, None);
    assert!(matches!(store.remove_board("x"), Err(Error::NotFound { .. })));
    assert!(matches!(store.rename_board("x", "a"), Err(Error::NotFound { .. })));
}

#[test]
fn errors_and_counts_are_kept() {
    let folder = folder();
    let store = store(&folder);
    add(&store, &["a", "b"]);
    store.claim(1).expect("claimed");
    let error = StoredError { code: "file".to_owned(), message: "坏".to_owned(), hint: None };
    assert!(store.finish("a", &Ending::Failed(error.clone()), &[], 2).expect("ended"));
    assert_eq!(store.get("a").expect("there").error, Some(error));
    let counts = store.counts().expect("counts");
    assert_eq!(
        counts.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(),
        [&(State::Queued, 1), &(State::Failed, 1)]
    );
}

#[test]
fn a_database_of_a_later_danqing_is_refused() {
    let folder = folder();
    drop(store(&folder));
    let path = folder.path().join("jobs.sqlite");
    let connection = Connection::open(&path).expect("opened");
    connection.pragma_update(None, "user_version", FORMAT + 1).expect("set");
    drop(connection);
    let error = SqliteStore::open(&path).err().expect("too new").to_string();
    assert_eq!(error, "the studio's data can't be read: it has format 2, this danqing knows up to 1");
}
