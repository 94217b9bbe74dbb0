//! A prepared job → files with their recipes inside.

use std::collections::BTreeMap;
use std::sync::Arc;

use danqing_capability::{Class, Failure, Outputs, Progress};
use danqing_media::{Medium, Picture};
use serde::Serialize;
use serde_json::Value;

use crate::destination::beside;
use crate::files;
use crate::recipe::FORMAT;
use crate::{Job, Made, Notice, OutputName, Phase, Place, Prepared, Recipe, Studio};

/// One written output.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finished {
    /// Port name.
    pub name: String,
    /// Position among the outputs of that name, from 0.
    pub index: usize,
    /// Where it is.
    #[serde(rename = "path")]
    pub place: Place,
    /// Bytes of the file.
    pub bytes: u64,
    /// sha256 of the file, hex.
    pub sha256: String,
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What was measured or decided.
    pub facts: BTreeMap<String, Value>,
}

/// An output in memory, not written yet.
pub(crate) struct MadeFile {
    pub(crate) finished: Finished,
    pub(crate) bytes: Vec<u8>,
}

/// What a run has made, in memory.
pub(crate) struct MadeFiles {
    /// The job with everything that was noticed.
    pub(crate) job: Job,
    pub(crate) files: Vec<MadeFile>,
}

impl Studio {
    /// Runs the job and writes its outputs; nothing is written before everything is encoded.
    ///
    /// # Errors
    /// A missing model, what the capability says, or what writing says. Nothing half-written stays behind.
    pub fn execute(&self, prepared: Prepared, progress: &mut Progress<'_>) -> Result<Vec<Finished>, Failure> {
        let MadeFiles { job, files } = self.make(prepared, progress)?;
        let total = files.len();
        let mut finished = Vec::with_capacity(total);
        for MadeFile { finished: one, bytes } in files {
            progress.step("write", finished.len(), total).map_err(Failure::from_error)?;
            files::write(&one.place, bytes, job.overwrite, progress.cancel_token())?;
            finished.push(one);
        }
        Ok(finished)
    }

    /// Runs the job; its outputs stay in memory.
    pub(crate) fn make(&self, prepared: Prepared, progress: &mut Progress<'_>) -> Result<MadeFiles, Failure> {
        let Prepared { mut job, inputs, only } = prepared;
        self.refuse_missing(&job.weights)?;
        let capability = self.registry().get(&job.capability)?;
        let mut notices = std::mem::take(&mut job.notices);
        let outputs = self.noting(Phase::Run, progress, &mut notices, |p| capability.run(&inputs, &job.params, p))?;
        drop(inputs);
        job.notices = notices;
        let files = self.encoded(&mut job, outputs, only.as_ref(), progress)?;
        Ok(MadeFiles { job, files })
    }

    fn encoded(
        &self,
        job: &mut Job,
        outputs: Outputs<Medium>,
        only: Option<&OutputName>,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<MadeFile>, Failure> {
        let Outputs { media, facts, weights } = outputs;
        let facts: BTreeMap<_, _> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if !weights.is_empty() {
            job.weights = weights;
        }
        self.warn_if_lossy(job, &facts, progress)?;
        let mut counted = BTreeMap::new();
        let mut encoded = Vec::new();
        for (name, medium) in media {
            let index = *counted.entry(name).and_modify(|n| *n += 1).or_insert(0_usize);
            let output = OutputName { name: name.to_owned(), index };
            if only.is_none_or(|wanted| *wanted == output) {
                progress.step("encode", encoded.len(), encoded.len() + 1).map_err(Failure::from_error)?;
                let place = place_of(job, &output, only.is_some());
                encoded.push(self.one(job, place, output, medium, &facts, progress)?);
            }
        }
        Ok(encoded)
    }

    /// What the format can't hold is known only after encoding, and belongs into the recipe: then it is encoded again.
    fn one(
        &self,
        job: &mut Job,
        place: Place,
        output: OutputName,
        medium: Medium,
        facts: &BTreeMap<String, Value>,
        progress: &mut Progress<'_>,
    ) -> Result<MadeFile, Failure> {
        let OutputName { name, index } = output.clone();
        let cancel = progress.cancel_token().clone();
        let mut picture = picture_of(medium)?;
        let recipe = self.recipe(job, output.clone(), facts);
        let (mut bytes, warnings) = files::encoded(&mut picture, &job.encoding, &recipe, &cancel)?;
        if !warnings.is_empty() {
            self.noting(Phase::Run, progress, &mut job.notices, |p| {
                for warning in warnings {
                    p.warn(warning.code, warning.message);
                }
            });
            let recipe = self.recipe(job, output, facts);
            (bytes, _) = files::encoded(&mut picture, &job.encoding, &recipe, &cancel)?;
        }
        let (size, sha256) = (bytes.len() as u64, files::sha256(&bytes, &cancel)?);
        let (width, height, facts) = (picture.width, picture.height, facts.clone());
        Ok(MadeFile { finished: Finished { name, index, place, bytes: size, sha256, width, height, facts }, bytes })
    }

    /// What was measured outside the changed area is true of the samples, not of a file that holds others.
    fn warn_if_lossy(
        &self,
        job: &mut Job,
        facts: &BTreeMap<String, Value>,
        progress: &mut Progress<'_>,
    ) -> Result<(), Failure> {
        let Some(format) = files::lossy(&job.encoding)?.filter(|_| facts.contains_key("max_difference_outside")) else {
            return Ok(());
        };
        let message = format!(
            "{format} is lossy: samples outside the changed area are identical before encoding only; \
             PNG, TIFF or lossless WebP keep them"
        );
        self.noting(Phase::Run, progress, &mut job.notices, |p| p.warn("lossy_output", message));
        Ok(())
    }

    fn recipe(&self, job: &Job, output: OutputName, facts: &BTreeMap<String, Value>) -> Recipe {
        Recipe {
            recipe: FORMAT,
            danqing: crate::VERSION.to_owned(),
            capability: Made { id: job.capability.clone(), version: job.version },
            params: job.params.clone(),
            inputs: job.inputs.clone(),
            weights: job.weights.clone(),
            backend: self.backend(),
            output,
            encoding: job.encoding.clone(),
            warnings: distinct(&job.notices),
            facts: facts.clone(),
        }
    }
}

/// Every output is a still picture so far; the match will not compile away another kind silently.
fn picture_of(medium: Medium) -> Result<Picture, Failure> {
    match medium {
        Medium::Picture(picture) => Ok(Arc::unwrap_or_clone(picture)),
        _ => Err(Failure::new(Class::Bug, "an output is of a kind that can't be written")),
    }
}

/// The place asked for; further outputs stand beside the first one.
fn place_of(job: &Job, output: &OutputName, alone: bool) -> Place {
    let asked = job.outputs.get(&output.name);
    let suffix = match (asked.is_some(), output.index) {
        (true, 0) => return asked.cloned().unwrap_or(Place::Stream),
        (true, _) if alone => return asked.cloned().unwrap_or(Place::Stream),
        (true, index) => (index + 1).to_string(),
        (false, 0) => output.name.clone(),
        (false, index) => format!("{}-{}", output.name, index + 1),
    };
    match asked.or_else(|| job.outputs.values().next()) {
        Some(Place::File(first)) => Place::File(beside(first, &suffix)),
        _ => Place::Stream,
    }
}

/// The same warning for every tile is one warning.
fn distinct(notices: &[Notice]) -> Vec<Notice> {
    let mut kept: Vec<Notice> = Vec::new();
    for notice in notices {
        if !kept.contains(notice) {
            kept.push(notice.clone());
        }
    }
    kept
}
