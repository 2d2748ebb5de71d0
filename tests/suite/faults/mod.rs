//! Every system call of the program fails once in every way, by strace, one run
//! for each. Whatever fails, the promises hold.
//!
//! `make faults` runs all of it. With the other tests, each call of the
//! commonest jobs fails in one way.

#![cfg(target_os = "linux")]
mod checks;
mod job;
mod jobs;
mod place;
mod promises;
mod strace;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use job::Job;
use place::Tree;
use strace::{Fault, Recording};

/// The number of runs at the same time.
const AT_ONCE: usize = 2;

/// The number of examples that are shown of each kind of failure.
const SHOWN: usize = 3;

/// The runs and their results.
#[derive(Default)]
struct Tally {
    runs: usize,
    /// Runs in which the call was made, and failed.
    reached: usize,
    /// Calls of other threads than the first that can't be distinguished from
    /// the loader's calls.
    out_of_reach: usize,
    /// The promises that were broken, each with the runs.
    broken: BTreeMap<String, Vec<String>>,
}

/// Runs a job once for each of the chosen faults.
fn inject(job: &Job, choose: impl Fn(Vec<Fault>) -> Vec<Fault>) -> Tally {
    let (faults, out_of_reach) = Recording::of(job).faults();
    let faults = choose(faults);
    let taken = AtomicUsize::new(0);
    let tally = Mutex::new(Tally {
        runs: faults.len(),
        out_of_reach,
        ..Tally::default()
    });
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(fault) = faults.get(taken.fetch_add(1, Ordering::Relaxed)) {
                    let place = job.prepare();
                    let ended = strace::run(job, &place, fault);
                    let broken = promises::broken(job, &place, fault, &ended);
                    let mut tally = tally.lock().unwrap();
                    let reached = !ended.injected.is_empty() || ended.was_killed();
                    tally.reached += usize::from(reached);
                    for promise in broken {
                        tally.broken.entry(promise).or_default().push(format!(
                            "  $ strace -f {fault} callseal {}\n{ended}",
                            job.line
                        ));
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "{}: {} runs, in {} of which the call was made; {out_of_reach} calls out of reach",
        job.line, tally.runs, tally.reached
    );
    tally
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.reached += other.reached;
        self.out_of_reach += other.out_of_reach;
        for (promise, runs) in other.broken {
            self.broken.entry(promise).or_default().extend(runs);
        }
    }

    /// Fails unless every promise was kept.
    #[track_caller]
    fn is_clean(&self) {
        println!(
            "{} runs, in {} of which the call was made and failed; {} calls out of reach",
            self.runs, self.reached, self.out_of_reach
        );
        let mut report = String::new();
        for (promise, runs) in &self.broken {
            writeln!(report, "\n{promise} ({} runs)", runs.len()).unwrap();
            for run in runs.iter().take(SHOWN) {
                write!(report, "{run}").unwrap();
            }
        }
        assert!(report.is_empty(), "broken promises:\n{report}");
        assert!(self.reached * 10 > self.runs * 9, "most faults miss");
    }
}

/// Makes each call of the first job fail once, in one way after another, and
/// those that name a file in every way. Of the other jobs, it makes only calls
/// fail that the first job doesn't make: those that start threads and those
/// that replace files.
#[track_caller]
fn each_call_fails_once(jobs: fn(&Tree) -> Vec<Job>) {
    let mut all = Tally::default();
    let jobs = jobs(&jobs::stock());
    let (first, others) = jobs.split_first().unwrap();
    all.add(inject(first, |faults| {
        let calls = faults.chunk_by(Fault::same_call);
        let calls = calls.filter(|ways| ways[0].is_essential()).enumerate();
        let chosen = calls.map(|(turn, ways)| match ways[0].is_of_publishing() {
            true => ways,
            false => &ways[turn % ways.len()..][..1],
        });
        chosen.flatten().cloned().collect()
    }));
    let others = others.iter();
    for job in others.filter(|job| job.replaces() || job.has_threads()) {
        all.add(inject(job, |faults| {
            let faults = faults.into_iter();
            faults
                .filter(|fault| fault.is_of_a_thread() || fault.is_of_replacing())
                .collect()
        }));
    }
    all.is_clean();
}

#[test]
fn pack_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::pack);
}

#[test]
fn extract_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::extract);
}

#[test]
fn convert_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::convert);
}

#[test]
fn share_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::share);
}

#[test]
fn grant_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::grant);
}

#[test]
fn sign_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::sign);
}

#[test]
fn verify_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::verify);
}

#[test]
fn seal_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::seal);
}

#[test]
fn open_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::open);
}

#[test]
fn fields_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::fields);
}

#[test]
fn keygen_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::keygen);
}

#[test]
fn player_keeps_its_promises_whichever_call_fails() {
    each_call_fails_once(jobs::player);
}

/// The number of runs in all tests that run on demand.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// Makes each call of each of these jobs fail in every way.
#[track_caller]
fn each_call_fails_in_every_way(jobs: fn(&Tree) -> Vec<Job>) {
    let mut all = Tally::default();
    for job in jobs(&jobs::stock()) {
        all.add(inject(&job, |faults| faults));
    }
    let runs = RUNS.fetch_add(all.runs, Ordering::Relaxed) + all.runs;
    println!("{runs} runs so far");
    all.is_clean();
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn pack_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::pack);
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn extract_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::extract);
}

#[test]
#[ignore = "hundreds of runs: make faults"]
fn convert_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::convert);
}

#[test]
#[ignore = "two thousand runs: make faults"]
fn share_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::share);
}

#[test]
#[ignore = "hundreds of runs: make faults"]
fn grant_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::grant);
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn sign_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::sign);
}

#[test]
#[ignore = "hundreds of runs: make faults"]
fn verify_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::verify);
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn seal_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::seal);
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn open_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::open);
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn fields_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::fields);
}

#[test]
#[ignore = "hundreds of runs: make faults"]
fn keygen_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::keygen);
}

#[test]
#[ignore = "hundreds of runs: make faults"]
fn player_keeps_its_promises_in_whatever_way_a_call_fails() {
    each_call_fails_in_every_way(jobs::player);
}
