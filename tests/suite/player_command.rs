//! `callseal player`: the page as one file.

use crate::support::Scene;

const DROPPED: &str = r#"<meta name="callseal-archives" content="dropped">"#;

#[test]
fn the_page_connects_to_nothing_or_to_one_store() {
    let scene = Scene::new();
    scene
        .ok("player -o player.html")
        .says("wrote player.html: a page that plays archives that are dropped into it");
    let dropped = scene.text("player.html");
    assert!(dropped.contains("connect-src 'none'"));
    assert!(dropped.contains(DROPPED));
    scene
        .ok("player -o store.html --origin https://Store.example:443")
        .says("wrote store.html: a page that fetches archives from https://store.example");
    let expected = dropped
        .replace("connect-src 'none'", "connect-src https://store.example")
        .replace(
            DROPPED,
            &DROPPED.replace("dropped", "from https://store.example"),
        );
    assert!(scene.text("store.html") == expected);
    let printed = scene.ok("player -o - --origin http://localhost:8000");
    assert!(
        printed
            .stdout()
            .contains("connect-src http://localhost:8000")
    );
    assert_eq!(printed.stderr(), "");
}

#[test]
fn nothing_but_an_origin_gets_into_the_page() {
    let scene = Scene::new();
    for origin in [
        "store.example",
        "http://store.example",
        "https://store.example/calls",
        "https://user@store.example",
        "https://store.example; script-src *",
        "https://store.example\"><script>alert(1)</script>",
        "https://*.store.example",
        "'self'",
        "https://[2001:db8::1]",
        "",
    ] {
        scene
            .callseal(["player", "-o", "player.html", "--origin", origin])
            .exits(2)
            .complains_with_hint(&["isn't an origin"])
            .says("such as https://store.example");
        assert_eq!(scene.names(), [""; 0], "{origin}");
    }
}

#[test]
fn a_page_is_not_overwritten_without_force() {
    let scene = Scene::new();
    scene.write("player.html", "mine");
    scene
        .line("player -o player.html")
        .exits(1)
        .complains_with_hint(&["player.html", "already exists"]);
    assert_eq!(scene.text("player.html"), "mine");
    scene.ok("player -q -o player.html --force").stays_silent();
    assert!(scene.text("player.html").contains(DROPPED));
    scene
        .line("player -o missing/player.html")
        .exits(1)
        .complains_with_hint(&["missing/player.html"]);
    scene.line("player").exits(2);
    scene
        .line("player --json -o -")
        .exits(2)
        .complains_with_hint(&["standard output"]);
}
