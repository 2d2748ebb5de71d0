//! Whether a request was meant for this server, by the page that it serves or by a person.
//!
//! A page of somebody else can let its own host name lead to this machine (DNS rebinding), and
//! make the browser send requests here. The browser then says which host and page it is.

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName, ORIGIN};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Returns whether the request names this machine as its host, and comes from no page of
/// another host. Its port may be another one: that of the near end of a tunnel.
pub fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(Some(host)) = only(headers, HOST) else {
        return false;
    };
    let is_own = |origin: &str| {
        let authority = origin.strip_prefix("http://");
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    is_this_machine(host) && is_absent_or(headers, ORIGIN, is_own)
}

/// Returns whether the page itself asks, or a browser that doesn't say who does.
pub fn is_own_page(headers: &HeaderMap) -> bool {
    is_absent_or(headers, SITE, |site| site == "same-origin")
}

/// Returns whether a page may be shown: to a person who opens the address, also by the file
/// that leads there, but not inside of other pages and to their scripts.
pub fn is_visit(headers: &HeaderMap) -> bool {
    let is = |name, value: &str| only(headers, name) == Some(Some(value));
    is_absent_or(headers, SITE, |site| matches!(site, "same-origin" | "none"))
        || (is(MODE, "navigate") && is(DESTINATION, "document"))
}

fn is_this_machine(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_number = |port: &str| {
        port.bytes().all(|octet| octet.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    let is_name = name == "127.0.0.1" || name == "[::1]" || name.eq_ignore_ascii_case("localhost");
    is_name && port.is_none_or(is_number)
}

/// Returns the value of a field, if there is one; `None` if it's there more than once, or
/// isn't text.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<Option<&str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        _ => None,
    }
}

fn is_absent_or(headers: &HeaderMap, name: HeaderName, is_right: impl Fn(&str) -> bool) -> bool {
    only(headers, name).is_some_and(|value| value.is_none_or(is_right))
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn three_names_are_this_machine() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8765",
            "localhost",
            "localhost:1",
            "LocalHost:65535",
            "[::1]",
            "[::1]:8765",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "",
            ":8765",
            "127.0.0.1:",
            "127.0.0.1:x",
            "127.0.0.1:+80",
            "127.0.0.1:65536",
            "127.0.0.1:80:80",
            "127.0.0.1.",
            "127.1",
            "127.0.0.2",
            "0.0.0.0",
            "2130706433",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:",
            "[::]",
            "[::ffff:127.0.0.1]",
            "localhost.",
            "localhost.attacker.example",
            "attacker.example",
            "attacker.example:8765",
            "127.0.0.1@attacker.example",
            "127.0.0.1, attacker.example",
            "127.0.0.1 ",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
