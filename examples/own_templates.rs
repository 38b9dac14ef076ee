//! Mails in one's own words: a directory of templates, and what is said about a broken one.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, path::Path};

use syft_monitor::{
    Event, Template,
    event::{JobDetails, JobKey},
    render::{MailContext, Renderer},
};
use syft_state::{Timestamp, fs};
use syft_transport::FileId;

fn main() -> Result<(), Box<dyn Error>> {
    let templates = tempfile::tempdir()?;
    write(
        templates.path(),
        "new_job.subject",
        "Clinic data desk: {{ scientist.email }} sent {{ job.name }}\n",
    )?;
    // A name that does not exist: the file is left out and the built-in one takes its place.
    write(
        templates.path(),
        "job_approved.subject",
        "{{ jobname }} is approved\n",
    )?;

    write(
        templates.path(),
        "digest.subject",
        "Clinic data desk: {{ digest.items | length }} news\n",
    )?;

    let (renderer, problems) = Renderer::with_overrides(templates.path());
    for problem in &problems {
        println!("warning: {problem}");
    }

    let job = JobKey {
        ds: "ada@uni.example".parse()?,
        job: "mean age".to_owned(),
    };
    let submitted = Event::JobSubmitted {
        job: job.clone(),
        message: FileId::new("1AbC"),
        details: JobDetails::default(),
    };
    show(&renderer, &submitted, Template::NewJob)?;
    let approved = Event::JobApproved { job };
    show(&renderer, &approved, Template::JobApproved)?;

    // With `digest` in the config, what comes within a period is one mail.
    let at = Timestamp::from_seconds(1_795_257_000);
    let news = [(submitted.clone(), at), (submitted, at)];
    let digest = MailContext::digest(&news, &"owner@clinic.example".parse()?, at);
    print(&renderer, &digest);
    Ok(())
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), fs::Error> {
    fs::write_atomic(&directory.join(name), text.as_bytes(), 0o600)
}

fn show(renderer: &Renderer, event: &Event, template: Template) -> Result<(), Box<dyn Error>> {
    let owner = "owner@clinic.example".parse()?;
    let mail = MailContext::for_event(
        event,
        &owner,
        template,
        Timestamp::from_seconds(1_795_257_000),
    )
    .ok_or("this event has no such mail")?;
    print(renderer, &mail);
    Ok(())
}

fn print(renderer: &Renderer, mail: &MailContext) {
    let rendered = renderer.render(mail);
    println!("\nSubject: {}\n\n{}", rendered.subject, rendered.text);
}
