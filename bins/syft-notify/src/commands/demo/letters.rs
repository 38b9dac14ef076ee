//! Leaves the mails of the day in a folder, with a page that lists them.

use std::path::{Path, PathBuf};

use serde::Serialize;
use syft_emulator::{Emulator, Mail};
use syft_state::{fs, ledger::SentRecord};

use super::cast::{ALICE, BOB, CAROL, OWNER};
use crate::exit::{Failure, Outcome};

/// Marks a folder that an earlier demo made, which this one may replace.
const INDEX: &str = "index.html";

/// A mail in the folder.
#[derive(Debug, Serialize)]
pub(super) struct Letter {
    to: String,
    subject: String,
    eml: PathBuf,
    html: PathBuf,
}

/// Makes the folder, and empties it of an earlier demo's mails.
pub(super) fn prepare(out: &Path) -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::error(format!("cannot write to {}: {error}", out.display()))
            .hint("choose another folder with --out DIR")
    };
    std::fs::create_dir_all(out).map_err(failed)?;
    let names: Vec<PathBuf> = std::fs::read_dir(out)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if names.is_empty() {
        return Ok(());
    }
    let is_ours = |path: &PathBuf| {
        path.extension()
            .is_some_and(|kind| kind == "eml" || kind == "html")
    };
    if !out.join(INDEX).exists() || !names.iter().all(is_ours) {
        return Err(Failure::error(format!(
            "{} holds files that are not of an earlier demo",
            out.display()
        ))
        .hint("choose another folder with --out DIR"));
    }
    names
        .iter()
        .try_for_each(std::fs::remove_file)
        .map_err(failed)
}

/// Writes the mails in the order in which they were sent.
pub(super) fn write(out: &Path, emulator: &Emulator, sent: &[&SentRecord]) -> Outcome<Vec<Letter>> {
    let mut mails: Vec<Mail> = [OWNER, ALICE, BOB, CAROL]
        .iter()
        .flat_map(|account| emulator.inbox(account))
        .collect();
    let order = |mail: &Mail| {
        sent.iter()
            .position(|sent| sent.message_id == mail.message_id)
    };
    mails.sort_by_key(order);
    let letters: Vec<Letter> = mails
        .iter()
        .enumerate()
        .map(|(index, mail)| write_one(out, index + 1, mail))
        .collect::<Outcome<_>>()?;
    save(&out.join(INDEX), index(&letters).as_bytes())?;
    Ok(letters)
}

fn write_one(out: &Path, number: usize, mail: &Mail) -> Outcome<Letter> {
    let to = mail.to.join(", ");
    let person = to.split('@').next().unwrap_or_default();
    let stem = format!("{number:02}-to-{person}-{}", slug(&mail.subject));
    let eml = out.join(format!("{stem}.eml"));
    let html = out.join(format!("{stem}.html"));
    save(&eml, &mail.raw)?;
    save(&html, mail.html.as_deref().unwrap_or_default().as_bytes())?;
    Ok(Letter {
        to,
        subject: mail.subject.clone(),
        eml,
        html,
    })
}

fn save(path: &Path, bytes: &[u8]) -> Outcome {
    fs::write_atomic(path, bytes, 0o644).map_err(Failure::error)
}

fn slug(subject: &str) -> String {
    let words = subject
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.take(6).collect::<Vec<_>>().join("-").to_lowercase()
}

fn index(letters: &[Letter]) -> String {
    let rows: String = letters.iter().map(row).collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>A day's mails</title><style>\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}}\
         ol{{padding:0;list-style:none}}li{{padding:.7rem 0;border-bottom:1px solid #8884}}\
         small{{opacity:.7;display:block}}</style><h1>A day's mails</h1><ol>{rows}</ol></html>\n"
    )
}

fn row(letter: &Letter) -> String {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let (html, eml) = (name(&letter.html), name(&letter.eml));
    let (subject, to) = (escape(&letter.subject), escape(&letter.to));
    format!(
        "<li><a href=\"{html}\">{subject}</a><small>to {to} · <a href=\"{eml}\">as a mail file</a></small></li>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
