//! LDAP messages as the command line reads them: those that `ldap3_proto` decodes, and responses to extended operations with result
//! codes that it does not know. The multi-factor operations have such codes of their own.

use std::io;

use bytes::{Buf, BytesMut};
use countersign_proto::{
    ber::{BerError, Reader},
    ldap::{frame::frame_length, response},
    result_code::ResultCode,
};
use ldap3_proto::{
    LdapCodec,
    proto::{LdapExtendedResponse, LdapMsg, LdapOp, LdapResult, LdapResultCode},
};
use tokio_util::codec::{Decoder, Encoder};

/// Larger than anything the server sends, so that the limit is the server's.
const LONGEST_ANSWER: usize = 64 << 20;

/// Reads answers, writes requests.
pub(super) struct Codec(LdapCodec);

impl Default for Codec {
    fn default() -> Self {
        Self(LdapCodec::new(Some(LONGEST_ANSWER), None))
    }
}

impl Decoder for Codec {
    type Item = LdapMsg;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<LdapMsg>> {
        let length = frame_length(buffer, LONGEST_ANSWER).map_err(io::Error::other)?;
        let Some(frame) = length.and_then(|length| buffer.get(..length)) else { return Ok(None) };
        if let Ok(Some(message)) = with_foreign_code(frame) {
            buffer.advance(frame.len());
            return Ok(Some(message));
        }
        self.0.decode(buffer)
    }
}

impl Encoder<LdapMsg> for Codec {
    type Error = io::Error;

    fn encode(&mut self, message: LdapMsg, buffer: &mut BytesMut) -> io::Result<()> {
        self.0.encode(message, buffer)
    }
}

/// The response in `frame`, if it is one to an extended operation whose code `ldap3_proto` does not know: such codes are refusals. The
/// code stands in the message then.
fn with_foreign_code(frame: &[u8]) -> Result<Option<LdapMsg>, BerError> {
    let mut message = Reader::new(frame).sequence()?;
    let msgid = i32::try_from(message.integer()?).unwrap_or_default();
    let Some(content) = message.optional(response::EXTENDED)? else { return Ok(None) };
    let mut result = Reader::new(content);
    let code = result.enumerated()?;
    if LdapResultCode::try_from(code).is_ok() {
        return Ok(None);
    }
    let (matcheddn, diagnostic) = (result.text()?.to_owned(), result.text()?);
    let message = format!("{diagnostic} ({})", ResultCode(i32::try_from(code).unwrap_or_default()));
    let res = LdapResult { code: LdapResultCode::Other, matcheddn, message, referral: Vec::new() };
    let op = LdapOp::ExtendedResponse(LdapExtendedResponse { res, name: None, value: None });
    Ok(Some(LdapMsg { msgid, op, ctrl: Vec::new() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn decoded(code: ResultCode) -> LdapResult {
        let outcome = response::LdapResult { diagnostic: "No way.", ..response::LdapResult::code(code) };
        let mut frame = Vec::new();
        response::extended(&mut frame, 7, &outcome, None, None, &[]);
        let mut buffer = BytesMut::from(&frame[..]);
        let message = Codec::default().decode(&mut buffer).unwrap().unwrap();
        assert_eq!((message.msgid, buffer.len()), (7, 0));
        match message.op {
            LdapOp::ExtendedResponse(response) => response.res,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_code_of_the_multi_factor_operations_is_a_refusal_like_others() {
        let known = decoded(ResultCode::UNWILLING_TO_PERFORM);
        assert_eq!((known.code, known.message.as_str()), (LdapResultCode::UnwillingToPerform, "No way."));
        let foreign = decoded(ResultCode(30_221_004));
        assert_eq!(foreign.code, LdapResultCode::Other);
        assert!(
            foreign.message.starts_with("No way. (") && foreign.message.contains("30221004"),
            "{}",
            foreign.message
        );
    }

    #[test]
    fn half_a_message_is_waited_for() {
        let mut buffer = BytesMut::from(&[0x30, 0x0C, 0x02][..]);
        assert!(Codec::default().decode(&mut buffer).unwrap().is_none());
    }
}
