use crate::Template;

/// A name that templates can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// As it is written in a template: `job.name`.
    pub name: &'static str,
    /// What it holds.
    pub meaning: &'static str,
}

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning }
}

const ALWAYS: [Variable; 7] = [
    variable("owner.email", "the data owner's address"),
    variable("owner.python", "the same as a Python string"),
    variable("owner.python_key", "the same in lower case"),
    variable("to", "the recipient's address"),
    variable("date", "when it was noticed, in UTC"),
    variable("subject", "the subject; not in `.subject` files"),
    variable(
        "cells",
        "a list: the `.py` file, divided at its `# %%` lines; not in `.subject` and `.py` files",
    ),
];

const SCIENTIST: [Variable; 3] = [
    variable("scientist.email", "the data scientist's address"),
    variable("scientist.python", "the same as a Python string"),
    variable("scientist.python_key", "the same in lower case"),
];

const TO_OWNER: [Variable; 1] = [variable(
    "token_path",
    "the path of the Drive token as a Python string, or nothing",
)];

const JOB: [Variable; 2] = [
    variable("job.name", "the job's name, made safe to show"),
    variable("job.python", "the exact name as a Python string"),
];

const DETAILS: [Variable; 10] = [
    variable("job.kind", "`python` or `bash`, or nothing"),
    variable(
        "job.entrypoint",
        "the program that is run first, or nothing",
    ),
    variable("job.submitted", "when it was submitted, in UTC, or nothing"),
    variable("job.files", "a list of files, each with `name` and `size`"),
    variable("job.file_count", "how many files there are in all"),
    variable("job.files_more", "how many of them are not listed"),
    variable("job.packages", "a list of package names"),
    variable("job.packages_more", "how many of them are not listed"),
    variable("job.datasets", "a list of data set names"),
    variable("job.datasets_more", "how many of them are not listed"),
];

const FILE: [Variable; 1] = [variable("file_id", "the id of the file on Drive")];

const EXIT: [Variable; 2] = [
    variable(
        "exit_code",
        "the exit code, or nothing if none was recorded",
    ),
    variable("stopped", "true if it was stopped from outside"),
];

const DIGEST: [Variable; 4] = [
    variable(
        "digest.summary",
        "what came in, as `2 New Jobs, 1 New Peer Request`",
    ),
    variable(
        "digest.items",
        "a list, each with `kind` (`job`, `peer`, `encrypted` or `unreadable`), `job`, `reason`, `scientist`, `scientist_python` and `date`",
    ),
    variable("digest.submissions", "how many of them are not about peers"),
    variable("digest.peers", "how many of them are about peers"),
];

const PULSE: [Variable; 8] = [
    variable(
        "pulse.running_since",
        "since when the program has run, in UTC, or nothing",
    ),
    variable("pulse.looks", "how often it has looked since then"),
    variable(
        "pulse.sent",
        "how many mails it has sent since the last heartbeat",
    ),
    variable("pulse.sent_total", "how many mails it has ever sent"),
    variable("pulse.waiting", "how many mails wait"),
    variable("pulse.dead", "how many mails were given up"),
    variable(
        "pulse.folders",
        "a list of folder generations, each with `generation` and `count`",
    ),
    variable(
        "pulse.trouble",
        "what did not work in the last look, or nothing",
    ),
];

/// Returns the names that the files of a template can use.
#[must_use]
pub fn template_variables(template: Template) -> Vec<Variable> {
    let groups: &[&[Variable]] = match template {
        Template::NewJob => &[&SCIENTIST, &TO_OWNER, &JOB, &DETAILS],
        Template::EncryptedSubmission => &[&SCIENTIST, &TO_OWNER, &FILE],
        Template::UnreadableSubmission => &[
            &SCIENTIST,
            &TO_OWNER,
            &FILE,
            &[variable("reason", "what is wrong with the submission")],
        ],
        Template::JobApproved | Template::JobExecuted => &[&SCIENTIST, &JOB],
        Template::JobFailed => &[&SCIENTIST, &JOB, &EXIT],
        Template::JobRejected => &[
            &SCIENTIST,
            &JOB,
            &[variable("reason", "the reason that was given, or nothing")],
        ],
        Template::PeerRequest => &[&SCIENTIST, &TO_OWNER],
        Template::RequestSent | Template::PeerGranted => &[&SCIENTIST],
        Template::TestEmail => &[],
        Template::Digest => &[&TO_OWNER, &DIGEST],
        Template::Heartbeat => &[&PULSE],
    };
    ALWAYS
        .iter()
        .chain(groups.iter().copied().flatten())
        .copied()
        .collect()
}
