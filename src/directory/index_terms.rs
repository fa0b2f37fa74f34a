//! Which index terms an entry has: the normalized values under which the store finds it.
