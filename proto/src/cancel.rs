//! The cancel operation (RFC 3909). Its answers are result codes: canceled, noSuchOperation, tooLate, cannotCancel.

use crate::{
    ber::Reader,
    value::{BerRequest, ValueError, required, sequence},
};

/// Asks that the operation with this message ID on the same connection be given up, and answered with canceled.
///
/// OID 1.3.6.1.1.8, value required: `SEQUENCE { cancelID MessageID }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// The message ID of the operation, 0 to 2^31 - 1.
    pub cancel_id: i32,
}

impl BerRequest for CancelRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut outer = Reader::new(required(value)?);
        let mut members = outer.sequence()?;
        outer.finish()?;
        let id = members.integer()?;
        members.finish()?;
        let cancel_id = i32::try_from(id).ok().filter(|&id| id >= 0);
        Ok(Self { cancel_id: cancel_id.ok_or_else(|| ValueError::new("cancelID is no message ID"))? })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| value.integer(i64::from(self.cancel_id))))
    }
}
