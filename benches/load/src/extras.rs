//! What is measured beside the loads: starting, holding idle connections, a flood of binds, and how costs grow with the directory.

pub(crate) mod flood;
pub(crate) mod growth;
pub(crate) mod hash;
pub(crate) mod idle;
pub(crate) mod start;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    /// From nothing to the first answer.
    Start,
    /// Searches during a flood of binds.
    Flood,
    /// Ten thousand idle connections.
    Idle,
}

impl Extra {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Start, Self::Flood, Self::Idle];

    /// As the command line names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Flood => "flood",
            Self::Idle => "idle",
        }
    }
}
