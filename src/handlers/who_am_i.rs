//! "Who am I?" (RFC 4532).

use countersign_proto::who_am_i::{WhoAmIRequest, WhoAmIResult};

use crate::{
    caller::Caller,
    error::Result,
    handlers::{Operation, context::Context},
};

impl Operation for WhoAmIRequest {
    type Outcome = WhoAmIResult;

    async fn perform(self, _context: &Context, caller: &Caller) -> Result<WhoAmIResult> {
        Ok(WhoAmIResult { authorization_id: caller.authorization_id().as_str().into() })
    }
}
