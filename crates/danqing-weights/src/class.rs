//! Whose fault an error is, and how long work reports: this crate's own, so that it depends on nothing of danqing.

use std::ops::ControlFlow;

/// Whose fault an error is. The names are those of danqing's capability contract; danqing-jobs maps one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The request does not make sense.
    Caller,
    /// A file is missing, damaged or not what it says.
    File,
    /// Larger than this installation allows.
    Limit,
    /// Sound, but danqing can't read it.
    Unsupported,
    /// A model has to be fetched first.
    MissingModel,
    /// The network, the disk or the machine said no.
    Environment,
    /// The caller stopped it.
    Cancelled,
    /// A defect of danqing.
    Bug,
}

/// How far a download, an unpacking or a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transferred<'a> {
    /// Catalogue id of what is being worked on.
    pub id: &'a str,
    /// `"wait"` (for another process), `"look up"`, `"download"`, `"unpack"` or `"verify"`.
    pub stage: &'static str,
    /// Bytes finished, counting what an earlier, interrupted run left behind.
    pub done: u64,
    /// Bytes in this stage, where known.
    pub total: Option<u64>,
}

/// Called at least every 256 KiB or 100 ms; answering [`ControlFlow::Break`] cancels the work, which then leaves at most a
/// resumable `.part` file.
pub type Reporter<'r> = dyn FnMut(Transferred<'_>) -> ControlFlow<()> + 'r;
