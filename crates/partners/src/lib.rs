//! Who: organisations, people, keys, agreements; and the one release decision.
