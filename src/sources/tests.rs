use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;

mod reading;
#[cfg(unix)]
mod special;

/// Returns a directory with an empty file for each of `names`.
fn tree(names: &[&str]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for name in names {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    directory
}

/// Returns the member paths (below that of `directory`) and the notices for
/// `inputs`, which are relative to `directory`.
fn found(
    directory: &Path,
    inputs: &[&str],
    options: &SourceOptions,
) -> Result<(Vec<String>, Vec<SourceNotice>), SourceError> {
    let inputs: Vec<_> = inputs.iter().map(|input| directory.join(input)).collect();
    let Sources { files, mut notices } = Sources::collect(&inputs, options)?;
    // There is one for each input: temporary directories have absolute paths.
    notices.retain(|notice| !matches!(notice, SourceNotice::Renamed { .. }));
    let start = format!("{}/", member(directory));
    let names = files
        .iter()
        .map(|source| source.name().strip_prefix(&start).unwrap().to_owned())
        .collect();
    Ok((names, notices))
}

fn names(directory: &TempDir, inputs: &[&str], options: &SourceOptions) -> Vec<String> {
    let (names, notices) = found(directory.path(), inputs, options).unwrap();
    assert!(notices.is_empty(), "{notices:?}");
    names
}

fn error(directory: &TempDir, inputs: &[&str], options: &SourceOptions) -> SourceError {
    found(directory.path(), inputs, options).unwrap_err()
}

fn member(path: &Path) -> String {
    name::member_name(&name::member_path(path).0).unwrap()
}

fn filter(include: &[&str], exclude: &[&str]) -> SourceOptions {
    let owned = |patterns: &[&str]| patterns.iter().map(|&text| text.to_owned()).collect();
    SourceOptions {
        include: owned(include),
        exclude: owned(exclude),
        ..SourceOptions::default()
    }
}

fn with_output(path: PathBuf) -> SourceOptions {
    SourceOptions {
        output: Some(path),
        ..SourceOptions::default()
    }
}

#[test]
fn files_are_found_at_all_depths_and_sorted_by_the_bytes_of_their_member_paths() {
    let directory = tree(&["b/é", "b/z", "b.wav", "a/b/c/d", "b/Z", "a-b", "a/.hidden"]);
    fs::create_dir(directory.path().join("empty")).unwrap();
    let expected = ["a-b", "a/.hidden", "a/b/c/d", "b.wav", "b/Z", "b/z", "b/é"];
    let options = SourceOptions::default();
    assert_eq!(names(&directory, &["."], &options), expected);
    assert_eq!(
        names(&directory, &["b", "b.wav", "a/", "a-b"], &options),
        expected
    );
}

#[test]
fn a_source_knows_its_path_size_and_date() {
    let directory = tree(&[]);
    let path = directory.path().join("call.wav");
    fs::write(&path, "12345").unwrap();
    let sources = Sources::collect(&[directory.path()], &SourceOptions::default())
        .unwrap()
        .files;
    assert_eq!(sources[0].path(), path);
    assert_eq!(sources[0].size, 5);
    assert_eq!(
        sources[0].modified,
        fs::metadata(path).unwrap().modified().unwrap()
    );
}

#[test]
fn an_input_whose_member_paths_differ_from_it_is_reported_once() {
    let directory = tree(&["calls/a", "calls/b"]);
    let input = directory.path().join("calls");
    let found = Sources::collect(&[&input], &SourceOptions::default()).unwrap();
    let name = PathBuf::from(member(&input));
    assert_eq!(found.notices, [SourceNotice::Renamed { path: input, name }]);
}

#[test]
fn relative_inputs_keep_their_paths() {
    let Sources { files, notices } =
        Sources::collect(&["./src", "Cargo.toml"], &SourceOptions::default()).unwrap();
    assert_eq!(files[0].name(), "Cargo.toml");
    assert!(files.iter().any(|source| source.name() == "src/lib.rs"));
    assert!(notices.is_empty());
}

#[test]
fn a_missing_input_is_an_error_that_names_it() {
    let directory = tree(&["a"]);
    let error = error(&directory, &["a", "b.wav"], &SourceOptions::default());
    assert!(matches!(&error, SourceError::Io { path, .. } if path.ends_with("b.wav")));
    if cfg!(unix) {
        assert!(
            error
                .to_string()
                .ends_with("b.wav: no such file or directory")
        );
    }
}

#[test]
fn nothing_to_pack_is_an_error() {
    let directory = tree(&["calls/a.wav"]);
    fs::create_dir(directory.path().join("empty")).unwrap();
    let everything = SourceOptions::default();
    for (inputs, options) in [
        (&[][..], &everything),
        (&["empty"], &everything),
        (&["calls"], &filter(&["*.xml"], &[])),
        (&["calls/a.wav"], &filter(&[], &["*.wav"])),
    ] {
        let error = error(&directory, inputs, options);
        assert!(matches!(error, SourceError::Nothing { .. }), "{inputs:?}");
    }
}

#[test]
fn includes_and_excludes_apply_to_walked_and_named_files_alike() {
    let directory = tree(&["a.wav", "b.xml", "c/a.wav", "c/old/a.wav", "c/old/b.xml"]);
    for inputs in [
        &["."][..],
        &["a.wav", "b.xml", "c/a.wav", "c/old/a.wav", "c/old/b.xml"],
    ] {
        let names = |include: &[&str], exclude: &[&str]| {
            names(&directory, inputs, &filter(include, exclude))
        };
        assert_eq!(names(&["*.xml"], &[]), ["b.xml", "c/old/b.xml"]);
        assert_eq!(names(&["*.wav"], &["old"]), ["a.wav", "c/a.wav"]);
        assert_eq!(names(&[], &["old/", "a.wav"]), ["b.xml"]);
        assert_eq!(
            names(&["**/c/**"], &["**/old/*.xml"]),
            ["c/a.wav", "c/old/a.wav"]
        );
    }
}

#[test]
fn a_bad_pattern_is_refused_before_anything_is_read() {
    let directory = tree(&[]);
    let error = error(&directory, &["missing"], &filter(&["a["], &[]));
    assert!(matches!(error, SourceError::Glob { pattern, .. } if pattern == "a["));
}

/// An archive by callseal.
const ARCHIVE: &[u8] = include_bytes!("../../testdata/vectors/0.1.0/v2.zip");

#[test]
fn the_output_inside_a_walked_directory_is_left_out() {
    let directory = tree(&["calls/a", "calls/out.zip", "calls/sub/out.zip"]);
    fs::write(directory.path().join("calls/out.zip"), ARCHIVE).unwrap();
    let output = directory.path().join("calls/sub/../out.zip");
    let (names, notices) = found(directory.path(), &["calls"], &with_output(output)).unwrap();
    assert_eq!(names, ["calls/a", "calls/sub/out.zip"]);
    let path = directory.path().join("calls/out.zip");
    assert_eq!(notices, [SourceNotice::Output { path }]);
}

#[test]
fn an_output_that_appears_after_the_start_is_recognised_by_its_name() {
    let directory = tree(&["calls/a"]);
    let path = directory.path().join("calls/out.zip");
    let output = output::OutputEntry::locate(&path).unwrap();
    fs::write(&path, "").unwrap();
    let is_output = |path: &Path| output.is(path, &fs::metadata(path).unwrap());
    assert!(is_output(&path));
    assert!(is_output(&directory.path().join("calls/./out.zip")));
    assert!(!is_output(&directory.path().join("calls/a")));
}

#[test]
fn an_output_that_does_not_exist_yet_changes_nothing() {
    let directory = tree(&["calls/a"]);
    for output in ["calls/out.zip", "missing/out.zip"] {
        let options = with_output(directory.path().join(output));
        assert_eq!(names(&directory, &["calls"], &options), ["calls/a"]);
    }
}

#[test]
fn the_output_as_an_input_is_refused() {
    let directory = tree(&["calls/out.zip"]);
    fs::write(directory.path().join("calls/out.zip"), ARCHIVE).unwrap();
    let options = with_output(directory.path().join("calls/out.zip"));
    let error = error(&directory, &["calls", "calls/../calls/out.zip"], &options);
    assert!(matches!(error, SourceError::IsOutput { .. }));
}

#[test]
fn a_file_is_old_enough_from_the_very_moment_on() {
    let directory = tree(&["a", "b", "c"]);
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let tick = Duration::from_nanos(1000);
    for (name, time) in [("a", moment - tick), ("b", moment), ("c", moment + tick)] {
        let file = fs::File::options()
            .write(true)
            .open(directory.path().join(name));
        file.unwrap().set_modified(time).unwrap();
    }
    let options = SourceOptions {
        unchanged_since: Some(moment),
        ..SourceOptions::default()
    };
    let (names, notices) = found(directory.path(), &["a", "b", "c"], &options).unwrap();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(notices, [SourceNotice::Young { files: 1 }]);
}
