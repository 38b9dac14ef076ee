//! Looks at Drive and at the disk, and opens what is new.

use syft_state::{
    Timestamp,
    ledger::{self, State},
};
use syft_transport::{Cursor, Drive};

use super::Worker;
use crate::{
    detect::{self, FirstLook, Grants, Observation},
    fetch,
    local_jobs::{self, Gap, LocalScan, ScanOptions},
    look::{self, Look, Plan},
    peers_file,
    round::{Round, Trouble},
    sight::Sight,
};

impl Worker {
    pub(super) async fn look_at_drive(
        &mut self,
        state: &State,
        now: Timestamp,
        round: &mut Round,
    ) -> Observation {
        let Some(drive) = self.setup.drive.clone() else {
            return Observation::default();
        };
        let own = state.own();
        let plan = self.plan(own, now);
        match look::look(&*drive, &self.setup.me, &own.folders, plan).await {
            Ok(Look {
                sight,
                cursor,
                complete,
            }) => {
                self.memory.cursor = Some(cursor);
                round.complete = complete;
                if complete {
                    self.memory.complete_at = Some(now);
                }
                self.read_peers_file(&*drive, &sight, complete, round).await;
                Observation {
                    sight: Some(sight),
                    grants: self.memory.grants.clone(),
                    ..Observation::default()
                }
            }
            Err(error) => {
                round.trouble.push(Trouble::Drive(error));
                Observation::default()
            }
        }
    }

    fn plan(&self, own: &ledger::Bookkeeping, now: Timestamp) -> Plan {
        let is_due = self
            .memory
            .complete_at
            .is_none_or(|at| now.since(at) >= self.setup.reconcile_every || now < at);
        match &self.memory.cursor {
            Some(cursor) if !is_due => Plan::Changes(cursor.clone()),
            memory => Plan::Everything {
                cursor: memory
                    .clone()
                    .or_else(|| own.cursor.clone().map(Cursor::new)),
                since: own.reconciled_at,
            },
        }
    }

    async fn read_peers_file(
        &mut self,
        drive: &dyn Drive,
        sight: &Sight,
        complete: bool,
        round: &mut Round,
    ) {
        let memory = &mut self.memory;
        if let Some(entry) = &sight.peers_file
            && memory.peers_file.as_ref() != Some(&(entry.id.clone(), entry.modified))
        {
            memory.unread_peers_file = Some(entry.clone());
        } else if complete && sight.peers_file.is_none() {
            memory.grants = Grants::NoFile;
        }
        let Some(entry) = memory.unread_peers_file.take() else {
            return;
        };
        let mut content = Vec::new();
        let read = drive
            .read(&entry.id, peers_file::MAX_LENGTH as u64, &mut content)
            .await;
        match read.and_then(|length| fetch::whole(length, entry.size, &entry.id)) {
            Ok(_) => match peers_file::parse(&content) {
                Ok(states) => {
                    memory.grants = Grants::Listed(states);
                    memory.peers_file = Some((entry.id, entry.modified));
                }
                Err(error) => {
                    memory.grants = Grants::Unknown;
                    round.remarks.push(format!(
                        "the peers file on Drive cannot be understood: {error}"
                    ));
                }
            },
            Err(error) => {
                memory.grants = Grants::Unknown;
                memory.unread_peers_file = Some(entry);
                round.trouble.push(Trouble::Drive(error));
            }
        }
    }

    pub(super) async fn open_messages(
        &self,
        state: &State,
        first: FirstLook,
        seen: &mut Observation,
        round: &mut Round,
    ) {
        let Some(drive) = &self.setup.drive else {
            return;
        };
        if !self.setup.scope.jobs() && first == FirstLook::Over {
            return;
        }
        let mut messages = seen
            .sight
            .as_ref()
            .map(|sight| sight.messages.clone())
            .unwrap_or_default();
        let again = self.memory.unopened.values();
        let again = again.filter(|old| messages.iter().all(|message| message.id != old.id));
        let again: Vec<_> = again.cloned().collect();
        messages.splice(0..0, again);
        let messages = detect::worth_opening(state, &messages, first);
        round.opened = messages.len();
        seen.opened = fetch::open_all(&**drive, messages, &self.setup.limits).await;
    }

    pub(super) async fn scan_local(&self, now: Timestamp) -> LocalScan {
        let root = self.setup.syftbox_root.join(self.setup.me.as_str());
        let scan =
            tokio::task::spawn_blocking(move || local_jobs::scan(&root, &ScanOptions::at(now)));
        scan.await.unwrap_or_else(|error| LocalScan {
            jobs: Vec::new(),
            gaps: vec![Gap {
                path: self.setup.syftbox_root.clone(),
                reason: error.to_string(),
            }],
        })
    }
}
