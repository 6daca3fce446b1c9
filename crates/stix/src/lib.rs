//! STIX 2.1: reading, checking, ids, markings, equality of versions. Does no I/O.
