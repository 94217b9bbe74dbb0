//! Times networks and operators on this machine: for users who ask how fast it is, and for comparisons from outside.

mod error;
mod networks;
mod operators;
mod workload;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_weights::containers::safetensors;
use danqing_weights::{Limits, ModelStore, TensorFile, containers};
use serde::Serialize;

pub use self::error::Error;
use self::networks::{LATENT, Origin};
use self::workload::Workload;

/// Ends the names of workloads for pictures of 1024²; they run only when they are named.
const LARGE: &str = "-1024";

/// Names of all workloads.
pub const NAMES: [&str; 20] = [
    "unet",
    "unet-b2",
    "unet-1024",
    "vae-decode",
    "vae-decode-1024",
    "vae-encode",
    "vae-encode-1024",
    "taesd-decode",
    "clip",
    "rrdb",
    "adain",
    "migan",
    "conv",
    "linear",
    "matmul",
    "attention",
    "cross-attention",
    "groupnorm",
    "layernorm",
    "geglu",
];

/// What is to be timed, and how.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// One of [`NAMES`]; `None` = all but those of 1024².
    pub name: Option<&'a str>,
    /// Timed runs, after one that is not counted.
    pub runs: usize,
    /// Who decides about each timed run, in place of `runs`; `None` = nobody.
    pub turns: Option<Turns<'a>>,
    /// Weights of the network, with its published names.
    pub weights: Option<&'a Path>,
    /// File to write inputs and output to, as safetensors, pictures in NHWC.
    pub dump: Option<&'a Path>,
}

/// Asked before every timed run, so that programs that are compared can take turns. It is given the wall time of the run
/// before, none before the first, and says whether there is to be another.
#[derive(Clone, Copy)]
pub struct Turns<'a>(pub &'a dyn Fn(Option<f64>) -> bool);

impl std::fmt::Debug for Turns<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turns")
    }
}

/// One workload's figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// Which workload.
    pub name: &'static str,
    /// Instruction set.
    pub tier: String,
    /// Of products.
    pub precision: &'static str,
    /// Threads, the caller's included.
    pub threads: usize,
    /// Timed runs.
    pub runs: usize,
    /// Wall time of the fastest.
    pub seconds_min: f64,
    /// Wall time of the middle one.
    pub seconds_median: f64,
    /// Wall time of reading and packing the weights, or of making them.
    pub load_seconds: f64,
    /// Most bytes of weights, maps and scratch at once.
    pub peak_bytes: usize,
    /// 10⁹ multiplications and additions of a run.
    pub gflop: f64,
}

/// Times one workload, or all. `report` sees each as soon as it is done. The engine's cancel token ends it.
///
/// # Errors
/// [`Error`].
pub fn run(
    engine: &Engine,
    store: &ModelStore,
    settings: Settings<'_>,
    report: &mut dyn FnMut(&Measurement),
) -> Result<Vec<Measurement>, Error> {
    let names = chosen(settings)?;
    let start = Instant::now();
    let file = settings.weights.map(|path| containers::read(path, &Limits::default())).transpose()?;
    let origin = Origin { store, file: file.as_ref() };
    let mut all = Vec::with_capacity(names.len());
    let read_seconds = start.elapsed().as_secs_f64();
    for name in names {
        engine.cancel_token().check()?;
        engine.reset_peak();
        let start = Instant::now();
        let workload = workload(engine, &origin, name)?;
        let load_seconds = read_seconds + start.elapsed().as_secs_f64();
        let (measurement, output) = measure(engine, name, &workload, settings, load_seconds)?;
        report(&measurement);
        all.push(measurement);
        if let Some(path) = settings.dump {
            dump(path, &workload, &output)?;
        }
    }
    Ok(all)
}

fn chosen(settings: Settings<'_>) -> Result<Vec<&'static str>, Error> {
    if settings.runs == 0 {
        return Err(Error::NoRuns);
    }
    let Some(asked) = settings.name else {
        let options = [
            ("weights", settings.weights.is_some()),
            ("dump", settings.dump.is_some()),
            ("wait", settings.turns.is_some()),
        ];
        return match options.into_iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(Error::OneWorkload { option }),
            None => Ok(NAMES.into_iter().filter(|name| !name.ends_with(LARGE)).collect()),
        };
    };
    let found = NAMES.into_iter().find(|name| *name == asked);
    found.map(|name| vec![name]).ok_or_else(|| Error::Unknown { actual: asked.to_owned(), known: NAMES.join(", ") })
}

fn workload(engine: &Engine, origin: &Origin<'_>, name: &'static str) -> Result<Workload, Error> {
    let operator = match name {
        "unet" => return networks::unet(engine, origin, 1, LATENT),
        "unet-b2" => return networks::unet(engine, origin, 2, LATENT),
        "unet-1024" => return networks::unet(engine, origin, 1, 2 * LATENT),
        "vae-decode" => return networks::vae_decode(engine, origin, LATENT),
        "vae-decode-1024" => return networks::vae_decode(engine, origin, 2 * LATENT),
        "vae-encode" => return networks::vae_encode(engine, origin, LATENT),
        "vae-encode-1024" => return networks::vae_encode(engine, origin, 2 * LATENT),
        "taesd-decode" => return networks::taesd_decode(engine, origin),
        "clip" => return networks::clip(engine, origin),
        "rrdb" => return networks::rrdb(engine, origin),
        "adain" => return networks::adain(engine, origin),
        "migan" => return networks::migan(engine, origin),
        "conv" => operators::conv,
        "linear" => operators::linear,
        "matmul" => operators::matrices,
        "attention" => operators::attention,
        "cross-attention" => operators::cross_attention,
        "groupnorm" => operators::groupnorm,
        "layernorm" => operators::layernorm,
        _ => operators::gated,
    };
    if origin.file.is_some() {
        return Err(Error::NoWeights { name });
    }
    operator(engine)
}

/// The figures, and the last run's output.
fn measure(
    engine: &Engine,
    name: &'static str,
    workload: &Workload,
    settings: Settings<'_>,
    load_seconds: f64,
) -> Result<(Measurement, FeatureMap), Error> {
    let before = engine.operations();
    let mut output = workload.run(engine)?;
    let gflop = (engine.operations() - before) as f64 * 1e-9;
    let mut seconds: Vec<f64> = Vec::new();
    while settings.turns.map_or(seconds.len() < settings.runs, |turns| turns.0(seconds.last().copied())) {
        drop(output);
        let start = Instant::now();
        output = workload.run(engine)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let runs = seconds.len();
    let (Some(&seconds_min), Some(&seconds_median)) = (seconds.first(), seconds.get(runs / 2)) else {
        return Err(Error::NoRuns);
    };
    let measurement = Measurement {
        name,
        tier: engine.kernels().to_string(),
        precision: engine.precision().name(),
        threads: engine.threads(),
        runs,
        seconds_min,
        seconds_median,
        load_seconds,
        peak_bytes: engine.memory().peak_bytes,
        gflop,
    };
    Ok((measurement, output))
}

/// Inputs by their names and `output`, NHWC.
fn dump(path: &Path, workload: &Workload, output: &FeatureMap) -> Result<(), Error> {
    let mut tensors = Vec::new();
    for (name, map) in workload.inputs.iter().map(|(name, map)| (*name, map)).chain([("output", output)]) {
        let Shape { batch, height, width, channels } = map.shape();
        tensors.push((name.to_owned(), vec![batch, height, width, channels], map.to_nhwc()?));
    }
    let file = TensorFile::from_f32(tensors)?;
    let refused = |reason| Error::Write { path: path.display().to_string(), reason };
    let out = std::fs::File::create(path).map_err(refused)?;
    safetensors::write(std::io::BufWriter::new(out), file.iter(), &BTreeMap::new()).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use danqing_capability::{CancelToken, Class, Classified};
    use danqing_nn::{EngineConfig, Precision};
    use danqing_weights::StoreConfig;

    fn studio() -> (Engine, ModelStore) {
        let engine = Engine::new(EngineConfig { threads: Some(2), ..EngineConfig::default() }).expect("an engine");
        let config = StoreConfig::from_environment(true).expect("a store");
        (engine, ModelStore::open(config).expect("a store"))
    }

    fn of(name: Option<&str>) -> Settings<'_> {
        Settings { name, runs: 2, turns: None, weights: None, dump: None }
    }

    #[test]
    fn an_operator_is_timed_counted_and_written_out() {
        let (engine, store) = studio();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cross.safetensors");
        let settings = Settings { dump: Some(&path), ..of(Some("cross-attention")) };
        let mut seen = 0;
        let all = run(&engine, &store, settings, &mut |_| seen += 1).expect("runs");
        assert_eq!((all.len(), seen, all[0].name, all[0].runs), (1, 1, "cross-attention", 2));
        // Two products of 4096×77 scores over 320 channels, a multiplication and an addition each.
        assert!((all[0].gflop - 4.0 * 4096.0 * 77.0 * 320.0 * 1e-9).abs() < 1e-9);
        assert!(all[0].seconds_min <= all[0].seconds_median && all[0].load_seconds > 0.0);
        assert!(all[0].peak_bytes > 2 * 4096 * 320 * 4);
        assert_eq!((all[0].tier.as_str(), all[0].precision), (engine.kernels().name(), engine.precision().name()));
        let half = engine.with_precision(Precision::Bf16).expect("on the CPU");
        let half = run(&half, &store, of(Some("cross-attention")), &mut |_| {}).expect("runs");
        assert_eq!(half[0].precision, "bf16");
        let file = containers::read(&path, &Limits::default()).expect("a file");
        assert_eq!(file.get("key").expect("an input").shape(), [1, 1, 77, 320]);
        assert_eq!(file.get("output").expect("an output").shape(), [1, 64, 64, 320]);
    }

    #[test]
    fn whoever_takes_turns_says_how_many_runs_there_are() {
        let (engine, store) = studio();
        let seen = std::cell::RefCell::new(Vec::new());
        let ask = |last: Option<f64>| {
            seen.borrow_mut().push(last);
            seen.borrow().len() <= 3
        };
        let settings = Settings { turns: Some(Turns(&ask)), ..of(Some("groupnorm")) };
        let all = run(&engine, &store, settings, &mut |_| {}).expect("runs");
        assert_eq!(all[0].runs, 3);
        let seen = seen.borrow();
        assert!(
            seen[0].is_none() && seen[1..].iter().all(|last| last.is_some_and(|seconds| seconds >= all[0].seconds_min))
        );
        let never = |_| false;
        let error = run(&engine, &store, Settings { turns: Some(Turns(&never)), ..settings }, &mut |_| {});
        assert!(matches!(error, Err(Error::NoRuns)));
    }

    #[test]
    fn what_can_t_be_is_refused_before_any_work() {
        let (engine, store) = studio();
        let path = Path::new("nowhere.safetensors");
        let cases = [
            (of(Some("oven")), "there is no workload named oven"),
            (Settings { runs: 0, ..of(Some("conv")) }, "0 runs"),
            (Settings { weights: Some(path), ..of(None) }, "--weights needs the name of one workload"),
            (Settings { dump: Some(path), ..of(None) }, "--dump needs the name of one workload"),
            (Settings { turns: Some(Turns(&|_| true)), ..of(None) }, "--wait needs the name of one workload"),
            (Settings { weights: Some(path), ..of(Some("unet")) }, "nowhere.safetensors"),
        ];
        for (settings, expected) in cases {
            let error = run(&engine, &store, settings, &mut |_| {}).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let token = CancelToken::default();
        token.cancel();
        let error = run(&engine.with_cancel(token), &store, of(None), &mut |_| {}).expect_err("cancelled");
        assert_eq!(error.class(), Class::Cancelled);
    }
}
