//! All of it together, as one thing that is started, fed and stopped.
