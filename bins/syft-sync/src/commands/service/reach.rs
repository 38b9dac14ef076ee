//! What a service must be let to do, by its config.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use syft_daemon::service::{Account, Kind, Needs};
use syft_jobs::{Job, mirror::Direction};

use super::Target;
use crate::config::{Config, PocketBase};

/// Where each service has a directory of its own, unless it needs everybody's.
const TMP: [&str; 2] = ["/tmp", "/var/tmp"];
const READ: u32 = 0o444;
const WRITE: u32 = 0o222;

/// What a service may write.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) writable: Vec<PathBuf>,
    /// The daemon's own.
    pub(crate) own: Vec<PathBuf>,
    /// What may be amiss with it, each in one line.
    pub(crate) doubts: Vec<String>,
}

/// Returns what the sandbox must leave to the jobs.
pub(crate) fn needs(config: &Config) -> Needs {
    let own = [
        config.file.as_deref(),
        Some(config.daemon.state_dir.as_path()),
    ];
    let of_jobs = config
        .jobs
        .iter()
        .flat_map(|job| [&job.source, &job.destination]);
    let mut paths = own
        .into_iter()
        .flatten()
        .chain(of_jobs.map(PathBuf::as_path));
    Needs {
        shared_tmp: paths.any(|path| TMP.iter().any(|tmp| path.starts_with(tmp)))
            || std::env::current_exe()
                .is_ok_and(|program| TMP.iter().any(|tmp| program.starts_with(tmp))),
        special_modes: config.jobs.iter().any(|job| job.options.permissions),
        open_umask: config.jobs.iter().any(|job| !job.options.permissions),
    }
}

/// Returns every directory that the daemon writes, and what keeps it from that.
pub(crate) fn room(config: &Config, target: &Target) -> Room {
    let mut room = Room::default();
    for path in written_by_jobs(config) {
        room.leave(path, target, is_of_remote(config, path));
    }
    let own = [&config.daemon.state_dir, &config.cache.cache_dir];
    let own = own
        .into_iter()
        .filter(|path| !is_made_by_systemd(path, target));
    room.own = own.cloned().collect();
    room.own.dedup();
    for path in beside_files(config) {
        let is_own = room.own.iter().any(|own| path.starts_with(own));
        if !is_own && !is_made_by_systemd(path, target) {
            room.writable.push(existing(path).0);
        }
    }
    room.writable.sort();
    // A directory within another one is let already.
    room.writable
        .dedup_by(|inner, outer| inner.starts_with(outer));
    if let (false, Some(file)) = (target.account.is_root(), &config.file)
        && let Ok(metadata) = file.metadata()
        && !may(&metadata, &target.account, READ)
    {
        let user = &target.account.name;
        let file = file.display();
        room.doubts
            .push(format!("{user} may not read {file}: chown {user} {file}"));
    }
    room
}

impl Room {
    fn leave(&mut self, path: &Path, target: &Target, is_of_remote: bool) {
        let (place, metadata) = existing(path);
        let is_there = place.as_path() == path || path.exists();
        let user = &target.account.name;
        let shown = path.display();
        if !is_there {
            self.writable.push(path.to_owned());
        }
        if place == Path::new("/") && !is_there {
            if !is_of_remote {
                self.doubts.push(format!(
                    "{shown} is not there, and the service may not make it: mkdir -p {shown}"
                ));
            }
            return;
        }
        if let Some(metadata) = metadata
            && !may(&metadata, &target.account, WRITE)
        {
            let place = place.display();
            self.doubts.push(format!(
                "{user} may not write {place}: chown {user} {place}"
            ));
        }
        self.writable.push(place);
    }
}

fn written_by_jobs(config: &Config) -> impl Iterator<Item = &Path> {
    let sides = config.jobs.iter().flat_map(sides);
    let roots = config.pocketbase.iter().flat_map(|it| &it.allowed_roots);
    sides.chain(roots.map(PathBuf::as_path))
}

/// Jobs of PocketBase may write anywhere within these.
fn is_of_remote(config: &Config, path: &Path) -> bool {
    let is_root = |it: &PocketBase| it.allowed_roots.iter().any(|root| root == path);
    config.pocketbase.as_ref().is_some_and(is_root)
}

fn sides(job: &Job) -> impl Iterator<Item = &Path> {
    let source = (job.options.direction == Direction::TwoWay).then_some(job.source.as_path());
    source.into_iter().chain([job.destination.as_path()])
}

/// Returns where the daemon's files are: each is written beside its place, and moved there.
fn beside_files(config: &Config) -> impl Iterator<Item = &Path> {
    let files = [
        &config.daemon.pid_file,
        &config.telemetry.log_file_path,
        &config.http.token_file,
    ];
    files.into_iter().filter_map(|file| file.parent())
}

/// The directories of an account of its own are made for the service.
fn is_made_by_systemd(path: &Path, target: &Target) -> bool {
    let is_own = |root: &str| path.starts_with(Path::new(root).join(target.name.as_str()));
    target.kind == Kind::Systemd
        && !target.is_of_user()
        && !target.account.is_root()
        && ["/var/lib", "/var/cache", "/run"].into_iter().any(is_own)
}

/// Returns the nearest directory above that is there, without links on the way.
fn existing(path: &Path) -> (PathBuf, Option<Metadata>) {
    for path in path.ancestors() {
        if let Ok(place) = path.canonicalize() {
            let metadata = fs::metadata(&place).ok();
            return (place, metadata);
        }
    }
    ("/".into(), None)
}

/// Groups and access lists may allow more, so a group that may counts as ours.
fn may(metadata: &Metadata, account: &Account, what: u32) -> bool {
    let mode = metadata.mode() & what;
    account.is_root() || mode & 0o077 != 0 || metadata.uid() == account.uid && mode & 0o700 != 0
}
