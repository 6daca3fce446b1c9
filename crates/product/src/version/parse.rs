//! Takes a version apart into numbers, letters and words of known rank. Comparing is the parent's.

/// A version taken apart. Made by [`Version::parse`], which refuses what it cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Words before the first number, folded: empty for `V4.3`, `r` for `R4.3`, `cpci` for `CPCI85`.
    pub(super) prefix: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) is_date: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Number(Number),
    /// One or two letters without known rank, in their own alphabet order.
    Letter(LetterRun),
    /// A word of known rank with its number: `SP1`, `Upd 19`.
    Mark(Mark, Option<u64>),
    /// A word of unknown rank; equal or not comparable.
    Word(String),
    /// An opening parenthesis: a build follows.
    Open,
    /// `x` or `*` in the place of a number.
    Wild,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: u64,
    pub(super) width: usize,
    pub(super) leading_zero: bool,
}

impl Number {
    /// The digits as a decimal fraction, scaled so that fractions compare (`14` → 0.14, `9` → 0.9).
    pub(super) fn fraction(self) -> u128 {
        let scale = u32::try_from(MAX_DIGITS.saturating_sub(self.width)).unwrap_or(0);
        u128::from(self.value) * 10_u128.pow(scale)
    }
}

/// Letters order by length first: Z < AA.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LetterRun(usize, String);

/// Words of known rank, in their order. `Release` is nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Dev,
    Alpha,
    Beta,
    Candidate,
    // Here stands the release itself.
    Update,
    Release,
    FeaturePack,
    ServicePack,
    Cumulative,
    Quality,
    Collection,
    Hotfix,
    Patch,
    Build,
}

impl Mark {
    pub(super) fn before_release(self) -> bool {
        self < Mark::Update
    }

    fn of(word: &str) -> Option<Mark> {
        Some(match word {
            "dev" | "develop" => Mark::Dev,
            "alpha" => Mark::Alpha,
            "beta" => Mark::Beta,
            "rc" | "pre" | "preview" | "candidate" => Mark::Candidate,
            "update" | "updates" | "upd" | "u" | "updt" => Mark::Update,
            "r" | "sr" => Mark::Release,
            "fp" | "featurepack" => Mark::FeaturePack,
            "sp" | "servicepack" => Mark::ServicePack,
            "cu" => Mark::Cumulative,
            "qu" => Mark::Quality,
            "uc" => Mark::Collection,
            "hf" | "hotfix" | "hotfixes" => Mark::Hotfix,
            "p" | "patch" | "pl" | "patchlevel" => Mark::Patch,
            "build" | "bn" | "bld" => Mark::Build,
            _ => return None,
        })
    }
}

/// Digits that fit a number; longer runs are serial numbers or hashes, not versions.
const MAX_DIGITS: usize = 18;
/// Pieces of a version; more is prose.
const MAX_PIECES: usize = 24;
/// Characters of a version; more is prose.
const MAX_CHARS: usize = 80;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Digits(String),
    Letters(String),
    Star,
    Open,
}

impl Version {
    /// Takes a version apart; `Err` says in words why it cannot be compared with anything.
    pub fn parse(text: &str) -> Result<Version, &'static str> {
        let text = text.trim().trim_matches(['"', '\'']).trim_end_matches(['.', ',', ';', ' ']);
        if text.is_empty() {
            return Err("no version is stated");
        }
        if text.chars().count() > MAX_CHARS {
            return Err("too long for a version");
        }
        if let Some(date) = date_with_month_name(text) {
            return Ok(date);
        }
        if is_hash(text) {
            return Err("looks like a hash, which has no order");
        }
        let tokens = tokens(text)?;
        let version = assemble(&tokens)?;
        if version.pieces.len() > MAX_PIECES {
            return Err("too many parts for a version");
        }
        Ok(version)
    }

    /// Whether nothing but numbers, known words and single letters is in it.
    pub fn is_plain(&self) -> bool {
        !self.pieces.iter().any(|p| matches!(p, Piece::Word(_) | Piece::Wild))
    }

    /// How many numbers it has.
    pub fn numbers(&self) -> usize {
        self.pieces.iter().filter(|p| matches!(p, Piece::Number(_))).count()
    }

    /// Whether a placeholder (`4.x`) stands for a number.
    pub fn has_placeholder(&self) -> bool {
        self.pieces.contains(&Piece::Wild)
    }

    pub(super) fn first_number(&self) -> Option<u64> {
        self.pieces.iter().find_map(|p| match p {
            Piece::Number(n) => Some(n.value),
            _ => None,
        })
    }

    /// The two numbers of a version that begins with exactly two.
    pub(super) fn two_numbers(&self) -> Option<(Number, Number)> {
        match self.pieces.as_slice() {
            [Piece::Number(a), Piece::Number(b), rest @ ..] if !matches!(rest.first(), Some(Piece::Number(_))) => {
                Some((*a, *b))
            }
            _ => None,
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, &'static str> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut glued = false;
    for c in text.chars() {
        match c {
            '0'..='9' => match tokens.last_mut() {
                Some(Token::Digits(run)) if glued => run.push(c),
                _ => tokens.push(Token::Digits(c.to_string())),
            },
            c if c.is_alphabetic() => {
                let lower = c.to_lowercase().collect::<String>();
                match tokens.last_mut() {
                    Some(Token::Letters(run)) if glued => run.push_str(&lower),
                    _ => tokens.push(Token::Letters(lower)),
                }
            }
            '*' => tokens.push(Token::Star),
            '(' | '[' => tokens.push(Token::Open),
            '.' | '-' | '_' | ' ' | '\u{a0}' | '/' | ')' | ']' | ':' | '+' | ',' => {
                glued = false;
                continue;
            }
            _ => return Err("a sign that versions do not have"),
        }
        glued = true;
    }
    Ok(tokens)
}

/// Two words that are one mark (`service pack`).
fn joined(first: &str, second: &str) -> Option<&'static str> {
    match (first, second) {
        ("service", "pack") => Some("sp"),
        ("hot", "fix") => Some("hf"),
        ("feature", "pack") => Some("fp"),
        ("patch", "level") => Some("p"),
        ("release", "candidate") => Some("rc"),
        ("cumulative", "update") => Some("cu"),
        ("update", "collection") => Some("uc"),
        _ => None,
    }
}

fn assemble(tokens: &[Token]) -> Result<Version, &'static str> {
    let mut version = Version { prefix: String::new(), pieces: Vec::new(), is_date: false };
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        i += 1;
        match token {
            Token::Digits(run) => version.pieces.push(Piece::Number(number(run)?)),
            Token::Star => version.pieces.push(Piece::Wild),
            Token::Open => version.pieces.push(Piece::Open),
            Token::Letters(word) => {
                let mut word = word.as_str();
                if let Some(Token::Letters(next)) = tokens.get(i)
                    && let Some(one) = joined(word, next)
                {
                    word = one;
                    i += 1;
                }
                let next = match tokens.get(i) {
                    Some(Token::Digits(run)) => Some(number(run)?),
                    _ => None,
                };
                i += usize::from(place_word(&mut version, word, next));
            }
        }
    }
    let letters_only = version.pieces.is_empty() && version.prefix.len() <= 2;
    if letters_only && !version.prefix.is_empty() {
        let letters = std::mem::take(&mut version.prefix);
        version.pieces.push(Piece::Letter(LetterRun(letters.len(), letters)));
    }
    if version.pieces.is_empty() { Err("no number in it") } else { Ok(version) }
}

/// Files one word into the version; true where it took the number that follows it.
fn place_word(version: &mut Version, word: &str, next: Option<Number>) -> bool {
    if matches!(word, "v" | "ver" | "vers" | "version") {
        return false;
    }
    let mark = Mark::of(word);
    if version.pieces.is_empty() {
        // `Update 19`, `SP3 Update 6`: a service level of a release named elsewhere; `R14B`, `P014`: a prefix.
        if let (Some(mark), true) = (mark, word.len() > 1)
            && version.prefix.is_empty()
        {
            version.pieces.push(Piece::Mark(mark, next.map(|n| n.value)));
            return next.is_some();
        }
        if !version.prefix.is_empty() {
            version.prefix.push(' ');
        }
        version.prefix.push_str(word);
        return false;
    }
    match (mark, word) {
        // `2.7a`, `1.04E`, `1.2p`: a letter that ends the version, or that has no number, is a letter.
        (Some(mark), _) if word.len() > 1 || next.is_some() => {
            version.pieces.push(Piece::Mark(mark, next.map(|n| n.value)));
            return next.is_some();
        }
        (_, "x" | "xx" | "xxx") => version.pieces.push(Piece::Wild),
        (_, "ga" | "final" | "release" | "rel") => {}
        (_, w) if w.chars().count() <= 2 => version.pieces.push(Piece::Letter(LetterRun(w.len(), w.to_owned()))),
        (_, w) => version.pieces.push(Piece::Word(w.to_owned())),
    }
    false
}

fn number(run: &str) -> Result<Number, &'static str> {
    if run.len() > MAX_DIGITS {
        return Err("too many digits for a version");
    }
    let value = run.parse().map_err(|_| "not a number")?;
    Ok(Number { value, width: run.len(), leading_zero: run.len() > 1 && run.starts_with('0') })
}

/// Seven or more hexadecimal digits in one run with both letters and digits changing places more than once: a commit.
fn is_hash(text: &str) -> bool {
    let changes =
        text.as_bytes().windows(2).filter(|w| matches!(w, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count();
    text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit()) && changes >= 2
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `March/15/2023`, `april 1, 2018`, `january 2020`. Dates in digits alone are numbers already.
fn date_with_month_name(text: &str) -> Option<Version> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    let place =
        words.iter().position(|w| MONTHS.iter().any(|m| w == m || (w.len() == 3 && m.starts_with(w.as_str()))))?;
    let month = words.get(place)?;
    let month = MONTHS.iter().position(|m| m.starts_with(month.as_str()))? + 1;
    let rest: Vec<&String> = words.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, w)| w).collect();
    let (day, year) = match rest.as_slice() {
        [year] => ("1", year.as_str()),
        [day, year] if day.len() <= 2 => (day.as_str(), year.as_str()),
        _ => return None,
    };
    if year.len() != 4 {
        return None;
    }
    let date = format!("{year} {month} {day}");
    let pieces = tokens(&date).ok()?;
    let mut version = assemble(&pieces).ok()?;
    version.is_date = true;
    Some(version)
}
