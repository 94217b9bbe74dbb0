use danqing_capability::CancelToken;
use danqing_media::Gray8;
use danqing_vision::canny::{Aperture, Thresholds, canny};

use crate::golden::{Golden, part};

#[test]
fn edges_are_the_same_pixels_as_opencvs() {
    let golden = Golden::open("vision_canny");
    let mut compared = 0;
    for name in golden.names("").iter().filter(|name| name.contains('/')) {
        let photo = name.split('/').next().expect("a first part");
        let from = golden.raster_u8::<Gray8>(photo);
        let edges = canny(&from, &thresholds(name), &CancelToken::default()).expect("not cancelled");
        let packed = golden.bytes_of(name);
        for (i, &edge) in edges.samples().iter().enumerate() {
            let expected = packed[i / 8] >> (7 - i % 8) & 1 == 1;
            assert_eq!(edge == 255, expected, "{name}: pixel {},{}", i % from.width(), i / from.width());
        }
        compared += 1;
    }
    assert_eq!(compared, 80, "eight pictures, ten settings");
}

fn thresholds(name: &str) -> Thresholds {
    let aperture = match part::<u8>(name, 3) {
        3 => Aperture::Three,
        5 => Aperture::Five,
        7 => Aperture::Seven,
        other => panic!("aperture {other}"),
    };
    Thresholds { low: part(name, 1), high: part(name, 2), aperture, l2_gradient: name.ends_with("l2") }
}
