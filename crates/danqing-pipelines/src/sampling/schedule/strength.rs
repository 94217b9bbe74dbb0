//! How many of the steps a picture goes through: A1111's rule, equal to `setup_img2img_steps` of
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/sd_samplers_common.py`, and diffusers' `get_timesteps`.

/// Whose rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A1111: of `steps` levels the last `int(min(strength, 0.999)·steps) + 1` are gone through.
    A1111,
    /// A1111 with "with img2img, do exactly the amount of steps the slider specifies".
    A1111Exact,
    /// diffusers: the last `int(steps·strength)`, none at strength 0.
    Diffusers,
}

/// `(length, first)`: the schedule is made for `length` steps and gone through from its level number `first` on.
#[must_use]
pub fn denoise_steps(rule: Strength, steps: usize, strength: f64) -> (usize, usize) {
    let capped = strength.min(0.999);
    match rule {
        Strength::A1111 => (steps, steps.saturating_sub((capped * steps as f64) as usize + 1)),
        Strength::A1111Exact if strength > 0.0 => {
            let length = (steps as f64 / capped) as usize;
            (length, length - steps.min(length))
        }
        Strength::A1111Exact => (0, 0),
        Strength::Diffusers => (steps, steps - ((steps as f64 * strength) as usize).min(steps)),
    }
}
