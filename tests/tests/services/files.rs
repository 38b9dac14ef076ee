//! The files that `service install --print` shows, as the programs read them that they are for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use syft_tests::{
    home::{Home, repository},
    peers::succeed,
};

/// `systemd-analyze security` counts in tenths; the project wants less than 2.5.
const EXPOSURE: &str = "--threshold=24";

/// Writes what is printed for a kind of service to a file that is called as it would be.
fn printed(home: &Home, name: &str, arguments: &[&str]) -> PathBuf {
    let line = [&["service", "install", "--print"], arguments].concat();
    let output = succeed(&mut home.syft_notify(&line));
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    // For the machine, what differs for one user stands below the unit.
    let unit = text.split("\n# /").next().unwrap();
    let path = home.beside(name);
    syft_state::fs::write_atomic(&path, format!("{}\n", unit.trim_end()).as_bytes(), 0o644)
        .unwrap();
    path
}

/// Unknown keys only make it talk, so whatever it says is a failure.
#[track_caller]
fn verifies(home: &Home, unit: &Path, more: &[&str]) {
    let mut verify = home.command("systemd-analyze");
    verify.arg("verify").args(more).arg(unit);
    let output = succeed(verify.env("XDG_RUNTIME_DIR", home.beside("")));
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8(said).unwrap(), "", "{}", unit.display());
}

#[test]
fn systemd_has_nothing_to_say_about_our_units() {
    let home = Home::new();
    let machine = printed(&home, "syft-notify@.service", &[]);
    verifies(&home, &machine, &[]);
    let user = printed(
        &home,
        "syft-notify.service",
        &["--user", "--config", "my config.yaml"],
    );
    verifies(&home, &user, &["--user"]);
}

/// The shipped file is the printed one, but for the place of the program.
#[test]
fn the_shipped_units_are_the_printed_ones() {
    let home = Home::new();
    let program = home
        .syft_notify(&[])
        .get_program()
        .to_str()
        .unwrap()
        .to_owned();
    for (shipped, arguments) in [
        ("syft-notify.service", &[][..]),
        ("user/syft-notify.service", &["--user"]),
    ] {
        let printed = fs::read_to_string(printed(&home, "unit.service", arguments)).unwrap();
        let (_, printed) = printed.split_once('\n').unwrap();
        let printed = printed.replace(&program, "/usr/local/bin/syft-notify");
        let shipped = repository("templates/service/systemd").join(shipped);
        assert_eq!(printed, fs::read_to_string(shipped).unwrap());
    }
}

#[test]
fn the_exposure_of_the_service_of_the_machine_is_below_two_and_a_half() {
    let home = Home::new();
    let unit = printed(&home, "syft-notify@.service", &[]);
    let mut security = home.command("systemd-analyze");
    security
        .args(["security", "--offline=true", "--no-pager", EXPOSURE])
        .arg(unit);
    let out = String::from_utf8(succeed(&mut security).stdout).unwrap();
    let verdict = out
        .lines()
        .find(|line| line.contains("Overall exposure"))
        .unwrap();
    assert!(verdict.contains("OK"), "{verdict}");
}

/// The seed documents' own lines, for a machine that is elsewhere.
#[test]
fn enabling_an_instance_links_the_template() {
    let home = Home::new();
    let units = home.beside("root/etc/systemd/system");
    fs::create_dir_all(&units).unwrap();
    let mut copy = home.command("cp");
    copy.current_dir(repository("templates/service"));
    succeed(
        copy.arg("systemd/syft-notify.service")
            .arg(units.join("syft-notify@.service")),
    );
    let mut enable = home.command("systemctl");
    enable.arg(format!("--root={}", home.beside("root").display()));
    succeed(enable.args(["enable", "syft-notify@alice"]));
    let link = units.join("multi-user.target.wants/syft-notify@alice.service");
    let target = fs::read_link(link).unwrap();
    assert_eq!(
        target,
        Path::new("/etc/systemd/system/syft-notify@.service")
    );
}

/// Python's own reader of property lists, which knows Apple's types.
#[test]
fn launchd_files_are_property_lists_with_the_right_types() {
    let home = Home::new();
    for (arguments, has_user) in [(&["--user"][..], false), (&[], true)] {
        let for_launchd = [&["--for", "launchd", "--config", "a & b.yaml"], arguments].concat();
        let file = printed(&home, "org.openmined.syft-notify.plist", &for_launchd);
        let script =
            "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
        let output = succeed(Command::new("python3").args(["-c", script]).arg(file));
        let plist: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(plist["Label"], "org.openmined.syft-notify");
        assert_eq!(plist["RunAtLoad"], true);
        assert_eq!(plist["KeepAlive"]["SuccessfulExit"], false);
        assert_eq!(plist["Umask"], 0o077);
        let words = plist["ProgramArguments"].as_array().unwrap();
        assert!(
            Path::new(words[0].as_str().unwrap()).is_absolute(),
            "{words:?}"
        );
        assert_eq!(words[1..4], ["run", "--log-file", "--config"]);
        assert!(
            words[4].as_str().unwrap().ends_with("/a & b.yaml"),
            "{words:?}"
        );
        assert_eq!(plist.get("UserName").is_some(), has_user);
        if has_user {
            let own = &plist["EnvironmentVariables"]["HOME"];
            assert_eq!(
                own, &plist["WorkingDirectory"],
                "a daemon has no HOME of its own"
            );
        }
    }
}

#[test]
fn the_windows_file_is_well_formed_and_has_what_winsw_asks_for() {
    let home = Home::new();
    let file = printed(
        &home,
        "syft-notify.xml",
        &["--for", "windows", "--config", "a & b.yaml"],
    );
    let script = "import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(json.dumps({child.tag: child.text or child.attrib for child in root} | {'root': root.tag}))";
    let output = succeed(Command::new("python3").args(["-c", script]).arg(file));
    let service: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(service["root"], "service");
    assert_eq!(service["id"], "syft-notify");
    for key in ["name", "description", "executable"] {
        assert!(service[key].is_string(), "{key}");
    }
    let arguments = service["arguments"].as_str().unwrap();
    assert!(
        arguments.contains(" run --log-file --config \"/"),
        "{arguments}"
    );
    assert!(arguments.ends_with("/a & b.yaml\""), "{arguments}");
    assert_eq!(service["onfailure"]["action"], "restart");
}
