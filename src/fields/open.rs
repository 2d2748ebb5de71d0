//! Opening: restoring a document with sealed values.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::document::{self, Edit, ValueKind, span};
use super::envelope::{Envelope, MAX_STEPS, Top, from_base64};
use super::error::{AttributeFault, DocumentError};
use super::expression;
use super::path::{Step, written};
use super::seal::literal_name;
use super::select::{Finder, Missing, Selection};
use super::walk::{Guide, Place, walk};
use super::{Convert, Document};
use crate::keys::{Keyring, NoPassphrases, Passphrases, Trials};
use crate::message::{OpenError, Part, PartsOpener, check_pkesks};

/// Opens sealed documents. One serves any number of threads.
pub struct FieldOpener<'a> {
    keyring: &'a Keyring,
    passphrases: &'a dyn Passphrases,
    trials: Trials,
    attribute: String,
    required: Option<Finder<'a>>,
}

impl<'a> FieldOpener<'a> {
    /// Opens documents with these keys. Locked keys stay locked. `attribute` is
    /// the name of the reserved attribute, as for
    /// [`FieldPlan::new`](super::FieldPlan::new).
    pub fn new(keyring: &'a Keyring, attribute: impl Into<String>) -> Self {
        Self {
            keyring,
            passphrases: &NoPassphrases,
            trials: Trials::default(),
            attribute: attribute.into(),
            required: None,
        }
    }

    /// Unlocks keys with these passphrases.
    #[must_use]
    pub fn with_passphrases(self, passphrases: &'a dyn Passphrases) -> Self {
        Self {
            passphrases,
            ..self
        }
    }

    /// Refuses documents in which one of the selected values isn't sealed: the
    /// list of sealed values isn't protected from change. `missing` says what
    /// happens to documents that lack one.
    pub fn requiring(self, selection: &'a Selection, missing: Missing) -> Self {
        Self {
            required: Some(Finder::new(selection, missing)),
            ..self
        }
    }

    /// Opens all sealed fields of one document. The result is to the byte what
    /// was sealed, unless the parts that aren't sealed were changed. A document
    /// without the reserved attribute stays as it is.
    ///
    /// # Errors
    ///
    /// No identity opens it; it's not a JSON text; a sealed field was altered,
    /// moved, swapped, repeated or removed; or a required one isn't sealed.
    pub fn open(&self, text: &str) -> Result<Document, DocumentError> {
        let root = document::parse(text)?;
        let top = Top::read(text, root, &self.attribute)?;
        let Some(reserved) = top.and_then(|top| top.reserved) else {
            self.check_required(root, None, &[])?;
            return Ok(Document::unchanged(text));
        };
        let refused = |fault| DocumentError::Attribute {
            attribute: self.attribute.clone(),
            fault,
        };
        let envelope = Envelope::read(reserved.value).map_err(refused)?;
        self.check_required(root, Some(reserved.value), envelope.sealed())?;
        let malformed = || refused(AttributeFault::Malformed);
        let pkesks = envelope.pkesks().ok_or_else(malformed)?;
        check_pkesks(&pkesks).map_err(|error| DocumentError::Value {
            path: written(&[
                Step::Key(self.attribute.as_str().into()),
                Step::Key("keys".into()),
            ]),
            error,
        })?;
        let mut listed = Listed::new(envelope.sealed(), &self.attribute).ok_or_else(malformed)?;

        let places = walk(root, &mut listed)?;
        if let Some(path) = listed.not_found(envelope.sealed()) {
            return Err(DocumentError::Removed { path: path.clone() });
        }
        let fields = places.len();
        let mut edits = Vec::with_capacity(fields + 1);
        let mut parts = None;
        for place in places {
            let sealed = sealed_part(&place)?;
            let at = span(text, place.value.get())?;
            let part = match &parts {
                None => {
                    let begun = PartsOpener::begin(
                        &pkesks,
                        &sealed,
                        self.keyring,
                        self.passphrases,
                        &self.trials,
                    );
                    begun.map(|(opener, part)| {
                        parts = Some(opener);
                        part
                    })
                }
                Some(parts) => parts.open(&sealed),
            };
            let part = part.map_err(|error| failure(&place.path, error))?;
            edits.push(Edit {
                at,
                with: value(place.path, part)?,
            });
        }
        // The attribute may be anywhere: other software may write documents
        // anew.
        let before = edits.partition_point(|edit| edit.at.start < reserved.at.start);
        edits.insert(
            before,
            Edit {
                at: reserved.at,
                with: Zeroizing::default(),
            },
        );
        Ok(Document {
            text: document::edited(text, &edits)?,
            fields,
        })
    }

    /// Checks that all required fields are listed as sealed. Those inside the
    /// reserved attribute itself don't count.
    fn check_required(
        &self,
        root: &RawValue,
        reserved: Option<&RawValue>,
        sealed: &[String],
    ) -> Result<(), DocumentError> {
        let Some(finder) = &self.required else {
            return Ok(());
        };
        let sealed: HashSet<&String> = sealed.iter().collect();
        let reserved = reserved.map(|value| span(root.get(), value.get()));
        let reserved = reserved.transpose()?;
        for Place { path, value } in finder.find(root)? {
            let start = span(root.get(), value.get())?.start;
            let is_reserved = reserved.as_ref().is_some_and(|at| at.contains(&start));
            if !is_reserved && !sealed.contains(&path) {
                return Err(DocumentError::NotSealed { path });
            }
        }
        Ok(())
    }
}

impl Convert for FieldOpener<'_> {
    fn convert(&self, text: &str) -> Result<Document, DocumentError> {
        self.open(text)
    }

    fn unmatched(&self) -> Vec<String> {
        self.required
            .as_ref()
            .map_or_else(Vec::new, Finder::unmatched)
    }
}

/// Returns the packet in a JSON string.
fn sealed_part(place: &Place<'_>) -> Result<Vec<u8>, DocumentError> {
    let string = document::unquoted(place.value.get());
    string
        .and_then(|text| from_base64(&text))
        .ok_or_else(|| DocumentError::NotSealed {
            path: place.path.clone(),
        })
}

fn failure(path: &str, error: OpenError) -> DocumentError {
    match error {
        OpenError::NoIdentity(_) => DocumentError::SessionKey(error),
        error => DocumentError::Value {
            path: path.to_owned(),
            error,
        },
    }
}

/// Returns the value in an opened part, if it was sealed at that path.
fn value(path: String, part: Part) -> Result<Zeroizing<String>, DocumentError> {
    if part.name != literal_name(&path).as_bytes() {
        let sealed = String::from_utf8_lossy(&part.name).into_owned();
        return Err(DocumentError::Moved { path, sealed });
    }
    let mut content = part.content;
    // It doesn't hold more than the value either, nor less.
    let whole = serde_json::from_slice::<&RawValue>(&content);
    if !whole.is_ok_and(|value| value.get().len() == content.len()) {
        return Err(DocumentError::NotAValue { path });
    }
    match String::from_utf8(std::mem::take(&mut *content)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(DocumentError::NotAValue { path })
        }
    }
}

/// Leads to the fields that a document lists as sealed.
struct Listed {
    /// The nodes, the document itself first.
    nodes: Vec<Node>,
    /// The node below a node, by a step.
    below: HashMap<(usize, Step<'static>), usize>,
    found: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    /// Listed ones are below.
    OnTheWay,
    Listed,
    Found,
}

impl Listed {
    /// Takes the paths. `None` if one is invalid, occurs twice, leads into
    /// another one or into the reserved attribute, or if they have too many
    /// steps.
    fn new(paths: &[String], attribute: &str) -> Option<Self> {
        let mut listed = Self {
            nodes: vec![Node::OnTheWay],
            below: HashMap::new(),
            found: 0,
        };
        for path in paths {
            let steps = expression::steps(path)?;
            if matches!(steps.first(), Some(Step::Key(key)) if key == attribute) {
                return None;
            }
            let last = steps.len().checked_sub(1)?;
            let mut at = 0;
            for (number, step) in steps.into_iter().enumerate() {
                let new = listed.nodes.len();
                let below = *listed.below.entry((at, step)).or_insert(new);
                let node = match number == last {
                    true => Node::Listed,
                    false => Node::OnTheWay,
                };
                if below == new && new <= MAX_STEPS {
                    listed.nodes.push(node);
                } else if node == Node::Listed || listed.nodes.get(below) != Some(&node) {
                    return None;
                }
                at = below;
            }
        }
        Some(listed)
    }

    /// Returns the first of the paths that were not found.
    fn not_found<'p>(&self, paths: &'p [String]) -> Option<&'p String> {
        if self.found == paths.len() {
            return None;
        }
        paths.iter().find(|path| {
            let steps = expression::steps(path).unwrap_or_default();
            let end = steps.iter().try_fold(0, |at, step| self.below(at, step));
            end.and_then(|at| self.nodes.get(at)) != Some(&Node::Found)
        })
    }

    fn below(&self, at: usize, step: &Step<'_>) -> Option<usize> {
        self.below.get(&(at, step.clone())).copied()
    }
}

impl Guide for Listed {
    /// The index of a node.
    type State = usize;

    fn start(&self) -> usize {
        0
    }

    fn step(&self, above: &mut usize, step: &Step<'_>) -> Option<usize> {
        self.below(*above, step)
    }

    fn arrive(&mut self, at: &usize) -> bool {
        match self.nodes.get_mut(*at) {
            Some(node) if *node != Node::OnTheWay => {
                if std::mem::replace(node, Node::Found) == Node::Listed {
                    self.found += 1;
                }
                true
            }
            _ => false,
        }
    }

    fn leads_on(&self, at: &usize) -> bool {
        self.nodes.get(*at) == Some(&Node::OnTheWay)
    }

    fn unmet(&self, _: &usize, _: ValueKind, _: &mut String) -> bool {
        false
    }
}
