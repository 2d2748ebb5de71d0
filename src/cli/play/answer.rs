//! From a request to its answer.

use std::sync::Arc;

use hyper::body::Body;
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_RANGE, RANGE, REFERRER_POLICY,
    TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use super::archive::ServedArchive;
use super::body::Content;
use super::connections::Guest;
use super::range::Asked;
use super::sender;
use super::site::{Resource, Site};

/// What browsers may do with any answer, besides the Content Security Policy.
const LIMITS: [(HeaderName, &str); 7] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), \
         xr-spatial-tracking=()",
    ),
];

/// It says the same whatever is wrong with an address.
const NOTHING: &str =
    "nothing is here: open the whole address that `callseal play` has printed, with its last /";

type Answer = Response<Content>;

/// Answers a request. `guest` is who sent it.
pub fn answer(request: &Request<impl Body>, site: &Site, guest: &Guest) -> Answer {
    let mut answer = choose(request, site, guest);
    let headers = answer.headers_mut();
    if has_content(request) {
        // What is left unread must not be taken for the next request.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(CONTENT_SECURITY_POLICY, site.policy.clone());
    for (name, value) in LIMITS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn choose(request: &Request<impl Body>, site: &Site, guest: &Guest) -> Answer {
    let headers = request.headers();
    if !sender::is_for_this_machine(headers) {
        return refusal(
            StatusCode::FORBIDDEN,
            "this server is for this machine alone",
        );
    }
    let found = path(request.uri()).and_then(|path| site.find(path));
    if found.is_some() {
        guest.knows_the_token();
    }
    let Some(resource) = found.flatten() else {
        return refusal(StatusCode::NOT_FOUND, NOTHING);
    };
    let may_ask = match resource {
        Resource::Page => sender::is_visit(headers),
        Resource::List | Resource::Archive(_) => sender::is_own_page(headers),
    };
    if !may_ask {
        return refusal(StatusCode::FORBIDDEN, "another page has asked");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET and HEAD work here",
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        answer.headers_mut().insert(ALLOW, allowed);
        return answer;
    }
    if has_content(request) {
        return refusal(StatusCode::BAD_REQUEST, "a request has no content here");
    }
    // Of HEAD, hyper leaves out the content.
    match resource {
        Resource::Page => text("text/html; charset=utf-8", site.page.clone()),
        Resource::List => text("application/json", site.list.clone()),
        Resource::Archive(archive) => part(headers, archive),
    }
}

fn has_content(request: &Request<impl Body>) -> bool {
    !request.body().is_end_stream() || request.headers().contains_key(TRANSFER_ENCODING)
}

/// Returns the path of a request that names nothing else: no host, and no query.
fn path(uri: &Uri) -> Option<&str> {
    let is_path = uri.authority().is_none() && uri.query().is_none();
    is_path.then(|| uri.path())
}

fn text(kind: &'static str, text: impl Into<hyper::body::Bytes>) -> Answer {
    let mut answer = Response::new(Content::Text(text.into()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn refusal(status: StatusCode, reason: &str) -> Answer {
    let mut answer = text("text/plain; charset=utf-8", format!("{reason}\n"));
    *answer.status_mut() = status;
    answer
}

/// Answers with bytes of an archive: those that the range asks for, or all.
fn part(headers: &HeaderMap, archive: Arc<ServedArchive>) -> Answer {
    if !archive.is_unchanged() || !is_match(headers, &archive.tag) {
        return refusal(StatusCode::PRECONDITION_FAILED, "the archive has changed");
    }
    let size = archive.size;
    let (status, range, content_range) = match asked(headers, &archive) {
        Asked::Nowhere => {
            let mut answer = refusal(StatusCode::RANGE_NOT_SATISFIABLE, "no such bytes");
            insert(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            return answer;
        }
        Asked::Whole => (StatusCode::OK, 0..size, None),
        Asked::Part(range) => {
            let last = range.end.saturating_sub(1);
            let shown = format!("bytes {}-{last}/{size}", range.start);
            (StatusCode::PARTIAL_CONTENT, range, Some(shown))
        }
    };
    let tag = archive.tag.clone();
    let mut answer = Response::new(Content::Part(archive, range));
    *answer.status_mut() = status;
    insert(&mut answer, CONTENT_TYPE, "application/octet-stream");
    insert(&mut answer, ACCEPT_RANGES, "bytes");
    insert(&mut answer, ETAG, &tag);
    if let Some(range) = content_range {
        insert(&mut answer, CONTENT_RANGE, &range);
    }
    answer
}

/// Returns which bytes a request asks for.
fn asked(headers: &HeaderMap, archive: &ServedArchive) -> Asked {
    let mut fields = headers.get_all(RANGE).iter();
    let (Some(range), None) = (fields.next(), fields.next()) else {
        return Asked::Whole;
    };
    // A range of other bytes than these is none.
    let is_of_others = |tag: &HeaderValue| tag.as_bytes() != archive.tag.as_bytes();
    match range.to_str() {
        Ok(range) if !headers.get_all(IF_RANGE).iter().any(is_of_others) => {
            Asked::of(range, archive.size)
        }
        _ => Asked::Whole,
    }
}

/// Returns whether `If-Match` allows an answer with this entity tag.
fn is_match(headers: &HeaderMap, tag: &str) -> bool {
    let mut fields = headers.get_all(IF_MATCH).iter().peekable();
    let names_it = |field: &HeaderValue| {
        let tags = field.to_str().unwrap_or_default().split(',');
        let mut tags = tags.map(|tag| tag.trim_matches([' ', '\t']));
        tags.any(|named| named == tag || named == "*")
    };
    fields.peek().is_none() || fields.any(names_it)
}

/// Adds a field whose value is always a valid one.
fn insert(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
