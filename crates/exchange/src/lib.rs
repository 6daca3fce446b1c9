//! Admission, collections and views; what a partner gave and what a partner may get. No HTTP.
