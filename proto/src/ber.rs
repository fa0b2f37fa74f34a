//! BER as LDAP uses it (RFC 4511 section 5.1): a reader that borrows and a writer that appends.
