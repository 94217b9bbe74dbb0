//! Our kernels; the only unsafe code of danqing.
//!
//! Micro-kernels are written once over [`lanes::Lanes`] and compiled per tier by [`dispatch`].
#![allow(unsafe_code)]
#![allow(clippy::inline_always, reason = "only what is inlined into a target-feature function uses its instructions")]
#![allow(clippy::needless_range_loop, reason = "register tiles are indexed by row and column, as in the formula")]

mod amx;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bf16;
mod buffer;
mod dense;
mod depthwise;
mod dispatch;
mod f16;
mod few;
mod finish;
mod gather;
mod gram;
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod guard;
mod int8;
mod lanes;
mod math;
mod norm;
mod output;
mod pool;
mod portable;
mod shared;
#[cfg(test)]
mod small;
mod strided;
mod tile;
#[cfg(test)]
mod wide;

pub(crate) use amx::has_tiles;
pub(crate) use attention::{Problem, ScoreMask, attend};
pub(crate) use bf16::{narrow, value as bf16_value, widen};
pub(crate) use buffer::{Arena, Buffer, halves_mut};
pub(crate) use dense::{Dense, KernelShape, Storage};
pub(crate) use depthwise::Depthwise;
pub(crate) use few::FewOutputs;
pub(crate) use finish::{Addend, Finish, activate_row};
pub(crate) use gram::{CHUNK as GRAM_CHUNK, add_products};
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
pub(crate) use guard::Guard;
pub(crate) use norm::{GroupMoments, Lines, RowNorm, geglu_rows, group_moments, normalise, normalise_rows};
pub(crate) use output::Output;
pub(crate) use pool::Pool;
pub(crate) use shared::Shared;
pub(crate) use strided::Strided;
