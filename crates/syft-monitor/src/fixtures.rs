//! What SyftBox clients write, for tests and demonstrations.
