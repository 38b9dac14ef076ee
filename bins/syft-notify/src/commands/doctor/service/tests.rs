use super::*;
use crate::commands::doctor::finding::lines;

const UNIT: &str = "syft-notify@ana.service";

fn unit(scope: Scope) -> Unit {
    Unit {
        name: match scope {
            Scope::Machine => UNIT.to_owned(),
            Scope::User => "syft-notify.service".to_owned(),
        },
        scope,
        is_active: true,
        has_failed: false,
        is_enabled: true,
        program: Some("/bin/syft-notify".into()),
    }
}

#[track_caller]
fn check(units: &[Unit], change: impl FnOnce(&mut Facts), expected: &[&str]) {
    let mut facts = Facts {
        has_systemd: true,
        user: "ana".to_owned(),
        units: units.to_owned(),
        lingers: true,
        program: Some("/bin/syft-notify".into()),
    };
    change(&mut facts);
    assert_eq!(lines(&findings(&facts)), expected);
}

#[test]
fn services() {
    let (machine, own) = (unit(Scope::Machine), unit(Scope::User));
    let machine_is_fine = "✅ syft-notify@ana.service is enabled, and runs";
    let own_is_fine = "✅ syft-notify.service is enabled, and runs";
    check(&[], |facts| facts.has_systemd = false, &[]);
    check(
        &[],
        |_| {},
        &[
            "⚠️ no systemd service is installed — after a restart of the machine nothing is \
           watched until you start it — syft-notify service install --user",
        ],
    );
    check(std::slice::from_ref(&machine), |_| {}, &[machine_is_fine]);
    check(
        std::slice::from_ref(&machine),
        |facts| facts.units[0].is_active = false,
        &["✅ syft-notify@ana.service is enabled, and does not run"],
    );
    check(
        std::slice::from_ref(&machine),
        |facts| facts.units[0].has_failed = true,
        &[
            "❌ syft-notify@ana.service has failed — systemd has given up starting it — sudo \
           systemctl status syft-notify@ana.service; then sudo systemctl restart \
           syft-notify@ana.service",
        ],
    );
    check(
        std::slice::from_ref(&machine),
        |facts| facts.units[0].is_enabled = false,
        &[
            "⚠️ syft-notify@ana.service is installed and not enabled — it is not started when \
           the machine starts — sudo systemctl enable --now syft-notify@ana.service",
        ],
    );
    check(
        std::slice::from_ref(&machine),
        |facts| facts.program = Some("/new/syft-notify".into()),
        &[
            "⚠️ syft-notify@ana.service starts /bin/syft-notify, and this is /new/syft-notify — \
           they may be of two versions — /new/syft-notify service install",
        ],
    );
    check(
        std::slice::from_ref(&own),
        |facts| facts.lingers = false,
        &[
            "⚠️ syft-notify.service stops when you log out — a user's services end with the last \
           session, unless they linger — sudo loginctl enable-linger ana",
        ],
    );
    check(
        &[machine, own],
        |_| {},
        &[
            machine_is_fine,
            own_is_fine,
            "⚠️ two services are enabled, the machine's and yours — only the one that is first \
             can watch; the other fails again and again — syft-notify service uninstall --user",
        ],
    );
}

#[test]
fn what_systemctl_prints() {
    let text = "ExecStart={ path=/bin/syft-notify ; argv[]=/bin/syft-notify run --log-file ; \
                ignore_errors=no ; start_time=[n/a] }\nLoadState=loaded\nActiveState=active\n\
                UnitFileState=enabled\n";
    let parsed = parse(Scope::Machine, UNIT, text);
    assert_eq!(parsed, Some(unit(Scope::Machine)));
    let text = "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n";
    assert_eq!(parse(Scope::User, UNIT, text), None);
    assert_eq!(parse(Scope::User, UNIT, ""), None);
    let text = "LoadState=loaded\nActiveState=failed\nUnitFileState=disabled\n";
    let parsed = parse(Scope::User, UNIT, text).unwrap();
    assert!(parsed.has_failed && !parsed.is_enabled && !parsed.is_active);
    assert_eq!(parsed.program, None);
}
