//! The one way by which this hub asks others over HTTP, and it asks only where the operator told it to: one host, one path, no
//! redirect, no proxy of the environment, an answer of limited size within a limited time. Not for mail (`act`), nor for pages: these
//! never ask anybody.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::peer::Peer;
use exchange::peer::sync::{Page, Trouble, Wanted, Wire};
use ledger::{Error, Ledger};
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use tokio::runtime::Runtime;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto, version};

use crate::taxii::TAXII;
use crate::tls::certificates;

/// An answer may have so many bytes.
const ANSWER_MAX: usize = 256 << 20;
/// A connection is made within.
const CONNECT_MAX: Duration = Duration::from_secs(15);
/// An answer is whole within.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(300);
/// A status that is pending is asked for again after.
const STATUS_PAUSE: Duration = Duration::from_millis(500);
/// Said where a peer asks to wait and does not say how long.
const WAIT_SECONDS: i64 = 60;
/// Ids asked for at once, so that the address stays short.
const IDS_ASKED: usize = 40;
/// Pages of a manifest of so many ids: more versions than these hold are not looked at.
const MANIFEST_PAGES_MAX: usize = 50;
/// Bytes of an error that are repeated to the operator.
const SAID_MAX: usize = 300;

/// One collection of another hub.
pub struct Egress {
    runtime: Runtime,
    client: Client,
    collection: Url,
    login: String,
    secret: Option<String>,
}

impl Egress {
    /// To the collection of a peer, with what we show to sign in there.
    pub fn to(ledger: &Ledger, peer: &Peer) -> ledger::Result<Egress> {
        let secret = exchange::peer::secret(ledger, &peer.name)?;
        let authority = (!peer.authority.is_empty()).then(|| Path::new(&peer.authority));
        let made = Egress::new(&peer.url, &peer.login, secret, authority);
        made.map_err(|e| Error::refused("peer-unusable", e.to_string(), "say the peer anew with `peer add`"))
    }

    /// To the collection at `url`; `authority` is a PEM file of authorities in place of those of the system. With a login the
    /// secret is a password (RFC 7617), without one a bearer token (RFC 6750).
    pub fn new(url: &str, login: &str, secret: Option<String>, authority: Option<&Path>) -> std::io::Result<Egress> {
        let wrong = |e: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, e);
        let collection = Url::parse(url).map_err(|e| wrong(format!("{url}: {e}")))?;
        let builder = Client::builder()
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_TIME_MAX);
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = match authority {
            Some(path) => builder.tls_backend_preconfigured(trusting(path, provider)?),
            None => {
                // Fails only where another provider was installed before, which serves as well.
                drop(crypto::CryptoProvider::install_default((*provider).clone()));
                builder
            }
        };
        let client = builder.build().map_err(|e| wrong(format!("the client cannot be made: {e}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Egress { runtime, client, collection, login: login.to_owned(), secret })
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(ACCEPT, TAXII);
        match (&self.secret, self.login.is_empty()) {
            (None, _) => request,
            (Some(token), true) => request.bearer_auth(token),
            (Some(password), false) => request.basic_auth(&self.login, Some(password)),
        }
    }

    /// An address below this collection, or beside it in its API root.
    fn below(&self, path: &str) -> Result<Url, Trouble> {
        self.collection.join(path).map_err(|e| Trouble::Lost(e.to_string()))
    }

    /// What the peer shows of one object now: its `date_added`, or nothing.
    pub fn shows(&self, object: &str) -> Result<Option<String>, Trouble> {
        let mut url = self.below("manifest/")?;
        url.query_pairs_mut().append_pair("match[id]", object).append_pair("match[version]", "all");
        let answer = self.runtime.block_on(self.answer(self.signed(self.client.get(url))))?;
        Ok(answer.last.filter(|_| answer.body != b"{}"))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Page, Trouble> {
        let lost = |e: reqwest::Error| Trouble::Lost(format!("no answer from {}: {}", self.host(), causes(&e)));
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let last = header("x-taxii-date-added-last");
        let wait = header(RETRY_AFTER.as_str()).and_then(|v| v.trim().parse::<i64>().ok());
        if matches!(status, 429 | 503) {
            return Err(Trouble::Wait(wait.unwrap_or(WAIT_SECONDS)));
        }
        let limit = if (200..300).contains(&status) { ANSWER_MAX } else { SAID_MAX };
        let body = self.body(response, limit).await;
        if !(200..300).contains(&status) {
            let said = String::from_utf8_lossy(&body.unwrap_or_default()).chars().filter(|c| !c.is_control()).collect();
            return Err(Trouble::Status(status, said));
        }
        Ok(Page { body: body?, last })
    }

    /// Reads an answer up to a limit; more of an error is cut, more of anything else is no answer.
    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, Trouble> {
        let fine = response.status().is_success();
        let mut body = Vec::new();
        let lost =
            |e: reqwest::Error| Trouble::Lost(format!("the answer from {} broke off: {}", self.host(), causes(&e)));
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > limit {
                body.extend(chunk.iter().take(limit - body.len()));
                let why = || format!("the answer from {} has more than {limit} bytes", self.host());
                return if fine { Err(Trouble::Lost(why())) } else { Ok(body) };
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn host(&self) -> &str {
        self.collection.host_str().unwrap_or("the peer")
    }
}

/// A client that trusts the authorities of this file and no others.
fn trusting(path: &Path, provider: Arc<crypto::CryptoProvider>) -> std::io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|e| std::io::Error::other(e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An error with what caused it, which is what helps. The address is left out: it may hold what was asked.
fn causes(error: &reqwest::Error) -> String {
    let mut said = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        said.push(inner.to_string());
        cause = inner.source();
    }
    match said.is_empty() {
        true if error.is_timeout() => "the time is over".to_owned(),
        true => "the connection failed".to_owned(),
        false => said.join(": "),
    }
}

impl Wire for Egress {
    fn get(&mut self, wanted: &Wanted<'_>) -> Result<Page, Trouble> {
        let mut url = self.below("objects/")?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("match[version]", "all").append_pair("limit", &wanted.limit.to_string());
            if !wanted.after.is_empty() {
                query.append_pair("added_after", wanted.after);
            }
            if !wanted.next.is_empty() {
                query.append_pair("next", wanted.next);
            }
        }
        self.runtime.block_on(self.answer(self.signed(self.client.get(url))))
    }

    fn give(&mut self, envelope: &[u8]) -> Result<Vec<u8>, Trouble> {
        let request = self.client.post(self.below("objects/")?).header(CONTENT_TYPE, TAXII).body(envelope.to_vec());
        self.runtime.block_on(self.answer(self.signed(request))).map(|page| page.body)
    }

    fn status(&mut self, id: &str) -> Result<Vec<u8>, Trouble> {
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(Trouble::Lost("the peer named a status by something that is no id".to_owned()));
        }
        // {api-root}/collections/{id}/ → {api-root}/status/{id}/ (sections 4.3 and 5.2)
        let url = self.below(&format!("../../status/{id}/"))?;
        self.runtime.block_on(async {
            tokio::time::sleep(STATUS_PAUSE).await;
            self.answer(self.signed(self.client.get(url))).await.map(|page| page.body)
        })
    }

    fn held(&mut self, ids: &[&str]) -> Result<Vec<(String, String)>, Trouble> {
        #[derive(serde::Deserialize)]
        struct Manifest {
            #[serde(default)]
            next: Option<String>,
            #[serde(default)]
            objects: Vec<Record>,
        }
        #[derive(serde::Deserialize)]
        struct Record {
            id: String,
            version: String,
        }
        let mut held = Vec::new();
        for some in ids.chunks(IDS_ASKED) {
            let ids = some.join(",");
            let mut next: Option<String> = None;
            for _ in 0..MANIFEST_PAGES_MAX {
                let mut url = self.below("manifest/")?;
                url.query_pairs_mut()
                    .append_pair("match[id]", &ids)
                    .append_pair("match[version]", "all")
                    .append_pair("limit", "1000");
                if let Some(next) = &next {
                    url.query_pairs_mut().append_pair("next", next);
                }
                let answer = self.runtime.block_on(self.answer(self.signed(self.client.get(url))))?;
                let manifest: Manifest = serde_json::from_slice(&answer.body)
                    .map_err(|_| Trouble::Lost("the peer sent something that is no manifest".to_owned()))?;
                held.extend(manifest.objects.into_iter().map(|record| (record.id, record.version)));
                next = manifest.next;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(held)
    }
}
