//! What is to be judged: the words of a requester, before anybody knows what they are worth.

use super::origin::Origin;

/// What a requester presents.
#[derive(Clone, Copy)]
pub(in crate::handlers) struct Claim<'a> {
    /// The static password, perhaps with a code after it; absent: it proves nothing, unless `code` says so.
    pub(in crate::handlers) password: Option<&'a [u8]>,
    /// Where the code is.
    pub(in crate::handlers) code: CodeClaim<'a>,
    /// By what and from where it comes.
    pub(in crate::handlers) origin: Origin,
}

/// Where the code of a claim is.
#[derive(Clone, Copy)]
pub(in crate::handlers) enum CodeClaim<'a> {
    /// Nowhere: the password alone is the proof.
    Alone,
    /// Nowhere, and the account may be closed: what that means is for whoever asks. A lock after wrong passwords holds all the same.
    AloneInAnyState,
    /// Directly after the password, if the account has an active factor.
    Appended,
    /// Directly after the password if what stands there is a good code; else the password alone is the proof.
    Perhaps,
    /// Beside the password; needed in any case.
    Apart(&'a [u8]),
    /// What a YubiKey typed, beside the password; needed in any case.
    Device(&'a [u8]),
    /// What a YubiKey typed; a password is not asked for by configuration, and one that is given must be right.
    DeviceAlone(&'a [u8]),
    /// Here, and no password is asked for: the requester is authenticated already.
    Only(&'a [u8]),
}
