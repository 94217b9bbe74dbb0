//! Largest value in a moving window.

/// Raises each sample of `to` to the maximum of `from` over `half_width` pixels on both sides; channels apart.
pub(super) fn sliding_maximum(from: &[u8], channels: usize, half_width: usize, work: &mut Vec<u8>, to: &mut [u8]) {
    if half_width == 0 {
        to.iter_mut().zip(from).for_each(|(to, &s)| *to = (*to).max(s));
        return;
    }
    // Zeros on both sides never win.
    let pad = half_width * channels;
    work.clear();
    work.resize(pad, 0);
    work.extend_from_slice(from);
    work.resize(from.len() + 2 * pad, 0);
    let reached = widen(work, channels, 2 * half_width + 1);
    let (first, second) = (&work[..], &work[(2 * half_width + 1 - reached) * channels..]);
    for ((to, &a), &b) in to.iter_mut().zip(first).zip(second) {
        *to = (*to).max(a.max(b));
    }
}

/// Doubles the window until it is at least half of `window`: afterwards sample `i` is the maximum of as many pixels
/// from `i` on as the result says.
fn widen(samples: &mut [u8], channels: usize, window: usize) -> usize {
    let mut reached = 1;
    while reached * 2 <= window {
        let step = reached * channels;
        for i in 0..samples.len().saturating_sub(step) {
            samples[i] = samples[i].max(samples[i + step]);
        }
        reached *= 2;
    }
    reached
}
