//! Makes the files in `fuzz/sealed/`. They are made once: the kept inputs are
//! changes to them.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use callseal::archive::{ArchiveWriter, Ending, MemberName};
use callseal::fields::{FieldSealer, Missing, Selection};
use callseal::message::{Compression, Format};
use callseal::message::{SealOptions, SealPlan, SealedFile};
use pgp::composed::{Deserializable, MessageBuilder, SignedPublicKey};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use rand::thread_rng;

use super::targets::sealed::{EMPTY, FIELDS, LONG, PLAN, SHORT, now, recipients};

fn below(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn write(name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(below("fuzz/sealed").join(name), content).unwrap();
}

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(below("testdata/vectors/0.1.0").join(name)).unwrap()
}

struct Way {
    certificate: &'static str,
    format: Option<Format>,
    compression: Compression,
    hidden: bool,
}

const WAY: Way = Way {
    certificate: "p256.crt",
    format: None,
    compression: Compression::None,
    hidden: false,
};

fn sealed(way: &Way, (name, content): (&str, &str)) -> Vec<u8> {
    let recipients = recipients(&vector(way.certificate));
    let plan = SealPlan::new(
        recipients,
        SealOptions {
            format: way.format,
            compression: way.compression,
            hidden_recipients: way.hidden,
        },
    )
    .unwrap();
    let file = SealedFile {
        name,
        modified: now(),
        length: Some(content.len() as u64),
    };
    let mut message = Vec::new();
    let mut sealer = plan.sealer();
    sealer
        .seal(&mut content.as_bytes(), &file, &mut message)
        .unwrap();
    message
}

/// Seals in chunks of 64 bytes, which callseal itself doesn't write.
fn sealed_in_chunks((name, content): (&str, &str)) -> Vec<u8> {
    let mut rng = thread_rng();
    let (key, _) = SignedPublicKey::from_reader_single(Cursor::new(vector("v6.pub"))).unwrap();
    let mut builder = MessageBuilder::from_bytes(name.to_owned(), content.to_owned()).seipd_v2(
        &mut rng,
        SymmetricKeyAlgorithm::AES256,
        AeadAlgorithm::Ocb,
        ChunkSize::C64B,
    );
    builder
        .encrypt_to_key(&mut rng, &key.public_subkeys[0])
        .unwrap();
    builder.to_vec(&mut rng).unwrap()
}

fn packed(way: &Way, ending: Ending) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).with_ending(ending);
    for file in [SHORT, LONG, EMPTY] {
        let name = MemberName::parse(file.0).unwrap();
        writer.add(&name, now(), &sealed(way, file)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn sealed_document(text: &str) -> String {
    let selection = Selection::paths(FIELDS).unwrap();
    let sealer = FieldSealer::new(&PLAN, &selection, Missing::Error);
    sealer.seal(text).unwrap().into_text()
}

#[test]
#[ignore = "writes fuzz/sealed/ anew, to which the inputs that are kept no longer fit"]
fn make_the_sealed_inputs() {
    let deflate = Compression::Deflate;
    for (number, format) in [(1, Format::Rfc4880), (2, Format::Rfc9580)] {
        let way = Way {
            format: Some(format),
            ..WAY
        };
        write(&format!("v{number}.pgp"), sealed(&way, SHORT));
        write(&format!("v{number}-empty.pgp"), sealed(&way, EMPTY));
        let compressed = Way {
            format: Some(format),
            compression: deflate,
            ..WAY
        };
        write(&format!("v{number}-deflate.pgp"), sealed(&compressed, LONG));
        write(&format!("v{number}.zip"), packed(&way, Ending::Pgp));
    }
    let hidden = |format| Way {
        format: Some(format),
        hidden: true,
        ..WAY
    };
    write("v1-hidden.pgp", sealed(&hidden(Format::Rfc4880), LONG));
    write("v2-hidden.pgp", sealed(&hidden(Format::Rfc9580), SHORT));
    write("v2-chunks.pgp", sealed_in_chunks(LONG));
    let gcm = Way {
        format: Some(Format::CmsGcm),
        ..WAY
    };
    write("cms-gcm.p7m", sealed(&gcm, LONG));
    write("cms-gcm.zip", packed(&gcm, Ending::P7m));
    let gcm_rsa = Way {
        certificate: "rsa.crt",
        ..gcm
    };
    write("cms-gcm-rsa.p7m", sealed(&gcm_rsa, SHORT));
    write(
        "cms.p7m",
        sealed(
            &Way {
                format: Some(Format::Cms),
                ..gcm_rsa
            },
            LONG,
        ),
    );
    write(
        "call.json",
        sealed_document(
            r#"{"caller": {"number": "+43 1 5350"}, "cards": [{"pan": "4111"}, {"pan": {"of": [5500, null]}}], "seconds": 30.50}"#,
        ),
    );
    write(
        "other.json",
        sealed_document(
            r#"{"caller":{"number":"+1 555 0100","name":"A. Caller"},"cards":[{"pan":false}]}"#,
        ),
    );
}
