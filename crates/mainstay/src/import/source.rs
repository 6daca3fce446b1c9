//! Reading a file within limits: size, `.gz` with a bound on what it inflates to, encoding. Nothing is stored here.
use crate::failure::Failure;
use std::io::Read;
use std::path::Path;

/// Bytes of one file, plain or inflated. A larger one is split by whoever made it.
const FILE_BYTES: u64 = 512 << 20;
/// Inflated bytes for each packed one, above the first megabytes: real tables reach 20, bombs 1,000.
const RATIO: u64 = 200;
/// Inflated bytes below which the ratio does not matter.
const RATIO_FROM: u64 = 16 << 20;

/// A file that cannot be taken, by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Stable code.
    pub rule: &'static str,
    /// What and what next.
    pub reason: String,
}

fn no(rule: &'static str, reason: impl Into<String>) -> Unreadable {
    Unreadable { rule, reason: reason.into() }
}

/// The file's content: UTF-8 without a byte order mark, inflated where it was packed.
pub(crate) fn read(path: &Path) -> Result<Result<Vec<u8>, Unreadable>, Failure> {
    Ok(raw(path)?.and_then(unpack).and_then(text))
}

/// The same for one file that was named outright, where a fault is an error of whoever named it.
pub(crate) fn table(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path)?.map_err(|e| Failure::Usage(format!("{}: {} [{}]", path.display(), e.reason, e.rule)))
}

/// The bytes of a document as they are.
pub(crate) fn document(path: &Path) -> Result<Vec<u8>, Failure> {
    raw(path)?.map_err(|e| Failure::Usage(format!("{}: {} [{}]", path.display(), e.reason, e.rule)))
}

/// The bytes as they are, or why there are none.
pub(crate) fn raw(path: &Path) -> Result<Result<Vec<u8>, Unreadable>, Failure> {
    let say = |e: std::io::Error| Failure::CouldNot(format!("{}: {e}", path.display()));
    // Looked at before it is opened: a pipe that nobody writes to would hold us for ever, a device has no end.
    let what = std::fs::metadata(path).map_err(say)?;
    if !what.is_file() {
        return Ok(Err(no(
            "not-a-file",
            "this is a pipe or a device, which may have no end; write its content to a file first",
        )));
    }
    let file = std::fs::File::open(path).map_err(say)?;
    let length = what.len();
    if length > FILE_BYTES {
        return Ok(Err(too_large(length)));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(say)?;
    Ok(Ok(bytes))
}

fn too_large(length: u64) -> Unreadable {
    no(
        "file-too-large",
        format!("the file has {length} bytes, the limit is {FILE_BYTES}; split it and import the parts"),
    )
}

/// Inflates what starts with the magic of gzip (RFC 1952 section 2.3.1).
fn unpack(bytes: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let packed = bytes.len() as u64;
    let limit = FILE_BYTES.min(RATIO_FROM.max(packed.saturating_mul(RATIO)));
    let mut out = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(limit + 1);
    if let Err(e) = decoder.read_to_end(&mut out) {
        return Err(no("gzip-broken", format!("the packed data is broken ({e}); fetch the file again")));
    }
    if out.len() as u64 > limit {
        let reason = format!(
            "{packed} packed bytes inflate to more than {limit}; if this is right, unpack it, split it into files of at most 512 MiB and import these"
        );
        return Err(no("gzip-bomb", reason));
    }
    Ok(out)
}

fn text(mut bytes: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(no("encoding", "the file is UTF-16; save it as UTF-8"));
    }
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
    }
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(bytes),
        Err(e) => Err(no("encoding", format!("byte {} is not UTF-8; save the file as UTF-8", e.valid_up_to()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_comes_out() {
        #[track_caller]
        fn check(bytes: Vec<u8>, expected: Result<&[u8], &str>) {
            let out = unpack(bytes).and_then(text);
            assert_eq!(out.as_deref().map_err(|u| u.rule), expected);
        }
        check(b"plain".to_vec(), Ok(b"plain"));
        check(b"\xef\xbb\xbfmarked".to_vec(), Ok(b"marked"));
        check(b"\xff\xfea\0".to_vec(), Err("encoding"));
        check(b"caf\xe9".to_vec(), Err("encoding"));
        check(gz(b"packed"), Ok(b"packed"));
        let whole = gz(b"packed");
        check(whole.split_at(whole.len() - 6).0.to_vec(), Err("gzip-broken"));
        check(gz(&vec![b'0'; 40 << 20]), Err("gzip-bomb"));
    }
}
