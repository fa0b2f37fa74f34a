//! Requests to the REST door.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Frame, any_dn, any_password};
use crate::data::PASSWORD;

/// `authenticate` by DN and password.
pub(crate) fn authenticate() -> Frame {
    let body = format!(
        r#"{{"credentials":{{"authenticationType":"password","dn":"{}","staticPassword":"{}"}}}}"#,
        any_dn(),
        any_password()
    );
    Frame::other(
        format!(
            "POST /directory/v1/authenticate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    )
}

/// An entry by its DN, by an ordinary user.
pub(crate) fn entry() -> Frame {
    let credentials = STANDARD.encode(format!("reader:{PASSWORD}"));
    Frame::other(
        format!(
            "GET /directory/v1/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {credentials}\r\n\r\n",
            any_dn()
        )
        .into_bytes(),
    )
}
