//! A whole hub in process, as `serve` runs it: all stages, the real router, people of three organisations. Its clock and its randomness
//! are set at each step, so that two hubs to which the same is done draw the same.

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::collection::{self, NewCollection};
use exchange::event::Handling;
use exchange::peer::sync::{Page, Trouble, Wanted, Wire};
use ledger::keys::Seal;
use ledger::testkit::TestStore;
use ledger::{Entropy, Env, Genesis, Ledger, Micros, SeededEntropy, Tx};
use partners::{NewPerson, Role};
use sha2::{Digest, Sha256};
use stix::Tlp;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::{AppState, auth, stages};

/// Read by fr and nl, written by both.
pub(super) const OPEN: &str = "5a8a7a1e-0c53-4f0e-9b7e-000000000001";
/// Read and written by nl alone.
pub(super) const OTHERS: &str = "5a8a7a1e-0c53-4f0e-9b7e-000000000002";
/// Read by fr and nl; copies are made without the properties that carry a stricter mark.
pub(super) const COPIES: &str = "5a8a7a1e-0c53-4f0e-9b7e-000000000003";
/// In an API root of its own, read by nl alone.
pub(super) const FAR: &str = "5a8a7a1e-0c53-4f0e-9b7e-000000000004";
/// The media type.
pub(super) const TAXII: &str = "application/taxii+json;version=2.1";
const PASSWORD: &str = "correct horse";

const PARTNERS: &[u8] = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\n\
    home,Example Cyber Agency,agency,US,en,,,\n\
    fr,CERT FR,csirt,FR,fr,2025-01-01,,AMBER\n\
    nl,CERT NL,csirt,NL,nl,2025-01-01,,AMBER\n\
    de,CERT DE,csirt,DE,de,,,\n";
const CONTACTS: &[u8] = b"org,name,email,role,country,sector,language,pgp,source,verified\n\
    fr,Desk,desk@fr.example,csirt,FR,,en,,register,2025-12-01\n\
    nl,Desk,desk@nl.example,csirt,NL,,en,,register,2025-12-01\n";

/// Everybody with an account: each role in the operator's own organisation and in two partners, and fay, who may read less than the rest.
pub(super) fn people() -> Vec<(String, &'static str, Role)> {
    let mut all = Vec::new();
    for org in ["home", "fr", "nl"] {
        all.extend(Role::ALL.map(|role| (format!("{org}-{role}"), org, role)));
    }
    all.push(("fay".to_owned(), "fr", Role::Partner));
    all
}

/// Randomness that begins anew at each step, a stream for each length that is drawn: how many salts one hub drew moves no id of the other.
pub(super) struct StepEntropy(Mutex<(u64, std::collections::BTreeMap<usize, u64>)>);

impl StepEntropy {
    fn begin(&self, step: u64) {
        *self.0.lock().unwrap() = (step, std::collections::BTreeMap::new());
    }
}

impl Entropy for StepEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        let (step, length) = (state.0, buffer.len());
        let drawn = state.1.entry(length).or_default();
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::new()
                .chain_update(step.to_be_bytes())
                .chain_update(length.to_be_bytes())
                .chain_update(drawn.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(block.finalize()) {
                *to = from;
            }
            *drawn += 1;
        }
    }
}

/// One hub.
pub(super) struct Hub {
    pub(super) state: AppState,
    router: Router,
    store: TestStore,
    entropy: Arc<StepEntropy>,
    runtime: Runtime,
}

impl Hub {
    pub(super) fn new(store: TestStore) -> Hub {
        let entropy = Arc::new(StepEntropy(Mutex::default()));
        let genesis = Genesis { home: "home".into(), country: Some("US".into()), exercise: true };
        let env = Env { clock: store.clock.clone(), entropy: entropy.clone() };
        let ledger = Ledger::open(&store.place, env, Seal::new([7; 32]), stages(), &genesis).unwrap();
        let state = AppState::new(Arc::new(ledger));
        let router = crate::router(state.clone());
        let hub = Hub { state, router, store, entropy, runtime: Runtime::new().unwrap() };
        hub.furnish();
        hub
    }

    fn furnish(&self) {
        let key = self.ledger().signing_key().unwrap();
        self.write(|tx| assure::furnish(tx, &key));
        self.write(|tx| partners::import_csv(tx, PARTNERS));
        self.write(|tx| act::import_contacts(tx, CONTACTS, false));
        for (name, org, role) in people() {
            let clearance = if name == "fay" { Tlp::Green } else { Tlp::Red };
            self.person(&name, org, role, clearance);
        }
        self.collection("default", None, Tlp::Amber, &[], &[]);
        self.collection("Open", Some(OPEN), Tlp::Clear, &["fr", "nl"], &["fr", "nl"]);
        self.collection("Others", Some(OTHERS), Tlp::Clear, &["nl"], &["nl"]);
        self.collection("Copies", Some(COPIES), Tlp::Clear, &["fr", "nl"], &[]);
        self.collection_in("far", "Far", Some(FAR), Tlp::Clear, &["nl"], &[]);
        self.write(|tx| {
            let standing = collection::find(tx, COPIES)?.unwrap();
            collection::handle(tx, &standing, Handling { redact: true, anonymise: false })
        });
    }

    /// Sets clock and randomness for what comes next.
    pub(super) fn begin(&self, step: u64, at: Micros) {
        self.store.clock.set(at);
        self.entropy.begin(step);
    }

    /// At the end of a step: what was shown in it is written down and sealed, as `serve` does behind its readers.
    pub(super) fn end(&self) {
        self.state.recorder.flush(self.ledger()).unwrap();
        act::receipt::seal_all(self.ledger()).unwrap();
        self.ledger().catch_up().unwrap();
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// A unit of work of the operator, and all that follows from it. What is refused is refused.
    pub(super) fn write<T>(&self, f: impl FnMut(&mut Tx<'_>) -> ledger::Result<T>) -> Option<T> {
        let done = self.ledger().write(f);
        self.ledger().catch_up().unwrap();
        match done {
            Ok(done) => Some(done),
            Err(ledger::Error::Refused { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) fn person(&self, name: &str, org: &str, role: Role, clearance: Tlp) {
        static HASHED: OnceLock<partners::person::Hashed> = OnceLock::new();
        let hashed = HASHED.get_or_init(|| partners::person::hash(PASSWORD, &SeededEntropy::new(9)).unwrap());
        self.write(|tx| {
            partners::add_person(tx, &NewPerson { name, org, role, clearance: Some(clearance), until: None }, hashed)
        });
    }

    pub(super) fn collection(&self, title: &str, id: Option<&str>, tlp: Tlp, read: &[&str], write: &[&str]) {
        self.collection_in("default", title, id, tlp, read, write);
    }

    pub(super) fn collection_in(
        &self,
        root: &str,
        title: &str,
        id: Option<&str>,
        tlp: Tlp,
        read: &[&str],
        write: &[&str],
    ) {
        let owned = |list: &[&str]| list.iter().map(|org| (*org).to_owned()).collect::<Vec<_>>();
        let (read, write) = (owned(read), owned(write));
        let new = NewCollection { title, id, root: Some(root), tlp: Some(tlp), read: &read, write: &write };
        self.write(|tx| collection::add(tx, &new));
    }

    /// A session of somebody in a browser: the cookie's token and the token of its forms.
    pub(super) fn session(&self, name: &str) -> (String, String) {
        let token = self.write(|tx| auth::begin(tx, name)).unwrap();
        let viewer = self.ledger().read(|tx| auth::find(tx, &token, "home")).unwrap();
        (token, viewer.map(|viewer| viewer.csrf).unwrap_or_default())
    }

    /// Asks, in process.
    pub(super) fn ask(&self, ask: &Ask) -> Said {
        let mut request = Request::builder().method(ask.method.as_str()).uri(&ask.path);
        let mut form = ask.body.clone();
        let taxii = ask.path.starts_with("/taxii2");
        match &ask.by {
            By::Nobody => {}
            By::Header(value) if taxii => request = request.header("authorization", value),
            By::Header(value) => request = request.header("cookie", format!("mainstay={value}")),
            By::Person(name) if taxii => {
                request =
                    request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{name}:{PASSWORD}"))));
            }
            By::Person(name) => {
                let (token, csrf) = self.session(name);
                request = request.header("cookie", format!("mainstay={token}"));
                form = form.replace("{csrf}", &csrf);
            }
        }
        match (taxii, ask.method.as_str()) {
            (false, "POST" | "PUT") if ["/receipts/", "/records/"].iter().any(|face| ask.path.starts_with(face)) => {
                request = request.header("content-type", "application/json").header("sec-fetch-site", "same-origin");
            }
            (true, "POST") => request = request.header("accept", TAXII).header("content-type", TAXII),
            (true, _) => request = request.header("accept", TAXII),
            (false, "POST") => {
                request = request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header("sec-fetch-site", "same-origin");
            }
            _ => {}
        }
        let request = request.body(Body::from(form)).unwrap();
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let mut headers: Vec<(String, String)> = response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect();
            headers.sort();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            Said { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
        })
    }

    /// Gives objects over TAXII.
    pub(super) fn give(&self, name: &str, collection: &str, objects: &[String]) -> Said {
        let root = if collection == FAR { "far" } else { "default" };
        self.ask(&Ask {
            by: By::Person(name.to_owned()),
            method: "POST".to_owned(),
            path: format!("/taxii2/{root}/collections/{collection}/objects/"),
            body: format!(r#"{{"objects":[{}]}}"#, objects.join(",")),
        })
    }

    /// Sends what is planned into a folder of its own, and gives the messages by address.
    pub(super) fn send(&self) -> Vec<(String, String)> {
        let folder = self.store.folder().join("outbox");
        let before = mails(&folder);
        let channel = act::mail::Channel::Folder(folder.clone());
        let sender =
            act::mail::Sender { name: "Example Cyber Agency".into(), address: "warn@hub.example".parse().unwrap() };
        let post = act::Post {
            channel: &channel,
            sender: &sender,
            about: "+1 555 0100",
            answer_url: "https://hub.example/answer/",
        };
        let by = partners::Person::local_operator("home");
        act::send(self.ledger(), &post, &by).unwrap();
        self.ledger().catch_up().unwrap();
        mails(&folder).into_iter().filter(|mail| !before.contains(mail)).collect()
    }

    /// Pushes to a hub that takes everything, and gives what it got.
    pub(super) fn push(&self, name: &str) -> Vec<String> {
        let mut taker = Taker::default();
        let mut peer = self.ledger().read(|tx| exchange::peer::must(tx, name)).unwrap();
        let done = exchange::peer::sync::sync(self.ledger(), &mut peer, &mut taker, &mut |_| true).unwrap();
        taker.0.extend(done.trouble);
        taker.0
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    Nobody,
    Person(String),
    /// What the header of the face says: a credential that nobody has.
    Header(String),
}

/// A request. `{csrf}` in the body becomes the token of the session's forms.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) by: By,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: String,
}

/// An answer, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Said {
    /// As one text; the headers last, since the length of the body is one of them.
    pub(super) fn whole(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{}\n{}\n{headers}", self.status, self.body)
    }
}

/// Messages in a folder: the address and all of it.
fn mails(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        let to = text.lines().find_map(|line| line.strip_prefix("To: ")).unwrap_or_default().to_owned();
        out.push((to, text));
    }
    out.sort();
    out
}

/// The tokens of the answer links in a message.
pub(super) fn tokens(mail: &str) -> Vec<String> {
    let whole = mail.replace("=\r\n", "").replace("=\n", "");
    let found = whole.split("hub.example/answer/").skip(1);
    found.filter_map(|rest| rest.get(..43)).map(str::to_owned).collect()
}

/// A hub at the other end that takes everything and keeps what it got.
#[derive(Default)]
struct Taker(Vec<String>);

impl Wire for Taker {
    fn get(&mut self, _: &Wanted<'_>) -> Result<Page, Trouble> {
        Ok(Page::default())
    }

    fn give(&mut self, envelope: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.0.push(String::from_utf8_lossy(envelope).into_owned());
        Ok(br#"{"id":"x","status":"complete","success_count":1}"#.to_vec())
    }

    fn status(&mut self, _: &str) -> Result<Vec<u8>, Trouble> {
        Err(Trouble::Lost("nothing was pending".to_owned()))
    }

    fn held(&mut self, _: &[&str]) -> Result<Vec<(String, String)>, Trouble> {
        Ok(Vec::new())
    }
}
