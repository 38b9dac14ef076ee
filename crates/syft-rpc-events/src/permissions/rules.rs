use std::cmp::Reverse;

use syft_state::{
    Email, Timestamp,
    yaml::{self, Keys, Node},
};

use super::{
    evaluator::Access,
    glob::Glob,
    template::{self, Values},
};

/// Says why a file holds no rules; the relay refuses to store such a one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleFileError {
    /// It is no YAML, or more of it than anybody needs.
    #[error("not a permission file: {0}")]
    Malformed(String),
    /// A rule in it is none.
    #[error("rule {number} {reason}")]
    BadRule {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The rules of one directory, the most specific first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleFile {
    pub(super) rules: Vec<Rule>,
    /// Whether files further below count for nothing.
    pub(super) is_terminal: bool,
}

/// Who may do what with the files of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) pattern: String,
    admin: Vec<String>,
    write: Vec<String>,
    read: Vec<String>,
}

impl RuleFile {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, RuleFileError> {
        let root = yaml::parse_mapping(bytes, Keys::Distinct)
            .map_err(|error| RuleFileError::Malformed(error.to_string()))?;
        let rules = match root.get("rules") {
            None | Some(Node::Null) => &[][..],
            Some(Node::List(rules)) => rules,
            Some(_) => {
                let reason = "`rules` is no list".to_owned();
                return Err(RuleFileError::Malformed(reason));
            }
        };
        let rules = rules.iter().enumerate().map(|(index, rule)| {
            let number = index + 1;
            Rule::parse(rule).map_err(|reason| RuleFileError::BadRule { number, reason })
        });
        let mut rules = rules.collect::<Result<Vec<_>, _>>()?;
        rules.sort_by_key(|rule| Reverse(specificity(&rule.pattern)));
        let terminal = root.get("terminal");
        Ok(Self {
            rules,
            is_terminal: matches!(terminal, Some(Node::Text(text)) if text == "true"),
        })
    }
}

impl Rule {
    fn parse(node: &Node) -> Result<Self, &'static str> {
        let pattern = match node.get("pattern") {
            Some(Node::Text(pattern)) if !pattern.is_empty() => pattern.clone(),
            _ => return Err("has no pattern"),
        };
        if !template::is_sound(&pattern) {
            return Err("has a template that cannot be filled in");
        }
        let Some(access @ Node::Map(_)) = node.get("access") else {
            return Err("has no `access`");
        };
        let principals = |key| match access.get(key) {
            None | Some(Node::Null) => Ok(Vec::new()),
            Some(Node::List(names)) => names.iter().map(principal).collect(),
            Some(_) => Err("gives access to something that is no list"),
        };
        Ok(Self {
            admin: principals("admin")?,
            write: principals("write")?,
            read: principals("read")?,
            pattern,
        })
    }

    /// Returns whether the rule is about a file, for somebody who asks for it at a time.
    pub(super) fn is_about(
        &self,
        directory: &str,
        path: &str,
        user: &Email,
        now: Timestamp,
    ) -> bool {
        let whole = crate::tree::join(directory, self.pattern.trim_start_matches('/'));
        let Some(whole) = template::fill(&whole, &Values::of(user, now)) else {
            return false;
        };
        if !whole.contains(['*', '?', '[']) {
            return whole == path;
        }
        Glob::parse(&whole).is_some_and(|glob| glob.matches(path))
    }

    /// Returns whether it lets somebody do something: who may change may read, and who may
    /// administrate may both.
    pub(super) fn allows(&self, user: &Email, access: Access) -> bool {
        let lists: &[&Vec<String>] = match access {
            Access::Admin => &[&self.admin],
            Access::Write | Access::Create => &[&self.admin, &self.write],
            Access::Read => &[&self.admin, &self.write, &self.read],
        };
        let name = user.key();
        let mut principals = lists.iter().flat_map(|list| list.iter());
        principals.any(|principal| is_meant(principal, &name))
    }
}

fn principal(node: &Node) -> Result<String, &'static str> {
    match node {
        Node::Text(text) => Ok(text.clone()),
        _ => Err("gives access to something that is no text"),
    }
}

fn is_meant(principal: &str, name: &str) -> bool {
    match principal {
        "*" | "USER" => true,
        _ if principal == name => true,
        _ if principal.contains(['*', '?', '[', ']']) => {
            Glob::parse(principal).is_some_and(|glob| glob.matches(name))
        }
        _ => false,
    }
}

/// Returns how specific a pattern is: the rule of the most specific one that fits decides.
fn specificity(pattern: &str) -> i64 {
    match pattern {
        "**" => return -100,
        "**/*" => return -99,
        _ => {}
    }
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let length = count(pattern.len());
    let slashes = count(pattern.matches('/').count());
    let template = if template::is_one(pattern) { 50 } else { 0 };
    let wildcards: i64 = pattern
        .char_indices()
        .map(|(at, c)| match c {
            '*' if at == 0 => 20,
            '*' => 10,
            '?' | '!' | '[' | '{' => 2,
            _ => 0,
        })
        .sum();
    2 * length + 10 * slashes + template - wildcards
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn specific_patterns_come_first() {
        for (pattern, score) in [
            ("**", -100),
            ("**/*", -99),
            ("*", -18),
            ("a", 2),
            ("a/b", 16),
            ("*.txt", -10),
            ("a/*.txt", 14),
            ("a?", 2),
            ("[ab]", 6),
            ("{{.UserEmail}}", 74),
            (
                "**/{{.UserEmail}}/*.request",
                54 + 20 + 50 - 20 - 10 - 10 - 4,
            ),
        ] {
            assert_eq!(specificity(pattern), score, "{pattern}");
        }
    }

    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let said = match RuleFile::parse(text.as_bytes()) {
            Ok(file) => format!("{} rules", file.rules.len()),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, wanted, "{text}");
    }

    #[test]
    fn a_rule_has_a_pattern_and_lists_of_people() {
        check(super::super::TEXT, "3 rules");
        check("terminal: true", "0 rules");
        check("rules:", "0 rules");
        check("rules:\n- {pattern: a, access: {}}", "1 rules");
        check(
            "rules:\n- {pattern: a, access: {read: [1, a@b.c], own: x}}",
            "1 rules",
        );
        check(
            "rules:\n- {pattern: '', access: {}}",
            "rule 1 has no pattern",
        );
        check("rules:\n- {access: {}}", "rule 1 has no pattern");
        check("rules:\n- {pattern: a}", "rule 1 has no `access`");
        check("rules:\n- {pattern: a, access: }", "rule 1 has no `access`");
        check("rules:\n- 5", "rule 1 has no pattern");
        check(
            "rules:\n- {pattern: a, access: {read: bob}}",
            "rule 1 gives access to something that is no list",
        );
        check(
            "rules:\n- {pattern: a, access: {}}\n- {pattern: a, access: {read: [[x]]}}",
            "rule 2 gives access to something that is no text",
        );
        check(
            "rules:\n- {pattern: '{{.Nobody}}', access: {}}",
            "rule 1 has a template that cannot be filled in",
        );
        check("rules: 5", "not a permission file: `rules` is no list");
        check("- a", "not a permission file: not a mapping");
        check("", "not a permission file: empty");
        check(
            "a: 1\na: 2",
            "not a permission file: not readable as YAML (line 1, column 1)",
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            drop(RuleFile::parse(&bytes));
        }

        #[test]
        fn no_yaml_makes_it_panic(text in "(rules:|terminal:|- |  |pattern: |access: |read: |write: |[{}\\[\\]\\n*&!'\",|>#%]|[a-c.@/-]){0,60}") {
            drop(RuleFile::parse(text.as_bytes()));
        }
    }
}
