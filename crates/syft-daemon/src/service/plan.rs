//! Where service files go, and the commands that make the machine take notice of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use syft_state::fs::{read_capped, write_atomic};

use super::{Error, Kind, Scope, Unit, command, launchd, marker, render, systemd};

/// No service file is larger.
const LIMIT: u64 = 64 * 1024;

/// What the caller knows about the machine and the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The home directory of the user who the service works for.
    pub home: PathBuf,
    /// The directory where files of this kind and scope belong.
    pub directory: PathBuf,
    /// The number of the user, by which launchd knows a session.
    pub uid: u32,
    /// More arguments for this user alone, as `--config` with an absolute path.
    pub arguments: Vec<String>,
    /// Every directory that the program writes for this user.
    pub writable: Vec<PathBuf>,
}

/// A step that was done, for the person who watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file was written.
    Wrote(PathBuf),
    /// A file was as it should be.
    Kept(PathBuf),
    /// A file was removed.
    Removed(PathBuf),
    /// A command was run.
    Ran(String),
}

/// What installing and removing a service come down to.
#[derive(Clone, Debug)]
pub struct Plan {
    unit: Unit,
    kind: Kind,
    scope: Scope,
    facts: Facts,
    /// The service file, and for an instance that differs from it, what differs.
    files: Vec<(PathBuf, String)>,
}

impl Plan {
    /// Works out the files.
    ///
    /// # Errors
    ///
    /// [`Error::Unprintable`] if a value cannot stand in them.
    pub fn new(unit: &Unit, kind: Kind, scope: Scope, facts: Facts) -> Result<Self, Error> {
        let mut unit = unit.clone();
        let is_template = kind == Kind::Systemd && scope != Scope::User;
        if !is_template {
            unit.arguments.extend(facts.arguments.iter().cloned());
        }
        let text = render(&unit, kind, &scope, &facts.home)?;
        let mut plan = Self {
            files: Vec::new(),
            unit,
            kind,
            scope,
            facts,
        };
        plan.files.push((plan.service_file(), text));
        let extra = plan.extra_directories();
        if is_template && !(extra.is_empty() && plan.facts.arguments.is_empty()) {
            let text = systemd::drop_in(&plan.unit, &plan.facts.arguments, &extra)?;
            plan.files.push((plan.drop_in_file(), text));
        }
        Ok(plan)
    }

    /// Returns the files, each with its place and text.
    #[must_use]
    pub fn files(&self) -> &[(PathBuf, String)] {
        &self.files
    }

    /// Returns the name by which the machine's commands know the service.
    #[must_use]
    pub fn service(&self) -> String {
        match (self.kind, &self.scope) {
            (Kind::Systemd, Scope::Machine { user }) => format!("{}@{user}", self.unit.name),
            (Kind::Launchd, Scope::Machine { .. }) => {
                format!("system/{}", launchd::label(&self.unit))
            }
            (Kind::Launchd, Scope::User) => {
                format!("gui/{}/{}", self.facts.uid, launchd::label(&self.unit))
            }
            _ => self.unit.name.clone(),
        }
    }

    /// Returns whether the service runs, as far as the machine can tell.
    pub async fn is_active(&self) -> bool {
        let service = self.service();
        let words = match self.kind {
            Kind::Systemd => self.systemctl_words(&["is-active", "--quiet", &service]),
            Kind::Launchd => vec!["launchctl", "print", &service],
            Kind::Windows => return false,
        };
        command::run(&words).await.is_ok()
    }

    /// Writes the files and starts the service, now and at every boot or login.
    ///
    /// `tell` hears of each step when it is done. Doing it again changes nothing but restarts
    /// the service.
    ///
    /// # Errors
    ///
    /// [`Error::NoManager`] and [`Error::Foreign`] before anything is changed; after that the
    /// failure of a step, with what was done until then left in place.
    pub async fn install(&self, tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
        self.probe().await?;
        for (path, _) in &self.files {
            self.contents_of_ours(path)?;
        }
        for (path, text) in &self.files {
            tell(self.write(path, text)?);
        }
        if self.files.len() == 1 {
            self.remove(&self.drop_in_file(), tell)?;
        }
        let service = self.service();
        match self.kind {
            Kind::Systemd => {
                self.systemctl(&["daemon-reload"], tell).await?;
                self.systemctl(&["enable", &service], tell).await?;
                // It starts the service, or lets a running one take the new files.
                self.systemctl(&["restart", &service], tell).await
            }
            Kind::Launchd => {
                let domain = service.rsplit_once('/').map_or("", |(domain, _)| domain);
                let file = self.service_file();
                // It fails when there was no service before, which is as well.
                drop(command::run(&["launchctl", "bootout", &service]).await);
                ran(&["launchctl", "enable", &service], tell).await?;
                let file = file.to_string_lossy();
                ran(&["launchctl", "bootstrap", domain, &file], tell).await
            }
            Kind::Windows => Ok(()),
        }
    }

    /// Stops the service and removes its files; what is gone already is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] before anything is changed; after that the failure of a step.
    pub async fn uninstall(&self, tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
        let (file, drop_in) = (self.service_file(), self.drop_in_file());
        let is_there = self.contents_of_ours(&file)?.is_some();
        if !is_there && self.contents_of_ours(&drop_in)?.is_none() {
            return Ok(());
        }
        self.probe().await?;
        let service = self.service();
        match self.kind {
            Kind::Systemd => {
                if is_there {
                    self.systemctl(&["disable", "--now", &service], tell)
                        .await?;
                }
                self.remove(&drop_in, tell)?;
                if !self.has_other_users()? {
                    self.remove(&file, tell)?;
                }
                self.systemctl(&["daemon-reload"], tell).await
            }
            Kind::Launchd => {
                // It fails when the service does not run, which is as well.
                drop(command::run(&["launchctl", "bootout", &service]).await);
                self.remove(&file, tell)
            }
            Kind::Windows => Ok(()),
        }
    }

    fn service_file(&self) -> PathBuf {
        let name = &self.unit.name;
        self.facts.directory.join(match (self.kind, &self.scope) {
            (Kind::Systemd, Scope::Machine { .. }) => format!("{name}@.service"),
            (Kind::Systemd, Scope::User) => format!("{name}.service"),
            (Kind::Launchd, _) => format!("{}.plist", launchd::label(&self.unit)),
            (Kind::Windows, _) => format!("{name}.xml"),
        })
    }

    fn drop_in_file(&self) -> PathBuf {
        let directory = format!("{}.service.d", self.service().replace('/', "-"));
        self.facts.directory.join(directory).join("user.conf")
    }

    /// The template already lets the usual directory be written.
    fn extra_directories(&self) -> Vec<PathBuf> {
        let Scope::Machine { user } = &self.scope else {
            return Vec::new();
        };
        let usual = Path::new("/home").join(user).join(&self.unit.state);
        let mut extra: Vec<_> = self
            .facts
            .writable
            .iter()
            .filter(|path| !path.starts_with(&usual))
            .cloned()
            .collect();
        extra.sort();
        extra.dedup();
        extra
    }

    /// Asks systemd itself for a sign of life, before anything is changed.
    async fn probe(&self) -> Result<(), Error> {
        match self.kind {
            Kind::Systemd => {
                let words = ["show", "--property=Version"];
                command::run(&self.systemctl_words(&words)).await
            }
            Kind::Launchd => Ok(()),
            Kind::Windows => Err(Error::NoManager {
                what: "services of Windows are installed by WinSW".to_owned(),
            }),
        }
    }

    fn systemctl_words<'a>(&self, words: &[&'a str]) -> Vec<&'a str> {
        let user = (self.scope == Scope::User).then_some("--user");
        ["systemctl"]
            .into_iter()
            .chain(user)
            .chain(words.iter().copied())
            .collect()
    }

    async fn systemctl(&self, words: &[&str], tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
        ran(&self.systemctl_words(words), tell).await
    }

    /// Returns what is in a file of ours, or nothing if there is none.
    fn contents_of_ours(&self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        let foreign = || Error::Foreign {
            path: path.to_owned(),
        };
        match read_capped(path, LIMIT) {
            Ok(bytes) if is_ours(&bytes, &marker(&self.unit)) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            // A unit that is masked is a link to /dev/null.
            Ok(_)
            | Err(syft_state::Error::NotRegular { .. } | syft_state::Error::TooLarge { .. }) => {
                Err(foreign())
            }
            Err(error) => Err(refused(error)),
        }
    }

    fn write(&self, path: &Path, text: &str) -> Result<Step, Error> {
        if self.contents_of_ours(path)?.as_deref() == Some(text.as_bytes()) {
            return Ok(Step::Kept(path.to_owned()));
        }
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)
                .map_err(|source| io_error("create the directory", directory, source))?;
        }
        write_atomic(path, text.as_bytes(), 0o644).map_err(refused)?;
        Ok(Step::Wrote(path.to_owned()))
    }

    /// Removes a file of ours, and its directory if that was for it alone.
    fn remove(&self, path: &Path, tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
        if self.contents_of_ours(path)?.is_none() {
            return Ok(());
        }
        fs::remove_file(path).map_err(|source| io_error("remove", path, source))?;
        if path == self.drop_in_file()
            && let Some(directory) = path.parent()
        {
            // It stays when somebody else has a file there.
            drop(fs::remove_dir(directory));
        }
        tell(Step::Removed(path.to_owned()));
        Ok(())
    }

    /// Returns whether the template serves other users, too.
    fn has_other_users(&self) -> Result<bool, Error> {
        let Scope::Machine { .. } = &self.scope else {
            return Ok(false);
        };
        let prefix = format!("{}@", self.unit.name);
        let own = format!("{}.service", self.service());
        let wanted = self.facts.directory.join("multi-user.target.wants");
        let entries = match fs::read_dir(&wanted) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(io_error("list", &wanted, error)),
        };
        for entry in entries {
            let name = entry
                .map_err(|error| io_error("list", &wanted, error))?
                .file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&prefix) && name != own {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn ran(words: &[&str], tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
    command::run(words).await?;
    tell(Step::Ran(words.join(" ")));
    Ok(())
}

fn is_ours(bytes: &[u8], marker: &str) -> bool {
    String::from_utf8_lossy(bytes)
        .lines()
        .take(5)
        .any(|line| line.contains(marker))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::PermissionDenied {
        return Error::Rights {
            what: format!("cannot {action} {}", path.display()),
        };
    }
    Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn refused(error: syft_state::Error) -> Error {
    match error {
        syft_state::Error::Io {
            path,
            action,
            source,
        } => io_error(action, &path, source),
        error => Error::Write(error),
    }
}
