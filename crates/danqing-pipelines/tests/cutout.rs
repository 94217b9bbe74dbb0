//! `select` on a disc, `cutout` on compositions whose opacity is known, and on the real networks.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use danqing_capability::{CancelToken, Capability, Class, Classified, Inputs, Outputs, Progress};
use danqing_media::{Channels, Mask, Medium, Picture, Raster, Samples, SrgbF32};
use danqing_pipelines::cutout::{Background, Cutout, Error, Params};
use support::{engine, medium, progress_ignored, store};

const SIDE: usize = 160;

fn cutout() -> Cutout {
    Cutout::new(&store(), &engine())
}

fn truth(x: usize, y: usize) -> f32 {
    let (dx, dy) = (x as f32 - 80.0, y as f32 - 80.0);
    let (distance, angle) = (dx.hypot(dy), dy.atan2(dx));
    let hair = ((angle * 40.0).cos() * 2.0 - 0.8).clamp(0.0, 1.0) * ((58.0 - distance) / 12.0).clamp(0.0, 1.0);
    (40.5 - distance).clamp(0.0, 1.0).max(hair)
}

/// A dark red ball with hairs before a light blue ground; 16 bit.
fn ball() -> Picture {
    let samples = (0..SIDE * SIDE).flat_map(|i| {
        let (x, y) = (i % SIDE, i / SIDE);
        let (a, shade) = (truth(x, y), x as f32 / SIDE as f32);
        let (front, back) = ([0.5, 0.1 + 0.1 * shade, 0.1], [0.6 + 0.2 * shade, 0.8, 0.95]);
        [0, 1, 2].map(|c| ((a * front[c] + (1.0 - a) * back[c]) * 65_535.0) as u16)
    });
    Picture::new(SIDE, SIDE, Channels::Rgb, Samples::U16(samples.collect())).expect("a picture")
}

fn trimap() -> Picture {
    Picture::from_mask(Mask::from_fn(SIDE, SIDE, |x, y, s| {
        let distance = (x as f32 - 80.0).hypot(y as f32 - 80.0);
        s[0] = if distance < 36.0 {
            255
        } else if distance > 62.0 {
            0
        } else {
            128
        };
    }))
}

fn inputs() -> Inputs<Medium> {
    Inputs::new().with("picture", medium(ball())).with("trimap", medium(trimap()))
}

fn run(inputs: &Inputs<Medium>, params: Params) -> Result<Outputs<Medium>, Error> {
    progress_ignored(|progress| {
        let cutout = cutout();
        let params = cutout.resolve(inputs, params, progress)?;
        cutout.run(inputs, &params, progress)
    })
}

fn picture_of(outputs: &Outputs<Medium>, at: usize) -> &Picture {
    match &outputs.media[at].1 {
        Medium::Picture(picture) => picture,
        _ => panic!("a picture"),
    }
}

fn made(params: Params) -> Picture {
    picture_of(&run(&inputs(), params).expect("it runs"), 0).clone()
}

fn samples(picture: &Picture) -> &[u16] {
    match &picture.samples {
        Samples::U16(samples) => samples,
        Samples::U8(_) => panic!("16 bit"),
    }
}

#[test]
fn opacity_and_colours_are_the_subject_s() {
    let made = made(Params::default());
    assert_eq!((made.channels, made.size()), (Channels::Rgba, (SIDE, SIDE)));
    let (mut wrong, mut flat, mut fringe, mut count) = (0.0, 0.0, 0.0, 0);
    let before = ball();
    for (i, (pixel, old)) in samples(&made).chunks_exact(4).zip(samples(&before).chunks_exact(3)).enumerate() {
        let (x, y) = (i % SIDE, i / SIDE);
        let (alpha, truth) = (f32::from(pixel[3]) / 65_535.0, truth(x, y));
        wrong += (alpha - truth).abs();
        flat += (if (x as f32 - 80.0).hypot(y as f32 - 80.0) < 49.0 { 1.0 } else { 0.0 } - truth).abs();
        if pixel[3] == u16::MAX {
            assert_eq!(&pixel[..3], old, "a pixel that is wholly subject keeps its bits");
        } else if (0.2..0.8).contains(&truth) {
            fringe += (f32::from(pixel[2]) / 65_535.0 - 0.1).abs();
            count += 1;
        }
    }
    assert!(wrong * 5.0 < flat, "SAD {wrong}, of a plain disc {flat}");
    assert!(fringe / (count as f32) < 0.08, "mean fringe {} over {count} pixels", fringe / count as f32);
}

#[test]
fn nothing_of_the_old_ground_stays_far_from_the_subject() {
    let made = made(Params::default());
    assert_eq!(samples(&made)[..4], [0, 0, 0, 0]);
}

#[test]
fn backgrounds_stand_behind_the_subject() {
    let colour = made(Params { background: Some(Background::Colour), colour: "#00ff00".into(), ..Params::default() });
    assert_eq!((colour.channels, &samples(&colour)[..3]), (Channels::Rgb, &[0, 65_535, 0][..]));
    let middle = (80 * SIDE + 80) * 3;
    assert_eq!(samples(&colour)[middle..middle + 3], samples(&ball())[middle..middle + 3]);
    let wide = Picture::from_srgb(&Raster::<SrgbF32>::filled(400, 100, 0.25), danqing_media::Depth::Eight);
    let with = inputs().with("backdrop", medium(wide));
    let before = run(&with, Params::default()).expect("it runs");
    assert!(samples(picture_of(&before, 0))[0].abs_diff(64 * 257) <= 1, "the backdrop covers the corner");
    let blurred = made(Params { background: Some(Background::Blur), blur: 0.05, ..Params::default() });
    let corner = &samples(&blurred)[..3];
    let before = ball();
    let old = &samples(&before)[..3];
    assert!(corner.iter().zip(old).all(|(a, b)| a.abs_diff(*b) < 2000), "{corner:?}, was {old:?}");
}

#[test]
fn crop_shift_shadow_and_mask_do_what_they_say() {
    let cropped =
        run(&inputs(), Params { crop: true, margin: 0.0, write_mask: true, ..Params::default() }).expect("runs");
    let (picture, mask) = (picture_of(&cropped, 0), picture_of(&cropped, 1));
    assert_eq!(picture.size(), mask.size());
    assert!((100..=126).contains(&picture.width), "{}", picture.width);
    let share = |picture: &Picture| samples(picture).chunks_exact(4).map(|p| f64::from(p[3])).sum::<f64>();
    let plain = share(&made(Params::default()));
    assert!(share(&made(Params { shift: 2, ..Params::default() })) > plain * 1.02);
    assert!(share(&made(Params { shift: -2, ..Params::default() })) < plain * 0.98);
    assert!(share(&made(Params { shadow: 0.5, ..Params::default() })) > plain * 1.02);
}

#[test]
fn both_networks_find_a_ball_and_hints_win() {
    let picture = Inputs::new().with("picture", medium(ball()));
    for model in ["general", "auto"] {
        let outputs = run(&picture, Params { model: model.into(), ..Params::default() }).expect("it runs");
        let share = outputs.facts["subject_share"].as_f64().expect("a number");
        assert!((0.18..0.34).contains(&share), "{model}: {share}"); // the disc alone is 0.20
        assert!(!outputs.weights.is_empty());
    }
    let everything = Picture::from_mask(Mask::filled(SIDE, SIDE, 255));
    let removed = picture.with("remove", medium(everything));
    let mut warned = Vec::new();
    let mut sink = |event| warned.push(format!("{event:?}"));
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let cutout = cutout();
    let params = cutout.resolve(&removed, Params::default(), &mut progress).expect("resolved");
    let outputs = cutout.run(&removed, &params, &mut progress).expect("it runs");
    assert_eq!(outputs.facts["subject_share"], 0.0);
    assert!(warned.iter().any(|event| event.contains("nothing_found")), "{warned:?}");
}

#[test]
fn what_can_not_be_is_said() {
    let small = Picture::from_mask(Mask::filled(8, 9, 0));
    let cases = [
        (Params { model: "nobody".into(), ..Params::default() }, "there is no model \"nobody\""),
        (Params { colour: "grün".into(), ..Params::default() }, "\"grün\" is not a colour (expected #rrggbb)"),
        (Params { shift: 65, ..Params::default() }, "shift 65 is out of range (expected -64 to 64 pixels)"),
        (
            Params { background: Some(Background::Picture), ..Params::default() },
            "the background is to be a picture, but no backdrop is given",
        ),
    ];
    let picture = Inputs::new().with("picture", medium(ball()));
    for (params, message) in cases {
        let error = run(&picture, params).expect_err(message);
        assert!(error.to_string().starts_with(message), "{error}");
        assert_eq!(error.class(), Class::Caller);
    }
    let error = run(&picture.with("keep", medium(small)), Params::default()).expect_err("another size");
    assert_eq!(error.to_string(), "the keep mask is 8x9, but the picture is 160x160");
}

#[test]
fn a_cancelled_run_says_so_at_every_stage() {
    let inputs = Inputs::new().with("picture", medium(ball()));
    let cutout = cutout();
    for stop_at in ["read", "portrait", "general", "matting", "colours"] {
        let token = CancelToken::default();
        let stop = token.clone();
        let mut sink = |event| {
            if format!("{event:?}").contains(stop_at) {
                stop.cancel();
            }
        };
        let mut progress = Progress::new(token, &mut sink);
        let params = cutout.resolve(&inputs, Params::default(), &mut progress).expect("resolved");
        let error = cutout.run(&inputs, &params, &mut progress).expect_err(stop_at);
        assert_eq!(error.class(), Class::Cancelled, "{stop_at}: {error}");
    }
}

mod selecting {
    use danqing_capability::{Capability, Class, Classified, Inputs, Outputs};
    use danqing_media::{Medium, Picture, Raster, Srgb8};
    use danqing_pipelines::select::{Bounds, Click, Error, Params, Select};

    use super::support::{engine, medium, progress_ignored, store};

    const SIZE: (usize, usize) = (160, 120);
    const DISC: (f64, f64, f64) = (60.0, 50.0, 30.0);

    /// A red disc on a green ground.
    fn disc() -> Picture {
        Picture::from_srgb8(Raster::<Srgb8>::from_fn(SIZE.0, SIZE.1, |x, y, pixel| {
            let is_inside = (x as f64 + 0.5 - DISC.0).hypot(y as f64 + 0.5 - DISC.1) < DISC.2;
            let grain = ((x * 7 + y * 13) % 9) as u8;
            pixel.copy_from_slice(if is_inside { &[200, 40, 30] } else { &[60, 140, 70] });
            for value in pixel.iter_mut() {
                *value += grain;
            }
        }))
    }

    fn run(select: &Select, params: Params) -> Result<Outputs<Medium>, Error> {
        let inputs = Inputs::new().with("picture", medium(disc()));
        progress_ignored(|progress| {
            let params = select.resolve(&inputs, params, progress)?;
            select.run(&inputs, &params, progress)
        })
    }

    /// Share of the disc that is marked, and of the rest.
    fn shares(outputs: &Outputs<Medium>) -> (f64, f64) {
        let Medium::Picture(mask) = &outputs.media[0].1 else { panic!("a picture") };
        let mask = mask.to_mask(danqing_media::MaskSource::Luma);
        let (mut inside, mut outside) = ((0, 0), (0, 0));
        for (at, &value) in mask.samples().iter().enumerate() {
            let (x, y) = ((at % SIZE.0) as f64 + 0.5, (at / SIZE.0) as f64 + 0.5);
            let part = if (x - DISC.0).hypot(y - DISC.1) < DISC.2 { &mut inside } else { &mut outside };
            part.0 += usize::from(value >= 128);
            part.1 += 1;
        }
        (f64::from(inside.0 as u32) / f64::from(inside.1), f64::from(outside.0 as u32) / f64::from(outside.1))
    }

    fn click(x: f64, y: f64) -> Params {
        Params { points: vec![Click { x, y }], ..Params::default() }
    }

    #[test]
    fn a_click_a_rectangle_and_their_opposites_select_the_disc() {
        let select = Select::new(&store(), &engine());
        let rectangle = Some(Bounds { x: 28.0, y: 18.0, width: 64.0, height: 64.0 });
        let cases = [
            click(60.0, 50.0),
            Params { rectangle, ..Params::default() },
            Params { refine: false, ..click(70.0, 60.0) },
            Params { outside: vec![Click { x: 140.0, y: 100.0 }], rectangle, ..Params::default() },
        ];
        for params in cases {
            let made = run(&select, params.clone()).expect("it runs");
            let (inside, outside) = shares(&made);
            assert!(inside > 0.98 && outside < 0.02, "{params:?}: {inside} {outside}");
            let inverted = run(&select, Params { invert: true, ..params.clone() }).expect("it runs");
            let (inside, outside) = shares(&inverted);
            assert!(inside < 0.02 && outside > 0.98, "{params:?}");
        }
        let grown = shares(&run(&select, Params { grow: 6, ..click(60.0, 50.0) }).expect("it runs"));
        assert!(grown.1 > 0.07, "{grown:?}");
        let soft = run(&select, Params { feather: 8, ..click(60.0, 50.0) }).expect("it runs");
        let Medium::Picture(mask) = &soft.media[0].1 else { panic!("a picture") };
        let mask = mask.to_mask(danqing_media::MaskSource::Luma);
        let (edge, far) = (mask.pixel(95, 50)[0], mask.pixel(110, 50)[0]);
        assert!(edge > 0 && edge < 255 && far == 0, "{edge} {far}");
    }

    #[test]
    fn marks_that_can_not_be_are_refused() {
        let select = Select::new(&store(), &engine());
        let cases = [
            (Params::default(), "nothing is pointed at"),
            (Params { outside: vec![Click { x: 1.0, y: 1.0 }], ..Params::default() }, "nothing is pointed at"),
            (click(160.0, 5.0), "point 160,5 lies outside the picture of 160x120"),
            (click(f64::NAN, 5.0), "point NaN,5 lies outside the picture of 160x120"),
            (Params { grow: 129, ..click(1.0, 1.0) }, "grow 129 is out of range (expected -128 to 128 pixels)"),
            (Params { feather: 65, ..click(1.0, 1.0) }, "feather 65 is out of range (expected 0 to 64 pixels)"),
        ];
        for (params, message) in cases {
            let error = run(&select, params).map(|_| ()).expect_err(message);
            assert_eq!((error.class(), error.to_string().as_str()), (Class::Caller, message));
        }
    }
}
