//! Where mail goes and as whom it is sent: what every verb that sends takes, and `serve`, whose pages send.
use crate::args::Global;
use crate::failure::Failure;
use crate::out;
use act::Office;
use act::mail::{Channel, Sender, Smtp};
use act::post::Report;
use clap::Args;
use ledger::Ledger;

/// Where to and as whom.
#[derive(Debug, Args)]
pub(crate) struct Mail {
    /// Send by this server, smtp://HOST:PORT or smtps://HOST; without it messages are written to DIR/outbox as .eml
    #[arg(long, value_name = "URL", env = "MAINSTAY_SMTP")]
    smtp: Option<String>,
    /// The address it is from
    #[arg(long, value_name = "ADDRESS", env = "MAINSTAY_FROM", default_value = "warnings@hub.example")]
    from: String,
    /// Where the links in it lead
    #[arg(long, value_name = "URL", env = "MAINSTAY_URL", default_value = "https://hub.example/")]
    url: String,
}

impl Mail {
    /// The way out, as whom, and where links lead.
    pub(crate) fn office(&self, global: &Global, ledger: &Ledger) -> Result<Office, Failure> {
        let channel = match &self.smtp {
            None => Channel::Folder(global.data.join("outbox")),
            Some(url) => Channel::Smtp(server(url)?),
        };
        let home = ledger.genesis().home.clone();
        let address = self.from.parse().map_err(|e| Failure::Usage(format!("--from {}: {e}", self.from)))?;
        let card = ledger.read(|tx| partners::org::find(tx, &home))?;
        let name = card.map_or_else(|| home.clone(), |card| card.name);
        let (about, url) = (self.from.clone(), self.url.clone());
        Ok(Office { channel, sender: Sender { name, address }, about, url })
    }
}

/// The operator allows a host by naming it; a password comes from the environment.
fn server(url: &str) -> Result<Smtp, Failure> {
    let host = url.split("://").nth(1).unwrap_or(url).split(['/', ':']).next().unwrap_or_default().to_owned();
    let credentials = std::env::var("MAINSTAY_SMTP_USER").ok().zip(std::env::var("MAINSTAY_SMTP_PASSWORD").ok());
    Smtp::new(url, &[host], credentials).map_err(Failure::Usage)
}

/// Says what became of a sending; true where somebody should look.
pub(crate) fn tell(report: &Report, channel: &Channel) -> bool {
    out::say(format!("{} sent by {}", report.sent.len(), channel.words()));
    let parts = [
        ("bounced", &report.bounced),
        ("may have gone or not", &report.lost),
        ("later", &report.later),
        ("withheld", &report.withheld),
    ];
    for (name, rows) in parts {
        for (what, why) in rows {
            out::say(format!("{what} {name}: {why}"));
        }
    }
    !report.lost.is_empty() || !report.bounced.is_empty()
}
