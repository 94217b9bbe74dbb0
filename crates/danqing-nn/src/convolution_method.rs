//! How 3×3 convolutions are computed.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Environment variable that chooses the method.
const VARIABLE: &str = "DANQING_CONVOLUTIONS";

/// How [`Conv2d`](crate::Conv2d) computes 3×3 layers of stride 1 on the CPU, except bf16 in AMX tiles. The bytes of a result depend on it,
/// so [`Engine::backend`](crate::Engine::backend) says which one ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvolutionMethod {
    /// By minimal filtering (Winograd) where that takes less time, with a quarter of the products and about twice the
    /// rounding error.
    #[default]
    Fast,
    /// By the definition: to compare with, and where an infinite value must stay one.
    Direct,
}

impl ConvolutionMethod {
    /// Every method, the default first.
    pub const ALL: [Self; 2] = [Self::Fast, Self::Direct];

    /// Name in `DANQING_CONVOLUTIONS`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Direct => "direct",
        }
    }

    /// The method asked for by `config`, else by `DANQING_CONVOLUTIONS`, else the fast one.
    pub(crate) fn choose(config: Option<Self>) -> Result<Self, Error> {
        match (config, std::env::var(VARIABLE)) {
            (Some(method), _) => Ok(method),
            (None, Ok(name)) if !name.is_empty() => name.parse(),
            _ => Ok(Self::default()),
        }
    }
}

impl fmt::Display for ConvolutionMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ConvolutionMethod {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|method| method.name() == name);
        let unknown =
            || Error::Setting { what: "method of convolutions", actual: name.to_owned(), expected: "fast or direct" };
        found.ok_or_else(unknown)
    }
}
