//! Writes every mail, with invented facts, as `.txt` and `.html` files into a directory:
//! `cargo run -p syft-monitor --example preview -- DIRECTORY [OVERRIDES]`.

use std::{env, fs, io, path::PathBuf};

use syft_monitor::{
    Template,
    render::{MailContext, Renderer},
};

#[expect(clippy::print_stdout, reason = "it tells its user what it wrote")]
fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let directory = arguments.next().unwrap_or_else(|| "mails".into());
    let (renderer, problems) = arguments.next().map_or_else(
        || (Renderer::embedded(), Vec::new()),
        |overrides| Renderer::with_overrides(&overrides),
    );
    for problem in problems {
        println!("{problem}");
    }
    fs::create_dir_all(&directory)?;
    for template in Template::ALL {
        let mail = renderer.render(&MailContext::sample(template));
        let path = directory.join(template.name());
        let text = format!("Subject: {}\n\n{}", mail.subject, mail.text);
        write(&path.with_extension("txt"), &text)?;
        write(&path.with_extension("html"), &mail.html)?;
        println!("{}.{{txt,html}}", path.display());
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a preview may be torn by a crash; it is written again"
)]
fn write(path: &std::path::Path, text: &str) -> io::Result<()> {
    fs::write(path, text)
}
