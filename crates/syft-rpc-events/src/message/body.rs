//! Bodies on the wire: base64, written URL-safe with padding, read in every form that Python reads.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE},
};

/// With padding or without, and no stray bits in the last character.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const READ_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
const READ_STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

pub(super) fn encode(body: &[u8]) -> String {
    URL_SAFE.encode(body)
}

/// Decodes either alphabet, never a mixture.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let padding = text.len() - text.trim_end_matches('=').len();
    let is_well_padded = padding == 0 || text.len().is_multiple_of(4);
    let body = READ_URL_SAFE
        .decode(text)
        .or_else(|_| READ_STANDARD.decode(text));
    body.ok().filter(|_| is_well_padded)
}
