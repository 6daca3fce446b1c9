//! People: who they are, whether they are it (passwords), what they may do and see. Passwords are kept as argon2id hashes in an
//! operational table, never in the log.
use crate::agreement::Agreement;
use crate::may::{Verb, Verdict, may};
use crate::org;
use crate::register::is_key;
use crate::release::{self, Recipient};
use crate::role::Role;
use crate::stage::PersonMeta;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use jiff::civil::Date;
use ledger::{Draft, Error, Result, Tx};
use ring::digest::{Context, SHA256};
use std::collections::BTreeMap;
use std::sync::Mutex;
use stix::Tlp;

/// Who acts where no name is given: whoever has the shell. May do all that one person may, and is never the second one.
pub const LOCAL_OPERATOR: &str = "local-operator";
/// A password shorter than this is refused (NIST SP 800-63B section 3.1.1.2 asks for 8 at least).
const PASSWORD_MIN: usize = 8;
/// Hashing takes time by the length; nobody types more.
const PASSWORD_MAX: usize = 1024;

/// A person with an account, and all that decisions about them need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Sign-in name.
    pub name: String,
    /// Key of the organisation.
    pub org: String,
    /// What they are here for.
    pub role: Role,
    /// Their own clearance; see [`Person::clearance`] for what it comes to.
    pub own_clearance: Tlp,
    /// The organisation is the operator.
    pub is_operator: bool,
    /// What the organisation is.
    pub org_kind: String,
    /// The organisation's country.
    pub country: Option<String>,
    /// Other names under which the organisation is known.
    pub aka: Vec<String>,
    /// The organisation's agreements in the order of their recording.
    pub agreements: Vec<Agreement>,
    /// The last day of the account; open where there is none.
    pub until: Option<Date>,
}

impl Person {
    /// Whoever has the shell.
    pub fn local_operator(home: &str) -> Person {
        Person {
            name: LOCAL_OPERATOR.to_owned(),
            org: home.to_owned(),
            role: Role::Operator,
            own_clearance: Tlp::Red,
            is_operator: true,
            org_kind: "agency".to_owned(),
            country: None,
            aka: Vec::new(),
            agreements: Vec::new(),
            until: None,
        }
    }

    /// Whether this is whoever has the shell.
    pub fn is_local(&self) -> bool {
        self.name == LOCAL_OPERATOR
    }

    /// Somebody of the operator's own organisation in a role that sees all it holds.
    pub fn sees_all(&self) -> bool {
        self.is_operator && self.role != Role::Partner
    }

    /// The person as the release decision sees them.
    pub fn recipient(&self) -> Recipient<'_> {
        Recipient {
            org: &self.org,
            aka: &self.aka,
            kind: &self.org_kind,
            country: self.country.as_deref(),
            is_operator: self.is_operator,
            role: self.role,
            clearance: Some(self.own_clearance),
            agreements: &self.agreements,
        }
    }

    /// The highest marking that they may get on a day, and why.
    pub fn clearance(&self, on: Date) -> (Tlp, String) {
        release::effective_clearance(&self.recipient(), on)
    }

    /// Whether they may do something. Verbs of the hub itself are for the operator's own: a partner's operator is none here.
    pub fn may(&self, verb: Verb) -> Verdict {
        if self.is_local() {
            let allowed = !matches!(verb, Verb::ApproveAsks | Verb::AttestReview);
            let because = match allowed {
                true => format!("{LOCAL_OPERATOR} has the store and may {}", verb.words()),
                false => format!("{LOCAL_OPERATOR} is never the second person; name one with --as"),
            };
            return Verdict { allowed, because };
        }
        let open = matches!(verb, Verb::Read | Verb::Contribute | Verb::AnswerOwn);
        if !self.is_operator && !open {
            let because =
                format!("{} belongs to {}; only the operator's own may {}", self.name, self.org, verb.words());
            return Verdict { allowed: false, because };
        }
        may(self.role, verb)
    }

    /// The same as an error for a verb that is not allowed.
    pub fn must(&self, verb: Verb) -> Result<()> {
        let verdict = self.may(verb);
        match verdict.allowed {
            true => Ok(()),
            false => Err(Error::refused("role", verdict.because, "ask somebody whose role allows it")),
        }
    }
}

/// A person to be added or changed.
#[derive(Clone, Debug)]
pub struct NewPerson<'a> {
    /// Sign-in name.
    pub name: &'a str,
    /// Key of the organisation; made if it is not known.
    pub org: &'a str,
    /// What they are here for.
    pub role: Role,
    /// CLEAR where none was given.
    pub clearance: Option<Tlp>,
    /// The last day of the account; open where there is none.
    pub until: Option<Date>,
}

/// A password hash, made outside of any unit of work because it takes time.
#[derive(Clone)]
pub struct Hashed(String);

/// Hashes a password with argon2id (RFC 9106) and a salt of 16 random bytes.
pub fn hash(password: &str, entropy: &dyn ledger::Entropy) -> Result<Hashed> {
    if password.len() < PASSWORD_MIN || password.len() > PASSWORD_MAX {
        let reason = format!("the password has {} bytes; {PASSWORD_MIN} to {PASSWORD_MAX} are needed", password.len());
        return Err(Error::refused("password-length", reason, "choose another"));
    }
    let salt = ledger::entropy::bytes::<16>(entropy);
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|h| Hashed(h.to_string())).map_err(|e| Error::Engine(format!("the password cannot be hashed: {e}")))
}

/// Adds a person, or changes one of the same name. Gives false where nothing but the password changed.
pub fn add_person(tx: &mut Tx<'_>, new: &NewPerson<'_>, password: &Hashed) -> Result<bool> {
    if !is_key(new.name) || new.name == LOCAL_OPERATOR {
        let reason = format!("{:?} can be nobody's name", new.name);
        return Err(Error::refused(
            "person-name",
            reason,
            "use up to 64 letters, digits, dots, dashes and underscores",
        ));
    }
    org::ensure(tx, new.org)?;
    let clearance = new.clearance.unwrap_or(Tlp::Clear);
    let now = tx.now();
    tx.run(
        "INSERT INTO credential (name, hash, changed) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
         SET hash = excluded.hash, changed = excluded.changed",
        &[new.name.into(), (&password.0).into(), now.into()],
    )?;
    let until = new.until.map(|day| day.to_string());
    let standing =
        tx.one("SELECT org, role, clearance, until FROM @person WHERE name = $1", &[new.name.into()], |r| {
            let same = r.text(0) == new.org && r.text(1) == new.role.as_str() && r.int(2) == clearance.rank();
            same && r.text(3) == until.as_deref().unwrap_or_default()
        })?;
    if standing == Some(true) {
        return Ok(false);
    }
    let meta = PersonMeta {
        name: new.name.to_owned(),
        org: new.org.to_owned(),
        role: new.role.as_str().to_owned(),
        clearance: clearance.to_string(),
        until,
    };
    tx.append(Draft::new("partners.person", &meta)?)?;
    Ok(true)
}

/// A person by name, whose account has not ended. `home` is the key of the operator's own organisation.
pub fn person(tx: &mut Tx<'_>, name: &str, home: &str) -> Result<Option<Person>> {
    let today = tx.now().civil();
    Ok(read(tx, name, home)?.filter(|person| person.until.is_none_or(|until| today <= until)))
}

/// A person by name, also one whose account has ended.
fn read(tx: &mut Tx<'_>, name: &str, home: &str) -> Result<Option<Person>> {
    let row = tx.one("SELECT org, role, clearance, until FROM @person WHERE name = $1", &[name.into()], |r| {
        let until = Some(r.text(3)).filter(|day| !day.is_empty()).map(str::parse::<Date>).transpose();
        (r.text(0).to_owned(), r.text(1).parse::<Role>(), Tlp::from_rank(r.int(2)), until)
    })?;
    // who has an end that cannot be read has ended
    let Some((org, Ok(role), own_clearance, Ok(until))) = row else { return Ok(None) };
    let card = org::find(tx, &org)?;
    let agreements = org::agreements(tx, &org)?;
    Ok(Some(Person {
        name: name.to_owned(),
        is_operator: org == home,
        org_kind: card.as_ref().and_then(|c| c.kind.clone()).unwrap_or_else(|| "other".to_owned()),
        country: card.as_ref().and_then(|c| c.country.clone()),
        aka: card.map(|c| c.aka).unwrap_or_default(),
        org,
        role,
        own_clearance,
        agreements,
        until,
    }))
}

/// Everybody with an account, by name.
pub fn people(tx: &mut Tx<'_>, home: &str) -> Result<Vec<Person>> {
    let names = tx.all("SELECT name FROM @person ORDER BY name", &[], |r| r.text(0).to_owned())?;
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        out.extend(read(tx, &name, home)?);
    }
    Ok(out)
}

/// Those of one organisation, by name.
pub fn of_org(tx: &mut Tx<'_>, org: &str, home: &str) -> Result<Vec<Person>> {
    let names =
        tx.all("SELECT name FROM @person WHERE org = $1 ORDER BY name", &[org.into()], |r| r.text(0).to_owned())?;
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        out.extend(read(tx, &name, home)?);
    }
    Ok(out)
}

/// Remembers, for this process, which passwords were right, so that a poll every second does not cost an argon2 each. What it
/// keeps is a hash under a key that is drawn at start and never leaves; a changed password changes the stored hash and so
/// forgets the old one.
pub struct Authenticator {
    key: [u8; 32],
    right: Mutex<BTreeMap<[u8; 32], ()>>,
}

/// So many are remembered; then it starts anew.
const REMEMBERED_MAX: usize = 4096;
/// Checked in place of a name that nobody has, so that the time tells nothing.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Authenticator {
    /// With a key of its own.
    pub fn new(entropy: &dyn ledger::Entropy) -> Authenticator {
        Authenticator { key: ledger::entropy::bytes::<32>(entropy), right: Mutex::new(BTreeMap::new()) }
    }

    /// The person, if the password is theirs.
    pub fn authenticate(&self, tx: &mut Tx<'_>, name: &str, password: &str, home: &str) -> Result<Option<Person>> {
        if password.len() > PASSWORD_MAX {
            return Ok(None);
        }
        let stored = tx.one("SELECT hash FROM credential WHERE name = $1", &[name.into()], |r| r.text(0).to_owned())?;
        let Some(stored) = stored else {
            verify(NOBODY, password);
            return Ok(None);
        };
        let digest = self.digest(&stored, password);
        if !self.remembers(&digest) {
            if !verify(&stored, password) {
                return Ok(None);
            }
            self.remember(digest);
        }
        person(tx, name, home)
    }

    fn digest(&self, stored: &str, password: &str) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        for part in [&self.key[..], stored.as_bytes(), b"\0", password.as_bytes()] {
            context.update(part);
        }
        context.finish().as_ref().try_into().unwrap_or([0; 32])
    }

    fn remembers(&self, digest: &[u8; 32]) -> bool {
        self.right.lock().unwrap_or_else(|e| e.into_inner()).contains_key(digest)
    }

    fn remember(&self, digest: [u8; 32]) {
        let mut right = self.right.lock().unwrap_or_else(|e| e.into_inner());
        if right.len() >= REMEMBERED_MAX {
            right.clear();
        }
        right.insert(digest, ());
    }
}

fn verify(stored: &str, password: &str) -> bool {
    let Ok(hash) = PasswordHash::new(stored) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}
