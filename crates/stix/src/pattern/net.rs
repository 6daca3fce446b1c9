//! IPv4 and IPv6 addresses and blocks as the values of `ipv4-addr` and `ipv6-addr` write them (STIX 2.1 sections 6.9 and 6.10).

use core::net::IpAddr;

/// A block of addresses; one address is a block of full length. Bits behind the length are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Net {
    /// Whether it is IPv6.
    pub v6: bool,
    /// The address, an IPv4 one in the upper 32 bits.
    pub bits: u128,
    /// Bits that count, from the upper end.
    pub length: u8,
}

impl Net {
    /// Reads `address` or `address/length`.
    pub fn parse(text: &str) -> Option<Net> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (v6, bits, full) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => (false, u128::from(address.to_bits()) << 96, 32),
            IpAddr::V6(address) => (true, address.to_bits(), 128),
        };
        let length = match length {
            None => full,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse::<u8>().ok()?,
            Some(_) => return None,
        };
        (length <= full).then_some(Net { v6, bits: cut(bits, length), length })
    }

    /// Whether every address of `other` is one of these.
    pub fn contains(self, other: Net) -> bool {
        self.v6 == other.v6 && self.length <= other.length && cut(other.bits, self.length) == self.bits
    }

    /// The block of this length around it, if it is not shorter already.
    pub fn widen(self, length: u8) -> Option<Net> {
        (length <= self.length).then(|| Net { v6: self.v6, bits: cut(self.bits, length), length })
    }
}

fn cut(bits: u128, length: u8) -> u128 {
    match length {
        0 => 0,
        length => bits & (u128::MAX << (128 - u32::from(length.min(128)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outer: &str, inner: &str, expected: Option<bool>) {
        let found = Net::parse(outer).zip(Net::parse(inner)).map(|(outer, inner)| outer.contains(inner));
        assert_eq!(found, expected, "{outer} {inner}");
    }

    #[test]
    fn blocks() {
        check("198.51.100.0/24", "198.51.100.0/27", Some(true));
        check("198.51.100.0/27", "198.51.100.0/24", Some(false));
        check("198.51.100.7", "198.51.100.7/32", Some(true));
        check("198.51.100.99/24", "198.51.100.1", Some(true));
        check("198.51.101.0/24", "198.51.100.1", Some(false));
        check("0.0.0.0/0", "255.255.255.255", Some(true));
        check("::/0", "10.0.0.1", Some(false));
        check("2001:db8::/32", "2001:0db8:dead:beef:0000:0000:0000:0000/64", Some(true));
        check("::/0", "ffff::", Some(true));
        check("10.0.0.0/33", "10.0.0.1", None);
        check("10.0.0.0/", "10.0.0.1", None);
        check("10.0.0.0/+8", "10.0.0.1", None);
        check("10.0.0", "10.0.0.1", None);
        check("fe80::1%eth0", "fe80::1", None);
    }
}
