//! Our archives read by other tools, and their archives read by us.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use callseal::archive::{Archive, ArchiveWriter, MemberName};

use crate::support::Run;

const DEFLATE_WELL: usize = 50_000;

fn time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

/// Runs a tool that must succeed and returns its standard output.
#[track_caller]
fn succeeds(directory: &Path, tool: &str, arguments: &[&str]) -> Vec<u8> {
    Run::new(tool, directory)
        .args(arguments)
        .exits(0)
        .output
        .stdout
}

fn lines_of(output: Vec<u8>) -> String {
    String::from_utf8(output).unwrap()
}

/// Checks that every tool finds the archive sound.
fn tools_accept(directory: &Path, archive: &str) {
    succeeds(directory, "unzip", &["-tqq", archive]);
    succeeds(directory, "7zz", &["t", archive]);
    succeeds(directory, "bsdtar", &["-xOf", archive]);
    let check = "import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip())";
    succeeds(directory, "python3", &["-c", check, archive]);
}

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a.wav", b"some data".to_vec()),
        ("calls/2026/empty", Vec::new()),
        ("calls/ünï/日本 😀.wav", vec![0x55; 300_000]),
        ("zeros", vec![0; DEFLATE_WELL]),
    ]
}

fn writer(path: &Path) -> ArchiveWriter<File> {
    ArchiveWriter::new(File::create_new(path).unwrap())
}

fn name(path: &str) -> MemberName {
    MemberName::parse(path).unwrap()
}

#[test]
fn other_tools_find_the_same_names_and_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut archive = writer(&directory.path().join("ours.zip"));
    for (number, (path, data)) in samples().into_iter().enumerate() {
        if number % 2 == 0 {
            archive.add(&name(path), time(), &data).unwrap();
            continue;
        }
        // Once with room for ZIP64 that isn't needed.
        let mut member = archive.begin(&name(path), time(), u64::MAX).unwrap();
        member.write_all(&data).unwrap();
        archive = member.end().unwrap();
    }
    archive.finish().unwrap();

    tools_accept(directory.path(), "ours.zip");
    for (tool, arguments) in [
        ("unzip", ["-qq", "ours.zip", "-d", "unzip"].as_slice()),
        ("7zz", &["x", "-o7zz", "ours.zip"]),
        ("python3", &["-m", "zipfile", "-e", "ours.zip", "python3"]),
    ] {
        succeeds(directory.path(), tool, arguments);
        for (path, data) in samples() {
            let file = directory.path().join(tool).join(format!("{path}.pgp"));
            assert_eq!(fs::read(&file).unwrap(), data, "{tool}: {path}");
            if tool != "python3" {
                assert_eq!(
                    fs::metadata(&file).unwrap().modified().unwrap(),
                    time(),
                    "{tool}: {path}"
                );
            }
        }
    }
    let listing = lines_of(succeeds(directory.path(), "bsdtar", &["-tf", "ours.zip"]));
    let expected: Vec<_> = samples()
        .iter()
        .map(|(path, _)| format!("{path}.pgp"))
        .collect();
    assert_eq!(listing.lines().collect::<Vec<_>>(), expected);
    let listing = lines_of(succeeds(directory.path(), "unzip", &["-Z", "ours.zip"]));
    assert!(listing.contains("-rw-------"), "{listing}");
}

#[test]
fn an_archive_of_70_000_members_has_zip64_records_that_all_tools_follow() {
    const MEMBERS: usize = 70_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("many.zip");
    let mut archive = writer(&path);
    for number in 0..MEMBERS {
        let data = number.to_string();
        archive
            .add(
                &name(&format!("{}/{number}", number % 100)),
                time(),
                data.as_bytes(),
            )
            .unwrap();
    }
    archive.finish().unwrap();
    tools_accept(directory.path(), "many.zip");

    let archive = Archive::open(File::open(&path).unwrap()).unwrap();
    assert_eq!(archive.members().len(), MEMBERS);
    for (number, member) in archive.members().iter().enumerate() {
        let mut text = String::new();
        archive
            .read(member)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, number.to_string());
    }
}

#[test]
fn a_count_equal_to_the_zip64_marker_is_read() {
    for members in [65_534, 65_535, 65_536] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("many.zip");
        let mut archive = writer(&path);
        for number in 0..members {
            archive
                .add(&name(&number.to_string()), time(), b"")
                .unwrap();
        }
        archive.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        let has_locator = bytes[bytes.len() - 42..].starts_with(b"PK\x06\x07");
        assert_eq!(has_locator, members >= 65_535);
        assert_eq!(Archive::open(bytes).unwrap().members().len(), members);
        succeeds(directory.path(), "unzip", &["-tqq", "many.zip"]);
    }
}

/// A file that treats every long write as zeros and keeps it as a hole.
struct Sparse {
    file: File,
    length: u64,
    position: u64,
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.position))?;
        if bytes.len() < 1 << 20 {
            self.file.write_all(bytes)?;
        }
        self.position += bytes.len() as u64;
        self.length = self.length.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(position) = to else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        self.position = position;
        Ok(position)
    }
}

/// Writes a member of this many zeros, then a short one.
fn write_large(path: &Path, size: u64, at_most: u64) -> io::Result<()> {
    let sink = Sparse {
        file: File::create_new(path)?,
        length: 0,
        position: 0,
    };
    let mut member = ArchiveWriter::new(sink).begin(&name("large"), time(), at_most)?;
    let zeros = vec![0; 8 << 20];
    let mut left = size;
    while left > 0 {
        let most = left.min(zeros.len() as u64);
        member.write_all(&zeros[..most as usize])?;
        left -= most;
    }
    let mut archive = member.end()?;
    archive.add(&name("after"), time(), b"short")?;
    archive.finish()?;
    Ok(())
}

const LIMIT: u64 = u32::MAX as u64;

#[test]
#[ignore = "every tool reads 4 GiB: over a minute"]
fn a_streamed_member_of_over_4_gib_is_read_by_all_tools() {
    for (size, at_most) in [
        (LIMIT + 5, u64::MAX),
        (LIMIT, LIMIT),
        (LIMIT - 1, LIMIT - 1),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large.zip");
        write_large(&path, size, at_most).unwrap();
        for (tool, arguments) in [
            ("unzip", ["-tqq", "large.zip"].as_slice()),
            ("7zz", &["t", "large.zip"]),
            ("bsdtar", &["-tf", "large.zip"]),
            ("python3", &["-m", "zipfile", "-t", "large.zip"]),
        ] {
            // UnZip 6.00 gives up on the size that is the ZIP64 marker: after
            // resolving it, it mistakes the size for the marker again.
            if size != LIMIT || tool != "unzip" {
                succeeds(directory.path(), tool, arguments);
            }
        }
        let archive = Archive::open(File::open(&path).unwrap()).unwrap();
        let sizes: Vec<_> = archive
            .members()
            .iter()
            .map(|member| member.size())
            .collect();
        assert_eq!(sizes, [size, 5]);
        for member in archive.members() {
            let mut reader = archive.read(member).unwrap();
            let mut sink = BufWriter::with_capacity(1 << 20, io::sink());
            assert_eq!(io::copy(&mut reader, &mut sink).unwrap(), member.size());
        }
    }
}

#[test]
fn a_member_larger_than_announced_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let error = write_large(&directory.path().join("large.zip"), LIMIT, LIMIT - 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
}

/// Puts the samples into `in`, runs the tool there, and reads what it made.
fn we_read(tool: &str, arguments: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let files = directory.path().join("in");
    for (path, data) in samples() {
        let file = files.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, data).unwrap();
    }
    let output = succeeds(&files, tool, arguments);
    let path = directory.path().join("theirs.zip");
    // Without an output file, the tool writes to a pipe.
    let bytes = if path.exists() {
        fs::read(path).unwrap()
    } else {
        output
    };
    holds_the_samples(bytes, &format!("{tool} {arguments:?}"));
}

/// Checks that we read the samples in an archive, which `maker` has made.
fn holds_the_samples(bytes: Vec<u8>, maker: &str) {
    let archive = Archive::open(bytes).unwrap_or_else(|error| panic!("{maker}: {error:?}"));
    let mut found = Vec::new();
    for member in archive
        .members()
        .iter()
        .filter(|member| !member.is_directory())
    {
        let mut data = Vec::new();
        let mut reader = archive
            .read(member)
            .unwrap_or_else(|error| panic!("{maker}: {error:?}"));
        reader.read_to_end(&mut data).unwrap();
        found.push((member.name().unwrap().as_str().to_owned(), data));
    }
    found.sort();
    let mut expected: Vec<_> = samples()
        .into_iter()
        .map(|(name, data)| (name.to_owned(), data))
        .collect();
    expected.sort();
    assert!(found == expected, "{maker} made other members");
}

#[test]
fn the_zip_crate_reads_our_archives_and_we_read_its() {
    use zip::write::SimpleFileOptions;
    let mut ours = ArchiveWriter::new(io::Cursor::new(Vec::new()));
    for (path, data) in samples() {
        ours.add(&name(path), time(), &data).unwrap();
    }
    let mut read = zip::ZipArchive::new(ours.finish().unwrap()).unwrap();
    assert_eq!(read.len(), samples().len());
    for (number, (path, data)) in samples().into_iter().enumerate() {
        let mut member = read.by_index(number).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        assert_eq!(member.name(), format!("{path}.pgp"));
        assert!(content == data, "{path}");
    }

    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let deflated = stored.compression_method(zip::CompressionMethod::Deflated);
    for options in [
        stored,
        deflated,
        stored.large_file(true),
        deflated.large_file(true),
    ] {
        for is_streamed in [false, true] {
            let mut bytes = Vec::new();
            match is_streamed {
                false => write_samples(zip::ZipWriter::new(io::Cursor::new(&mut bytes)), options),
                true => write_samples(zip::ZipWriter::new_stream(&mut bytes), options),
            }
            holds_the_samples(bytes, &format!("zip {options:?} {is_streamed}"));
        }
    }
}

fn write_samples<W: Write + Seek>(
    mut writer: zip::ZipWriter<W>,
    options: zip::write::SimpleFileOptions,
) {
    for (path, data) in samples() {
        writer.start_file(path, options).unwrap();
        writer.write_all(&data).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn archives_of_zip_are_read() {
    we_read("zip", &["-qr", "../theirs.zip", "."]);
    we_read("zip", &["-qr0", "../theirs.zip", "."]);
    we_read("zip", &["-qr", "-fd", "../theirs.zip", "."]);
    we_read("zip", &["-qr", "-fz", "../theirs.zip", "."]);
}

#[test]
fn archives_of_zip_on_a_pipe_are_read() {
    we_read("zip", &["-qr", "-", "."]);
    we_read("zip", &["-qr0", "-", "."]);
}

#[test]
fn archives_of_7zip_are_read() {
    we_read("7zz", &["a", "-tzip", "../theirs.zip", "."]);
    we_read("7zz", &["a", "-tzip", "-mx0", "../theirs.zip", "."]);
    we_read("7zz", &["a", "-tzip", "-so", "x", "."]);
}

#[test]
fn archives_of_bsdtar_are_read() {
    // Not `.`, since it would put `./` before the names.
    let all = ["a.wav", "calls", "zeros"];
    we_read(
        "bsdtar",
        &[&["--format", "zip", "-cf", "../theirs.zip"], &all[..]].concat(),
    );
    let stored = [
        "--format",
        "zip",
        "--options",
        "zip:compression=store",
        "-cf",
        "../theirs.zip",
    ];
    we_read("bsdtar", &[&stored[..], &all].concat());
}

#[test]
fn archives_of_python_are_read() {
    we_read(
        "python3",
        &[
            "-m",
            "zipfile",
            "-c",
            "../theirs.zip",
            "a.wav",
            "calls",
            "zeros",
        ],
    );
    let stream = "
import pathlib, sys, zipfile
method = int(sys.argv[1])
class Pipe:
    def write(self, data): return sys.stdout.buffer.write(data)
    def flush(self): sys.stdout.buffer.flush()
with zipfile.ZipFile(Pipe(), 'w', method) as z:
    for p in sorted(pathlib.Path('.').rglob('*')):
        if p.is_file():
            with z.open(str(p), 'w', force_zip64=len(sys.argv) > 2) as m: m.write(p.read_bytes())
";
    we_read("python3", &["-c", stream, "0"]);
    we_read("python3", &["-c", stream, "8"]);
    we_read("python3", &["-c", stream, "0", "zip64"]);
}
