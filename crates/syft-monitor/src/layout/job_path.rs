use syft_state::RelPath;

const JOBS: [&str; 2] = ["app_data", "job"];
const CONFIG: &str = "config.yaml";

/// Where a datasite keeps a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobLayout {
    /// `app_data/job/{job}`.
    W1,
    /// `app_data/job/{ds}/{job}`.
    W2,
    /// `app_data/job/inbox/{ds}/{job}`, which W3 and W4 share.
    W3W4,
}

/// A job, as the path of its `config.yaml` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPath {
    /// Where in the datasite it is.
    pub layout: JobLayout,
    /// The directory that W2 and later name after the data scientist: a claim (T9).
    pub submitter: Option<String>,
    /// The directory of the job: free text of up to 255 bytes.
    pub job: String,
}

/// Returns the job whose `config.yaml` is at `path`, and `None` for every other file.
///
/// The number of parts tells W1 from W3, so that a W1 job may be called `inbox` (T11).
#[must_use]
pub fn job_in_path(path: &RelPath) -> Option<JobPath> {
    let parts: Vec<&str> = path.parts().take(7).collect();
    let between = parts.strip_prefix(&JOBS)?.strip_suffix(&[CONFIG])?;
    let (layout, submitter, job) = match *between {
        ["inbox", submitter, job] => (JobLayout::W3W4, Some(submitter), job),
        [submitter, job] if looks_like_address(submitter) => (JobLayout::W2, Some(submitter), job),
        [job] => (JobLayout::W1, None, job),
        _ => return None,
    };
    Some(JobPath {
        layout,
        submitter: submitter.map(str::to_owned),
        job: job.to_owned(),
    })
}

fn looks_like_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<(JobLayout, Option<&str>, &str)>) {
        let path: RelPath = path.parse().unwrap();
        let found = job_in_path(&path);
        let found = found
            .as_ref()
            .map(|found| (found.layout, found.submitter.as_deref(), found.job.as_str()));
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn t11_finds_the_job_in_every_layout() {
        use JobLayout::{W1, W2, W3W4};
        check(
            "app_data/job/my job/config.yaml",
            Some((W1, None, "my job")),
        );
        check(
            "app_data/job/ds@x.org/j/config.yaml",
            Some((W2, Some("ds@x.org"), "j")),
        );
        check(
            "app_data/job/inbox/ds@x.org/j/config.yaml",
            Some((W3W4, Some("ds@x.org"), "j")),
        );
        // Even if the directory is no address the client takes it for a job.
        check(
            "app_data/job/inbox/ds/j/config.yaml",
            Some((W3W4, Some("ds"), "j")),
        );
        check(
            "app_data/job/a@b c/j/config.yaml",
            Some((W2, Some("a@b c"), "j")),
        );
    }

    #[test]
    fn t11_a_w1_job_may_be_called_like_a_directory_of_a_later_layout() {
        use JobLayout::{W1, W3W4};
        check("app_data/job/inbox/config.yaml", Some((W1, None, "inbox")));
        check(
            "app_data/job/ds@x.org/config.yaml",
            Some((W1, None, "ds@x.org")),
        );
        check(
            "app_data/job/inbox/inbox/inbox/config.yaml",
            Some((W3W4, Some("inbox"), "inbox")),
        );
    }

    #[test]
    fn t11_other_files_are_no_jobs() {
        for path in [
            "app_data/job/x/code/config.yaml",
            "app_data/job/x/my_config.yaml",
            "app_data/job/x/config.yaml.bak",
            "app_data/job/x/Config.yaml",
            "app_data/job/config.yaml",
            "my/app_data/job/x/config.yaml",
            "app_data/jobs/x/config.yaml",
            "app_data/job/inbox/ds@x.org/j/code/config.yaml",
            "app_data/job/review/ds@x.org/j/config.yaml",
            "app_data/job/@/j/config.yaml",
            "config.yaml",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn names_are_free_text() {
        let name = format!("a\nb: {}", "x".repeat(200));
        check(
            &format!("app_data/job/{name}/config.yaml"),
            Some((JobLayout::W1, None, &name)),
        );
    }
}
