//! What the real servers cannot show on demand.
