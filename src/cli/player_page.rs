//! The page that plays calls, as it is built into the program, and where it gets archives from.

use super::origin::Origin;

/// The page for archives that are dropped into it.
const PAGE: &str = include_str!("../../web/player.html");

/// What the page may connect to, in its Content Security Policy.
const CONNECTS: &str = "connect-src 'none'";

/// Where its archives come from.
const ARCHIVES: &str = r#"<meta name="callseal-archives" content="dropped">"#;

/// The start of its Content Security Policy, which ends with the quote.
const POLICY: &str = r#"<meta http-equiv="Content-Security-Policy" content=""#;

/// Where the page gets archives from.
#[derive(Clone, Copy, Debug)]
pub enum Archives<'a> {
    /// People drop them into it.
    Dropped,
    /// The server that the page comes from has them.
    Served,
    /// They are fetched from this store.
    From(&'a Origin),
}

/// Returns the page.
pub fn page(archives: Archives<'_>) -> String {
    let (source, place) = match archives {
        Archives::Dropped => return PAGE.into(),
        Archives::Served => ("'self'".into(), "served".into()),
        // An origin has no character that means anything in HTML or a policy.
        Archives::From(origin) => (origin.to_string(), format!("from {origin}")),
    };
    PAGE.replace(CONNECTS, &format!("connect-src {source}"))
        .replace(ARCHIVES, &ARCHIVES.replace("dropped", &place))
}

/// Returns the Content Security Policy in a page.
pub fn policy(page: &str) -> &str {
    let found = page.split_once(POLICY);
    let found = found.and_then(|(_, rest)| rest.split_once('"'));
    found.map_or("default-src 'none'", |(policy, _)| policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_each_part_that_is_replaced_exactly_once() {
        for part in [
            CONNECTS,
            "connect-src",
            ARCHIVES,
            POLICY,
            "Content-Security-Policy",
        ] {
            assert_eq!(PAGE.matches(part).count(), 1, "{part}");
        }
        let policy = policy(PAGE);
        assert!(policy.contains(CONNECTS), "{policy}");
        // As a header, it has no entities.
        assert!(!policy.contains('&') && policy.is_ascii(), "{policy}");
    }

    #[test]
    fn the_places_of_archives_are_written_into_the_page() {
        let store = Origin::parse("https://store.example:8443").unwrap();
        for (archives, source, place) in [
            (Archives::Dropped, "'none'", "dropped"),
            (Archives::Served, "'self'", "served"),
            (
                Archives::From(&store),
                "https://store.example:8443",
                "from https://store.example:8443",
            ),
        ] {
            let page = page(archives);
            let meta = format!(r#"<meta name="callseal-archives" content="{place}">"#);
            assert_eq!(page.matches(&meta).count(), 1, "{archives:?}");
            let connects = format!("connect-src {source}");
            assert_eq!(page.matches("connect-src").count(), 1, "{archives:?}");
            let mut directives = policy(&page).split("; ");
            assert!(directives.any(|one| one == connects), "{archives:?}");
        }
    }
}
