//! Who runs what is vulnerable: matching, exposures, match at home.
