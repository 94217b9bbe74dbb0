//! The handle a run owns: threads, tier, precision, arena, cancel token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use danqing_capability::CancelToken;

use crate::cpu::{Arena, Buffer, Pool, Shared};
use crate::{ConvolutionMethod, DType, Error, Shape, Tier};

/// Environment variable that chooses the precision.
const PRECISION: &str = "DANQING_PRECISION";

/// What an engine is made from. `Default`: every core, the best tier (or `DANQING_CPU`), `f32` (or `DANQING_PRECISION`),
/// fast convolutions (or `DANQING_CONVOLUTIONS`).
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineConfig {
    /// Threads, the caller's included; `None` = as many as the process may use. At least 1, at most 1024.
    pub threads: Option<usize>,
    /// Instruction set; `None` = `DANQING_CPU`, else the best one of this processor.
    pub tier: Option<Tier>,
    /// Precision of products; `None` = `DANQING_PRECISION`, else `f32`.
    pub precision: Option<Precision>,
    /// Method of 3×3 convolutions; `None` = `DANQING_CONVOLUTIONS`, else the fast one.
    pub convolutions: Option<ConvolutionMethod>,
    /// Where maps lie and layers run.
    #[cfg(feature = "candle")]
    pub device: crate::Device,
}

/// Precision of products and maps; sums are `f32` or better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precision {
    /// 32 bit floats.
    #[default]
    F32,
    /// Operands of dense convolutions, linear layers and products are rounded to bfloat16 (8 bits of precision) and added in
    /// `f32`. The maps that dense convolutions, linear and gated layers, group, layer and RMS norms and attention write are bf16
    /// where the number of channels is even: `2⁻⁸ · |y|` more error than the operators' docs say. Weights and maps take half the
    /// memory on every tier. What norms, activations, resizing and soft-max compute inside, and gradients, stay `f32`, as do
    /// depthwise layers, those of at most 4 output channels, instance norm and products of maps.
    Bf16,
    /// Weights of dense convolutions and linear layers are kept as 8 bit integers, one scale per output channel: the channel's
    /// largest magnitude / 127, at least 2⁻¹²⁶, so that no weight moves by more than scale / 2. They take a quarter of the
    /// memory on every tier, are the same on each, and are widened to `f32` in a register; inputs, maps, products of two maps
    /// and sums stay `f32`, as does all that [`Self::Bf16`] leaves in `f32`. A weight that is not finite is refused.
    Int8,
}

impl Precision {
    /// Every precision, the default first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// Name on the command line, in backends and in recipes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Precision {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|precision| precision.name() == name);
        let unknown = || Error::Setting { what: "precision", actual: name.to_owned(), expected: "f32, bf16 or int8" };
        found.ok_or_else(unknown)
    }
}

/// Bytes of feature maps and scratch of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In use now.
    pub live_bytes: usize,
    /// Most in use at once, since the engine was made or [`Engine::reset_peak`].
    pub peak_bytes: usize,
}

/// Cheap to clone: clones share threads and arena; each has its own precision, method of convolutions and cancel
/// token.
///
/// Several threads may use one engine; the second to arrive while the pool is busy works alone on its own thread.
#[derive(Clone, Debug)]
pub struct Engine {
    parts: Arc<Parts>,
    precision: Precision,
    convolutions: ConvolutionMethod,
    cancel: CancelToken,
}

#[derive(Debug)]
struct Parts {
    pool: Pool,
    arena: Arc<Arena>,
    tier: Tier,
    operations: AtomicU64,
    #[cfg(feature = "candle")]
    device: Option<candle_core::Device>,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::UnknownTier`], [`Error::TierUnavailable`], [`Error::Setting`] for 0 or too many threads, an unknown
    /// precision or method in the environment, or one that the device has not,
    /// [`Error::Threads`] if the system refuses. With a device: `Error::Device` if it can't be opened.
    pub fn new(config: EngineConfig) -> Result<Self, Error> {
        Self::of_tier(Tier::choose(config.tier)?, config)
    }

    fn of_tier(tier: Tier, config: EngineConfig) -> Result<Self, Error> {
        let threads = config.threads.unwrap_or_else(available_threads);
        if !(1..=1024).contains(&threads) {
            let actual = threads.to_string();
            return Err(Error::Setting { what: "threads", actual, expected: "1 to 1024" });
        }
        let parts = Parts {
            pool: Pool::new(threads)?,
            arena: Arc::default(),
            tier,
            operations: AtomicU64::new(0),
            #[cfg(feature = "candle")]
            device: config.device.open()?,
        };
        let (precision, convolutions) = (Precision::F32, ConvolutionMethod::choose(config.convolutions)?);
        let engine = Self { parts: Arc::new(parts), precision, convolutions, cancel: CancelToken::default() };
        engine.with_precision(chosen_precision(config.precision)?)
    }

    /// The same threads and arena in another precision: of products, and of the layers that it packs. A layer stays in the
    /// precision it was packed in.
    ///
    /// # Errors
    /// [`Error::Setting`] for anything but `f32` on a device.
    pub fn with_precision(&self, precision: Precision) -> Result<Self, Error> {
        #[cfg(feature = "candle")]
        if self.parts.device.is_some() && precision != Precision::F32 {
            let actual = precision.to_string();
            return Err(Error::Setting { what: "precision of a device", actual, expected: "f32" });
        }
        Ok(Self { precision, ..self.clone() })
    }

    /// The same threads and arena in `f32`, which every device has: for work that needs it, such as optimisation.
    #[must_use]
    pub fn in_f32(&self) -> Self {
        Self { precision: Precision::F32, ..self.clone() }
    }

    /// The same threads and arena with another method of convolutions. Layers are packed alike for all methods.
    #[must_use]
    pub fn with_convolutions(&self, convolutions: ConvolutionMethod) -> Self {
        Self { convolutions, ..self.clone() }
    }

    /// The same threads and arena under another cancel token.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancelToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// Name for recipes: device, instructions and precision, e.g. `cpu-avx2-f32`; of a device, `candle-cuda-f32`.
    ///
    /// The instructions are those of [`Self::kernels`]. Direct convolutions add a word, `cpu-avx2-f32-direct`, except in AMX tiles,
    /// which know no others.
    #[must_use]
    pub fn backend(&self) -> String {
        let precision = self.precision;
        #[cfg(feature = "candle")]
        if let Some(device) = &self.parts.device {
            return format!("{}-{precision}", crate::candle::name(device));
        }
        let name = format!("cpu-{}-{precision}", self.kernels());
        match (precision, self.convolutions) {
            (Precision::Bf16, _) if self.kernels() == Tier::Amx => name,
            (_, ConvolutionMethod::Direct) => format!("{name}-{}", self.convolutions),
            _ => name,
        }
    }

    /// The tier whose kernels run: below [`Self::tier`] for [`Tier::Amx`] in `f32` and `int8`, which is [`Tier::Avx512`] to
    /// the byte.
    #[must_use]
    pub fn kernels(&self) -> Tier {
        match (self.parts.tier, self.precision) {
            (Tier::Amx, Precision::F32 | Precision::Int8) => Tier::Avx512,
            (tier, _) => tier,
        }
    }

    /// The device backend, if this engine has one.
    #[cfg(feature = "candle")]
    pub(crate) fn device(&self) -> Option<crate::candle::OnDevice<'_>> {
        self.parts.device.as_ref().map(|device| crate::candle::OnDevice { engine: self, device })
    }

    /// Threads, the caller's included.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.parts.pool.threads()
    }

    /// Instruction set of the kernels.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.parts.tier
    }

    /// Precision of products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Type of the maps of `shape` that layers make.
    pub(crate) fn map_type(&self, shape: Shape) -> DType {
        let is_half = self.precision == Precision::Bf16 && shape.channels.is_multiple_of(2);
        if is_half { DType::Bf16 } else { DType::F32 }
    }

    /// Method of 3×3 convolutions.
    #[must_use]
    pub fn convolutions(&self) -> ConvolutionMethod {
        self.convolutions
    }

    /// Bytes of maps and scratch on the CPU; a device's memory is not counted.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.parts.arena.memory()
    }

    /// Multiplications and additions of all convolutions, linear layers, products and attentions so far, padding counted
    /// as if it were picture: the figure that networks are compared by. What is done to single values is not in it.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.parts.operations.load(Ordering::Relaxed)
    }

    /// Counts so many multiplications and as many additions.
    pub(crate) fn count(&self, products: usize) {
        self.parts.operations.fetch_add(2 * products as u64, Ordering::Relaxed);
    }

    /// Starts a new measurement of the peak and gives unused buffers back to the system.
    pub fn reset_peak(&self) {
        self.parts.arena.reset_peak();
    }

    /// The token that kernels look at between blocks.
    #[must_use]
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// An engine of a tier that the processor may not have; tests then run its tiling on portable lanes.
    #[cfg(test)]
    pub(crate) fn with_any_tier(tier: Tier, precision: Precision) -> Result<Self, Error> {
        Self::of_tier(tier, EngineConfig { threads: Some(2), precision: Some(precision), ..EngineConfig::default() })
    }

    /// The same engine, whose buffers lie between forbidden pages from now on.
    #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
    pub(crate) fn guarded(self, guard: crate::cpu::Guard) -> Self {
        self.parts.arena.guard.get_or_init(|| guard);
        self
    }

    pub(crate) fn buffer(&self, length: usize) -> Result<Buffer, Error> {
        Arena::take(&self.parts.arena, length)
    }

    /// Runs `task(0..tasks)`, spread over the threads, the cancel token checked before each.
    pub(crate) fn run(&self, tasks: usize, task: &(dyn Fn(usize) -> Result<(), Error> + Sync)) -> Result<(), Error> {
        self.parts.pool.run(tasks, &self.cancel, task)
    }

    /// Fills `out` in blocks of `length` values (the last may be shorter); blocks are the unit of work.
    pub(crate) fn fill(
        &self,
        out: &mut [f32],
        length: usize,
        task: impl Fn(usize, &mut [f32]) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let length = length.max(1);
        let total = out.len();
        let shared = Shared::new(out);
        self.run(total.div_ceil(length), &|index| {
            let start = index * length;
            task(index, shared.block(start, length.min(total - start), length))
        })
    }
}

/// The precision asked for by `config`, else by `DANQING_PRECISION`, else `f32`.
fn chosen_precision(config: Option<Precision>) -> Result<Precision, Error> {
    match (config, std::env::var(PRECISION)) {
        (Some(precision), _) => Ok(precision),
        (None, Ok(name)) if !name.is_empty() => name.parse(),
        _ => Ok(Precision::default()),
    }
}

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(1024)
}
