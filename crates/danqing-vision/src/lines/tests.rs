use super::*;

fn found(from: &Raster<Gray8>) -> Vec<BorderLine> {
    lines_meeting_border(from, &LineSearch::default(), &CancelToken::default()).expect("not cancelled")
}

/// Bright on one side of the line through `point` with slope `direction`, with a soft edge and texture noise.
fn half_plane(width: usize, height: usize, point: (f32, f32), direction: (f32, f32)) -> Raster<Gray8> {
    Raster::from_fn(width, height, |x, y, s| {
        let (u, v) = (x as f32 + 0.5 - point.0, y as f32 + 0.5 - point.1);
        let across = u * direction.1 - v * direction.0;
        let noise = ((x * 31 + y * 17 + x * y) % 5) as f32;
        s[0] = (90.0 + 60.0 * across.clamp(-1.0, 1.0) + noise) as u8;
    })
}

#[test]
fn a_straight_edge_is_found_where_it_leaves_and_which_way() {
    for degrees in [-60.0_f32, -35.0, 0.0, 12.0, 40.0, 65.0] {
        let direction = (degrees.to_radians().cos(), degrees.to_radians().sin());
        let lines = found(&half_plane(160, 120, (160.0, 60.0), direction));
        let line = lines.iter().find(|line| line.side == Side::Right).unwrap_or_else(|| panic!("{degrees}: {lines:?}"));
        assert!((line.point.0 - 160.0).abs() < 0.01 && (line.point.1 - 60.0).abs() < 0.7, "{degrees}: {line:?}");
        let agreement = line.direction.0 * direction.0 + line.direction.1 * direction.1;
        assert!(agreement > 0.9995, "{degrees}: {line:?}"); // within 2°
        assert!((0.1..0.6).contains(&line.strength) && line.length > 60.0, "{line:?}");
    }
}

#[test]
fn both_edges_of_a_pole_meet_top_and_bottom() {
    let pole = Raster::<Gray8>::from_fn(100, 100, |x, _, s| s[0] = if (40..52).contains(&x) { 200 } else { 60 });
    let lines = found(&pole);
    for side in [Side::Top, Side::Bottom] {
        let mut at: Vec<f32> = lines.iter().filter(|l| l.side == side).map(|l| l.point.0).collect();
        at.sort_by(f32::total_cmp);
        assert!(at.len() == 2 && (at[0] - 40.0).abs() < 0.6 && (at[1] - 52.0).abs() < 0.6, "{side:?}: {at:?}");
    }
    assert!(lines.iter().all(|l| l.side.is_horizontal()), "{lines:?}");
}

#[test]
fn discs_noise_and_lines_along_the_border_give_nothing() {
    let disc = Raster::<Gray8>::from_fn(120, 120, |x, y, s| {
        s[0] = if (x as f32 - 119.0).hypot(y as f32 - 60.0) < 22.0 { 220 } else { 40 };
    });
    let noise =
        Raster::<Gray8>::from_fn(120, 120, |x, y, s| s[0] = ((x * 7919 + y * 104_729 + x * y * 31) % 251) as u8);
    let along = Raster::<Gray8>::from_fn(120, 120, |_, y, s| s[0] = if y < 3 { 220 } else { 40 });
    assert_eq!(found(&disc).iter().filter(|l| l.length > 30.0).count(), 0);
    assert_eq!(found(&noise).len(), 0);
    assert_eq!(found(&along).iter().filter(|l| l.side == Side::Top).count(), 0);
}
