//! The append-only log, its Merkle tree, the storage seam, cursors, jobs and packs. Knows no event's meaning.
