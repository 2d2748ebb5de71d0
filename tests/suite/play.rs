//! `callseal play`: a page and ranges of archives on this machine alone.

#![cfg(unix)]
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::play_support::{Player, packed};
use crate::support::Scene;

#[test]
fn the_page_and_the_list_of_archives_are_served() {
    let scene = packed();
    scene.tool("mkdir more");
    scene.tool("cp calls.zip more/later.zip");
    let player = Player::run(scene, "play --no-browser calls.zip more/later.zip");
    let page = player.get("", &[]);
    assert_eq!(page.status, 200);
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains(r#"<meta name="callseal-archives" content="served">"#));
    assert!(page.contains("connect-src 'self'"));
    let list = player.get("archives.json", &[]);
    assert_eq!(list.field("content-type"), Some("application/json"));
    let list: serde_json::Value = serde_json::from_slice(&list.body).unwrap();
    let size = player.scene.read("calls.zip").len();
    let expected = serde_json::json!({"archives": [
        {"name": "calls.zip", "size": size, "url": "archives/0"},
        {"name": "later.zip", "size": size, "url": "archives/1"},
    ]});
    assert_eq!(list, expected);
    for url in ["archives/0", "archives/1"] {
        assert_eq!(player.get(url, &[]).body, player.scene.read("calls.zip"));
    }
}

#[test]
fn an_archive_that_is_given_twice_is_served_once() {
    let scene = packed();
    scene.tool("ln calls.zip link.zip");
    scene.tool("cp calls.zip copy.zip");
    let player = Player::run(
        scene,
        "play --no-browser calls.zip ./calls.zip copy.zip link.zip",
    );
    let list: serde_json::Value =
        serde_json::from_slice(&player.get("archives.json", &[]).body).unwrap();
    assert_eq!(list["archives"][0]["name"], "calls.zip");
    assert_eq!(list["archives"][1]["name"], "copy.zip");
    assert_eq!(list["archives"].as_array().unwrap().len(), 2);
}

#[test]
fn archives_of_one_name_are_told_apart_by_their_directories() {
    let scene = packed();
    scene.tool("mkdir one two");
    scene.tool("cp calls.zip one");
    scene.tool("cp calls.zip two");
    let player = Player::run(
        scene,
        "play --no-browser calls.zip one/calls.zip two/calls.zip",
    );
    let list: serde_json::Value =
        serde_json::from_slice(&player.get("archives.json", &[]).body).unwrap();
    for (place, name) in ["calls.zip", "one/calls.zip", "two/calls.zip"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(list["archives"][place]["name"], name);
    }
}

#[test]
fn what_is_not_there_says_how_the_address_is_given() {
    let player = Player::start();
    let host = format!("Host: 127.0.0.1:{}", player.port);
    let answer = player.ask_for("GET", "/", &[&host]);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("the whole address"), "{text}");
    assert_eq!(player.get("elsewhere", &[]).body, text.as_bytes());
}

#[test]
fn a_name_that_is_no_text_is_shown_as_far_as_it_is() {
    use std::os::unix::ffi::OsStrExt;
    let scene = packed();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9 \"1\".zip");
    fs::rename(scene.path("calls.zip"), scene.path(name)).unwrap();
    let arguments = ["play", "--no-browser"].map(std::ffi::OsStr::new);
    let run = scene.callseal(arguments.into_iter().chain([name]));
    let player = Player::of(scene, run);
    let list = player.get("archives.json", &[]).body;
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["archives"][0]["name"], "caf\u{fffd} \"1\".zip");
}

#[test]
fn every_answer_says_what_browsers_may_do_with_it() {
    let player = Player::start();
    let host = format!("Host: 127.0.0.1:{}", player.port);
    for (status, answer) in [
        (200, player.get("", &[])),
        (200, player.ask("HEAD", "", &[])),
        (200, player.get("archives.json", &[])),
        (200, player.get("archives/0", &[])),
        (206, player.get("archives/0", &["Range: bytes=0-3"])),
        (400, player.get("", &["Content-Length: 1"])),
        (403, player.get("", &["Origin: http://other.example"])),
        (404, player.get("archives/1", &[])),
        (404, player.ask_for("GET", "/", &[&host])),
        (405, player.ask("POST", "", &[])),
        (412, player.get("archives/0", &["If-Match: \"x\""])),
        (416, player.get("archives/0", &["Range: bytes=-0"])),
    ] {
        assert_eq!(answer.status, status);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.field(name), Some(value), "{status}");
        }
        let policy = answer.field("content-security-policy").unwrap();
        for directive in ["connect-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|one| one == directive), "{policy}");
        }
        let denied = answer.field("permissions-policy").unwrap();
        for denied_one in ["camera=()", "microphone=()", "geolocation=()"] {
            assert!(denied.split(", ").any(|one| one == denied_one), "{denied}");
        }
        assert_eq!(answer.field("access-control-allow-origin"), None);
        assert_eq!(answer.field("set-cookie"), None);
        assert!(answer.field("content-length").is_some());
    }
}

#[test]
fn a_range_gives_exactly_these_bytes() {
    let player = Player::start();
    let archive = player.scene.read("calls.zip");
    let size = archive.len();
    for (range, start, end) in [
        ("0-0".into(), 0, 1),
        ("0-".into(), 0, size),
        ("7-21".into(), 7, 22),
        ("7-99999999999999999999".into(), 7, size),
        ("-22".into(), size - 22, size),
        ("-99999999999999999999".into(), 0, size),
        (format!("{}-", size - 1), size - 1, size),
        (format!("{0}-{0}", size - 1), size - 1, size),
    ] {
        let range = format!("Range: bytes={range}");
        let answer = player.get("archives/0", &[&range]);
        assert_eq!(answer.status, 206, "{range}");
        let shown = format!("bytes {start}-{}/{size}", end - 1);
        assert_eq!(answer.field("content-range"), Some(&*shown), "{range}");
        let length = (end - start).to_string();
        assert_eq!(answer.field("content-length"), Some(&*length), "{range}");
        assert_eq!(answer.body, archive[start..end], "{range}");
        let head = player.ask("HEAD", "archives/0", &[&range]);
        let date = |answer: &str| -> Vec<String> {
            let lines = answer.lines().filter(|line| !line.starts_with("date"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(date(&head.head), date(&answer.head), "{range}");
        assert_eq!(head.body, b"", "{range}");
    }
    for range in [format!("{size}-"), format!("{size}-{size}"), "-0".into()] {
        let answer = player.get("archives/0", &[&format!("Range: bytes={range}")]);
        assert_eq!(answer.status, 416, "{range}");
        let shown = format!("bytes */{size}");
        assert_eq!(answer.field("content-range"), Some(&*shown), "{range}");
    }
    // What isn't one range is none.
    for ranges in [
        &["Range: bytes=0-1,3-4"][..],
        &["Range: bytes=4-1"],
        &["Range: bytes=0-1", "Range: bytes=3-4"],
        &["Range: lines=0-1"],
        &["Range: bytes=0-1", "If-Range: \"other\""],
    ] {
        let answer = player.get("archives/0", ranges);
        assert_eq!(answer.status, 200, "{ranges:?}");
        assert_eq!(answer.field("accept-ranges"), Some("bytes"), "{ranges:?}");
        assert_eq!(answer.field("content-range"), None, "{ranges:?}");
        assert_eq!(answer.body, archive, "{ranges:?}");
    }
}

#[test]
fn an_archive_is_larger_than_a_chunk() {
    let scene = Scene::with_parties();
    scene.write("calls/a.wav", crate::support::content(3_000_000));
    scene.ok("pack -q --compress none -o calls.zip -r customer.crt calls");
    let player = Player::run(scene, "play --no-browser calls.zip");
    let archive = player.scene.read("calls.zip");
    assert_eq!(player.get("archives/0", &[]).body, archive);
    let answer = player.get("archives/0", &["Range: bytes=65535-1234567"]);
    assert_eq!(answer.body, archive[65_535..=1_234_567]);
}

#[test]
fn curl_fetches_and_continues() {
    let player = Player::start();
    let (scene, address) = (&player.scene, &player.address);
    scene.tool(&format!("curl -fsS -o whole.zip {address}archives/0"));
    assert_eq!(scene.read("whole.zip"), scene.read("calls.zip"));
    scene.write("part.zip", &scene.read("calls.zip")[..1000]);
    scene.tool(&format!("curl -fsS -C - -o part.zip {address}archives/0"));
    assert_eq!(scene.read("part.zip"), scene.read("calls.zip"));
    // Several requests on one connection.
    let line = format!("curl -fsS -v {address} {address}archives.json -o page -o list");
    let said = scene.tool(&line).stderr().to_lowercase();
    assert!(said.contains("re-using existing connection"), "{said}");
}

#[test]
fn only_the_bytes_with_a_given_tag_are_sent() {
    let player = Player::start();
    let tag = player
        .get("archives/0", &[])
        .field("etag")
        .unwrap()
        .to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for (field, status) in [
        (format!("If-Match: {tag}"), 206),
        (format!("If-Match: \"other\", {tag}"), 206),
        ("If-Match: *".into(), 206),
        (format!("If-Range: {tag}"), 206),
        ("If-Match: \"other\"".into(), 412),
        (format!("If-Match: W/{tag}"), 412),
        (format!("If-Match: {}", tag.trim_matches('"')), 412),
        ("If-Match:".into(), 412),
    ] {
        let answer = player.get("archives/0", &["Range: bytes=0-3", &field]);
        assert_eq!(answer.status, status, "{field}");
    }
}

/// What happens to an archive.
type Change = fn(&Scene);

#[test]
fn nothing_of_a_changed_archive_is_sent() {
    let changes: [(&str, Change); 4] = [
        ("a byte", |scene| {
            let mut archive = scene.read("calls.zip");
            archive[500] ^= 1;
            scene.write("calls.zip", archive);
        }),
        ("more", |scene| {
            let archive = [scene.read("calls.zip"), vec![0]].concat();
            scene.write("calls.zip", archive);
        }),
        ("less", |scene| {
            let archive = fs::File::options()
                .write(true)
                .open(scene.path("calls.zip"));
            archive.unwrap().set_len(1000).unwrap();
        }),
        ("its date", |scene| {
            let archive = fs::File::open(scene.path("calls.zip")).unwrap();
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
            archive.set_modified(long_ago).unwrap();
        }),
    ];
    for (what, change) in changes {
        let player = Player::start();
        let tag = player
            .get("archives/0", &[])
            .field("etag")
            .unwrap()
            .to_owned();
        change(&player.scene);
        let condition = format!("If-Match: {tag}");
        for fields in [&[][..], &["Range: bytes=0-3"], &[&condition]] {
            let answer = player.get("archives/0", fields);
            assert_eq!(answer.status, 412, "{what} {fields:?}");
            assert_eq!(answer.field("etag"), None, "{what}");
            assert_eq!(answer.body, b"the archive has changed\n", "{what}");
        }
        assert_eq!(player.get("", &[]).status, 200, "{what}");
    }
}

#[test]
fn an_archive_that_is_replaced_is_served_as_it_was() {
    let player = Player::start();
    let scene = &player.scene;
    let before = scene.read("calls.zip");
    scene.write("calls/c.txt", "the third call");
    scene.ok("pack -q -f -o calls.zip -r customer.crt calls");
    assert_ne!(scene.read("calls.zip"), before);
    assert_eq!(player.get("archives/0", &[]).body, before);
    fs::remove_file(scene.path("calls.zip")).unwrap();
    assert_eq!(player.get("archives/0", &[]).body, before);
}

#[test]
fn an_answer_ends_early_when_its_archive_changes() {
    use std::io::{Read, Write};
    for change in [
        "touch -d 2001-01-01 calls.zip",
        "truncate -s 1000 calls.zip",
    ] {
        let scene = Scene::new();
        // More than the buffers of both ends hold.
        scene.write("large.wav", crate::support::content(50_000_000));
        scene.tool("zip -q -0 calls.zip large.wav");
        let player = Player::run(scene, "play --no-browser calls.zip");
        let archive = player.scene.read("calls.zip");
        let mut stream = player.connect();
        let request = format!(
            "GET {}archives/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            player.path
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut got = vec![0; 10_000];
        stream.read_exact(&mut got).unwrap();
        player.scene.tool(change);
        let _ = stream.read_to_end(&mut got);
        let answer = crate::play_support::Answer::of(&got);
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() < archive.len(), "{change}");
        assert!(archive.starts_with(&answer.body), "{change}");
        assert_eq!(player.get("", &[]).status, 200);
    }
}

#[test]
fn what_is_no_archive_is_refused_before_anything_is_served() {
    let scene = packed();
    scene.ok("seal -q -r customer.crt -o call.pgp calls/a.wav");
    scene.tool("mkfifo fifo");
    let whole = scene.read("calls.zip");
    scene.write("cut.zip", &whole[..whole.len() - 10]);
    for (name, status, words) in [
        ("call.pgp", 5, "not an archive"),
        ("calls/b.txt", 5, "not a ZIP archive"),
        ("cut.zip", 5, ""),
        ("calls", 1, "is a directory"),
        ("fifo", 1, ""),
        ("missing.zip", 1, "no such file"),
        ("-", 1, ""),
    ] {
        let refused = scene
            .line(&format!("play --no-browser calls.zip {name}"))
            .exits(status)
            .complains_with_hint(&[name, words]);
        assert_eq!(refused.stdout(), "", "{name}");
    }
    scene.line("play --no-browser").exits(2);
}

#[test]
fn it_says_how_to_reach_and_to_end_it() {
    let player = Player::start();
    let port = player.port;
    player.still_serves();
    let (status, printed, said) = player.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert_eq!(printed, "");
    let expected = format!(
        "serving calls.zip until Ctrl-C ends it\n\
         note: for a browser on another machine, run `ssh -L {port}:127.0.0.1:{port} HOST` there, \
         and open the same address\n"
    );
    assert_eq!(said, expected);
}

#[test]
fn every_signal_that_ends_it_is_an_orderly_end() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let player = Player::start();
        // Somebody is connected.
        let _idle = player.connect();
        let (status, _, _) = player.end(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}");
    }
}

#[test]
fn each_address_has_another_token() {
    let first = Player::start();
    let second = Player::run(packed(), "play -q --no-browser calls.zip");
    assert_ne!(first.path, second.path);
    for path in [&first.path, &second.path] {
        let token = path.trim_matches('/');
        assert_eq!(token.len(), 32, "{path}");
        assert!(token.bytes().all(|digit| digit.is_ascii_hexdigit()));
    }
    let (_, _, said) = second.end(Signal::INT);
    assert_eq!(said, "");
}

#[test]
fn it_listens_on_this_machine_alone() {
    let player = Player::start();
    let listening = player.scene.tool("ss -Hltn").stdout();
    let port = format!(":{}", player.port);
    let own = listening.lines().filter(|line| line.contains(&port));
    let own: Vec<&str> = own.collect();
    assert_eq!(own.len(), 1, "{listening}");
    assert!(
        own[0].contains(&format!(" 127.0.0.1{port} ")),
        "{listening}"
    );
}

#[test]
fn a_port_that_cannot_be_had_is_named() {
    let player = Player::start();
    let port = player.port;
    let line = format!("play --no-browser --port {port} calls.zip");
    let in_use = packed().line(&line).exits(1);
    in_use
        .complains_with_hint(&[&format!("port {port} of 127.0.0.1: address already in use")])
        .says("hint: choose another --port, or leave it out for a free one");
    player.still_serves();
    for wrong in ["65536", "-1", "x", ""] {
        let line = ["play", "--no-browser", "--port", wrong, "calls.zip"];
        player.scene.callseal(line).exits(2);
    }
    let (_, _, _) = player.end(Signal::INT);
    // At once: what was left of the other one doesn't hold the port.
    let again = Player::run(packed(), &line);
    assert_eq!(again.port, port);
}

#[test]
fn it_has_no_result_for_json_and_takes_no_key() {
    let scene = packed();
    scene
        .line("play --no-browser --json calls.zip")
        .exits(2)
        .complains_with_hint(&["--json"]);
    let line = "play --no-browser calls.zip -k customer.key";
    scene.line(line).exits(2).complains(&["-k"]);
}

/// A program that takes the place of the desktop's, and notes how it was called.
const XDG_OPEN: &str = "#!/bin/sh
printf '%s\\n' \"$@\" >arguments
stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" >modes
cp \"$1\" redirect.html
touch done
";

/// Runs a player with this program as the desktop's.
fn with_desktop(scene: Scene, program: &str) -> Player {
    for name in [
        "xdg-open",
        "gio",
        "gnome-open",
        "kde-open6",
        "kde-open5",
        "kde-open",
    ] {
        let path = scene.write(format!("bin/{name}"), program);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let runtime = scene.path("run");
    fs::create_dir(&runtime).unwrap();
    let path = std::env::var("PATH").unwrap();
    let run = scene
        .line("play calls.zip")
        .env("PATH", format!("{}:{path}", scene.path("bin").display()))
        .env("XDG_RUNTIME_DIR", runtime)
        .env("DISPLAY", ":99");
    Player::of(scene, run)
}

fn wait_for(scene: &Scene, name: &str) {
    let start = std::time::Instant::now();
    while !scene.exists(name) {
        assert!(start.elapsed() < Duration::from_secs(100), "no {name}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_browser_gets_the_address_from_a_file_that_nobody_else_can_read() {
    let player = with_desktop(packed(), XDG_OPEN);
    let scene = &player.scene;
    wait_for(scene, "done");
    let token = player.path.trim_matches('/').to_owned();
    let arguments = scene.text("arguments");
    assert!(!arguments.contains(&token), "{arguments}");
    let file = arguments.trim_end().to_owned();
    let runtime = scene.path("run").display().to_string();
    assert!(file.starts_with(&runtime), "{file}");
    let modes = scene.text("modes");
    let modes: Vec<&str> = modes.lines().map(|line| &line[..3]).collect();
    assert_eq!(modes, ["600", "700"]);
    let redirect = scene.text("redirect.html");
    let refresh = format!(
        "<meta http-equiv=\"refresh\" content=\"0; url={}\">",
        player.address
    );
    assert!(redirect.contains(&refresh), "{redirect}");
    // Nor does any process have it among its arguments.
    let processes = scene.tool("ps -eww -o args").stdout();
    assert!(!processes.contains(&token));
    player.still_serves();
    player.signal(Signal::INT);
    let mut player = player;
    assert!(crate::support::wait(&mut player.child, "play").success());
    assert_eq!(player.scene.tree("run"), [""; 0]);
}

#[test]
fn signals_that_follow_the_first_leave_nothing_behind() {
    for _ in 0..5 {
        let mut player = with_desktop(packed(), XDG_OPEN);
        wait_for(&player.scene, "done");
        for signal in [Signal::INT, Signal::TERM, Signal::INT, Signal::HUP] {
            player.signal(signal);
        }
        assert!(crate::support::wait(&mut player.child, "play").success());
        assert_eq!(player.scene.tree("run"), [""; 0]);
    }
}

#[test]
fn without_a_browser_it_goes_on() {
    let player = with_desktop(packed(), "#!/bin/sh\ntouch tried\nexit 3\n");
    wait_for(&player.scene, "tried");
    player.still_serves();
    let (status, _, said) = player.end(Signal::INT);
    assert_eq!(status.code(), Some(0));
    // The last of the programs may not have failed yet.
    let known = [
        "serving ",
        "note: no browser is opened: none can be started",
        "note: for a b",
    ];
    assert!(
        said.lines()
            .all(|line| known.iter().any(|known| line.starts_with(known))),
        "{said}"
    );

    let scene = packed();
    let run = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    let run = run
        .iter()
        .fold(scene.line("play calls.zip"), |run, name| run.env(name, ""));
    let player = Player::of(scene, run);
    player.still_serves();
    let (_, _, said) = player.end(Signal::INT);
    let expected =
        "note: no browser is opened: there is no desktop here; open the address yourself";
    assert!(said.lines().any(|line| line == expected), "{said}");
}
