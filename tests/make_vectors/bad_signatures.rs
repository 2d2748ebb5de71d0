//! Archives that aren't what was signed, or not by whom they should be.

use crate::maker::{ENTRY, Entry, Maker};
use crate::signing::{
    Entries, MEMBERS, callseal, entries, gpg_sign, named, openssl, remove, write_archive,
};

const MANIFEST: &str = "META-INF/callseal/manifest";
const CMS: &str = "META-INF/callseal/manifest.p7s";
const OPENPGP: &str = "META-INF/callseal/manifest.sig";

pub fn archives(maker: &mut Maker) {
    altered(maker);
    manifests(maker);
    signatures(maker);
    origins(maker);
    signers(maker);
}

/// Notes an archive that a signer hasn't signed.
fn refused(maker: &mut Maker, file: &str, shows: &str, signer: &str) {
    maker.entry(Entry {
        file,
        shows,
        signers: &[signer],
        status: 5,
        ..ENTRY
    });
}

/// Changes an archive, and notes that it isn't what was signed.
fn changed(maker: &mut Maker, from: &str, to: (&str, &str), change: impl Fn(&mut Entries)) {
    let (file, shows) = to;
    let mut entries = entries(maker, from);
    change(&mut entries);
    write_archive(maker, file, &entries);
    refused(maker, file, shows, "ivr-1.crt");
}

fn flip(content: &mut [u8]) {
    let middle = content.len() / 2;
    content[middle] ^= 1;
}

fn altered(maker: &mut Maker) {
    let to = ("removed.zip", "a member was removed");
    changed(maker, "rsa.zip", to, |entries| {
        entries.remove(1);
    });
    let to = ("renamed.zip", "a member was renamed");
    changed(maker, "rsa.zip", to, |entries| {
        entries[1].0 = "calls/1003.log.pgp".into();
    });
    let to = ("altered.zip", "a member was altered");
    changed(maker, "rsa.zip", to, |entries| flip(&mut entries[1].1));
    let to = ("swapped.zip", "the contents of two members were swapped");
    changed(maker, "rsa.zip", to, |entries| {
        let second = std::mem::take(&mut entries[1].1);
        let first = std::mem::replace(&mut entries[0].1, second);
        entries[1].1 = first;
    });
    let to = ("order.zip", "two entries are in another order");
    changed(maker, "rsa.zip", to, |entries| entries.swap(0, 1));
    let to = ("added.zip", "an entry was added");
    changed(maker, "rsa.zip", to, |entries| {
        let copy = entries[0].1.clone();
        entries.insert(3, ("calls/more.pgp".into(), copy));
    });
    let to = ("index.zip", "the index was replaced");
    let other = entries(maker, "ec.zip").remove(3).1;
    changed(maker, "rsa.zip", to, |entries| entries[3].1 = other.clone());
}

fn manifests(maker: &mut Maker) {
    let to = (
        "no-manifest.zip",
        "the manifest was removed, its signature was not",
    );
    changed(maker, "rsa.zip", to, |entries| {
        entries.retain(|(name, _)| name != MANIFEST);
    });
    let to = (
        "unsigned.zip",
        "the manifest and its signature were removed",
    );
    changed(maker, "rsa.zip", to, |entries| {
        entries.retain(|(name, _)| name != MANIFEST && name != CMS);
    });
    let to = ("no-signature.zip", "the signature was removed");
    changed(maker, "rsa.zip", to, |entries| {
        entries.retain(|(name, _)| name != CMS);
    });
    let to = ("manifest-altered.zip", "the manifest fits what was altered");
    changed(maker, "rsa.zip", to, |entries| {
        flip(&mut entries[1].1);
        let hash = openssl::sha::sha256(&entries[1].1);
        let text = String::from_utf8(named(entries, MANIFEST).clone()).unwrap();
        let lines = text.lines().map(|line| match line.split_once("  ") {
            Some((digits, name)) if digits.len() == 64 && name.contains("1002") => {
                format!("{}  {name}\n", crate::maker::hex(&hash))
            }
            _ => format!("{line}\n"),
        });
        *named(entries, MANIFEST) = lines.collect::<String>().into();
    });
    let to = ("manifest-cut.zip", "the manifest lacks its last line");
    changed(maker, "rsa.zip", to, |entries| {
        let manifest = named(entries, MANIFEST);
        manifest.pop();
        while manifest.last() != Some(&b'\n') {
            manifest.pop();
        }
    });
    let to = (
        "manifest-of-another.zip",
        "manifest and signature of another archive",
    );
    let other = entries(maker, "all.zip");
    changed(maker, "rsa.zip", to, |entries| {
        for name in [MANIFEST, CMS] {
            let content = named(&mut other.clone(), name).clone();
            *named(entries, name) = content;
        }
    });
    // The signer's key signs other lists, too.
    let mut rsa = entries(maker, "rsa.zip");
    let text = String::from_utf8(named(&mut rsa, MANIFEST).clone()).unwrap();
    let (_, sums) = text.split_once('\n').unwrap();
    let sealed_first = text.replace("# sealed", "# SEALED");
    for (file, shows, list) in [
        (
            "sums.zip",
            "a signed list of sha256sum instead of a manifest",
            sums,
        ),
        (
            "comment.zip",
            "a signed manifest with another comment line",
            &sealed_first,
        ),
    ] {
        maker.write("list", list);
        openssl(
            maker,
            "cms -sign -binary -in list -outform DER -out signature -signer ivr-1.crt -inkey ivr-1.key",
        );
        let signature = maker.read("signature");
        changed(maker, "rsa.zip", (file, shows), |entries| {
            *named(entries, MANIFEST) = list.into();
            *named(entries, CMS) = signature.clone();
        });
    }
    remove(maker, &["list", "signature"]);
}

/// Signatures of the right signer that don't count.
fn signatures(maker: &mut Maker) {
    let mut all = entries(maker, "all.zip");
    maker.write("manifest", &*named(&mut all, MANIFEST));
    for (file, shows, options) in [
        ("sha1.zip", "a signature over a SHA-1", "-md sha1"),
        (
            "with-content.zip",
            "a signature that holds a content of its own",
            "-nodetach",
        ),
        (
            "no-attributes.zip",
            "a signature without signed attributes",
            "-noattr",
        ),
        (
            "canonical.zip",
            "a signature over a text with CRLF line ends",
            "-text",
        ),
    ] {
        let binary = match options {
            "-text" => "",
            _ => " -binary",
        };
        let sign = "cms -sign -in manifest -outform DER -out signature";
        let key = "-signer ivr-1.crt -inkey ivr-1.key";
        openssl(maker, &format!("{sign} {key}{binary} {options}"));
        let signature = maker.read("signature");
        changed(maker, "all.zip", (file, shows), |entries| {
            *named(entries, CMS) = signature.clone();
        });
    }
    gpg_sign(maker, &["--textmode"], "manifest", "signature");
    let mut entries = all;
    *named(&mut entries, OPENPGP) = maker.read("signature");
    write_archive(maker, "textmode.zip", &entries);
    let shows = "an OpenPGP signature of a text";
    refused(maker, "textmode.zip", shows, "ivr-3.asc");
    remove(maker, &["manifest", "signature"]);
}

fn origins(maker: &mut Maker) {
    callseal(
        maker,
        "pack -q calls -o other.tmp -r customer.crt -r vendor.crt",
    );
    let other = entries(maker, "other.tmp");
    let to = (
        "origin-replaced.zip",
        "another message was sealed under the same name, and the origin kept",
    );
    changed(maker, "shared.zip", to, |entries| {
        entries[1] = other[1].clone()
    });
    let to = (
        "origin-added.zip",
        "a member was added behind the origin's back",
    );
    changed(maker, "shared-one.zip", to, |entries| {
        entries.insert(1, ("calls/more.pgp".into(), other[1].1.clone()));
    });
    let to = (
        "origin-order.zip",
        "the members are in another order than the origin's",
    );
    changed(maker, "shared.zip", to, |entries| entries.swap(0, 1));
    let of_all = {
        let mut all = entries(maker, "all.zip");
        [MANIFEST, CMS].map(|name| named(&mut all, name).clone())
    };
    let to = ("origin-of-another.zip", "the origin of another archive");
    changed(maker, "shared.zip", to, |entries| {
        let [list, signature] = of_all.clone();
        *named(entries, "META-INF/callseal/origin") = list;
        *named(entries, "META-INF/callseal/origin.p7s") = signature;
    });
    remove(maker, &["other.tmp"]);
    // Who took members away changed nothing of the others.
    let mut fewer = entries(maker, "shared.zip");
    fewer.remove(1);
    write_archive(maker, "origin-removed.zip", &fewer);
    maker.entry(Entry {
        file: "origin-removed.zip",
        shows: "a member was removed: the origin tells how many are missing, and no more",
        signers: &["ivr-1.crt"],
        origin_signed_by: &["ivr-1"],
        origin_missing: Some(1),
        ..ENTRY
    });
}

/// Signers who don't count.
fn signers(maker: &mut Maker) {
    callseal(
        maker,
        "pack -q calls -o stranger.zip -r customer.crt --sign stranger.key",
    );
    refused(
        maker,
        "stranger.zip",
        "signed by a stranger alone",
        "ivr-1.crt",
    );
    maker.entry(Entry {
        file: "stranger.zip",
        shows: "it's the stranger's, for whoever names the stranger",
        signers: &["stranger.crt"],
        signed_by: &["stranger"],
        ..ENTRY
    });
    callseal(
        maker,
        "pack -q calls -o beside.zip -r customer.crt --sign stranger.key --sign ivr-1.key",
    );
    maker.entry(Entry {
        file: "beside.zip",
        shows: "signed by a stranger as well, which neither helps nor harms",
        signers: &["ivr-1.crt"],
        signed_by: &["ivr-1"],
        ..ENTRY
    });
    callseal(
        maker,
        "keygen -q --sign --name expired --rsa 2048 --days 1 --no-passphrase",
    );
    callseal(
        maker,
        "pack -q calls -o expired.zip -r customer.crt --sign expired.key",
    );
    let shows = "signed by a certificate that expired in 2026";
    refused(maker, "expired.zip", shows, "expired.crt");
    remove(maker, &["expired.key"]);
    recipients(maker);
}

/// Keys that open, and sign by means of openssl.
fn recipients(maker: &mut Maker) {
    openssl(
        maker,
        "req -x509 -nodes -newkey rsa:2048 -days 25000 -subj /CN=both -keyout both.key -out both.crt",
    );
    callseal(
        maker,
        "pack -q calls -o both.tmp -r both.crt --sign ivr-1.key",
    );
    let mut entries = entries(maker, "both.tmp");
    maker.write("manifest", &*named(&mut entries, MANIFEST));
    openssl(
        maker,
        "cms -sign -binary -in manifest -outform DER -out signature -signer both.crt -inkey both.key",
    );
    *named(&mut entries, CMS) = maker.read("signature");
    write_archive(maker, "recipient.zip", &entries);
    let shows = "signed by a recipient: a key that opens must not sign";
    refused(maker, "recipient.zip", shows, "both.crt");
    remove(maker, &["manifest", "signature", "both.tmp"]);
    maker.entry(Entry {
        file: "recipient.zip",
        shows: "its members open all the same",
        keys: &["both.key"],
        members: &MEMBERS,
        ..ENTRY
    });
    recipients_named_otherwise(maker);
}

/// Such keys again, which messages don't name as the signer's certificate does.
fn recipients_named_otherwise(maker: &mut Maker) {
    let certificate = "req -x509 -nodes -days 25000 -set_serial 7";
    let bare = "-addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none";
    openssl(
        maker,
        &format!(
            "{certificate} {bare} -newkey rsa:2048 -subj /CN=bare -keyout bare.key -out bare.crt"
        ),
    );
    for name in ["other", "BARE"] {
        let request = format!("{certificate} -key bare.key -subj /CN={name} -out {name}.crt");
        openssl(maker, &request);
    }
    callseal(
        maker,
        "pack -q calls -o bare.tmp -r customer.crt --format cms-gcm",
    );
    let first = "calls/1001.log.p7m";
    for (file, shows, recipient, member) in [
        (
            "recipient-identifier.zip",
            "a recipient is named by the identifier of the signer's key, which its certificate doesn't have",
            "-keyid other.crt",
            first,
        ),
        (
            "recipient-issuer.zip",
            "a recipient is named by the signer's issuer in capital letters",
            "BARE.crt",
            first,
        ),
        (
            "recipient-beside.zip",
            "a recipient's member is called as signatures are, but for its ending",
            "-keyid other.crt",
            "META-INF/callseal/manifest.sig.p7m",
        ),
    ] {
        let seal = "cms -encrypt -binary -aes256 -in calls/1001.log -outform DER -out message";
        openssl(maker, &format!("{seal} {recipient}"));
        let mut unsigned = entries(maker, "bare.tmp");
        unsigned[0] = (member.into(), maker.read("message"));
        write_archive(maker, "unsigned.tmp", &unsigned);
        callseal(
            maker,
            "sign -q unsigned.tmp -f -o signed.tmp --sign ivr-1.key",
        );
        let mut signed = entries(maker, "signed.tmp");
        maker.write("manifest", &*named(&mut signed, MANIFEST));
        openssl(
            maker,
            "cms -sign -binary -in manifest -outform DER -out signature -signer bare.crt -inkey bare.key",
        );
        *named(&mut signed, CMS) = maker.read("signature");
        write_archive(maker, file, &signed);
        refused(maker, file, shows, "bare.crt");
    }
    let rest = "bare.key other.crt BARE.crt message manifest signature";
    let rest: Vec<&str> = rest.split(' ').collect();
    remove(maker, &rest);
    remove(maker, &["bare.tmp", "unsigned.tmp", "signed.tmp"]);
}
