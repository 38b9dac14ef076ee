use super::*;

#[test]
fn smoke() {
    let renderer = Renderer::embedded();
    for template in Template::ALL {
        for mail in MailContext::samples(template) {
            let r = renderer.render(&mail);
            println!("{}\n{}\n", r.subject, r.text);
        }
    }
}
