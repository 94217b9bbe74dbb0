//! The handle a run owns: threads, tier, precision, arena, cancel token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use danqing_capability::CancelToken;

use crate::cpu::{Arena, Buffer, Pool, Shared};
use crate::{Error, Tier};

/// What an engine is made from. `Default`: every core, the best tier (or `DANQING_CPU`), `f32`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineConfig {
    /// Threads, the caller's included; `None` = as many as the process may use. At least 1, at most 1024.
    pub threads: Option<usize>,
    /// Instruction set; `None` = `DANQING_CPU`, else the best one of this processor.
    pub tier: Option<Tier>,
    /// Precision of maps and products.
    pub precision: Precision,
    /// Where maps lie and layers run.
    #[cfg(feature = "candle")]
    pub device: crate::Device,
}

/// Precision of maps and products; sums are always `f32` or better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precision {
    /// 32 bit floats.
    #[default]
    F32,
}

/// Bytes of feature maps and scratch of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In use now.
    pub live_bytes: usize,
    /// Most in use at once, since the engine was made or [`Engine::reset_peak`].
    pub peak_bytes: usize,
}

/// Cheap to clone: clones share threads and arena; each has its own cancel token.
///
/// Several threads may use one engine; the second to arrive while the pool is busy works alone on its own thread.
#[derive(Clone, Debug)]
pub struct Engine {
    parts: Arc<Parts>,
    cancel: CancelToken,
}

#[derive(Debug)]
struct Parts {
    pool: Pool,
    arena: Arc<Arena>,
    tier: Tier,
    precision: Precision,
    operations: AtomicU64,
    #[cfg(feature = "candle")]
    device: Option<candle_core::Device>,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::UnknownTier`], [`Error::TierUnavailable`], [`Error::Setting`] for 0 or too many threads,
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
            precision: config.precision,
            operations: AtomicU64::new(0),
            #[cfg(feature = "candle")]
            device: config.device.open()?,
        };
        Ok(Self { parts: Arc::new(parts), cancel: CancelToken::default() })
    }

    /// The same threads and arena under another cancel token.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancelToken) -> Self {
        Self { parts: Arc::clone(&self.parts), cancel }
    }

    /// Name for recipes: device, tier and precision, e.g. `cpu-avx2-f32`; of a device, `candle-cuda-f32`.
    #[must_use]
    pub fn backend(&self) -> String {
        let precision = match self.parts.precision {
            Precision::F32 => "f32",
        };
        #[cfg(feature = "candle")]
        if let Some(device) = &self.parts.device {
            return format!("{}-{precision}", crate::candle::name(device));
        }
        format!("cpu-{}-{precision}", self.parts.tier)
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

    /// Precision of maps and products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.parts.precision
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
    pub(crate) fn with_any_tier(tier: Tier) -> Result<Self, Error> {
        Self::of_tier(tier, EngineConfig { threads: Some(2), ..EngineConfig::default() })
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

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(1024)
}
