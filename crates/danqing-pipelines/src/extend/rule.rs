//! Straight lines that leave the picture go on into the new area (structure first, texture after: J. Sun et al., "Image
//! Completion with Structure Propagation", 2005): a narrow band along each line is known before any engine starts.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::color::{gray8_from_srgb8, srgb8_from_srgb};
use danqing_media::{Mask, Raster, SrgbF32};
use danqing_vision::boundary::Side;
use danqing_vision::lines::{BorderLine, LineSearch, lines_meeting_border};

use super::layout::Sides;
use super::world::World;

/// Most lines that are followed on one side.
const MOST: usize = 8;
/// Half the width of the band along a line, pixels.
const HALF_BAND: f32 = 3.0;
/// A line goes on at most this many times as far as it was seen inside.
const REACH: f32 = 2.0;

/// `world` (a canvas without far side around `picture`) with bands along the lines that meet the growing side; none if
/// no line does.
pub(super) fn ruled(
    world: &World,
    picture: &Raster<SrgbF32>,
    sides: Sides,
    cancel: &CancelToken,
) -> Result<Option<World>, Cancelled> {
    let lines = lines_meeting_border(&gray8_from_srgb8(&srgb8_from_srgb(picture)), &LineSearch::default(), cancel)?;
    let side = growing_side(sides);
    let followed: Vec<BorderLine> = lines.into_iter().filter(|line| line.side == side).take(MOST).collect();
    if followed.is_empty() {
        return Ok(None);
    }
    let mut ruled = world.clone();
    for line in followed {
        cancel.check()?;
        draw(&mut ruled, picture, sides, &line);
    }
    Ok(Some(ruled))
}

fn growing_side(sides: Sides) -> Side {
    match sides {
        Sides { left: 1.., .. } => Side::Left,
        Sides { right: 1.., .. } => Side::Right,
        Sides { top: 1.., .. } => Side::Top,
        _ => Side::Bottom,
    }
}

/// Every hole pixel in the band takes the colour that lies as far inside, mirrored at the border, at the same distance
/// from the line.
fn draw(world: &mut World, picture: &Raster<SrgbF32>, sides: Sides, line: &BorderLine) {
    let (width, height) = world.raster.size();
    let (origin_x, origin_y) = (sides.left as f32 + line.point.0, sides.top as f32 + line.point.1);
    let (dx, dy) = line.direction;
    let hole: &mut Mask = &mut world.hole;
    for y in 0..height {
        for x in 0..width {
            if hole.pixel(x, y)[0] == 0 {
                continue;
            }
            let (rx, ry) = (x as f32 + 0.5 - origin_x, y as f32 + 0.5 - origin_y);
            let (along, across) = (rx * dx + ry * dy, ry * dx - rx * dy);
            if across.abs() > HALF_BAND || along > REACH * line.length {
                continue;
            }
            let inside = if along < 0.0 { along } else { -mirrored(along, line.length) };
            let (sx, sy) = (line.point.0 + inside * dx - across * dy, line.point.1 + inside * dy + across * dx);
            if let Some(colour) = sampled(picture, sx, sy) {
                world.raster.pixel_mut(x, y).copy_from_slice(&colour);
                hole.pixel_mut(x, y)[0] = 0;
            }
        }
    }
}

/// Back and forth between 0 and `length`.
fn mirrored(along: f32, length: f32) -> f32 {
    let folded = along.rem_euclid(2.0 * length);
    folded.min(2.0 * length - folded)
}

/// Bilinear; pixel centres at .5. None outside.
fn sampled(picture: &Raster<SrgbF32>, x: f32, y: f32) -> Option<[f32; 3]> {
    let (width, height) = picture.size();
    let (x, y) = (x - 0.5, y - 0.5);
    if x < -0.5 || y < -0.5 || x > width as f32 - 0.5 || y > height as f32 - 0.5 {
        return None;
    }
    let (x, y) = (x.clamp(0.0, (width - 1) as f32), y.clamp(0.0, (height - 1) as f32));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(width - 1), (y0 + 1).min(height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let mix = |c: usize| {
        let row = |y: usize| picture.pixel(x0, y)[c] * (1.0 - fx) + picture.pixel(x1, y)[c] * fx;
        row(y0) * (1.0 - fy) + row(y1) * fy
    };
    Some([mix(0), mix(1), mix(2)])
}

#[cfg(test)]
mod tests {
    use super::super::world::FarSide;
    use super::*;

    /// Dark above a slanted line, light below it.
    fn slanted(width: usize, height: usize) -> Raster<SrgbF32> {
        Raster::from_fn(width, height, |x, y, s| {
            s.fill(if (y as f32) < 40.0 + 0.5 * x as f32 { 0.2 } else { 0.8 });
        })
    }

    #[test]
    fn a_slanted_edge_goes_on_in_its_own_direction() {
        let (picture, sides) = (slanted(120, 160), Sides { right: 40, ..Sides::default() });
        let world = World::new(&picture, sides, 0, FarSide::Nothing, 0);
        let made = ruled(&world, &picture, sides, &CancelToken::default()).expect("not cancelled").expect("a line");
        let truth = slanted(160, 160);
        let mut known = 0;
        for y in 0..160 {
            for x in 120..160 {
                if made.hole.pixel(x, y)[0] == 0 {
                    let off_edge = (y as f32 - 40.0 - 0.5 * x as f32).abs();
                    let (made, truth) = (made.raster.pixel(x, y)[0], truth.pixel(x, y)[0]);
                    assert!(off_edge < 1.6 || (made - truth).abs() < 0.1, "pixel {x},{y}: {made} for {truth}");
                    known += 1;
                }
            }
        }
        assert!(known > 40 * 5, "{known} pixels are known");
    }

    #[test]
    fn without_lines_nothing_is_drawn() {
        let (picture, sides) = (Raster::filled(64, 64, 0.5), Sides { top: 9, ..Sides::default() });
        let world = World::new(&picture, sides, 0, FarSide::Nothing, 0);
        assert!(ruled(&world, &picture, sides, &CancelToken::default()).expect("not cancelled").is_none());
    }
}
