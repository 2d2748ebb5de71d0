//! What is served: the page, the list of archives, and their bytes.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde::Serialize;

use super::archive::ServedArchive;
use super::token::Token;
use crate::cli::error::Error;
use crate::cli::failure::Failure;
use crate::cli::player_page::{Archives, page, policy};

pub struct Site {
    token: Token,
    pub page: Bytes,
    /// The list of archives, as JSON.
    pub list: Bytes,
    archives: Vec<Arc<ServedArchive>>,
    /// The Content Security Policy.
    pub policy: HeaderValue,
}

/// One thing that is served.
pub enum Resource {
    Page,
    List,
    Archive(Arc<ServedArchive>),
}

#[derive(Serialize)]
struct List<'a> {
    archives: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    name: &'a str,
    size: u64,
    url: String,
}

impl Site {
    pub fn new(archives: Vec<ServedArchive>) -> Result<Self, Failure> {
        let token = Token::new().map_err(|error| Error::reading("random numbers", error))?;
        let items = archives.iter().enumerate().map(|(place, archive)| Item {
            name: &archive.name,
            size: archive.size,
            url: url(place),
        });
        let list = List {
            archives: items.collect(),
        };
        let list = serde_json::to_vec(&list).map_err(std::io::Error::from)?;
        let page = page(Archives::Served);
        // The page's own policy can't say who may show the page.
        let policy = format!("{}; frame-ancestors 'none'", policy(&page));
        Ok(Self {
            token,
            list: list.into(),
            archives: archives.into_iter().map(Arc::new).collect(),
            policy: HeaderValue::try_from(policy)
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
            page: page.into(),
        })
    }

    /// Returns the path of the page.
    pub fn path(&self) -> String {
        format!("/{}/", self.token)
    }

    /// Returns what is at a path below the token, if the token is right; of a right one,
    /// `None` if nothing is there.
    pub fn find(&self, path: &str) -> Option<Option<Resource>> {
        let (token, rest) = path.strip_prefix('/')?.split_once('/')?;
        self.token.is(token).then(|| self.resource(rest))
    }

    fn resource(&self, path: &str) -> Option<Resource> {
        match path {
            "" => Some(Resource::Page),
            "archives.json" => Some(Resource::List),
            _ => {
                let mut archives = self.archives.iter().enumerate();
                let (_, archive) = archives.find(|(place, _)| url(*place) == path)?;
                Some(Resource::Archive(Arc::clone(archive)))
            }
        }
    }
}

/// Returns where an archive is, seen from the page.
fn url(place: usize) -> String {
    format!("archives/{place}")
}
