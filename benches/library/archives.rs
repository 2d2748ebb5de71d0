//! Reading an archive of 2,000 members: its directory, and who can open it.

use std::fs::File;
use std::time::UNIX_EPOCH;

use callseal::ArchiveFile;
use callseal::archive::{ArchiveWriter, MemberName};
use callseal::message::Limits;
use criterion::{Criterion, Throughput};

use crate::common::{CALL, Parties, noise};

const MEMBERS: usize = 2000;

pub fn listing(criterion: &mut Criterion) {
    let parties = Parties::new();
    let message = parties.seal(None, &noise(CALL));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.zip");
    let mut writer = ArchiveWriter::new(File::create_new(&path).unwrap());
    for number in 0..MEMBERS {
        let name = MemberName::parse(&format!("calls/{number:04}")).unwrap();
        writer.add(&name, UNIX_EPOCH, &message).unwrap();
    }
    writer.finish().unwrap();

    let mut group = criterion.benchmark_group("archive of 2000 members");
    group.throughput(Throughput::Elements(MEMBERS as u64));
    group.bench_function("open", |bencher| {
        bencher.iter(|| ArchiveFile::open(&path).unwrap().members().count());
    });
    let limits = Limits::default();
    group.bench_function("list with recipients", |bencher| {
        bencher.iter(|| {
            let archive = ArchiveFile::open(&path).unwrap();
            for member in archive.members() {
                assert_eq!(
                    archive.envelope(member, &limits).unwrap().recipients.len(),
                    2
                );
            }
        });
    });
    group.finish();
}
