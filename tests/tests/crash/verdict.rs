//! Compares what arrived with what was due, and adds up.

use std::{collections::BTreeMap, fmt};

use syft_state::ledger::Ledger;

use crate::scene::{Arrived, Scene};

/// What a run of many disturbances came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Disturbances that were survived.
    pub(crate) points: usize,
    /// How often the program was killed, by what it was about to do.
    pub(crate) kills: BTreeMap<String, usize>,
    /// How often the program ended by itself, by what had gone wrong and its exit code.
    pub(crate) endings: BTreeMap<String, usize>,
    pub(crate) expected: usize,
    pub(crate) found: usize,
    pub(crate) lost: usize,
    pub(crate) double: usize,
    pub(crate) unexpected: usize,
    /// Mails that the program says it gave up.
    pub(crate) reported: usize,
    /// Starts that were needed until one ended well.
    pub(crate) restarts: usize,
    /// Everything that must not be, with the place where it was seen.
    pub(crate) problems: Vec<String>,
}

impl Tally {
    /// Counts the mails of a scene and notes what is wrong with it.
    ///
    /// A mail that the program has reported as given up may have arrived or not, but never twice.
    pub(crate) fn judge(&mut self, place: &str, scene: &Scene, due: &[Arrived]) {
        self.points += 1;
        let arrived = scene.arrived();
        let reported = self.reported(place, scene);
        self.reported += reported.len();
        self.expected += due.len();
        self.found += arrived.len();
        let (arrived, due, reported) = (counted(&arrived), counted(due), counted(&reported));
        for (mail, wanted) in &due {
            let (came, told) = (count(&arrived, mail), count(&reported, mail));
            if came + told < *wanted {
                self.lost += wanted - came - told;
                self.complain(place, format!("lost: {mail:?}"));
            }
        }
        for (mail, came) in &arrived {
            let wanted = count(&due, mail);
            if wanted == 0 {
                self.unexpected += came;
                self.complain(place, format!("unexpected: {mail:?}"));
            } else if *came > wanted {
                self.double += came - wanted;
                self.complain(place, format!("double: {mail:?}"));
            }
        }
        for leftover in scene.leftovers() {
            self.complain(place, format!("left behind: {leftover}"));
        }
    }

    pub(crate) fn complain(&mut self, place: &str, problem: impl fmt::Display) {
        self.problems.push(format!("{place}: {problem}"));
    }

    /// Returns the mails in the list of dead letters; nothing may wait any more.
    fn reported(&mut self, place: &str, scene: &Scene) -> Vec<Arrived> {
        let state = match Ledger::read(&scene.ledger()) {
            Ok(state) => state,
            Err(error) => {
                self.complain(place, error);
                return Vec::new();
            }
        };
        for (id, record) in &state.own().outbox {
            self.complain(place, format!("{id} still waits: {record:?}"));
        }
        let dead = state.own().dead.values();
        dead.map(|record| (record.to.to_string(), subject(record)))
            .collect()
    }

    /// Ends the test with the counts, and fails it if anything was wrong.
    #[track_caller]
    pub(crate) fn conclude(&self, title: &str) {
        crate::scale::say(&format!("{title}: {self}"));
        let problems = &self.problems[..self.problems.len().min(40)];
        assert!(problems.is_empty(), "{title}\n{}", problems.join("\n"));
        assert_eq!((self.lost, self.double, self.unexpected), (0, 0, 0));
        assert!(self.points > 0 && self.found > 0);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: usize = self.kills.values().sum();
        write!(
            f,
            "{} points, {kills} kills, {} restarts; mails: {} expected, {} found, {} lost, \
             {} double, {} unexpected, {} reported as given up; {} problems",
            self.points,
            self.restarts,
            self.expected,
            self.found,
            self.lost,
            self.double,
            self.unexpected,
            self.reported,
            self.problems.len(),
        )?;
        if self.kills.len() > 1 {
            write!(f, "\n  kills by system call: {:?}", self.kills)?;
        }
        if !self.endings.is_empty() {
            write!(f, "\n  failures and exit codes: {:?}", self.endings)?;
        }
        Ok(())
    }
}

/// The subject of a dead letter, which has only the parts of it on record.
fn subject(record: &syft_state::ledger::NoticeRecord) -> String {
    let job = record.job.as_ref().map(|job| job.job.as_str());
    let ds = || {
        let of_event = record.payload.as_object().and_then(|event| {
            let fields = event.values().find_map(|fields| fields.get("ds"));
            event.get("ds").or(fields)?.as_str()
        });
        of_event.unwrap_or_default().to_owned()
    };
    match (record.event.as_str(), job) {
        ("new_job", Some(job)) => format!("New Job: {job}"),
        ("job_approved", Some(job)) => format!("Job Approved: {job}"),
        ("job_executed", Some(job)) => format!("Job Completed: {job}"),
        ("job_rejected", Some(job)) => format!("Job Rejected: {job}"),
        ("peer_request", _) => format!("New Peer Request from {}", ds()),
        ("request_sent", _) => format!("Peer Request Sent to {}", crate::scene::OWNER),
        ("peer_granted", _) => format!("Peer Request Accepted: {}", crate::scene::OWNER),
        (other, _) => format!("no mail of these tests: {other}"),
    }
}

fn counted(mails: &[Arrived]) -> BTreeMap<&Arrived, usize> {
    mails.iter().fold(BTreeMap::new(), |mut counts, mail| {
        *counts.entry(mail).or_default() += 1;
        counts
    })
}

fn count(mails: &BTreeMap<&Arrived, usize>, mail: &Arrived) -> usize {
    mails.get(mail).copied().unwrap_or_default()
}
