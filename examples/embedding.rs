//! Start, work, stop: the monitor inside another program, as a notebook server would have it.
//!
//! A temporary directory plays Google for both sides. With a config file, the monitor is made
//! by [`NotificationMonitor::from_config`] instead of the builder; the rest stays the same.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use syft_monitor::{
    NotificationMonitor, Observer, Round,
    fixtures::{Layout, LocalState, SampleClient, SampleJob},
};
use syft_state::Email;
use syft_transport::{LocalDrive, LocalMailer};
use tokio::sync::mpsc;

const OWNER: &str = "owner@clinic.example";
const SCIENTIST: &str = "ada@uni.example";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (hub, syftbox) = (dir.path().join("hub"), dir.path().join("SyftBox"));
    std::fs::create_dir_all(syftbox.join(OWNER))?;

    let mut monitor = monitor(&hub, &syftbox, &dir.path().join("notification_state.json"))?;
    let (rounds, mut news) = mpsc::channel(16);
    monitor.start(Some(observer(rounds)))?;
    next(&mut news).await?;
    println!("started; the first look mails nothing");

    let drive = Arc::new(LocalDrive::open(&hub, SCIENTIST.parse()?)?);
    let job = SampleJob::python(Layout::W4, OWNER, SCIENTIST, "mean age");
    SampleClient::new(drive).submit(&job).await?;
    monitor.run_once().await?;
    println!("a job was submitted, and mailed at once");

    job.write_local(&syftbox.join(OWNER), LocalState::Ran { return_code: 0 })?;
    // This time nobody asks: the monitor looks by itself, once a second.
    for subject in next(&mut news).await? {
        println!("mailed: {subject}");
    }

    monitor.stop().await?;
    println!("stopped");
    for inbox in [OWNER, SCIENTIST] {
        let mails = std::fs::read_dir(hub.join("mail").join(inbox))?.count();
        println!("{inbox} has {mails} mails");
    }
    Ok(())
}

fn monitor(
    hub: &Path,
    syftbox: &Path,
    ledger: &Path,
) -> Result<NotificationMonitor, Box<dyn Error>> {
    let me: Email = OWNER.parse()?;
    let mailer = Arc::new(LocalMailer::open(hub, me.clone())?);
    let drive = Arc::new(LocalDrive::open(hub, me.clone())?);
    Ok(NotificationMonitor::builder(me, syftbox, ledger, mailer)
        .drive(drive)
        .interval(Duration::from_secs(1), None)
        .build())
}

/// Is called after every look; it must not wait, so it hands the news on.
fn observer(rounds: mpsc::Sender<Vec<String>>) -> Observer {
    Box::new(move |outcome, _until_next| match outcome {
        Ok(round) if is_news(round) => {
            let subjects = round.sent.iter().map(|mail| mail.subject.clone());
            if rounds.try_send(subjects.collect()).is_err() {
                println!("nobody listens");
            }
        }
        Ok(_) => {}
        Err(error) => println!("the look failed: {error}"),
    })
}

fn is_news(round: &Round) -> bool {
    round.seeded || !round.sent.is_empty()
}

async fn next(news: &mut mpsc::Receiver<Vec<String>>) -> Result<Vec<String>, Box<dyn Error>> {
    let waited = tokio::time::timeout(Duration::from_secs(30), news.recv()).await?;
    waited.ok_or_else(|| "the monitor has ended".into())
}
