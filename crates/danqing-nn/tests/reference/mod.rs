//! Plain `f64` definitions of the operators, and random cases from a fixed seed. Written from the definitions, not from
//! the crate: NCHW, loops over everything, nothing shared with the code under test.
#![allow(dead_code, reason = "each test file uses its part")]

use danqing_nn::{DType, Engine, EngineConfig, Error, FeatureMap, PadMode, Padding, Precision, Shape, Tier, Weight};

/// Sum and sum of magnitudes of one output value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) value: f64,
    pub(crate) magnitude: f64,
    pub(crate) terms: usize,
}

impl Sum {
    pub(crate) fn add(&mut self, product: f64) {
        self.value += product;
        self.magnitude += product.abs();
        self.terms += 1;
    }

    /// `(K + 4) · eps + 2⁻⁷ + 2⁻¹⁶`, times Σ|w·x|: the bound in bf16.
    pub(crate) fn bound_bf16(&self) -> f64 {
        self.bound() + (2.0_f64.powi(-7) + 2.0_f64.powi(-16)) * self.magnitude
    }

    /// `(K + 4) · eps · Σ|w·x|`, the bound that `Conv2d` promises of the direct method; for random values the fast one
    /// keeps it too.
    pub(crate) fn bound(&self) -> f64 {
        (self.terms as f64 + 4.0) * f64::from(f32::EPSILON) * self.magnitude + 1e-37
    }
}

/// xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// In `0..limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) % limit as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// In −1..1.
    pub(crate) fn value(&mut self) -> f32 {
        ((self.next() >> 40) as f32) / (1_u32 << 23) as f32 - 1.0
    }

    pub(crate) fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.value()).collect()
    }
}

/// One engine in `f32` per tier that this processor has; says which ones it has not.
pub(crate) fn engines() -> Vec<Engine> {
    engines_of(Precision::F32)
}

/// As [`engines`] in another precision. `DANQING_CPU` leaves only the tier that it names.
#[allow(clippy::needless_update, reason = "the feature `candle` has a field more")]
pub(crate) fn engines_of(precision: Precision) -> Vec<Engine> {
    let engine = |tier| {
        let config =
            EngineConfig { threads: Some(2), tier: Some(tier), precision: Some(precision), ..EngineConfig::default() };
        Engine::new(config)
    };
    let only = std::env::var("DANQING_CPU").ok().filter(|name| !name.is_empty());
    let mut engines = Vec::new();
    for tier in Tier::ALL.into_iter().filter(|tier| only.as_ref().is_none_or(|name| name == tier.name())) {
        match engine(tier) {
            Ok(engine) => engines.push(engine),
            Err(error) => eprintln!("skipped tier {tier}: {error}"),
        }
    }
    assert!(!engines.is_empty());
    engines
}

pub(crate) struct ConvCase {
    pub(crate) shape: Shape,
    pub(crate) out_channels: usize,
    pub(crate) kernel: (usize, usize),
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) groups: usize,
    pub(crate) padding: Padding,
    pub(crate) mode: PadMode,
}

pub(crate) const CHANNELS: [usize; 8] = [1, 2, 3, 4, 5, 17, 33, 64];
pub(crate) const SIDES: [usize; 6] = [1, 2, 5, 8, 13, 19];

/// A convolution of some odd shape.
pub(crate) fn random_case(random: &mut Random) -> ConvCase {
    loop {
        let groups = random.pick(&[1, 1, 1, 2, 3]);
        let is_depthwise = random.below(4) == 0;
        let channels = if is_depthwise { random.pick(&CHANNELS[1..]) } else { random.pick(&CHANNELS) * groups };
        let case = ConvCase {
            shape: Shape::new(1 + random.below(2), random.pick(&SIDES), random.pick(&SIDES), channels),
            out_channels: if is_depthwise { channels } else { random.pick(&CHANNELS) * groups },
            kernel: (random.pick(&[1, 2, 3, 4, 5, 7]), random.pick(&[1, 2, 3, 3, 4, 5])),
            stride: random.pick(&[1, 1, 2, 3]),
            dilation: random.pick(&[1, 1, 2, 3]),
            groups: if is_depthwise { channels } else { groups },
            padding: Padding {
                top: random.below(4),
                bottom: random.below(4),
                left: random.below(4),
                right: random.below(4),
            },
            mode: random.pick(&[PadMode::Zero, PadMode::Zero, PadMode::Reflect, PadMode::Replicate]),
        };
        if fits(&case) {
            return case;
        }
    }
}

/// Whether the window fits into the padded picture and the reflection into the picture.
fn fits(case: &ConvCase) -> bool {
    let Padding { top, bottom, left, right } = case.padding;
    let reach = |kernel: usize| (kernel - 1) * case.dilation + 1;
    let mirrors =
        case.mode != PadMode::Reflect || (top.max(bottom) < case.shape.height && left.max(right) < case.shape.width);
    let rows = case.shape.height + top + bottom >= reach(case.kernel.0);
    mirrors && rows && case.shape.width + left + right >= reach(case.kernel.1)
}

/// Position behind the border, or `None` for a zero.
fn behind(position: isize, length: isize, mode: PadMode) -> Option<usize> {
    let inside = (0..length).contains(&position);
    match mode {
        _ if inside => Some(position as usize),
        PadMode::Zero => None,
        PadMode::Replicate => Some(if position < 0 { 0 } else { length as usize - 1 }),
        PadMode::Reflect if position < 0 => Some(-position as usize),
        PadMode::Reflect => Some((length - 1 - (position - (length - 1))) as usize),
    }
}

/// `conv2d`, NCHW.
pub(crate) fn conv2d(case: &ConvCase, x: &[f32], w: &[f32], bias: &[f32]) -> (Shape, Vec<Sum>) {
    let Shape { batch, height, width, channels } = case.shape;
    let (kh, kw) = case.kernel;
    let reach = |kernel: usize| (kernel - 1) * case.dilation + 1;
    let out_height = (height + case.padding.top + case.padding.bottom - reach(kh)) / case.stride + 1;
    let out_width = (width + case.padding.left + case.padding.right - reach(kw)) / case.stride + 1;
    let (out_per, in_per) = (case.out_channels / case.groups, channels / case.groups);
    let mut sums = Vec::new();
    for n in 0..batch {
        for o in 0..case.out_channels {
            for (oy, ox) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
                let mut sum = Sum::default();
                sum.add(f64::from(bias[o]));
                for i in 0..in_per {
                    for (ky, kx) in (0..kh).flat_map(|y| (0..kw).map(move |x| (y, x))) {
                        let y = (oy * case.stride + ky * case.dilation) as isize - case.padding.top as isize;
                        let x_at = (ox * case.stride + kx * case.dilation) as isize - case.padding.left as isize;
                        let y = behind(y, height as isize, case.mode);
                        let at = behind(x_at, width as isize, case.mode);
                        let (Some(y), Some(at)) = (y, at) else { continue };
                        let channel = o / out_per * in_per + i;
                        let value = x[((n * channels + channel) * height + y) * width + at];
                        sum.add(f64::from(value) * f64::from(w[((o * in_per + i) * kh + ky) * kw + kx]));
                    }
                }
                sums.push(sum);
            }
        }
    }
    (Shape::new(batch, out_height, out_width, case.out_channels), sums)
}

pub(crate) struct TransposeCase {
    pub(crate) shape: Shape,
    pub(crate) out_channels: usize,
    pub(crate) kernel: (usize, usize),
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) output_padding: usize,
    pub(crate) dilation: usize,
    pub(crate) groups: usize,
}

/// `conv_transpose2d` by its definition: every input is scattered. NCHW.
pub(crate) fn conv_transpose2d(case: &TransposeCase, x: &[f32], w: &[f32], bias: &[f32]) -> (Shape, Vec<Sum>) {
    let Shape { batch, height, width, channels } = case.shape;
    let (kh, kw) = case.kernel;
    let side = |n: usize, k: usize| {
        (n - 1) * case.stride + case.dilation * (k - 1) + 1 + case.output_padding - 2 * case.padding
    };
    let (out_height, out_width) = (side(height, kh), side(width, kw));
    let (out_per, in_per) = (case.out_channels / case.groups, channels / case.groups);
    let mut sums = vec![Sum::default(); batch * case.out_channels * out_height * out_width];
    for (index, sum) in sums.iter_mut().enumerate() {
        sum.add(f64::from(bias[index / (out_height * out_width) % case.out_channels]));
    }
    for (index, &value) in x.iter().enumerate() {
        let (column, row) = (index % width, index / width % height);
        let (channel, n) = (index / (width * height) % channels, index / (width * height * channels));
        for o in 0..out_per {
            for (ky, kx) in (0..kh).flat_map(|y| (0..kw).map(move |x| (y, x))) {
                let y = (row * case.stride + ky * case.dilation).checked_sub(case.padding);
                let at = (column * case.stride + kx * case.dilation).checked_sub(case.padding);
                let (Some(y), Some(at)) = (y, at) else { continue };
                if y < out_height && at < out_width {
                    let out = channel / in_per * out_per + o;
                    let weight = w[((channel * out_per + o) * kh + ky) * kw + kx];
                    sums[((n * case.out_channels + out) * out_height + y) * out_width + at]
                        .add(f64::from(value) * f64::from(weight));
                }
            }
        }
    }
    (Shape::new(batch, out_height, out_width, case.out_channels), sums)
}

/// Fails with place, values and bound if any value is further from its sum than the bound.
pub(crate) fn assert_sums(y: &FeatureMap, shape: Shape, sums: &[Sum], what: &str) -> Result<(), Error> {
    assert_eq!(y.shape(), shape, "{what}");
    for (index, (value, sum)) in y.to_nchw()?.into_iter().zip(sums).enumerate() {
        let error = (f64::from(value) - sum.value).abs();
        assert!(error <= sum.bound(), "{what}: value {index} is {value}, exact {}, bound {}", sum.value, sum.bound());
    }
    Ok(())
}

pub(crate) fn weight(random: &mut Random, shape: &[usize]) -> Weight {
    let count = shape.iter().product();
    Weight::new(shape, random.values(count)).expect("as many values as the shape")
}

/// What a map of the type of `y` may add to the error of `value`: half a unit in the last place of bf16.
pub(crate) fn storing(y: &FeatureMap, value: f64) -> f64 {
    if y.dtype() == DType::Bf16 { value.abs() * 2.0_f64.powi(-8) } else { 0.0 }
}

/// Fails if a value is further from its sum than `bound` says, and half a unit in the last place of a map of bf16.
pub(crate) fn assert_within(
    y: &FeatureMap,
    sums: &[Sum],
    bound: impl Fn(&Sum) -> f64,
    what: &str,
) -> Result<(), Error> {
    assert_eq!(y.shape().elements()?, sums.len(), "{what}");
    for (index, (value, sum)) in y.to_nchw()?.into_iter().zip(sums).enumerate() {
        let (error, bound) = ((f64::from(value) - sum.value).abs(), bound(sum));
        let bound = bound + storing(y, sum.value.abs() + bound);
        assert!(error <= bound, "{what}: value {index} is {value}, exact {}, bound {bound}", sum.value);
    }
    Ok(())
}

/// `Σ a[row, k] · b[k, column]`, rows first.
pub(crate) fn products(a: &[f32], b: impl Fn(usize, usize) -> f32, k: usize, columns: usize) -> Vec<Sum> {
    let rows = a.len() / k;
    (0..rows * columns)
        .map(|index| {
            let mut sum = Sum::default();
            (0..k).for_each(|i| sum.add(f64::from(a[index / columns * k + i]) * f64::from(b(i, index % columns))));
            sum
        })
        .collect()
}
