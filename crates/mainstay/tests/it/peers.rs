//! Two hubs that exchange: one serves, the other pulls and pushes, over plain HTTP on loopback and over TLS.
use crate::harness::{Serving, World, bundle, certificates, rounds, with_secret};
use std::process::Command;

#[test]
fn one_hub_pulls_from_another_and_pushes_back() {
    for (engine, there) in World::on_each_engine() {
        let here = World::new();
        with_secret(
            &there,
            &["user", "add", "here", "--org", "hub-b", "--role", "partner", "--password-stdin"],
            "correct horse\n",
        );
        let box_there = there
            .ok(&["collection", "add", "Box", "--tlp", "CLEAR", "--read", "hub-b", "--write", "hub-b"])
            .trim()
            .to_owned();
        there.import(&there.write("a.json", bundle(0, 1200)), &["--collection", &box_there]);
        let token = there.ok(&["user", "token", "here"]).trim().to_owned();
        let serving = Serving::start(&there);
        let url = format!("{}taxii2/default/collections/{box_there}/", serving.url);

        // With a password: everything comes, again nothing, then what is new.
        with_secret(
            &here,
            &["peer", "add", "there", &url, "--pull", "default", "--login", "here", "--secret-stdin"],
            "correct horse\n",
        );
        assert_eq!(rounds(&here, "there")["accepted"], 1200, "{engine}");
        assert_eq!(rounds(&here, "there")["accepted"], 0, "{engine}");
        there.import(&there.write("b.json", bundle(1200, 5)), &["--collection", &box_there]);
        assert_eq!(rounds(&here, "there")["accepted"], 5, "{engine}");
        let why = here.ok(&["peer", "why", "there", "identity--00000001-0000-4000-8000-000000000000", "--ask"]);
        assert!(
            why.contains("is held in our collection since") && why.contains("the peer shows it to us now"),
            "{why}"
        );
        let why = here.run(&["peer", "why", "there", "identity--ffffffff-0000-4000-8000-000000000000", "--ask"]);
        assert_eq!(why.code, 1);
        assert!(
            why.out.contains("has never given it to us") && why.out.contains("does not show it to us"),
            "{}",
            why.out
        );

        // With a token: what an account here may see goes there, once.
        with_secret(
            &here,
            &["user", "add", "there", "--org", "hub-a", "--role", "partner", "--password-stdin"],
            "correct horse\n",
        );
        let out = here.ok(&["collection", "add", "Out", "--tlp", "CLEAR", "--read", "hub-a"]).trim().to_owned();
        here.import(&here.write("c.json", bundle(5000, 700)), &["--collection", &out]);
        let push = ["peer", "add", "back", &url, "--push", &out, "--account", "there", "--secret-stdin"];
        with_secret(&here, &push, &format!("{token}\n"));
        let round = rounds(&here, "back");
        assert_eq!((&round["objects"], &round["refused"]), (&700.into(), &0.into()), "{engine}: {round}");
        assert_eq!(rounds(&here, "back")["objects"], 0, "{engine}");
        assert_eq!(rounds(&here, "there")["accepted"], 700, "{engine}: new in the default collection here");

        // A peer that is gone is said, tried later, and nothing is lost.
        drop(serving);
        let said = here.run(&["peer", "sync", "there"]);
        assert_eq!(said.code, 5);
        assert!(said.out.contains("no answer from 127.0.0.1"), "{}", said.out);
        let listed = here.run(&["peer", "list"]);
        assert_eq!(listed.code, 1);
        assert!(listed.out.contains("again after"), "{}", listed.out);
        assert!(!listed.out.contains("correct horse") && !listed.out.contains(&token), "no secret in a list");
    }
}

#[test]
fn a_wrong_password_and_a_hidden_collection_are_said() {
    let (there, here) = (World::new(), World::new());
    with_secret(
        &there,
        &["user", "add", "here", "--org", "hub-b", "--role", "partner", "--password-stdin"],
        "correct horse\n",
    );
    let hidden = there.ok(&["collection", "add", "Hidden"]).trim().to_owned();
    let serving = Serving::start(&there);
    let url = format!("{}taxii2/default/collections/{hidden}/", serving.url);
    for (secret, expected) in
        [("wrong\n", "does not let this account in"), ("correct horse\n", "shows no such collection")]
    {
        with_secret(
            &here,
            &["peer", "add", "there", &url, "--pull", "default", "--login", "here", "--secret-stdin"],
            secret,
        );
        let round = rounds(&here, "there");
        assert!(round["trouble"].as_str().unwrap().contains(expected), "{round}");
    }
    let said = here.run(&["peer", "add", "x", "http://hub.example/taxii2/a/collections/b/", "--pull", "default"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("in the open"), "{}", said.err);
}

#[test]
fn over_tls_the_authority_must_be_known() {
    let (there, here) = (World::new(), World::new());
    if certificates(&there).is_none() {
        return;
    }
    let file = |name: &str| there.path(name).display().to_string();
    with_secret(
        &there,
        &["user", "add", "here", "--org", "hub-b", "--role", "partner", "--password-stdin"],
        "correct horse\n",
    );
    let id = there.ok(&["collection", "add", "Box", "--tlp", "CLEAR", "--read", "hub-b"]).trim().to_owned();
    there.import(&there.write("a.json", bundle(0, 3)), &["--collection", &id]);
    there.ok(&["user", "certificate", "here", &file("client.pem")]);
    let serving = Serving::over_tls(&there);
    assert!(serving.url.starts_with("https://"));
    let url = format!("{}taxii2/default/collections/{id}/", serving.url);
    let add = ["peer", "add", "there", &url, "--pull", "default", "--login", "here", "--secret-stdin"];
    with_secret(&here, &add, "correct horse\n");
    let trouble = rounds(&here, "there")["trouble"].as_str().unwrap_or_default().to_lowercase();
    assert!(trouble.contains("certificate"), "{trouble}");
    with_secret(&here, &[&add[..], &["--authority", &file("ca.pem")]].concat(), "correct horse\n");
    assert_eq!(rounds(&here, "there")["accepted"], 3);

    // A client that shows its certificate needs no password; one without it is asked to sign in.
    let status = |with: bool| {
        let (certificate, key) = (file("client.pem"), file("client.key"));
        let shown: &[&str] = if with { &["--cert", &certificate, "--key", &key] } else { &[] };
        let output = Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", &file("ca.pem")])
            .args(shown)
            .arg(&url)
            .output();
        output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
    };
    match (status(true), status(false)) {
        (Ok(with), Ok(without)) => assert_eq!((with.as_str(), without.as_str()), ("200", "401")),
        _ => eprintln!("SKIPPED (no curl): a client that shows a certificate"),
    }
}
