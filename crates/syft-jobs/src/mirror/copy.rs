//! How one file comes to its new place.
