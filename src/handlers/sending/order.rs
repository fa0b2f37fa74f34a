//! What is asked to be sent: in which ways, and with which words.

use countersign_proto::delivery::{MessageTexts, PreferredMechanism};

/// What a request says about sending.
pub(in crate::handlers) struct Order<'a> {
    /// The only ways to try; empty: the user's, then the configured ones.
    pub(in crate::handlers) preferred: &'a [PreferredMechanism],
    /// The words around the secret.
    pub(in crate::handlers) texts: &'a MessageTexts,
    /// The configured mechanisms; empty: all.
    pub(in crate::handlers) defaults: &'a [String],
    /// Subject and words before the secret where the request has none; `None`: the mechanism's own, which are about codes.
    pub(in crate::handlers) usual: Option<(&'a str, &'a str)>,
}
