//! One RSA-2048 private operation: by OpenSSL alone, and as part of opening the
//! smallest message.

use criterion::{Criterion, Throughput};
use openssl::rsa::Padding;

use crate::common::{FORMATS, Parties};

pub fn private_keys(criterion: &mut Criterion) {
    let parties = Parties::new();
    let mut group = criterion.benchmark_group("RSA-2048 private operation");
    group.throughput(Throughput::Elements(1));
    let mut sealed = [0; 256];
    parties
        .key
        .public_encrypt(&[7; 35], &mut sealed, Padding::PKCS1)
        .unwrap();
    let mut opened = [0; 256];
    group.bench_function("OpenSSL alone", |bencher| {
        bencher.iter(|| {
            parties
                .key
                .private_decrypt(&sealed, &mut opened, Padding::PKCS1)
                .unwrap()
        });
    });
    for (name, format) in FORMATS {
        let message = parties.seal(format, b"hello");
        let mut plain = Vec::new();
        group.bench_function(format!("through the keyring, {name}"), |bencher| {
            bencher.iter(|| parties.open(&message, &mut plain));
        });
    }
    group.finish();
}
