//! Small archives that expand to large files.

use openssl::symm::{Cipher, Crypter, Mode};

use crate::archive_support::{Member, zip};
use crate::support::Scene;

/// Makes two members of 3 MiB of zeros each, compressed before sealing.
fn compressed() -> Scene {
    let scene = Scene::with_parties();
    for name in ["a", "b"] {
        scene.write(format!("calls/{name}.log"), vec![0; 3 << 20]);
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls --compress deflate");
    assert!(scene.read("calls.zip").len() < 100_000);
    scene
}

const EXTRACT: &str = "extract calls.zip -k customer.key -C out -j 1";

#[test]
fn a_member_that_expands_beyond_its_limit_is_refused_and_leaves_nothing() {
    let scene = compressed();
    scene
        .line(&format!("{EXTRACT} --max-member-size 1M"))
        .exits(5)
        .complains_with_hint(&["calls/a.log: it decompresses to more than 1048576 bytes"])
        .says("allow more with --max-member-size");
    assert!(!scene.exists("out"));
    scene.ok(&format!("{EXTRACT} --max-member-size 3M"));
    assert_eq!(scene.read("out/calls/a.log"), vec![0; 3 << 20]);
}

#[test]
fn members_that_together_expand_beyond_the_limit_are_refused_from_there_on() {
    let scene = compressed();
    scene
        .line(&format!("{EXTRACT} --max-total-size 4M"))
        .exits(6)
        .complains_with_hint(&[
            "calls/b.log: it raises the decompressed total to more than 4194304 bytes",
        ])
        .says("allow more with --max-total-size");
    assert_eq!(scene.tree("out"), ["calls/", "calls/a.log"]);
    scene.ok("extract calls.zip -k customer.key -C all --max-total-size 6M");
}

#[test]
fn the_limits_apply_to_single_messages_and_pipes() {
    let scene = compressed();
    scene.ok("seal -q -r customer.crt calls/a.log -o a.pgp --compress deflate");
    for line in [
        "open a.pgp -k customer.key -o a --max-member-size 1M",
        "cat calls.zip calls/a.log -k customer.key --max-member-size 1M",
        "cat calls.zip calls/a.log -k customer.key --max-total-size 1M",
    ] {
        let outcome = scene
            .line(line)
            .exits(5)
            .says("hint: if you trust its sender");
        assert!(outcome.output.stdout.len() <= 1 << 20);
    }
    assert!(!scene.exists("a"));
}

#[test]
fn uncompressed_messages_have_no_limit() {
    let scene = Scene::with_parties();
    scene.write("a.wav", vec![7; 2 << 20]);
    scene.ok("pack -q -o calls.zip -r customer.crt a.wav --compress none");
    scene.ok(&format!(
        "{EXTRACT} --max-member-size 1M --max-total-size 1M"
    ));
}

fn cfb(mode: Mode, key: &[u8], data: &[u8]) -> Vec<u8> {
    let cipher = Cipher::aes_256_cfb128();
    let mut crypter = Crypter::new(cipher, mode, key, Some(&[0; 16])).unwrap();
    let mut out = vec![0; data.len() + 16];
    let length = crypter.update(data, &mut out).unwrap();
    out.truncate(length);
    out
}

/// Makes a message whose encrypted bytes are zeros: any ciphertext is possible
/// with a chosen session key. Its plaintext is noise, and ZIP makes a
/// thousandth of it.
fn ciphertext_of_zeros(scene: &Scene) -> Vec<u8> {
    use openpgp::crypto::SessionKey;
    use openpgp::serialize::SerializeInto;
    use sequoia_openpgp as openpgp;

    /// The length of the random block, with its two repeated octets.
    const PREFIX: usize = 18;
    /// The length of the modification detection code, with its header.
    const CODE: usize = 22;

    let length = 4 << 20;
    let session_key = vec![5; 32];
    let cert = scene.ok("export --gpg customer.key").output.stdout;
    let cert = <openpgp::Cert as openpgp::parse::Parse<_>>::from_bytes(&cert).unwrap();
    let key = cert.keys().subkeys().next().unwrap();
    let key = key.key().clone().role_into_unspecified();
    let pkesk = openpgp::packet::pkesk::PKESK3::for_recipient(
        openpgp::types::SymmetricAlgorithm::AES256,
        &SessionKey::from(session_key.clone()),
        &key,
    )
    .unwrap();
    let pkesk = openpgp::Packet::from(openpgp::packet::PKESK::from(pkesk));

    // The prefix and the literal header must be right, then come zeros up to
    // the modification detection code.
    let literal = (length - PREFIX - 6 - CODE) as u32;
    let mut start = vec![0; PREFIX];
    start.extend([0xCB, 0xFF]);
    start.extend(literal.to_be_bytes());
    start.extend(b"b\0\0\0\0\0");
    let mut sealed = cfb(Mode::Encrypt, &session_key, &start);
    sealed.resize(length, 0);
    let mut plain = cfb(Mode::Decrypt, &session_key, &sealed);
    plain.truncate(length - CODE);
    plain.extend([0xD3, 0x14]);
    let digest = openssl::sha::sha1(&plain);
    plain.extend(digest);
    let sealed = cfb(Mode::Encrypt, &session_key, &plain);

    let mut message = pkesk.to_vec().unwrap();
    message.extend([0xD2, 0xFF]);
    message.extend((length as u32 + 1).to_be_bytes());
    message.push(1);
    message.extend(sealed);
    message
}

#[test]
fn zip_s_own_compression_counts_too() {
    let scene = Scene::with_parties();
    let message = ciphertext_of_zeros(&scene);
    let archive = zip([Member::deflated("a.wav.pgp", &message)]).bytes();
    assert!(archive.len() < 100_000, "{} bytes", archive.len());
    scene.write("calls.zip", archive);
    scene.ok(&format!("{EXTRACT} --max-member-size 5M"));
    std::fs::remove_dir_all(scene.path("out")).unwrap();
    scene
        .line(&format!("{EXTRACT} --max-member-size 1M"))
        .exits(5)
        .complains_with_hint(&["a.wav: it decompresses to more than 1048576 bytes"]);
    assert!(!scene.exists("out"));
}

#[test]
fn a_message_that_zip_could_not_compress_has_no_limit() {
    let scene = Scene::with_parties();
    scene.write("a.wav", vec![7; 2 << 20]);
    scene.ok("pack -q -o plain.zip -r customer.crt a.wav --compress none");
    scene.tool("unzip -q plain.zip");
    scene.tool("zip -q -9 calls.zip a.wav.pgp");
    scene.ok(&format!(
        "{EXTRACT} --max-member-size 1M --max-total-size 1M"
    ));
}
