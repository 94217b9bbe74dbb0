use super::super::noise::{NoiseOrder, Stream};
use super::super::{
    BrownianPath, InitialNoise, LatentShape, NoiseSource, SeedResize, StreamNoise, TorchCpu, Variation, slerp_columns,
};
use super::{assert_near, golden, golden_file};

/// Numbers apart in the last place.
fn places(a: f32, b: f32) -> u32 {
    if a.signum() == b.signum() { a.abs().to_bits().abs_diff(b.abs().to_bits()) } else { u32::MAX }
}

#[test]
fn torch_cpu_order() {
    let file = golden_file();
    for seed in [0, 42, 123_456_789, (1 << 32) + 5] {
        for draws in [&[1, 5][..], &[15, 16], &[17, 100], &[768, 768], &[3, 20, 3]] {
            let mut stream = TorchCpu::new(seed);
            let name = draws.iter().map(ToString::to_string).collect::<Vec<_>>().join("_");
            let expected = golden(&file, &format!("noise.{seed}.{name}"));
            let mut rest = expected.as_slice();
            for count in draws {
                let (wanted, after) = rest.split_at(*count);
                for (i, (a, b)) in stream.normal(*count).iter().zip(wanted).enumerate() {
                    let allowed = u32::from(*count < 16);
                    assert!(places(*a, *b) <= allowed, "noise.{seed}.{name}, {count}[{i}]: {a}, expected {b}");
                }
                rest = after;
            }
            assert!(rest.is_empty());
        }
    }
}

#[test]
fn philox_order() {
    // Printed by a card for torch.randn((3, 4), device="cuda") with seed 0 (docstring of Forge's modules/rng_philox.py).
    let printed: [f64; 12] = [
        -0.924_662_59,
        -0.425_344_15,
        -2.643_845_7,
        0.145_183_88,
        -0.120_866_47,
        -0.579_725_64,
        -0.622_851_22,
        -0.328_387_09,
        -1.074_542_31,
        -0.363_144_07,
        -1.671_050_67,
        2.265_504_97,
    ];
    let mut stream = Stream::new(NoiseOrder::Nv, 0);
    assert_near(&stream.normal(12), &printed.map(|value| value as f32), 1e-6, 0.0, "philox");
    assert_ne!(stream.normal(12), Stream::new(NoiseOrder::Nv, 0).normal(12), "the second draw is another one");
    assert_ne!(
        Stream::new(NoiseOrder::Nv, 1 << 32).normal(4),
        Stream::new(NoiseOrder::Nv, 0).normal(4),
        "upper half counts"
    );
}

#[test]
fn variation_turns_columns() {
    let file = golden_file();
    let shape = LatentShape { channels: 4, height: 6, width: 5 };
    let (from, to) = (TorchCpu::new(7).normal(120), TorchCpu::new(8).normal(120));
    for amount in ["0.1", "0.75", "1.0"] {
        let mixed = slerp_columns(amount.parse().unwrap(), &from, &to, shape);
        assert_near(&mixed, &golden(&file, &format!("slerp.{amount}")), 2e-6, 1e-5, amount);
    }
    let noise = InitialNoise {
        variation: Some(Variation { seed: 8, strength: 0.75 }),
        ..InitialNoise::new(NoiseOrder::Cpu, 7)
    };
    assert_eq!(noise.draw(shape).0, slerp_columns(0.75, &from, &to, shape));
}

#[test]
fn a_resized_seed_keeps_its_middle() {
    let (small, large) =
        (LatentShape { channels: 2, height: 4, width: 6 }, LatentShape { channels: 2, height: 8, width: 4 });
    let resize = Some(SeedResize { height: small.height, width: small.width });
    let noise = InitialNoise { resize, ..InitialNoise::new(NoiseOrder::Cpu, 3) }.draw(large).0;
    let (inner, outer) = (TorchCpu::new(3).normal(small.values()), TorchCpu::new(3).normal(large.values()));
    for (i, value) in noise.iter().enumerate() {
        let (channel, row, column) = (i / 32, i / 4 % 8, i % 4);
        let inside = (2..6).contains(&row);
        let expected = if inside { inner[(channel * 4 + row - 2) * 6 + column + 1] } else { outer[i] };
        assert_eq!(*value, expected, "channel {channel}, row {row}, column {column}");
    }
}

#[test]
fn later_noise_goes_on_or_begins_anew() {
    let shape = LatentShape { channels: 1, height: 4, width: 4 };
    let plain = InitialNoise::new(NoiseOrder::Cpu, 5);
    let mut whole = TorchCpu::new(5);
    let (first, mut rest) = plain.draw(shape);
    assert_eq!(first, whole.normal(16));
    assert_eq!(rest.normal(16), whole.normal(16));
    let (first, mut rest) = InitialNoise { eta_seed_delta: 31_337, ..plain }.draw(shape);
    assert_eq!(first, TorchCpu::new(5).normal(16));
    assert_eq!(rest.normal(16), TorchCpu::new(31_342).normal(16));
}

#[test]
fn a_picture_does_not_depend_on_its_batch() {
    let streams = |seeds: &[u64]| seeds.iter().map(|seed| Stream::new(NoiseOrder::Cpu, *seed)).collect();
    let (mut batch, mut alone) = (StreamNoise::new(streams(&[1, 2]), 20), StreamNoise::new(streams(&[2]), 20));
    for _ in 0..3 {
        assert_eq!(batch.draw(2.0, 1.0)[20..], alone.draw(2.0, 1.0));
    }
    let (mut batch, mut alone) =
        (BrownianPath::new(vec![1, 2], 20, 0.03, 14.6), BrownianPath::new(vec![2], 20, 0.03, 14.6));
    for (from, to) in [(14.6, 3.0), (3.0, 1.0), (0.5, 0.03)] {
        assert_eq!(batch.draw(from, to)[20..], alone.draw(from, to));
    }
}

#[test]
fn brownian_noise_is_standard_normal_and_adds_up() {
    let count = 20_000;
    let mut path = BrownianPath::new(vec![9], count, 0.03, 14.6);
    let levels = [14.6, 5.0, 1.3, 0.4, 0.11, 0.05, 0.03];
    let draws: Vec<Vec<f32>> = levels.windows(2).map(|pair| path.draw(pair[0], pair[1])).collect();
    let mean_of = |values: &[f32], other: &[f32]| {
        values.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / count as f64
    };
    let ones = vec![1.0; count];
    for (i, draw) in draws.iter().enumerate() {
        // Five standard errors of twenty thousand draws.
        assert!(mean_of(draw, &ones).abs() < 0.036, "mean of step {i}");
        assert!((mean_of(draw, draw) - 1.0).abs() < 0.05, "variance of step {i}: {}", mean_of(draw, draw));
        for (j, other) in draws[..i].iter().enumerate() {
            assert!(mean_of(draw, other).abs() < 0.036, "steps {j} and {i} hang together");
        }
    }
    // One long step is the sum of the short ones: a seed keeps its noise when the number of steps changes.
    let whole = path.draw(14.6, 0.03);
    let scale = |from: f64, to: f64| ((from - to) as f32).sqrt();
    for i in 0..50 {
        let parts: f32 = draws.iter().zip(levels.windows(2)).map(|(d, l)| d[i] * scale(l[0], l[1])).sum();
        assert!((whole[i] * scale(14.6, 0.03) - parts).abs() < 1e-4);
    }
}
