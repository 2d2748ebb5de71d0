//! Memory under a cap. What OpenSSL takes by itself is not counted: libFuzzer
//! has limits of its own for that.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Does something that may have so many bytes at the same time, at most.
pub fn within(limit: usize, job: impl FnOnce()) {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    job();
    let taken = HEAP.peak_usage().saturating_sub(before);
    assert!(
        taken <= limit,
        "{taken} bytes of memory were taken, of {limit} that are allowed"
    );
}
