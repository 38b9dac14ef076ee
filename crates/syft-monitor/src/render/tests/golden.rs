//! The mails as they are sent; `preview` of the examples writes these files.

use super::*;

macro_rules! golden {
    ($($template:ident: $name:literal),* $(,)?) => {
        const GOLDEN: [(Template, &str, &str); 13] = [$((
            Template::$template,
            include_str!(concat!("../golden/", $name, ".txt")),
            include_str!(concat!("../golden/", $name, ".html")),
        )),*];
    };
}

golden!(
    NewJob: "new_job",
    EncryptedSubmission: "encrypted_submission",
    UnreadableSubmission: "unreadable_submission",
    JobApproved: "job_approved",
    JobExecuted: "job_executed",
    JobFailed: "job_failed",
    JobRejected: "job_rejected",
    PeerRequest: "peer_request",
    RequestSent: "request_sent",
    PeerGranted: "peer_granted",
    TestEmail: "test_email",
    Digest: "digest",
    Heartbeat: "heartbeat",
);

#[test]
fn the_mails_are_the_golden_ones() {
    let renderer = Renderer::embedded();
    for (template, text, html) in GOLDEN {
        let mail = renderer.render(&MailContext::sample(template));
        let name = template.name();
        let hint = "if the change is meant, run the example `preview` on src/render/golden";
        let all = format!("Subject: {}\n\n{}", mail.subject, mail.text);
        assert_eq!(all, text, "{name}.txt: {hint}");
        assert_eq!(mail.html, html, "{name}.html: {hint}");
    }
}

#[test]
fn every_template_has_golden_files() {
    for template in Template::ALL {
        assert!(GOLDEN.iter().any(|(golden, ..)| *golden == template));
    }
}
