//! Nothing gets outside by links, and directories that are held open stay few.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn a_dangling_link_is_a_taken_name() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("call.wav");
    symlink("nowhere", &target).unwrap();
    assert_eq!(
        refused(&target, Overwrite::Refuse),
        ErrorKind::AlreadyExists
    );
}

#[test]
fn replacing_a_link_leaves_what_it_points_to() {
    let directory = TempDir::new().unwrap();
    let (link, pointee) = (directory.path().join("a"), directory.path().join("b"));
    fs::write(&pointee, "untouched").unwrap();
    for file in both(&link, Overwrite::Replace) {
        let _ = fs::remove_file(&link);
        symlink("b", &link).unwrap();
        file.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
    }
    assert_eq!(fs::read(&pointee).unwrap(), b"untouched");
}

#[test]
fn a_special_file_is_not_replaced_even_through_a_link() {
    let directory = TempDir::new().unwrap();
    let link = directory.path().join("out");
    symlink("/dev/null", &link).unwrap();
    for target in [Path::new("/dev/null"), &link] {
        assert_eq!(refused(target, Overwrite::Replace), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_link_on_the_way_is_refused() {
    let directory = TempDir::new().unwrap();
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let root = directory.path().join("target");
    let target = TargetDir::create(&root).unwrap();
    symlink(&outside, root.join("link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    for name in ["link/a", "link/a/b", "dangling/a"] {
        let error = target.place(name).unwrap_err();
        assert!(matches!(error, PlaceError::Link { .. }), "{name}: {error}");
    }
    assert!(names(&outside).is_empty());
}

#[test]
fn directories_that_are_made_are_private() {
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("x/target");
    let target = TargetDir::create(&root).unwrap();
    target.place("a/b/c").unwrap();
    for made in [directory.path().join("x"), root.clone(), root.join("a/b")] {
        let mode = fs::metadata(made).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn a_directory_that_is_swapped_for_a_link_gets_nothing_outside() {
    let directory = TempDir::new().unwrap();
    let (root, outside) = (
        directory.path().join("target"),
        directory.path().join("outside"),
    );
    fs::create_dir(&outside).unwrap();
    let swap = |name: &str| {
        fs::rename(root.join(name), root.join(format!("{name}-before"))).unwrap();
        symlink(&outside, root.join(name)).unwrap();
    };
    let target = TargetDir::create(&root).unwrap();
    // Between finding the place, making the file, and its commit.
    for overwrite in [Overwrite::Refuse, Overwrite::Replace] {
        for (name, steps) in [("early", 0), ("late", 1)] {
            let name = format!("{name}-{overwrite:?}");
            let place = target.place(&format!("{name}/deep/call.wav")).unwrap();
            if steps == 0 {
                swap(&name);
            }
            let mut file = PendingFile::create_at(place, Access::Private, overwrite).unwrap();
            file.write_all(b"a call").unwrap();
            if steps == 1 {
                swap(&name);
            }
            file.commit_into(&target).unwrap();
            let there = root.join(format!("{name}-before/deep/call.wav"));
            assert_eq!(fs::read(there).unwrap(), b"a call");
            // It is held open, but not found again.
            let flushed = target.place(&format!("{name}/another/call.wav"));
            let flushed = flushed.map(|place| place.path().to_owned());
            assert!(!outside.join("another").exists(), "{flushed:?}");
        }
    }
    assert!(names(&outside).is_empty());
    // The written files are elsewhere by now, and not known to be flushed.
    let (_, error) = target.finish().unwrap_err();
    assert!(
        error.to_string().contains("a symbolic link on the way"),
        "{error}"
    );
    assert!(names(&outside).is_empty());
}

#[test]
fn a_target_that_is_swapped_for_a_link_gets_nothing_outside() {
    let directory = TempDir::new().unwrap();
    let (root, moved) = (
        directory.path().join("target"),
        directory.path().join("moved"),
    );
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let target = TargetDir::create(&root).unwrap();
    fs::rename(&root, &moved).unwrap();
    symlink(&outside, &root).unwrap();
    put(&target, "a/call.wav");
    put(&target, "call.wav");
    target.finish().unwrap();
    assert!(names(&outside).is_empty());
    assert_eq!(names(&moved), ["a", "call.wav"]);
}

/// Swapping directories for links and back meanwhile causes at most errors.
#[test]
fn nothing_lands_outside_while_directories_are_swapped() {
    let directory = TempDir::new().unwrap();
    let (root, outside) = (
        directory.path().join("target"),
        directory.path().join("outside"),
    );
    fs::create_dir_all(root.join("calls")).unwrap();
    fs::create_dir_all(outside.join("deep")).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_done = || done.load(std::sync::atomic::Ordering::Relaxed);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (calls, aside) = (root.join("calls"), root.join("aside"));
            while !is_done() {
                let _ = fs::rename(&calls, &aside);
                let _ = symlink(&outside, &calls);
                let _ = fs::remove_file(&calls);
                let _ = fs::rename(&aside, &calls);
            }
        });
        for round in 0..40 {
            // A new one, so that nothing is held open.
            let target = TargetDir::create(&root).unwrap();
            for number in 0..25 {
                let name = format!("calls/deep/{round}-{number}");
                let Ok(place) = target.place(&name) else {
                    continue;
                };
                let file = PendingFile::create_at(place, Access::Private, Overwrite::Replace);
                let _ = file.and_then(|file| file.commit_into(&target));
            }
            let _ = target.finish();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(names(&outside), ["deep"]);
    assert!(names(&outside.join("deep")).is_empty());
}

#[test]
fn many_directories_take_few_descriptors() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    for number in 0..300 {
        put(&target, &format!("{}/{number}/call.wav", number % 7));
    }
    let open = fs::read_dir("/dev/fd").unwrap().filter(|entry| {
        let link = entry.as_ref().unwrap().path();
        fs::read_link(link).is_ok_and(|path| path.starts_with(directory.path()))
    });
    if cfg!(target_os = "linux") {
        assert!((1..=65).contains(&open.count()));
    }
    target.finish().unwrap();
}

#[test]
fn a_path_too_long_for_system_calls_is_not_made_step_by_step() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    let error = target.place(&"a/".repeat(3000).replace("a/a", "a/b")[..5999]);
    let error = error.unwrap_err();
    assert!(
        error.to_string().ends_with(": file name too long"),
        "{error}"
    );
    assert!(names(directory.path()).is_empty());
}
