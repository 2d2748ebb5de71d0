//! Signers under CAs.

use super::*;
use crate::keys::ChainFault;

impl Desk {
    #[track_caller]
    fn under(&self, name: SignerName, ca: &str, time: SigningTime, at: SystemTime) -> Signers {
        let cas = [self.path(ca)];
        let crls: Vec<PathBuf> = vec![];
        Signers::load(&[name], Some((&cas, &crls)), time, at).unwrap()
    }

    /// Names a signer by its subject, under a CA.
    #[track_caller]
    fn subject(&self, subject: &str, ca: &str) -> Signers {
        let name = SignerName::Subject(subject.into());
        self.under(name, ca, SigningTime::Ignored, SystemTime::now())
    }

    #[track_caller]
    fn file(&self, file: &str, ca: &str) -> Signers {
        let name = SignerName::Certificate(self.path(file));
        self.under(name, ca, SigningTime::Ignored, SystemTime::now())
    }
}

/// Makes a CA, and a signer `CN=ivr-1, O=Acme` under it.
fn with_a_ca() -> Desk {
    let desk = Desk::new();
    desk.ca("root");
    desk.issued("ivr", "/O=Acme/CN=ivr-1", "root", SIGNS);
    desk
}

#[test]
fn a_subject_counts_under_its_ca() {
    let desk = with_a_ca();
    let signature = cms(&[desk.key("ivr.key")]);
    for subject in ["ivr-1", "CN=ivr-1, O=Acme", "O = Acme, CN = ivr-1"] {
        assert_eq!(
            judged(&desk.subject(subject, "root.crt"), &signature),
            HOLDS,
            "{subject}"
        );
    }
    for subject in ["ivr-2", "CN=ivr-1", "CN=ivr-1, O=Other", "Acme", "root"] {
        assert_eq!(
            judged(&desk.subject(subject, "root.crt"), &signature),
            UNKNOWN,
            "{subject}"
        );
    }
    assert_eq!(judged(&desk.file("ivr.crt", "root.crt"), &signature), HOLDS);
    let verdicts = desk
        .subject("ivr-1", "root.crt")
        .verify_cms(&signature, &mut &b"other"[..])
        .unwrap();
    assert_eq!(
        verdicts[0].standing,
        Standing::Fails(SignatureFault::Altered)
    );
}

#[test]
fn a_colleague_under_the_same_ca_is_somebody_else() {
    let desk = with_a_ca();
    desk.issued("colleague", "/O=Acme/CN=ivr-2", "root", SIGNS);
    let signature = cms(&[desk.key("colleague.key")]);
    assert_eq!(
        judged(&desk.subject("ivr-1", "root.crt"), &signature),
        UNKNOWN
    );
    assert_eq!(
        judged(&desk.file("ivr.crt", "root.crt"), &signature),
        UNKNOWN
    );
}

/// The system's store isn't used, whatever is in it.
#[test]
fn a_stranger_with_the_same_subject_is_somebody_else() {
    let desk = with_a_ca();
    // A CA of the same name, and no CA at all.
    desk.bash("mkdir other; mv root.crt root.key other");
    desk.ca("root");
    desk.issued("stranger", "/O=Acme/CN=ivr-1", "root", SIGNS);
    desk.bash(
        "openssl req -x509 -key stranger.key -out self.crt -subj /O=Acme/CN=ivr-1 -days 9
         cp stranger.key self.key",
    );
    desk.bash("mv root.crt forged.crt; mv other/root.crt .");
    let right = desk.subject("ivr-1", "root.crt");
    assert_eq!(judged(&right, &cms(&[desk.key("stranger.key")])), UNKNOWN);
    assert_eq!(judged(&right, &cms(&[desk.key("self.key")])), UNKNOWN);
    // Nor does it matter that its signature doesn't fit.
    let verdicts = right.verify_cms(&cms(&[desk.key("self.key")]), &mut &b"other"[..]);
    assert_eq!(verdicts.unwrap()[0].standing, Standing::Unknown);
    let wrong = desk.subject("ivr-1", "forged.crt");
    assert_eq!(judged(&wrong, &cms(&[desk.key("stranger.key")])), HOLDS);
}

/// The system's CAs are those of a file that the environment names: the test
/// runs once more with it.
#[test]
fn a_stranger_whose_ca_is_in_the_system_s_store_is_somebody_else() {
    const THERE: &str = "CALLSEAL_TEST_STRANGER";
    if let Ok(there) = std::env::var(THERE) {
        let path = |name: &str| PathBuf::from(&there).join(name);
        let signature = fs::read(path("sig.p7s")).unwrap();
        let names = [SignerName::Subject("ivr-1".into())];
        let cas = [path("mine.crt")];
        let ca: Option<(&[PathBuf], &[PathBuf])> = Some((&cas, &[]));
        let signers = Signers::load(&names, ca, SigningTime::Ignored, SystemTime::now());
        assert_eq!(judged(&signers.unwrap(), &signature), UNKNOWN);
        return;
    }
    let desk = Desk::new();
    desk.ca("mine");
    desk.ca("public");
    desk.issued("stranger", "/CN=ivr-1", "public", SIGNS);
    desk.write("sig.p7s", &cms(&[desk.key("stranger.key")]));
    desk.bash(
        "SSL_CERT_FILE=public.crt openssl cms -verify -binary -inform DER -in sig.p7s \
         -content content -out verified",
    );
    let test = std::env::current_exe().unwrap();
    let name = "a_stranger_whose_ca_is_in_the_system_s_store_is_somebody_else";
    let run = Command::new(test)
        .args([
            "--exact",
            &format!("keys::signing::tests::authorities::{name}"),
        ])
        .env("SSL_CERT_FILE", desk.path("public.crt"))
        .env(THERE, desk.0.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_named_certificate_has_to_chain_too() {
    let desk = with_a_ca();
    desk.self_signed("alone", P256, &[SIGNS]);
    let signature = cms(&[desk.key("alone.key")]);
    let fault = SignatureFault::Chain(ChainFault::SelfSigned);
    assert_eq!(
        judged(&desk.file("alone.crt", "root.crt"), &signature),
        fails(fault.clone())
    );
    let shown = desk.bash("openssl x509 -in alone.crt -noout -fingerprint -sha256");
    let (_, digits) = shown.trim().split_once('=').unwrap();
    let pin = SignerName::Fingerprint(Pin::new(digits).unwrap());
    let pinned = desk.under(pin, "root.crt", SigningTime::Ignored, SystemTime::now());
    assert_eq!(judged(&pinned, &signature), fails(fault));
}

#[test]
fn an_intermediate_may_be_in_the_signature_or_in_the_named_file() {
    let desk = Desk::new();
    desk.chain();
    desk.bash(
        "cat leaf.key leaf.crt issuing.crt > whole.pem; cat leaf.crt issuing.crt > chain.crt",
    );
    let with = cms(&[desk.key("whole.pem")]);
    let without = cms(&[desk.key("leaf.key")]);
    assert_eq!(judged(&desk.subject("leaf", "root.crt"), &with), HOLDS);
    assert_eq!(judged(&desk.subject("leaf", "root.crt"), &without), UNKNOWN);
    assert_eq!(judged(&desk.file("chain.crt", "root.crt"), &without), HOLDS);
    let unknown = judged(&desk.file("leaf.crt", "root.crt"), &without);
    assert!(
        matches!(
            unknown[..],
            [Standing::Fails(SignatureFault::Chain(
                ChainFault::UnknownIssuer { .. }
            ))]
        ),
        "{unknown:?}"
    );
}

#[test]
fn a_ca_for_servers_vouches_for_no_signer() {
    let desk = Desk::new();
    desk.ca("root");
    let for_servers = "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth";
    desk.issued("issuing", "/CN=issuing", "root", for_servers);
    desk.issued("leaf", "/CN=leaf", "issuing", SIGNS);
    desk.bash("cat leaf.key leaf.crt issuing.crt > whole.pem");
    let signature = cms(&[desk.key("whole.pem")]);
    assert_eq!(
        judged(&desk.subject("leaf", "root.crt"), &signature),
        UNKNOWN
    );
}

#[test]
fn a_revoked_signer_fails() {
    let desk = with_a_ca();
    let signature = cms(&[desk.key("ivr.key")]);
    desk.write(
        "ca.cnf",
        b"[ca]\ndefault_ca=this\n[this]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n",
    );
    let crl = |name: &str| {
        format!(
            "openssl ca -config ca.cnf -cert root.crt -keyfile root.key -gencrl -crldays 9 -out {name}.crl"
        )
    };
    desk.bash(&format!("touch index; echo 01 > number; {}", crl("before")));
    desk.bash("openssl ca -config ca.cnf -cert root.crt -keyfile root.key -revoke ivr.crt");
    desk.bash(&crl("after"));
    let signers = |name: SignerName, crl: &str, time| {
        let (cas, crls) = ([desk.path("root.crt")], [desk.path(crl)]);
        Signers::load(&[name], Some((&cas, &crls)), time, SystemTime::now()).unwrap()
    };
    for name in [
        SignerName::Certificate(desk.path("ivr.crt")),
        SignerName::Subject("ivr-1".into()),
    ] {
        for time in [SigningTime::Ignored, SigningTime::Trusted] {
            assert_eq!(
                judged(&signers(name.clone(), "before.crl", time), &signature),
                HOLDS
            );
            let after = judged(&signers(name.clone(), "after.crl", time), &signature);
            assert!(
                matches!(after[..], [Standing::Fails(SignatureFault::Revoked { .. })]),
                "{after:?}"
            );
        }
    }
}

#[test]
fn the_time_of_signing_counts_only_where_it_is_trusted() {
    let desk = with_a_ca();
    let now = SystemTime::now();
    let signature = cms(&[desk.key("ivr.key")]);
    let later = now + 400 * DAY;
    for name in [
        SignerName::Certificate(desk.path("ivr.crt")),
        SignerName::Subject("ivr-1".into()),
    ] {
        let ignored = desk.under(name.clone(), "root.crt", SigningTime::Ignored, later);
        let standings = judged(&ignored, &signature);
        assert!(
            matches!(
                standings[..],
                [Standing::Fails(SignatureFault::Expired { .. })]
            ),
            "{standings:?}"
        );
        let trusted = desk.under(name, "root.crt", SigningTime::Trusted, later);
        assert_eq!(judged(&trusted, &signature), HOLDS);
        // It claims a time at which its certificate wasn't valid.
        for claimed in [now - 9 * DAY, later - DAY] {
            let signed = sign_detached(&[desk.key("ivr.key")], &mut &*CONTENT, claimed).unwrap();
            let standings = judged(&trusted, &signed.cms.unwrap());
            assert!(
                matches!(
                    standings[..],
                    [Standing::Fails(
                        SignatureFault::Expired { .. } | SignatureFault::NotYetValid { .. }
                    )]
                ),
                "{standings:?}"
            );
        }
    }
}

#[test]
fn signers_that_can_t_be_told_are_refused() {
    let desk = with_a_ca();
    let load = |names: &[SignerName]| {
        let loaded = Signers::load(names, None, SigningTime::Ignored, SystemTime::now());
        loaded.unwrap_err().to_string()
    };
    assert_eq!(load(&[]), "no signer is given");
    assert_eq!(
        load(&[SignerName::Subject("ivr-1".into())]),
        "the signer “ivr-1” is named by its subject, and no CA vouches for it"
    );
    let pin = Pin::new(&"AB".repeat(20)).unwrap();
    assert!(load(&[SignerName::Fingerprint(pin)]).ends_with("its certificate is not given"));
    desk.bash(
        "openssl pkey -in ivr.key -pubout -out ivr.pub; cat ivr.crt ivr.key > both.pem
         openssl req -x509 -key ivr.key -subj /CN=other -out other.crt; cat ivr.crt other.crt > two.pem",
    );
    for (file, words) in [
        ("ivr.pub", "it is a public key without a certificate"),
        ("ivr.key", "private key"),
        ("both.pem", "private key"),
        ("two.pem", "“other”"),
        ("content", "it is not a certificate"),
        ("missing", "no such file"),
    ] {
        let said = load(&[SignerName::Certificate(desk.path(file))]);
        assert!(said.contains(words) && said.contains(file), "{said}");
    }
    let missing = [desk.path("none.crt")];
    let name = SignerName::Subject("ivr-1".into());
    let ca: Option<(&[PathBuf], &[PathBuf])> = Some((&missing, &[]));
    let loaded = Signers::load(&[name], ca, SigningTime::Ignored, SystemTime::now());
    assert!(matches!(loaded, Err(SignerError::Trust { .. })));
}
