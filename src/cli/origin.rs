//! The origin of a store: a scheme, a host and perhaps a port, and nothing else.

use std::fmt::{self, Display, Formatter};
use std::net::Ipv4Addr;

/// The hosts that are this machine. Nothing on the way can read what goes there.
const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// An origin, as browsers write it: in lower case, and without the scheme's usual port.
///
/// It has no character that means anything in HTML or in a Content Security Policy.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or("it has no https://")?;
        let usual = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err("its scheme isn't https"),
        };
        // As browsers show it.
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err("there is something behind the host and the port");
        }
        if rest.contains('@') {
            return Err("it has a user name");
        }
        if rest.starts_with('[') {
            return Err("its host is an IPv6 address, which a page's policy can't name");
        }
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, number(port)?),
            None => (rest, usual),
        };
        check_host(host)?;
        if scheme == "http" && !HERE.contains(&host) {
            return Err(
                "http is for localhost and 127.0.0.1 alone: others could change what it sends",
            );
        }
        Ok(Self(match port == usual {
            true => format!("{scheme}://{host}"),
            false => format!("{scheme}://{host}:{port}"),
        }))
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a port: digits alone, and no zero in front.
fn number(port: &str) -> Result<u16, &'static str> {
    let number = port.parse().ok();
    let number = number.filter(|number: &u16| *number > 0 && number.to_string() == port);
    number.ok_or("its port isn't a number from 1 to 65535")
}

/// Checks that it's a host name or an IPv4 address. Content Security Policies can't name
/// others.
fn check_host(host: &str) -> Result<(), &'static str> {
    let is_label = |label: &str| {
        let is_inner = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err("its host isn't a host name or an IPv4 address");
    }
    // Browsers take such a name for an address, perhaps in one of its old forms.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|octet| octet.is_ascii_digit()) || last.starts_with("0x");
    match is_number && host.parse::<Ipv4Addr>().is_err() {
        true => Err("its host isn't a host name or an IPv4 address"),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read() {
        for (text, expected) in [
            ("https://store.example", "https://store.example"),
            ("https://store.example/", "https://store.example"),
            ("https://store.example:443", "https://store.example"),
            ("https://store.example:8443", "https://store.example:8443"),
            ("HTTPS://Store.Example", "https://store.example"),
            ("https://192.0.2.7", "https://192.0.2.7"),
            (
                "https://s3.eu-west-1.amazonaws.com",
                "https://s3.eu-west-1.amazonaws.com",
            ),
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_origin() {
        for text in [
            "",
            "store.example",
            "https:store.example",
            "https://",
            "https://:443",
            "https://store.example//",
            "https://store.example/calls",
            "https://store.example/calls/",
            "https://store.example?x",
            "https://store.example#x",
            "https://user@store.example",
            "https://user:pass@store.example",
            "https://store.example:",
            "https://store.example:0",
            "https://store.example:065",
            "https://store.example:65536",
            "https://store.example:+443",
            "https://store.example:443:443",
            "https://*.store.example",
            "https://*",
            "https://store.example https://other.example",
            "https://store.example;script-src *",
            "https://store.example'",
            "https://store.example\"",
            "https://store.example\">",
            "https://store.example&amp;",
            "https://store.example,",
            "https://store.example\n",
            " https://store.example",
            "https://store..example",
            "https://store.example.",
            "https://.store.example",
            "https://-store.example",
            "https://store-.example",
            "https://store_1.example",
            "https://störe.example",
            "https://[::1]",
            "https://[2001:db8::1]:443",
            "https://192.0.2",
            "https://192.0.2.256",
            "https://192.0.2.07",
            "https://0x7f.1",
            "https://1.0x7f",
            "http://store.example",
            "http://192.0.2.7",
            "http://127.0.0.2",
            "http://localhost.example",
            "ftp://store.example",
            "file://store.example",
            "javascript://store.example",
            "data:,x",
            "null",
            "'self'",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
        assert!(Origin::parse(&format!("https://{}", "a.".repeat(127) + "a")).is_err());
        assert!(Origin::parse(&format!("https://{}", "a".repeat(64))).is_err());
    }
}
