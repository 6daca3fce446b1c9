//! For tests of this crate and of the stages: a store in a fresh place on each engine. PostgreSQL is started by the test
//! itself, in a folder of its own, not as root, and ends with the test process.
use crate::{Env, FixedClock, Genesis, Ledger, Micros, Place, SeededEntropy, Stage, keys::Seal};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// A store for a test: it goes away with this value.
pub struct TestStore {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// Where it lives.
    pub place: Place,
    /// The clock it was opened with, to be set by the test.
    pub clock: Arc<FixedClock>,
    folder: PathBuf,
    seed: u64,
}

impl TestStore {
    /// Opens the store with these stages, making it at first.
    pub fn open(&self, stages: Vec<Arc<dyn Stage>>) -> Ledger {
        let genesis = Genesis { home: "home".into(), country: Some("US".into()), exercise: true };
        let env = Env { clock: self.clock.clone(), entropy: Arc::new(SeededEntropy::new(self.seed)) };
        Ledger::open(&self.place, env, Seal::new([7; 32]), stages, &genesis)
            .unwrap_or_else(|e| panic!("{}: {e}", self.engine))
    }

    /// A folder of this store's own.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        // A folder left behind is no failure of the test.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Where a test's clock stands at first.
pub const START: Micros = Micros(1_767_225_600_000_000); // 2026-01-01

/// A fresh SQLite store.
pub fn sqlite() -> TestStore {
    let folder = fresh_folder();
    store("sqlite", Place::Folder(folder.join("data")), folder)
}

/// A fresh PostgreSQL store in a database of its own, or `None`, said on standard error, where PostgreSQL is not installed.
pub fn postgres() -> Option<TestStore> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(cluster) = cluster() else {
        eprintln!("SKIPPED (no PostgreSQL): the same test on the second engine");
        return None;
    };
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let made = Command::new(cluster.bin.join("createdb"))
        .args(["-h", &cluster.socket, "-U", "mainstay", &name])
        .output()
        .unwrap_or_else(|e| panic!("createdb: {e}"));
    assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
    let socket = cluster.socket.replace('/', "%2F");
    Some(store("postgres", Place::Url(format!("postgres://mainstay@{socket}/{name}")), fresh_folder()))
}

/// A fresh store on each engine that is here.
pub fn engines() -> Vec<TestStore> {
    [Some(sqlite()), postgres()].into_iter().flatten().collect()
}

/// The shared data's folder, or `None`, said on standard error, where it is absent.
pub fn shared(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("MAINSTAY_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let data = folder.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("SKIPPED (no shared data): {test}");
    None
}

fn store(engine: &'static str, place: Place, folder: PathBuf) -> TestStore {
    TestStore { engine, place, clock: Arc::new(FixedClock::new(START)), folder, seed: 1 }
}

fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("mainstay-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    folder
}

struct Cluster {
    bin: PathBuf,
    socket: String,
    _watch: Child,
}

/// One cluster for the test process. A shell that waits on our end of a pipe stops it when this process ends, however it
/// ends.
fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_ref()
}

const SCRIPT: &str = r#"
set -eu
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/mainstay-pg.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$BIN/initdb" -D "$dir/data" -U mainstay -A trust --encoding=UTF8 --locale=C --no-sync >/dev/null
"$BIN/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=100 >"$dir/log" 2>&1 &
pid=$!
for _ in $(seq 1 200); do [ -S "$dir/.s.PGSQL.5432" ] && "$BIN/pg_isready" -q -h "$dir" && break; sleep 0.05; done
echo "$dir"
cat >/dev/null
kill -INT $pid
wait $pid || true
"#;

fn start() -> Option<Cluster> {
    let bin = binaries()?;
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    let mut command = Command::new(if root { "setpriv" } else { "sh" });
    if root {
        // `initdb` refuses root.
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
    }
    let mut child = command
        .args(["-c", SCRIPT])
        .env("BIN", &bin)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    let socket = line.trim().to_owned();
    (!socket.is_empty()).then_some(Cluster { bin, socket, _watch: child })
}

/// Debian keeps the server's programs out of the path, by version.
fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin"))
        .collect();
    found.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    found.sort();
    found.into_iter().rfind(|bin| ["initdb", "postgres", "createdb"].iter().all(|program| bin.join(program).exists()))
}

/// Changes stored bytes behind the ledger's back, to see whether it is found.
pub fn tamper(place: &Place, sql: &str, args: &[crate::Value<'_>]) -> crate::Result<u64> {
    use crate::seam::{Engine, Mode};
    Engine::open(place)?.transaction(Mode::Write, &mut |mut session| session.run(sql, args))
}
