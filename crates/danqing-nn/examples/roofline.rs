//! How near the operators of diffusion networks come to what this machine can do: the roofline (S. Williams, A. Waterman,
//! D. Patterson, "Roofline", 2009).
//!
//! Measures one core's multiply-adds on registers and bytes copied, then each operator on one thread, and prints one line
//! each: operations of the definition, the fewest bytes that can move (inputs, weights and outputs once), operations per
//! byte, the time that the slower of the two limits allows, the time taken, and their ratio. Processor time (Linux) of at least half a second
//! each, so that other programs cost it caches and memory but no time of their own. Bytes that the cache still holds from
//! the last run need not move, so small operators may beat the limit; so may 3×3 convolutions by minimal filtering, which
//! have fewer operations: beside them stands the time of the direct method, the least of three rounds in turns. Words on
//! the command line choose operators by parts of their names. Tier and precision by `DANQING_CPU` and
//! `DANQING_PRECISION`.

use std::time::{SystemTime, UNIX_EPOCH};

use danqing_nn::{
    Activation, Attention, Conv2d, Conv2dConfig, ConvolutionMethod, Engine, EngineConfig, Error, FeatureMap,
    GatedLinear, GroupNorm, LayerNorm, Linear, Precision, Shape, Weight, geglu,
};

/// Bytes that no cache holds.
const LARGE: usize = 256 << 20;
const STEPS: usize = 1_000_000;
const MULTIPLY_ADDS: usize = STEPS * 12 * 8 * 2;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
type Forward = Box<dyn Fn(&Engine) -> Result<FeatureMap, Error>>;

fn main() -> Outcome<()> {
    let engine = Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() })?;
    let flops = MULTIPLY_ADDS as f64
        / seconds(|| {
            std::hint::black_box(multiply_adds());
            Ok(())
        })?;
    let (from, mut to) = (vec![1.0_f32; LARGE / 4], vec![0.0_f32; LARGE / 4]);
    let bytes = 2.0 * LARGE as f64
        / seconds(|| {
            to.copy_from_slice(std::hint::black_box(&from));
            std::hint::black_box(&mut to);
            Ok(())
        })?;
    println!("{}: {:.1} GFLOP/s of f32, {:.1} GB/s copied", engine.backend(), flops * 1e-9, bytes * 1e-9);
    println!("| operator | GFLOP | MB | FLOP/B | limit ms | taken ms | of the limit | direct ms | direct / taken |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let direct = engine.with_convolutions(ConvolutionMethod::Direct);
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |operator: &Operator| asked.is_empty() || asked.iter().any(|part| operator.name.contains(part));
    for operator in operators(&engine)?.into_iter().filter(is_asked) {
        let before = engine.operations();
        (operator.run)(&engine)?;
        let work = (engine.operations() - before) as f64;
        let (taken, plain) = if operator.has_methods {
            let rounds = (0..3).map(|_| {
                let taken = seconds(|| (operator.run)(&engine).map(drop))?;
                Ok((taken, seconds(|| (operator.run)(&direct).map(drop))?))
            });
            let rounds = rounds.collect::<Result<Vec<_>, Error>>()?;
            let least = |times: &dyn Fn(&(f64, f64)) -> f64| rounds.iter().map(times).fold(f64::INFINITY, f64::min);
            (least(&|round| round.0), Some(least(&|round| round.1)))
        } else {
            (seconds(|| (operator.run)(&engine).map(drop))?, None)
        };
        let limit = (work / flops).max(operator.bytes as f64 / bytes);
        let plain = plain.map_or("– | –".into(), |plain| format!("{:.2} | {:.2}", plain * 1e3, plain / taken));
        println!(
            "| {} | {:.2} | {:.1} | {:.0} | {:.2} | {:.2} | {:.2} | {plain} |",
            operator.name,
            work * 1e-9,
            operator.bytes as f64 * 1e-6,
            work / operator.bytes as f64,
            limit * 1e3,
            taken * 1e3,
            limit / taken,
        );
    }
    Ok(())
}

/// Mean processor seconds of one call.
fn seconds(mut work: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    work()?;
    let (start, mut calls) = (processor_seconds(), 0);
    loop {
        work()?;
        calls += 1;
        let passed = processor_seconds() - start;
        if passed >= 0.5 {
            return Ok(passed / f64::from(calls));
        }
    }
}

/// This thread's time on a processor, exact to a tick; where the system does not say, the time of day.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
    let of_day = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |passed| passed.as_secs_f64());
    nanoseconds.map_or_else(of_day, |nanoseconds| nanoseconds * 1e-9)
}

/// Twelve vectors of sums, so that no addition waits for another; [`MULTIPLY_ADDS`] operations.
fn multiply_adds() -> f32 {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn on_avx2(factor: f32) -> f32 {
        let mut sums = [[1.0_f32; 8]; 12];
        for _ in 0..STEPS {
            for lanes in &mut sums {
                for sum in lanes {
                    *sum = sum.mul_add(factor, 0.5);
                }
            }
        }
        sums.iter().flatten().sum()
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "a measurement of these very instructions")]
        // SAFETY: the processor has the instructions.
        return unsafe { on_avx2(std::hint::black_box(0.5)) };
    }
    f32::NAN
}

struct Operator {
    name: String,
    /// Inputs, weights and outputs, once each.
    bytes: usize,
    /// Whether the method of convolutions matters.
    has_methods: bool,
    run: Forward,
}

fn convolutions(engine: &Engine) -> Outcome<Vec<Operator>> {
    let mut all = Vec::new();
    for (side, input, output, kernel) in [
        (64, 320, 320, 3),
        (64, 640, 320, 3),
        (32, 640, 640, 3),
        (16, 1280, 1280, 3),
        (8, 1280, 1280, 3),
        (64, 512, 512, 3),
        (128, 512, 512, 3),
        (256, 512, 512, 3),
        (256, 256, 256, 3),
        (512, 256, 256, 3),
        (256, 128, 128, 3),
        (512, 128, 128, 3),
        (256, 64, 32, 3),
        (256, 128, 32, 3),
        (256, 192, 64, 3),
        (512, 64, 64, 3),
        (1024, 64, 64, 3),
        (64, 256, 256, 1),
    ] {
        let weight = wave(&[output, input, kernel, kernel])?;
        let layer = Conv2d::new(engine, Conv2dConfig::same(kernel), &weight, None)?;
        let x = map(engine, side * side, input)?.reshape(Shape::new(1, side, side, input))?;
        let values = side * side * (input + output);
        all.push(Operator {
            name: format!("convolution {kernel}×{kernel} {input} → {output} at {side}²"),
            has_methods: kernel == 3,
            bytes: 4 * values + weight_bytes(engine, output * input * kernel * kernel),
            run: Box::new(move |engine| layer.forward(engine, &x)),
        });
    }
    Ok(all)
}

fn operators(engine: &Engine) -> Outcome<Vec<Operator>> {
    let mut all = convolutions(engine)?;
    for (tokens, input, output) in [(4096, 320, 2560), (1024, 640, 640), (1, 1280, 1280)] {
        let layer = Linear::new(engine, &wave(&[output, input])?, None)?;
        let x = map(engine, tokens, input)?;
        all.push(Operator {
            name: format!("linear {tokens} × {input} → {output}"),
            has_methods: false,
            bytes: 4 * tokens * (input + output) + weight_bytes(engine, input * output),
            run: Box::new(move |engine| layer.forward(engine, &x)),
        });
    }
    for (queries, keys, heads, size) in [(4096, 4096, 8, 40), (4096, 77, 8, 40)] {
        let (q, k) = (map(engine, queries, heads * size)?, map(engine, keys, heads * size)?);
        all.push(Operator {
            name: format!("attention {queries} × {keys}, {heads} heads of {size}"),
            has_methods: false,
            bytes: 8 * heads * size * (queries + keys),
            run: Box::new(move |engine| Attention::new(heads).forward(engine, &q, &k, &k)),
        });
    }
    let (w, b, x) = (wave(&[320])?, wave(&[320])?, map(engine, 4096, 320)?);
    let (group, layer) = (GroupNorm::new(32, 1e-5, &w, &b)?, LayerNorm::new(1e-5, &w, &b)?);
    let bytes = 8 * 4096 * 320;
    let y = x.clone();
    let run = Box::new(move |engine: &Engine| group.forward_with(engine, &y, Some(&Activation::Silu)));
    all.push(Operator { name: "group norm 64² × 320 with SiLU".into(), bytes, has_methods: false, run });
    let run = Box::new(move |engine: &Engine| layer.forward(engine, &x));
    all.push(Operator { name: "layer norm 4096 × 320".into(), bytes, has_methods: false, run });
    let layer = GatedLinear::new(engine, &wave(&[2560, 320])?, None)?;
    let x = map(engine, 4096, 320)?;
    let bytes = 4 * 4096 * (320 + 1280) + weight_bytes(engine, 320 * 2560);
    let run = Box::new(move |engine: &Engine| layer.forward(engine, &x));
    all.push(Operator { name: "linear 4096 × 320 → 2560 with GEGLU".into(), bytes, has_methods: false, run });
    let x = map(engine, 4096, 2560)?;
    let run = Box::new(move |engine: &Engine| geglu(engine, &x));
    all.push(Operator { name: "GEGLU 4096 × 2560".into(), bytes: 4 * 4096 * (2560 + 1280), has_methods: false, run });
    Ok(all)
}

fn weight_bytes(engine: &Engine, count: usize) -> usize {
    count * if engine.precision() == Precision::F32 { 4 } else { 2 }
}

fn map(engine: &Engine, tokens: usize, channels: usize) -> Result<FeatureMap, Error> {
    let values = wave(&[tokens, channels])?.values().to_vec();
    FeatureMap::from_nhwc(engine, Shape::new(1, 1, tokens, channels), values)
}

/// Values between −1 and 1 without a pattern that caches or denormals would like.
fn wave(shape: &[usize]) -> Result<Weight, Error> {
    let count: usize = shape.iter().product();
    Weight::new(shape, (0..count).map(|index| ((index as f32) * 0.618_034).fract() * 2.0 - 1.0).collect())
}
