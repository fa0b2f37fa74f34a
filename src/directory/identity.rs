//! Authentication IDs: the `u:` and `dn:` forms (RFC 4513 section 5.2.1.8, with the prefixes in any case).
