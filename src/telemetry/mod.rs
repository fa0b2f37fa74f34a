//! What the operator sees: the audit line, the reasons that stand in it, and what is counted. Of all this only one addition is on the
//! path of a search.

pub mod audit;
mod line;
pub mod metrics;
pub mod reason;
pub mod tracing;
mod writer;
