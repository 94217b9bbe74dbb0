//! What can go wrong between weights, shapes and kernels.

use danqing_capability::{Cancelled, Class, Classified};

use crate::Shape;

/// Why an engine, a layer or an operator refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A buffer holds another number of values than its shape.
    #[error("{what}: {actual} values, expected {expected}")]
    Length {
        /// Whose buffer.
        what: &'static str,
        /// Values given.
        actual: usize,
        /// Values the shape has.
        expected: usize,
    },
    /// Two maps that must agree do not.
    #[error("{what}: shape {actual}, expected {expected}")]
    Shapes {
        /// The operator and which operand.
        what: &'static str,
        /// Shape given.
        actual: Shape,
        /// Shape that would fit.
        expected: Shape,
    },
    /// A weight tensor has dimensions that the layer can't take.
    #[error("{what}: weight of shape {actual:?}, expected {expected}")]
    WeightShape {
        /// Which layer and tensor.
        what: &'static str,
        /// Dimensions given.
        actual: Vec<usize>,
        /// Description of dimensions that would fit.
        expected: String,
    },
    /// A weight that int8 has no place for.
    #[error("a weight of output channel {channel} is {actual}, int8 holds finite weights only")]
    NotFinite {
        /// Output channel, from 0.
        channel: usize,
        /// `NaN`, `inf` or `-inf`.
        actual: String,
    },
    /// A map has another number of channels than the layer was built for.
    #[error("{what}: {actual} channels, expected {expected}")]
    Channels {
        /// Which layer.
        what: &'static str,
        /// Channels given.
        actual: usize,
        /// Channels the layer has.
        expected: usize,
    },
    /// A setting that makes no sense, such as stride 0.
    #[error("{what} is {actual}, expected {expected}")]
    Setting {
        /// Which layer and setting.
        what: &'static str,
        /// Value given.
        actual: String,
        /// Values that would work.
        expected: &'static str,
    },
    /// The picture is smaller than the window or the reflection needs.
    #[error("{what}: side of {actual}, expected at least {expected}")]
    TooSmall {
        /// Which operator.
        what: &'static str,
        /// Side length given.
        actual: usize,
        /// Shortest side that works.
        expected: usize,
    },
    /// The number of elements does not fit the machine.
    #[error("a tensor of {what} has more elements than this machine can address")]
    TooLarge {
        /// The dimensions.
        what: String,
    },
    /// The system has no more memory.
    #[error("out of memory: {bytes} bytes refused")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// No tier of this name.
    #[error("CPU tier {actual:?} is unknown, expected one of portable, avx2, avx512, amx")]
    UnknownTier {
        /// Name given.
        actual: String,
    },
    /// The tier exists, but not on this processor.
    #[error("CPU tier {asked} is not available, this processor has {available}")]
    TierUnavailable {
        /// Tier asked for.
        asked: crate::Tier,
        /// Best tier this processor has.
        available: crate::Tier,
    },
    /// Threads could not be started.
    #[error("{asked} worker threads can't be started: {reason}")]
    Threads {
        /// Threads asked for.
        asked: usize,
        /// What the system said.
        reason: String,
    },
    /// A layer is used on an engine of another tier than it was packed for.
    #[error("{what} was packed for tier {packed}, the engine runs {engine}")]
    OtherTier {
        /// Which layer.
        what: &'static str,
        /// Tier of the packed weights.
        packed: crate::Tier,
        /// Tier of the engine.
        engine: crate::Tier,
    },
    /// A device could not be opened, or refused an operation or its memory.
    #[cfg(feature = "candle")]
    #[error("the device failed: {reason}")]
    Device {
        /// What candle said.
        reason: String,
    },
    /// A layer is used on an engine of another device than it was packed for.
    #[cfg(feature = "candle")]
    #[error("a layer was packed for {packed}, the engine runs {engine}")]
    OtherDevice {
        /// Device of the packed weights.
        packed: String,
        /// Backend of the engine.
        engine: String,
    },
    /// The run was stopped by its caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A kernel panicked; the engine stays usable.
    #[error("a worker thread failed: {message}")]
    Worker {
        /// The panic's message.
        message: String,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::WeightShape { .. } | Self::NotFinite { .. } => Class::File,
            Self::UnknownTier { .. } | Self::TierUnavailable { .. } | Self::Setting { .. } => Class::Caller,
            Self::TooLarge { .. } | Self::TooSmall { .. } => Class::Limit,
            Self::OutOfMemory { .. } | Self::Threads { .. } => Class::Environment,
            #[cfg(feature = "candle")]
            Self::Device { .. } => Class::Environment,
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTier { .. } | Self::TierUnavailable { .. } => {
                Some("unset DANQING_CPU to use the best tier of this processor".into())
            }
            Self::NotFinite { .. } => Some("--precision f32 takes every weight".into()),
            Self::OutOfMemory { .. } => Some("a smaller picture or working size needs less memory".into()),
            _ => None,
        }
    }
}
