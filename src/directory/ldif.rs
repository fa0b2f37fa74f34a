//! LDIF (RFC 2849): records read one by one from a stream, and entries written.
