//! From what was given to how it is painted.

use super::{Error, Mode, Params, StyleShare, presets, styles};

/// Decides the mode and checks that what was given fits it; gallery styles get their numbers.
pub(super) fn decided(mut params: Params, arts: usize) -> Result<Params, Error> {
    let pictures = presets::pictures_of(&params);
    if !pictures.is_empty() && params.style_weights.is_empty() {
        params.style_weights = pictures.iter().map(|art| art.weight).collect();
    }
    let of_preset = presets::pictures_of(&params).len();
    if of_preset > 0 && arts > 0 {
        return Err(Error::SeveralStyles);
    }
    check_ranges(&params, arts + of_preset)?;
    let has_preset = params.preset.is_some();
    if let Some(style) = params.style.take_if(|style| !has_preset && styles::index_of(style).is_some()) {
        params.styles.insert(0, StyleShare::whole(style));
    }
    if let Some(unknown) = params.style.as_deref().filter(|style| !has_preset && !presets::IDS.contains(style)) {
        return Err(unknown_style(unknown));
    }
    numbered(&mut params.styles)?;
    params.mode = mode(&params, arts)?;
    Ok(params)
}

/// What there is to paint with decides; a forced mode has to find what it needs.
fn mode(params: &Params, arts: usize) -> Result<Mode, Error> {
    let has_pictures = !presets::pictures_of(params).is_empty();
    let given = match (params.style.is_some(), params.styles.is_empty(), arts) {
        (false, true, 0) => return Err(Error::NoStyle),
        (true, true, 0) if has_pictures => Mode::Transfer,
        (true, true, 0) => Mode::Recipe,
        (false, false, 0) => Mode::Gallery,
        (false, true, _) => Mode::Transfer,
        _ => return Err(Error::SeveralStyles),
    };
    match (params.mode, given) {
        (Mode::Auto, given) => Ok(given),
        (asked, given) if asked == given => Ok(asked),
        (Mode::Optimise, Mode::Transfer) => Ok(Mode::Optimise),
        (asked, _) => Err(Error::ModeNeeds { mode: asked }),
    }
}

fn numbered(shares: &mut [StyleShare]) -> Result<(), Error> {
    for share in shares {
        let Some(index) = styles::index_of(&share.style) else { return Err(unknown_style(&share.style)) };
        if !(share.weight.is_finite() && share.weight > 0.0) {
            let actual = share.weight.to_string();
            return Err(Error::OutOfRange { name: "weight of a style", actual, expected: "a number above 0" });
        }
        share.index = Some(index);
    }
    Ok(())
}

fn unknown_style(name: &str) -> Error {
    let known = presets::IDS.iter().copied().chain(styles::GALLERY.iter().map(|style| style.id));
    Error::UnknownStyle { name: name.to_owned(), known: known.collect::<Vec<_>>().join(", ") }
}

fn check_ranges(params: &Params, arts: usize) -> Result<(), Error> {
    let within = |name, actual: f64, low: f64, high: f64, expected| {
        let fits = (low..=high).contains(&actual);
        if fits { Ok(()) } else { Err(Error::OutOfRange { name, actual: actual.to_string(), expected }) }
    };
    within("strength", params.strength, 0.0, 1.0, "0.0 to 1.0")?;
    within("keep_structure", params.keep_structure, 0.0, 1.0, "0.0 to 1.0")?;
    within("smoothing", params.smoothing, 0.0, 1.0, "0.0 to 1.0")?;
    within("style_scale", params.style_scale, 0.25, 4.0, "0.25 to 4.0")?;
    within("feather", params.feather as f64, 0.0, 64.0, "0 to 64 pixels")?;
    if let Some(size) = params.working_size {
        within("working_size", size as f64, 64.0, 16384.0, "64 to 16384 pixels")?;
    }
    let weights = &params.style_weights;
    for &weight in weights {
        within("style_weights", weight, 0.0, 1e6, "0.0 to 1000000 each")?;
    }
    if weights.is_empty() {
        return Ok(());
    }
    if weights.len() != arts {
        return Err(Error::WeightCount { actual: weights.len(), expected: arts });
    }
    if weights.iter().sum::<f64>() > 0.0 { Ok(()) } else { Err(Error::NoWeight) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Params)) -> Params {
        let mut params = Params::default();
        change(&mut params);
        params
    }

    fn named(style: &str) -> Params {
        with(|p| p.style = Some(style.to_owned()))
    }

    #[test]
    fn the_mode_follows_from_what_is_given_and_stays() {
        let cases = [
            (named("ink-wash"), 0, Mode::Recipe),
            (named("ember"), 0, Mode::Gallery),
            (with(|p| p.styles = vec![StyleShare::whole("ember"), StyleShare::whole("carnival")]), 0, Mode::Gallery),
            (Params::default(), 2, Mode::Transfer),
            (with(|p| p.mode = Mode::Optimise), 1, Mode::Optimise),
        ];
        for (params, arts, mode) in cases {
            let once = decided(params, arts).expect("fits");
            assert_eq!(once.mode, mode);
            assert_eq!(decided(once.clone(), arts).expect("fits"), once, "resolving again changes nothing");
        }
        let gallery = decided(named("ember"), 0).expect("fits");
        assert_eq!((gallery.style, gallery.styles[0].index), (None, Some(20)));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let cases = [
            (Params::default(), 0, "no style is given"),
            (named("ember"), 1, "more than one of style, styles and style pictures is given"),
            (with(|p| p.mode = Mode::Gallery), 1, "mode gallery needs the name of a gallery style"),
            (
                with(|p| (p.mode, p.style) = (Mode::Optimise, Some("ember".into()))),
                0,
                "mode optimise needs a style picture",
            ),
            (with(|p| p.strength = 1.5), 1, "strength 1.5 is out of range (expected 0.0 to 1.0)"),
            (with(|p| p.strength = f64::NAN), 1, "strength NaN is out of range (expected 0.0 to 1.0)"),
            (with(|p| p.style_weights = vec![1.0]), 2, "1 style weights are given for 2 style pictures"),
            (with(|p| p.style_weights = vec![0.0, 0.0]), 2, "every style weight is 0"),
        ];
        for (params, arts, message) in cases {
            assert_eq!(decided(params, arts).expect_err(message).to_string(), message);
        }
        let error = decided(named("emberr"), 0).expect_err("a typo").to_string();
        assert!(error.starts_with("there is no style named \"emberr\" (there are ink-wash, oil, "), "{error}");
    }
}
