//! One call: who asks, for which mailbox, with which parameters.

use axum::Json;
use serde_json::Value;

use super::{fields::Mask, table::Method};
use crate::{
    error::ApiError,
    oauth::{Caller, account_key},
    params::Params,
};

/// A call that may be answered.
#[derive(Debug)]
pub(super) struct Call {
    /// Key of the mailbox: the caller's own.
    pub(super) account: String,
    pub(super) params: Params,
    mask: Mask,
    reads_bodies: bool,
}

impl Call {
    /// Checks parameters, scopes and mailbox, in this order.
    ///
    /// `method` is the id after `gmail.users.`, such as `messages.send`.
    pub(super) fn open(
        method: &str,
        caller: Caller,
        user: &str,
        params: Params,
    ) -> Result<Self, ApiError> {
        let method = Method::named(method);
        params.only(&method.parameters())?;
        if !matches!(params.get("alt"), None | Some("json")) {
            return Err(ApiError::parameter(
                "alt",
                "the emulator answers in JSON only",
            ));
        }
        caller.require(&method.scopes())?;
        if user != "me" && account_key(user) != caller.email {
            let message = format!("Delegation denied for {}", caller.email);
            return Err(ApiError::forbidden("forbidden", message));
        }
        let mask = params
            .get("fields")
            .map(|text| Mask::parse(text, method.response()));
        // Whoever may fetch an attachment may read bodies; `gmail.metadata` may do neither.
        let bodies = Method::named("messages.attachments.get").scopes();
        let reads_bodies = caller.require(&bodies).is_ok();
        Ok(Self {
            account: caller.email,
            mask: mask.transpose()?.unwrap_or_default(),
            params,
            reads_bodies,
        })
    }

    /// Returns the part of an answer that the caller asked for.
    pub(super) fn answer(&self, answer: Value) -> Json<Value> {
        Json(self.mask.apply(answer))
    }

    /// Returns how much of a message is wanted, and allowed.
    ///
    /// `gmail.metadata` alone never sees a body.
    pub(super) fn format(&self) -> Result<Format, ApiError> {
        let format = Format::parse(self.params.get("format").unwrap_or("full"))?;
        if !self.reads_bodies && matches!(format, Format::Full | Format::Raw) {
            let name = format.name();
            return Err(ApiError::forbidden(
                "forbidden",
                format!("Metadata scope doesn't allow format {name}"),
            ));
        }
        Ok(format)
    }

    /// Returns `q`, which `gmail.metadata` alone may not use.
    pub(super) fn q(&self) -> Result<&str, ApiError> {
        let q = self.params.get("q").unwrap_or_default();
        if !q.is_empty() && !self.reads_bodies {
            return Err(ApiError::forbidden(
                "forbidden",
                "Metadata scope does not support 'q' parameter",
            ));
        }
        Ok(q)
    }
}

/// How much of a message an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Minimal,
    Metadata,
    Full,
    Raw,
}

impl Format {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let all = [Self::Minimal, Self::Metadata, Self::Full, Self::Raw];
        all.into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| ApiError::parameter("format", "expected minimal, metadata, full or raw"))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Minimal => "MINIMAL",
            Self::Metadata => "METADATA",
            Self::Full => "FULL",
            Self::Raw => "RAW",
        }
    }
}
