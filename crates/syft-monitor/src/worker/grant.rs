//! Mails about a granted peer because the data owner says so.

use std::collections::BTreeSet;

use syft_state::{
    Email, Timestamp,
    ledger::{self, Ledger, Op, Session},
};

use super::{Worker, lock};
use crate::{error::Error, event::Event, notice, round::Round, sight::INBOX};

impl Worker {
    /// Claims and sends the mail about a granted peer.
    pub(crate) async fn notify_peer_granted(
        &mut self,
        ds: &Email,
        now: Timestamp,
    ) -> Result<Round, Error> {
        let mut ledger = self.take_ledger()?;
        let outcome = self.grant(&mut ledger, ds, now).await;
        self.memory.ledger = Some(ledger);
        outcome
    }

    async fn grant(
        &mut self,
        ledger: &mut Ledger,
        ds: &Email,
        now: Timestamp,
    ) -> Result<Round, Error> {
        let mut session = lock(ledger, &self.setup.ledger).await?;
        self.check_account(session.state())?;
        self.check_peer(&mut session, ds, now).await?;
        let event = Event::PeerGranted { ds: ds.clone() };
        let ops = notice::claims(&event, session.state(), &self.setup.me, &self.routes(), now);
        if ops.is_empty() {
            return Err(Error::AlreadyTold { ds: ds.clone() });
        }
        session.commit(&ops)?;
        let mut round = Round::new(now);
        round.events.push(event);
        self.send(&mut session, BTreeSet::new(), now, &mut round)
            .await?;
        self.report(session.state(), now, &mut round);
        Ok(round)
    }

    /// T9: only a verified owner of an inbox is mailed, so a typing error reaches no stranger.
    async fn check_peer(
        &mut self,
        session: &mut Session<'_>,
        ds: &Email,
        now: Timestamp,
    ) -> Result<(), Error> {
        if session.state().own().peers.contains_key(&ds.key()) {
            return Ok(());
        }
        let mut round = Round::new(now);
        let seen = self.look_at_drive(session.state(), now, &mut round).await;
        // This look led to no decisions, so the next round has to begin anew.
        self.memory.cursor = None;
        self.memory.complete_at = None;
        let folders = seen.sight.map(|sight| sight.folders).unwrap_or_default();
        let peers: BTreeSet<Email> = folders
            .into_values()
            .filter(|folder| folder.kind == INBOX)
            .map(|folder| folder.peer)
            .collect();
        if peers.contains(ds) {
            let record = ledger::PeerRecord::new(ds.clone(), now);
            session.commit(&[Op::Peer {
                email: ds.clone(),
                record: Some(record),
            }])?;
            return Ok(());
        }
        Err(match round.trouble.into_iter().next() {
            Some(trouble) => Error::PeerUnverified {
                ds: ds.clone(),
                source: trouble.into_error(),
            },
            None => Error::UnknownPeer {
                ds: ds.clone(),
                known: list(&peers),
            },
        })
    }
}

fn list(peers: &BTreeSet<Email>) -> String {
    let names: Vec<String> = peers.iter().map(ToString::to_string).collect();
    if names.is_empty() {
        "nobody yet".to_owned()
    } else {
        names.join(", ")
    }
}
