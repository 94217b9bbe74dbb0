//! `blend` on a toy autoencoder whose latents are mean colours, and other files that an autoencoder may come from.

use std::sync::Arc;

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Inputs, Progress};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_pipelines::blend::{Blend, Mix, Params};
use danqing_pipelines::diffusion::Settings;
use danqing_pipelines::reimagine::{self, Reimagine};

use crate::tiny::{Outcome, Tiny};
use crate::toy::Toy;
use crate::{bytes, checkpoints, engine, inputs, picture, pictures, run};

fn plain(width: usize, height: usize, colour: [u8; 3]) -> Picture {
    let samples = colour.repeat(width * height);
    Picture::new(width, height, Channels::Rgb, Samples::U8(samples)).expect("as many samples as pixels")
}

fn both(from: &Picture, to: &Picture) -> Inputs<Medium> {
    inputs(Some(from)).with("other", Medium::Picture(Arc::new(to.clone())))
}

#[test]
fn frames_go_from_the_first_picture_to_the_second() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([0.0; 3]).folder(folder.path())?);
    let (blend, from, to) = (Blend::of(checkpoints(2)?), plain(70, 64, [200, 40, 0]), plain(90, 100, [0, 240, 100]));
    let params = Params { model, frames: 5, ..Params::default() };
    let (_, outputs) = run(&blend, &both(&from, &to), params.clone())?;
    let made = pictures(&outputs);
    assert_eq!(
        (made.len(), made[0], made[4]),
        (5, &from, &plain(70, 64, [0, 240, 100])),
        "ends are the pictures themselves"
    );
    for (index, picture) in made.iter().enumerate().take(4).skip(1) {
        let share = index as f32 / 4.0;
        let expected = [200.0, 40.0, 0.0].iter().zip([0.0, 240.0, 100.0]).map(|(a, b)| a + (b - a) * share);
        let middle = &bytes(picture)[(32 * 70 + 35) * 3..][..3];
        assert!(middle.iter().zip(expected).all(|(a, b)| (f32::from(*a) - b).abs() <= 1.0), "{index}: {middle:?}");
    }
    let one = Params { frames: 1, ratio: 0.25, ..params.clone() };
    assert_eq!(pictures(&run(&blend, &both(&from, &to), one)?.1), [made[1]]);
    let arc = run(&blend, &both(&from, &to), Params { mix: Mix::Spherical, ..params })?.1;
    assert!(pictures(&arc)[2] != made[2] && pictures(&arc)[0] == made[0]);
    Ok(())
}

/// A whole checkpoint in one file, a diffusers folder and the folder of the autoencoder alone hold the same network; and one
/// may stand in for a checkpoint's own.
#[test]
fn an_autoencoder_is_read_from_wherever_it_lies() -> Outcome {
    let folder = tempfile::tempdir()?;
    let root = Tiny::Sd1.folder(&engine(1)?, folder.path())?;
    let (single, alone) = (Tiny::Sd1.single_file(&engine(1)?, folder.path())?, root.join("vae"));
    let file = alone.join("diffusion_pytorch_model.fp16.safetensors");
    let (blend, inputs) = (Blend::of(checkpoints(2)?), both(&picture(72, 64), &picture(80, 90)));
    let made = |model| -> Outcome<Vec<u8>> {
        let (_, outputs) = run(&blend, &inputs, Params { model: Some(model), ..Params::default() })?;
        Ok(bytes(pictures(&outputs)[0]).to_vec())
    };
    let expected = made(root.clone())?;
    for model in [single, alone.clone(), file] {
        assert!(made(model.clone())? == expected, "{}", model.display());
    }
    let toy = Toy::Colour([0.5, -0.5, 0.0]).folder(folder.path())?;
    let settings = Settings { model: Some(toy), steps: 2, seed: Some(1), ..Settings::default() };
    let capability = Reimagine::of(checkpoints(2)?);
    let painted = |vae| -> Outcome<Vec<u8>> {
        let settings = Settings { vae, ..settings.clone() };
        let params = reimagine::Params { settings, width: Some(64), height: Some(64), ..reimagine::Params::default() };
        Ok(bytes(pictures(&run(&capability, &crate::inputs(None), params)?.1)[0]).to_vec())
    };
    assert!(painted(None)? != painted(Some(alone))?);
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([0.0; 3]).folder(folder.path())?);
    let (blend, from) = (Blend::of(checkpoints(1)?), picture(64, 64));
    let good = Params { model, ..Params::default() };
    let two = both(&from, &from);
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/migan.safetensors");
    let table = [
        (&two, Params { model: None, ..good.clone() }, Class::MissingModel, "no checkpoint is named"),
        (&two, Params { model: Some(golden), ..good.clone() }, Class::File, "expected an autoencoder"),
        (&two, Params { model: Some("nowhere".into()), ..good.clone() }, Class::File, "nowhere"),
        (&two, Params { ratio: 1.5, ..good.clone() }, Class::Caller, "ratio 1.5 is out of range (expected 0 to 1)"),
        (&two, Params { frames: 0, ..good.clone() }, Class::Caller, "frames 0 is out of range (expected 1 to 120)"),
        (&two, Params { model_sha256: Some("00".into()), ..good.clone() }, Class::File, "expected 00"),
        (&inputs(Some(&from)), good.clone(), Class::Caller, "no second picture is given"),
        (&inputs(None), good, Class::Caller, "no picture is given"),
    ];
    for (inputs, params, class, says) in table {
        let mut sink = |_: Event| {};
        let made = blend.resolve(inputs, params, &mut Progress::new(CancelToken::default(), &mut sink));
        let error = made.err().ok_or("taken")?;
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), class, "{error}");
    }
    Ok(())
}

#[test]
fn cancelling_stops_between_pictures() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([0.0; 3]).folder(folder.path())?);
    let (blend, inputs) = (Blend::of(checkpoints(1)?), both(&picture(64, 64), &picture(70, 70)));
    for stop in ["encode picture", "decode", "blend"] {
        let token = CancelToken::default();
        let mut steps = 0;
        let mut sink = |event: Event| {
            if matches!(event, Event::Step { stage, .. } if stage == stop) {
                steps += 1;
                token.cancel();
            }
        };
        let mut progress = Progress::new(token.clone(), &mut sink);
        let params =
            blend.resolve(&inputs, Params { model: model.clone(), frames: 4, ..Params::default() }, &mut progress)?;
        let error = blend.run(&inputs, &params, &mut progress).err().ok_or("not stopped")?;
        assert_eq!((error.class(), steps), (Class::Cancelled, 1), "{stop}: {error}");
    }
    Ok(())
}
