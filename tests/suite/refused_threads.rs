//! A system that refuses threads or open files.

#![cfg(target_os = "linux")]
use crate::support::{Outcome, Scene, content};

/// Runs callseal where no thread can be started.
fn without_threads(scene: &Scene, line: &str) -> Outcome {
    scene
        .bash(&format!(
            "exec strace -f -qq -o trace -e trace=clone,clone3 \
             -e inject=clone,clone3:error=EAGAIN callseal {line}"
        ))
        .outcome()
}

#[test]
fn a_job_goes_on_with_one_thread_if_no_other_can_be_started() {
    let scene = Scene::with_parties();
    for i in 0..20 {
        scene.write(format!("calls/{i:02}.txt"), format!("call {i}"));
    }
    let run = |line: &str| {
        let done = without_threads(&scene, line).exits(0);
        // It has tried.
        assert!(scene.text("trace").contains("INJECTED"), "{done}");
    };
    run("pack -j 4 -o out.zip -r customer.crt calls");
    run("extract -j 4 out.zip -k customer.key -C extracted");
    run("grep -j 4 call out.zip -k customer.key");
    run("convert -j 4 out.zip -o converted.zip -k customer.key -r vendor.crt");
    scene.ok("extract converted.zip -k vendor.key -C converted");
    for i in 0..20 {
        for directory in ["extracted", "converted"] {
            let name = format!("{directory}/calls/{i:02}.txt");
            assert_eq!(scene.text(name), format!("call {i}"));
        }
    }
}

#[test]
fn who_may_open_too_few_files_is_told_how_to_open_more() {
    let scene = Scene::with_parties();
    for number in 0..20 {
        scene.write(format!("calls/{number}.wav"), content(100_000));
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    for line in [
        "list calls.zip -k customer.key",
        "pack -o new.zip -r customer.crt -j 16 calls",
        "extract calls.zip -k customer.key -C out -j 16",
        "share calls.zip -k customer.key -r vendor.crt -o new.zip -j 16",
    ] {
        let mut refused = 0;
        // The loader itself needs three or four of them.
        for descriptors in 5..10 {
            let outcome = scene
                .bash(&format!("ulimit -n {descriptors}; exec callseal {line}"))
                .outcome();
            let lacks = outcome.stderr().contains("too many open files");
            if lacks {
                refused += 1;
                outcome
                    .complains_with_hint(&["too many open files"])
                    .says("`ulimit -n 1024` raises the limit");
            }
            scene.tool("rm -rf out new.zip");
        }
        assert!(refused > 0, "{line}");
    }
}
