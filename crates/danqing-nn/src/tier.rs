//! Which instructions the kernels use.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Environment variable that forces a tier.
const VARIABLE: &str = "DANQING_CPU";

/// Instruction set of the CPU kernels, from slowest to fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// What every processor has.
    Portable,
    /// AVX2 with FMA and F16C, which every processor with AVX2 has; 8 lanes.
    Avx2,
    /// AVX-512F, 16 lanes.
    Avx512,
    /// AVX-512F, and AMX tiles for products in bf16. In f32 and int8 the same instructions as [`Self::Avx512`].
    Amx,
}

impl Tier {
    /// Every tier, slowest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Amx];

    /// Name in `DANQING_CPU`, backends and recipes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }

    /// Best tier of this processor.
    #[must_use]
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let fma = has_avx2 && is_x86_feature_detected!("f16c");
            if fma && is_x86_feature_detected!("avx512f") {
                return if crate::cpu::has_tiles() { Self::Amx } else { Self::Avx512 };
            }
            if fma {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// The tier to run: asked for by `config`, else by `DANQING_CPU`, else the best one.
    pub(crate) fn choose(config: Option<Self>) -> Result<Self, Error> {
        let asked = match (config, std::env::var(VARIABLE)) {
            (Some(tier), _) => Some(tier),
            (None, Ok(name)) if !name.is_empty() => Some(name.parse()?),
            _ => None,
        };
        Self::checked(asked, Self::detected())
    }

    fn checked(asked: Option<Self>, available: Self) -> Result<Self, Error> {
        match asked {
            Some(asked) if asked > available => Err(Error::TierUnavailable { asked, available }),
            Some(asked) => Ok(asked),
            None => Ok(available),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tier {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|tier| tier.name() == name)
            .ok_or_else(|| Error::UnknownTier { actual: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_above_the_processor_or_of_an_unknown_name_is_refused() {
        let refused = Tier::checked(Some(Tier::Avx512), Tier::Avx2);
        assert_eq!(refused, Err(Error::TierUnavailable { asked: Tier::Avx512, available: Tier::Avx2 }));
        assert_eq!(Tier::checked(Some(Tier::Portable), Tier::Avx2), Ok(Tier::Portable));
        assert_eq!(Tier::checked(None, Tier::Avx2), Ok(Tier::Avx2));
        assert_eq!("sse9".parse::<Tier>(), Err(Error::UnknownTier { actual: "sse9".into() }));
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse(), Ok(tier));
        }
    }
}
