//! Settings of a picture made elsewhere, and the request for `reimagine` that they mean.

use std::collections::BTreeMap;

use danqing_pipelines::sampling::{Schedule, sampler_and_schedule};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::notice;
use crate::{JobRequest, Notice};

/// What a program says it made a picture with. Names are those of `reimagine`; samplers and schedules stand as the
/// program wrote them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Generation {
    /// What was wanted.
    pub prompt: String,
    /// What was not wanted.
    pub negative_prompt: String,
    /// Sampling steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Sampler, in the program's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// Noise schedule, in the program's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// CFG scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    /// Start of the random numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// `cpu` or `nv`, where the program says or implies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_order: Option<&'static str>,
    /// Width of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Height of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Denoising strength; set only where it started from a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Layer of the text encoder, 1 is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_skip: Option<u64>,
    /// Name of the checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Hash of the checkpoint, as far as the program gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_hash: Option<String>,
    /// What danqing has no words for, as the program wrote it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

impl Generation {
    /// The request that these settings mean, and what of them is not in it. The checkpoint is not: a name is no file.
    #[must_use]
    pub fn request(&self) -> (JobRequest, Vec<Notice>) {
        let (mut params, mut notices) = (Map::new(), Vec::new());
        let mut put = |name: &str, value: Option<Value>| params.extend(value.map(|value| (name.to_owned(), value)));
        let text = |text: &str| (!text.is_empty()).then(|| json!(text));
        put("prompt", text(&self.prompt));
        put("negative_prompt", text(&self.negative_prompt));
        put("strength", self.strength.map(Value::from));
        put("steps", self.steps.map(Value::from));
        put("guidance", self.guidance.map(Value::from));
        let (sampler, schedule) = self.known_names(&mut notices);
        put("sampler", sampler);
        put("schedule", schedule);
        put("seed", self.seed.map(Value::from));
        put("noise_order", self.noise_order.map(Value::from));
        put("width", self.width.map(Value::from));
        put("height", self.height.map(Value::from));
        put("clip_skip", self.clip_skip.filter(|&skip| skip > 1).map(Value::from));
        notices.extend(self.left_out());
        (JobRequest { capability: "reimagine".to_owned(), params, ..JobRequest::default() }, notices)
    }

    /// Sampler and schedule, if danqing has both.
    fn known_names(&self, notices: &mut Vec<Notice>) -> (Option<Value>, Option<Value>) {
        let Some(sampler) = self.sampler.as_deref() else { return (None, None) };
        match sampler_and_schedule(sampler, self.schedule.as_deref()) {
            Ok((sampler, Schedule::Automatic)) => (serde_json::to_value(sampler).ok(), None),
            Ok((sampler, schedule)) => (serde_json::to_value(sampler).ok(), serde_json::to_value(schedule).ok()),
            Err(error) => {
                notices.push(notice("sampler_left_out", error.to_string()));
                (None, None)
            }
        }
    }

    fn left_out(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Some(model) = &self.model {
            let message = format!("the checkpoint {model:?} has to be named as a file: --model PATH");
            notices.push(notice("model_not_named", message));
        }
        if self.strength.is_some() {
            let message = "it started from a picture that is not in the file: give it as input `picture`".to_owned();
            notices.push(notice("picture_not_named", message));
        }
        if !self.others.is_empty() {
            let names = self.others.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            notices.push(notice("settings_left_out", format!("not carried over: {names}")));
        }
        notices
    }
}
