//! Gradients with respect to inputs, for optimisation of a picture through a network whose weights stay fixed.
//!
//! Each operator is the adjoint of its forward operator at the input given: what `torch.autograd.grad` returns for that
//! input. They run on the CPU kernels; maps of a device are copied over.

mod conv2d;
mod pooling;
mod relu;

pub use conv2d::Conv2dGradient;
pub use pooling::{average_pool_gradient, max_pool_gradient};
pub use relu::relu_gradient;
