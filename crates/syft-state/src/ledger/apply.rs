//! What each [`Op`] does to a [`State`], and how it is undone.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Serialize;

use super::{
    Bookkeeping, EventRecord, FolderRecord, HeartbeatRecord, JobRecord, NoticeJob, NoticeRecord,
    NoticeState, Op, PeerRecord, SentRecord, State, Table, job_key,
    notices::with_covered,
    records::{self, Name},
    render,
    state::is_peer_key,
};
use crate::{Email, Timestamp};

/// Sets one thing; what it replaces is again a change.
#[derive(Debug)]
pub(super) enum Change {
    Marks(String, Row<Vec<Name>>),
    Job(String, Row<JobRecord>),
    /// Address, name, and whether that job is over.
    Finished(String, String, bool),
    Snapshot(Option<Vec<String>>),
    Account(Option<Email>),
    Cursor(Option<String>),
    Reconciled(Option<Timestamp>),
    Folder(String, Option<FolderRecord>),
    Peer(String, Option<PeerRecord>),
    Outbox(String, Option<NoticeRecord>),
    Dead(String, Option<NoticeRecord>),
    Sent(u64, Vec<SentRecord>),
    Heartbeat(Option<HeartbeatRecord>),
}

impl State {
    /// Does what the op says and returns whether anything changed.
    pub fn apply(&mut self, op: &Op) -> bool {
        !self.apply_all(std::slice::from_ref(op)).is_empty()
    }

    /// Does what the ops say, one after the other, and returns how to undo it.
    pub(super) fn apply_all(&mut self, ops: &[Op]) -> Vec<Change> {
        let mut undo = Vec::new();
        for op in ops {
            match op {
                Op::Sent { id, record } => self.settle(id, record, &mut undo),
                op => self.set_all(self.changes(op), &mut undo),
            }
        }
        undo
    }

    /// Takes back what [`Self::apply_all`] did.
    pub(super) fn revert(&mut self, undo: Vec<Change>) {
        for change in undo.into_iter().rev() {
            self.set(change);
        }
    }

    fn changes(&self, op: &Op) -> Vec<Change> {
        match op {
            Op::Mark { key, mark } => self.mark(key, mark),
            Op::Unmark { key, mark } => self.unmark(key, mark.as_deref()),
            Op::PeerSnapshot(peers) => vec![Change::Snapshot(peers.clone())],
            Op::Account(account) => vec![Change::Account(Some(account.clone()))],
            Op::Cursor(cursor) => vec![Change::Cursor(cursor.clone())],
            Op::Reconciled(at) => vec![Change::Reconciled(Some(*at))],
            Op::Folder { id, record } => vec![Change::Folder(id.clone(), record.clone())],
            Op::Peer { email, record } => vec![Change::Peer(email.key(), record.clone())],
            Op::Job {
                ds,
                job,
                event,
                record,
            } => self.tell(ds, job, event, record),
            Op::ForgetJob { ds, job } => vec![
                Change::Job(job_key(ds, job), None),
                Change::Finished(ds.key(), job.clone(), false),
            ],
            Op::PutNotice { id, record } => vec![Change::Outbox(id.clone(), Some(record.clone()))],
            Op::RemoveNotice { id } => vec![Change::Outbox(id.clone(), None)],
            Op::Sent { .. } => Vec::new(),
            Op::Bury { id, error } => self.bury(id, error),
            Op::Revive { id } => self.revive(id),
            Op::Drop { id } => self.drop_notice(id),
            Op::Heartbeat(record) => vec![Change::Heartbeat(Some(record.clone()))],
        }
    }

    fn mark(&self, key: &str, mark: &str) -> Vec<Change> {
        if self.is_marked(key, mark) {
            return Vec::new();
        }
        // T3: the same peer in another spelling keeps the key that is there.
        let key = self.same_peers(key).first().map_or(key, String::as_str);
        let mut marks = self.marks.get(key).cloned().unwrap_or_default();
        marks.push(records::name(mark));
        vec![Change::Marks(key.to_owned(), Some((None, marks)))]
    }

    fn unmark(&self, key: &str, mark: Option<&str>) -> Vec<Change> {
        let same = self.same_peers(key).iter().map(String::as_str);
        let keys = same.chain((!is_peer_key(key)).then_some(key));
        keys.filter_map(|key| {
            let old = self.marks.get(key)?;
            let left: Vec<Name> = old
                .iter()
                .filter(|held| mark.is_some_and(|mark| mark != **held))
                .cloned()
                .collect();
            let value = if left.is_empty() {
                None
            } else {
                Some((None, left))
            };
            Some(Change::Marks(key.to_owned(), value))
        })
        .collect()
    }

    fn tell(&self, ds: &Email, job: &str, event: &str, record: &EventRecord) -> Vec<Change> {
        let key = job_key(ds, job);
        let is_finished = self.own.finished.contains(&ds.key(), job);
        let mut known = match self.own.jobs.get(&key) {
            Some(known) => known.clone(),
            None if is_finished => JobRecord::finished_before(record.at),
            None => JobRecord::default(),
        };
        known.set(
            event,
            EventRecord::new(record.at, record.message_id.clone()),
        );
        let is_over = known.is_finished();
        vec![
            Change::Job(key, (!is_over).then_some((None, known))),
            Change::Finished(ds.key(), job.to_owned(), is_over),
        ]
    }

    fn settle(&mut self, id: &str, record: &SentRecord, undo: &mut Vec<Change>) {
        for id in with_covered(&self.own.outbox, id) {
            self.settle_notice(&id, record, undo);
        }
        let mut last = self.own.last_sent.clone();
        last.push(record.clone());
        last.drain(..last.len().saturating_sub(Bookkeeping::LAST_SENT));
        self.set_all(
            vec![Change::Sent(self.own.sent_total.saturating_add(1), last)],
            undo,
        );
    }

    /// One change after the other, because several marks may belong to one key.
    fn settle_notice(&mut self, id: &str, record: &SentRecord, undo: &mut Vec<Change>) {
        let Some(notice) = self.own.outbox.get(id).cloned() else {
            return;
        };
        self.set_all(vec![Change::Outbox(id.to_owned(), None)], undo);
        if notice.via.is_some() {
            return;
        }
        for (key, mark) in &notice.marks {
            self.set_all(self.mark(key, mark), undo);
        }
        if let Some(NoticeJob { ds, job, event }) = &notice.job {
            let told = EventRecord::new(record.at, Some(record.message_id.clone()));
            self.set_all(self.tell(ds, job, event, &told), undo);
        }
    }

    fn bury(&self, id: &str, error: &str) -> Vec<Change> {
        let outbox = &self.own.outbox;
        let buried = with_covered(outbox, id).into_iter().filter_map(|id| {
            let dead = NoticeRecord {
                last_error: Some(error.to_owned()),
                ..outbox.get(&id)?.clone()
            };
            Some([
                Change::Outbox(id.clone(), None),
                Change::Dead(id, Some(dead)),
            ])
        });
        buried.flatten().collect()
    }

    fn revive(&self, id: &str) -> Vec<Change> {
        let dead = &self.own.dead;
        let revived = with_covered(dead, id).into_iter().filter_map(|revived| {
            let notice = dead.get(&revived)?.clone();
            let again = if revived == id {
                NoticeRecord {
                    state: NoticeState::Waiting,
                    attempts: 0,
                    retry_at: None,
                    collect: false,
                    ..notice
                }
            } else {
                notice
            };
            Some([
                Change::Dead(revived.clone(), None),
                Change::Outbox(revived, Some(again)),
            ])
        });
        revived.flatten().collect()
    }

    fn drop_notice(&self, id: &str) -> Vec<Change> {
        let Bookkeeping { outbox, dead, .. } = &self.own;
        let dead = with_covered(dead, id).into_iter();
        let dead = dead.map(|id| Change::Dead(id, None));
        let outbox = with_covered(outbox, id).into_iter();
        dead.chain(outbox.map(|id| Change::Outbox(id, None)))
            .collect()
    }

    fn set_all(&mut self, changes: Vec<Change>, undo: &mut Vec<Change>) {
        for change in changes {
            undo.extend(self.set(change));
        }
    }

    /// Makes the change and returns its opposite, or nothing if all is as it should be.
    fn set(&mut self, change: Change) -> Option<Change> {
        let own = &mut self.own;
        match change {
            Change::Marks(key, value) => self.set_marks(key, value),
            Change::Job(key, value) => self.set_job(key, value),
            Change::Finished(ds, job, value) => self.set_finished(ds, job, value),
            Change::Snapshot(value) => replace(&mut self.snapshot, value).map(Change::Snapshot),
            Change::Account(value) => replace(&mut own.account, value).map(Change::Account),
            Change::Cursor(value) => replace(&mut own.cursor, value).map(Change::Cursor),
            Change::Reconciled(value) => {
                replace(&mut own.reconciled_at, value).map(Change::Reconciled)
            }
            Change::Folder(id, value) => {
                let old = put(&mut own.folders, &mut self.lines.folders, &id, value)?;
                Some(Change::Folder(id, old))
            }
            Change::Peer(key, value) => {
                let old = put(&mut own.peers, &mut self.lines.peers, &key, value)?;
                Some(Change::Peer(key, old))
            }
            Change::Outbox(id, value) => {
                let old = put(&mut own.outbox, &mut self.lines.outbox, &id, value)?;
                Some(Change::Outbox(id, old))
            }
            Change::Dead(id, value) => {
                let old = put(&mut own.dead, &mut self.lines.dead, &id, value)?;
                Some(Change::Dead(id, old))
            }
            Change::Heartbeat(value) => replace(&mut own.heartbeat, value).map(Change::Heartbeat),
            Change::Sent(total, last) => {
                let total = std::mem::replace(&mut own.sent_total, total);
                Some(Change::Sent(
                    total,
                    std::mem::replace(&mut own.last_sent, last),
                ))
            }
        }
    }

    fn set_marks(&mut self, key: String, value: Row<Vec<Name>>) -> Option<Change> {
        let is_new = !self.marks.contains_key(&key);
        let is_gone = value.is_none();
        let old = set_row(&mut self.marks, &key, value)?;
        if is_new != is_gone && is_peer_key(&key) {
            self.folded = OnceLock::new();
        }
        Some(Change::Marks(key, old))
    }

    fn set_job(&mut self, key: String, value: Row<JobRecord>) -> Option<Change> {
        let is_new = !self.own.jobs.contains_key(&key);
        let is_gone = value.is_none();
        let old = set_row(&mut self.own.jobs, &key, value)?;
        if let Some((_, name)) = key.split_once('/') {
            self.count_name(name, i32::from(is_new) - i32::from(is_gone));
        }
        Some(Change::Job(key, old))
    }

    fn set_finished(&mut self, ds: String, job: String, value: bool) -> Option<Change> {
        self.own.finished.set(&ds, &job, value).then(|| {
            self.count_name(&job, if value { 1 } else { -1 });
            Change::Finished(ds, job, !value)
        })
    }

    pub(super) fn count_name(&mut self, job: &str, difference: i32) {
        let old = self.namesakes.get(job).copied().unwrap_or(0);
        match old.saturating_add_signed(difference) {
            0 => self.namesakes.remove(job),
            count => self.namesakes.insert(job.into(), count),
        };
    }
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> Option<T> {
    (*place != value).then(|| std::mem::replace(place, value))
}

/// A value of a table with its place; no place means where its key stands, or the end.
type Row<V> = Option<(Option<u32>, V)>;

/// Returns the row that was there before, unless it is the same.
fn set_row<V: PartialEq>(table: &mut Table<V>, key: &str, row: Row<V>) -> Option<Row<V>> {
    match row {
        None => table.remove(key).map(|(slot, old)| Some((Some(slot), old))),
        Some((_, value)) if table.get(key) == Some(&value) => None,
        Some((Some(slot), value)) if !table.contains_key(key) => {
            table.put_at(slot, key, value);
            Some(None)
        }
        Some((_, value)) => Some(table.insert(key, value).map(|old| (None, old))),
    }
}

/// Returns the value that was there before, unless it is the same.
fn put<V: PartialEq + Serialize>(
    values: &mut BTreeMap<String, V>,
    lines: &mut BTreeMap<String, String>,
    key: &str,
    value: Option<V>,
) -> Option<Option<V>> {
    if values.get(key) == value.as_ref() {
        return None;
    }
    Some(match value {
        Some(value) => {
            lines.insert(key.to_owned(), render::to_line(&value));
            values.insert(key.to_owned(), value)
        }
        None => {
            lines.remove(key);
            values.remove(key)
        }
    })
}
