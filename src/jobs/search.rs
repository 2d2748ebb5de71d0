//! Searching: the lines of members that match, without a file.

use std::io::{self, Write};
use std::ops::ControlFlow;

use crate::archive::{Member, MemberName};
use crate::jobs::archive_file::{ArchiveFile, Members, open_cause};
use crate::jobs::error::MemberCause;
use crate::jobs::extracted::{Extracted, Outcome};
use crate::jobs::job::Job;
use crate::jobs::opening::Begun;
use crate::jobs::places::Places;
use crate::jobs::progress::NoProgress;
use crate::jobs::signed_files::SeenSigners;
use crate::message::{Opener, with_proven_key};
use crate::search::{Finder, Found, LineSearch};
use crate::workers::{Stopped, work_in_order};

impl Job<'_> {
    /// Searches members, and writes nothing anywhere. What was found in a member is
    /// passed on with its name (not safe on a terminal) when the member has been read to
    /// its authentic end, in the archive's order and by this thread; `each` may end the
    /// search. A member that fails doesn't stop the others. Members that come after the
    /// end aren't counted.
    #[doc(hidden)]
    pub fn search(
        &self,
        members: &Members<'_>,
        opener: &Opener<'_>,
        search: &LineSearch,
        mut each: impl FnMut(&str, &Found) -> ControlFlow<()>,
    ) -> Extracted {
        let Members { archive, list, .. } = members;
        members.use_index(opener);
        let mut places = Places::of(list);
        places.leave_out(list, &|member| archive.was_never_sealed(member));
        let searching = Searching {
            archive,
            opener,
            places: &places,
            signers: SeenSigners::default(),
            search,
        };
        let mut outcomes = Vec::new();
        work_in_order(
            list,
            self.workers,
            |searched: &Result<Searched, _>| {
                searched
                    .as_ref()
                    .map_or(0, |searched| searched.found.size())
            },
            |&member, stopped| searching.member(member, stopped).map_err(Box::new),
            |&member, searched| {
                let (outcome, flow) = match searched {
                    Ok(Searched {
                        outcome,
                        own_name,
                        found,
                    }) => {
                        let flow = match own_name {
                            Some(own_name) => each(own_name.as_str(), &found),
                            None => each(&member.shown_name(), &found),
                        };
                        (Ok(outcome), flow)
                    }
                    Err(cause) => (Err(cause), ControlFlow::Continue(())),
                };
                outcomes.push((member, outcome));
                flow
            },
        );
        Extracted::of(members, outcomes.into_iter())
    }
}

/// The state that the members of one search share.
struct Searching<'a> {
    archive: &'a ArchiveFile,
    opener: &'a Opener<'a>,
    places: &'a Places<'a>,
    signers: SeenSigners,
    search: &'a LineSearch,
}

/// What a member has shown.
struct Searched {
    outcome: Outcome,
    /// Its name, if it is hidden and known from its message alone.
    own_name: Option<MemberName>,
    found: Found,
}

impl Searching<'_> {
    fn member(&self, member: &Member, stopped: &Stopped) -> Result<Searched, MemberCause> {
        let name = self.places.name(member)?;
        with_proven_key(self.opener, MemberCause::is_of_message, |opener| {
            self.open(member, name, opener, stopped)
        })
        .map_err(|cause| self.archive.as_signed(member, cause))
    }

    fn open(
        &self,
        member: &Member,
        name: &MemberName,
        opener: &Opener<'_>,
        stopped: &Stopped,
    ) -> Result<Searched, MemberCause> {
        let Begun {
            message,
            own_name,
            check,
        } = self.archive.begin(member, name, opener, &NoProgress)?;
        if let Some(own_name) = &own_name {
            self.places.claim(own_name, member)?;
        }
        let mut sink = UntilStopped {
            finder: Finder::new(self.search),
            stopped,
        };
        let opened = message.copy_to(&mut sink).map_err(open_cause)?;
        check.finish().map_err(|error| open_cause(error.into()))?;
        Ok(Searched {
            outcome: Outcome::of(opened, &self.signers),
            own_name,
            found: sink.finder.finish(),
        })
    }
}

/// The finder of a member, until nobody wants what it finds.
struct UntilStopped<'a> {
    finder: Finder<'a>,
    stopped: &'a Stopped,
}

impl Write for UntilStopped<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self.stopped.is_set() {
            true => Err(io::ErrorKind::Other.into()),
            false => self.finder.write(piece),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
