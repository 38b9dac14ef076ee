//! What SyftBox clients write, in every layout, for tests and demonstrations.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! use syft_monitor::fixtures::{Layout, LocalState, SampleJob};
//!
//! let job = SampleJob::python(Layout::W4, "do@x.org", "ds@y.org", "count the rows");
//! assert_eq!(job.folder_name(), "syft_datasite#0.1.117#do@x.org#inbox#ds@y.org");
//! assert!(job.message_name().starts_with("msgv2_"));
//! assert_eq!(job.message()[..2], [0x1f, 0x8b]);
//!
//! let root = tempfile::tempdir()?;
//! job.write_local(root.path(), LocalState::Approved)?;
//! # Ok(())
//! # }
//! ```

mod client;
mod local;

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use syft_state::{Email, Timestamp};
use uuid::Uuid;

pub use client::SampleClient;
pub use local::LocalState;

use crate::{
    layout::{Generation, JobLayout, Version, archive_name, inbox_name, message_name},
    proposal::MEMBER,
};

/// The four layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Releases up to 0.1.101.
    W1,
    /// 0.1.102 and 0.1.103.
    W2,
    /// 0.1.104 to 0.1.112.
    W3,
    /// From 0.1.113 on.
    W4,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::W1, Self::W2, Self::W3, Self::W4];

    /// Returns how this layout names folders.
    #[must_use]
    pub fn generation(self) -> Generation {
        let (major, minor, patch) = (0, 1, 117);
        match self {
            Self::W1 => Generation::W1,
            Self::W2 | Self::W3 => Generation::W2W3,
            Self::W4 => Generation::W4 {
                version: Version {
                    major,
                    minor,
                    patch,
                },
            },
        }
    }

    /// Returns where this layout keeps jobs.
    #[must_use]
    pub fn job_layout(self) -> JobLayout {
        match self {
            Self::W1 => JobLayout::W1,
            Self::W2 => JobLayout::W2,
            Self::W3 | Self::W4 => JobLayout::W3W4,
        }
    }
}

/// A job as a data scientist's client submits it.
#[derive(Clone, Debug)]
pub struct SampleJob {
    /// In which layout.
    pub layout: Layout,
    /// To whom.
    pub data_owner: Email,
    /// By whom.
    pub ds: Email,
    /// Its name, which is also the name of its directory.
    pub name: String,
    /// Whether it runs `main.py` instead of a shell script.
    pub is_python: bool,
    /// When; also the time in the name of the message.
    pub submitted: Timestamp,
}

impl SampleJob {
    /// Returns a job that runs a shell script.
    ///
    /// # Panics
    /// When one of the addresses is none: this is for tests.
    #[must_use]
    pub fn bash(layout: Layout, data_owner: &str, ds: &str, name: &str) -> Self {
        Self {
            layout,
            data_owner: data_owner
                .parse()
                .expect("the address of a fixture is valid"),
            ds: ds.parse().expect("the address of a fixture is valid"),
            name: name.to_owned(),
            is_python: false,
            submitted: Timestamp::from_micros(1_795_256_812_902_298),
        }
    }

    /// Returns a job that runs a Python program.
    ///
    /// # Panics
    /// As [`Self::bash`].
    #[must_use]
    pub fn python(layout: Layout, data_owner: &str, ds: &str, name: &str) -> Self {
        Self {
            is_python: true,
            ..Self::bash(layout, data_owner, ds, name)
        }
    }

    /// Returns the name of the Drive folder that the data scientist creates for proposals.
    #[must_use]
    pub fn folder_name(&self) -> String {
        inbox_name(self.layout.generation(), &self.data_owner, &self.ds)
    }

    /// Returns the name of the Drive folder into which the data owner's client moves them.
    #[must_use]
    pub fn archive_name(&self) -> String {
        archive_name(&self.data_owner, &self.ds)
    }

    /// Returns the name of the message on Drive; it is always the same for the same job.
    #[must_use]
    pub fn message_name(&self) -> String {
        message_name(self.submitted, self.uid())
    }

    /// Returns the message as it is uploaded.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        archive(&[(MEMBER, self.proposal().as_bytes())])
    }

    /// Returns the JSON in the message.
    #[must_use]
    pub fn proposal(&self) -> String {
        let seconds = self.submitted.as_micros() as f64 / 1e6;
        let uid = self.uid().to_string();
        let change = |(path, content): (String, String)| {
            json!({
                "id": uid, "old_hash": null, "submitted_timestamp": seconds,
                "path_in_datasite": path, "content": content, "content_type": "text",
                "datasite_email": self.data_owner, "is_deleted": false,
            })
        };
        let changes: Vec<_> = self.files().into_iter().map(change).collect();
        let proposal = json!({
            "id": uid, "sender_email": self.ds,
            "message_filename": { "submitted_timestamp": seconds, "uid": uid },
            "proposed_file_changes": changes,
        });
        format!("{proposal:#}")
    }

    /// Returns the directory of the job in the datasite, with a slash at its end.
    #[must_use]
    pub fn directory(&self) -> String {
        let Self { ds, name, .. } = self;
        match self.layout.job_layout() {
            JobLayout::W1 => format!("app_data/job/{name}/"),
            JobLayout::W2 => format!("app_data/job/{ds}/{name}/"),
            JobLayout::W3W4 => format!("app_data/job/inbox/{ds}/{name}/"),
        }
    }

    /// Returns the files of the job: their paths in the datasite and their contents.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let (code, content) = match self.is_python {
            true => ("main.py", "print('hi')\n"),
            false => ("script.sh", "echo hi\n"),
        };
        let mut files = vec![
            ("config.yaml".to_owned(), self.config()),
            ("run.sh".to_owned(), "#!/bin/bash\necho hi\n".to_owned()),
        ];
        if self.layout.job_layout() == JobLayout::W3W4 {
            files.push((format!("code/{code}"), content.to_owned()));
        } else if self.is_python {
            files.push((code.to_owned(), content.to_owned()));
        }
        let directory = self.directory();
        files
            .into_iter()
            .map(|(name, content)| (format!("{directory}{name}"), content))
            .collect()
    }

    /// Returns the `config.yaml` of the job.
    #[must_use]
    pub fn config(&self) -> String {
        let name = quoted(&self.name);
        let submitted = self.submitted;
        let is_new = self.layout.job_layout() == JobLayout::W3W4;
        let entrypoint = if is_new { "entrypoint" } else { "entry_point" };
        let mut config = String::new();
        if self.is_python {
            config += &format!(
                "code_path: /tmp/main.py\ndependencies:\n- numpy==2.0\n{entrypoint}: main.py\n"
            );
        }
        config += &format!("name: {name}\nsubmitted_at: '{submitted}'\n");
        if !is_new {
            config += &format!("submitted_by: {}\n", self.ds);
        }
        if self.is_python || is_new {
            config += if self.is_python {
                "type: python\n"
            } else {
                "type: bash\n"
            };
        }
        config
    }

    fn uid(&self) -> Uuid {
        let text = format!(
            "{}\n{}\n{}\n{}",
            self.data_owner, self.ds, self.submitted, self.name
        );
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Returns a text in YAML's double quotes, with escapes for all but printable ASCII, as
/// Python writes it.
fn quoted(text: &str) -> String {
    let escape = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        '\0'..='\u{ffff}' => format!("\\u{:04X}", u32::from(character)),
        _ => format!("\\U{:08X}", u32::from(character)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// Returns a message that only the data owner's client could decrypt.
#[must_use]
pub fn encrypted_message() -> Vec<u8> {
    b"SYC1 envelope of which nobody here has the key".to_vec()
}

/// Returns a `tar.gz` of regular files, as Python writes it.
#[must_use]
pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in members {
        tar.extend(tar_member(
            name,
            tar::EntryType::Regular,
            content.len() as u64,
            content,
        ));
    }
    // Python fills a tape record of twenty blocks.
    tar.resize((tar.len() + 1024).next_multiple_of(10_240), 0);
    gzip(&tar)
}

/// Returns the blocks of one member, whose header may lie about its length.
pub(crate) fn tar_member(name: &str, kind: tar::EntryType, length: u64, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    let field = &mut header.as_old_mut().name;
    let name = &name.as_bytes()[..name.len().min(field.len())];
    field[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(length);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    let mut member = header.as_bytes().to_vec();
    member.extend(content);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// Returns `content` as a gzip stream.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(content).and_then(|()| encoder.finish());
    written.expect("a vector takes everything")
}
