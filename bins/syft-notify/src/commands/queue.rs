//! `syft-notify queue`.

mod change;
mod list;
mod row;

use crate::{args::QueueCommand, exit::Outcome, prompt};

pub(crate) async fn run(command: QueueCommand) -> Outcome {
    match command {
        QueueCommand::List(args) => list::run(&args),
        QueueCommand::Retry(args) => prompt::interruptible(change::retry(args)).await,
        QueueCommand::Drop(args) => prompt::interruptible(change::drop(args)).await,
    }
}
