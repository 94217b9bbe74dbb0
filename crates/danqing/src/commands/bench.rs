//! `danqing bench`: figures of networks and operators on this machine, readable or as JSON.

use std::ffi::OsString;
use std::path::Path;

use clap::ArgMatches;
use danqing_jobs::{Bench, Measurement, Turns};

use super::print_data;
use super::session::Session;
use crate::Outcome;
use crate::report::bytes_for_people;

/// `danqing bench [NAME] [--runs N | --wait] [--weights FILE] [--dump FILE] [--json]`
pub(super) fn run(matches: &ArgMatches, session: &Session) -> Outcome {
    let path = |name| matches.get_one::<OsString>(name).map(Path::new);
    let turns = |last: Option<f64>| next_line(last);
    let wanted = Bench {
        name: matches.get_one::<String>("name").map(String::as_str),
        runs: matches.get_one::<usize>("runs").copied().unwrap_or_default(),
        turns: matches.get_flag("wait").then_some(Turns(&turns)),
        weights: path("weights"),
        dump: path("dump"),
    };
    let (cancel, studio) = (session.cancel_token()?, session.studio()?);
    let mut printed = Ok(());
    let mut report = |one: &Measurement| {
        if !session.json && printed.is_ok() {
            printed = print_data(&line(one));
        }
    };
    let all = studio.bench(wanted, &cancel, &mut report)?;
    printed?;
    if session.json {
        return print_data(&format!("{:#}\n", serde_json::to_value(all).unwrap_or_default()));
    }
    Ok(())
}

/// Says what has been done and waits for a line; whether one came.
fn next_line(last: Option<f64>) -> bool {
    let said = last.map_or_else(|| "ready\n".to_owned(), |seconds| format!("ran {seconds}\n"));
    print_data(&said).is_ok() && std::io::stdin().lines().next().is_some_and(|line| line.is_ok())
}

/// `unet  avx2-f32 ×2  9.123 s  (9.201 s)  88.0 GFLOP/s  5.1 GB`: fastest and middle run, and the peak of memory.
fn line(one: &Measurement) -> String {
    let backend = format!("{}-{} ×{}", one.tier, one.precision, one.threads);
    let (least, middle) = (one.seconds_min, one.seconds_median);
    let speed = if one.gflop > 0.0 { format!("{:.1} GFLOP/s", one.gflop / least) } else { String::new() };
    let peak = bytes_for_people(one.peak_bytes as u64);
    format!("{:<16} {backend:<14} {least:>9.4} s ({middle:.4} s)  {speed:>14}  {peak}\n", one.name)
}
