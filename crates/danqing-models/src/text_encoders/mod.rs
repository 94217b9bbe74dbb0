//! Networks that turn the tokens of a text into what denoisers attend to, and the tokenizer before them.

pub mod tokenizer;
