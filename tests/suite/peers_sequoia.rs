//! The library behind sq and sequoia-sop as a reader of shared messages.

use std::io::Read;

use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::cert::{Cert, CertBuilder};
use openpgp::parse::Parse;
use openpgp::parse::stream::DecryptorBuilder;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;

use crate::sequoia_reader::Reader;
use crate::support::{Scene, content};

fn open(message: &[u8], cert: &Cert) -> openpgp::Result<Vec<u8>> {
    let policy = StandardPolicy::new();
    let reader = Reader {
        key: cert.clone(),
        signers: Vec::new(),
    };
    let message = DecryptorBuilder::from_bytes(message)?;
    let mut message = message.with_policy(&policy, None, reader)?;
    let mut content = Vec::new();
    message.read_to_end(&mut content)?;
    Ok(content)
}

#[test]
fn sequoia_opens_what_is_shared_with_its_keys() {
    for (profile, options) in [
        (Profile::RFC9580, ""),
        (Profile::RFC4880, "--format rfc4880"),
    ] {
        let scene = Scene::with_parties();
        let call = content(600_000);
        scene.write("calls/a.wav", &call);
        scene.write("calls/b.txt", "short");
        scene.ok(&format!(
            "pack -q -o calls.zip -r customer.crt -r vendor.crt calls {options}"
        ));
        let cert = CertBuilder::new()
            .set_profile(profile)
            .unwrap()
            .add_userid("partner")
            .add_transport_encryption_subkey();
        let (cert, _) = cert.generate().unwrap();
        scene.write("partner.pgp", cert.to_vec().unwrap());
        let member = |name: &str| scene.entry("calls.zip", name);
        assert!(open(&member("calls/a.wav.pgp"), &cert).is_err());
        scene.ok("share calls.zip -q -k customer.key -r partner.pgp --in-place");
        assert!(open(&member("calls/a.wav.pgp"), &cert).unwrap() == call);
        assert!(open(&member("calls/b.txt.pgp"), &cert).unwrap() == b"short");
    }
}
