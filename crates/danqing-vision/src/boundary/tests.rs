use danqing_media::file::{EncodeOptions, Format, Limits, decode, encode};
use danqing_media::{Channels, Picture, Samples, Srgb8};

use super::*;

/// A photograph-like scene: smooth light, texture and shapes; `level` scales its brightness.
fn scene(width: usize, height: usize, level: f32) -> Raster<Srgb8> {
    Raster::from_fn(width, height, |x, y, rgb| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let shape = if (u - 0.4).hypot(v - 0.6) < 0.3 { 60.0 } else { 0.0 };
        let texture = ((x * 7 + y * 13) % 11) as f32 * 3.0;
        rgb[0] = (level * (60.0 + 90.0 * u + shape + texture)) as u8;
        rgb[1] = (level * (70.0 + 80.0 * v + shape * 0.5 + texture)) as u8;
        rgb[2] = (level * (110.0 - 40.0 * u * v + texture)) as u8;
    })
}

/// `picture` inside bars of `colour`, with noise of a few levels as JPEG leaves it.
fn boxed(picture: &Raster<Srgb8>, colour: [u8; 3], bars: Sides<usize>) -> Raster<Srgb8> {
    let (width, height) = (picture.width() + bars.left + bars.right, picture.height() + bars.top + bars.bottom);
    let mut made = Raster::from_fn(width, height, |x, y, rgb| {
        let noise = ((x * 31 + y * 17 + x * y) % 5) as u8;
        rgb.iter_mut().zip(colour).for_each(|(to, c)| *to = c.saturating_sub(2).saturating_add(noise));
    });
    made.paste(picture, bars.left, bars.top);
    made
}

fn found(from: &Raster<Srgb8>) -> Bounds {
    picture_boundary(from, &CancelToken::default()).expect("not cancelled")
}

#[test]
fn letterboxes_of_any_colour_are_found() {
    for colour in [[0, 0, 0], [255, 255, 255], [200, 30, 90]] {
        for level in [1.0, 0.25] {
            let bars = Sides { left: 0, top: 31, right: 0, bottom: 30 };
            let bounds = found(&boxed(&scene(320, 180, level), colour, bars));
            assert_eq!(bounds.rect, Rect::new(0, 31, 320, 180), "{colour:?} {level}");
            assert!(bounds.confidence.top >= 0.5 && bounds.confidence.left == 0.0, "{:?}", bounds.confidence);
        }
    }
}

/// As a JPEG file of this quality leaves it.
fn compressed(picture: &Raster<Srgb8>, quality: u8) -> Raster<Srgb8> {
    let (width, height) = picture.size();
    let samples = Samples::U8(picture.samples().to_vec());
    let picture = Picture::new(width, height, Channels::Rgb, samples).expect("a picture");
    let options = EncodeOptions { quality, ..EncodeOptions::new(Format::Jpeg) };
    let cancel = &CancelToken::default();
    let file = encode(&picture, &options, cancel).expect("a file");
    decode(&file.bytes, &Limits::default(), cancel).expect("a picture").to_srgb8(cancel).expect("colours")
}

#[test]
fn bars_are_found_through_the_ringing_of_jpeg() {
    for (quality, level, depth) in [(50, 0.4, 35), (60, 1.0, 44), (75, 0.4, 29), (85, 0.6, 51)] {
        let bars = Sides { left: 0, top: depth, right: 0, bottom: depth };
        let picture = boxed(&scene(320, 180, level), [0; 3], bars);
        let rect = found(&compressed(&picture, quality)).rect;
        let off = rect.y.abs_diff(depth).max(rect.bottom().abs_diff(depth + 180));
        assert!(off <= 1, "quality {quality}, bars of {depth}: found {rect:?}");
    }
}

#[test]
fn pillarboxes_and_frames_are_found() {
    let pillars = Sides { left: 40, top: 0, right: 40, bottom: 0 };
    assert_eq!(found(&boxed(&scene(200, 150, 1.0), [0; 3], pillars)).rect, Rect::new(40, 0, 200, 150));
    let frame = Sides { left: 17, top: 9, right: 20, bottom: 12 };
    assert_eq!(found(&boxed(&scene(200, 150, 1.0), [250; 3], frame)).rect, Rect::new(17, 9, 200, 150));
}

#[test]
fn one_narrow_bar_is_found() {
    let one = Sides { left: 0, top: 0, right: 0, bottom: 12 };
    assert_eq!(found(&boxed(&scene(200, 150, 1.0), [0; 3], one)).rect, Rect::new(0, 0, 200, 150));
}

#[test]
fn pictures_without_bars_stay_whole() {
    let night = Raster::<Srgb8>::from_fn(300, 200, |x, y, rgb| {
        let star = (x * 7919 + y * 104_729) % 997 == 0;
        let glow = (y as f32 / 200.0).powi(3) * 60.0;
        let noise = ((x * 31 + y * 17 + x * y) % 4) as f32;
        rgb.fill(if star { 230 } else { (glow + noise) as u8 });
    });
    let ramp = Raster::<Srgb8>::from_fn(200, 200, |_, y, rgb| rgb.fill(y as u8));
    let studio = Raster::<Srgb8>::from_fn(200, 260, |x, y, rgb| {
        let inside = (x as f32 - 100.0).hypot((y as f32 - 170.0) * 0.8) < 80.0;
        rgb.fill(if inside { 180 } else { 4 });
    });
    let horizon = Raster::<Srgb8>::from_fn(200, 200, |x, y, rgb| {
        rgb.fill(if y < 90 { 255 } else { 60 + ((x * 5 + y * 3) % 23) as u8 });
    });
    for picture in [night, ramp, studio, horizon, scene(160, 120, 1.0), Raster::filled(64, 64, 7)] {
        assert_eq!(found(&picture).rect, picture.bounds());
    }
}

#[test]
fn tiny_pictures_and_cancelled_runs_are_answered() {
    assert_eq!(found(&Raster::filled(1, 1, 0)).rect, Rect::new(0, 0, 1, 1));
    let cancel = CancelToken::default();
    cancel.cancel();
    assert_eq!(picture_boundary(&scene(64, 64, 1.0), &cancel), Err(Cancelled));
}
