//! From what was typed to what was meant to finished files.
//!
//! A front makes a [`JobRequest`]. [`Studio::prepare`] refuses what can't be and resolves the rest into a [`Job`], which
//! is plain data; [`Studio::execute`] runs it and writes its outputs, each with its [`Recipe`] inside. A recipe runs
//! again through [`Studio::prepare_rerun`]. The studio's [`queue`] keeps such jobs on the disk and runs them one by one.
#![forbid(unsafe_code)]

mod batch;
mod bench;
pub mod content;
mod destination;
mod doctor;
mod execute;
mod files;
mod inspect;
mod job;
mod models;
mod plain_words;
mod prepare;
pub mod queue;
mod recipe;
mod registry;
mod request;
mod rerun;
mod store;
mod studio;
mod styles;

pub use batch::{Batch, BatchEvent, Error as BatchError, Fate, Item};
pub use bench::{Bench, Measurement, Turns, workload_names};
pub use destination::Error as DestinationError;
pub use doctor::{Client, Diagnosis};
pub use execute::Finished;
pub use files::{format_names, read_recipe, recipe_inside};
pub use inspect::{Generation, Infotext, Inspection, Source, inspect, inspect_file};
pub use job::{InputRecord, Job, Notice, Phase};
pub use models::{Error as ModelError, Model, ModelState, Transfer};
pub use prepare::Prepared;
pub use recipe::{Error as RecipeError, Made, OutputName, Recipe};
pub use registry::{AnyMediaCapability, Registry, UnknownCapability};
pub use request::{Encoding, Error as RequestError, JobRequest, Place, Places};
pub use rerun::{Error as RerunError, Rerun};
pub use studio::{Settings, Studio};
pub use styles::Style;

pub use danqing_pipelines::sampling::{labels_of_samplers, labels_of_schedules, sampler_and_schedule};

/// Version of danqing, as recipes keep it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
