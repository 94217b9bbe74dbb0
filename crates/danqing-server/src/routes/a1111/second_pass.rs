//! The second, larger pass of txt2img ("hires. fix"): `reimagine` makes it in the same job.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::error::ApiError;
use crate::routes::front::params;

/// The upscaler that stands for enlarging the latent.
pub(super) const LATENT: &str = "Latent";
/// Fields that mean nothing without a second pass.
const FIELDS: [&str; 6] =
    ["hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y", "denoising_strength"];
/// Fields of a second pass that nothing here does.
const UNSUPPORTED: [&str; 6] = [
    "hr_checkpoint_name",
    "hr_sampler_name",
    "hr_scheduler",
    "hr_prompt",
    "hr_negative_prompt",
    "hr_additional_modules",
];
/// How much larger the second pass may be.
const SCALE: (f64, f64) = (1.0, 4.0);

/// Parameters of the second pass after a first one of `size`; none where none is asked for. The API's own defaults: twice
/// as large, by the latent, strength 0.75, as many steps.
pub(super) fn read(fields: &mut Fields, size: (u64, u64)) -> Result<Map<String, Value>, ApiError> {
    fields.take("firstphase_width");
    fields.take("firstphase_height");
    if !fields.switch("enable_hr", false)? {
        for name in FIELDS.iter().chain(&UNSUPPORTED) {
            fields.take(name);
        }
        return Ok(Map::new());
    }
    fields.ignore(&UNSUPPORTED);
    let scale = fields.number("hr_scale", 2.0, SCALE)?;
    let wanted = (fields.whole("hr_resize_x", 0, (0, 4096))?, fields.whole("hr_resize_y", 0, (0, 4096))?);
    let scale = scale_to(fields, scale, size, wanted)?;
    let upscaler = fields.text("hr_upscaler")?.unwrap_or_else(|| LATENT.to_owned());
    let enlarge = if upscaler.starts_with(LATENT) { "latent" } else { "picture" };
    if !["Lanczos", "None", LATENT].contains(&upscaler.as_str()) {
        let done = if enlarge == "latent" { LATENT } else { "Lanczos" };
        fields.warn(format!("hr_upscaler {upscaler:?} is not supported; {done} enlarges the first pass"));
    }
    let strength = fields.number("denoising_strength", 0.75, (0.0, 1.0))?;
    let steps = fields.whole("hr_second_pass_steps", 0, (0, 150))?;
    Ok(params(json!({
        "hires": scale, "hires_strength": strength, "hires_steps": steps, "hires_enlarge": enlarge,
    })))
}

/// The factor that gives the size asked for; the one given where no size is.
fn scale_to(fields: &mut Fields, scale: f64, (width, height): (u64, u64), wanted: (i64, i64)) -> Result<f64, ApiError> {
    let (x, y) = (wanted.0 as f64 / width as f64, wanted.1 as f64 / height as f64);
    let scale = match wanted {
        (0, 0) => return Ok(scale),
        (0, _) => y,
        (_, 0) => x,
        _ => {
            if (x - y).abs() > 0.01 {
                fields
                    .warn("hr_resize_x and hr_resize_y are of other proportions than the picture, which keeps its own");
            }
            x.max(y)
        }
    };
    if (SCALE.0..=SCALE.1).contains(&scale) {
        return Ok(scale);
    }
    let message = format!("{scale:.2} times the first pass was asked for, {} to {} is made", SCALE.0, SCALE.1);
    Err(ApiError::invalid("hr_resize_x", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &'static str) -> (Value, Vec<String>) {
        let mut fields = Fields::read(&axum::body::Bytes::from_static(text.as_bytes())).expect(text);
        let made = read(&mut fields, (512, 256)).unwrap_or_else(|e| panic!("{text}: {}", e.message));
        fields.finish();
        (Value::Object(made), fields.warnings)
    }

    #[test]
    fn the_second_pass_has_the_defaults_of_the_original() {
        let (made, warnings) = made(r#"{"enable_hr": true}"#);
        let usual = json!({"hires": 2.0, "hires_strength": 0.75, "hires_steps": 0, "hires_enlarge": "latent"});
        assert_eq!((made, warnings), (usual, vec![]));
    }

    #[test]
    fn sizes_strength_and_upscaler_are_read() {
        let (read, warnings) = made(
            r#"{"enable_hr": true, "hr_resize_x": 768, "hr_resize_y": 384, "denoising_strength": 0.4,
                "hr_second_pass_steps": 9, "hr_upscaler": "R-ESRGAN 4x+", "hr_prompt": "x"}"#,
        );
        let expected = json!({"hires": 1.5, "hires_strength": 0.4, "hires_steps": 9, "hires_enlarge": "picture"});
        assert_eq!(read, expected);
        assert_eq!(
            warnings,
            [
                "hr_prompt is not supported and was left out",
                "hr_upscaler \"R-ESRGAN 4x+\" is not supported; Lanczos enlarges the first pass"
            ]
        );
        assert_eq!(made(r#"{"enable_hr": true, "hr_resize_y": 640}"#).0["hires"], 2.5);
    }

    #[test]
    fn without_it_its_fields_say_nothing() {
        let read = made(r#"{"hr_scale": 3, "denoising_strength": 0.2, "hr_prompt": "x", "firstphase_width": 0}"#);
        assert_eq!(read, (json!({}), vec![]));
    }
}
