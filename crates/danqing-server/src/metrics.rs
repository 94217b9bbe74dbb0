//! Numbers for Prometheus: requests by route and status, their time, jobs by state, memory of the process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use danqing_jobs::queue::State;

/// Upper bounds of the buckets of time, seconds.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Everything that is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    asked: AtomicU64,
    routes: Mutex<BTreeMap<(String, String, u16), Route>>,
}

#[derive(Clone, Default)]
struct Route {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    /// The name of the next request: unique among those of this process, and hardly elsewhere.
    pub(crate) fn next_request(&self) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", std::process::id())
    }

    /// Counts a request that has been answered.
    pub(crate) fn request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = routes.entry((method.as_str().to_owned(), route.to_owned(), status.as_u16())).or_default();
        let seconds = took.as_secs_f64();
        for (bucket, bound) in found.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        found.count += 1;
        found.seconds += seconds;
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self, jobs: &[(State, usize)]) -> String {
        let mut text = String::new();
        let name = "danqing_request_seconds";
        let _ = writeln!(text, "# HELP {name} Time until a request was answered.\n# TYPE {name} histogram");
        for ((method, route, status), found) in &*self.routes.lock().unwrap_or_else(PoisonError::into_inner) {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            for (count, bound) in found.buckets.iter().zip(BOUNDS) {
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let Route { count, seconds, .. } = found;
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{name}_sum{{{labels}}} {seconds}\n{name}_count{{{labels}}} {count}");
        }
        let _ = writeln!(text, "# HELP danqing_jobs Jobs by state.\n# TYPE danqing_jobs gauge");
        for (state, count) in jobs {
            let _ = writeln!(text, "danqing_jobs{{state=\"{}\"}} {count}", state.name());
        }
        if let Some(bytes) = resident_bytes() {
            let name = "process_resident_memory_bytes";
            let _ = writeln!(text, "# HELP {name} Memory of the process.\n# TYPE {name} gauge\n{name} {bytes}");
        }
        text
    }
}

/// Linux says it in `/proc/self/status`.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_status_and_time() {
        let metrics = Metrics::default();
        for millis in [2, 20, 40_000] {
            metrics.request(&Method::GET, "/api/v1/jobs/{id}", StatusCode::OK, Duration::from_millis(millis));
        }
        let text = metrics.text(&[(State::Done, 3)]);
        let labels = r#"method="GET",route="/api/v1/jobs/{id}",status="200""#;
        for line in [
            format!("danqing_request_seconds_bucket{{{labels},le=\"0.001\"}} 0"),
            format!("danqing_request_seconds_bucket{{{labels},le=\"0.005\"}} 1"),
            format!("danqing_request_seconds_bucket{{{labels},le=\"30\"}} 2"),
            format!("danqing_request_seconds_bucket{{{labels},le=\"+Inf\"}} 3"),
            "danqing_jobs{state=\"done\"} 3".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert_ne!(metrics.next_request(), metrics.next_request());
    }
}
