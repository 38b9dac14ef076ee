//! The relay's wildcards, in time that grows with pattern times path whatever the pattern is.

use std::str::Chars;

/// A pattern that is longer is none, in bytes.
const MAX_PATTERN: usize = 8 * 1024;
const MAX_DEPTH: usize = 16;

/// A pattern: `*` and `?` stay in a segment, `**` between slashes is any number of segments, `[a-z]`
/// and `[^a]` are one character, `{a,b}` is one of several, and a backslash takes the meaning away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob(Vec<Step>);

/// A step of the machine that a pattern is; all go on to the next one unless they say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Char(char),
    /// Any character; a slash only if that is said.
    Any {
        or_slash: bool,
    },
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// Goes on at both.
    Split(usize, usize),
    Jump(usize),
}

impl Glob {
    /// Reads a pattern; `None` if it is none.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        if pattern.len() > MAX_PATTERN {
            return None;
        }
        let mut parser = Parser {
            rest: pattern.chars(),
            steps: Vec::new(),
            starts_segment: true,
            depth: 0,
        };
        parser.sequence()?;
        parser.rest.next().is_none().then_some(Self(parser.steps))
    }

    /// Returns whether a path is as the pattern says, all of it.
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut states = States::new(self.0.len() + 1);
        self.enter(0, &mut states);
        for c in path.chars() {
            let mut next = States::new(self.0.len() + 1);
            for &at in &states.list {
                if self.0.get(at).is_some_and(|step| step.takes(c)) {
                    self.enter(at + 1, &mut next);
                }
            }
            if next.list.is_empty() {
                return false;
            }
            states = next;
        }
        states.has[self.0.len()]
    }

    /// Adds a state and those that it leads to without a character.
    fn enter(&self, at: usize, states: &mut States) {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut states.has[at], true) {
                continue;
            }
            match self.0.get(at) {
                Some(Step::Split(one, other)) => open.extend([*one, *other]),
                Some(Step::Jump(to)) => open.push(*to),
                _ => states.list.push(at),
            }
        }
    }
}

/// Where the machine may be.
struct States {
    has: Vec<bool>,
    list: Vec<usize>,
}

impl States {
    fn new(length: usize) -> Self {
        Self {
            has: vec![false; length],
            list: Vec::new(),
        }
    }
}

impl Step {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(wanted) => *wanted == c,
            Self::Any { or_slash } => *or_slash || c != '/',
            Self::Class { is_negated, ranges } => {
                let is_in = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                c != '/' && is_in != *is_negated
            }
            Self::Split(..) | Self::Jump(_) => false,
        }
    }
}

struct Parser<'a> {
    rest: Chars<'a>,
    steps: Vec<Step>,
    /// Whether what comes next is the beginning of a segment.
    starts_segment: bool,
    depth: usize,
}

impl Parser<'_> {
    /// Reads up to the end, or up to the comma or brace that ends an alternative.
    fn sequence(&mut self) -> Option<()> {
        loop {
            let mut ahead = self.rest.clone();
            let Some(c) = ahead.next() else {
                return (self.depth == 0).then_some(());
            };
            if self.depth > 0 && matches!(c, ',' | '}') {
                return Some(());
            }
            // `a/**` is `a`, too.
            if self.rest.as_str() == "/**" {
                self.rest = "".chars();
                self.optional(|parser| {
                    parser.steps.push(Step::Char('/'));
                    parser.any_number(true);
                });
                continue;
            }
            self.rest = ahead;
            let starts_segment = std::mem::replace(&mut self.starts_segment, c == '/');
            match c {
                '*' => self.star(starts_segment),
                '?' => self.steps.push(Step::Any { or_slash: false }),
                '[' => self.class()?,
                '{' => self.alternatives(starts_segment)?,
                '\\' => {
                    let c = self.rest.next()?;
                    self.steps.push(Step::Char(c));
                }
                c => self.steps.push(Step::Char(c)),
            }
        }
    }

    /// Reads the rest of `*` or `**`.
    fn star(&mut self, starts_segment: bool) {
        let text = self.rest.as_str();
        let Some(after) = text.strip_prefix('*').filter(|_| starts_segment) else {
            return self.any_number(false);
        };
        match after.chars().next() {
            Some('/') => {
                self.rest = after[1..].chars();
                self.starts_segment = true;
                self.optional(|parser| {
                    parser.any_number(true);
                    parser.steps.push(Step::Char('/'));
                });
            }
            None => {
                self.rest = "".chars();
                self.any_number(true);
            }
            Some(',' | '}') if self.depth > 0 => {
                self.rest = after.chars();
                self.any_number(true);
            }
            Some(_) => self.any_number(false),
        }
    }

    /// Adds steps that may be left out.
    fn optional(&mut self, add: impl FnOnce(&mut Self)) {
        let split = self.steps.len();
        self.steps.push(Step::Jump(split));
        add(self);
        self.steps[split] = Step::Split(split + 1, self.steps.len());
    }

    /// Adds any number of characters.
    fn any_number(&mut self, or_slash: bool) {
        let split = self.steps.len();
        self.steps.push(Step::Split(split + 1, split + 3));
        self.steps.push(Step::Any { or_slash });
        self.steps.push(Step::Jump(split));
    }

    /// Reads the rest of `[a-z]`.
    fn class(&mut self) -> Option<()> {
        let mut ranges = Vec::new();
        let text = self.rest.as_str();
        let negated = text.strip_prefix(['^', '!']);
        if let Some(after) = negated {
            self.rest = after.chars();
        }
        loop {
            let from = match self.rest.next()? {
                ']' if !ranges.is_empty() => break,
                ']' | '-' => return None,
                '\\' => self.rest.next()?,
                c => c,
            };
            let mut ahead = self.rest.clone();
            let to = match ahead.next()? {
                '-' => {
                    self.rest = ahead;
                    match self.rest.next()? {
                        ']' => return None,
                        '\\' => self.rest.next()?,
                        c => c,
                    }
                }
                _ => from,
            };
            ranges.push((from, to));
        }
        let is_negated = negated.is_some();
        self.steps.push(Step::Class { is_negated, ranges });
        Some(())
    }

    /// Reads the rest of `{a,b}`.
    fn alternatives(&mut self, starts_segment: bool) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut ends = Vec::new();
        loop {
            self.starts_segment = starts_segment;
            let split = self.steps.len();
            self.steps.push(Step::Jump(split + 1));
            self.sequence()?;
            ends.push(self.steps.len());
            self.steps.push(Step::Jump(0));
            match self.rest.next()? {
                ',' => self.steps[split] = Step::Split(split + 1, self.steps.len()),
                _ => break,
            }
        }
        let end = self.steps.len();
        for jump in ends {
            self.steps[jump] = Step::Jump(end);
        }
        self.depth -= 1;
        self.starts_segment = false;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let glob = Glob::parse(pattern).unwrap();
        for path in matching {
            assert!(glob.matches(path), "{pattern:?} {path:?}");
        }
        for path in others {
            assert!(!glob.matches(path), "{pattern:?} {path:?}");
        }
    }

    #[test]
    fn wildcards_mean_what_they_mean_to_the_relay() {
        check("a/b", &["a/b"], &["a", "a/b/c", "A/b", ""]);
        check("*", &["a", ""], &["a/b"]);
        check("a*b", &["ab", "axxb"], &["a/b", "abx"]);
        check("**", &["", "a", "a/b/c"], &[]);
        check("a/**", &["a", "a/b", "a/b/c"], &["ab", "b/a"]);
        check("**/a", &["a", "b/a", "b/c/a"], &["ba", "a/b"]);
        check(
            "a/**/b",
            &["a/b", "a/x/b", "a/x/y/b"],
            &["ab", "a/xb", "a/x/yb"],
        );
        check("**/*", &["a", "a/b"], &[]);
        check(
            "a/**/*.txt",
            &["a/x.txt", "a/b/c/.txt"],
            &["a", "x.txt", "a/x.txt/b"],
        );
        check("a**b", &["ab", "axb"], &["a/b"]);
        check("a/b**", &["a/b", "a/bc"], &["a/b/c"]);
        check("?", &["a", "é"], &["", "ab", "/"]);
        check("[a-c]x", &["ax", "cx"], &["dx", "x"]);
        check("[^a]", &["b"], &["a", "/", ""]);
        check("[!a]", &["b"], &["a", "/"]);
        check("[a\\]]", &["a", "]"], &["\\"]);
        check(
            "a[b-]c/*".replace("b-", "b\\-").as_str(),
            &["abc/x", "a-c/x"],
            &["axc/x"],
        );
        check("{a,b/c}", &["a", "b/c"], &["b", "ab/c"]);
        check(
            "x.{req,resp{,onse}}",
            &["x.req", "x.resp", "x.response"],
            &["x."],
        );
        check("{**/a,b}/c", &["a/c", "x/y/a/c", "b/c"], &["x/b/c"]);
        check("\\*", &["*"], &["a"]);
        check("a,b}*", &["a,b}", "a,b}c"], &["a"]);
    }

    #[test]
    fn what_is_cut_off_is_no_pattern() {
        for pattern in [
            "[", "[a", "[]", "[^]", "[a-]", "[-a]", "{", "{a", "{a,", "\\", "a{b{c}",
        ] {
            assert_eq!(Glob::parse(pattern), None, "{pattern:?}");
        }
        assert_eq!(Glob::parse(&"{".repeat(100)), None);
        assert_eq!(Glob::parse(&"a".repeat(MAX_PATTERN + 1)), None);
    }

    #[test]
    fn no_pattern_takes_long() {
        let path = "a".repeat(2_000);
        for pattern in ["*a".repeat(500), "{a,a,*}".repeat(200), "**/".repeat(500)] {
            assert!(!Glob::parse(&format!("{pattern}b")).unwrap().matches(&path));
        }
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[ab*?/{},\\[\\]^\\\\!é-]{0,30}", path in "[ab/é]{0,12}") {
            if let Some(glob) = Glob::parse(&pattern) {
                glob.matches(&path);
            }
        }

        #[test]
        fn text_without_wildcards_is_itself(text in "[a-z@./_-]{0,30}", other in "[a-z@./_-]{0,30}") {
            let glob = Glob::parse(&text).unwrap();
            prop_assert!(glob.matches(&text));
            prop_assert_eq!(glob.matches(&other), text == other);
        }

        #[test]
        fn two_stars_are_any_segments(segments in proptest::collection::vec("[a-z]{1,3}", 0..5)) {
            let path = format!("x/{}", segments.join("/"));
            let path = path.trim_end_matches('/');
            prop_assert!(Glob::parse("x/**").unwrap().matches(path));
            let path = format!("{path}/y");
            prop_assert!(Glob::parse("x/**/y").unwrap().matches(&path));
        }
    }
}
