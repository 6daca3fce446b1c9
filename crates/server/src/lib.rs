//! The only crate that knows HTTP: TAXII 2.1, pages, the answer page.
