//! What the operator sees: the audit line, and the reasons that stand in it. Nothing here is on the path of a search.

pub mod audit;
mod line;
pub mod reason;
pub mod tracing;
mod writer;
