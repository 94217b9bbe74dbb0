use danqing_capability::CancelToken;
use danqing_media::{Gray8, ScalarF32};

use super::*;

const TURNS: [Turn; 5] = [Turn::Quarter, Turn::Half, Turn::ThreeQuarters, Turn::MirrorHorizontal, Turn::MirrorVertical];

#[test]
fn turns_move_samples_as_numpy_does() {
    let from = Raster::<Gray8>::new(3, 2, vec![1, 2, 3, 4, 5, 6]).expect("six samples");
    let expected: [&[u8]; 5] =
        [&[4, 1, 5, 2, 6, 3], &[6, 5, 4, 3, 2, 1], &[3, 6, 2, 5, 1, 4], &[3, 2, 1, 6, 5, 4], &[4, 5, 6, 1, 2, 3]];
    let cancel = &CancelToken::default();
    for (turn, expected) in TURNS.into_iter().zip(expected) {
        assert_eq!(turned(&from, turn, cancel).expect("runs").samples(), expected, "{turn:?}");
        assert_eq!(turned_samples(from.samples(), from.size(), 1, turn, cancel).expect("runs"), expected, "{turn:?}");
    }
}

#[test]
fn rotating_by_right_angles_equals_turning() {
    let from = Raster::<ScalarF32>::from_fn(9, 6, |x, y, s| s[0] = (x * 7 % 5) as f32 + y as f32);
    for (turn, degrees) in [(Turn::Quarter, 90.0), (Turn::Half, 180.0), (Turn::ThreeQuarters, 270.0)] {
        let exact = turned(&from, turn, &CancelToken::default()).expect("runs");
        let ours = rotated(&from, degrees, exact.size(), 0.0, &CancelToken::default()).expect("not cancelled");
        let worst = ours.samples().iter().zip(exact.samples()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{degrees}: {worst}");
    }
}

#[test]
fn there_and_back_is_nearly_the_same_inside() {
    let wave = |x: usize, y: usize| (x as f32 * 0.21).sin() + (y as f32 * 0.17).cos();
    let from = Raster::<ScalarF32>::from_fn(80, 60, |x, y, s| s[0] = wave(x, y));
    let cancel = CancelToken::default();
    let away = rotated(&from, 17.0, outer_size(from.size(), 17.0), 0.0, &cancel).expect("not cancelled");
    let back = rotated(&away, -17.0, from.size(), 0.0, &cancel).expect("not cancelled");
    for y in 6..54 {
        for x in 6..74 {
            assert!((back.pixel(x, y)[0] - wave(x, y)).abs() < 0.02, "{x},{y}");
        }
    }
}

#[test]
fn the_inner_window_shows_nothing_from_outside() {
    for size in [(120, 80), (80, 120), (200, 30), (64, 64)] {
        let from = Raster::<ScalarF32>::filled(size.0, size.1, 1.0);
        for degrees in [-80.0, -45.0, -3.0, 0.5, 10.0, 30.0, 45.0, 60.0, 89.0] {
            let inner = inner_size(size, degrees);
            let window = rotated(&from, degrees, inner, 0.0, &CancelToken::default()).expect("not cancelled");
            let darkest = window.samples().iter().copied().fold(1.0, f32::min);
            assert!(darkest > 0.4, "{size:?} by {degrees}: {inner:?} reaches {darkest}");
        }
    }
}
