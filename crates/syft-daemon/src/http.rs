//! Health and metrics on loopback.
