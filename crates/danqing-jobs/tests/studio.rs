//! From a request to a file and back again, with a capability small enough to see through.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::sync::Arc;

use danqing_capability::{
    AnyCapability, Arity, CancelToken, Cancelled, Capability, Class, Classified, Failure, Inputs, Kind, Outputs, Port,
    Progress,
};
use danqing_jobs::{Finished, JobRequest, Place, Registry, Rerun, Settings, Studio, read_recipe};
use danqing_media::file::{self, EncodeOptions, Format, Limits, Overwrite};
use danqing_media::{Channels, Medium, Metadata, Picture, Samples};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Turns dark to light and adds the seed to every sample.
struct Invert;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Params {
    /// Added to every sample; drawn if absent.
    seed: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("seed {0} is above 255")]
    Seed(u64),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Seed(_) => Class::Caller,
            Self::Cancelled(_) => Class::Cancelled,
        }
    }
}

fn picture_of(inputs: &Inputs<Medium>) -> Arc<Picture> {
    match inputs.get("photo") {
        Some(Medium::Picture(picture)) => Arc::clone(picture),
        other => panic!("{other:?}"),
    }
}

impl Capability for Invert {
    const ID: &'static str = "invert";
    const VERSION: u32 = 3;
    const SUMMARY: &'static str = "Turns dark to light";
    const CHINESE: &'static str = "summary = \"反相\"";
    const INPUTS: &'static [Port] =
        &[Port { name: "photo", kind: Kind::Picture, arity: Arity::One, help: "the photo" }];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::Many, help: "inverted and plain" }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(&self, _: &Inputs<Medium>, params: Params, progress: &mut Progress<'_>) -> Result<Params, Error> {
        match params.seed {
            Some(seed) if seed > 255 => Err(Error::Seed(seed)),
            Some(_) => Ok(params),
            None => {
                progress.warn("seed_drawn", "seed drawn");
                let drawn = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
                Ok(Params { seed: Some(u64::from(drawn.subsec_nanos()) % 256) })
            }
        }
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let plain = picture_of(inputs);
        let mut inverted = (*plain).clone();
        let seed = params.seed.unwrap_or_default() as u8;
        if let Samples::U8(samples) = &mut inverted.samples {
            for sample in samples {
                *sample = (255 - *sample).wrapping_add(seed);
            }
        }
        for row in 0..plain.height {
            progress.step("rows", row + 1, plain.height)?;
            progress.warn("plain", "the second output is the input");
        }
        let mut outputs = Outputs::one("picture", Medium::Picture(Arc::new(inverted))).with_fact("rows", plain.height);
        outputs.media.push(("picture", Medium::Picture(plain)));
        Ok(outputs)
    }
}

fn studio(threads: usize) -> Studio {
    let settings = Settings { threads: Some(threads), offline: true, ..Settings::default() };
    Studio::with(&settings, |_, _| Registry::of(vec![Box::new(Invert)])).expect("a studio")
}

fn photo(path: &Path, value: u8) {
    let samples = (0..6 * 4 * 3).map(|i| value.wrapping_add(i as u8)).collect();
    let picture = Picture {
        width: 6,
        height: 4,
        channels: Channels::Rgb,
        samples: Samples::U8(samples),
        icc_profile: None,
        metadata: Metadata::default(),
    };
    let made = file::encode(&picture, &EncodeOptions::new(Format::Png), &CancelToken::default()).expect("encoded");
    file::write_atomic(path, &made.bytes, Overwrite::Replace, &CancelToken::default()).expect("written");
}

fn request(photo: &Path, output: &Path, params: serde_json::Value) -> JobRequest {
    let json = serde_json::json!({
        "capability": "invert", "params": params,
        "inputs": {"photo": photo}, "outputs": {"picture": output}
    });
    JobRequest::from_json(&json.to_string()).expect("a request")
}

fn make(studio: &Studio, request: &JobRequest) -> Result<Vec<Finished>, Failure> {
    let mut sink = |_| ();
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let prepared = studio.prepare(request, &mut progress)?;
    studio.execute(prepared, &mut progress)
}

fn again(studio: &Studio, file: &Path, output: &Path, inputs: &[(&str, &Path)]) -> Result<Vec<Finished>, Failure> {
    let mut sink = |_| ();
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let place = |path: &Path| Place::File(path.to_owned());
    let inputs = inputs.iter().map(|(name, path)| ((*name).to_owned(), place(path))).collect();
    let rerun = Rerun { file: place(file), inputs, output: Some(place(output)), overwrite: true };
    let prepared = studio.prepare_rerun(&rerun, &mut progress)?;
    studio.execute(prepared, &mut progress)
}

/// The same file with black pixels: as if another program had painted over it and kept the metadata.
fn blacken(path: &Path) {
    let mut picture = file::read(path, &Limits::default(), &CancelToken::default()).expect("readable");
    if let Samples::U8(samples) = &mut picture.samples {
        samples.fill(0);
    }
    let options = EncodeOptions::new(Format::from_path(path).expect("a format"));
    let made = file::encode(&picture, &options, &CancelToken::default()).expect("encoded");
    file::write_atomic(path, &made.bytes, Overwrite::Replace, &CancelToken::default()).expect("written");
}

#[test]
fn a_recipe_makes_the_same_bytes_again_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("folder");
    for name in ["江雪 图.png", "b.jpg"] {
        let (input, output) = (folder.path().join("photo.png"), folder.path().join(name));
        photo(&input, 7);
        let finished = make(&studio(1), &request(&input, &output, serde_json::json!({}))).expect("made");
        assert_eq!(finished.len(), 2);
        let original = std::fs::read(&output).expect("there");
        blacken(&output);
        assert_ne!(std::fs::read(&output).expect("there"), original);
        for threads in [1, 2, 3] {
            let remade = folder.path().join(format!("again-{threads}-{name}"));
            again(&studio(threads), &output, &remade, &[]).expect("made again");
            assert_eq!(std::fs::read(&remade).expect("there"), original, "{name} {threads}");
        }
    }
}

#[test]
fn every_output_carries_its_own_recipe() {
    let folder = tempfile::tempdir().expect("folder");
    let (input, output) = (folder.path().join("photo.png"), folder.path().join("out.png"));
    photo(&input, 7);
    let finished = make(&studio(1), &request(&input, &output, serde_json::json!({}))).expect("made");
    assert_eq!(finished[1].place, Place::File(folder.path().join("out-2.png")));
    let recipe = read_recipe(&finished[1].place, &CancelToken::default()).expect("a recipe");
    assert_eq!((recipe.output.index, recipe.capability.version), (1, 3));
    assert_eq!(recipe.facts["rows"], 4);
    let warnings: Vec<_> = recipe.warnings.iter().map(|w| w.code.as_str()).collect();
    assert_eq!(warnings, ["seed_drawn", "plain"], "each warning once");
    let record = &recipe.inputs["photo"][0];
    assert_eq!((record.width, record.height, &record.path), (6, 4, &Place::File(input)));
    let second = std::fs::read(folder.path().join("out-2.png")).expect("there");
    let remade = folder.path().join("remade.png");
    again(&studio(1), &folder.path().join("out-2.png"), &remade, &[]).expect("made again");
    assert_eq!(std::fs::read(&remade).expect("there"), second);
}

#[test]
fn inputs_are_found_by_content_or_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    photo(&path("photo.png"), 7);
    make(&studio(1), &request(&path("photo.png"), &path("out.png"), serde_json::json!({"seed": 9}))).expect("made");
    let original = std::fs::read(path("out.png")).expect("there");

    std::fs::create_dir(path("elsewhere")).expect("folder");
    std::fs::rename(path("photo.png"), path("elsewhere/renamed.png")).expect("moved");
    let missing = again(&studio(1), &path("out.png"), &path("a.png"), &[]).expect_err("moved away");
    assert!(missing.to_string().starts_with("input photo of the recipe was not found"), "{missing}");
    assert_eq!(missing.class(), Class::File);

    let given = [("photo", &*path("elsewhere/renamed.png"))];
    again(&studio(1), &path("out.png"), &path("b.png"), &given).expect("given");
    assert_eq!(std::fs::read(path("b.png")).expect("there"), original);

    std::fs::copy(path("out.png"), path("elsewhere/out.png")).expect("copied");
    again(&studio(1), &path("elsewhere/out.png"), &path("c.png"), &[]).expect("beside the file, under another name");
    assert_eq!(std::fs::read(path("c.png")).expect("there"), original);

    photo(&path("photo.png"), 8);
    let other = again(&studio(1), &path("out.png"), &path("d.png"), &[]).expect_err("another picture at the old place");
    assert!(other.to_string().contains("is not input photo of the recipe: its sha256 is "), "{other}");
    let unknown =
        again(&studio(1), &path("out.png"), &path("d.png"), &[("mask", &*path("photo.png"))]).expect_err("no mask");
    assert_eq!(unknown.to_string(), "the recipe has no input named \"mask\" (it has photo)");
    assert!(!path("a.png").exists() && !path("d.png").exists());
}

#[test]
fn a_recipe_is_kept_to_its_format() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    photo(&path("photo.png"), 7);
    make(&studio(1), &request(&path("photo.png"), &path("out.png"), serde_json::json!({"seed": 9}))).expect("made");
    let error = again(&studio(1), &path("out.png"), &path("out.jpg"), &[]).expect_err("another format");
    assert!(error.to_string().ends_with("the recipe makes png, the name says jpeg"), "{error}");
    let none = again(&studio(1), &path("photo.png"), &path("x.png"), &[]).expect_err("no recipe");
    assert!(none.to_string().ends_with("no danqing recipe inside"), "{none}");
}

#[test]
fn stripped_files_carry_no_recipe_and_say_so() {
    let folder = tempfile::tempdir().expect("folder");
    let (input, output) = (folder.path().join("photo.png"), folder.path().join("out.png"));
    photo(&input, 7);
    let mut request = request(&input, &output, serde_json::json!({"seed": 1}));
    request.encoding.strip_metadata = true;
    let mut codes = Vec::new();
    let mut sink = |event| {
        if let danqing_capability::Event::Warning { code, .. } = event {
            codes.push(code);
        }
    };
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let studio = studio(1);
    let prepared = studio.prepare(&request, &mut progress).expect("prepared");
    studio.execute(prepared, &mut progress).expect("made");
    assert_eq!(codes[0], "no_recipe");
    assert!(read_recipe(&Place::File(output), &CancelToken::default()).is_err());
}

#[test]
fn refusals_come_before_any_work_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    photo(&path("photo.png"), 7);
    let cases = [
        (request(&path("photo.png"), &path("o.png"), serde_json::json!({"sed": 1})), "invert: unknown field `sed`"),
        (request(&path("photo.png"), &path("o.png"), serde_json::json!({"seed": 300})), "seed 300 is above 255"),
        (request(&path("photo.png"), &path("no/o.png"), serde_json::json!({})), "the output folder does not exist"),
        (request(&path("photo.png"), &path("o.gif"), serde_json::json!({})), "writing GIF is not supported"),
        (request(&path("nothing.png"), &path("o.png"), serde_json::json!({})), "no such file"),
    ];
    for (request, message) in cases {
        let error = make(&studio(1), &request).expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 1);
}

#[test]
fn a_cancelled_run_writes_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let (input, output) = (folder.path().join("photo.png"), folder.path().join("out.png"));
    photo(&input, 7);
    let (token, studio) = (CancelToken::default(), studio(1));
    let trigger = token.clone();
    let mut sink = |event| {
        if matches!(event, danqing_capability::Event::Step { stage: "rows", done: 2, .. }) {
            trigger.cancel();
        }
    };
    let mut progress = Progress::new(token, &mut sink);
    let prepared = studio.prepare(&request(&input, &output, serde_json::json!({})), &mut progress).expect("prepared");
    let error = studio.execute(prepared, &mut progress).expect_err("cancelled");
    assert_eq!(error.class(), Class::Cancelled);
    assert!(!output.exists());
}

#[test]
fn a_job_is_plain_data() {
    let folder = tempfile::tempdir().expect("folder");
    let input = folder.path().join("photo.png");
    photo(&input, 7);
    let mut sink = |_| ();
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let request = request(&input, &folder.path().join("o.png"), serde_json::json!({"seed": 1}));
    let job = studio(1).prepare(&request, &mut progress).expect("prepared").job;
    let json = serde_json::to_string(&job).expect("plain data");
    assert_eq!(serde_json::from_str::<danqing_jobs::Job>(&json).expect("the same"), job);
    assert_eq!(Invert.id(), job.capability);
}
