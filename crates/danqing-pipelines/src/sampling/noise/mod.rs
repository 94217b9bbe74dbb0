//! Noise that other programs draw from the same seed: PyTorch's CPU order, PyTorch's CUDA order (Philox), variation seeds
//! and Brownian paths. One stream per picture, so that a picture does not depend on the batch it is drawn in.

mod brownian;
mod initial;
mod philox;
mod polynomials;
mod slerp;
mod torch_cpu;

use serde::{Deserialize, Serialize};

pub use brownian::BrownianPath;
pub use initial::{InitialNoise, LatentShape, SeedResize, Variation};
pub use philox::Philox;
pub use slerp::slerp_columns;
pub use torch_cpu::TorchCpu;

/// Which program's random numbers a seed means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoiseOrder {
    /// `torch.randn` on the CPU: diffusers with a CPU generator, `ComfyUI`, A1111's setting "CPU".
    #[default]
    Cpu,
    /// `torch.randn` on an NVIDIA card: A1111's settings "GPU" and "NV".
    Nv,
}

/// Standard normal numbers from one seed, in the order of one program.
#[derive(Clone, Debug)]
pub enum Stream {
    /// See [`TorchCpu`].
    Cpu(Box<TorchCpu>),
    /// See [`Philox`].
    Nv(Philox),
}

impl Stream {
    /// The stream that `seed` begins.
    #[must_use]
    pub fn new(order: NoiseOrder, seed: u64) -> Self {
        match order {
            NoiseOrder::Cpu => Self::Cpu(Box::new(TorchCpu::new(seed))),
            NoiseOrder::Nv => Self::Nv(Philox::new(seed)),
        }
    }

    /// One `torch.randn` of `count` numbers: in both orders two calls differ from one call of twice the size.
    pub fn normal(&mut self, count: usize) -> Vec<f32> {
        match self {
            Self::Cpu(stream) => stream.normal(count),
            Self::Nv(stream) => stream.normal(count),
        }
    }
}

/// What a sampler asks for noise on its way from one noise level to the next.
pub trait NoiseSource {
    /// Standard normal numbers for the whole latent, for a step from `from` to `to`.
    fn draw(&mut self, from: f64, to: f64) -> Vec<f32>;
}

/// Noise that does not look at the noise levels: each draw takes the next numbers of every picture's own stream.
#[derive(Clone, Debug)]
pub struct StreamNoise {
    streams: Vec<Stream>,
    values_per_picture: usize,
}

impl StreamNoise {
    /// One stream per picture of the batch, in the batch's order.
    #[must_use]
    pub fn new(streams: Vec<Stream>, values_per_picture: usize) -> Self {
        Self { streams, values_per_picture }
    }
}

impl NoiseSource for StreamNoise {
    fn draw(&mut self, _from: f64, _to: f64) -> Vec<f32> {
        self.streams.iter_mut().flat_map(|stream| stream.normal(self.values_per_picture)).collect()
    }
}
