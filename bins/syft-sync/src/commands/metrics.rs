//! `syft-sync metrics`.

use crate::{exit::Outcome, place, session::Wanted, term};

pub(crate) async fn run(wanted: &Wanted) -> Outcome {
    let control = place::find(wanted)?.reach()?;
    let text = control.text("/metrics").await?;
    term::bytes(text.as_bytes());
    Ok(())
}
