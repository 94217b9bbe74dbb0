//! Timing of networks and operators on this installation.

use std::path::Path;

use danqing_capability::{CancelToken, Failure};
use danqing_pipelines::bench;
pub use danqing_pipelines::bench::{Measurement, Turns};

use crate::Studio;

/// What is to be timed.
#[derive(Clone, Copy, Debug)]
pub struct Bench<'a> {
    /// Name of a workload, see [`workload_names`]; `None` = all.
    pub name: Option<&'a str>,
    /// Timed runs.
    pub runs: usize,
    /// Who decides about each timed run, in place of `runs`; `None` = nobody.
    pub turns: Option<Turns<'a>>,
    /// Weights of the network; `None` = by rule, or those of the model store.
    pub weights: Option<&'a Path>,
    /// File to write inputs and output to.
    pub dump: Option<&'a Path>,
}

/// Names of all workloads.
#[must_use]
pub fn workload_names() -> &'static [&'static str] {
    &bench::NAMES
}

impl Studio {
    /// Times one workload, or all; `report` sees each as soon as it is done.
    ///
    /// # Errors
    /// An unknown name, options that do not go together, weights that can't be had, a full disk, cancellation.
    pub fn bench(
        &self,
        wanted: Bench<'_>,
        cancel: &CancelToken,
        report: &mut dyn FnMut(&Measurement),
    ) -> Result<Vec<Measurement>, Failure> {
        let Bench { name, runs, turns, weights, dump } = wanted;
        let engine = self.engine().with_cancel(cancel.clone());
        let settings = bench::Settings { name, runs, turns, weights, dump };
        bench::run(&engine, self.store(), settings, report).map_err(Failure::from_error)
    }
}
