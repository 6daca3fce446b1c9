//! One binary, a verb for each thing a person does.
