//! A PostgreSQL cluster for the bench alone: on a socket, in a folder that goes with it, durable as an operator would run it.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running cluster; it stops when this is dropped, since its shell then reads the end of a pipe.
pub(super) struct Cluster {
    shell: Child,
    socket: String,
}

const SCRIPT: &str = r#"
set -eu
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/mainstay-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$BIN/initdb" -D "$dir/data" -U mainstay -A trust --encoding=UTF8 --locale=C >/dev/null
"$BIN/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c shared_buffers=1GB -c max_wal_size=4GB >"$dir/log" 2>&1 &
pid=$!
for _ in $(seq 1 200); do [ -S "$dir/.s.PGSQL.5432" ] && "$BIN/pg_isready" -q -h "$dir" && break; sleep 0.05; done
"$BIN/createdb" -h "$dir" -U mainstay bench
echo "$dir"
cat >/dev/null
kill -INT $pid
wait $pid || true
"#;

impl Cluster {
    /// Starts one; `None` where PostgreSQL is not installed.
    pub(super) fn start() -> Result<Option<Cluster>> {
        let Some(bin) = programs() else { return Ok(None) };
        let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
        let mut command = Command::new(if root { "setpriv" } else { "sh" });
        if root {
            // `initdb` refuses root
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        }
        command.args(["-c", SCRIPT]).env("BIN", bin).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().context("no shell for PostgreSQL")?;
        let mut line = String::new();
        BufReader::new(shell.stdout.take().context("no output of the shell")?).read_line(&mut line)?;
        let socket = line.trim().to_owned();
        Ok((!socket.is_empty()).then_some(Cluster { shell, socket }))
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("postgres://mainstay@{}/bench", self.socket.replace('/', "%2F"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Debian keeps the server's programs out of the path, by version.
fn programs() -> Option<PathBuf> {
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
