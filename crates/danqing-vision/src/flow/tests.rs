use danqing_capability::CancelToken;

use super::*;

fn crew(threads: usize) -> Crew {
    Crew::new(threads, &CancelToken::default())
}

/// Stripes that run at `degrees` to the x axis.
fn stripes(degrees: f32) -> Plane {
    let (sin, cos) = degrees.to_radians().sin_cos();
    Plane::from_fn(64, 64, |x, y, s| s[0] = 0.5 + 0.5 * (0.5 * (y as f32 * cos - x as f32 * sin)).sin())
}

#[test]
fn flow_runs_along_stripes() {
    for degrees in [0.0, 30.0, 75.0, 120.0] {
        let flow = Flow::new(&stripes(degrees), 2.0, &crew(2)).expect("runs");
        let (sin, cos) = f32::to_radians(degrees).sin_cos();
        let [x, y] = flow.tangent(32.0, 32.0);
        assert!((x * cos + y * sin).abs() > 0.995, "at {degrees}° the flow is {x}, {y}");
        assert!(flow.coherence(32.0, 32.0) > 0.9);
    }
}

#[test]
fn smoothing_along_stripes_keeps_them_and_removes_what_crosses() {
    let plane = stripes(30.0);
    let flow = Flow::new(&plane, 2.0, &crew(1)).expect("runs");
    let kept = along(&plane, &flow, 6.0, &crew(2)).expect("runs");
    let crossing = along(&stripes(120.0), &flow, 12.0, &crew(2)).expect("runs");
    for (x, y) in [(30, 30), (33, 31), (35, 36)] {
        assert!((kept.pixel(x, y)[0] - plane.pixel(x, y)[0]).abs() < 0.06);
        assert!((crossing.pixel(x, y)[0] - 0.5).abs() < 0.1);
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let plane = stripes(17.0);
    let made = |threads| {
        let flow = Flow::new(&plane, 2.0, &crew(threads)).expect("runs");
        along(&plane, &flow, 5.0, &crew(threads)).expect("runs")
    };
    assert_eq!(made(1), made(3));
}
