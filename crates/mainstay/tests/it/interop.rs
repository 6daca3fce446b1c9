//! Programs of other makers: a client and a library drive our server, and our client pulls from and pushes to two servers, each as it
//! comes from its registry. `cargo xtask test` installs them; where they are absent the tests say that they were skipped.
use crate::harness::{Serving, World, bundle, certificates, rounds, with_secret};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const PASSWORD: &str = "correct horse";

/// The interpreter of an environment of `cargo xtask test`, beside what cargo builds.
fn python(of: &str) -> Option<PathBuf> {
    let target = PathBuf::from(env!("CARGO_BIN_EXE_mainstay")).ancestors().nth(2).unwrap().to_path_buf();
    let found = target.join("python").join(of).join("bin/python");
    if found.is_file() {
        return Some(found);
    }
    eprintln!("SKIPPED (no {of} from PyPI; `cargo xtask test` installs it): interoperation with {of}");
    None
}

/// A program in that environment: it reaches this machine only, and trusts what it is told to, whatever the environment of the test says.
fn program(python: &PathBuf) -> Command {
    let mut command = Command::new(python);
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "OPENTAXII_CONFIG"] {
        command.env_remove(name);
    }
    command.env("INTEROP_PASSWORD", PASSWORD).env("NO_PROXY", "127.0.0.1");
    command
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/interop").join(name)
}

#[test]
fn a_client_and_a_library_of_others_walk_the_server() {
    let Some(python) = python("client") else { return };
    for (engine, world) in World::on_each_engine() {
        with_secret(
            &world,
            &["user", "add", "ines", "--org", "works", "--role", "partner", "--password-stdin"],
            "correct horse\n",
        );
        let token = world.ok(&["user", "token", "ines"]).trim().to_owned();
        let walk = |serving: &Serving, folder: &[PathBuf]| {
            let id = world
                .ok(&["collection", "add", "Box", "--tlp", "CLEAR", "--read", "works", "--write", "works"])
                .trim()
                .to_owned();
            let output = program(&python)
                .arg(script("walk.py"))
                .args([&serving.url, &id, &token])
                .args(folder)
                .output()
                .unwrap();
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{engine}: {out}{err}");
            let looked: usize = out.split(' ').next().unwrap().parse().unwrap();
            assert!(looked > 90, "{engine}: {out}");
        };
        walk(&Serving::start(&world), &[]);
        if engine == "sqlite" && certificates(&world).is_some() {
            world.ok(&["user", "certificate", "ines", world.path("client.pem").to_str().unwrap()]);
            walk(&Serving::over_tls(&world), &[world.path("")]);
        }
        world.ok(&["ledger", "verify", "--deep"]);
    }
}

/// A server of others that runs until this value goes away.
struct Other {
    child: Child,
    url: String,
}

impl Other {
    fn start(python: &PathBuf, name: &str, folder: &World) -> Other {
        let mut command = program(python);
        let mut child = command
            .arg(script(name))
            .arg(folder.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = None;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            url = line.unwrap().strip_prefix("collection ").map(str::to_owned);
            if url.is_some() {
                break;
            }
        }
        Other { child, url: url.unwrap_or_else(|| panic!("{name} did not start")) }
    }

    /// What it holds, by its own manifest.
    fn held(&self, python: &PathBuf) -> usize {
        // Without a client library: one of the two servers says in its manifest that there is more and not how to go on, at which the
        // library asks for the same page for ever.
        let count = r#"
import os, sys, requests
asker = requests.Session()
asker.auth, asker.trust_env = ("us", os.environ["INTEROP_PASSWORD"]), False
asker.headers["Accept"] = "application/taxii+json;version=2.1"
query, held = {"match[version]": "all", "limit": "1000"}, []
while True:
    page = asker.get(sys.argv[1] + "manifest/", params=query, timeout=60).json()
    held += [(one["id"], one["version"]) for one in page.get("objects", [])]
    if not page.get("more"):
        break
    query["next"] = page["next"]
assert len(held) == len(set(held)), "doubled"
print(len(held))
"#;
        let output = program(python).args(["-c", count, &self.url]).output().unwrap();
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Two of our hubs with a server of others between them: one pushes, the other pulls; nothing twice, nothing lost, also when a round
/// breaks off.
fn through(name: &str, run: &str, add: &[&str]) {
    let (Some(interpreter), Some(client)) = (python(name), python("client")) else { return };
    let (giver, taker, folder) = (World::new(), World::new(), World::new());
    let other = Other::start(&interpreter, run, &folder);
    with_secret(
        &giver,
        &["user", "add", "them", "--org", "others", "--role", "partner", "--password-stdin"],
        "correct horse\n",
    );
    let out = giver.ok(&["collection", "add", "Out", "--tlp", "CLEAR", "--read", "others"]).trim().to_owned();
    giver.import(&giver.write("a.json", bundle(0, 90)), &["--collection", &out]);
    let push =
        ["peer", "add", "other", &other.url, "--push", &out, "--account", "them", "--login", "us", "--secret-stdin"];
    with_secret(&giver, &push, PASSWORD);
    let pull =
        [&["peer", "add", "other", &other.url, "--pull", "default", "--login", "us", "--secret-stdin"], add].concat();
    with_secret(&taker, &pull, PASSWORD);

    let round = rounds(&giver, "other");
    assert_eq!(
        (&round["objects"], &round["refused"], &round["trouble"]),
        (&90.into(), &0.into(), &serde_json::Value::Null),
        "{round}"
    );
    assert_eq!(other.held(&client), 90);
    let round = rounds(&taker, "other");
    assert_eq!(
        (&round["accepted"], &round["refused"], &round["trouble"]),
        (&90.into(), &0.into(), &serde_json::Value::Null),
        "{round}"
    );
    // With nothing new, nothing is given and nothing is new.
    assert_eq!(rounds(&giver, "other")["objects"], 0);
    assert_eq!(rounds(&taker, "other")["accepted"], 0);
    // What is new comes, and only that.
    giver.import(&giver.write("b.json", bundle(90, 30)), &["--collection", &out]);
    assert_eq!(rounds(&giver, "other")["objects"], 30);
    assert_eq!(other.held(&client), 120);
    assert_eq!(rounds(&taker, "other")["accepted"], 30);
    // A push that forgot how far it came gives all again, and doubles nothing.
    giver.ok(&["peer", "remove", "other"]);
    with_secret(&giver, &push, PASSWORD);
    let again = rounds(&giver, "other");
    assert_eq!((&again["objects"], &again["refused"]), (&120.into(), &0.into()), "{again}");
    assert_eq!(other.held(&client), 120);
    interrupted(&pull);
    for world in [&giver, &taker] {
        world.ok(&["ledger", "verify", "--deep"]);
    }
    // A server that is gone is said.
    drop(other);
    assert_eq!(taker.run(&["peer", "sync", "other"]).code, 5);
}

/// A pull that is killed at some point of its way is whole after another round.
fn interrupted(pull: &[&str]) {
    for after_ms in [5, 40, 80, 160, 320] {
        let taker = World::new();
        taker.ok(&["init"]);
        with_secret(&taker, pull, PASSWORD);
        let mut child =
            taker.command(&["peer", "sync", "other"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(after_ms));
        drop(child.kill());
        child.wait().unwrap();
        let round = rounds(&taker, "other");
        assert_eq!(round["trouble"], serde_json::Value::Null, "{after_ms}: {round}");
        let why = taker.ok(&["peer", "why", "other", "identity--00000000-0000-4000-8000-000000000000"]);
        assert!(why.contains("is held in our collection"), "{after_ms}: {why}");
        let all = taker.import(&taker.write("all.json", bundle(0, 120)), &[]);
        assert_eq!(all["unchanged"], 120, "{after_ms}: {all}");
    }
}

#[test]
fn medallion_is_pulled_from_and_pushed_to() {
    through("medallion", "run_medallion.py", &[]);
}

#[test]
fn opentaxii_is_pulled_from_and_pushed_to() {
    through("opentaxii", "run_opentaxii.py", &["--mend-spec-version"]);
}
