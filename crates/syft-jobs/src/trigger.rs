//! Changes of files that make a job due.
