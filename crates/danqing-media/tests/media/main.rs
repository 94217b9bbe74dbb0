//! The crate from outside: files of other programs, damaged files, recipes, composition, colours.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that can't go on fails")]

mod colors;
mod composing;
mod damaged;
mod examples;
mod files;
mod matrix;
mod recipes;
