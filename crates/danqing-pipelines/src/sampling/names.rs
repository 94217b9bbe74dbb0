//! Samplers and schedules by the names that other programs use: A1111 and Forge (with the joint names of before 1.9, "DPM++ 2M
//! Karras"), `ComfyUI`, diffusers. Rule of joint names: `get_sampler_and_scheduler` of
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/sd_samplers.py`, but an unknown name is refused.

use danqing_capability::{Class, Classified};

use super::{Sampler, Schedule};

const SAMPLERS: &[(Sampler, &[&str])] = &[
    (Sampler::Euler, &["Euler", "k_euler", "EulerDiscreteScheduler"]),
    (Sampler::EulerAncestral, &["Euler a", "k_euler_a", "k_euler_ancestral", "EulerAncestralDiscreteScheduler"]),
    (Sampler::Heun, &["Heun", "k_heun", "HeunDiscreteScheduler"]),
    (Sampler::Lms, &["LMS", "k_lms", "LMSDiscreteScheduler"]),
    (Sampler::Dpm2, &["DPM2", "k_dpm_2", "KDPM2DiscreteScheduler"]),
    (Sampler::Dpm2Ancestral, &["DPM2 a", "k_dpm_2_a", "k_dpm_2_ancestral", "KDPM2AncestralDiscreteScheduler"]),
    (Sampler::Dpmpp2sAncestral, &["DPM++ 2S a", "k_dpmpp_2s_a", "k_dpmpp_2s_ancestral"]),
    (Sampler::Dpmpp2m, &["DPM++ 2M", "k_dpmpp_2m", "DPMSolverMultistepScheduler"]),
    (Sampler::DpmppSde, &["DPM++ SDE", "k_dpmpp_sde", "dpmpp_sde_gpu", "DPMSolverSDEScheduler"]),
    (Sampler::Dpmpp2mSde, &["DPM++ 2M SDE", "k_dpmpp_2m_sde", "dpmpp_2m_sde_gpu"]),
    (Sampler::Dpmpp2mSdeHeun, &["DPM++ 2M SDE Heun", "k_dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"]),
    (Sampler::Dpmpp3mSde, &["DPM++ 3M SDE", "k_dpmpp_3m_sde", "dpmpp_3m_sde_gpu"]),
    (Sampler::Ddim, &["DDIM", "DDIMScheduler"]),
    (Sampler::Plms, &["PLMS", "PNDM", "PNDMScheduler"]),
    (Sampler::UniPc, &["UniPC", "uni_pc_bh2", "UniPCMultistepScheduler"]),
    (Sampler::Deis, &["DEIS", "DEISMultistepScheduler"]),
    (Sampler::Ipndm, &["IPNDM"]),
    (Sampler::Lcm, &["LCM", "k_lcm", "LCMScheduler"]),
    (Sampler::Tcd, &["TCD", "TCDScheduler"]),
    (Sampler::Restart, &["Restart"]),
];

const SCHEDULES: &[(Schedule, &[&str])] = &[
    (Schedule::Automatic, &["Automatic", "Use same scheduler"]),
    (Schedule::Uniform, &["Uniform", "Normal"]),
    (Schedule::Karras, &["Karras"]),
    (Schedule::Exponential, &["Exponential"]),
    (Schedule::Polyexponential, &["Polyexponential"]),
    (Schedule::SgmUniform, &["SGM Uniform", "SGMUniform"]),
    (Schedule::KlOptimal, &["KL Optimal"]),
    (Schedule::AlignYourSteps, &["Align Your Steps", "Align Your Steps 11", "ays"]),
    (Schedule::AlignYourSteps32, &["Align Your Steps 32"]),
    (Schedule::AlignYourStepsGits, &["Align Your Steps GITS", "gits"]),
    (Schedule::Simple, &["Simple"]),
    (Schedule::Ddim, &["DDIM", "ddim_uniform"]),
    (Schedule::Beta, &["Beta"]),
    (Schedule::Turbo, &["Turbo"]),
    (Schedule::Leading, &["Leading"]),
    (Schedule::Trailing, &["Trailing"]),
    (Schedule::Linspace, &["Linspace"]),
    (Schedule::Lcm, &["LCM"]),
];

/// A name that nobody uses, or none that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not a sampler.
    #[error("there is no sampler \"{0}\"")]
    Sampler(String),
    /// Not a schedule.
    #[error("there is no schedule \"{0}\"")]
    Schedule(String),
}

impl Classified for NameError {
    fn class(&self) -> Class {
        Class::Caller
    }

    fn hint(&self) -> Option<String> {
        let first = |names: &[&'static str]| names[0];
        let names: Vec<&str> = match self {
            Self::Sampler(_) => SAMPLERS.iter().map(|(_, names)| first(names)).collect(),
            Self::Schedule(_) => SCHEDULES.iter().map(|(_, names)| first(names)).collect(),
        };
        Some(format!("known are {}", names.join(", ")))
    }
}

/// Sampler and schedule from what was typed; letter case, blanks, hyphens and underscores do not count. A schedule at the end
/// of the sampler's name wins over `schedule`, as in A1111; no schedule is [`Schedule::Automatic`].
///
/// # Errors
/// [`NameError`] for a name that is not known.
pub fn sampler_and_schedule(sampler: &str, schedule: Option<&str>) -> Result<(Sampler, Schedule), NameError> {
    let asked = match schedule.filter(|name| !name.trim().is_empty()) {
        Some(name) => named(SCHEDULES, name).ok_or_else(|| NameError::Schedule(name.to_owned()))?,
        None => Schedule::Automatic,
    };
    if let Some(sampler) = named(SAMPLERS, sampler) {
        return Ok((sampler, asked));
    }
    joint(sampler).ok_or_else(|| NameError::Sampler(sampler.to_owned()))
}

/// The name that A1111 has for it.
#[must_use]
pub fn label_of_sampler(sampler: Sampler) -> &'static str {
    labels_of_samplers().find(|(found, _)| *found == sampler).map_or("Euler", |(_, names)| names[0])
}

/// The name that A1111 has for it, and danqing's for schedules that A1111 does not name.
#[must_use]
pub fn label_of_schedule(schedule: Schedule) -> &'static str {
    labels_of_schedules().find(|(found, _)| *found == schedule).map_or("Automatic", |(_, names)| names[0])
}

/// Every sampler with the names it is known by, A1111's first.
pub fn labels_of_samplers() -> impl Iterator<Item = (Sampler, &'static [&'static str])> {
    SAMPLERS.iter().copied()
}

/// Every schedule with the names it is known by, A1111's first.
pub fn labels_of_schedules() -> impl Iterator<Item = (Schedule, &'static [&'static str])> {
    SCHEDULES.iter().copied()
}

/// "DPM++ 2M Karras", "DPM2 a Karras": the words of a schedule after those of a sampler.
fn joint(name: &str) -> Option<(Sampler, Schedule)> {
    let mut cuts = name.match_indices([' ', '_']).map(|(at, _)| at);
    cuts.find_map(|at| Some((named(SAMPLERS, &name[..at])?, named(SCHEDULES, &name[at + 1..])?)))
}

fn named<T: Copy + serde::Serialize>(known: &[(T, &[&str])], name: &str) -> Option<T> {
    let wanted = plain(name);
    let own = |value: &T| serde_json::to_value(value).ok().and_then(|value| value.as_str().map(plain));
    let fits = |(value, names): &&(T, &[&str])| {
        names.iter().any(|known| plain(known) == wanted) || own(value).as_deref() == Some(wanted.as_str())
    };
    known.iter().find(fits).map(|(value, _)| *value)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_programs() {
        let table = [
            ("Euler a", None, Sampler::EulerAncestral, Schedule::Automatic),
            ("euler_ancestral", Some("karras"), Sampler::EulerAncestral, Schedule::Karras),
            ("DPM++ 2M Karras", None, Sampler::Dpmpp2m, Schedule::Karras),
            ("DPM++ 2M Karras", Some("Exponential"), Sampler::Dpmpp2m, Schedule::Karras),
            ("DPM++ 2M SDE Exponential", Some("Automatic"), Sampler::Dpmpp2mSde, Schedule::Exponential),
            ("DPM++ 2M SDE Heun Karras", None, Sampler::Dpmpp2mSdeHeun, Schedule::Karras),
            ("DPM++ 2M SDE Heun Exponential", None, Sampler::Dpmpp2mSdeHeun, Schedule::Exponential),
            ("DPM++ 2S a Karras", None, Sampler::Dpmpp2sAncestral, Schedule::Karras),
            ("DPM++ 3M SDE Karras", None, Sampler::Dpmpp3mSde, Schedule::Karras),
            ("DPM2 a Karras", None, Sampler::Dpm2Ancestral, Schedule::Karras),
            ("LMS Karras", None, Sampler::Lms, Schedule::Karras),
            ("Euler SGM Uniform", None, Sampler::Euler, Schedule::SgmUniform),
            ("Euler SGMUniform", None, Sampler::Euler, Schedule::SgmUniform),
            ("DPM++ 2M Align Your Steps GITS", None, Sampler::Dpmpp2m, Schedule::AlignYourStepsGits),
            ("dpmpp_2m_sde_gpu", Some("normal"), Sampler::Dpmpp2mSde, Schedule::Uniform),
            ("uni_pc", Some("ddim_uniform"), Sampler::UniPc, Schedule::Ddim),
            ("UniPCMultistepScheduler", Some(""), Sampler::UniPc, Schedule::Automatic),
            ("DDIM", None, Sampler::Ddim, Schedule::Automatic),
            ("euler_karras", None, Sampler::Euler, Schedule::Karras),
        ];
        for (sampler, schedule, wanted_sampler, wanted_schedule) in table {
            let found = sampler_and_schedule(sampler, schedule);
            assert_eq!(found, Ok((wanted_sampler, wanted_schedule)), "{sampler} {schedule:?}");
        }
    }

    #[test]
    fn unknown_names_are_refused_with_what_is_known() {
        let error = sampler_and_schedule("DPM adaptive", None).unwrap_err();
        assert_eq!(error, NameError::Sampler("DPM adaptive".to_owned()));
        assert!(error.hint().unwrap().contains("DPM++ 2M"));
        let error = sampler_and_schedule("Euler", Some("carrots")).unwrap_err();
        assert_eq!(error.to_string(), "there is no schedule \"carrots\"");
        assert!(sampler_and_schedule("Euler Carrots", None).is_err());
        assert!(sampler_and_schedule("", None).is_err());
    }

    #[test]
    fn every_sampler_is_known_by_its_own_name() {
        for sampler in Sampler::ALL {
            let name = serde_json::to_value(sampler).unwrap();
            assert_eq!(sampler_and_schedule(name.as_str().unwrap(), None), Ok((sampler, Schedule::Automatic)));
        }
    }
}
