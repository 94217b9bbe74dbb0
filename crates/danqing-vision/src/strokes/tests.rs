use danqing_capability::CancelToken;
use danqing_media::{Raster, SrgbF32};

use super::*;
use crate::field::{Crew, Plane};
use crate::flow::Flow;

const LAYER: Layer = Layer {
    radius: 4.0,
    spacing: 1.0,
    length: (3.0, 8.0),
    threshold: 0.05,
    slanted: 0.0,
    slant: 0.7,
    jitter: 0.0,
    scale: 1.0,
    seed: 9,
};
const BRUSH: Brush = Brush { opacity: 1.0, bristles: 0.5, dryness: 0.0, grain: 0.0 };

fn halves() -> Raster<SrgbF32> {
    Raster::from_fn(96, 64, |x, _, s| s.copy_from_slice(if x < 48 { &[0.9, 0.2, 0.1] } else { &[0.1, 0.3, 0.8] }))
}

fn planned_on(threads: usize) -> Vec<Stroke> {
    let crew = Crew::new(threads, &CancelToken::default());
    let grey = Plane::from_fn(96, 64, |x, _, s| s[0] = if x < 48 { 0.3 } else { 0.6 });
    let flow = Flow::new(&grey, 2.0, &crew).expect("runs");
    planned(&halves(), None, &flow, &LAYER, &crew).expect("runs")
}

#[test]
fn strokes_stay_on_their_side_of_an_edge() {
    let strokes = planned_on(2);
    assert!(strokes.len() > 200);
    for stroke in &strokes {
        let left = stroke.colour[0] > 0.5;
        let crossed = stroke.points.iter().filter(|p| (p[0] < 47.0) != left && (p[0] - 47.5).abs() > 4.0).count();
        assert_eq!(crossed, 0, "{stroke:?}");
    }
}

#[test]
fn nothing_is_painted_where_the_ground_is_right() {
    let crew = Crew::new(1, &CancelToken::default());
    let flow = Flow::uniform((96, 64), 0.0);
    assert_eq!(planned(&halves(), Some(&halves()), &flow, &LAYER, &crew), Ok(Vec::new()));
}

#[test]
fn the_canvas_is_covered_and_does_not_depend_on_threads() {
    let made = |threads| {
        let crew = Crew::new(threads, &CancelToken::default());
        let mut canvas = Canvas { width: 96, height: 64, samples: vec![[0.0, 1.0, 0.0, 0.0]; 96 * 64] };
        drawn(&mut canvas, &planned_on(threads), &BRUSH, |_, _| 0.0, &crew).expect("runs");
        canvas
    };
    let canvas = made(1);
    assert_eq!(canvas, made(3));
    let bare = canvas.samples.iter().filter(|s| s[1] > 0.6).count();
    assert!(bare < 60, "{bare} bare pixels");
}

#[test]
fn a_cancelled_run_draws_nothing() {
    let crew = Crew::new(1, &CancelToken::default());
    crew.cancel().cancel();
    let mut canvas = Canvas { width: 8, height: 8, samples: vec![[0.0; 4]; 64] };
    let stroke = Stroke { points: vec![[4.0, 4.0]], radius: 3.0, colour: [1.0; 3], seed: 1 };
    assert!(drawn(&mut canvas, &[stroke], &BRUSH, |_, _| 0.0, &crew).is_err());
    assert!(canvas.samples.iter().all(|s| *s == [0.0; 4]));
}
