//! Requests that `callseal play` refuses: of other hosts and pages, without the token, with
//! other paths, and in forms that two readers could understand differently.

#![cfg(unix)]
use crate::play_support::{Answer, Player};

#[test]
fn only_requests_to_this_machine_are_answered() {
    let player = Player::start();
    let port = player.port;
    let path = player.path.as_str();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        // The near end of a tunnel.
        "127.0.0.1:9000".into(),
        "localhost".into(),
    ] {
        let answer = player.ask_for("GET", path, &[&format!("Host: {host}")]);
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "attacker.example".into(),
        format!("attacker.example:{port}"),
        format!("127.0.0.1.attacker.example:{port}"),
        format!("localhost.attacker.example:{port}"),
        format!("127.0.0.2:{port}"),
        format!("0.0.0.0:{port}"),
        format!("[::]:{port}"),
        format!("127.0.0.1:{port}, attacker.example"),
        format!("127.0.0.1:{port}@attacker.example"),
        String::new(),
    ] {
        let answer = player.ask_for("GET", path, &[&format!("Host: {host}")]);
        assert_eq!(answer.status, 403, "{host}");
        assert_eq!(answer.body, b"this server is for this machine alone\n");
    }
    let two = ["Host: localhost", "Host: attacker.example"];
    for hosts in [&[][..], &two, &["Host: localhost", "Host: localhost"]] {
        assert_eq!(player.ask_for("GET", path, hosts).status, 403, "{hosts:?}");
    }
    let old = player.send(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes());
    assert!(old.starts_with(b"HTTP/1.0 403"), "{old:?}");
}

#[test]
fn other_pages_get_nothing() {
    let player = Player::start();
    let own = format!("Origin: http://127.0.0.1:{}", player.port);
    for below in ["", "archives.json", "archives/0"] {
        assert_eq!(player.get(below, &[&own]).status, 200, "{below}");
        for origin in [
            "http://attacker.example".into(),
            "null".into(),
            String::new(),
            format!("https://127.0.0.1:{}", player.port),
            format!("http://localhost:{}", player.port),
            "http://127.0.0.1:1".into(),
            "http://127.0.0.1".into(),
            format!("{own}/"),
        ] {
            let answer = player.get(below, &[&format!("Origin: {origin}")]);
            assert_eq!(answer.status, 403, "{below} {origin}");
            let answer = player.get(below, &[&own, &format!("Origin: {origin}")]);
            assert_eq!(answer.status, 403, "{below} {origin} twice");
        }
        // A page may ask before it does more than it may without asking.
        let asks = [
            "Origin: http://attacker.example",
            "Access-Control-Request-Method: GET",
        ];
        let answer = player.ask("OPTIONS", below, &asks);
        assert_eq!(answer.status, 403, "{below}");
        assert_eq!(answer.field("access-control-allow-origin"), None);
    }
    let site = |below, site: &str, more: &[&str]| {
        let site = format!("Sec-Fetch-Site: {site}");
        player.get(below, &[&[site.as_str()], more].concat()).status
    };
    let visit = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    let frame = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"];
    let script = ["Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"];
    for (from, page, visited, data) in [
        ("same-origin", 200, 200, 200),
        ("none", 200, 200, 403),
        // The file that leads to the page is of another site.
        ("cross-site", 403, 200, 403),
        ("same-site", 403, 200, 403),
        ("", 403, 200, 403),
        ("new", 403, 200, 403),
    ] {
        assert_eq!(site("", from, &[]), page, "{from}");
        assert_eq!(site("", from, &visit), visited, "{from}");
        for below in ["archives.json", "archives/0"] {
            for more in [&[][..], &visit, &frame, &script] {
                assert_eq!(site(below, from, more), data, "{from} {below}");
            }
        }
    }
    for more in [frame, script] {
        assert_eq!(site("", "cross-site", &more), 403, "{more:?}");
    }
}

#[test]
fn a_wrong_token_is_answered_as_a_path_at_which_nothing_is() {
    let player = Player::start();
    let host = format!("Host: 127.0.0.1:{}", player.port);
    let without_date = |answer: &Answer| {
        let lines = answer.head.lines().filter(|line| !line.starts_with("date"));
        (
            lines.map(str::to_owned).collect::<Vec<_>>(),
            answer.body.clone(),
        )
    };
    let unknown = without_date(&player.get("unknown", &[]));
    assert_eq!(unknown.0[0], "HTTP/1.1 404 Not Found");
    let path = player.path.as_str();
    let token = path.trim_matches('/');
    let other = match token.as_bytes()[31] {
        b'0' => "1",
        _ => "0",
    };
    for wrong in [
        "/".into(),
        "/favicon.ico".into(),
        "/archives.json".into(),
        "/archives/0".into(),
        "//".into(),
        "//archives/0".into(),
        format!("/{token}"),
        format!("/{}/", &token[..31]),
        format!("/{}{other}/", &token[..31]),
        format!("/{token}0/archives/0"),
        format!(
            "/{}/archives/0",
            token.to_uppercase().replace(char::is_alphabetic, "G")
        ),
        format!("/{}/archives/0", "0".repeat(32)),
    ] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "TRACE", "X"] {
            let answer = player.ask_for(method, &wrong, &[&host]);
            assert_eq!(without_date(&answer), unknown, "{method} {wrong}");
        }
    }
}

#[test]
fn no_path_leads_elsewhere() {
    let player = Player::start();
    let host = format!("Host: 127.0.0.1:{}", player.port);
    let path = player.path.as_str();
    for below in [
        "../etc/passwd",
        "../../../../etc/passwd",
        "..%2f..%2fetc/passwd",
        "%2e%2e/etc/passwd",
        "%2e%2e%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "..;/etc/passwd",
        ".",
        "./",
        "..",
        "./archives/0",
        "/",
        "/archives/0",
        "//etc/passwd",
        "archives",
        "archives/",
        "archives//0",
        "archives/./0",
        "archives/../archives/0",
        "archives/0/",
        "archives/0/../../archives.json",
        "archives/00",
        "archives/+0",
        "archives/-1",
        "archives/1",
        "archives/0x0",
        "archives/%30",
        "archives/0%00",
        "archives/0?x",
        "archives/0;x",
        "archives/18446744073709551616",
        "archives/calls.zip",
        "calls.zip",
        "customer.key",
        "index.html",
        "archives.json?x",
        "archives.json/",
        "ARCHIVES.JSON",
        "?",
        "?archives/0",
    ] {
        let answer = player.ask_for("GET", &format!("{path}{below}"), &[&host]);
        assert_eq!(answer.status, 404, "{below}");
    }
    for target in [
        format!("http://127.0.0.1:{}{path}", player.port),
        format!("http://attacker.example{path}"),
        format!("https://127.0.0.1:{}{path}archives/0", player.port),
        "file:///etc/passwd".into(),
        "/etc/passwd".into(),
        "/%2e%2e/etc/passwd".into(),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("/{path}"),
        "*".into(),
    ] {
        let answer = player.ask_for("GET", &target, &[&host]);
        assert!(
            [400, 404].contains(&answer.status),
            "{target} {}",
            answer.head
        );
    }
    let answer = player.ask_for("CONNECT", "127.0.0.1:22", &[&host]);
    assert!([400, 404].contains(&answer.status), "{}", answer.head);
    // These aren't characters of an address.
    for target in [
        format!("{path}\u{0}"),
        format!("{path}ä"),
        format!("{path} x"),
        String::new(),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n");
        let answers = player.send(request.as_bytes());
        assert!(
            !answers.windows(4).any(|four| four == b" 200"),
            "{target:?}"
        );
    }
    player.still_serves();
}

#[test]
fn only_get_and_head_are_known() {
    let player = Player::start();
    for below in ["", "archives.json", "archives/0"] {
        for method in [
            "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "get",
        ] {
            let answer = player.ask(method, below, &[]);
            assert_eq!(answer.status, 405, "{method} {below}");
            assert_eq!(answer.field("allow"), Some("GET, HEAD"), "{method}");
        }
        let answer = player.ask("POST", below, &["Content-Length: 3"]);
        assert_eq!(answer.status, 405, "{below}");
    }
}

/// A request whose content could be taken for a second request is answered once, if at all.
#[test]
fn no_second_request_hides_in_the_content_of_one() {
    let player = Player::start();
    let host = format!("Host: 127.0.0.1:{}", player.port);
    let path = player.path.as_str();
    let hidden = format!("GET {path}archives/0 HTTP/1.1\r\n{host}\r\n\r\n");
    let length = format!("Content-Length: {}", hidden.len());
    let chunk = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    let bare = |fields: &str, body: &str| {
        format!("GET {path} HTTP/1.1\r\n{host}\r\n{fields}\r\n\r\n{body}")
    };
    for (what, request) in [
        ("content", bare(&length, &hidden)),
        ("chunks", bare("Transfer-Encoding: chunked", &chunk)),
        (
            "no chunks",
            bare("Transfer-Encoding: chunked", &format!("0\r\n\r\n{hidden}")),
        ),
        (
            "two lengths",
            bare(&format!("Content-Length: 0\r\n{length}"), &hidden),
        ),
        ("two lengths in one", bare("Content-Length: 0, 5", &hidden)),
        (
            "a length and chunks",
            bare(&format!("{length}\r\nTransfer-Encoding: chunked"), &chunk),
        ),
        (
            "chunks and a length",
            bare(&format!("Transfer-Encoding: chunked\r\n{length}"), &chunk),
        ),
        ("an unknown coding", bare("Transfer-Encoding: x", &hidden)),
        (
            "a coding that isn't the last",
            bare("Transfer-Encoding: chunked, x", &chunk),
        ),
        (
            "a hidden coding",
            bare("Transfer-Encoding : chunked", &chunk),
        ),
        ("a folded line", bare(&format!("X: y\r\n {length}"), "")),
        ("a length with a sign", bare("Content-Length: +5", &hidden)),
        ("a negative length", bare("Content-Length: -1", &hidden)),
        (
            "a length that is too large",
            bare("Content-Length: 99999999999999999999", &hidden),
        ),
        (
            "a lone line feed in a value",
            bare("X: a\nContent-Length: 5", "hello"),
        ),
        (
            "a carriage return in a value",
            bare("X: a\rContent-Length: 5", "hello"),
        ),
        ("a null in a value", bare("X: a\0b", "")),
        (
            "an upgrade",
            bare(
                "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5",
                "hello",
            ),
        ),
        (
            "a promise of content",
            bare("Expect: 100-continue\r\nContent-Length: 5", ""),
        ),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        ("HTTP/0.9", format!("GET {path}\r\n\r\n")),
        ("TLS", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".into()),
        ("nothing", "\r\n\r\n\r\n\0\0\0\0".into()),
    ] {
        let answers = player.send(request.as_bytes());
        let shown = String::from_utf8_lossy(&answers);
        assert_eq!(shown.matches("HTTP/1.1 200").count(), 0, "{what}: {shown}");
        assert!(shown.matches("HTTP/1.").count() <= 1, "{what}: {shown}");
        assert!(
            !shown.contains("application/octet-stream"),
            "{what}: {shown}"
        );
        player.still_serves();
    }
}

#[test]
fn heads_have_limits() {
    let player = Player::start();
    let long = format!("X: {}", "x".repeat(20_000));
    assert_eq!(player.get("", &[&long]).status, 431);
    let many: Vec<String> = (0..100).map(|n| format!("X-{n}: x")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(player.get("", &many).status, 431);
    let target = format!("{}{}", player.path, "x".repeat(20_000));
    let host = format!("Host: 127.0.0.1:{}", player.port);
    let answer = player.ask_for("GET", &target, &[&host]);
    assert!([414, 431].contains(&answer.status), "{}", answer.head);
    let endless = vec![b'x'; 10_000_000];
    let answers = player.send(&endless);
    assert!(!answers.windows(4).any(|four| four == b" 200"));
    // As many as a browser sends, and more.
    let some: Vec<String> = (0..40)
        .map(|n| format!("X-{n}: {}", "x".repeat(100)))
        .collect();
    let some: Vec<&str> = some.iter().map(String::as_str).collect();
    assert_eq!(player.get("", &some).status, 200);
    player.still_serves();
}
