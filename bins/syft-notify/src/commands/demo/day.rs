//! What happens on that day.

use serde_json::{Value, json};
use syft_monitor::fixtures::LocalState;
use syft_state::ledger::SentRecord;

use super::cast::{ALICE, BOB, CAROL};

/// Something that one of the people does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    AskToBePeer {
        ds: &'static str,
    },
    Accept {
        peers: &'static [&'static str],
    },
    Submit {
        ds: &'static str,
        job: &'static str,
        is_python: bool,
    },
    Reach {
        ds: &'static str,
        job: &'static str,
        state: LocalState,
    },
    Nothing,
}

/// A deed, told for the person who watches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) time: &'static str,
    pub(super) what: &'static str,
    pub(super) deed: Deed,
}

/// A step and the mails that it led to.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) time: &'static str,
    pub(super) what: String,
    pub(super) mails: Vec<SentRecord>,
}

impl Scene {
    pub(super) fn as_json(&self) -> Value {
        json!({"time": self.time, "what": self.what, "mails": self.mails})
    }
}

const AGES: &str = "count patients by age";
const TRIAL: &str = "trial outcome model";
const DUMP: &str = "copy everything";

pub(super) const STEPS: &[Step] = &[
    Step {
        time: "08:55",
        what: "Alice asks Olivia to become a peer.",
        deed: Deed::AskToBePeer { ds: ALICE },
    },
    Step {
        time: "09:10",
        what: "Olivia accepts Alice.",
        deed: Deed::Accept { peers: &[ALICE] },
    },
    Step {
        time: "09:30",
        what: "Alice submits a bash job.",
        deed: Deed::Submit {
            ds: ALICE,
            job: AGES,
            is_python: false,
        },
    },
    Step {
        time: "10:05",
        what: "Bob asks to become a peer and submits a Python job at once.",
        deed: Deed::Submit {
            ds: BOB,
            job: TRIAL,
            is_python: true,
        },
    },
    Step {
        time: "10:40",
        what: "So does Carol, with a job that wants too much.",
        deed: Deed::Submit {
            ds: CAROL,
            job: DUMP,
            is_python: true,
        },
    },
    Step {
        time: "11:00",
        what: "Olivia approves Alice's job.",
        deed: Deed::Reach {
            ds: ALICE,
            job: AGES,
            state: LocalState::Approved,
        },
    },
    Step {
        time: "11:20",
        what: "It runs, and succeeds.",
        deed: Deed::Reach {
            ds: ALICE,
            job: AGES,
            state: LocalState::Ran { return_code: 0 },
        },
    },
    Step {
        time: "12:00",
        what: "Nothing happens.",
        deed: Deed::Nothing,
    },
    Step {
        time: "14:15",
        what: "Olivia approves and runs Bob's job, which fails.",
        deed: Deed::Reach {
            ds: BOB,
            job: TRIAL,
            state: LocalState::Ran { return_code: 1 },
        },
    },
    Step {
        time: "15:30",
        what: "Olivia rejects Carol's job.",
        deed: Deed::Reach {
            ds: CAROL,
            job: DUMP,
            state: LocalState::Rejected,
        },
    },
    Step {
        time: "16:00",
        what: "Olivia accepts Bob, too.",
        deed: Deed::Accept {
            peers: &[ALICE, BOB],
        },
    },
];
