use danqing_capability::CancelToken;
use danqing_media::{Srgb8, SrgbF32};
use danqing_vision::resize::{Method, resized};

use crate::golden::{Golden, assert_close_f32, assert_close_u8, part, scaled};

#[test]
fn resizing_equals_opencv_and_pillow() {
    let golden = Golden::open("vision_resize");
    let photo = golden.raster_u8::<Srgb8>("photo");
    let as_float = scaled::<_, SrgbF32>(&photo);
    let cancel = CancelToken::default();
    for name in golden.names("").iter().filter(|name| name.contains('/')) {
        let method = method(name.split('/').next().expect("a first part"));
        let (width, height) = (part(name, 1), part(name, 2));
        if name.ends_with("u8") {
            let ours = resized(&photo, width, height, method, &cancel).expect("not cancelled");
            let tolerance = u8::from(method != Method::Nearest);
            assert_close_u8(name, &ours, &golden.raster_u8(name), tolerance);
        } else {
            let ours = resized(&as_float, width, height, method, &cancel).expect("not cancelled");
            assert_close_f32(name, &ours, &golden.raster_f32(name), 1e-5);
        }
    }
}

fn method(name: &str) -> Method {
    match name {
        "nearest" => Method::Nearest,
        "bilinear" => Method::Bilinear,
        "bicubic" => Method::Bicubic,
        "lanczos" => Method::Lanczos,
        "area" => Method::Area,
        other => panic!("method {other}"),
    }
}
