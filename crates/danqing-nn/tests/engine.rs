//! The engine's promises: thread counts, cancelling, memory, refusals.
#![allow(clippy::expect_used, clippy::panic)]
#![allow(clippy::too_many_lines, reason = "the table of refusals is literal")]

mod reference;

use std::time::Duration;

use danqing_capability::{CancelToken, Cancelled, Class, Classified};
use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Engine, EngineConfig, Epilogue, Error,
    FeatureMap, InstanceNorm, Interpolation, Linear, PadMode, Padding, PoolConfig, Shape, Tier, Weight, activate, add,
    average_pool, clamp, concat, crop, fir_downsample, fir_filter, fir_upsample, global_average_pool, max_pool,
    multiply, pad, pixel_shuffle, pixel_unshuffle, resize, slice_channels,
};
use reference::{Random, weight};

fn engine(threads: usize) -> Engine {
    Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() }).expect("threads can be started")
}

/// A little of everything, as one vector.
fn everything(engine: &Engine) -> Result<Vec<f32>, Error> {
    let mut random = Random::new(20);
    let shape = Shape::new(2, 37, 41, 24);
    let x = FeatureMap::from_nhwc(engine, shape, random.values(shape.elements()?))?;
    let dense = Conv2d::new(engine, Conv2dConfig::same(3), &weight(&mut random, &[40, 24, 3, 3]), None)?;
    let y = dense.forward_with(engine, &x, Epilogue::activation(Activation::Gelu))?;
    let config = Conv2dConfig { groups: 40, stride: 2, ..Conv2dConfig::same(5) };
    let y = Conv2d::new(engine, config, &weight(&mut random, &[40, 1, 5, 5]), None)?.forward(engine, &y)?;
    let y = InstanceNorm::new(40, 1e-5, None)?.forward(engine, &y)?;
    let config = ConvTranspose2dConfig { stride: 2, padding: 1, ..ConvTranspose2dConfig::default() };
    let y = ConvTranspose2d::new(engine, config, &weight(&mut random, &[40, 3, 4, 4]), None)?.forward(engine, &y)?;
    let y = resize(engine, &y, 50, 61, Interpolation::Bilinear { align_corners: false })?;
    let mean = global_average_pool(engine, &y)?;
    let y = Linear::new(engine, &weight(&mut random, &[333, 3]), None)?.forward(engine, &y)?;
    Ok([y.to_nhwc()?, mean.to_nhwc()?].concat())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() -> Result<(), Error> {
    let bits = |threads| everything(&engine(threads)).map(|v| v.into_iter().map(f32::to_bits).collect::<Vec<_>>());
    let one = bits(1)?;
    for threads in [2, 3, 8] {
        assert!(bits(threads)? == one, "{threads} threads");
    }
    Ok(())
}

#[test]
fn several_threads_may_share_an_engine() -> Result<(), Error> {
    let engine = engine(2);
    let alone = everything(&engine)?;
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| everything(&engine))).collect();
        for run in runs {
            assert!(run.join().expect("no panic")? == alone);
        }
        Ok(())
    })
}

#[test]
fn a_cancelled_convolution_stops_in_the_middle_and_gives_its_memory_back() -> Result<(), Error> {
    let engine = engine(2);
    let mut random = Random::new(21);
    let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &weight(&mut random, &[512, 512, 3, 3]), None)?;
    let shape = Shape::new(1, 256, 256, 512);
    let x = FeatureMap::filled(&engine, shape, 0.5)?;
    let before = engine.memory().live_bytes;
    let cancel = CancelToken::default();
    let run = engine.with_cancel(cancel.clone());
    let stopped = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            cancel.cancel();
        });
        // 310 GFLOP take seconds: without the check this would return a map.
        conv.forward(&run, &x).map(|y| y.shape())
    });
    assert_eq!(stopped, Err(Error::Cancelled(Cancelled)));
    assert_eq!(engine.memory().live_bytes, before);
    assert_eq!(add(&run, &x, &x).map(|y| y.shape()), Err(Error::Cancelled(Cancelled)));
    assert!(add(&engine, &x, &x).is_ok(), "the engine itself is not cancelled");
    Ok(())
}

#[test]
fn memory_is_counted_and_reused() -> Result<(), Error> {
    let engine = engine(1);
    let shape = Shape::new(1, 64, 64, 16); // 256 KiB
    let a = FeatureMap::filled(&engine, shape, 1.0)?;
    assert_eq!(engine.memory().live_bytes, 256 * 1024);
    let b = add(&engine, &a, &a)?;
    let same = b.clone();
    assert_eq!(engine.memory().live_bytes, 512 * 1024);
    let address = b.as_slice()?.as_ptr();
    drop(b);
    assert_eq!(engine.memory().live_bytes, 512 * 1024, "a clone still holds the values");
    drop(same);
    assert_eq!(engine.memory().live_bytes, 256 * 1024);
    let c = activate(&engine, a.clone(), &Activation::Relu)?;
    assert_eq!(c.as_slice()?.as_ptr(), address, "the freed buffer is used again");
    let own = c.as_slice()?.as_ptr();
    assert_eq!(activate(&engine, c, &Activation::Relu)?.as_slice()?.as_ptr(), own, "in place");
    assert_eq!(engine.memory().peak_bytes, 512 * 1024);
    drop(a);
    engine.reset_peak();
    assert_eq!((engine.memory().live_bytes, engine.memory().peak_bytes), (0, 0));
    Ok(())
}

#[test]
fn the_backend_names_device_tier_and_precision() -> Result<(), Error> {
    let config = EngineConfig { threads: Some(3), tier: Some(Tier::Portable), ..EngineConfig::default() };
    let engine = Engine::new(config)?;
    assert_eq!((engine.backend().as_str(), engine.threads()), ("cpu-portable-f32", 3));
    Ok(())
}

/// Each refusal with a part of its message.
#[test]
fn what_makes_no_sense_is_refused() -> Result<(), Error> {
    let e = &engine(1);
    let x = &FeatureMap::filled(e, Shape::new(1, 4, 5, 6), 1.0)?;
    let other = &FeatureMap::filled(e, Shape::new(1, 4, 4, 6), 1.0)?;
    let w = |shape: &[usize]| Weight::new(shape, vec![0.5; shape.iter().product()]).expect("small");
    let conv = |config, shape: &[usize], bias: Option<&Weight>| {
        Conv2d::new(e, config, &w(shape), bias).and_then(|conv| conv.forward(e, x)).map(|_| ())
    };
    let plain = Conv2dConfig::default;
    let transpose = |config, shape: &[usize]| {
        ConvTranspose2d::new(e, config, &w(shape), None).and_then(|conv| conv.forward(e, x)).map(|_| ())
    };
    let tplain = ConvTranspose2dConfig::default;
    let fused = |epilogue| {
        Conv2d::new(e, Conv2dConfig::same(3), &w(&[6, 6, 3, 3]), None)?.forward_with(e, x, epilogue).map(|_| ())
    };
    let none = |result: Result<FeatureMap, Error>| result.map(|_| ());
    let wide = PoolConfig { padding: Padding::symmetric(2), ..PoolConfig::tiles(2) };
    let refusals: Vec<(&str, Result<(), Error>)> = vec![
        ("119 values, expected 120", none(FeatureMap::from_nhwc(e, x.shape(), vec![0.0; 119]))),
        ("121 values, expected 120", none(FeatureMap::from_nchw(e, x.shape(), &[0.0; 121]))),
        ("side of 0", none(FeatureMap::from_nhwc(e, Shape::new(1, 0, 5, 6), vec![]))),
        ("more elements", none(FeatureMap::filled(e, Shape::new(1 << 40, 1 << 40, 3, 1), 0.0))),
        ("more elements", none(x.reshape(Shape::new(1, usize::MAX, 1, 2)))),
        ("119 values", Weight::new(&[2, 60], vec![0.0; 119]).map(|_| ())),
        ("more elements", Weight::new(&[usize::MAX, 2], vec![]).map(|_| ())),
        ("[out, in / groups, kh, kw]", conv(plain(), &[6, 6, 3], None)),
        ("none 0", conv(plain(), &[6, 6, 0, 3], None)),
        ("multiple of groups", conv(Conv2dConfig { groups: 4, ..plain() }, &[6, 6, 3, 3], None)),
        ("Conv2d: 6 channels, expected 7", conv(plain(), &[6, 7, 3, 3], None)),
        ("expected [6]", conv(plain(), &[6, 6, 3, 3], Some(&w(&[5])))),
        ("stride 0", conv(Conv2dConfig { stride: 0, ..plain() }, &[6, 6, 3, 3], None)),
        ("dilation 0", conv(Conv2dConfig { dilation: 0, ..plain() }, &[6, 6, 3, 3], None)),
        ("groups 0", conv(Conv2dConfig { groups: 0, ..plain() }, &[6, 6, 3, 3], None)),
        ("side of 4, expected at least 5", conv(plain(), &[6, 6, 5, 5], None)),
        (
            "side of 4, expected at least 5",
            conv(
                Conv2dConfig { padding: Padding::symmetric(4), padding_mode: PadMode::Reflect, ..plain() },
                &[6, 6, 3, 3],
                None,
            ),
        ),
        ("more elements", conv(Conv2dConfig { padding: Padding::symmetric(1 << 31), ..plain() }, &[6, 6, 1, 1], None)),
        (
            "more elements",
            conv(Conv2dConfig { padding: Padding::symmetric(usize::MAX), ..plain() }, &[6, 6, 1, 1], None),
        ),
        ("output_padding", transpose(ConvTranspose2dConfig { output_padding: 1, ..tplain() }, &[6, 2, 3, 3])),
        ("stride", transpose(ConvTranspose2dConfig { stride: 1 << 20, ..tplain() }, &[6, 2, 3, 3])),
        ("ConvTranspose2d: 6 channels", transpose(tplain(), &[5, 2, 3, 3])),
        ("side of 4", transpose(ConvTranspose2dConfig { padding: 3, ..tplain() }, &[6, 2, 1, 1])),
        ("residual: shape 1×4×4×6", fused(Epilogue::default().with_residual(other))),
        ("skip: shape 1×4×4×6", fused(Epilogue::default().with_skip(other))),
        ("slopes: 4 channels, expected 6", fused(Epilogue::activation(Activation::PRelu([0.1; 4].into())))),
        ("slopes: 4", none(activate(e, x.clone(), &Activation::PRelu([0.1; 4].into())))),
        ("add: shape", none(add(e, x, other))),
        ("multiply: shape", none(multiply(e, x, other))),
        ("clamp range is 2..=1", none(clamp(e, x.clone(), 2.0, 1.0))),
        ("concat: shape", none(concat(e, &[x, other]))),
        ("no map", none(concat(e, &[]))),
        ("expected 7", none(slice_channels(e, x, 3, 4))),
        ("expected 18446744073709551615", none(slice_channels(e, x, usize::MAX, 4))),
        ("factor²", none(pixel_shuffle(e, x, 2))),
        ("factor is 0", none(pixel_shuffle(e, x, 0))),
        ("multiples of factor", none(pixel_unshuffle(e, x, 2))),
        ("crop: side of 5, expected at least 6", none(crop(e, x, (0, 3), (4, 3)))),
        ("pad: side of 4", none(pad(e, x, Padding::symmetric(4), PadMode::Reflect))),
        ("less than the kernel", none(max_pool(e, x, wide))),
        ("side of 4, expected at least 5", none(average_pool(e, x, PoolConfig::tiles(5)))),
        ("stride 0", none(max_pool(e, x, PoolConfig { stride: 0, ..PoolConfig::tiles(2) }))),
        ("side of 0", none(resize(e, x, 0, 5, Interpolation::Nearest))),
        ("InstanceNorm: 6 channels", none(InstanceNorm::new(7, 1e-5, None)?.forward(e, x))),
        ("epsilon is NaN", InstanceNorm::new(6, f32::NAN, None).map(|_| ())),
        ("[out, in]", Linear::new(e, &w(&[6, 6, 1]), None).map(|_| ())),
        ("sum other than 0", fir_filter(&[1.0, -1.0]).map(|_| ())),
        ("resampling factor", fir_upsample(e, 6, 5, &fir_filter(&[1.0; 4])?).map(|_| ())),
        ("resampling factor", fir_downsample(e, 6, 0, &fir_filter(&[1.0; 4])?).map(|_| ())),
        ("threads is 0", Engine::new(EngineConfig { threads: Some(0), ..EngineConfig::default() }).map(|_| ())),
    ];
    for (index, (part, result)) in refusals.into_iter().enumerate() {
        match result {
            Err(error) => assert!(error.to_string().contains(part), "{index}: {error:?} does not say {part:?}"),
            Ok(()) => panic!("{index}: nobody refused, expected {part:?}"),
        }
    }
    Ok(())
}

#[test]
fn a_layer_packed_for_one_tier_is_refused_by_another() -> Result<(), Error> {
    let tiers = reference::engines();
    let [first, .., last] = tiers.as_slice() else {
        eprintln!("skipped: this processor has one tier only");
        return Ok(());
    };
    for groups in [1, 4] {
        let config = Conv2dConfig { groups, ..Conv2dConfig::same(3) };
        let conv = Conv2d::new(first, config, &Weight::new(&[4, 4 / groups, 3, 3], vec![0.0; 144 / groups])?, None)?;
        let x = FeatureMap::filled(last, Shape::new(1, 4, 4, 4), 1.0)?;
        let error = conv.forward(last, &x).map(|_| ()).expect_err("another tier");
        assert!(matches!(error, Error::OtherTier { .. }), "{error}");
        assert_eq!(error.class(), Class::Bug);
    }
    Ok(())
}

#[test]
fn the_environment_chooses_the_tier() {
    // A child process, since the environment of a test process is shared by its tests.
    let child = |name: &str| {
        let test = ["--exact", "the_environment_is_read", "--nocapture", "--ignored"];
        let program = std::env::current_exe().expect("this test");
        let output = std::process::Command::new(program).args(test).env("DANQING_CPU", name).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(child("portable").contains("engine cpu-portable-f32"));
    assert!(child("sse9").contains("CPU tier \"sse9\" is unknown, expected one of portable, avx2, avx512, amx"));
    let f32_kernels = if Tier::detected() == Tier::Amx { "cpu-avx512-f32" } else { "tier amx is not available" };
    assert!(child("amx").contains(f32_kernels));
    if Tier::detected() < Tier::Avx512 {
        assert!(child("avx512").contains("CPU tier avx512 is not available"));
    }
}

#[test]
#[ignore = "run by the_environment_chooses_the_tier"]
fn the_environment_is_read() {
    match Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }) {
        Ok(engine) => println!("engine {}", engine.backend()),
        Err(error) => println!("{error}"),
    }
}
