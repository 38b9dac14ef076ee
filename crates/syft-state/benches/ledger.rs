//! What the bookkeeping of one mail costs: claimed, staged, sent, each on the disk.
//!
//! `cargo bench -p syft-state` prints the figures of Python's algorithm first
//! (`ledger_python.py`, where `python3` is installed).

use std::{path::Path, process::Command};

use divan::{Bencher, counter::ItemsCount};
use syft_state::{
    Email, Timestamp,
    fs::write_atomic,
    ledger::{
        EventRecord, FolderRecord, Ledger, NoticeJob, NoticeRecord, NoticeState, Op, PeerRecord,
        SentRecord, Session, State,
    },
};

const JOBS: [usize; 3] = [100, 1_000, 10_000];
const PEERS: usize = 50;

fn main() {
    for jobs in JOBS {
        print_python(jobs);
    }
    divan::main();
}

#[expect(clippy::print_stderr, reason = "a bench reports to its user")]
fn print_python(jobs: usize) {
    let dir = work_dir();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ledger_python.py");
    let status = Command::new("python3")
        .arg(script)
        .arg(dir.path())
        .arg(jobs.to_string())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!("no figures of Python");
    }
}

/// On the disk of the build, because a temporary directory may be kept in memory.
fn work_dir() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build can write its directory")
}

fn at(seconds: usize) -> Timestamp {
    Timestamp::from_seconds(1_765_362_413 + i64::try_from(seconds).expect("a small number"))
}

fn peer(number: usize) -> Email {
    format!("ds{:03}@example.org", number % PEERS)
        .parse()
        .expect("an address")
}

fn mark(key: String, mark: &str) -> Op {
    Op::Mark {
        key,
        mark: mark.to_owned(),
    }
}

fn filled(jobs: usize) -> State {
    let mut state = State::default();
    state.apply(&Op::Account(peer(0)));
    for number in 0..PEERS {
        let record = PeerRecord::new(peer(number), at(number));
        state.apply(&Op::Peer {
            email: peer(number),
            record: Some(record),
        });
        let record = FolderRecord::new(peer(number), "inbox", "W3");
        let id = format!("1AbCdEfGhIjKlMnOpQrStUvWxY{number:06}");
        state.apply(&Op::Folder {
            id,
            record: Some(record),
        });
    }
    for number in 0..jobs {
        let job = format!("analysis {number:05}");
        state.apply(&mark(
            format!("msg_1AbCdEfGhIjKlMnOpQrStUv{number:06}"),
            "processed",
        ));
        for event in ["new", "approved", "executed"] {
            state.apply(&mark(job.clone(), event));
            let record =
                EventRecord::new(at(number), Some(format!("<syft.{number:032}@example.org>")));
            let (ds, job, event) = (peer(number), job.clone(), event.to_owned());
            state.apply(&Op::Job {
                ds,
                job,
                event,
                record,
            });
        }
    }
    state
}

fn notice(number: usize, state: NoticeState) -> NoticeRecord {
    let payload = serde_json::json!({"event": "job_submitted", "job": {"ds": peer(number), "job": format!("bench {number}")}, "message": format!("bench{number}"), "details": {"kind": "python", "entrypoint": "main.py", "files": [["main.py", 512]], "file_count": 1}});
    let message_id = format!("<syft.{number:032}@example.org>");
    NoticeRecord {
        state,
        marks: vec![
            (format!("msg_bench{number}"), "processed".to_owned()),
            (format!("bench {number}"), "new".to_owned()),
        ],
        job: Some(NoticeJob {
            ds: peer(number),
            job: format!("bench {number}"),
            event: "new".to_owned(),
        }),
        ..NoticeRecord::new(peer(0), "new_job", payload, message_id, at(number))
    }
}

fn mail(session: &mut Session<'_>, number: usize) {
    let id = format!("new_job-{number:016}");
    let staged = NoticeState::Staged {
        draft: format!("r-{number:019}"),
    };
    let sent = SentRecord {
        at: at(number),
        to: peer(0),
        subject: format!("bench {number} waits for your review"),
        message_id: format!("<syft.{number:032}@example.org>"),
    };
    for op in [
        Op::PutNotice {
            id: id.clone(),
            record: notice(number, NoticeState::Claimed),
        },
        Op::PutNotice {
            id: id.clone(),
            record: notice(number, staged),
        },
        Op::Sent { id, record: sent },
    ] {
        session.commit(&[op]).expect("the disk takes it");
    }
}

/// Three commits, each synced with its directory.
#[divan::bench(args = JOBS, sample_count = 60, sample_size = 1)]
fn bookkeeping_of_a_mail(bencher: Bencher<'_, '_>, jobs: usize) {
    let dir = work_dir();
    let path = dir.path().join("notification_state.json");
    write_atomic(&path, filled(jobs).to_text().as_bytes(), 0o600).expect("the disk takes it");
    let mut ledger = Ledger::open(&path).expect("a ledger");
    let mut session = ledger.session().expect("nobody else knows the file");
    let mut number = 0;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        number += 1;
        mail(&mut session, number);
    });
}

/// What the daemon does when nothing happened: looks whether somebody edited the file.
#[divan::bench(args = JOBS)]
fn session_without_change(bencher: Bencher<'_, '_>, jobs: usize) {
    let dir = work_dir();
    let path = dir.path().join("notification_state.json");
    write_atomic(&path, filled(jobs).to_text().as_bytes(), 0o600).expect("the disk takes it");
    let mut ledger = Ledger::open(&path).expect("a ledger");
    bencher.bench_local(|| {
        ledger
            .session()
            .expect("nobody else knows the file")
            .state()
            .is_fresh()
    });
}

/// What an edit by hand costs: reading everything again.
#[divan::bench(args = JOBS)]
fn read_everything(bencher: Bencher<'_, '_>, jobs: usize) {
    let text = filled(jobs).to_text();
    bencher.bench_local(|| State::from_text(text.as_bytes()).map(|state| state.is_fresh()));
}
