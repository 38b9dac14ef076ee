//! `syft-notify reload`.

use crate::{
    args::ConfigArg,
    exit::{Failure, Outcome},
};

#[expect(clippy::unused_async, reason = "being built")]
pub(crate) async fn run(args: ConfigArg) -> Outcome {
    Err(Failure::error(format!("being built: {args:?}")))
}
