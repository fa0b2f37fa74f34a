//! Where a reply ends and what it says, as cheaply as that can be told: the generator looks at the head of a message and no further.

use std::io;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// LDAP messages.
    Ldap,
    /// HTTP/1.1 responses with a length.
    Http,
}

/// One reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// An entry of a search.
    Entry {
        /// The message ID.
        id: Option<u32>,
    },
    /// The end of an operation.
    Done {
        /// The message ID; none in HTTP, where answers keep the order of requests.
        id: Option<u32>,
        /// Result code, or status.
        code: u32,
    },
}

const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_REFERENCE: u8 = 0x73;

impl Protocol {
    /// The first reply in the buffer and its length; `None` while it is incomplete.
    pub(crate) fn reply(self, buffer: &[u8]) -> io::Result<Option<(usize, Reply)>> {
        match self {
            Self::Ldap => ldap(buffer),
            Self::Http => http(buffer),
        }
    }
}

fn ldap(buffer: &[u8]) -> io::Result<Option<(usize, Reply)>> {
    let Some((tag, content, rest)) = element(buffer) else { return Ok(None) };
    let broken = || io::Error::other("a reply is no LDAP message");
    let (id_tag, id, operation) = element(content).ok_or_else(broken)?;
    if (tag, id_tag) != (0x30, 0x02) {
        return Err(broken());
    }
    let id = Some(number(id));
    let length = buffer.len() - rest.len();
    let (kind, body, _) = element(operation).ok_or_else(broken)?;
    let reply = match kind {
        SEARCH_ENTRY | SEARCH_REFERENCE => Reply::Entry { id },
        _ => Reply::Done { id, code: number(element(body).ok_or_else(broken)?.1) },
    };
    Ok(Some((length, reply)))
}

/// Tag, content and what follows; `None` while it is incomplete.
fn element(buffer: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = buffer.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(*first), rest),
        _ => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (number(octets) as usize, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |value, octet| value << 8 | u32::from(*octet))
}

fn http(buffer: &[u8]) -> io::Result<Option<(usize, Reply)>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default());
    let broken = || io::Error::other(format!("no HTTP response that this generator understands: {head}"));
    let code = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .ok_or_else(broken)?;
    let length = end + 4 + length;
    Ok((buffer.len() >= length).then_some((length, Reply::Done { id: None, code })))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use countersign_proto::{
        ldap::response::{LdapResult, search_done, search_entry},
        result_code::ResultCode,
    };

    use super::*;

    #[test]
    fn entries_and_results_of_our_own_codec_are_told_apart() {
        let mut octets = Vec::new();
        search_entry(&mut octets, 0x0100_0007, "cn=a", &[&[0x30; 300]], &[]);
        let first = octets.len();
        search_done(&mut octets, 0x0100_0007, &LdapResult::code(ResultCode::NO_SUCH_OBJECT), &[]);
        let id = Some(0x0100_0007);
        assert_eq!(Protocol::Ldap.reply(&octets).unwrap(), Some((first, Reply::Entry { id })));
        let rest = octets.split_off(first);
        assert_eq!(Protocol::Ldap.reply(&rest).unwrap(), Some((rest.len(), Reply::Done { id, code: 32 })));
        for cut in 0..first {
            assert_eq!(Protocol::Ldap.reply(&octets[..cut]).unwrap(), None);
        }
    }

    #[test]
    fn a_response_ends_where_its_length_says() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabcHTTP";
        let reply = Protocol::Http.reply(text).unwrap();
        assert_eq!(reply, Some((text.len() - 4, Reply::Done { id: None, code: 201 })));
        assert_eq!(Protocol::Http.reply(&text[..44]).unwrap(), None);
    }
}
