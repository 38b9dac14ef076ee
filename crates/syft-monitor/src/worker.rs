//! One round: look, open, decide, claim, send.

mod grant;
mod observe;
mod send;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use syft_state::{
    Email, Timestamp,
    ledger::{Bookkeeping, Ledger, Op, Session, State},
};
use syft_transport::{Cursor, Drive, Entry, FileId, Mailer};

use crate::{
    detect::{self, Circumstances, Detected, FirstLook, Grants, Observation, Scope},
    error::Error,
    halt::Halt,
    heartbeat::{self, Beat, Pulse},
    hold::{Held, Holds},
    monitor::SentListener,
    notice::Routes,
    outbox::{RetryPolicy, next_try},
    proposal::Limits,
    render::Renderer,
    round::{self, Round},
    sight::SeenMessage,
};

use send::Rest;
pub(crate) use send::Sink;

/// How long another process may hold the ledger before a round gives up.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// What a round works with; it does not change while the monitor runs.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) me: Email,
    pub(crate) syftbox_root: PathBuf,
    pub(crate) ledger: PathBuf,
    pub(crate) drive: Option<Arc<dyn Drive>>,
    pub(crate) drive_token: Option<PathBuf>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) sinks: Vec<Sink>,
    pub(crate) holds: Holds,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) renderer: Renderer,
    pub(crate) scope: Scope,
    pub(crate) notify_existing: bool,
    pub(crate) reconcile_every: Duration,
    pub(crate) policy: RetryPolicy,
    pub(crate) on_sent: Option<SentListener>,
    pub(crate) limits: Limits,
}

/// What a round hands to the next one and what may be lost at any time.
#[derive(Debug, Default)]
struct Memory {
    ledger: Option<Ledger>,
    cursor: Option<Cursor>,
    complete_at: Option<Timestamp>,
    grants: Grants,
    /// The peers file that `grants` came from.
    peers_file: Option<(FileId, Timestamp)>,
    /// The peers file that is still to be read.
    unread_peers_file: Option<Entry>,
    /// Messages that could not be read yet.
    unopened: BTreeMap<FileId, SeenMessage>,
    /// Remarks that were made already, so that a lasting trouble is logged once.
    remarked: BTreeSet<String>,
    /// When the first round began, and how many there were.
    running_since: Option<Timestamp>,
    looks: u64,
    /// The receivers besides the mails that did not answer, by name.
    resting: BTreeMap<String, Rest>,
}

#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) setup: Setup,
    pub(crate) halt: Halt,
    memory: Memory,
}

impl Worker {
    pub(crate) fn new(setup: Setup) -> Self {
        Self {
            setup,
            halt: Halt::default(),
            memory: Memory::default(),
        }
    }

    /// Looks once and mails what is due.
    pub(crate) async fn run_once(&mut self, now: Timestamp) -> Result<Round, Error> {
        let mut ledger = self.take_ledger()?;
        let outcome = self.round(&mut ledger, now).await;
        self.memory.ledger = Some(ledger);
        outcome
    }

    /// Takes the ledger out of the memory, so that its session does not borrow the worker.
    fn take_ledger(&mut self) -> Result<Ledger, Error> {
        match self.memory.ledger.take() {
            Some(ledger) => Ok(ledger),
            None => Ok(Ledger::open(&self.setup.ledger)?),
        }
    }

    async fn round(&mut self, ledger: &mut Ledger, now: Timestamp) -> Result<Round, Error> {
        let mut session = lock(ledger, &self.setup.ledger).await?;
        self.check_account(session.state())?;
        let mut round = Round::new(now);
        self.memory.running_since.get_or_insert(now);
        self.memory.looks += 1;
        let first = self.first_look(session.state());
        // What reaches the disk came by Drive: looking there afterwards misses no submission of it.
        let local = self.scan_local(now).await;
        let mut seen = self.look_at_drive(session.state(), now, &mut round).await;
        let mut fresh = BTreeSet::new();
        // A first look that misses something would call it new the next time.
        if first == FirstLook::Over || seen.sight.is_some() || self.setup.drive.is_none() {
            self.open_messages(session.state(), first, &mut seen, &mut round)
                .await;
            seen.local = local;
            fresh = self.record(&mut session, &seen, first, now, &mut round)?;
        }
        fresh.extend(self.beat(&mut session, now, &round)?);
        self.send(&mut session, fresh, now, &mut round).await?;
        self.report(session.state(), now, &mut round);
        Ok(round)
    }

    fn check_account(&self, state: &State) -> Result<(), Error> {
        match &state.own().account {
            Some(account) if *account != self.setup.me => Err(Error::OtherAccount {
                path: self.setup.ledger.clone(),
                found: account.clone(),
                expected: self.setup.me.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn first_look(&self, state: &State) -> FirstLook {
        if state.own().reconciled_at.is_some() || self.setup.notify_existing {
            FirstLook::Over
        } else if state.is_foreign() {
            FirstLook::Import
        } else {
            FirstLook::Seed
        }
    }

    /// Decides, and puts claims, marks and the cursor on record in one transaction.
    fn record(
        &mut self,
        session: &mut Session<'_>,
        seen: &Observation,
        first: FirstLook,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<BTreeSet<String>, Error> {
        let routes = self.routes();
        let circumstances = Circumstances {
            me: &self.setup.me,
            now,
            first,
            scope: self.setup.scope,
            tell_old: self.setup.notify_existing,
            routes: &routes,
        };
        let mut detected = detect::detect(session.state(), seen, &circumstances);
        self.keep_unopened(seen, &detected);
        self.add_position(session.state(), seen, first, now, &mut detected);
        session.commit(&detected.ops)?;
        round.seeded = first != FirstLook::Over;
        round.events = detected.events;
        round.remarks.extend(detected.remarks);
        round.remarks.extend(
            seen.local
                .gaps
                .iter()
                .map(|gap| format!("{}: {}", gap.path.display(), gap.reason)),
        );
        Ok(claimed(detected.ops).collect())
    }

    /// Puts a heartbeat on record if one is due.
    fn beat(
        &self,
        session: &mut Session<'_>,
        now: Timestamp,
        round: &Round,
    ) -> Result<Vec<String>, Error> {
        let Some(period) = self.setup.heartbeat else {
            return Ok(Vec::new());
        };
        let (state, holds) = (session.state(), &self.setup.holds);
        let ops = heartbeat::claim(state, holds, period, now, || {
            let Memory {
                running_since,
                looks,
                ..
            } = self.memory;
            Pulse::of(state.own(), round, running_since, looks)
        });
        session.commit(&ops)?;
        Ok(claimed(ops).collect())
    }

    fn routes(&self) -> Routes {
        let sinks = self.setup.sinks.iter();
        Routes {
            collect: self.setup.holds.digest.is_some(),
            sinks: sinks.map(|sink| sink.route.clone()).collect(),
        }
    }

    fn keep_unopened(&mut self, seen: &Observation, detected: &Detected) {
        let failed = seen
            .opened
            .iter()
            .filter(|opened| detected.unopened.contains(&opened.message.id));
        self.memory.unopened = failed
            .map(|opened| (opened.message.id.clone(), opened.message.clone()))
            .collect();
    }

    /// The place to go on from is kept only when everything up to it has been recorded, and
    /// never by a monitor that ignores half of what it sees.
    fn add_position(
        &self,
        state: &State,
        seen: &Observation,
        first: FirstLook,
        now: Timestamp,
        detected: &mut Detected,
    ) {
        let own = state.own();
        if own.account.is_none() {
            detected.ops.push(Op::Account(self.setup.me.clone()));
        }
        let is_whole = first != FirstLook::Over || self.setup.scope == Scope::Everything;
        let has_gaps = !detected.unopened.is_empty();
        if !is_whole || has_gaps {
            return;
        }
        let cursor = self.memory.cursor.as_ref().map(ToString::to_string);
        if seen.sight.is_some() && own.cursor != cursor {
            detected.ops.push(Op::Cursor(cursor));
        }
        let is_complete = self.memory.complete_at == Some(now) || self.setup.drive.is_none();
        if is_complete && (seen.sight.is_some() || own.reconciled_at.is_none()) {
            detected.ops.push(Op::Reconciled(now));
        }
    }

    fn report(&mut self, state: &State, now: Timestamp, round: &mut Round) {
        let own = state.own();
        let held = self.setup.holds.at(state, now);
        round.waiting = own.waiting().count();
        round.held = own
            .waiting()
            .filter(|(_, record)| held.of(record).is_some())
            .count();
        round.quiet_until = held.quiet;
        round.next_wake = self.next_wake(own, &held, now);
        round.dead = own.given_up().count();
        round.folders = round::generations(own);
        let said = std::mem::take(&mut self.memory.remarked);
        for remark in &round.remarks {
            if !said.contains(remark) {
                tracing::warn!("⚠️  {remark}");
            }
        }
        self.memory.remarked = round.remarks.iter().cloned().collect();
    }

    fn next_wake(&self, own: &Bookkeeping, held: &Held<'_>, now: Timestamp) -> Option<Timestamp> {
        let tries = own.waiting().filter_map(|(_, record)| {
            let next = next_try(record, &self.setup.policy, held, now);
            next.max(self.rests_until(record, now))
        });
        let beat = self.setup.heartbeat.and_then(|period| {
            let last = own.heartbeat.as_ref().map(|record| record.at);
            match heartbeat::decide(last, period, &self.setup.holds, now) {
                Beat::Wait(until) => Some(until),
                Beat::Mail(_) | Beat::Anew => None,
            }
        });
        tries.chain(beat).min()
    }
}

/// Returns the names of the notices that a transaction puts into the outbox.
fn claimed(ops: Vec<Op>) -> impl Iterator<Item = String> {
    ops.into_iter().filter_map(|op| match op {
        Op::PutNotice { id, .. } => Some(id),
        _ => None,
    })
}

/// Waits for the ledger's lock, which another program holds only while it works on a round.
async fn lock<'a>(ledger: &'a mut Ledger, path: &std::path::Path) -> Result<Session<'a>, Error> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    while !ledger.try_lock()? {
        if tokio::time::Instant::now() >= deadline {
            return Err(Error::Locked {
                path: path.to_owned(),
            });
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Ok(ledger.session()?)
}

#[cfg(test)]
mod tests;
