//! Whether the hub of a local backend is there.

use std::path::{Path, PathBuf};

use rustix::fs::Access;
use syft_state::Email;
use syft_transport::LocalDrive;

use super::{
    drive,
    finding::{Finding, quoted},
};
use crate::exit::chain;

const TOPIC: &str = "hub";
/// What a hub holds as soon as it was used.
const PARTS: [&str; 3] = ["entries", "content", "mail"];

#[derive(Clone, Debug)]
pub(super) enum State {
    Missing,
    Closed,
    /// Nobody has used it yet.
    Empty,
    Unusable(String),
    Open,
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) path: PathBuf,
    pub(super) state: State,
}

/// Looks at a hub; one that nobody has used yet is not opened, for that would make its parts.
pub(super) async fn gather(path: &Path, owner: &Email) -> (Facts, Option<drive::Facts>) {
    let facts = |state| Facts {
        path: path.to_owned(),
        state,
    };
    if !path.is_dir() {
        return (facts(State::Missing), None);
    }
    if rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return (facts(State::Closed), None);
    }
    if PARTS.iter().any(|part| !path.join(part).is_dir()) {
        return (facts(State::Empty), None);
    }
    let drive = match LocalDrive::open(path, owner.clone()) {
        Ok(drive) => drive,
        Err(error) => return (facts(State::Unusable(chain(&error))), None),
    };
    let began = tokio::time::Instant::now();
    let folders = drive::list(&drive, owner).await;
    let about = drive::Facts {
        place: format!("the hub {}", path.display()),
        took: began.elapsed(),
        folders: folders.map_err(|error| chain(&error)),
    };
    (facts(State::Open), Some(about))
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let path = facts.path.display();
    let finding = match &facts.state {
        State::Missing => Finding::problem(TOPIC, format!("there is no directory {path}"))
            .because("jobs and mails travel through it")
            .mend("mount it, or correct `backend` in the config"),
        State::Closed => Finding::problem(TOPIC, format!("{path} is closed to you"))
            .because("jobs and mails travel through it")
            .mend(format!("ls -ld {}", quoted(&facts.path))),
        State::Empty => Finding::ok(TOPIC, format!("nobody has used {path} yet")),
        State::Unusable(reason) => {
            Finding::problem(TOPIC, format!("{path} cannot be used")).because(reason)
        }
        State::Open => return Vec::new(),
    };
    vec![finding]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[track_caller]
    fn check(state: State, expected: &[&str]) {
        let path = "/hub".into();
        assert_eq!(lines(&findings(&Facts { path, state })), expected);
    }

    #[test]
    fn hubs() {
        check(State::Open, &[]);
        check(State::Empty, &["✅ nobody has used /hub yet"]);
        check(
            State::Missing,
            &[
                "❌ there is no directory /hub — jobs and mails travel through it — mount it, or \
               correct `backend` in the config",
            ],
        );
        check(
            State::Closed,
            &["❌ /hub is closed to you — jobs and mails travel through it — ls -ld /hub"],
        );
        check(
            State::Unusable("it holds other things".to_owned()),
            &["❌ /hub cannot be used — it holds other things"],
        );
    }

    #[tokio::test]
    async fn a_hub_that_nobody_has_used_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (facts, drive) = gather(dir.path(), &"do@x.org".parse().unwrap()).await;
        assert!(matches!(facts.state, State::Empty) && drive.is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
