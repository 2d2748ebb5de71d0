//! Files of signatures that are made to cost time.

use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

use crate::evidence_support::{CMS, MANIFEST, ORIGIN, ORIGIN_CMS};
use crate::index_support::{entries, entry, put_together};
use crate::support::Scene;

/// The certificates, and the signatures that each of them may have made.
const MANY: usize = 64;

/// The bits of each of their keys, which take some 10 ms for a signature.
const BITS: usize = 16_384;

/// The key identifier that all of them state.
const ID: [u8; 20] = [0x11; 20];

/// Encodes a value of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        short @ 0..0x80 => vec![short as u8],
        long => {
            let octets = (long as u32).to_be_bytes();
            let octets: Vec<u8> = octets.into_iter().skip_while(|o| *o == 0).collect();
            [&[0x80 | octets.len() as u8], octets.as_slice()].concat()
        }
    };
    [&[tag], length.as_slice(), &content].concat()
}

fn oid(numbers: &str) -> Vec<u8> {
    let object = openssl::asn1::Asn1Object::from_str(numbers).unwrap();
    der(6, &[object.as_slice()])
}

/// Makes certificates with the subject of a named signer, and signatures that may
/// be by any of them.
fn many_signatures(list: &[u8]) -> Vec<u8> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "ivr-1").unwrap();
    let name = name.build();
    let certificate = |number: usize| {
        let mut modulus = BigNum::new().unwrap();
        modulus.rand(BITS as i32, MsbOption::ONE, true).unwrap();
        let exponent = BigNum::from_slice(&[0xFF; 8]).unwrap();
        let rsa = Rsa::from_public_components(modulus, exponent).unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(number as u32 + 1).unwrap();
        builder
            .set_serial_number(&serial.to_asn1_integer().unwrap())
            .unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&PKey::from_rsa(rsa).unwrap()).unwrap();
        let (start, end) = (Asn1Time::days_from_now(0), Asn1Time::days_from_now(9));
        builder.set_not_before(&start.unwrap()).unwrap();
        builder.set_not_after(&end.unwrap()).unwrap();
        let own = der(4, &[&ID]);
        let own = openssl::asn1::Asn1OctetString::new_from_bytes(&own).unwrap();
        let identifier = openssl::x509::X509Extension::new_from_der(
            &openssl::asn1::Asn1Object::from_str("2.5.29.14").unwrap(),
            false,
            &own,
        );
        builder.append_extension(identifier.unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        builder.build().to_der().unwrap()
    };
    let certificates: Vec<u8> = (0..MANY).flat_map(certificate).collect();
    let sha256 = der(0x30, &[&oid("2.16.840.1.101.3.4.2.1")]);
    let data = oid("1.2.840.113549.1.7.1");
    let hash = der(4, &[&openssl::sha::sha256(list)]);
    let attributes = [
        der(0x30, &[&oid("1.2.840.113549.1.9.3"), &der(0x31, &[&data])]),
        der(0x30, &[&oid("1.2.840.113549.1.9.4"), &der(0x31, &[&hash])]),
    ]
    .concat();
    let signature = [&[0x7F], [0x55; BITS / 8 - 1].as_slice()].concat();
    let info = der(
        0x30,
        &[
            &[2, 1, 3],
            &der(0x80, &[&ID]),
            &sha256,
            &der(0xA0, &[&attributes]),
            &der(0x30, &[&oid("1.2.840.113549.1.1.1"), &[5, 0]]),
            &der(4, &[&signature]),
        ],
    );
    let signed = der(
        0x30,
        &[
            &[2, 1, 3],
            &der(0x31, &[&sha256]),
            &der(0x30, &[&data]),
            &der(0xA0, &[&certificates]),
            &der(0x31, &[&info.repeat(MANY)]),
        ],
    );
    let kind = oid("1.2.840.113549.1.7.2");
    der(0x30, &[&kind, &der(0xA0, &[&signed])])
}

#[test]
fn signatures_by_many_strangers_with_a_signers_name_take_no_time() {
    let scene = Scene::with_colleagues();
    let mut all = entries(&scene, "ivr-1.zip");
    let list = entry(&mut all, MANIFEST).clone();
    let false_signatures = many_signatures(&list);
    *entry(&mut all, CMS) = false_signatures.clone();
    all.push((ORIGIN.to_owned(), list));
    all.push((ORIGIN_CMS.to_owned(), false_signatures));
    put_together(&scene, "forged.zip", &all);
    scene.write(
        "ca.toml",
        "[profiles.p]\ntrust = \"ca\"\nca-file = \"root.crt\"\nsigners = [{ subject = \"ivr-1\" }]\n",
    );
    let begin = Instant::now();
    let refused = scene
        .line("--config ca.toml verify -p p forged.zip")
        .exits(5);
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    let said = refused.stderr();
    assert!(said.contains("it claims to be signed by “ivr-1”"), "{said}");
    // Once for the archive, and once for its origin.
    assert_eq!(said.matches("“ivr-1”").count(), 2, "{said}");
    scene.ok("--config ca.toml verify -p p ivr-1.zip");
}
