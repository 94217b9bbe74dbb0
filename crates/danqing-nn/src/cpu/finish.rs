//! What happens to sums before they become outputs: residual, activation, skip.

use super::dispatch::{Kernel, dispatch};
use super::lanes::Lanes;
use super::math;
use crate::values::Values;
use crate::{Activation, Error, FeatureMap, Shape, Tier};

/// An epilogue checked against the output's shape.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    pub(crate) residual: Option<Addend<'a>>,
    pub(crate) activation: Option<&'a Activation>,
    pub(crate) skip: Option<Addend<'a>>,
}

/// A map to add, perhaps one channel, one pixel or one picture for all.
#[derive(Clone, Copy)]
pub(crate) struct Addend<'a> {
    values: Values<'a>,
    channels: usize,
    pixels: usize,
    /// Pixels of the output that share one of the map's.
    shared_by: usize,
}

impl<'a> Addend<'a> {
    /// Of a map that [`Self::fits`] an output of `shape`.
    pub(crate) fn new(map: &'a FeatureMap, shape: Shape) -> Result<Self, Error> {
        let own = map.shape();
        let shared_by = shape.height * shape.width / (own.height * own.width);
        Ok(Self { values: map.values()?, channels: own.channels, pixels: own.pixels(), shared_by })
    }

    /// The map's values for a pixel of the output: its channels, or the one for all of them.
    #[inline(always)]
    pub(crate) fn pixel(&self, pixel: usize) -> Values<'a> {
        let start = pixel / self.shared_by % self.pixels * self.channels;
        match self.values {
            Values::F32(values) => Values::F32(&values[start..][..self.channels]),
            Values::Bf16(bits) => Values::Bf16(&bits[start..][..self.channels]),
        }
    }

    /// Whether a map of shape `own` can be added to maps of `shape`.
    pub(crate) fn fits(own: Shape, shape: Shape) -> bool {
        let size_fits = (own.height, own.width) == (shape.height, shape.width) || (own.height, own.width) == (1, 1);
        let batch_fits = own.batch == shape.batch || own.batch == 1;
        let channels_fit = own.channels == shape.channels || own.channels == 1;
        size_fits && batch_fits && channels_fit
    }

    /// Adds the values of `pixel` for the channels from `channel` on.
    #[inline(always)]
    unsafe fn add<L: Lanes>(&self, row: &mut [f32], pixel: usize, channel: usize) {
        // SAFETY: the caller has the instructions of `L`.
        unsafe {
            match self.pixel(pixel) {
                Values::F32([one]) => map_row::<L>(row, &AddOne(*one)),
                Values::F32(each) => map_row::<L>(row, &AddEach(&each[channel..][..row.len()])),
                Values::Bf16(each) => map_row::<L>(row, &AddBf16(&each[channel..][..row.len()])),
            }
        }
    }
}

impl Finish<'_> {
    /// Whether sums are outputs as they are.
    pub(super) fn is_nothing(&self) -> bool {
        self.residual.is_none() && self.activation.is_none() && self.skip.is_none()
    }

    /// Finishes the channels `channel..channel + row.len()` of one output pixel.
    #[inline(always)]
    pub(super) unsafe fn apply<L: Lanes>(&self, row: &mut [f32], pixel: usize, channel: usize) {
        // SAFETY: the caller has the instructions of `L`.
        unsafe {
            if let Some(residual) = &self.residual {
                residual.add::<L>(row, pixel, channel);
            }
            if let Some(activation) = self.activation {
                activate::<L>(activation, row, channel);
            }
            if let Some(skip) = &self.skip {
                skip.add::<L>(row, pixel, channel);
            }
        }
    }
}

/// Reads the vector of `slice` at `at`, short at its end.
#[inline(always)]
pub(super) unsafe fn load<L: Lanes>(slice: &[f32], at: usize) -> L {
    let left = slice.len() - at;
    // SAFETY: `left` values are valid.
    unsafe {
        let from = slice.as_ptr().add(at);
        if left >= L::WIDTH { L::load(from) } else { L::load_first(from, left) }
    }
}

/// A function of a vector and its offset in the row. A trait and not closures: these would not be compiled with the
/// tier's instructions.
pub(super) trait Change {
    /// # Safety
    /// The processor has the instructions of `L`; the offset lies in the row that the change was made for.
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L;
}

/// Replaces each vector of `row`.
#[inline(always)]
unsafe fn map_row<L: Lanes>(row: &mut [f32], change: &impl Change) {
    let to = row.as_mut_ptr();
    // SAFETY: passed on; a row may be its own source.
    unsafe { map_values::<L>(to, to, row.len(), change) }
}

/// Writes the change of each vector of `from`, a row as long.
#[inline(always)]
pub(super) unsafe fn map_into<L: Lanes>(from: &[f32], to: &mut [f32], change: &impl Change) {
    assert!(from.len() == to.len());
    // SAFETY: passed on; both have so many values.
    unsafe { map_values::<L>(from.as_ptr(), to.as_mut_ptr(), to.len(), change) }
}

/// # Safety
/// The processor has the instructions of `L`; `count` values to read and to write, the same or apart.
#[inline(always)]
unsafe fn map_values<L: Lanes>(from: *const f32, to: *mut f32, count: usize, change: &impl Change) {
    let mut at = 0;
    // SAFETY: vectors end within the row, the last one is read and written in part.
    unsafe {
        while count - at >= L::WIDTH {
            change.at(L::load(from.add(at)), at).store(to.add(at));
            at += L::WIDTH;
        }
        if at < count {
            change.at(L::load_first(from.add(at), count - at), at).store_first(to.add(at), count - at);
        }
    }
}

/// One value to all.
struct AddOne(f32);

impl Change for AddOne {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { x.plus(L::splat(self.0)) }
    }
}

/// A value to each.
struct AddEach<'a>(&'a [f32]);

impl Change for AddEach<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { x.plus(load::<L>(self.0, at)) }
    }
}

/// A bf16 value to each.
struct AddBf16<'a>(&'a [u16]);

impl Change for AddBf16<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        let left = self.0.len() - at;
        // SAFETY: passed on from the caller; `left` values are valid.
        unsafe {
            let from = self.0.as_ptr().add(at);
            x.plus(if left >= L::WIDTH { L::load_bf16(from) } else { L::load_first_bf16(from, left) })
        }
    }
}

/// `max(x, 0)`.
struct Relu;

impl Change for Relu {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { L::splat(0.0).max_or(x) }
    }
}

/// Slope below 0, then gain.
struct Leaky {
    slope: f32,
    gain: f32,
}

impl Change for Leaky {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe {
            let zero = L::splat(0.0);
            zero.min_or(x).times_plus(L::splat(self.slope), zero.max_or(x)).times(L::splat(self.gain))
        }
    }
}

/// Limits the magnitude.
struct Clamp(f32);

impl Change for Clamp {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { L::splat(-self.0).max_or(L::splat(self.0).min_or(x)) }
    }
}

/// A slope per value.
struct Slopes<'a>(&'a [f32]);

impl Change for Slopes<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe {
            let zero = L::splat(0.0);
            zero.min_or(x).times_plus(load::<L>(self.0, at), zero.max_or(x))
        }
    }
}

/// See [`Activation::Silu`].
struct Silu;

impl Change for Silu {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::silu(x) }
    }
}

/// See [`Activation::Gelu`].
struct Gelu;

impl Change for Gelu {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::gelu(x) }
    }
}

/// See [`Activation::GeluTanh`].
struct GeluTanh;

impl Change for GeluTanh {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::gelu_tanh(x) }
    }
}

/// See [`Activation::GeluQuick`].
struct GeluQuick;

impl Change for GeluQuick {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::gelu_quick(x) }
    }
}

/// See [`Activation::Sigmoid`].
struct Sigmoid;

impl Change for Sigmoid {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::sigmoid(x) }
    }
}

/// See [`Activation::Tanh`].
struct Tanh;

impl Change for Tanh {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, _at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::tanh(x) }
    }
}

/// The activation of `row`, whose first value belongs to `channel`.
#[inline(always)]
pub(super) unsafe fn activate<L: Lanes>(activation: &Activation, row: &mut [f32], channel: usize) {
    // SAFETY: the caller has the instructions of `L`; there is a slope per channel (`check_activation`).
    unsafe {
        match activation {
            Activation::Relu => map_row::<L>(row, &Relu),
            Activation::LeakyRelu { slope, gain, clamp } => {
                map_row::<L>(row, &Leaky { slope: *slope, gain: *gain });
                if let Some(most) = clamp {
                    map_row::<L>(row, &Clamp(*most));
                }
            }
            Activation::PRelu(slopes) => match &slopes[..] {
                [slope] => map_row::<L>(row, &Leaky { slope: *slope, gain: 1.0 }),
                slopes => map_row::<L>(row, &Slopes(&slopes[channel..][..row.len()])),
            },
            Activation::Silu => map_row::<L>(row, &Silu),
            Activation::Gelu => map_row::<L>(row, &Gelu),
            Activation::GeluTanh => map_row::<L>(row, &GeluTanh),
            Activation::GeluQuick => map_row::<L>(row, &GeluQuick),
            Activation::Sigmoid => map_row::<L>(row, &Sigmoid),
            Activation::Tanh => map_row::<L>(row, &Tanh),
        }
    }
}

/// [`activate`] for a run of whole pixels of `channels` values.
pub(crate) fn activate_row(tier: Tier, activation: &Activation, row: &mut [f32], channels: usize) {
    dispatch(tier, Activate { activation, row, channels });
}

struct Activate<'a> {
    activation: &'a Activation,
    row: &'a mut [f32],
    channels: usize,
}

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: the dispatcher has checked the instructions of `L`.
        unsafe {
            match self.activation {
                Activation::PRelu(_) => {
                    self.row.chunks_mut(self.channels).for_each(|pixel| activate::<L>(self.activation, pixel, 0));
                }
                plain => activate::<L>(plain, self.row, 0),
            }
        }
    }
}
