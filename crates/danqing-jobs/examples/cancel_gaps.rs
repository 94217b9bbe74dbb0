//! Runs a request and prints the longest stretches of work between two looks at the cancel token, in processor time, and
//! where they ended: `cancel_gaps request.json [least milliseconds]`. One thread, so that a busy machine does not matter.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use danqing_capability::{CancelToken, Failure, Progress};
use danqing_jobs::{JobRequest, Settings, Studio};

/// Two looks at the clock are at least this far apart: looking costs microseconds.
const RESOLUTION: Duration = Duration::from_millis(1);

/// Processor time of this thread; Linux only.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

thread_local! {
    static LAST: RefCell<(Instant, f64)> = RefCell::new((Instant::now(), processor_ms()));
}

struct Gap {
    ms: f64,
    ended_in: String,
}

static GAPS: Mutex<Vec<Gap>> = Mutex::new(Vec::new());

fn looked_at(least_ms: f64) {
    LAST.with_borrow_mut(|last| {
        if last.0.elapsed() < RESOLUTION {
            return;
        }
        let now = processor_ms();
        let ms = now - last.1;
        if ms >= least_ms
            && let Ok(mut gaps) = GAPS.lock()
        {
            gaps.push(Gap { ms, ended_in: callers() });
        }
        *last = (Instant::now(), processor_ms());
    });
}

/// Lines of danqing's files on the stack, the innermost first.
fn callers() -> String {
    let stack = Backtrace::force_capture().to_string();
    let ours = stack.lines().filter_map(|line| line.split_once("/crates/danqing-").map(|(_, place)| place.trim()));
    let places = ours.filter(|place| !place.starts_with("capability") && !place.contains("cancel_gaps"));
    places.take(5).collect::<Vec<_>>().join(" < ")
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().collect();
    let least_ms = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(20.0);
    let text = std::fs::read_to_string(arguments.get(1).map_or("request.json", String::as_str)).unwrap_or_default();
    let request = JobRequest::from_json(&text)?;
    let studio = Studio::open(&Settings { threads: Some(1), offline: true, ..Settings::default() })?;
    let token = CancelToken::watched(move || {
        looked_at(least_ms);
        false
    });
    let mut sink = |_| {};
    let mut progress = Progress::new(token, &mut sink);
    let begun = processor_ms();
    let prepared = studio.prepare(&request, &mut progress)?;
    studio.execute(prepared, &mut progress)?;
    looked_at(least_ms);
    println!("{} {:.0} ms of work", request.capability, processor_ms() - begun);
    let mut gaps = GAPS.lock().map(|mut gaps| std::mem::take(&mut *gaps)).unwrap_or_default();
    gaps.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    for gap in gaps.iter().take(12) {
        println!("{:7.0} ms before {}", gap.ms, gap.ended_in);
    }
    Ok(())
}
