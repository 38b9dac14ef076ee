//! `syft-notify service`.

use crate::{
    args::ServiceCommand,
    exit::{Failure, Outcome},
};

#[expect(clippy::unused_async, reason = "being built")]
pub(crate) async fn run(args: ServiceCommand) -> Outcome {
    Err(Failure::error(format!("being built: {args:?}")))
}
