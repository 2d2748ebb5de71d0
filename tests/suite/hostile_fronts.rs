//! The data before the sealed data is read in bounded memory and up to a limit.

use crate::archive_support::{Member, zip};
use crate::support::{CALL, Outcome, Scene, der_value};

/// An archive whose only member is armor with 256 MiB of headers, or of blank
/// lines or blanks: a few hundred kilobytes of it.
const BOMB: &str = r#"
import sys, zipfile
kind = sys.argv[1]
block = {'lines': b'Comment: xxxx\n' * 65536, 'line': b'x' * (1 << 20),
         'blank': b'\n' * (1 << 20), 'blanks': b' ' * (1 << 20)}[kind]
begin = {'line': b'Comment: ', 'blanks': b'\n'}.get(kind, b'')
with zipfile.ZipFile('bomb.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
    with archive.open('a.asc', 'w') as member:
        member.write(b'-----BEGIN PGP MESSAGE-----\n' + begin)
        for _ in range(256):
            member.write(block)
"#;

fn with_a_key() -> Scene {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene
}

/// Runs the program with 400 MiB of addresses, most of which it needs to start,
/// and 20 seconds of processor time.
#[track_caller]
fn bounded(scene: &Scene, line: &str) -> Outcome {
    let script = format!("ulimit -v 400000 -t 20; exec callseal {line}");
    scene.bash(&script).outcome()
}

#[test]
fn armor_with_endless_headers_is_refused_in_little_memory() {
    let scene = with_a_key();
    for kind in ["lines", "line", "blank", "blanks"] {
        scene.python(BOMB, &[kind]);
        for line in [
            "list bomb.zip",
            "inspect bomb.zip",
            "keys -k a.key --archive bomb.zip",
            "extract bomb.zip -k a.key -C out",
        ] {
            bounded(&scene, line)
                .exits(5)
                .says("its armor has more than 64 KiB of headers");
        }
    }
}

/// Returns a packet of this tag, with a length of four octets.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&[0xC0 | tag, 0xFF][..], &length, body].concat()
}

/// Returns a message of one call, sealed to the key.
fn sealed(scene: &Scene, options: &str) -> Vec<u8> {
    scene.write("call", CALL);
    scene.ok(&format!("seal -f -q -r a.crt {options} call -o sealed"));
    scene.read("sealed")
}

#[track_caller]
fn opens(scene: &Scene, message: &[u8]) {
    scene.write("m.pgp", message);
    let opened = scene.ok("open m.pgp -k a.key -o -");
    assert!(opened.output.stdout == CALL);
    scene.ok("inspect m.pgp");
}

#[track_caller]
fn is_refused(scene: &Scene, message: &[u8]) {
    scene.write("m.pgp", message);
    for line in ["open m.pgp -k a.key -o out", "inspect m.pgp"] {
        bounded(scene, line)
            .exits(5)
            .says("more than 8 MiB precede its sealed data");
    }
    assert!(!scene.exists("out"));
}

#[test]
fn packets_before_the_sealed_data_have_a_total_limit() {
    const SKESK: u8 = 3;
    const PADDING: u8 = 21;
    let scene = with_a_key();
    let message = sealed(&scene, "");
    let body = |length| vec![4; length];
    opens(
        &scene,
        &[packet(PADDING, &body(7 << 20)), message.clone()].concat(),
    );
    for front in [
        packet(PADDING, &body(9 << 20)),
        packet(SKESK, &body(9 << 20)),
        packet(PADDING, &body(1 << 19)).repeat(18),
    ] {
        is_refused(&scene, &[front, message.clone()].concat());
    }
    // Small ones take more time for each byte.
    let markers = packet(10, b"PGP");
    opens(&scene, &[markers.repeat(64), message.clone()].concat());
    scene.write("m.pgp", [markers.repeat(65), message].concat());
    bounded(&scene, "open m.pgp -k a.key -o out")
        .exits(5)
        .says("it begins with too many markers");
}

#[test]
fn white_space_before_the_sealed_data_has_a_limit() {
    let scene = with_a_key();
    for options in ["--format cms --armor", "--armor=base64"] {
        let text = String::from_utf8(sealed(&scene, options)).unwrap();
        // After the first characters, which show what it is.
        let at = text.find("\n").unwrap() + 30;
        let with = |blanks: usize| [&text[..at], &" ".repeat(blanks), &text[at..]].concat();
        opens(&scene, with(7 << 20).as_bytes());
        is_refused(&scene, with(9 << 20).as_bytes());
    }
}

#[test]
fn data_before_the_cms_recipients_has_a_limit() {
    let scene = with_a_key();
    scene.write("call", CALL);
    scene.cms_encrypt("call", "sealed", "-aes256 -outform DER a.crt");
    let message = scene.read("sealed");
    let (_, info, _) = der_value(&message);
    let (content_type, _, explicit) = der_value(info);
    let (_, sequence, _) = der_value(explicit);
    let (_, body, _) = der_value(sequence);
    let (version, _, rest) = der_value(body);
    let element = |tag: u8, parts: &[&[u8]]| {
        let parts = parts.concat();
        let length = (parts.len() as u32).to_be_bytes();
        [&[tag, 0x84][..], &length, &parts].concat()
    };
    let with = |length: usize| {
        // originatorInfo with one invalid certificate.
        let certificate = element(0x30, &[&vec![0; length]]);
        let originator = element(0xA0, &[&element(0xA0, &[&certificate])]);
        let body = element(0x30, &[version, &originator, rest]);
        element(0x30, &[content_type, &element(0xA0, &[&body])])
    };
    opens(&scene, &with(7 << 20));
    is_refused(&scene, &with(9 << 20));
}

#[test]
fn the_limits_on_expansion_apply_when_envelopes_are_read() {
    let scene = with_a_key();
    let text = String::from_utf8(sealed(&scene, "--format cms --armor")).unwrap();
    let at = text.find("\n").unwrap() + 30;
    let blanks = " ".repeat(3 << 20);
    let long = [&text[..at], &blanks, &text[at..]].concat();
    let archive = zip([
        Member::deflated("a.p7m", long.as_bytes()),
        Member::deflated("b.p7m", long.as_bytes()),
    ]);
    scene.write("calls.zip", archive.bytes());
    for line in [
        "list calls.zip",
        "inspect calls.zip",
        "keys -k a.key --archive calls.zip",
    ] {
        scene.ok(line);
        scene
            .line(&format!("{line} --max-member-size 1M"))
            .exits(5)
            .complains_with_hint(&["a: it decompresses to more than 1048576 bytes"])
            .says("allow more with --max-member-size");
        scene
            .line(&format!("{line} --max-total-size 4M"))
            .exits(6)
            .complains_with_hint(&[
                "b: it raises the decompressed total to more than 4194304 bytes",
            ])
            .says("allow more with --max-total-size");
    }
    // Incompressible data doesn't count, nor data that isn't read.
    let binary = sealed(&scene, "--compress none");
    let members = [
        Member::deflated("a.pgp", &binary),
        Member::new("b.pgp", &binary),
    ];
    scene.write("calls.zip", zip(members).bytes());
    scene.ok("list calls.zip --max-total-size 100");
}

#[test]
fn a_flood_of_recipients_of_unknown_kinds_is_refused() {
    let scene = Scene::with_a_call();
    scene.ok("seal -o a.pgp -r customer.crt calls/a.txt");
    // PKESK packets that are empty, or of a version that nobody has defined.
    for packet in [&b"\xC1\x00"[..], b"\xC1\x01\x09"] {
        let message = [packet.repeat(1000), scene.read("a.pgp")].concat();
        scene.write("flood.pgp", message);
        for line in ["inspect flood.pgp", "open flood.pgp -k customer.key -o out"] {
            scene
                .line(line)
                .exits(5)
                .complains(&["flood.pgp", "too many recipients"]);
        }
        // A few recipients are others.
        let message = [packet.repeat(64), scene.read("a.pgp")].concat();
        scene.write("few.pgp", message);
        scene.ok("open -f few.pgp -k customer.key -o out");
    }
}
