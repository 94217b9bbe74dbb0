//! The generative fill of `extend`, with a toy whose optimum is known.

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Progress};
use danqing_media::{Channels, Picture, Samples};
use danqing_pipelines::extend::{Extend, Fill, Generative, Length, Params};
use danqing_weights::{ModelStore, StoreConfig};

use crate::tiny::{Outcome, Tiny};
use crate::toy::Toy;
use crate::{bytes, checkpoints, engine, inputs, picture, pictures, run};

fn extend(threads: usize) -> Outcome<Extend> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    Ok(Extend::sharing(&store, &engine(threads)?, checkpoints(threads)?))
}

/// A plain picture of the colour that the toy wants: what is new goes on without an edge, the picture stays.
#[test]
fn what_is_new_is_what_the_denoiser_wants_and_the_picture_stays() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Colour([-0.8, 0.6, -0.2]).folder(folder.path())?);
    let samples =
        (0..80 * 64).flat_map(|at| [26, 204, 102].map(|value| value + (at % 80 / 8 + at / 640) as u8 % 2)).collect();
    let before = Picture::new(80, 64, Channels::Rgb, Samples::U8(samples))?;
    let generative = Generative { model, steps: 4, sampler: "euler".into(), ..Generative::default() };
    let side = |pixels| Some(Length::Pixels(pixels));
    let params = Params {
        left: side(24),
        bottom: side(17),
        fill: Fill::Generative,
        feather: 4,
        generative,
        ..Params::default()
    };
    let (_, outputs) = run(&extend(2)?, &inputs(Some(&before)), params)?;
    let made = pictures(&outputs)[0];
    assert_eq!(made.size(), (104, 81));
    for y in 0..81 {
        for x in 0..104 {
            let pixel = &bytes(made)[(y * 104 + x) * 3..][..3];
            let inside = (28..104).contains(&x) && y < 60;
            if inside {
                assert_eq!(pixel, &bytes(&before)[(y * 80 + x - 24) * 3..][..3], "{x},{y}");
            } else {
                assert!(pixel.iter().zip([26, 204, 102]).all(|(a, b)| a.abs_diff(b) <= 4), "{x},{y}: {pixel:?}");
            }
        }
    }
    assert_eq!(outputs.facts["max_difference_outside"], 0);
    assert_eq!(outputs.weights.len(), 2, "checkpoint and tokenizer");
    Ok(())
}

/// A gradient from top to bottom goes on as it is. The sizes make the network see the picture at its own scale, so that the new
/// area is one column of the latent.
#[test]
fn a_gradient_is_continued() -> Outcome {
    let folder = tempfile::tempdir()?;
    let model = Some(Toy::Continued.folder(folder.path())?);
    let (width, height) = (240, 1968);
    let colour = |y: usize| [20 + y * 210 / height, 128, 230 - y * 210 / height].map(|value| value as u8);
    let samples = (0..width * height).flat_map(|at| colour(at / width)).collect();
    let before = Picture::new(width, height, Channels::Rgb, Samples::U8(samples))?;
    let sampler = "euler".into();
    let generative = Generative { model, steps: 2, sampler, context: Some(200), ..Generative::default() };
    let left = Some(Length::Pixels(8));
    let params = Params { left, fill: Fill::Generative, feather: 0, generative, ..Params::default() };
    let (_, outputs) = run(&extend(2)?, &inputs(Some(&before)), params)?;
    let made = pictures(&outputs)[0];
    assert_eq!(made.size(), (width + 8, height));
    for (at, pixel) in bytes(made).chunks(3).enumerate() {
        let (x, expected) = (at % (width + 8), colour(at / (width + 8)));
        let most = if x < 8 { 2 } else { 0 };
        let is_near = pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= most);
        assert!(is_near, "{x},{}: {pixel:?}, expected {expected:?}", at / (width + 8));
    }
    Ok(())
}

/// With an inpainting network and a prompt of its own per side: other prompts, other sides.
#[test]
fn every_side_listens_to_its_own_prompt() -> Outcome {
    let (folder, before) = (tempfile::tempdir()?, picture(96, 80));
    let model = Some(Tiny::Inpaint.folder(&engine(1)?, folder.path())?);
    let own = Generative { model, steps: 2, prompt: "a beach".into(), ..Generative::default() };
    let extend = extend(2)?;
    let made = |generative: Generative| -> Outcome<Picture> {
        let (left, right) = (Some(Length::Pixels(16)), Some(Length::Pixels(16)));
        let params = Params { left, right, fill: Fill::Generative, seed: Some(3), generative, ..Params::default() };
        Ok(pictures(&run(&extend, &inputs(Some(&before)), params)?.1)[0].clone())
    };
    let plain = made(own.clone())?;
    let other = made(Generative { prompt_right: Some("a forest at night".into()), ..own })?;
    let part = |picture: &Picture, first: usize| -> Vec<u8> {
        (0..80).flat_map(|y| bytes(picture)[(y * 128 + first) * 3..][..16 * 3].to_vec()).collect()
    };
    assert_eq!(part(&plain, 0), part(&other, 0));
    assert!(part(&plain, 112) != part(&other, 112));
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let (folder, before, extend) = (tempfile::tempdir()?, picture(72, 64), extend(1)?);
    let good = Generative { model: Some(Tiny::Sd1.folder(&engine(1)?, folder.path())?), ..Generative::default() };
    let instruct = Some(Tiny::Pix2Pix.folder(&engine(1)?, folder.path())?);
    let table = [
        (Generative::default(), Class::MissingModel, "no checkpoint is named"),
        (Generative { model: instruct, ..good.clone() }, Class::Unsupported, "an InstructPix2Pix checkpoint"),
        (Generative { steps: 0, ..good.clone() }, Class::Caller, "steps 0 is out of range"),
        (Generative { sampler: "oiler".into(), ..good.clone() }, Class::Caller, "there is no sampler \"oiler\""),
        (Generative { context: Some(8), ..good.clone() }, Class::Caller, "context 8 is out of range"),
        (Generative { prompt_top: Some("a <lora:b:x>".into()), ..good }, Class::Caller, "is not a number"),
    ];
    for (generative, class, says) in table {
        let params = Params { left: Some(Length::Pixels(8)), fill: Fill::Generative, generative, ..Params::default() };
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let error = extend.resolve(&inputs(Some(&before)), params, &mut progress).err().ok_or("taken")?;
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), class, "{error}");
    }
    Ok(())
}
