//! Messages as mail programs and their kin store them: S/MIME and PGP/MIME.

use crate::support::{CALL, Scene, content};

/// Writes `mail.eml` with these attachments, each with its encoding, as Python's
/// mail library writes it: `base64`, `quoted-printable` or `7bit`. The text
/// before them has so many lines.
fn long_mail(scene: &Scene, attachments: &[(&str, &str)], lines: usize) {
    let program = "import sys, email.message, email.policy, quopri
mail = email.message.EmailMessage(policy=email.policy.SMTP)
mail['From'] = 'agent@customer.example'
mail['Subject'] = 'The call that you asked for: ' + 'a long subject ' * 9
mail.set_content('Dear engineer,\\n' * int(sys.argv[1]) + 'it is sealed - Grüße\\n')
for attachment, encoding in zip(sys.argv[2::2], sys.argv[3::2]):
    content = open(attachment, 'rb').read()
    mail.add_attachment(content, 'application', 'octet-stream', filename=attachment)
    part = list(mail.iter_attachments())[-1]
    if encoding != 'base64':
        part.replace_header('Content-Transfer-Encoding', encoding)
        if encoding == 'quoted-printable':
            content = quopri.encodestring(content)
            if not content.isascii() or attachment.endswith(('pgp', 'p7m')):
                # The line ends in it are octets like others.
                octets = ['=%02X' % octet for octet in open(attachment, 'rb').read()]
                lines = [''.join(octets[at:at + 24]) for at in range(0, len(octets), 24)]
                content = '=\\n'.join(lines).encode()
        part.set_payload(content.decode())
open('mail.eml', 'wb').write(bytes(mail))";
    let lines = lines.to_string();
    let attachments = attachments
        .iter()
        .flat_map(|(name, encoding)| [*name, *encoding]);
    let words: Vec<&str> = std::iter::once(&*lines).chain(attachments).collect();
    scene.python(program, &words);
}

fn mail(scene: &Scene, attachments: &[(&str, &str)]) {
    long_mail(scene, attachments, 2);
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
        scene.ok("seal -r customer.crt --format cms-gcm call.wav -o call.p7m");
        for (attachment, encoding) in [
            ("call.pgp", "base64"),
            ("call.pgp", "quoted-printable"),
            ("call.p7m", "quoted-printable"),
            ("call.asc", "base64"),
            ("call.asc", "quoted-printable"),
            ("call.asc", "7bit"),
        ] {
            mail(&scene, &[(attachment, encoding)]);
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
        mail(&scene, &[(attachment, encoding)]);
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

/// Every pair of attachments, the first one open or not, is refused.
#[test]
fn a_second_attachment_is_not_lost() {
    let scene = with_call(CALL);
    scene.ok("seal -r customer.crt call.wav -o call.pgp");
    scene.ok("seal -r customer.crt --armor call.wav -o call.asc");
    scene.ok("seal -r customer.crt --format cms-gcm call.wav -o call.p7m");
    let attachments = [
        ("call.pgp", "base64"),
        ("call.pgp", "quoted-printable"),
        ("call.p7m", "base64"),
        ("call.p7m", "quoted-printable"),
        ("call.asc", "quoted-printable"),
        ("call.asc", "base64"),
        ("call.asc", "7bit"),
    ];
    for first in attachments {
        for second in attachments {
            mail(&scene, &[first, second]);
            scene
                .line("open -k customer.key mail.eml -o opened")
                .exits(5)
                .complains_with_hint(&["mail.eml", "a second message follows the first"]);
            assert!(!scene.exists("opened"), "{first:?} {second:?}");
        }
    }
}

#[test]
fn a_message_in_the_header_of_a_mail_is_not_lost() {
    let scene = with_call(CALL);
    scene.ok("seal -r customer.crt --armor call.wav -o call.asc");
    scene.ok("seal -r customer.crt --armor=base64 call.wav -o call.b64");
    let (armored, base64) = (scene.text("call.asc"), scene.text("call.b64"));
    let base64 = base64.replace('\n', "");
    for header in [
        format!("Message-1: {base64}\n\n"),
        format!("From: us\nContent-Type: text/plain\nX-Call:\n {base64}\n\n"),
    ] {
        scene.write("mail.eml", format!("{header}{armored}"));
        scene
            .line("open -k customer.key mail.eml -o opened")
            .exits(5)
            .complains_with_hint(&["mail.eml", "a second message follows the first"]);
    }
    // A signature in the header is as good as random.
    let signature = scene
        .tool("openssl rand -base64 256")
        .stdout()
        .replace('\n', "");
    let mail = format!("DKIM-Signature: v=1; b={signature}\nTo: you\n\n{armored}");
    scene.write("mail.eml", mail);
    opens(&scene, CALL);
}

#[test]
fn a_message_after_a_long_text_or_in_a_forwarded_mail_opens() {
    let scene = with_call(CALL);
    scene.ok("seal -r customer.crt call.wav -o call.pgp");
    long_mail(&scene, &[("call.pgp", "base64")], 20_000);
    assert!(scene.read("mail.eml").len() > 250_000);
    opens(&scene, CALL);
    mail(&scene, &[("call.pgp", "base64")]);
    let forwarded = scene.text("mail.eml");
    let header = "From: them\r\nContent-Type: multipart/mixed; boundary=\"=of them\"\r\n\r\n";
    let inner = "Content-Type: message/rfc822\r\n\r\n";
    scene.write(
        "mail.eml",
        format!("{header}--=of them\r\n{inner}{forwarded}\r\n--=of them--\r\n"),
    );
    opens(&scene, CALL);
}

#[test]
fn a_signed_attachment_does_not_hide_a_sealed_one() {
    let scene = with_call(CALL);
    scene.ok("seal -r customer.crt call.wav -o call.pgp");
    scene.tool("openssl cms -sign -binary -nodetach -in call.wav -signer customer.crt -inkey customer.key -outform DER -out signed.p7m");
    mail(&scene, &[("signed.p7m", "base64"), ("call.pgp", "base64")]);
    opens(&scene, CALL);
    mail(&scene, &[("signed.p7m", "base64")]);
    scene
        .line("open -k customer.key mail.eml -o opened")
        .exits(5)
        .complains_with_hint(&["mail.eml", "it is not encrypted"]);
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
            "it is a mail, and no message can be found in it",
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
