//! The orders of versions of package ecosystems: semver for npm, cargo, golang and kin, PEP 440, dpkg, rpm. Others go by the
//! vendor-generic order, which says when it does not know.

use std::cmp::Ordering;

use crate::version::{Compared, generic_cmp};

/// Compares two versions by the order of the package type.
pub fn compare(ty: &str, a: &str, b: &str) -> Compared {
    if a == b {
        return Compared::Equal;
    }
    let known = match ty {
        "npm" | "cargo" | "golang" | "hex" | "pub" | "swift" => {
            pair(semver(a), semver(b)).map(|(a, b)| semver_cmp(&a, &b))
        }
        // Legacy forms sort before all others there, whatever they say: better a question.
        "pypi" => match pair(pep440(a), pep440(b)) {
            Some((a, b)) => Some(a.cmp(&b)),
            None => return Compared::Unknown("not a version by PEP 440"),
        },
        "nuget" if a.contains('+') || b.contains('+') => {
            let core = |text: &str| text.split_once('+').map_or(text, |(core, _)| core).to_owned();
            return compare(ty, &core(a), &core(b));
        }
        "maven" | "nuget" | "composer" if dash_number(a) != dash_number(b) => {
            return Compared::Unknown("a dash before a number on one side only");
        }
        "deb" => Some(deb(a, b)),
        "rpm" => return rpm(a, b),
        _ => None,
    };
    known.map_or_else(|| generic_cmp(a, b), Compared::from)
}

/// `2.0-1`: in Maven the dash opens a list of its own, which is not the third number.
fn dash_number(text: &str) -> bool {
    text.as_bytes().windows(2).any(|w| matches!(w, [b'-', d] if d.is_ascii_digit()))
}

fn pair<T>(a: Option<T>, b: Option<T>) -> Option<(T, T)> {
    Some((a?, b?))
}

struct Semver<'a> {
    numbers: Vec<u64>,
    pre: Option<&'a str>,
}

/// Semantic Versioning 2.0.0, with a leading `v` and one to three numbers.
fn semver(text: &str) -> Option<Semver<'_>> {
    let text = text.trim().trim_start_matches(['v', 'V', '=']);
    let text = text.split_once('+').map_or(text, |(version, _build)| version);
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let mut numbers: Vec<u64> = core.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    if numbers.len() > 3 {
        return None;
    }
    numbers.resize(3, 0);
    Some(Semver { numbers, pre })
}

/// Clause 11: precedence.
fn semver_cmp(a: &Semver<'_>, b: &Semver<'_>) -> Ordering {
    a.numbers.cmp(&b.numbers).then_with(|| match (a.pre, b.pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => {
            let mut left = a.split('.');
            let mut right = b.split('.');
            loop {
                let order = match (left.next(), right.next()) {
                    (None, None) => return Ordering::Equal,
                    (None, Some(_)) => return Ordering::Less,
                    (Some(_), None) => return Ordering::Greater,
                    (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                        (Ok(a), Ok(b)) => a.cmp(&b),
                        (Ok(_), Err(_)) => Ordering::Less,
                        (Err(_), Ok(_)) => Ordering::Greater,
                        (Err(_), Err(_)) => a.cmp(b),
                    },
                };
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    })
}

/// PEP 440 as a key that orders: epoch, release without trailing zeros, then pre, post and dev phases.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pep440 {
    epoch: u64,
    release: Vec<u64>,
    /// (phase, number): dev-only −1, a 0, b 1, rc 2, final 3.
    pre: (i8, u64),
    /// No post release sorts before any.
    post: Option<u64>,
    /// A dev release sorts before its final.
    dev: (bool, u64),
}

/// Public versions only; a local label (`+cu118`) or a legacy form is left to the generic order.
fn pep440(text: &str) -> Option<Pep440> {
    let lower = text.trim().trim_start_matches(['v', 'V']).to_ascii_lowercase();
    if lower.contains('+') {
        return None;
    }
    let (epoch, rest) = lower.split_once('!').map_or((Some(0), lower.as_str()), |(e, rest)| (e.parse().ok(), rest));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (release, tail) = rest.split_at_checked(end)?;
    let mut numbers: Vec<u64> =
        release.trim_end_matches('.').split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    let (mut pre, mut post, mut dev) = (None, None, None);
    let mut rest = tail;
    while !rest.is_empty() {
        // `1.0-1` is an implicit post release; `1.0beta6.1` is nothing.
        let dashed = rest.starts_with('-');
        rest = rest.trim_start_matches(['.', '-', '_']);
        let word_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(word_end)?;
        let after = after.trim_start_matches(['.', '-', '_']);
        let digits_end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at_checked(digits_end)?;
        let number = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        match word {
            "a" | "alpha" => pre = Some((0, number)),
            "b" | "beta" => pre = Some((1, number)),
            "rc" | "c" | "pre" | "preview" => pre = Some((2, number)),
            "post" | "rev" | "r" => post = Some(number),
            "" if dashed && !digits.is_empty() => post = Some(number),
            "dev" => dev = Some(number),
            _ => return None,
        }
        rest = after;
    }
    let pre = pre.unwrap_or(if dev.is_some() && post.is_none() { (-1, 0) } else { (3, 0) });
    Some(Pep440 { epoch: epoch?, release: numbers, pre, post, dev: dev.map_or((true, 0), |n| (false, n)) })
}

/// deb-version(7): epoch, upstream version, revision.
fn deb(a: &str, b: &str) -> Ordering {
    fn split(text: &str) -> (u64, &str, &str) {
        let (epoch, rest) = text.split_once(':').map_or((0, text), |(e, rest)| (e.parse().unwrap_or(0), rest));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
        (epoch, upstream, revision)
    }
    let (a, b) = (split(a), split(b));
    a.0.cmp(&b.0).then_with(|| deb_part(a.1, b.1)).then_with(|| deb_part(a.2, b.2))
}

/// `~` before the end, the end before letters, letters before other signs.
fn deb_rank(byte: Option<u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(b) if b.is_ascii_digit() => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(b),
        Some(b) => i32::from(b) + 256,
    }
}

fn deb_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        while a.first().is_some_and(|c| !c.is_ascii_digit()) || b.first().is_some_and(|c| !c.is_ascii_digit()) {
            let order = deb_rank(a.first().copied()).cmp(&deb_rank(b.first().copied()));
            if order != Ordering::Equal {
                return order;
            }
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
        }
        let (left, right) = (digits(&mut a), digits(&mut b));
        let order = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
        if order != Ordering::Equal || (a.is_empty() && b.is_empty()) {
            return order;
        }
    }
}

/// Takes a run of digits off the front, without leading zeros.
fn digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (mut run, rest) = text.split_at(end);
    *text = rest;
    while let [b'0', tail @ ..] = run {
        run = tail;
    }
    run
}

/// rpmvercmp over epoch, version, release; a missing epoch is 0.
fn rpm(a: &str, b: &str) -> Compared {
    fn split(text: &str) -> (&str, &str, Option<&str>) {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (version, release) = rest.split_once('-').map_or((rest, None), |(v, r)| (v, Some(r)));
        (epoch, version, release)
    }
    let (a, b) = (split(a), split(b));
    let order = rpm_part(a.0, b.0).then_with(|| rpm_part(a.1, b.1));
    match (order, a.2, b.2) {
        (Ordering::Equal, Some(a), Some(b)) => rpm_part(a, b).into(),
        // A bound without a release: all releases of that version, or what came before the first?
        (Ordering::Equal, Some(_), None) | (Ordering::Equal, None, Some(_)) => {
            Compared::Unknown("a release on one side only")
        }
        (order, _, _) => order.into(),
    }
}

fn rpm_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    let sign = |c: &u8| !c.is_ascii_alphanumeric() && *c != b'~' && *c != b'^';
    loop {
        while a.first().is_some_and(sign) {
            a = a.get(1..).unwrap_or_default();
        }
        while b.first().is_some_and(sign) {
            b = b.get(1..).unwrap_or_default();
        }
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                a = a.get(1..).unwrap_or_default();
                b = b.get(1..).unwrap_or_default();
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (left, right) = (digits(&mut a), digits(&mut b));
                let order = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
                if order != Ordering::Equal {
                    return order;
                }
            }
            (Some(x), _) if x.is_ascii_digit() => return Ordering::Greater,
            (_, Some(y)) if y.is_ascii_digit() => return Ordering::Less,
            _ => {
                let run = |t: &[u8]| t.iter().position(|c| !c.is_ascii_alphabetic()).unwrap_or(t.len());
                let ((left, a_rest), (right, b_rest)) = (a.split_at(run(a)), b.split_at(run(b)));
                let order = left.cmp(right);
                if order != Ordering::Equal {
                    return order;
                }
                (a, b) = (a_rest, b_rest);
            }
        }
    }
}
