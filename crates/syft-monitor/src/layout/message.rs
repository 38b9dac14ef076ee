use std::cmp::Ordering;

use syft_state::Timestamp;

/// How the names of proposal messages begin.
pub const MESSAGE_PREFIX: &str = "msgv2_";
/// Events and checkpoints, which are no proposals though their names have the same shape.
const OTHER_PREFIXES: [&str; 4] = [
    "syfteventsmessagev3_",
    "checkpoint_",
    "incremental_checkpoint_",
    "rolling_state_",
];
const SUFFIX: &str = ".tar.gz";
const UID_LENGTH: usize = 36;

/// The name of a proposal message; sorts by the time in it, not by its text (T8).
#[derive(Clone, Debug)]
pub struct MessageName {
    text: String,
    seconds: f64,
    canonical: bool,
}

impl MessageName {
    /// Returns the name as it stands on Drive.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the time in the name, which the sender chose, if there is a usable one.
    #[must_use]
    pub fn sent(&self) -> Option<Timestamp> {
        let micros = self.seconds * 1e6;
        // Beyond this a number of microseconds is no exact integer any more.
        (micros.abs() < 9e15).then(|| Timestamp::from_micros(micros.round() as i64))
    }

    /// Returns whether the Python client writes this very name again after parsing it.
    ///
    /// If it does not, the data owner's client stops at the message for ever (T7).
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    fn new(text: &str, seconds: Option<f64>, canonical: bool) -> Self {
        Self {
            text: text.to_owned(),
            // What has no time comes last.
            seconds: seconds.unwrap_or(f64::INFINITY),
            canonical,
        }
    }
}

impl Ord for MessageName {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = self.seconds.total_cmp(&other.seconds);
        by_time.then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for MessageName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MessageName {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MessageName {}

/// Parses a name exactly as clients write it:
/// `msgv2_{seconds}_{uid}.tar.gz`, the seconds as Python shows a float.
#[must_use]
pub fn parse_message_name(name: &str) -> Option<MessageName> {
    let (seconds, uid) = name.strip_prefix(MESSAGE_PREFIX)?.split_once('_')?;
    let uid = uid.strip_suffix(SUFFIX)?;
    let uid_is_valid = uid.len() == UID_LENGTH
        && uid
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let value = parse_seconds(seconds)?;
    let is_canonical =
        seconds.contains('.') && !seconds.starts_with('-') && python_float(value) == seconds;
    (uid_is_valid && is_canonical).then(|| MessageName::new(name, Some(value), true))
}

/// Recognises everything in an inbox that the Python client takes, or that its author may
/// have meant, for a message (T7); it must be looked at although its name is odd.
#[must_use]
pub fn recognise_message_name(name: &str) -> Option<MessageName> {
    if let Some(parsed) = parse_message_name(name) {
        return Some(parsed);
    }
    if OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    let parts: Vec<&str> = name.splitn(4, '_').collect();
    let seconds = parts.get(1).copied().and_then(parse_seconds);
    // The Python client checks the number of parts and the float, but not the prefix.
    let python_parses = parts.len() == 3 && seconds.is_some();
    (python_parses || name.starts_with(MESSAGE_PREFIX))
        .then(|| MessageName::new(name, seconds, false))
}

/// Returns the name of a message as clients write it.
#[must_use]
pub fn message_name(sent: Timestamp, uid: uuid::Uuid) -> String {
    let seconds = python_float(sent.as_micros() as f64 / 1e6);
    format!("{MESSAGE_PREFIX}{seconds}_{uid}{SUFFIX}")
}

fn parse_seconds(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
}

/// Shows a float as Python's `repr` does: the shortest digits that parse back, always with a
/// fraction or an exponent, and an exponent of at least two digits with its sign.
fn python_float(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UID: &str = "fd3790a1-b788-412a-96b5-a6c4846fcd94";

    #[track_caller]
    fn check(name: &str, canonical: Option<bool>) {
        let found = recognise_message_name(name).map(|found| found.is_canonical());
        assert_eq!(found, canonical, "{name:?}");
        assert_eq!(
            parse_message_name(name).is_some(),
            canonical == Some(true),
            "{name:?}"
        );
    }

    #[test]
    fn names_that_clients_write() {
        for seconds in [
            "1795256812.902298",
            "1765210000.0",
            "1765210000.5",
            "0.0",
            "0.0001",
            "1.5e-05",
            "1.5e+16",
        ] {
            check(&format!("msgv2_{seconds}_{UID}.tar.gz"), Some(true));
        }
    }

    #[test]
    fn t7_names_that_stop_the_python_client_are_recognised_and_flagged() {
        for name in [
            "msgv2_1765210000_x.tar.gz",
            "msgv2_1765210000.50_x.tar.gz",
            "foo_1.5_bar",
            "msgv2_1.5_a.tar.gz.tmp",
            &format!("msgv2_1765210000.50_{UID}.tar.gz"),
            &format!("msgv2_01.5_{UID}.tar.gz"),
            &format!("msgv2_+1.5_{UID}.tar.gz"),
            &format!("msgv2_-1.5_{UID}.tar.gz"),
            &format!("msgv2_1.5E5_{UID}.tar.gz"),
            &format!("msgv2_1e400_{UID}.tar.gz"),
            &format!("msgv2_nan_{UID}.tar.gz"),
            &format!("msgv2_1.5_{UID}.tar.gz "),
            "msgv2_",
            "msgv2_1.5_a_b.tar.gz",
        ] {
            check(name, Some(false));
        }
    }

    #[test]
    fn other_files_are_no_messages() {
        for name in [
            &*format!("syfteventsmessagev3_1.5_{UID}.tar.gz"),
            "checkpoint_1.5_x",
            "msgv1_1.5.tar.gz",
            "notes.txt",
            "",
            "a_b_c",
        ] {
            check(name, None);
        }
    }

    #[test]
    fn t8_sorts_by_number() {
        let mut names: Vec<MessageName> =
            ["msgv2_x", "msgv2_10.5_b", "msgv2_9.25_c", "msgv2_9.5_a"]
                .into_iter()
                .map(|name| recognise_message_name(name).unwrap())
                .collect();
        names.sort();
        let names: Vec<&str> = names.iter().map(MessageName::as_str).collect();
        assert_eq!(
            names,
            ["msgv2_9.25_c", "msgv2_9.5_a", "msgv2_10.5_b", "msgv2_x"]
        );
    }

    #[test]
    fn the_time_of_a_message() {
        let name = format!("msgv2_1795256812.902298_{UID}.tar.gz");
        let sent = parse_message_name(&name).unwrap().sent().unwrap();
        assert_eq!(sent.as_micros(), 1_795_256_812_902_298);
        assert_eq!(message_name(sent, UID.parse().unwrap()), name);
    }

    proptest! {
        #[test]
        fn t7_our_own_names_are_canonical(micros in 0_i64..253_402_300_799_999_999) {
            let name = message_name(Timestamp::from_micros(micros), uuid::Uuid::nil());
            prop_assert!(parse_message_name(&name).is_some(), "{}", name);
        }

        #[test]
        fn never_panics(name in "(msgv2_)?\\PC{0,60}") {
            if let Some(found) = recognise_message_name(&name) {
                prop_assert_eq!(found.as_str(), &name);
                let _time = found.sent();
            }
        }
    }
}
