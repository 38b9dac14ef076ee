//! Looks at everything, the slow things side by side.

use std::path::Path;

use syft_monitor::config::{Backend, Config, ConfigError, MailBy};
use syft_state::fs::Lock;

use super::{
    clock, disk, drive, files,
    finding::Finding,
    google::{self, Google},
    hub, network, process, receivers, record, service, setup, syftbox,
    tokens::{self, Purpose},
};
use crate::{args::DoctorArgs, exit::Outcome, place, session};

/// Returns what was found, in the order in which a person would mend it.
pub(super) async fn all(args: &DoctorArgs) -> Outcome<Vec<Finding>> {
    let locations = session::locations()?;
    let file = session::config_path(&args.data.config, &locations)?;
    Ok(match Config::load(&file, &locations) {
        Ok(config) => with(&config, args.offline).await,
        Err(error) => {
            let place = place::find(&args.data.config);
            let state_path = place.map_or_else(
                |_| locations.creds_dir.join("notification_state.json"),
                |place| place.state_path,
            );
            without(&file, &error, &state_path).await
        }
    })
}

/// Looks at what can be looked at without a config.
async fn without(file: &Path, error: &ConfigError, state_path: &Path) -> Vec<Finding> {
    let mut findings = vec![setup::unusable(file, error)];
    findings.extend(files::findings(&files::gather(files::known(
        file, state_path,
    ))));
    findings.extend(network::findings(&network::gather(None)));
    findings.extend(process::findings(&process::gather(file, state_path)));
    findings.extend(service::findings(&service::gather().await));
    findings
}

async fn with(config: &Config, offline: bool) -> Vec<Finding> {
    let daemon = process::gather(&config.file, &config.state_path);
    let is_watched = daemon.daemon.is_some() || is_watched(&config.state_path);
    let google = Google::new(config.google_endpoint.as_deref(), session::extra_ca());
    let google = google.ok().filter(|_| !offline);
    let (beyond, receivers, record, service) = tokio::join!(
        beyond(config, google.as_ref()),
        receivers::gather(config, !offline),
        record::gather(&config.state_path, &config.do_email, is_watched),
        service::gather(),
    );
    let has_drive = config.drive_token_path.is_some() || config.backend != Backend::Google;
    let syftbox = syftbox::gather(&config.syftbox_root, &config.do_email, has_drive);
    let endpoint = config.google_endpoint.as_deref();
    [
        setup::findings(&setup::Facts::of(config)),
        syftbox::findings(&syftbox),
        files::findings(&files::gather(files::ours(config))),
        disk::findings(&disk::gather(config)),
        record::findings(&record),
        network::findings(&network::gather(endpoint)),
        beyond,
        receivers::findings(&receivers),
        process::findings(&daemon),
        service::findings(&service),
    ]
    .concat()
}

/// Looks at the tokens and the Drive, and at the clock of whoever answers.
async fn beyond(config: &Config, google: Option<&Google>) -> Vec<Finding> {
    let (mut findings, ahead) = match &config.backend {
        Backend::Local(path) => {
            let (hub, drive) = hub::gather(path, &config.do_email).await;
            let mut findings = hub::findings(&hub);
            findings.extend(drive.iter().flat_map(drive::findings));
            (findings, None)
        }
        Backend::Google => {
            let ahead = async {
                match google {
                    Some(google) => google.ahead().await,
                    None => None,
                }
            };
            let (drive, gmail, ahead) =
                tokio::join!(drive(config, google), gmail(config, google), ahead);
            ([drive, gmail].concat(), ahead)
        }
    };
    let clock = clock::Facts {
        ahead,
        zone: clock::zone(),
        configured: config.time_zone.map(|zone| zone.name().to_owned()),
    };
    findings.extend(clock::findings(&clock));
    findings
}

async fn drive(config: &Config, google: Option<&Google>) -> Vec<Finding> {
    let Some(path) = &config.drive_token_path else {
        return vec![drive::not_configured()];
    };
    let Some(google) = google else {
        return tokens::findings(&google::look(Purpose::Drive, path));
    };
    let (token, drive) = google.drive(path, &config.do_email).await;
    let mut findings = tokens::findings(&token);
    findings.extend(drive.iter().flat_map(drive::findings));
    findings
}

async fn gmail(config: &Config, google: Option<&Google>) -> Vec<Finding> {
    if config.mail != MailBy::Gmail {
        return Vec::new();
    }
    let path = &config.gmail_token_path;
    let token = match google {
        None => google::look(Purpose::Gmail, path),
        Some(google) => google.gmail(path, &config.do_email).await,
    };
    tokens::findings(&token)
}

/// Whoever watches with this state holds its lock, also without being the daemon.
fn is_watched(state_path: &Path) -> bool {
    Lock::is_held(&state_path.with_extension("watch.lock")).unwrap_or(false)
}
