//! A system that refuses threads.

#![cfg(target_os = "linux")]
use crate::support::{Outcome, Scene};

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
    run("convert -j 4 out.zip -o converted.zip -k customer.key -r vendor.crt");
    scene.ok("extract converted.zip -k vendor.key -C converted");
    for i in 0..20 {
        for directory in ["extracted", "converted"] {
            let name = format!("{directory}/calls/{i:02}.txt");
            assert_eq!(scene.text(name), format!("call {i}"));
        }
    }
}
