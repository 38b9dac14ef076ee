//! Whether this machine's clock is right.

use syft_state::Timestamp;

use super::finding::Finding;

const TOPIC: &str = "clock";
/// A clock that is wrong by more seconds than this is told of.
const TOLERATED: i64 = 120;

/// What two clocks show.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// How many seconds this machine's clock is ahead of the server's; `None` if no server told.
    pub(super) ahead: Option<i64>,
    /// The time zone of this machine, where it has a name.
    pub(super) zone: Option<String>,
    /// The time zone for quiet hours and digests, where the config names one.
    pub(super) configured: Option<String>,
}

/// Returns by how many seconds our clock is ahead, when the server said `server` somewhere
/// between `asked` and `answered`, in whole seconds.
pub(super) fn ahead(asked: Timestamp, server: Timestamp, answered: Timestamp) -> i64 {
    let (first, last) = (asked.as_seconds(), answered.as_seconds());
    let server = server.as_seconds();
    server.clamp(first, last.max(first)) - server
}

/// Returns the time zone of this machine, where it has a name.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
pub(super) fn zone() -> Option<String> {
    if let Some(zone) = std::env::var("TZ").ok().filter(|zone| !zone.is_empty()) {
        return Some(zone.trim_start_matches(':').to_owned());
    }
    let link = std::fs::read_link("/etc/localtime").ok()?;
    zone_of_link(link.to_str()?).map(ToOwned::to_owned)
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let zone = match (&facts.configured, &facts.zone) {
        (Some(zone), _) => format!("time zone {zone} by the config"),
        (None, Some(zone)) => format!("time zone {zone}"),
        (None, None) => "time zone UTC, or one without a name".to_owned(),
    };
    let Some(ahead) = facts.ahead else {
        return vec![Finding::ok(
            TOPIC,
            format!("{zone}; the clock was compared with nobody's"),
        )];
    };
    if ahead.abs() <= TOLERATED {
        return vec![Finding::ok(TOPIC, format!("the clock is right; {zone}"))];
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    vec![
        Finding::warning(
            TOPIC,
            format!(
                "the clock is {} {direction} the server's",
                span(ahead.abs())
            ),
        )
        .because("times in mails and logs are wrong, and logins may be refused")
        .mend("sudo timedatectl set-ntp true"),
    ]
}

fn span(seconds: i64) -> String {
    match seconds {
        0..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Returns the name in a link such as `/usr/share/zoneinfo/Europe/Berlin`.
fn zone_of_link(target: &str) -> Option<&str> {
    let (_, name) = target.split_once("zoneinfo/")?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[track_caller]
    fn check(ahead: Option<i64>, expected: &str) {
        let facts = Facts {
            ahead,
            zone: Some("Europe/Berlin".to_owned()),
            configured: None,
        };
        assert_eq!(lines(&findings(&facts)), [expected]);
    }

    #[test]
    fn a_clock_and_the_servers() {
        let right = "✅ the clock is right; time zone Europe/Berlin";
        check(Some(0), right);
        check(Some(120), right);
        check(Some(-120), right);
        check(
            Some(121),
            "⚠️ the clock is 2 min ahead of the server's — times in mails and logs are wrong, and \
             logins may be refused — sudo timedatectl set-ntp true",
        );
        check(
            Some(-86_400),
            "⚠️ the clock is 24 h behind the server's — times in mails and logs are wrong, and \
             logins may be refused — sudo timedatectl set-ntp true",
        );
        check(
            None,
            "✅ time zone Europe/Berlin; the clock was compared with nobody's",
        );
    }

    #[test]
    fn the_zone_of_the_config_counts() {
        let facts = Facts {
            ahead: Some(1),
            zone: None,
            configured: Some("Asia/Tokyo".to_owned()),
        };
        let expected = ["✅ the clock is right; time zone Asia/Tokyo by the config"];
        assert_eq!(lines(&findings(&facts)), expected);
    }

    #[test]
    fn an_answer_that_took_long_is_no_skew() {
        let at = Timestamp::from_seconds;
        for (asked, server, answered, expected) in [
            (100, 100, 100, 0),
            (100, 103, 105, 0),
            (100, 99, 105, 1),
            (400, 100, 401, 300),
            (100, 400, 101, -299),
        ] {
            let ahead = ahead(at(asked), at(server), at(answered));
            assert_eq!(ahead, expected, "{asked} {server} {answered}");
        }
    }

    #[test]
    fn zones_by_their_links() {
        assert_eq!(
            zone_of_link("/usr/share/zoneinfo/Europe/Berlin"),
            Some("Europe/Berlin")
        );
        assert_eq!(
            zone_of_link("../usr/share/zoneinfo/Etc/UTC"),
            Some("Etc/UTC")
        );
        assert_eq!(zone_of_link("/etc/whatever"), None);
    }
}
