//! The autoencoder of full size in tiles beside the same picture made whole, with weights by rule; minutes, and 5 GB at 1024².
//!
//! `DANQING_SEAM_SIDE=512 cargo test --release --locked --workspace --lib seams -- --ignored --nocapture` for a smaller one.

use danqing_capability::{CancelToken, Event, Progress};
use danqing_media::{Raster, SrgbF32};
use danqing_models::diffusion::{Tensors, seeded_unit};
use danqing_models::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use danqing_nn::{Engine, EngineConfig, Shape};

use super::Codec;

/// Pixels on either side of a tile's edge that are looked at as its line.
const NEAR: usize = 8;

/// Noise that grows from left to right on slow waves: tiles of it differ in brightness and contrast, as those of photographs do.
fn latent(side: usize) -> Vec<f32> {
    let value = |index: usize| {
        let (channel, y, x) = (index / (side * side), index / side % side, index % side);
        let (u, v) = (x as f32 / side as f32, y as f32 / side as f32);
        let wave = (6.3 * (u + 0.7 * v) + channel as f32).sin();
        wave + (0.2 + u) * seeded_unit("latent", index as u64)
    };
    (0..4 * side * side).map(value).collect()
}

/// Mean step of 255 from every column to the next.
fn steps_across(picture: &Raster<SrgbF32>) -> Vec<f64> {
    let mut sums = vec![0.0; picture.width() - 1];
    for row in picture.samples().chunks_exact(3 * picture.width()) {
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum += (0..3).map(|c| f64::from((row[3 * x + c] - row[3 * x + 3 + c]).abs())).sum::<f64>();
        }
    }
    sums.iter().map(|sum| sum * 255.0 / (3 * picture.height()) as f64).collect()
}

#[test]
#[ignore = "full size: minutes and 5 GB"]
fn tiles_of_the_full_autoencoder_leave_no_seam() {
    let side: usize = std::env::var("DANQING_SEAM_SIDE").ok().and_then(|side| side.parse().ok()).unwrap_or(1024);
    let tile = side * 3 / 4;
    let engine = Engine::new(EngineConfig::default()).expect("an engine");
    let network = AutoencoderKl::load(&engine, Tensors::Seeded, AutoencoderKlConfig::sd()).expect("loaded");
    let (latent, shape) = (latent(side / 8), Shape::new(1, side / 8, side / 8, 4));
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let mut decoded = |tile| {
        let codec = Codec { engine: &engine, network: &network, tile };
        codec.decoded(&latent, shape, &mut progress).expect("decoded")
    };
    let (tiled, whole) = (decoded(tile), decoded(0));
    let apart = || tiled.samples().iter().zip(whole.samples()).map(|(a, b)| f64::from((a - b).abs()) * 255.0);
    let mean = apart().sum::<f64>() / tiled.samples().len() as f64;
    let (of_tiles, of_whole) = (steps_across(&tiled), steps_across(&whole));
    let is_line = |x: usize| [side - tile, tile].iter().any(|edge| x.abs_diff(*edge) <= NEAR);
    let ratio = |x: usize| of_tiles[x] / of_whole[x];
    let (mut at_lines, mut elsewhere) = (0.0_f64, 0.0_f64);
    for x in 0..of_whole.len() {
        let most = if is_line(x) { &mut at_lines } else { &mut elsewhere };
        *most = most.max(ratio(x));
    }
    let step = of_whole.iter().sum::<f64>() / of_whole.len() as f64;
    println!(
        "{side}² in tiles of {tile}: mean difference {mean:.3} of 255, largest {:.1}; steps from column to column of {step:.2} on \
         average, at most {at_lines:.3} times the whole's within {NEAR} pixels of a tile's edge, {elsewhere:.3} elsewhere",
        apart().fold(0.0, f64::max)
    );
    // Every tile has its own norms, so that contrast differs everywhere; at an edge it must not differ more.
    assert!(at_lines <= 1.05 * elsewhere.max(1.0), "a tile's edge shows: {at_lines}, elsewhere {elsewhere}");
}
