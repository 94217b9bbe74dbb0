//! Many clients at once, on loopback, bounded.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Server, picture, slow};

/// Fifty clients upload and look while a job runs: nobody gets an error.
#[test]
fn fifty_clients_get_answers_while_a_job_runs() {
    let server = Server::start();
    let busy = server.upload("busy.png", &picture(1500));
    let id = server.submit("adjust", slow(), &busy);
    server.until(&id, |job| job["state"] == "running");
    let mut times = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..50)
            .map(|n| {
                let (server, id) = (&server, &id);
                scope.spawn(move || client(server, id, n))
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect::<Vec<_>>()
    });
    server.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({})).expect(200);
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{} status calls: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", times.len(), at(0.5), at(0.99), at(1.0));
}

/// Uploads a picture of its own and asks ten times for the state of the running job.
fn client(server: &Server, id: &str, n: u32) -> Vec<Duration> {
    let uploaded = server.send_file("/api/v1/uploads", "file", &format!("{n}.png"), &picture(40 + n));
    uploaded.expect(201);
    let ask = |_| {
        let begun = Instant::now();
        server.get(&format!("/api/v1/jobs/{id}")).expect(200);
        let took = begun.elapsed();
        std::thread::sleep(Duration::from_millis(20));
        took
    };
    (0..10).map(ask).collect()
}

/// Memory of the process stays flat over 500 jobs.
#[test]
#[ignore = "takes minutes; part of make test-full"]
fn memory_stays_flat_over_five_hundred_jobs() {
    let server = Server::start();
    let resident = || -> f64 {
        let text = server.get("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
        line.expect("on Linux").parse::<f64>().expect("a number") / 1e6
    };
    let mut after = Vec::new();
    for n in 0..500_u32 {
        // Each a picture of its own, as people have.
        let sha256 = server.upload("a.png", &picture(300 + n % 100));
        let job = server.ended(&server.submit("adjust", json!({"exposure": f64::from(n) / 500.0}), &sha256));
        assert_eq!(job["state"], "done", "{job:#}");
        let output = job["outputs"][0]["file"]["thumbnail"].as_str().expect("a link").to_owned();
        assert_eq!(server.get(&output).status, 200);
        if n % 50 == 49 {
            after.push(resident());
            println!("after {} jobs: {:.1} MB", n + 1, after[after.len() - 1]);
        }
    }
    let (early, late) = (after[1], after[after.len() - 1]);
    assert!(late < early * 1.15 + 10.0, "{early:.1} MB after 100 jobs, {late:.1} MB after 500");
}
