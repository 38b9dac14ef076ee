//! `syft-notify logs`.

use crate::{
    args::LogsArgs,
    exit::{Failure, Outcome},
};

#[expect(clippy::unused_async, reason = "being built")]
pub(crate) async fn run(args: LogsArgs) -> Outcome {
    Err(Failure::error(format!("being built: {args:?}")))
}
