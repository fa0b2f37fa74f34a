//! BER elements as they lie in stored segments, which are known to be well-formed or are checked for nothing but that.

/// Contents of the first TLV, and what follows it.
pub(super) fn split_tlv(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_, first], rest) = bytes.split_first_chunk()?;
    if first < 0x80 {
        return rest.split_at_checked(first as usize);
    }
    let (octets, rest) = rest.split_at_checked((first & 0x7f) as usize)?;
    let length = octets.iter().fold(0_usize, |length, octet| length << 8 | *octet as usize);
    rest.split_at_checked(length)
}
