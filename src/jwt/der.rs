//! The little ASN.1 that keys and signatures need: a sequence of integers, as certificates hold them.

use countersign_proto::ber::Writer;

/// The ASN.1 sequence of positive integers, in DER.
pub(super) fn sequence(numbers: &[&[u8]]) -> Vec<u8> {
    let mut octets = Vec::new();
    Writer::new(&mut octets).constructed(0x30, |inner| {
        for number in numbers {
            let start = number.iter().position(|octet| *octet != 0).unwrap_or_else(|| number.len().saturating_sub(1));
            let shortest = number.get(start..).unwrap_or_default();
            let is_negative = shortest.first().is_none_or(|octet| octet & 0x80 != 0);
            let sign: &[u8] = if is_negative { &[0] } else { &[] };
            inner.tagged(0x02, &[sign, shortest].concat());
        }
    });
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_their_shortest_form() {
        assert_eq!(sequence(&[&[0, 0, 1], &[0x80]]), [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80]);
        assert_eq!(sequence(&[&[0, 0]]), [0x30, 3, 2, 1, 0]);
        assert_eq!(sequence(&[&[]]), [0x30, 3, 2, 1, 0]);
    }
}
