//! One task of the dense kernel: a block of pixels times a range of output channels, over the whole reduction.

use super::pack::{Segment, length_of};
use super::{Dense, Form};
use crate::cpu::amx::{self, Tiles};
use crate::cpu::buffer::Buffer;
use crate::cpu::dispatch::Kernel;
use crate::cpu::finish::Finish;
use crate::cpu::gather::Block;
use crate::cpu::lanes::Lanes;
use crate::cpu::output::Output;
use crate::cpu::tile::{self, Bytes, Float16s, Floats, Halves, Stored};
use crate::{Engine, Error};

/// A task's part of the output.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) phase: usize,
    pub(super) group: usize,
    /// Pixels of the phase.
    pub(super) first: usize,
    pub(super) count: usize,
    /// Panels of output channels of the group.
    pub(super) first_block: usize,
    pub(super) blocks: usize,
}

pub(super) struct Task<'a> {
    pub(super) dense: &'a Dense,
    pub(super) engine: &'a Engine,
    pub(super) block: &'a Block,
    /// Those of the phase, cut where maps end.
    pub(super) chunks: &'a [Vec<Segment>],
    pub(super) job: &'a Job,
    /// Sums: `[block of channels, row, width]`; a row is a pixel, or in tiles perhaps none.
    pub(super) sums: Buffer,
    /// Rows of each block of sums.
    pub(super) rows: usize,
    pub(super) output: Output<'a>,
    pub(super) finish: Finish<'a>,
}

impl Kernel for Task<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> Result<(), Error> {
        // SAFETY: the dispatcher has checked the instructions of `L`; the form says how the weights are stored.
        unsafe {
            match self.dense.form {
                Form::F32 => self.add_lanes::<L, Floats>()?,
                Form::F16 => self.add_lanes::<L, Float16s>()?,
                Form::Bf16 => self.add_lanes::<L, Halves>()?,
                Form::Int8 => {
                    self.add_lanes::<L, Bytes>()?;
                    self.scale::<L>();
                }
                Form::Tiles => self.add_tiles::<L>()?,
            }
            self.write::<L>();
        }
        Ok(())
    }
}

impl Task<'_> {
    /// All sums, on vectors.
    #[inline(always)]
    unsafe fn add_lanes<L: Lanes, W: Stored>(&mut self) -> Result<(), Error> {
        let mut weights = self.job.group * self.dense.phases[self.job.phase].group_stride;
        for (index, chunk) in self.chunks.iter().enumerate() {
            self.engine.cancel_token().check()?;
            // SAFETY: passed on from the caller; `weights` is this chunk's offset.
            weights = unsafe { self.chunk::<L, W>(chunk, weights, index == 0) };
        }
        Ok(())
    }

    /// Adds one chunk to all sums of the task; gives the next chunk's offset.
    #[inline(always)]
    unsafe fn chunk<L: Lanes, W: Stored>(&mut self, chunk: &[Segment], weights: usize, is_first: bool) -> usize {
        let (dense, job) = (self.dense, self.job);
        let width = 2 * L::WIDTH;
        let panel = length_of(chunk) * W::words(L::WIDTH);
        for index in 0..job.blocks {
            let at = job.first_block + index;
            let sums = &mut self.sums[index * job.count * width..][..job.count * width];
            let work = tile::Panel {
                segments: chunk,
                sources: &self.block.sources,
                pixels: job.count,
                channel: job.group * dense.shape.in_per_group(),
                weights: &dense.phases[job.phase].weights[weights + at * panel..][..panel],
                start: is_first.then_some(dense.start(job.group, at)),
            };
            // SAFETY: lengths as cut above; every source has its map's channels behind it (`Gather::new`), or all column
            // taps of its strip; `parted` keeps segments within their map.
            unsafe { work.run::<L, W>(sums) };
        }
        weights + dense.blocks() * panel
    }

    /// Makes sums of products with integers those with weights: each channel's scale, then its bias.
    #[inline(always)]
    unsafe fn scale<L: Lanes>(&mut self) {
        let (dense, job, width) = (self.dense, self.job, 2 * L::WIDTH);
        for (index, sums) in self.sums.chunks_exact_mut(self.rows * width).enumerate() {
            let at = job.first_block + index;
            let (scales, bias) = (dense.scales(job.group, at), dense.bias(job.group, at));
            for half in [0, L::WIDTH] {
                let (scales, bias) = (&scales[half..][..L::WIDTH], &bias[half..][..L::WIDTH]);
                // SAFETY: the caller has the instructions of `L`; every vector lies in its slice, as cut.
                unsafe {
                    let (scales, bias) = (L::load(scales.as_ptr()), L::load(bias.as_ptr()));
                    for row in sums.chunks_exact_mut(width) {
                        let slots = row[half..][..L::WIDTH].as_mut_ptr();
                        L::load(slots).times_plus(scales, bias).store(slots);
                    }
                }
            }
        }
    }

    /// All sums, in tiles: the pixels of a chunk are packed once for all output channels of the task.
    #[inline(always)]
    unsafe fn add_tiles<L: Lanes>(&mut self) -> Result<(), Error> {
        let (dense, job) = (self.dense, self.job);
        let phase = &dense.phases[job.phase];
        let steps_of = |chunk: &[Segment]| length_of(chunk).div_ceil(amx::SIDE);
        let most = self.chunks.iter().map(|chunk| steps_of(chunk)).max().unwrap_or(0);
        let mut pixels = self.engine.buffer(self.rows / amx::BLOCK * most * 2 * amx::TILE)?;
        for (index, sums) in self.sums.chunks_mut(self.rows * amx::BLOCK).enumerate() {
            let bias = dense.bias(job.group, job.first_block + index);
            sums.chunks_mut(amx::BLOCK).for_each(|row| row.copy_from_slice(bias));
        }
        let tiles = Tiles::new();
        let mut weights = job.group * phase.group_stride;
        for chunk in self.chunks {
            self.engine.cancel_token().check()?;
            let (steps, panel) = (steps_of(chunk), dense.form.panel(length_of(chunk), dense.width));
            if steps == 0 {
                // A phase of a transposed convolution that no tap reaches.
                continue;
            }
            let pixels = &mut pixels[..self.rows / amx::BLOCK * steps * 2 * amx::TILE];
            // SAFETY: passed on from the caller.
            unsafe { self.pack::<L>(chunk, steps, pixels) };
            for index in 0..job.blocks {
                let at = weights + (job.first_block + index) * panel;
                let weights = &phase.weights[at..][..panel];
                let sums = &mut self.sums[index * self.rows * amx::BLOCK..][..self.rows * amx::BLOCK];
                let blocks =
                    pixels.chunks_exact(steps * 2 * amx::TILE).zip(sums.chunks_exact_mut(amx::BLOCK * amx::BLOCK));
                blocks.for_each(|(pixels, sums)| tiles.multiply(pixels, weights, sums, steps));
            }
            weights += dense.blocks() * panel;
        }
        Ok(())
    }

    /// The task's pixels over one chunk, `[block of 32, step, half, row, pair]`, with zeros behind the last pair and in the
    /// rows behind the last pixel.
    #[inline(always)]
    unsafe fn pack<L: Lanes>(&self, chunk: &[Segment], steps: usize, pixels: &mut [f32]) {
        let channel = self.job.group * self.dense.form.stored_channels(self.dense.shape.in_per_group());
        for row in 0..self.rows {
            let start =
                (row / amx::BLOCK * steps * 2 + row % amx::BLOCK / amx::SIDE) * amx::TILE + row % amx::SIDE * amx::SIDE;
            let mut done = 0;
            for segment in chunk.iter().filter(|_| row < self.job.count) {
                let from = self.block.sources[segment.tap * self.job.count + row];
                let mut copied = 0;
                while copied < segment.length {
                    let count = (amx::SIDE - done % amx::SIDE).min(segment.length - copied);
                    let to = &mut pixels[start + done / amx::SIDE * 2 * amx::TILE + done % amx::SIDE..][..count];
                    // SAFETY: every source has its map's pairs behind it, as in `chunk`; `to` has `count` places. The caller
                    // has the instructions of `L`.
                    unsafe {
                        let from = from.add(channel + segment.first + copied);
                        if count == L::WIDTH {
                            L::load(from).store(to.as_mut_ptr());
                        } else {
                            std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), count);
                        }
                    }
                    (copied, done) = (copied + count, done + count);
                }
            }
            while done < steps * amx::SIDE {
                let count = amx::SIDE - done % amx::SIDE;
                pixels[start + done / amx::SIDE * 2 * amx::TILE + done % amx::SIDE..][..count].fill(0.0);
                done += count;
            }
        }
    }

    /// Finishes the sums and writes them to the output, pixel by pixel, so that memory is written in order.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&mut self) {
        if let Some(channels) = self.dense.gated {
            // SAFETY: passed on from the caller.
            return unsafe { self.write_gated::<L>(channels) };
        }
        let (job, width) = (self.job, 2 * L::WIDTH);
        let per_group = self.dense.shape.out_per_group();
        let (first, is_plain) = (job.first_block * width, self.finish.is_nothing());
        for (row, &pixel) in self.block.pixels.iter().enumerate() {
            // Checked once per pixel: the rows of all its panels lie in `sums`.
            let mut from = self.sums[row * width..][..((job.blocks - 1) * self.rows + 1) * width].as_mut_ptr();
            let mut channel = job.group * per_group + first;
            let end = ((job.group + 1) * per_group).min(channel + job.blocks * width);
            // SAFETY: the caller has the instructions of `L`; pixel and channels lie in the output by `Gather::new`,
            // and no other task writes them. `from` has `width` sums behind it in each of the job's blocks.
            unsafe {
                while channel < end {
                    let count = width.min(end - channel);
                    if !is_plain {
                        self.finish.apply::<L>(std::slice::from_raw_parts_mut(from, count), pixel, channel);
                    }
                    self.output.write::<L>(pixel, channel, from, count);
                    channel += count;
                    from = from.wrapping_add(self.rows * width);
                }
            }
        }
    }
}
