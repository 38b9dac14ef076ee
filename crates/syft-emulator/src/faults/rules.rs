//! Fault rules: what they match, and how often.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::Effect;

/// A rule: which requests go wrong, how often, and how.
///
/// Of several rules the first that matches wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// HTTP method; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path, with `*` for any run of characters; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Google's name of the method, such as `drive.files.list`, with `*`; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Account that calls; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Matching requests that pass before the rule starts to act.
    #[serde(default)]
    pub skip: u64,
    /// How often the rule acts; without end if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Chance from 0 to 1 that the rule acts on a match; always if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of the dice behind `probability`.
    #[serde(default)]
    pub seed: u64,
    /// What happens.
    pub effect: Effect,
}

impl Fault {
    /// Returns a rule that acts on every request.
    pub fn new(effect: Effect) -> Self {
        Self {
            method: None,
            path: None,
            api: None,
            account: None,
            skip: 0,
            times: None,
            probability: None,
            seed: 0,
            effect,
        }
    }

    /// Restricts the rule to an API method such as `gmail.users.drafts.send`; `*` is a wildcard.
    #[must_use]
    pub fn api(mut self, api: &str) -> Self {
        self.api = Some(api.to_owned());
        self
    }

    /// Lets the rule act at most `times` times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Says what is wrong with the rule, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        if self
            .probability
            .is_some_and(|chance| !(0.0..=1.0).contains(&chance))
        {
            return Some("probability: expected a number from 0 to 1".to_owned());
        }
        match &self.effect {
            Effect::Status { code, .. } if !(400..=599).contains(code) => {
                Some("effect.status.code: expected 400 to 599".to_owned())
            }
            _ => None,
        }
    }
}

/// A rule with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultStatus {
    /// Number to clear this rule alone.
    pub id: u64,
    /// Requests that matched.
    pub matched: u64,
    /// Requests on which the rule acted.
    pub acted: u64,
    /// The rule.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What a rule can look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) api: &'a str,
    pub(crate) account: Option<&'a str>,
}

/// The rules in force, in order.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    next: u64,
    rules: Vec<(FaultStatus, StdRng)>,
}

impl Rules {
    /// Adds a rule at the end and returns its number.
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        self.next += 1;
        let dice = StdRng::seed_from_u64(fault.seed);
        let status = FaultStatus {
            id: self.next,
            matched: 0,
            acted: 0,
            fault,
        };
        self.rules.push((status, dice));
        self.next
    }

    pub(crate) fn list(&self) -> Vec<FaultStatus> {
        self.rules
            .iter()
            .map(|(status, _)| status.clone())
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Removes one rule; false if there is none of that number.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|(status, _)| status.id != id);
        self.rules.len() < before
    }

    /// Returns what is to go wrong with a request, and counts it.
    pub(crate) fn pick(&mut self, target: Target<'_>) -> Option<Effect> {
        self.rules.iter_mut().find_map(|(status, dice)| {
            let fault = &status.fault;
            let spent = fault.times.is_some_and(|times| status.acted >= times);
            if spent || !matches(fault, target) {
                return None;
            }
            status.matched += 1;
            // A chance that is no number counts as none; the control API refuses it before.
            let chance = fault.probability.unwrap_or(1.0).clamp(0.0, 1.0);
            let lucky = chance.is_nan() || !dice.random_bool(chance);
            if status.matched <= fault.skip || lucky {
                return None;
            }
            status.acted += 1;
            Some(fault.effect.clone())
        })
    }
}

fn matches(fault: &Fault, target: Target<'_>) -> bool {
    let wanted = |pattern: &Option<String>, value: &str| {
        pattern
            .as_deref()
            .is_none_or(|pattern| glob(pattern, value))
    };
    fault
        .method
        .as_deref()
        .is_none_or(|method| method.eq_ignore_ascii_case(target.method))
        && wanted(&fault.path, target.path)
        && wanted(&fault.api, target.api)
        && fault.account.as_deref().is_none_or(|wanted| {
            target
                .account
                .is_some_and(|account| account == crate::oauth::account_key(wanted))
        })
}

/// Returns whether `pattern`, in which `*` stands for any run of characters, covers `text`.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|head| text.strip_prefix(head)) else {
        return false;
    };
    let Some(tail) = pattern.contains('*').then(|| pieces.next_back()).flatten() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Target<'static> = Target {
        method: "GET",
        path: "/drive/v3/files",
        api: "drive.files.list",
        account: Some("do@example.org"),
    };

    fn unavailable() -> Fault {
        Fault::new(Effect::Status {
            code: 503,
            reason: None,
            retry_after: None,
        })
    }

    #[track_caller]
    fn check_glob(pattern: &str, text: &str, expected: bool) {
        assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
    }

    #[test]
    fn globs() {
        check_glob("drive.files.list", "drive.files.list", true);
        check_glob("drive.files.list", "drive.files.lists", false);
        check_glob("drive.*", "drive.files.list", true);
        check_glob("*.send", "gmail.users.drafts.send", true);
        check_glob("*", "", true);
        check_glob("a*b*c", "a-b-b-c", true);
        check_glob("a*a", "a", false);
        check_glob("", "x", false);
    }

    #[test]
    fn the_first_match_wins_and_is_spent() {
        let mut rules = Rules::default();
        rules.add(unavailable().api("gmail.*"));
        rules.add(unavailable().api("drive.*").times(1));
        rules.add(Fault::new(Effect::DropBefore));
        assert_eq!(rules.pick(LIST).map(|effect| effect.name()), Some("status"));
        assert_eq!(
            rules.pick(LIST).map(|effect| effect.name()),
            Some("drop_before")
        );
        let acted: Vec<u64> = rules.list().iter().map(|status| status.acted).collect();
        assert_eq!(acted, [0, 1, 1]);
    }

    #[test]
    fn skipped_requests_pass() {
        let mut rules = Rules::default();
        rules.add(Fault {
            skip: 2,
            ..unavailable()
        });
        let hits: Vec<bool> = (0..4).map(|_| rules.pick(LIST).is_some()).collect();
        assert_eq!(hits, [false, false, true, true]);
    }

    #[test]
    fn accounts_compare_without_case() {
        let mut rules = Rules::default();
        rules.add(Fault {
            account: Some("DO@Example.org".into()),
            ..unavailable()
        });
        assert!(rules.pick(LIST).is_some());
        assert!(
            rules
                .pick(Target {
                    account: None,
                    ..LIST
                })
                .is_none()
        );
    }

    #[test]
    fn the_dice_are_seeded() {
        let run = |seed| {
            let mut rules = Rules::default();
            rules.add(Fault {
                probability: Some(0.5),
                seed,
                ..unavailable()
            });
            (0..64)
                .map(|_| rules.pick(LIST).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(run(7).contains(&true) && run(7).contains(&false));
    }

    #[test]
    fn an_odd_chance_does_no_harm() {
        for (chance, expected) in [(f64::NAN, false), (-1.0, false), (7.0, true)] {
            let mut rules = Rules::default();
            let probability = Some(chance);
            rules.add(Fault {
                probability,
                ..unavailable()
            });
            assert_eq!(rules.pick(LIST).is_some(), expected, "{chance}");
        }
    }

    #[test]
    fn json_is_strict() {
        let parse = serde_json::from_str::<Fault>;
        let full = r#"{"api":"drive.files.list","times":2,"effect":{"status":{"code":503}}}"#;
        assert_eq!(
            parse(full).unwrap(),
            unavailable().api("drive.files.list").times(2)
        );
        assert_eq!(
            parse(r#"{"effect":"drop_after"}"#).unwrap(),
            Fault::new(Effect::DropAfter)
        );
        assert!(parse(r#"{"effect":"drop_after","time":1}"#).is_err());
        assert!(parse(r#"{"effect":{"status":{"code":503,"retry":1}}}"#).is_err());
    }
}
