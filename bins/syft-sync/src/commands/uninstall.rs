//! `syft-sync uninstall`.

use std::time::Duration;

use syft_daemon::service::{Facts, Kind, Needs, Plan, Single};

use super::service::{Target, failure, tell};
use crate::{
    args::UninstallArgs,
    exit::{Failure, Outcome, chain},
    place::PROGRAM,
    term::{self, BOLD, paint},
};

pub(crate) async fn run(args: &UninstallArgs) -> Outcome {
    let target = Target::new(&args.service_name, args.user, None, args.kind, args.print)?;
    let plan = plan(&target)?;
    if args.print {
        plan.removal().iter().for_each(term::out);
        return Ok(());
    }
    target.is_possible("uninstall")?;
    let mut is_changed = false;
    let mut note_and_tell = |step| {
        is_changed = true;
        tell(step);
    };
    plan.uninstall(&mut note_and_tell)
        .await
        .map_err(|error| failure(&error, &plan, &target))?;
    let name = paint(BOLD, &target.name);
    if is_changed {
        term::out(format_args!(
            "{name} is gone; config, state and logs are kept."
        ));
    } else {
        term::out(format_args!("{name} is not installed."));
    }
    Ok(())
}

/// What stands in the files does not matter for taking them away.
fn plan(target: &Target) -> Outcome<Plan> {
    let program = match target.kind {
        Kind::Windows => r"C:\",
        Kind::Systemd | Kind::Launchd => "/",
    };
    let unit = Single {
        name: target.name.clone(),
        description: PROGRAM.to_owned(),
        documentation: env!("CARGO_PKG_REPOSITORY").to_owned(),
        program: format!("{program}{PROGRAM}").into(),
        arguments: Vec::new(),
        made_by: format!("{PROGRAM} install"),
        group: None,
        own: Vec::new(),
        stop: Duration::ZERO,
        needs: Needs::default(),
    };
    let facts = Facts {
        home: target.account.home.clone(),
        directory: target.directory(),
        uid: target.account.uid,
        arguments: Vec::new(),
        writable: Vec::new(),
    };
    Plan::single(&unit, target.kind, &target.scope, &facts)
        .map_err(|error| Failure::error(chain(&error)))
}
