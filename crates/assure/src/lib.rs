//! The plan as data: measures computed from what happened, with proof.
