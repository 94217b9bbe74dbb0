//! Rows shared out between threads.

use std::thread;

use danqing_capability::{CancelToken, Cancelled};

/// Below this many samples a second thread costs more than it saves.
const SAMPLES_PER_THREAD: usize = 1 << 16;

/// Calls `row(scratch, y, samples of row y)` for every row of `samples`, in bands on the threads that the token allows; every
/// thread has its own `scratch`. Each row must depend on its index alone, so that the result does not depend on the bands.
/// The token is read before every row.
///
/// # Errors
/// [`Cancelled`]; the samples are then partly written.
pub(crate) fn for_each_row<T: Send, C>(
    samples: &mut [T],
    stride: usize,
    cancel: &CancelToken,
    scratch: impl Fn() -> C + Sync,
    row: impl Fn(&mut C, usize, &mut [T]) + Sync,
) -> Result<(), Cancelled> {
    let threads = (samples.len() / SAMPLES_PER_THREAD).clamp(1, cancel.threads());
    for_each_row_on(threads, samples, stride, cancel, scratch, row)
}

/// [`for_each_row`] on so many threads, as the caller's run has them.
///
/// # Errors
/// [`Cancelled`]; the samples are then partly written.
pub(crate) fn for_each_row_on<T: Send, C>(
    threads: usize,
    samples: &mut [T],
    stride: usize,
    cancel: &CancelToken,
    scratch: impl Fn() -> C + Sync,
    row: impl Fn(&mut C, usize, &mut [T]) + Sync,
) -> Result<(), Cancelled> {
    if stride == 0 || samples.is_empty() {
        return cancel.check();
    }
    let rows = samples.len().div_ceil(stride); // the last one may be shorter: callers may pass blocks of rows
    let rows_per_band = rows.div_ceil(threads.clamp(1, rows));
    let band = |first: usize, part: &mut [T]| {
        let mut scratch = scratch();
        for (i, samples) in part.chunks_mut(stride).enumerate() {
            if cancel.is_cancelled() {
                return;
            }
            row(&mut scratch, first + i, samples);
        }
    };
    let mut parts = samples.chunks_mut(rows_per_band * stride).enumerate();
    let own = parts.next();
    thread::scope(|scope| {
        for (i, part) in parts {
            let band = &band;
            scope.spawn(move || band(i * rows_per_band, part));
        }
        if let Some((_, part)) = own {
            band(0, part);
        }
    });
    cancel.check()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_row_is_visited_once_with_its_index() {
        let mut samples = vec![0_usize; 7 * 100_003];
        for_each_row(
            &mut samples,
            7,
            &CancelToken::default(),
            || (),
            |(), y, row| row.iter_mut().for_each(|s| *s += y + 1),
        )
        .expect("not cancelled");
        assert!(samples.iter().enumerate().all(|(i, &s)| s == i / 7 + 1));
    }

    #[test]
    fn no_more_threads_work_than_the_token_allows() {
        let mut samples = vec![0_u8; 8 * SAMPLES_PER_THREAD];
        for allowed in [1, 3] {
            let seen = Mutex::new(HashSet::new());
            let cancel = CancelToken::default().with_threads(allowed);
            let note = |(): &mut (), _, _: &mut [u8]| drop(seen.lock().map(|mut s| s.insert(thread::current().id())));
            for_each_row(&mut samples, SAMPLES_PER_THREAD / 2, &cancel, || (), note).expect("not cancelled");
            assert_eq!(seen.into_inner().expect("not poisoned").len(), allowed);
        }
    }

    #[test]
    fn a_cancelled_token_stops_before_the_first_row() {
        let cancel = CancelToken::default();
        cancel.cancel();
        let mut samples = [1_u8; 8];
        assert_eq!(for_each_row(&mut samples, 2, &cancel, || (), |(), _, row| row.fill(0)), Err(Cancelled));
        assert_eq!(samples, [1; 8]);
    }
}
