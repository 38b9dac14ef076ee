//! Where service files go, and the commands that make the machine take notice of them.

mod files;
mod instance;

use std::path::PathBuf;

use self::instance::Instance;
use super::{Error, Kind, Scope, Single, Unit, command, launchd, marker, render, single};

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
    kind: Kind,
    is_of_user: bool,
    /// What the commands of the machine call it.
    service: String,
    /// The line by which its files are known.
    marker: String,
    /// The service file, and for an instance that differs from it, what differs.
    files: Vec<(PathBuf, String)>,
    instance: Option<Instance>,
}

impl Plan {
    /// Works out the files of a program that serves each user by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Unprintable`] if a value cannot stand in them.
    pub fn new(unit: &Unit, kind: Kind, scope: Scope, facts: Facts) -> Result<Self, Error> {
        let mut unit = unit.clone();
        let name = unit.name.clone();
        let (instance, drop_in) = match (&scope, kind) {
            (Scope::Machine { user }, Kind::Systemd) => {
                let drop_in = Instance::drop_in(&unit, user, &facts)?;
                let instance = Instance::new(&unit, user, &facts.directory);
                (Some(instance), drop_in)
            }
            _ => {
                unit.arguments.extend(facts.arguments.iter().cloned());
                (None, None)
            }
        };
        let text = render(&unit, kind, &scope, &facts.home)?;
        let (file, service) = match (kind, &scope) {
            (Kind::Systemd, Scope::Machine { user }) => {
                (format!("{name}@.service"), format!("{name}@{user}"))
            }
            (Kind::Systemd, Scope::User) => (format!("{name}.service"), name),
            (Kind::Launchd, _) => {
                let label = launchd::label(&unit);
                let service = launchd::target(&label, &scope, facts.uid);
                (format!("{label}.plist"), service)
            }
            (Kind::Windows, _) => (format!("{name}.xml"), name),
        };
        let mut files = vec![(facts.directory.join(file), text)];
        let drop_in_file = instance.as_ref().map(Instance::drop_in_file);
        files.extend(drop_in_file.zip(drop_in));
        Ok(Self {
            kind,
            is_of_user: scope == Scope::User,
            service,
            marker: marker(&unit),
            files,
            instance,
        })
    }

    /// Works out the file of a program that is one service of the machine, or of one user.
    ///
    /// # Errors
    ///
    /// [`Error::Unprintable`] if a value cannot stand in it.
    pub fn single(unit: &Single, kind: Kind, scope: &Scope, facts: &Facts) -> Result<Self, Error> {
        let text = single::render(unit, kind, scope, facts)?;
        let name = &unit.name;
        let (file, service) = match kind {
            Kind::Systemd => (format!("{name}.service"), format!("{name}.service")),
            Kind::Launchd => {
                let label = single::label(unit);
                let service = launchd::target(&label, scope, facts.uid);
                (format!("{label}.plist"), service)
            }
            Kind::Windows => (format!("{name}.cmd"), name.to_string()),
        };
        Ok(Self {
            kind,
            is_of_user: *scope == Scope::User,
            service,
            marker: single::marker(unit),
            files: vec![(facts.directory.join(file), text)],
            instance: None,
        })
    }

    /// Returns the files, each with its place and text.
    #[must_use]
    pub fn files(&self) -> &[(PathBuf, String)] {
        &self.files
    }

    /// Returns the name by which the machine's commands know the service.
    #[must_use]
    pub fn service(&self) -> String {
        self.service.clone()
    }

    /// Returns the lines by which a person would remove the service.
    #[must_use]
    pub fn removal(&self) -> Vec<String> {
        let service = &self.service;
        let files = self.files.iter().map(|(path, _)| path.display());
        let files = files.map(|path| format!("rm {path}"));
        match self.kind {
            Kind::Systemd => {
                let systemctl = self.systemctl_words(&[]).join(" ");
                [format!("{systemctl} disable --now {service}")]
                    .into_iter()
                    .chain(files)
                    .chain([format!("{systemctl} daemon-reload")])
                    .collect()
            }
            Kind::Launchd => [format!("launchctl bootout {service}")]
                .into_iter()
                .chain(files)
                .collect(),
            Kind::Windows => single::removal(service),
        }
    }

    /// Returns whether the service runs, as far as the machine can tell.
    pub async fn is_active(&self) -> bool {
        let service = &self.service;
        let words = match self.kind {
            Kind::Systemd => self.systemctl_words(&["is-active", "--quiet", service]),
            Kind::Launchd => vec!["launchctl", "print", service],
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
            files::contents(path, &self.marker)?;
        }
        self.is_hidden_by_nobody().await?;
        for (path, text) in &self.files {
            tell(files::write(path, text, &self.marker)?);
        }
        if let Some(instance) = &self.instance
            && self.files.len() == 1
        {
            instance.remove(&self.marker, tell)?;
        }
        let service = &self.service;
        match self.kind {
            Kind::Systemd => {
                self.systemctl(&["daemon-reload"], tell).await?;
                self.systemctl(&["enable", service], tell).await?;
                // It starts the service, or lets a running one take the new files.
                self.systemctl(&["restart", service], tell).await
            }
            Kind::Launchd => {
                let domain = service.rsplit_once('/').map_or("", |(domain, _)| domain);
                // It fails when there was no service before, which is as well.
                drop(command::run(&["launchctl", "bootout", service]).await);
                ran(&["launchctl", "enable", service], tell).await?;
                let (file, _) = &self.files[0];
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
        let (file, _) = &self.files[0];
        let is_there = files::contents(file, &self.marker)?.is_some();
        let drop_in = self.instance.as_ref().map(Instance::drop_in_file);
        let differs = match drop_in {
            Some(file) => files::contents(&file, &self.marker)?.is_some(),
            None => false,
        };
        if !is_there && !differs {
            return Ok(());
        }
        self.probe().await?;
        let service = &self.service;
        match self.kind {
            Kind::Systemd => {
                if is_there {
                    self.systemctl(&["disable", "--now", service], tell).await?;
                }
                if self.instance_is_last(tell)? {
                    files::remove(file, &self.marker, tell)?;
                }
                self.systemctl(&["daemon-reload"], tell).await
            }
            Kind::Launchd => {
                // It fails when the service does not run, which is as well.
                drop(command::run(&["launchctl", "bootout", service]).await);
                files::remove(file, &self.marker, tell)
            }
            Kind::Windows => Ok(()),
        }
    }

    /// Removes what an instance has of its own, and returns whether nobody else needs the file.
    fn instance_is_last(&self, tell: &mut dyn FnMut(Step)) -> Result<bool, Error> {
        let Some(instance) = &self.instance else {
            return Ok(true);
        };
        instance.remove(&self.marker, tell)?;
        Ok(!instance.has_others()?)
    }

    /// Asks systemd itself for a sign of life, before anything is changed.
    async fn probe(&self) -> Result<(), Error> {
        match self.kind {
            Kind::Systemd => {
                let words = ["show", "--property=Version"];
                command::run(&self.systemctl_words(&words)).await.map(drop)
            }
            Kind::Launchd => Ok(()),
            Kind::Windows => Err(Error::NoManager {
                what: "services of Windows are not installed from here".to_owned(),
            }),
        }
    }

    /// A unit in `/etc` takes the place of one that a package has elsewhere, as that of `ssh`.
    async fn is_hidden_by_nobody(&self) -> Result<(), Error> {
        if self.kind != Kind::Systemd || self.instance.is_some() {
            return Ok(());
        }
        let words = ["show", "--property=FragmentPath", "--value", &self.service];
        let found = command::run(&self.systemctl_words(&words)).await?;
        let found = PathBuf::from(found.trim());
        let (own, _) = &self.files[0];
        let is_same =
            || matches!((found.canonicalize(), own.canonicalize()), (Ok(a), Ok(b)) if a == b);
        if found.as_os_str().is_empty() || found == *own || is_same() {
            return Ok(());
        }
        Err(Error::Foreign { path: found })
    }

    fn systemctl_words<'a>(&self, words: &[&'a str]) -> Vec<&'a str> {
        let user = self.is_of_user.then_some("--user");
        ["systemctl"]
            .into_iter()
            .chain(user)
            .chain(words.iter().copied())
            .collect()
    }

    async fn systemctl(&self, words: &[&str], tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
        ran(&self.systemctl_words(words), tell).await
    }
}

async fn ran(words: &[&str], tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
    command::run(words).await?;
    tell(Step::Ran(words.join(" ")));
    Ok(())
}
