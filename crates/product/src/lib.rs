//! What a product is: purl, versions and ranges, CSAF, CVE, KEV, CycloneDX, SPDX. Does no I/O.
