//! The whole inspection.
