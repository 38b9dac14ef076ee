//! What a `doctor` says: one line for each thing that it looked at.

use std::{
    fmt, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::Serialize;
use syft_daemon::logs::one_line;

use crate::{ACCENT, BOLD, DIM, count, out, paint};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// All is well.
    Ok,
    /// It works, but a person should know.
    Warning,
    /// It does not work.
    Problem,
}

impl Mark {
    /// Returns it as people see it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Ok => "✅",
            Self::Warning => "⚠️ ",
            Self::Problem => "❌",
        }
    }
}

/// A step that mends a fault and can do no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Gives a file of ours this mode.
    Mode(PathBuf, u32),
    /// Removes a file that nothing relies on.
    Remove(PathBuf),
}

impl Fix {
    /// Takes the step.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn make(&self) -> io::Result<()> {
        match self {
            Self::Mode(path, mode) => fs::set_permissions(path, fs::Permissions::from_mode(*mode)),
            Self::Remove(path) => fs::remove_file(path),
        }
    }
}

/// Shows it as a shell takes it.
impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode(path, mode) => write!(f, "chmod {mode:o} {}", quoted(path)),
            Self::Remove(path) => write!(f, "rm {}", quoted(path)),
        }
    }
}

/// One line: what was found, why it matters, and what mends it, whatever others wrote (T19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word.
    pub topic: &'static str,
    /// How much it matters.
    pub mark: Mark,
    /// What was found.
    pub finding: String,
    /// Why it matters.
    pub reason: Option<String>,
    /// The command or the step.
    pub remedy: Option<String>,
    /// Whether logging in again is what is needed.
    pub login_needed: bool,
    /// What `--fix` does about it.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn ok(topic: &'static str, finding: impl fmt::Display) -> Self {
        Self::new(topic, Mark::Ok, finding)
    }

    /// It works, but a person should know.
    #[must_use]
    pub fn warning(topic: &'static str, finding: impl fmt::Display) -> Self {
        Self::new(topic, Mark::Warning, finding)
    }

    /// It does not work.
    #[must_use]
    pub fn problem(topic: &'static str, finding: impl fmt::Display) -> Self {
        Self::new(topic, Mark::Problem, finding)
    }

    fn new(topic: &'static str, mark: Mark, finding: impl fmt::Display) -> Self {
        Self {
            topic,
            mark,
            finding: one_line(&finding.to_string()),
            reason: None,
            remedy: None,
            login_needed: false,
            fix: None,
        }
    }

    /// Says why it matters.
    #[must_use]
    pub fn because(mut self, reason: impl fmt::Display) -> Self {
        self.reason = Some(one_line(&reason.to_string()));
        self
    }

    /// Says what mends it.
    #[must_use]
    pub fn mend(mut self, remedy: impl fmt::Display) -> Self {
        self.remedy = Some(one_line(&remedy.to_string()));
        self
    }

    /// A step that this program can take mends it.
    #[must_use]
    pub fn fix(self, fix: Fix) -> Self {
        Self {
            fix: Some(fix.clone()),
            ..self.mend(fix)
        }
    }

    /// Logging in again, by this command, mends it.
    #[must_use]
    pub fn login(self, command: &str) -> Self {
        Self {
            login_needed: true,
            ..self.mend(command)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding)?;
        for more in [&self.reason, &self.remedy].into_iter().flatten() {
            write!(f, " — {more}")?;
        }
        Ok(())
    }
}

/// Returns a path as a shell takes it.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-@+,:=%".contains(c);
    if text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Returns findings as tests compare them.
#[must_use]
pub fn lines(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| format!("{} {finding}", finding.mark.sign().trim());
    findings.iter().map(line).collect()
}

/// Prints findings, and how many of them are to be mended.
pub fn tell(findings: &[Finding]) {
    for finding in findings {
        let mut line = format!(
            "{} {} {}",
            finding.mark.sign(),
            paint(DIM, format_args!("{}:", finding.topic)),
            finding.finding
        );
        if let Some(reason) = &finding.reason {
            line = format!("{line} — {reason}");
        }
        if let Some(remedy) = &finding.remedy {
            line = format!("{line} — {}", paint(ACCENT, remedy));
        }
        out(line);
    }
    out("");
    out(paint(BOLD, summary(findings)));
}

/// Returns in a sentence how many things are to be mended or looked at.
#[must_use]
pub fn summary(findings: &[Finding]) -> String {
    let of = |mark| {
        let marked = findings.iter().filter(|finding| finding.mark == mark);
        marked.count()
    };
    match (of(Mark::Problem), of(Mark::Warning)) {
        (0, 0) => "All is well.".to_owned(),
        (0, warnings) => format!("It works; {} to look at.", count(warnings, "thing")),
        (problems, 0) => format!("{} to mend.", count(problems, "problem")),
        (problems, warnings) => format!(
            "{} to mend, {} to look at.",
            count(problems, "problem"),
            count(warnings, "thing")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_three_parts() {
        let finding = Finding::problem("files", "a").because("b").mend("c");
        assert_eq!(finding.to_string(), "a — b — c");
        assert_eq!(Finding::ok("files", "a").to_string(), "a");
        let hostile = Finding::ok("files", "a\nb")
            .because("c\u{202e}")
            .mend("d\r");
        assert_eq!(hostile.to_string(), "a b — c  — d ");
        let login = Finding::problem("files", "a").login("init");
        assert_eq!(login.to_string(), "a — init");
    }

    #[test]
    fn a_fix_does_what_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        syft_state::fs::write_atomic(&path, b"", 0o644).unwrap();
        let fix = Fix::Mode(path.clone(), 0o600);
        assert_eq!(fix.to_string(), format!("chmod 600 {}", path.display()));
        fix.make().unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let fix = Fix::Remove(path.clone());
        assert_eq!(fix.to_string(), format!("rm {}", path.display()));
        fix.make().unwrap();
        assert!(!path.exists());
        let finding = Finding::ok("files", "a").fix(fix.clone());
        assert_eq!(finding.remedy, Some(fix.to_string()));
        assert_eq!(finding.fix, Some(fix));
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, text) in [
            ("/home/a/.syft-creds/x.json", "/home/a/.syft-creds/x.json"),
            ("/my box/it's", r"'/my box/it'\''s'"),
            ("/a;b", "'/a;b'"),
        ] {
            assert_eq!(quoted(path.as_ref()), text);
        }
    }
}
