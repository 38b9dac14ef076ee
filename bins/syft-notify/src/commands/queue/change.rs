//! Mails that are sent again after all, or taken off the record.

use syft_state::ledger::{EventRecord, Ledger, NoticeRecord, NoticeState, Op, State};

use crate::{
    args::NoticeArgs,
    commands::{
        state::{confirm, wait_for},
        status,
    },
    exit::{Failure, Outcome},
    session,
    term::{self, GOOD, count, paint},
};

/// A name is suggested for one that is not there if they are this much alike, between 0 and 1.
const ALIKE: f64 = 0.8;

/// What is to become of mails.
struct Change {
    /// In words, as in "there is no mail to send again".
    verb: &'static str,
    question: fn(&str, usize) -> String,
    done: fn(&str) -> String,
    /// Returns the steps for one mail, unless there is no such mail.
    ops: fn(&State, &str) -> Option<Vec<Op>>,
}

pub(super) async fn retry(args: NoticeArgs) -> Outcome {
    let question = |mails: &str, doubtful: usize| {
        if doubtful == 0 {
            format!("Send {mails} again at the next look?")
        } else {
            format!(
                "Send {mails} again? {doubtful} of them may have arrived already, and would arrive twice."
            )
        }
    };
    let change = Change {
        verb: "send again",
        question,
        done: |mails| format!("{mails} will be sent at the next look."),
        ops: retry_ops,
    };
    change.make(args).await
}

pub(super) async fn drop(args: NoticeArgs) -> Outcome {
    let change = Change {
        verb: "drop",
        question: |mails, _| format!("Take {mails} off the record? Nobody will be told."),
        done: |mails| format!("{mails} will never be sent."),
        ops: drop_ops,
    };
    change.make(args).await
}

/// A mail that waits for its next try need not wait once its trouble is mended.
fn retry_ops(state: &State, name: &str) -> Option<Vec<Op>> {
    let id = name.to_owned();
    if state.own().dead.contains_key(name) {
        return Some(vec![Op::Revive { id }]);
    }
    let waiting = state.own().outbox.get(name)?;
    let record = NoticeRecord {
        retry_at: None,
        collect: false,
        ..waiting.clone()
    };
    Some(vec![Op::PutNotice { id, record }])
}

/// What would be on record had the mail been sent, so that the next look does not claim it anew.
fn drop_ops(state: &State, name: &str) -> Option<Vec<Op>> {
    let own = state.own();
    let find = |name: &str| own.dead.get(name).or_else(|| own.outbox.get(name));
    let record = find(name)?;
    let covered = record.covers.iter().filter_map(|covered| find(covered));
    let mut ops: Vec<Op> = [record]
        .into_iter()
        .chain(covered)
        .flat_map(settled)
        .collect();
    let id = name.to_owned();
    ops.push(Op::Drop { id });
    Some(ops)
}

/// Nothing hangs on what a webhook was told.
fn settled(record: &NoticeRecord) -> Vec<Op> {
    if record.via.is_some() {
        return Vec::new();
    }
    let marks = record.marks.iter().map(|(key, mark)| Op::Mark {
        key: key.clone(),
        mark: mark.clone(),
    });
    let job = record.job.as_ref().map(|job| Op::Job {
        ds: job.ds.clone(),
        job: job.job.clone(),
        event: job.event.clone(),
        record: EventRecord::new(status::now(), None),
    });
    marks.chain(job).collect()
}

impl Change {
    async fn make(self, args: NoticeArgs) -> Outcome {
        let config = session::load(&args.confirm.config)?;
        let state = status::state(&config)?.unwrap_or_default();
        let names = names(&args, &state);
        if names.is_empty() {
            term::say(format_args!(
                "No mail was given up: there is nothing to {}.",
                self.verb
            ));
            return Ok(());
        }
        for name in &names {
            if let Some(digest) = state.own().digest_of(name) {
                let message = format!("{name} is part of the digest {digest}");
                return Err(Failure::error(message).hint("name the digest in its place"));
            }
            if (self.ops)(&state, name).is_none() {
                return Err(self.no_such(name, &state));
            }
        }
        let doubtful = names.iter().filter(|name| is_doubtful(&state, name));
        let question = (self.question)(&count(names.len(), "mail"), doubtful.count());
        confirm(args.confirm.yes, question).await?;
        // A monitor may have gone on while the person thought.
        let mut ledger = Ledger::open(&config.state_path)?;
        wait_for(&mut ledger).await?;
        let mut session = ledger.session()?;
        let changes: Vec<Vec<Op>> = names
            .iter()
            .filter_map(|name| (self.ops)(session.state(), name))
            .collect();
        let mails = count(changes.len(), "mail");
        session.commit(&changes.concat())?;
        term::say(format_args!(
            "{} {}",
            paint(GOOD, "Done:"),
            (self.done)(&mails)
        ));
        Ok(())
    }

    fn no_such(&self, name: &str, state: &State) -> Failure {
        let failure = Failure::error(format!("there is no mail {name:?} to {}", self.verb));
        let own = state.own();
        let known = own.dead.keys().chain(own.outbox.keys());
        match most_alike(name, known.map(String::as_str)) {
            Some(known) => failure.hint(format!(
                "is it {known}? `syft-notify queue list` shows them all"
            )),
            None => failure.hint("syft-notify queue list"),
        }
    }
}

/// Returns the given names, each once, or those of all mails that were given up.
fn names(args: &NoticeArgs, state: &State) -> Vec<String> {
    if args.all {
        let given_up = state.own().given_up();
        return given_up.map(|(name, _)| name.to_owned()).collect();
    }
    let mut names = args.names.clone();
    names.sort();
    names.dedup();
    names
}

/// The beginning of a name is as good as a name with a letter wrong.
fn most_alike<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| {
        if !name.is_empty() && known.starts_with(name) {
            1.0
        } else {
            strsim::normalized_levenshtein(name, known)
        }
    };
    known
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

fn is_doubtful(state: &State, name: &str) -> bool {
    state
        .own()
        .dead
        .get(name)
        .is_some_and(|record| record.state == NoticeState::Ambiguous)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use syft_state::{
        Timestamp,
        ledger::{NoticeJob, job_key},
    };

    use super::*;

    /// Returns a ledger with a digest of two mails, one of which is about a job.
    fn digest(path: &Path) -> Ledger {
        let mut ledger = Ledger::open(path).unwrap();
        let me = || "do@example.org".parse().unwrap();
        let record = |event: &str| {
            let id = format!("<{event}@example.org>");
            NoticeRecord::new(me(), event, serde_json::Value::Null, id, Timestamp::EPOCH)
        };
        let mut first = record("new_job");
        first.marks = vec![("one".to_owned(), "new".to_owned())];
        first.job = Some(NoticeJob {
            ds: "ds@example.org".parse().unwrap(),
            job: "one".to_owned(),
            event: "new".to_owned(),
        });
        let mut second = record("peer_request");
        second.marks = vec![("peer".to_owned(), "new_peer_request".to_owned())];
        let mut digest = record("digest");
        digest.covers = vec!["first".to_owned(), "second".to_owned()];
        let mut hook = record("new_job");
        hook.via = Some("ops".to_owned());
        hook.marks = vec![("two".to_owned(), "new".to_owned())];
        let notices = [
            ("first", first),
            ("second", second),
            ("digest", digest),
            ("hook", hook),
        ];
        let ops = notices.map(|(id, record)| Op::PutNotice {
            id: id.to_owned(),
            record,
        });
        ledger.session().unwrap().commit(&ops).unwrap();
        ledger
    }

    #[test]
    fn what_a_dropped_digest_covers_is_not_told_anew() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = digest(&dir.path().join("state.json"));
        let mut session = ledger.session().unwrap();
        let ops = drop_ops(session.state(), "digest").unwrap();
        session.commit(&ops).unwrap();
        let state = session.state();
        assert!(state.is_marked("one", "new"));
        assert!(state.is_marked("peer", "new_peer_request"));
        assert_eq!(state.own().outbox.keys().collect::<Vec<_>>(), ["hook"]);
        let job = job_key(&"ds@example.org".parse().unwrap(), "one");
        assert!(state.own().jobs.get(&job).is_some_and(|job| job.has("new")));
    }

    #[test]
    fn nothing_hangs_on_a_webhook() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = digest(&dir.path().join("state.json"));
        let session = ledger.session().unwrap();
        let ops = drop_ops(session.state(), "hook").unwrap();
        let id = "hook".to_owned();
        assert_eq!(ops, [Op::Drop { id }]);
        assert_eq!(drop_ops(session.state(), "nothing"), None);
        assert_eq!(retry_ops(session.state(), "nothing"), None);
    }

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let known = ["new_job-0123456789abcdef", "peer_request-fedcba9876543210"];
        assert_eq!(most_alike(name, known.into_iter()), expected);
    }

    #[test]
    fn a_mistyped_name_finds_the_mail_that_was_meant() {
        check("new_job-0123456789abcdeg", Some("new_job-0123456789abcdef"));
        check("new_job-0123", Some("new_job-0123456789abcdef"));
        check(
            "peer-request-fedcba9876543210",
            Some("peer_request-fedcba9876543210"),
        );
        check("something else", None);
        check("", None);
    }
}
