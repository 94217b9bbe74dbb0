//! What was typed → what was meant: everything that can be refused is refused here, before any work.

use std::collections::BTreeMap;

use danqing_capability::{Class, Event, Failure, Inputs, Port, Progress, WeightUse};
use danqing_media::Medium;
use serde_json::Value;

use crate::content::{ContentStore, StoredFile};
use crate::destination::{self, Error};
use crate::files::{self, Loaded};
use crate::plain_words::plain;
use crate::queue::JobRecord;
use crate::request::Places;
use crate::{AnyMediaCapability, Encoding, InputRecord, Job, JobRequest, Notice, OutputName, Phase, Place, Studio};

/// A job with its inputs in memory, ready to run.
#[derive(Debug)]
pub struct Prepared {
    /// Everything decided, as plain data.
    pub job: Job,
    pub(crate) inputs: Inputs<Medium>,
    /// Only this output is wanted; set when a recipe runs again.
    pub(crate) only: Option<OutputName>,
}

impl Studio {
    /// Validates and resolves a request: outputs first, then inputs, then parameters.
    ///
    /// # Errors
    /// Everything that is wrong with the request itself, its files or its parameters.
    pub fn prepare(&self, request: &JobRequest, progress: &mut Progress<'_>) -> Result<Prepared, Failure> {
        let capability = self.registry().get(&request.capability)?;
        request.check_inputs(capability.id(), capability.inputs())?;
        let outputs = outputs(request, capability)?;
        self.prepared(request, outputs, &mut |_, _, place, progress| files::load(place, progress), progress)
    }

    /// The same for a job of the queue: its inputs come from the content store, under the names people gave them, and
    /// its outputs stay in memory. What was meant the first time is meant again.
    pub(crate) fn prepare_stored(
        &self,
        content: &ContentStore,
        job: &JobRecord,
        progress: &mut Progress<'_>,
    ) -> Result<Prepared, Failure> {
        let capability = self.registry().get(&job.capability)?;
        let params = job.resolved.clone().unwrap_or_else(|| Value::Object(job.params.clone()));
        let params = self.with_checkpoints(capability, params);
        let places = |files: &Vec<StoredFile>| files.iter().map(|f| Place::File(f.name.clone().into())).collect();
        let request = JobRequest {
            capability: job.capability.clone(),
            params: params.as_object().cloned().unwrap_or_default(),
            inputs: job.inputs.iter().map(|(port, files)| (port.clone(), Places::Many(places(files)))).collect(),
            encoding: job.encoding.clone(),
            ..JobRequest::default()
        };
        request.check_inputs(capability.id(), capability.inputs())?;
        let first = capability.inputs().first().and_then(|port| job.inputs.get(port.name)?.first());
        let name = destination::named_after(first.map(|file| file.name.as_str()), capability.id());
        let name = format!("{name}.{}", files::extension(&job.encoding)?);
        let port = capability.outputs().first().map_or("picture", |port| port.name);
        let outputs = BTreeMap::from([(port.to_owned(), Place::File(name.into()))]);
        let mut load = |port: &str, index: usize, place: &Place, progress: &mut Progress<'_>| {
            let missing = || Failure::new(Class::Bug, format!("input {port} is not in the job"));
            let file = job.inputs.get(port).and_then(|files| files.get(index)).ok_or_else(missing)?;
            files::load_bytes(place, &content.read(&file.sha256, progress.cancel_token())?, progress)
        };
        self.prepared(&request, outputs, &mut load, progress)
    }

    fn prepared(
        &self,
        request: &JobRequest,
        outputs: BTreeMap<String, Place>,
        load: &mut Loader<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Prepared, Failure> {
        let capability = self.registry().get(&request.capability)?;
        let encoding = decided_encoding(&request.encoding, capability, &outputs)?;
        if encoding.strip_metadata {
            progress
                .warn("no_recipe", "without metadata the file carries no recipe: it can't be made again from itself");
        }
        let mut notices = Vec::new();
        let (records, inputs) =
            self.noting(Phase::Resolve, progress, &mut notices, |p| loaded(request, capability.inputs(), load, p))?;
        let typed = Value::Object(request.params.clone());
        let params = self
            .noting(Phase::Resolve, progress, &mut notices, |p| capability.resolve(&inputs, typed, p))
            .map_err(plain)?;
        let job = Job {
            capability: capability.id().to_owned(),
            version: capability.version(),
            weights: self.weights(capability, &params)?,
            params,
            inputs: records,
            notices,
            outputs,
            encoding,
            overwrite: request.overwrite,
        };
        Ok(Prepared { job, inputs, only: None })
    }

    /// Runs `work` with a progress that reports onwards, keeps the warnings, and allows this studio's threads.
    pub(crate) fn noting<T>(
        &self,
        phase: Phase,
        progress: &mut Progress<'_>,
        notices: &mut Vec<Notice>,
        work: impl FnOnce(&mut Progress<'_>) -> T,
    ) -> T {
        let token = progress.cancel_token().with_threads(self.engine().threads());
        let shows_previews = progress.shows_previews();
        let mut sink = |event: Event| {
            notices.extend(Notice::from_event(phase, &event));
            match event {
                // A cancelled step is noticed by the inner progress, which shares the token.
                Event::Step { stage, done, total } => {
                    let _ = progress.step(stage, done, total);
                }
                Event::Measure { stage, done, values } => {
                    progress.measure(stage, done, &values.into_iter().collect::<Vec<_>>());
                }
                Event::Preview { stage, done, total, picture } => progress.preview(stage, done, total, picture),
                Event::Warning { code, message } => progress.warn(code, message),
                _ => {}
            }
        };
        work(&mut Progress::new(token, &mut sink).with_previews(shows_previews))
    }

    /// The models that a run with these parameters loads.
    pub(crate) fn weights(&self, capability: &AnyMediaCapability, params: &Value) -> Result<Vec<WeightUse>, Failure> {
        capability.models(params)?.into_iter().map(|id| self.weight_use(id)).collect()
    }
}

/// Where each output goes; the first has a place always.
fn outputs(request: &JobRequest, capability: &AnyMediaCapability) -> Result<BTreeMap<String, Place>, Failure> {
    let ports = capability.outputs();
    if let Some(name) = request.outputs.keys().find(|name| ports.iter().all(|port| port.name != name.as_str())) {
        let known = ports.iter().map(|port| port.name).collect::<Vec<_>>().join(", ");
        return Err(Error::Unknown { capability: capability.id(), name: name.clone(), known }.into());
    }
    let mut outputs = request.outputs.clone();
    if let Some(first) = ports.first().filter(|port| !outputs.contains_key(port.name)) {
        let named_after = capability.inputs().first().and_then(|port| request.places(port.name).first());
        let extension = files::extension(&request.encoding)?;
        let path = destination::derived(named_after.unwrap_or(&Place::Stream), capability.id(), extension)?;
        outputs.insert(first.name.to_owned(), Place::File(path));
    }
    for place in outputs.values() {
        destination::refuse_input(place, request.inputs.values().flat_map(Places::as_slice))?;
        destination::check(place, request.overwrite)?;
    }
    Ok(outputs)
}

fn decided_encoding(
    asked: &Encoding,
    capability: &AnyMediaCapability,
    outputs: &BTreeMap<String, Place>,
) -> Result<Encoding, Failure> {
    let place = capability.outputs().first().and_then(|port| outputs.get(port.name));
    files::decided(asked, place.unwrap_or(&Place::Stream))
}

type Records = BTreeMap<String, Vec<InputRecord>>;

/// Reads one input: port, position among the port's inputs, place.
type Loader<'a> = dyn FnMut(&str, usize, &Place, &mut Progress<'_>) -> Result<Loaded, Failure> + 'a;

fn loaded(
    request: &JobRequest,
    ports: &[Port],
    load: &mut Loader<'_>,
    progress: &mut Progress<'_>,
) -> Result<(Records, Inputs<Medium>), Failure> {
    let (mut records, mut inputs) = (Records::new(), Inputs::new());
    let total = ports.iter().map(|port| request.places(port.name).len()).sum();
    let mut done = 0;
    for port in ports {
        for (index, place) in request.places(port.name).iter().enumerate() {
            let Loaded { record, medium } = load(port.name, index, place, progress)?;
            records.entry(port.name.to_owned()).or_default().push(record);
            inputs = inputs.with(port.name, medium);
            done += 1;
            progress.step("read", done, total).map_err(Failure::from_error)?;
        }
    }
    Ok((records, inputs))
}
