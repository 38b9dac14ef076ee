//! Which job runs now, which waits, and which is refused.
