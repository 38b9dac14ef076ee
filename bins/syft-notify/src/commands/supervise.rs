//! `syft-notify supervise`.

use crate::{
    args::WatchArgs,
    exit::{Failure, Outcome},
};

#[expect(clippy::unused_async, reason = "being built")]
pub(crate) async fn run(args: WatchArgs) -> Outcome {
    Err(Failure::error(format!("being built: {args:?}")))
}
