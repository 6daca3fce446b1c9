//! The stories: what a person does, end to end.
