use super::*;

fn crew() -> Crew {
    Crew::new(2, &CancelToken::default())
}

#[test]
fn equalised_values_are_spread_evenly() {
    let plane = Plane::from_fn(64, 64, |x, y, s| s[0] = ((x * 64 + y) as f32 / 4096.0).powi(3));
    let even = equalised(&plane);
    for tenth in 1..10 {
        let share = even.samples().iter().filter(|&&v| v < tenth as f32 / 10.0).count() as f32 / 4096.0;
        assert!((share - tenth as f32 / 10.0).abs() < 0.02, "{share} below {tenth} tenths");
    }
}

#[test]
fn percentiles_of_a_ramp_are_its_values() {
    let plane = Plane::from_fn(1000, 1, |x, _, s| s[0] = x as f32);
    assert!((percentile(&plane, 0.25) - 250.0).abs() < 1.0);
    assert_eq!(percentile(&Plane::filled(3, 3, 0.7), 0.5), 0.7);
    assert_eq!(percentile(&Plane::filled(0, 0, 0.7), 0.5), 0.0);
}

#[test]
fn between_pixels_lies_the_plane_through_them() {
    let plane = Plane::from_fn(5, 4, |x, y, s| s[0] = 2.0 * x as f32 - 3.0 * y as f32);
    assert!((bilinear(&plane, 1.25, 2.5) - (2.5 - 7.5)).abs() < 1e-6);
    assert_eq!(bilinear(&plane, -3.0, 9.0), -9.0);
}

#[test]
fn wide_blurs_are_near_the_exact_ones() {
    let plane = Plane::from_fn(200, 160, |x, y, s| s[0] = f32::from(u8::from((x / 50 + y / 40) % 2 == 0)));
    let (wide, exact) =
        (blurred(&plane, 15.0, &crew()).expect("runs"), gaussian(&plane, 15.0, crew().cancel()).expect("runs"));
    let worst = wide.samples().iter().zip(exact.samples()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 0.01, "{worst}");
}

#[test]
fn a_cancelled_run_stops() {
    let crew = crew();
    crew.cancel().cancel();
    assert_eq!(crew.plane((9, 9), |_, _| 1.0), Err(Cancelled));
}
