//! Google inside a program: two accounts, a shared file, a mail whose answer is lost.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, path::Path, sync::Arc};

use syft_emulator::{Effect, Emulator, Fault, Options, scopes};
use syft_state::{Email, Timestamp, fs};
use syft_transport::{
    Content, Drive as _, Mail, Mailer as _, MessageId, NewEntry, Query, Role,
    google::{Endpoints, Gmail, GoogleDrive, Tokens},
    http::{self, Budget, Client, Proxies},
};

const OWNER: &str = "owner@clinic.example";
const SCIENTIST: &str = "ada@uni.example";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let emulator = Emulator::start(Options::default()).await?;
    println!("Google is at {}", emulator.url());

    let hers = tokens(&emulator, dir.path(), SCIENTIST, &[scopes::DRIVE])?;
    let his = tokens(
        &emulator,
        dir.path(),
        OWNER,
        &[scopes::DRIVE, scopes::GMAIL_COMPOSE],
    )?;

    let drive = GoogleDrive::new(&hers, Budget::DRIVE);
    let folder = drive
        .create(entry("results", None, Content::Folder))
        .await?;
    let content = Content::Bytes(b"age,count\n".to_vec().into());
    drive
        .create(entry("rows.csv", Some(&folder), content))
        .await?;
    let seen = GoogleDrive::new(&his, Budget::DRIVE);
    println!("{OWNER} sees {} files", count(&seen).await?);
    drive
        .share(&folder.id, &OWNER.parse()?, Role::Reader)
        .await?;
    println!(
        "{OWNER} sees {} files after the sharing",
        count(&seen).await?
    );

    // Google sends the mail, and the answer is lost. Sending the same draft again is safe.
    emulator.inject(
        Fault::new(Effect::DropAfter)
            .api("gmail.users.drafts.send")
            .times(1),
    );
    let gmail = Gmail::connect(&his, Budget::GMAIL).await?;
    let mail = mail()?;
    let draft = gmail.stage(&mail).await?;
    gmail.send(&mail, draft.as_ref()).await?;
    println!("{SCIENTIST} has {} mail", emulator.inbox(SCIENTIST).len());

    for (method, calls) in emulator.request_counts() {
        println!("{calls:>4}  {method}");
    }
    Ok(emulator.shutdown().await?)
}

/// Writes a token file as if the account had logged in, and opens it.
fn tokens(
    emulator: &Emulator,
    dir: &Path,
    account: &str,
    scopes: &[&str],
) -> Result<Arc<Tokens>, Box<dyn Error>> {
    let file = dir.join(format!("{account}.json"));
    let token = serde_json::to_vec(&emulator.token(account, scopes))?;
    fs::write_atomic(&file, &token, 0o600)?;
    let client = Client::new(http::Options {
        proxies: Proxies::Never,
        ..http::Options::default()
    })?;
    let endpoints = Endpoints::at(&emulator.url().parse()?).ok_or("no address of a server")?;
    Ok(Tokens::open(&client, &endpoints, &file)?)
}

fn entry(name: &str, parent: Option<&syft_transport::Entry>, content: Content) -> NewEntry {
    NewEntry {
        id: None,
        name: name.to_owned(),
        parent: parent.map(|folder| folder.id.clone()),
        content,
    }
}

async fn count(drive: &GoogleDrive) -> Result<usize, Box<dyn Error>> {
    Ok(drive.list(&Query::default(), None).await?.entries.len())
}

fn mail() -> Result<Mail, Box<dyn Error>> {
    let from: Email = OWNER.parse()?;
    Ok(Mail {
        message_id: MessageId::new("example-1", &from),
        from,
        from_name: "SyftBox".to_owned(),
        to: SCIENTIST.parse()?,
        subject: "Thank you for the file".to_owned(),
        date: Timestamp::from_seconds(1_795_257_000),
        text: "It has arrived.\n".to_owned(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        about: None,
    })
}
