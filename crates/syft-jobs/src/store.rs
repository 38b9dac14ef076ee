//! What is remembered from run to run: digests, merge bases, the history of runs.
