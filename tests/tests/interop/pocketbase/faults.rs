//! What the client does when things go wrong.
