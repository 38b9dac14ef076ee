//! What is due: decided without a clock and without a disk.

use std::time::Duration;

use syft_state::Timestamp;

use super::stats::Kind;
use crate::{layout::response_to, tree::Fingerprint};

/// Our own temporary files live for milliseconds.
const TEMPORARY: Duration = Duration::from_secs(60 * 60);

/// In which tree a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Rpc,
    Staging,
}

/// A file, or a request with its response, that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) root: Root,
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) print: Fingerprint,
    /// When a request says that it was made; the sender may say anything.
    pub(super) created: Option<Timestamp>,
    /// The response of a request.
    pub(super) response: Option<Fingerprint>,
}

/// A file to delete, if it still looks like that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) root: Root,
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) print: Fingerprint,
}

/// How old files may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) expiry: Duration,
}

impl Policy {
    /// Returns whether something that was last touched at these times is due.
    ///
    /// A time that is still to come counts for nothing: it is a lie, or a clock that was wrong.
    /// Something with no other time stays.
    pub(super) fn is_due(
        self,
        root: Root,
        times: impl IntoIterator<Item = Timestamp>,
        now: Timestamp,
    ) -> bool {
        let expiry = match root {
            Root::Rpc => self.expiry,
            Root::Staging => TEMPORARY,
        };
        let youngest = times.into_iter().filter(|time| *time <= now).max();
        youngest.is_some_and(|youngest| now.since(youngest) > expiry)
    }

    /// Returns whether a file may be due, whatever else is found out about it.
    pub(super) fn may_be_due(self, root: Root, print: Fingerprint, now: Timestamp) -> bool {
        print.time() > now || self.is_due(root, [print.time()], now)
    }
}

/// Returns what to delete, in that order: a request comes before its response, so that no crash
/// leaves a request that looks unanswered.
///
/// A request and its response are as old as the younger of them: no answer goes that its caller
/// had less than the expiry to fetch.
pub(super) fn plan(seen: &[Sighting], now: Timestamp, policy: Policy) -> Vec<Due> {
    let due = seen.iter().filter(|sighting| {
        let response = sighting.response.map(|print| print.time());
        let times = [Some(sighting.print.time()), sighting.created, response];
        policy.is_due(sighting.root, times.into_iter().flatten(), now)
    });
    due.flat_map(|sighting| {
        let itself = Due {
            root: sighting.root,
            path: sighting.path.clone(),
            kind: sighting.kind,
            print: sighting.print,
        };
        let response = sighting.response.and_then(|print| {
            Some(Due {
                path: response_to(&sighting.path)?,
                kind: Kind::Response,
                print,
                ..itself
            })
        });
        [Some(itself), response].into_iter().flatten()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_000_000;
    const EXPIRY: i64 = 1_000;
    const POLICY: Policy = Policy {
        expiry: Duration::from_secs(EXPIRY as u64),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn sighting(modified: i64, created: Option<i64>, response: Option<i64>) -> Sighting {
        Sighting {
            root: Root::Rpc,
            path: "a/b@c.d/1.request".to_owned(),
            kind: Kind::Request,
            print: Fingerprint::of_time(modified),
            created: created.map(at),
            response: response.map(Fingerprint::of_time),
        }
    }

    /// How much is due of a request that was changed, says it was made, and was answered so many
    /// seconds ago.
    #[track_caller]
    fn check(modified: i64, created: Option<i64>, response: Option<i64>, wanted: usize) {
        let ago = |seconds: i64| NOW - seconds;
        let sighting = sighting(ago(modified), created.map(ago), response.map(ago));
        let due = plan(&[sighting], at(NOW), POLICY);
        assert_eq!(due.len(), wanted, "{modified} {created:?} {response:?}");
    }

    #[test]
    fn row_28_a_request_is_as_old_as_its_youngest_honest_time() {
        check(EXPIRY + 1, None, None, 1);
        check(EXPIRY, None, None, 0);
        check(EXPIRY + 1, Some(EXPIRY + 1), None, 1);
        check(EXPIRY + 1, Some(EXPIRY - 1), None, 0);
        // Python goes by what the sender says alone: a file from just now would be deleted.
        check(0, Some(EXPIRY + 1), None, 0);
        // A sender who says that it was made tomorrow keeps nothing alive.
        check(EXPIRY + 1, Some(-86_400), None, 1);
        check(-5, Some(EXPIRY + 1), None, 1);
        check(-5, None, None, 0);
        check(-5, Some(-5), None, 0);
        check(EXPIRY + 1, None, Some(EXPIRY + 1), 2);
        check(EXPIRY + 1, None, Some(EXPIRY - 1), 0);
    }

    #[test]
    fn our_temporary_files_go_after_an_hour_whatever_the_expiry() {
        for (age, is_due) in [(3_599, false), (3_601, true)] {
            let temporary = Sighting {
                root: Root::Staging,
                kind: Kind::Temporary,
                ..sighting(NOW - age, None, None)
            };
            for expiry in [1, 1_000_000] {
                let policy = Policy {
                    expiry: Duration::from_secs(expiry),
                };
                let due = plan(std::slice::from_ref(&temporary), at(NOW), policy);
                assert_eq!(!due.is_empty(), is_due, "{age} {expiry}");
            }
        }
    }

    /// A time around the expiry, or one that is far from it.
    fn time() -> impl Strategy<Value = i64> {
        prop_oneof![
            NOW - 2 * EXPIRY..NOW + EXPIRY,
            Just(0),
            Just(NOW),
            Just(NOW - EXPIRY),
            Just(i64::MAX / 10_000_000),
        ]
    }

    fn sightings() -> impl Strategy<Value = Vec<Sighting>> {
        let times = (
            time(),
            proptest::option::of(time()),
            proptest::option::of(time()),
        );
        proptest::collection::vec(times, 0..20).prop_map(|all| {
            let numbered = all.into_iter().enumerate();
            numbered
                .map(|(number, (modified, created, response))| Sighting {
                    path: format!("a/b@c.d/{number}.request"),
                    ..sighting(modified, created, response)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn nothing_goes_that_has_a_young_time(seen in sightings()) {
            let due = plan(&seen, at(NOW), POLICY);
            let paths: BTreeSet<&str> = due.iter().map(|due| due.path.as_str()).collect();
            prop_assert_eq!(paths.len(), due.len());
            for sighting in &seen {
                let response = sighting.response.map(|print| print.time());
                let times = [Some(sighting.print.time()), sighting.created, response];
                let is_young = |time: &Timestamp| (NOW - EXPIRY..=NOW).contains(&time.as_seconds());
                let is_due = paths.contains(sighting.path.as_str());
                prop_assert!(!(is_due && times.iter().flatten().any(is_young)));
                prop_assert!(!is_due || POLICY.may_be_due(Root::Rpc, sighting.print, at(NOW)));
            }
        }

        #[test]
        fn whatever_a_sender_says_everything_goes_in_the_end(seen in sightings()) {
            let now = at(NOW + 3 * EXPIRY);
            let due = plan(&seen, now, POLICY);
            for sighting in &seen {
                let is_ours = [Some(sighting.print), sighting.response].into_iter().flatten();
                let is_past = is_ours.map(|print| print.time()).all(|time| time <= now);
                let is_due = due.iter().any(|due| due.path == sighting.path);
                let claims_young = sighting.created.is_some_and(|time| time <= now && now.since(time) <= POLICY.expiry);
                prop_assert!(!is_past || claims_young || is_due);
            }
        }

        #[test]
        fn a_response_goes_right_after_its_request(seen in sightings()) {
            let due = plan(&seen, at(NOW), POLICY);
            for (index, response) in due.iter().enumerate().filter(|(_, due)| due.kind == Kind::Response) {
                let request = due[index - 1].path.as_str();
                prop_assert_eq!(response_to(request), Some(response.path.clone()));
            }
        }

        #[test]
        fn a_longer_expiry_never_deletes_more(seen in sightings(), more in 0..10_000_u64) {
            let longer = Policy { expiry: POLICY.expiry + Duration::from_secs(more) };
            let due = plan(&seen, at(NOW), POLICY);
            prop_assert!(plan(&seen, at(NOW), longer).iter().all(|later| due.contains(later)));
        }
    }
}
