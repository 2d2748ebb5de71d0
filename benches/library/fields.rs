//! Sealing and opening three fields of a document of 1 KiB, for two RSA-2048
//! recipients.

use callseal::fields::{ATTRIBUTE, FieldOpener, FieldPlan, FieldSealer, Missing, Selection};
use criterion::{Criterion, Throughput};

use crate::common::Parties;

/// The size of a document in bytes.
const DOCUMENT: usize = 1024;

pub fn fields(criterion: &mut Criterion) {
    let parties = Parties::new();
    let plan = FieldPlan::new(parties.recipients.clone(), ATTRIBUTE).unwrap();
    let selection = Selection::paths("caller.number,cards[*].pan,transcript").unwrap();
    let sealer = FieldSealer::new(&plan, &selection, Missing::Error);
    let opener = FieldOpener::new(&parties.keyring, ATTRIBUTE);
    let mut document = concat!(
        r#"{"id":"20260314-102247-0118","caller":{"number":"+43 1 234 567","name":"A. Caller"},"#,
        r#""seconds":30.50,"cards":[{"kind":"visa","pan":4111111111111111}],"transcript":""#
    )
    .to_owned();
    document.extend(std::iter::repeat_n('a', DOCUMENT - 2 - document.len()));
    document.push_str("\"}");
    let sealed = sealer.seal(&document).unwrap().into_text();

    let mut group = criterion.benchmark_group("three fields of a document of 1 KiB");
    group.throughput(Throughput::Elements(1));
    group.bench_function("seal", |bencher| {
        bencher.iter(|| sealer.seal(&document).unwrap());
    });
    group.bench_function("open", |bencher| {
        bencher.iter(|| opener.open(&sealed).unwrap());
    });
    group.finish();
    assert_eq!(opener.open(&sealed).unwrap().text(), document);
}
