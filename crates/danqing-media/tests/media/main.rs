//! The crate from outside: files of other programs, damaged files, recipes, composition, colours.

mod colors;
mod composing;
mod damaged;
mod examples;
mod files;
mod matrix;
mod recipes;
