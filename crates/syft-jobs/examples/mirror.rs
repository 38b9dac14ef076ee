//! Mirrors a directory once, from within a program of one's own:
//! `mirror SOURCE DESTINATION [OPTION]…`.
//!
//! Options: `--delete`, `--times` (compares by size and time instead of content), `--bytes`,
//! `--verify`, `--follow`, `--ownership`, `--xattrs`, `--continue`, `--both` (two ways),
//! `--unsafe` (no flush), `--threads N`, `--store FILE`, `--force`, `--dry-run`.
//!
//! The report goes to standard output as JSON; the exit code is 0 when all is in step, 6 when
//! some files are not, and 1 when the run failed.

#![expect(clippy::print_stdout, reason = "a program tells its result")]

use std::{path::PathBuf, process::ExitCode};

use syft_jobs::{
    Job, Options, Schedule, Status,
    job::Timing,
    mirror::{
        Cancel, Comparison, Context, Direction, Durability, Insist, Permits, Symlinks, look,
        progress::Silent, run,
    },
    store::Store,
};

struct Arguments {
    job: Job,
    store: Option<PathBuf>,
    insist: Insist,
    operations: usize,
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments = arguments(std::env::args().skip(1))?;
    let store = arguments.store.as_deref().map(Store::open).transpose()?;
    let context = Context {
        cancel: &Cancel::default(),
        permits: &Permits::new(arguments.operations),
        progress: &Silent,
        store: store.as_ref(),
        insist: arguments.insist,
    };
    if arguments.job.options.dry_run {
        println!("{}", look(&arguments.job, &context)?.to_json());
        return Ok(ExitCode::SUCCESS);
    }
    let report = run(&arguments.job, &context);
    println!("{}", serde_json::to_string(&report)?);
    Ok(match report.status {
        Status::Success => ExitCode::SUCCESS,
        Status::Partial => ExitCode::from(6),
        _ => ExitCode::FAILURE,
    })
}

fn arguments(
    mut words: impl Iterator<Item = String>,
) -> Result<Arguments, Box<dyn std::error::Error>> {
    let mut missing = || {
        words
            .next()
            .ok_or("usage: mirror SOURCE DESTINATION [OPTION]…")
    };
    let (source, destination) = (missing()?, missing()?);
    let mut options = Options::default();
    let (mut store, mut insist, mut operations) = (None, Insist::No, 100);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--delete" => options.delete = true,
            "--times" => options.comparison = Comparison::SizeMtime,
            "--bytes" => options.comparison = Comparison::Bytes,
            "--verify" => options.verify = true,
            "--follow" => options.symlinks = Symlinks::Follow,
            "--ownership" => options.ownership = true,
            "--xattrs" => options.xattrs = true,
            "--continue" => options.continue_on_error = true,
            "--both" => options.direction = Direction::TwoWay,
            "--unsafe" => options.durability = Durability::None,
            "--dry-run" => options.dry_run = true,
            "--force" => insist = Insist::Yes,
            "--threads" => operations = words.next().ok_or("--threads N")?.parse()?,
            "--store" => store = Some(words.next().ok_or("--store FILE")?.into()),
            word => return Err(format!("what does {word} mean?").into()),
        }
    }
    Ok(Arguments {
        job: Job {
            id: "mirror".parse()?,
            name: "a mirror".to_owned(),
            source: std::path::absolute(source)?,
            destination: std::path::absolute(destination)?,
            enabled: true,
            schedule: Schedule::Manual,
            timing: Timing::default(),
            priority: 0,
            tags: Vec::new(),
            options,
        },
        store,
        insist,
        operations,
    })
}
