//! Messages as mail programs and their kin store them: S/MIME and PGP/MIME.

use crate::support::{CALL, Scene, content};

/// Writes `mail.eml` with the given attachment, as Python's mail library
/// encodes it: `base64`, `quoted-printable` or `7bit`.
fn mail(scene: &Scene, attachment: &str, encoding: &str) {
    let program = "import sys, email.message, email.policy
attachment, encoding = sys.argv[1:]
mail = email.message.EmailMessage(policy=email.policy.SMTP)
mail['From'] = 'agent@customer.example'
mail['Subject'] = 'The call that you asked for: ' + 'a long subject ' * 9
mail.set_content('Dear engineer,\\n\\nsee the attachment - it is sealed. Grüße\\n')
content = open(attachment, 'rb').read()
if encoding == 'base64':
    mail.add_attachment(content, 'application', 'octet-stream', filename=attachment)
else:
    mail.add_attachment(content.decode(), cte=encoding, filename=attachment)
open('mail.eml', 'wb').write(bytes(mail))";
    scene.python(program, &[attachment, encoding]);
}

/// Checks that `mail.eml` opens to the call, from a file, from a pipe and as a
/// member.
#[track_caller]
fn opens(scene: &Scene, call: &[u8]) {
    let run = scene.line("open -k customer.key mail.eml -o -");
    run.outcome().yields(call);
    let run = scene.line("open -k customer.key");
    run.stdin(scene.read("mail.eml")).outcome().yields(call);
    assert_eq!(scene.inspect("mail.eml")["kind"], "message");
    std::fs::copy(scene.path("mail.eml"), scene.path("call.wav.pgp")).unwrap();
    scene.tool("zip -q -0 mail.zip call.wav.pgp");
    let run = scene.line("cat mail.zip call.wav -k customer.key --accept-renamed");
    run.outcome().yields(call);
    std::fs::remove_file(scene.path("mail.zip")).unwrap();
}

fn with_call(call: &[u8]) -> Scene {
    let scene = Scene::with_parties();
    scene.write("call.wav", call);
    scene
}

#[test]
fn what_openssl_writes_by_default_opens() {
    for (length, options) in [
        (0, ""),
        (100_000, ""),
        (5000, "-aes-256-gcm"),
        (57, "-crlfeol"),
    ] {
        let call = content(length);
        let scene = with_call(&call);
        scene.tool(&format!(
            "openssl cms -encrypt -binary -aes256 {options} -subject Call -in call.wav -out mail.eml customer.crt"
        ));
        opens(&scene, &call);
    }
}

#[test]
fn attachments_open_in_every_encoding() {
    for length in [0, 100_000] {
        let call = content(length);
        let scene = with_call(&call);
        scene.ok("seal -r customer.crt call.wav -o call.pgp");
        scene.ok("seal -r customer.crt --armor call.wav -o call.asc");
        for (attachment, encoding) in [
            ("call.pgp", "base64"),
            ("call.asc", "base64"),
            ("call.asc", "quoted-printable"),
            ("call.asc", "7bit"),
        ] {
            mail(&scene, attachment, encoding);
            opens(&scene, &call);
            // As it is on Unix.
            let unix = scene.text("mail.eml").replace("\r\n", "\n");
            scene.write("mail.eml", unix);
            opens(&scene, &call);
        }
    }
}

#[test]
fn a_mail_that_was_cut_off_is_truncated() {
    let scene = with_call(&content(100_000));
    scene.ok("seal -r customer.crt call.wav -o call.pgp");
    scene.ok("seal -r customer.crt --armor call.wav -o call.asc");
    for (attachment, encoding) in [("call.pgp", "base64"), ("call.asc", "quoted-printable")] {
        mail(&scene, attachment, encoding);
        let whole = scene.read("mail.eml");
        for left in [whole.len() / 2, whole.len() - 100] {
            scene.write("cut.eml", &whole[..left]);
            scene
                .line("open -k customer.key cut.eml -o opened")
                .exits(5)
                .complains_with_hint(&["cut.eml", "it is truncated"]);
            assert!(!scene.exists("opened"));
        }
    }
}

#[test]
fn a_second_attachment_is_not_lost() {
    let scene = with_call(CALL);
    scene.ok("seal -r customer.crt call.wav -o call.pgp");
    scene.ok("seal -r customer.crt --armor call.wav -o call.asc");
    for (attachment, encoding) in [
        ("call.pgp", "base64"),
        ("call.asc", "quoted-printable"),
        ("call.asc", "base64"),
        ("call.asc", "7bit"),
    ] {
        mail(&scene, attachment, encoding);
        let whole = scene.text("mail.eml");
        let delimiter = whole.lines().rfind(|line| line.starts_with("--")).unwrap();
        let delimiter = &delimiter[..delimiter.len() - 2];
        let (before, last) = whole.rsplit_once(&format!("\n{delimiter}\r\n")).unwrap();
        let part = last.split_once(&format!("{delimiter}--")).unwrap().0;
        let two = format!("{before}\n{delimiter}\r\n{part}{delimiter}\r\n{last}");
        scene.write("two.eml", two);
        scene
            .line("open -k customer.key two.eml -o opened")
            .exits(5)
            .complains_with_hint(&["two.eml", "a second message follows the first"]);
        assert!(!scene.exists("opened"), "{attachment} {encoding}");
    }
}

#[test]
fn a_mail_without_a_readable_message_says_so() {
    let scene = with_call(CALL);
    scene.write(
        "mail.eml",
        "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644\n",
    );
    scene
        .line("open -k customer.key mail.eml -o opened")
        .exits(4)
        .complains_with_hint(&[
            "mail.eml",
            "a mail whose message is neither text nor base64",
        ])
        .says("save the attachment in your mail program, and open that");
}

#[test]
fn the_text_form_of_gpgsm_opens() {
    let scene = with_call(CALL);
    scene.make_gnupg_home();
    scene.tool("openssl req -x509 -newkey rsa:2048 -nodes -keyout a.key -out a.crt -subj /CN=a -addext keyUsage=critical,keyEncipherment,digitalSignature");
    let line = "openssl x509 -noout -fingerprint -sha1 -in a.crt";
    let fingerprint = scene.tool(line).stdout();
    let fingerprint = fingerprint.trim().rsplit('=').next().unwrap();
    scene.write("gnupg/trustlist.txt", format!("{fingerprint} S relax\n"));
    scene.tool("gpgsm --batch --import a.crt");
    scene.tool("gpgsm --batch --disable-crl-checks --disable-dirmngr --armor -r /CN=a -o call.pem -e call.wav");
    assert!(scene.text("call.pem").contains("BEGIN ENCRYPTED MESSAGE"));
    let run = scene.line("open -k a.key call.pem -o -");
    run.outcome().yields(CALL);
}

#[test]
fn a_file_that_gnupg_armored_afterwards_opens() {
    let scene = with_call(CALL);
    scene.make_gnupg_home();
    scene.ok("seal -r customer.crt call.wav -o call.pgp");
    scene.tool("gpg --batch -o call.asc --enarmor call.pgp");
    assert!(scene.text("call.asc").contains("BEGIN PGP ARMORED FILE"));
    let run = scene.line("open -k customer.key call.asc -o -");
    run.outcome().yields(CALL);
}
