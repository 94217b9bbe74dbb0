//! What happens to sums before they become outputs: residual, activation, skip.

use super::dispatch::{Kernel, dispatch};
use super::lanes::Lanes;
use super::math;
use crate::{Activation, FeatureMap, Shape, Tier};

/// An epilogue checked against the output's shape.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    pub(crate) residual: Option<Addend<'a>>,
    pub(crate) activation: Option<&'a Activation>,
    pub(crate) skip: Option<Addend<'a>>,
}

/// A map to add, perhaps one channel or one picture for all.
#[derive(Clone, Copy)]
pub(crate) struct Addend<'a> {
    values: &'a [f32],
    channels: usize,
    pixels: usize,
}

impl<'a> Addend<'a> {
    /// `None` if `map` can't be added to maps of `shape`.
    pub(crate) fn new(map: &'a FeatureMap, shape: Shape) -> Option<Self> {
        let own = map.shape();
        let size_fits = own.height == shape.height && own.width == shape.width;
        let batch_fits = own.batch == shape.batch || own.batch == 1;
        let channels_fit = own.channels == shape.channels || own.channels == 1;
        let fits = size_fits && batch_fits && channels_fit;
        fits.then(|| Self { values: map.values(), channels: own.channels, pixels: own.pixels() })
    }

    /// Adds the values of `pixel` for the channels from `channel` on.
    #[inline(always)]
    unsafe fn add<L: Lanes>(&self, row: &mut [f32], pixel: usize, channel: usize) {
        let first = pixel % self.pixels * self.channels;
        // SAFETY: the caller has the instructions of `L`; slices below are as long as `row`.
        unsafe {
            if self.channels == 1 {
                let value = L::splat(self.values[first]);
                map_row::<L>(row, |x, _| x.plus(value));
            } else {
                let from = &self.values[first + channel..][..row.len()];
                map_row::<L>(row, |x, at| x.plus(load::<L>(from, at)));
            }
        }
    }
}

impl Finish<'_> {
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
unsafe fn load<L: Lanes>(slice: &[f32], at: usize) -> L {
    let left = slice.len() - at;
    // SAFETY: `left` values are valid.
    unsafe {
        let from = slice.as_ptr().add(at);
        if left >= L::WIDTH { L::load(from) } else { L::load_first(from, left) }
    }
}

/// Replaces each vector of `row`; `change` also gets its offset.
#[inline(always)]
unsafe fn map_row<L: Lanes>(row: &mut [f32], change: impl Fn(L, usize) -> L) {
    let mut at = 0;
    while at < row.len() {
        let left = row.len() - at;
        // SAFETY: the caller has the instructions of `L`; `left` values are valid.
        unsafe {
            let value = change(load::<L>(row, at), at);
            let to = row.as_mut_ptr().add(at);
            if left >= L::WIDTH { value.store(to) } else { value.store_first(to, left) }
        }
        at += L::WIDTH;
    }
}

/// The activation of `row`, whose first value belongs to `channel`.
#[inline(always)]
unsafe fn activate<L: Lanes>(activation: &Activation, row: &mut [f32], channel: usize) {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        match activation {
            Activation::Relu => map_row::<L>(row, |x, _| L::splat(0.0).max_or(x)),
            Activation::LeakyRelu { slope, gain, clamp } => leaky::<L>(row, *slope, *gain, *clamp),
            Activation::PRelu(slopes) => prelu::<L>(row, slopes, channel),
            Activation::Silu => map_row::<L>(row, |x, _| x.times(math::sigmoid(x))),
            Activation::Gelu => map_row::<L>(row, |x, _| math::gelu(x)),
            Activation::GeluTanh => map_row::<L>(row, |x, _| math::gelu_tanh(x)),
            Activation::Sigmoid => map_row::<L>(row, |x, _| math::sigmoid(x)),
            Activation::Tanh => map_row::<L>(row, |x, _| math::tanh(x)),
        }
    }
}

#[inline(always)]
unsafe fn leaky<L: Lanes>(row: &mut [f32], slope: f32, gain: f32, clamp: Option<f32>) {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let (zero, gain) = (L::splat(0.0), L::splat(gain));
        let bent = |x: L| zero.min_or(x).times_plus(L::splat(slope), zero.max_or(x)).times(gain);
        match clamp {
            Some(most) => map_row::<L>(row, |x, _| L::splat(-most).max_or(L::splat(most).min_or(bent(x)))),
            None => map_row::<L>(row, |x, _| bent(x)),
        }
    }
}

#[inline(always)]
unsafe fn prelu<L: Lanes>(row: &mut [f32], slopes: &[f32], channel: usize) {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        if let [slope] = slopes {
            return leaky::<L>(row, *slope, 1.0, None);
        }
        let slopes = &slopes[channel..][..row.len()];
        let zero = L::splat(0.0);
        map_row::<L>(row, |x, at| zero.min_or(x).times_plus(load::<L>(slopes, at), zero.max_or(x)));
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
