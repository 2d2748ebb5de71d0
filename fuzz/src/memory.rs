//! Memory under a cap. OpenSSL's own memory is not counted: libFuzzer has its
//! own limits for that.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Runs something that may have at most this many bytes at the same time.
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
