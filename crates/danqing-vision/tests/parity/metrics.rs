use danqing_capability::CancelToken;
use danqing_media::Srgb8;
use danqing_vision::gradients::{grey, sobel};
use danqing_vision::metrics::{Error, Window, gradient_statistics, psnr, ssim};

use crate::golden::Golden;

#[test]
fn psnr_and_ssim_equal_scikit_image() {
    let golden = Golden::open("vision_metrics");
    let photo = golden.raster_u8::<Srgb8>("photo");
    for name in ["noisy", "blurred"] {
        let other = golden.raster_u8::<Srgb8>(name);
        let expected = golden.f64_of(&format!("{name}/values"));
        assert!((psnr(&photo, &other, 255.0).unwrap() - expected[0]).abs() < 1e-9, "{name}");
        assert!((ssim(&photo, &other, Window::Uniform7, 255.0).unwrap() - expected[1]).abs() < 1e-6, "{name}");
        assert!((ssim(&photo, &other, Window::Gaussian, 255.0).unwrap() - expected[2]).abs() < 1e-6, "{name}");
    }
    assert!((ssim(&photo, &photo, Window::Gaussian, 255.0).unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(psnr(&photo, &photo, 255.0), Ok(f64::INFINITY));
}

#[test]
fn blur_lowers_the_mean_gradient() {
    let golden = Golden::open("vision_metrics");
    let cancel = CancelToken::default();
    let [sharp, soft] = ["photo", "blurred"].map(|name| {
        let grey = grey(&golden.raster_u8::<Srgb8>(name), &cancel).expect("not cancelled");
        gradient_statistics(&sobel(&grey, &cancel).expect("not cancelled"), |_| true)
    });
    assert_eq!(sharp.count, 61 * 77);
    assert!(soft.mean < 0.8 * sharp.mean && soft.largest < sharp.largest, "{soft:?} {sharp:?}");
}

#[test]
fn pictures_that_cannot_be_compared_are_refused() {
    let (small, large) = (danqing_media::Raster::<Srgb8>::filled(6, 9, 0), danqing_media::Raster::filled(8, 9, 0));
    assert_eq!(psnr(&small, &large, 255.0), Err(Error::SizeMismatch { a: (6, 9), b: (8, 9) }));
    let error = ssim(&small, &small, Window::Uniform7, 255.0).expect_err("too small");
    assert_eq!(error.to_string(), "a picture of 6x9 is too small to compare, it needs 7 pixels each way");
}
