//! A text as a message, and the two ways it leaves: a folder of `.eml` files, or SMTP to a host that the operator allowed.
//! A message is built once and kept until it is sent, so that a second attempt sends the same bytes under the same
//! Message-ID. Nothing that a recipient or a partner wrote can become a header.
use crate::text::Text;
use ledger::Micros;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, address::Envelope};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Our name.
    pub name: String,
    /// Our address; replies go there.
    pub address: Address,
}

/// RFC 3834: no vacation note is wanted in return.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The Message-ID of the `attempt`-th address of an ask: the same for the same ask, whoever asks and whenever.
pub fn message_id(reference: &str, attempt: i64, hub: &str, sender: &Sender) -> String {
    let hub: String = hub.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    format!("<{}.{attempt}.{hub}@{}>", reference.to_ascii_lowercase(), sender.address.domain())
}

/// Builds a message: plain text, UTF-8, dated by the hub's clock.
pub fn build(
    sender: &Sender,
    to: (Option<&str>, &str),
    text: &Text,
    message_id: &str,
    at: Micros,
) -> Result<Vec<u8>, String> {
    let address: Address = to.1.parse().map_err(|e| format!("{:?} is no address: {e}", to.1))?;
    let clean = |name: &str| -> String { name.chars().filter(|c| !c.is_control()).collect() };
    let date = std::time::UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or(0));
    let message = Message::builder()
        .from(Mailbox::new(Some(clean(&sender.name)), sender.address.clone()))
        .to(Mailbox::new(to.0.map(clean), address))
        .subject(clean(&text.subject))
        .date(date)
        .message_id(Some(message_id.to_owned()))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(text.body.clone());
    message.map(|m| m.formatted()).map_err(|e| format!("the message to {} cannot be built: {e}", to.1))
}

/// How a message leaves.
#[derive(Clone, Debug)]
pub enum Channel {
    /// One `.eml` per message, named by its Message-ID.
    Folder(PathBuf),
    /// A mail server.
    Smtp(Smtp),
}

/// A mail server that the operator allowed.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "smtp to {}:{}", self.host, self.port)
    }
}

/// How the connection is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all; for a server on this machine only.
    None,
    /// STARTTLS, refused where the server does not offer it.
    StartTls,
    /// From the first byte.
    Implicit,
}

impl Smtp {
    /// Reads `smtp://HOST[:PORT]` (STARTTLS), `smtps://HOST[:PORT]` or `smtp+plain://LOOPBACK:PORT`. The host must stand in
    /// `allowed`; a server without TLS must be on this machine.
    pub fn new(url: &str, allowed: &[String], credentials: Option<(String, String)>) -> Result<Smtp, String> {
        let (scheme, rest) =
            url.split_once("://").ok_or_else(|| format!("{url:?} is no address such as smtp://mail.example:587"))?;
        let (tls, default) = match scheme {
            "smtp" => (Tls::StartTls, 587),
            "smtps" => (Tls::Implicit, 465),
            "smtp+plain" => (Tls::None, 25),
            _ => return Err(format!("{scheme:?} is none of smtp, smtps, smtp+plain")),
        };
        let (host, port) = match rest.trim_end_matches('/').rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| format!("{port:?} is no port"))?),
            None => (rest.trim_end_matches('/'), default),
        };
        if !allowed.iter().any(|a| a.eq_ignore_ascii_case(host)) {
            return Err(format!("{host} is not among the hosts that the operator allowed; allow it first"));
        }
        if tls == Tls::None && !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            return Err(format!("mail to {host} without TLS is refused; use smtp:// or smtps://"));
        }
        let credentials = credentials.map(|(user, password)| Credentials::new(user, password));
        Ok(Smtp { host: host.to_owned(), port, tls, credentials })
    }
}

/// What became of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel has it.
    Sent,
    /// It will not be taken: the address is dead.
    Bounced(String),
    /// Not now; nothing left the hub.
    Later(String),
    /// The connection broke after the message was offered: it may have been taken.
    Unknown(String),
}

/// An open way out. `offer` is only called after the caller has recorded that it will be.
pub trait Carrier {
    /// Makes ready: opens the connection. Nothing of the message leaves.
    fn ready(&mut self) -> Result<(), String>;
    /// Hands the message over.
    fn offer(&mut self, message_id: &str, to: &str, message: &[u8]) -> Outcome;
    /// Whether offering the same message again leaves one message: then no offer is ever lost, it is simply repeated.
    fn repeats_safely(&self) -> bool;
}

impl Channel {
    /// Opens the way out.
    pub fn carrier(&self, sender: &Sender) -> Box<dyn Carrier> {
        match self {
            Channel::Folder(path) => Box::new(Folder(path.clone())),
            Channel::Smtp(smtp) => Box::new(Line { smtp: smtp.clone(), from: sender.address.clone(), open: None }),
        }
    }

    /// In words, for the ledger and the report.
    pub fn words(&self) -> String {
        match self {
            Channel::Folder(_) => "folder".to_owned(),
            Channel::Smtp(smtp) => format!("smtp {}", smtp.host),
        }
    }
}

struct Folder(PathBuf);

impl Folder {
    fn path(&self, message_id: &str) -> PathBuf {
        let name: String =
            message_id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@')).collect();
        self.0.join(format!("{name}.eml"))
    }

    /// Written beside and renamed: a file that is there is whole.
    fn put(&self, path: &Path, message: &[u8]) -> std::io::Result<()> {
        let part = path.with_extension("part");
        let mut file = std::fs::File::create(&part)?;
        file.write_all(message)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    }
}

impl Carrier for Folder {
    fn ready(&mut self) -> Result<(), String> {
        std::fs::create_dir_all(&self.0).map_err(|e| format!("the folder {} cannot be made: {e}", self.0.display()))
    }

    fn offer(&mut self, message_id: &str, _to: &str, message: &[u8]) -> Outcome {
        match self.put(&self.path(message_id), message) {
            Ok(()) => Outcome::Sent,
            Err(e) => Outcome::Later(format!("the folder {} does not take it: {e}", self.0.display())),
        }
    }

    fn repeats_safely(&self) -> bool {
        true
    }
}

struct Line {
    smtp: Smtp,
    from: Address,
    open: Option<SmtpConnection>,
}

/// A server that says nothing for so long is gone.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Line {
    fn connect(&self) -> Result<SmtpConnection, String> {
        let failed =
            |e: lettre::transport::smtp::Error| format!("{}:{} does not answer: {e}", self.smtp.host, self.smtp.port);
        let hello = ClientId::Domain(self.from.domain().to_owned());
        let tls = match self.smtp.tls {
            Tls::None => None,
            _ => Some(TlsParameters::new(self.smtp.host.clone()).map_err(failed)?),
        };
        let implicit = tls.as_ref().filter(|_| self.smtp.tls == Tls::Implicit);
        let server = (self.smtp.host.as_str(), self.smtp.port);
        let mut connection = SmtpConnection::connect(server, Some(TIMEOUT), &hello, implicit, None).map_err(failed)?;
        if let (Tls::StartTls, Some(tls)) = (self.smtp.tls, &tls) {
            if !connection.can_starttls() {
                return Err(format!("{} offers no STARTTLS; mail is not sent in the clear", self.smtp.host));
            }
            connection.starttls(tls, &hello).map_err(failed)?;
        }
        if let Some(credentials) = &self.smtp.credentials {
            use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
            connection.auth(DEFAULT_MECHANISMS, credentials).map_err(failed)?;
        }
        Ok(connection)
    }
}

impl Carrier for Line {
    fn ready(&mut self) -> Result<(), String> {
        if !self.open.as_mut().is_some_and(SmtpConnection::test_connected) {
            self.open = Some(self.connect()?);
        }
        Ok(())
    }

    fn offer(&mut self, _message_id: &str, to: &str, message: &[u8]) -> Outcome {
        let Ok(address) = to.parse::<Address>() else { return Outcome::Bounced(format!("{to:?} is no address")) };
        let envelope = match Envelope::new(Some(self.from.clone()), vec![address]) {
            Ok(envelope) => envelope,
            Err(e) => return Outcome::Bounced(e.to_string()),
        };
        let Some(connection) = self.open.as_mut() else { return Outcome::Later("no connection".to_owned()) };
        match connection.send(&envelope, message) {
            Ok(_) => Outcome::Sent,
            // RFC 5321 section 4.2.1: 5yz is permanent, 4yz is not now. Both are the server's word that it did not take it.
            Err(e) if e.is_permanent() => Outcome::Bounced(e.to_string()),
            Err(e) if e.is_transient() => Outcome::Later(e.to_string()),
            Err(e) => {
                self.open = None;
                Outcome::Unknown(e.to_string())
            }
        }
    }

    fn repeats_safely(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
