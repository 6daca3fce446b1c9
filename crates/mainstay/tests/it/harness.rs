//! Running the binary as a person does, in a folder of its own.
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A store in a folder that goes away with this value.
pub(crate) struct World {
    folder: tempfile::TempDir,
    database: Option<String>,
}

/// What a verb gave back.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> World {
        World { folder: tempfile::tempdir().unwrap(), database: None }
    }

    /// A world on each engine that is here, by name.
    pub(crate) fn on_each_engine() -> Vec<(&'static str, World)> {
        let mut worlds = vec![("sqlite", World::new())];
        if let Some(store) = ledger::testkit::postgres()
            && let ledger::Place::Url(url) = &store.place
        {
            worlds.push(("postgres", World { database: Some(url.clone()), ..World::new() }));
        }
        worlds
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command
            .arg("--data")
            .arg(self.path("data"))
            .args(args)
            .env_remove("MAINSTAY_DATA")
            .env_remove("MAINSTAY_DATABASE");
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        said(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a verb that must end with 0 and gives its standard output.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}\n{}{}", said.out, said.err);
        said.out
    }

    /// Imports and gives the JSON report.
    pub(crate) fn import(&self, path: &Path, more: &[&str]) -> serde_json::Value {
        let path = path.to_str().unwrap();
        let said = self.run(&[&["import", path, "--format", "json"], more].concat());
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}\n{}\n{}", said.out, said.err))
    }
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A bundle of `n` identities, numbered from `from`: the same numbers give the same objects.
pub(crate) fn bundle(from: usize, n: usize) -> String {
    let objects: Vec<String> = (from..from + n)
        .map(|i| {
            format!(
                r#"{{"type":"identity","spec_version":"2.1","id":"identity--{i:08x}-0000-4000-8000-000000000000","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"organisation {i}"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"type":"bundle","id":"bundle--{from:08x}-0000-4000-8000-000000000000","objects":[{}]}}"#,
        objects.join(",")
    )
}

/// A hub that serves until this value goes away.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Serving {
    pub(crate) fn start(world: &World) -> Serving {
        Serving::with(world, &[])
    }

    /// With the certificates of [`certificates`].
    pub(crate) fn over_tls(world: &World) -> Serving {
        let file = |name: &str| world.path(name).display().to_string();
        Serving::with(
            world,
            &["--tls-cert", &file("server.pem"), "--tls-key", &file("server.key"), "--tls-client-ca", &file("ca.pem")],
        )
    }

    fn with(world: &World, more: &[&str]) -> Serving {
        let args = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        let mut child = world.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Serving { child, url }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.split('/').nth(2).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a verb that reads a secret, and gives its standard output.
#[track_caller]
pub(crate) fn with_secret(world: &World, args: &[&str], secret: &str) -> String {
    let mut child =
        world.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{args:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// One round with a peer, as JSON.
pub(crate) fn rounds(world: &World, name: &str) -> serde_json::Value {
    let said = world.run(&["peer", "sync", name, "--format", "json"]);
    let value: serde_json::Value =
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}\n{}{}", said.out, said.err));
    value[0].clone()
}

/// A certificate authority, a server's and a client's certificate of it, made by the system's tool; `None` where it is absent.
pub(crate) fn certificates(world: &World) -> Option<()> {
    let script = r#"
set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
for name in server client; do
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > ext
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $name.pem
done"#;
    let made = Command::new("sh").args(["-c", script]).current_dir(world.path("")).output();
    match made {
        Ok(output) if output.status.success() => Some(()),
        _ => {
            eprintln!("SKIPPED (no openssl): TLS with an authority of our own");
            None
        }
    }
}
