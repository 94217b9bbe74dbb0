//! Fixed pieces of work shared out between threads.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `work` once for every item, on up to `threads` threads. What an item does must not depend on the others.
pub(super) fn for_each<T: Send>(items: Vec<T>, threads: usize, work: impl Fn(T) + Sync) {
    let threads = threads.min(items.len());
    if threads <= 1 {
        return items.into_iter().for_each(work);
    }
    let queue = Mutex::new(items.into_iter());
    let take_all = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(item) = next else { break };
            work(item);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(take_all);
        }
        take_all();
    });
}

/// The number asked for, or as many as the machine has.
pub(super) fn threads_or_all(asked: usize) -> usize {
    if asked > 0 { asked } else { thread::available_parallelism().map_or(1, std::num::NonZero::get) }
}
