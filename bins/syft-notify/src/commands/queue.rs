//! `syft-notify queue`.

use super::state::notices;
use crate::{
    args::QueueCommand,
    exit::{Failure, Outcome},
    prompt,
};

pub(crate) async fn run(command: QueueCommand) -> Outcome {
    match command {
        QueueCommand::List(args) => Err(Failure::error(format!("being built: {args:?}"))),
        QueueCommand::Retry(args) => prompt::interruptible(notices::retry(args)).await,
        QueueCommand::Drop(args) => prompt::interruptible(notices::drop(args)).await,
    }
}
