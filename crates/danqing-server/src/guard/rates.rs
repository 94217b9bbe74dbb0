//! How often one address may ask: a bucket that fills at a steady rate and holds twenty seconds' worth.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Seconds' worth of requests that may come at once.
const BURST: f64 = 20.0;
/// Wrong tokens that one address may try at once, and the seconds after which it may try one more.
const TRIES: f64 = 10.0;
const SECONDS_PER_TRY: f64 = 6.0;
/// Addresses that are remembered; then the full buckets, which say nothing, are forgotten.
const REMEMBERED: usize = 10_000;

/// Buckets of requests and of wrong tokens, by address.
pub(crate) struct Rates {
    requests: Buckets,
    tries: Buckets,
}

impl Rates {
    pub(crate) fn new(per_second: u32) -> Self {
        let rate = f64::from(per_second.max(1));
        Self { requests: Buckets::new(rate, rate * BURST), tries: Buckets::new(1.0 / SECONDS_PER_TRY, TRIES) }
    }

    /// Counts a request; seconds to wait if there were too many.
    pub(crate) fn request(&self, from: IpAddr) -> Result<(), u64> {
        self.requests.take(from, Instant::now())
    }

    /// Whether the address has tried too many wrong tokens.
    pub(crate) fn may_try(&self, from: IpAddr) -> Result<(), u64> {
        self.tries.look(from, Instant::now())
    }

    /// Counts a wrong token.
    pub(crate) fn wrong_token(&self, from: IpAddr) {
        let _ = self.tries.take(from, Instant::now());
    }
}

struct Buckets {
    rate: f64,
    size: f64,
    levels: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Buckets {
    fn new(rate: f64, size: f64) -> Self {
        Self { rate, size, levels: Mutex::default() }
    }

    fn take(&self, from: IpAddr, now: Instant) -> Result<(), u64> {
        self.changed(from, now, 1.0)
    }

    fn look(&self, from: IpAddr, now: Instant) -> Result<(), u64> {
        self.changed(from, now, 0.0)
    }

    fn changed(&self, from: IpAddr, now: Instant, cost: f64) -> Result<(), u64> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = |(level, at): (f64, Instant)| {
            (level + now.saturating_duration_since(at).as_secs_f64() * self.rate).min(self.size)
        };
        if levels.len() >= REMEMBERED {
            levels.retain(|_, bucket| filled(*bucket) < self.size);
        }
        let level = levels.get(&from).map_or(self.size, |bucket| filled(*bucket));
        if level < 1.0 {
            levels.insert(from, (level, now));
            return Err(((1.0 - level) / self.rate).ceil().max(1.0) as u64);
        }
        levels.insert(from, (level - cost, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let buckets = Buckets::new(2.0, 4.0);
        let (one, other, start) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from(Ipv4Addr::BROADCAST), Instant::now());
        assert!((0..4).all(|_| buckets.take(one, start).is_ok()));
        assert_eq!(buckets.take(one, start), Err(1));
        assert_eq!(buckets.take(other, start), Ok(()));
        let later = start + Duration::from_secs(1);
        let passed = (0..5).filter(|_| buckets.take(one, later).is_ok()).count();
        assert_eq!(passed, 2);
        assert_eq!(buckets.look(other, later), Ok(()));
    }

    #[test]
    fn full_buckets_are_forgotten_when_there_are_too_many() {
        let buckets = Buckets::new(1.0, 1.0);
        let start = Instant::now();
        for n in 0..u32::try_from(REMEMBERED).expect("small") {
            buckets.take(IpAddr::from(Ipv4Addr::from(n)), start).expect("new");
        }
        buckets.take(IpAddr::from([1, 2, 3, 4]), start + Duration::from_secs(5)).expect("new");
        assert_eq!(buckets.levels.lock().expect("free").len(), 1);
    }
}
