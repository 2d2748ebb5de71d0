//! Sealing and opening one call file and one recording, in memory, for two
//! RSA-2048 recipients.

use criterion::{Criterion, Throughput};

use crate::common::{CALL, FORMATS, Parties, RECORDING, call, noise};

pub fn messages(criterion: &mut Criterion) {
    let parties = Parties::new();
    for (name, size) in [
        ("call file of 16 KiB", CALL),
        ("recording of 8 MiB", RECORDING),
    ] {
        let content = noise(size);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(size as u64));
        for (format_name, format) in FORMATS {
            let plan = parties.plan(format);
            let mut sealer = plan.sealer();
            let mut message = Vec::with_capacity(2 * size);
            group.bench_function(format!("seal {format_name}"), |bencher| {
                bencher.iter(|| {
                    message.clear();
                    sealer
                        .seal(&mut &*content, &call(&content), &mut message)
                        .unwrap()
                });
            });
            let mut plain = Vec::with_capacity(size);
            group.bench_function(format!("open {format_name}"), |bencher| {
                bencher.iter(|| parties.open(&message, &mut plain));
            });
            assert!(plain == content);
        }
    }
}
