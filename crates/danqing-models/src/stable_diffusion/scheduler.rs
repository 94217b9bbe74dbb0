//! How a checkpoint was trained: diffusers' `scheduler/scheduler_config.json`, or what a single file says beside its weights.

use danqing_weights::TensorFile;
use serde::Deserialize;

use super::OpenError;

/// What a UNet was trained to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicts {
    /// The noise.
    Noise,
    /// Velocity.
    Velocity,
    /// The denoised latent.
    Sample,
}

/// How fast training added noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Betas {
    /// Straight.
    Linear,
    /// Straight in the square root.
    ScaledLinear,
    /// `squaredcos_cap_v2`.
    SquaredCosine,
}

/// What is known about the training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// What the UNet predicts, where it is said.
    pub predicts: Option<Predicts>,
    /// Kind of schedule.
    pub betas: Betas,
    /// Beta of the first timestep.
    pub beta_start: f32,
    /// Beta of the last.
    pub beta_end: f32,
    /// How many timesteps.
    pub timesteps: usize,
    /// Whether the last timestep is pure noise.
    pub has_zero_terminal_snr: bool,
}

impl Default for Training {
    /// Of every published Stable Diffusion (CompVis/stable-diffusion: v1-inference.yaml).
    fn default() -> Self {
        Self {
            predicts: None,
            betas: Betas::ScaledLinear,
            beta_start: 0.000_85,
            beta_end: 0.012,
            timesteps: 1000,
            has_zero_terminal_snr: false,
        }
    }
}

#[derive(Deserialize)]
struct Config {
    prediction_type: Option<String>,
    beta_schedule: Option<String>,
    beta_start: Option<f32>,
    beta_end: Option<f32>,
    num_train_timesteps: Option<usize>,
    #[serde(default)]
    rescale_betas_zero_snr: bool,
}

impl Training {
    /// From the text of a scheduler's config; `file` for messages.
    pub(super) fn from_json(text: &str, file: &str) -> Result<Self, OpenError> {
        let wrong = |reason: String| OpenError::Config { file: file.to_owned(), reason };
        let config: Config = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let predicts = match config.prediction_type.as_deref() {
            None | Some("epsilon") => Predicts::Noise,
            Some("v_prediction") => Predicts::Velocity,
            Some("sample") => Predicts::Sample,
            Some(other) => {
                return Err(wrong(format!(
                    "prediction_type is {other:?}, expected \"epsilon\", \"v_prediction\" or \"sample\""
                )));
            }
        };
        let betas = match config.beta_schedule.as_deref() {
            None | Some("scaled_linear") => Betas::ScaledLinear,
            Some("linear") => Betas::Linear,
            Some("squaredcos_cap_v2") => Betas::SquaredCosine,
            Some(other) => {
                return Err(wrong(format!(
                    "beta_schedule is {other:?}, expected \"scaled_linear\", \"linear\" or \"squaredcos_cap_v2\""
                )));
            }
        };
        let usual = Self::default();
        let timesteps = config.num_train_timesteps.unwrap_or(usual.timesteps);
        if !(2..=100_000).contains(&timesteps) {
            return Err(wrong(format!("num_train_timesteps is {timesteps}, expected 2 to 100000")));
        }
        Ok(Self {
            predicts: Some(predicts),
            betas,
            beta_start: config.beta_start.unwrap_or(usual.beta_start),
            beta_end: config.beta_end.unwrap_or(usual.beta_end),
            timesteps,
            has_zero_terminal_snr: config.rescale_betas_zero_snr,
        })
    }

    /// From marks that some single files carry: the tensors `v_pred` and `ztsnr`, or `modelspec.prediction_type`.
    pub(super) fn from_marks(file: &TensorFile) -> Self {
        let is_marked = |name: &str| file.get(name).is_some();
        let said = file.metadata().get("modelspec.prediction_type").map(String::as_str);
        let predicts = match said {
            Some("v" | "v_prediction") => Some(Predicts::Velocity),
            Some("epsilon") => Some(Predicts::Noise),
            _ if is_marked("v_pred") => Some(Predicts::Velocity),
            _ => None,
        };
        Self { predicts, has_zero_terminal_snr: is_marked("ztsnr"), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_config_says_is_read_and_what_it_can_not_mean_is_refused() {
        let read = |text: &str| Training::from_json(text, "scheduler_config.json");
        let velocity =
            read(r#"{"prediction_type": "v_prediction", "rescale_betas_zero_snr": true, "clip_sample": false}"#);
        let usual = Training::default();
        let expected = Training { predicts: Some(Predicts::Velocity), has_zero_terminal_snr: true, ..usual };
        assert_eq!(velocity.unwrap(), expected);
        assert_eq!(read("{}").unwrap(), Training { predicts: Some(Predicts::Noise), ..usual });
        let linear = read(r#"{"beta_schedule": "linear", "beta_start": 0.1, "num_train_timesteps": 20}"#).unwrap();
        assert_eq!((linear.betas, linear.beta_start, linear.timesteps), (Betas::Linear, 0.1, 20));
        for (text, says) in [
            (r#"{"prediction_type": "flow"}"#, r#"prediction_type is "flow", expected "epsilon""#),
            (r#"{"beta_schedule": "sigmoid"}"#, r#"beta_schedule is "sigmoid", expected "scaled_linear""#),
            (r#"{"num_train_timesteps": 1}"#, "num_train_timesteps is 1, expected 2 to 100000"),
            ("[", "scheduler_config.json: "),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
