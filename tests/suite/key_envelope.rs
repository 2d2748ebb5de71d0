//! A private key is handed over, sealed to the bare public key of whoever
//! needs it, as a base64 file.

use crate::support::Scene;

/// Makes two key pairs by openssl, RSA with 4096 bits: `vendor.pem` with its
/// bare public key `vendor-public.pem`, and `customer.pem`, which is handed
/// over.
fn two_pairs() -> Scene {
    let scene = Scene::new();
    for name in ["vendor", "customer"] {
        scene.rsa_key(&format!("{name}.pem"), 4096);
    }
    scene.tool("openssl rsa -in vendor.pem -RSAPublicKey_out -out vendor-public.pem");
    let public = scene.text("vendor-public.pem");
    assert!(public.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
    scene
}

#[test]
fn a_private_key_is_handed_over_as_base64() {
    let scene = two_pairs();
    scene
        .ok("seal -r vendor-public.pem --armor=base64 customer.pem -o customer.b64")
        .says("sealed customer.pem");

    let text = scene.text("customer.b64");
    let (whole, last) = text.strip_suffix('\n').unwrap().rsplit_once('\n').unwrap();
    assert!(whole.split('\n').all(|line| line.len() == 76), "{text}");
    assert!((1..=76).contains(&last.len()), "{text}");
    scene.tool_to("base64 -d customer.b64", "customer.pgp");
    scene.tool_to("openssl enc -d -base64 -in customer.b64", "by-openssl.pgp");
    assert_eq!(scene.read("by-openssl.pgp"), scene.read("customer.pgp"));

    for file in ["customer.b64", "customer.pgp"] {
        scene.ok(&format!("open -k vendor.pem {file} -o opened.pem -f"));
        assert_eq!(scene.read("opened.pem"), scene.read("customer.pem"));
        assert_eq!(scene.inspect(file)["kind"], "message");
    }
    scene.tool("openssl rsa -in opened.pem -check -noout");
    scene
        .bash("base64 -d customer.b64 | callseal open -k vendor.pem | cmp - customer.pem")
        .exits(0);

    // Neither the wrong key nor the key inside opens it.
    scene.rsa_key("other.pem", 4096);
    for key in ["other.pem", "customer.pem"] {
        scene
            .line(&format!("open -k {key} customer.b64 -o wrong"))
            .exits(4)
            .complains_with_hint(&["customer.b64"]);
        assert!(!scene.exists("wrong"), "{key}");
    }
}

#[test]
fn gpg_opens_what_the_base64_and_the_armor_hold() {
    let scene = two_pairs();
    scene.ok("export --gpg vendor.pem -o vendor.asc");
    scene.gpg("--import vendor.asc");
    let seal = "seal --format rfc4880 -r vendor-public.pem customer.pem";
    scene.ok(&format!("{seal} --armor=base64 -o customer.b64"));
    scene.ok(&format!("{seal} --armor -o customer.asc"));
    scene.tool_to("base64 -d customer.b64", "customer.pgp");
    for message in ["customer.pgp", "customer.asc"] {
        let opened = scene.gpg(&format!("--decrypt {message}"));
        assert_eq!(opened.output.stdout, scene.read("customer.pem"));
    }
}

#[test]
fn private_keys_are_refused_as_recipients_alone() {
    let scene = two_pairs();
    scene.tool("openssl rsa -in customer.pem -traditional -out traditional.pem");
    scene.tool("openssl pkcs8 -topk8 -in customer.pem -passout pass:secret -out locked.pem");
    scene.tool("openssl rsa -in customer.pem -outform DER -out customer.der");
    scene.ok("export --gpg customer.pem -o customer.asc");
    for key in [
        "customer.pem",
        "traditional.pem",
        "locked.pem",
        "customer.der",
        "customer.asc",
    ] {
        scene.ok(&format!(
            "seal -r vendor-public.pem --armor=base64 {key} -o {key}.b64"
        ));
        scene.ok(&format!("open -k vendor.pem {key}.b64 -o {key}.opened"));
        assert_eq!(scene.read(format!("{key}.opened")), scene.read(key));
        scene
            .line(&format!("seal -r {key} vendor-public.pem -o refused"))
            .exits(3)
            .complains(&[key, "private key"]);
        assert!(!scene.exists("refused"), "{key}");
    }
}
