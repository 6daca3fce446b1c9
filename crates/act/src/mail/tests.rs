//! Messages, the folder, and SMTP against a small server of our own.
use super::*;
use crate::testing::Sink;
use insta::assert_snapshot;

fn sender() -> Sender {
    Sender { name: "Example Cyber Agency".into(), address: "warn@hub.example".parse().unwrap() }
}

fn text(subject: &str, body: &str) -> Text {
    Text { subject: subject.into(), body: body.into() }
}

fn built(to: (Option<&str>, &str), subject: &str, body: &str) -> Result<String, String> {
    let id = message_id("K7M3-9QRT-XW2B", 0, "hub/01", &sender());
    let at = "2026-03-01T06:00:00Z".parse().unwrap();
    build(&sender(), to, &text(subject, body), &id, at).map(|b| String::from_utf8(b).unwrap())
}

#[test]
fn a_message() {
    let message = built((Some("Leitstelle Süd"), "soc@aqua.example"), "[REF#K7M3] Bitte um Maßnahmen", "Guten Tag\n");
    assert_snapshot!(message.unwrap().replace('\r', ""), @r#"
    From: "Example Cyber Agency" <warn@hub.example>
    To: =?utf-8?b?TGVpdHN0ZWxsZSBTw7xk?= <soc@aqua.example>
    Subject: [REF#K7M3] Bitte um =?utf-8?b?TWHDn25haG1lbg==?=
    Date: Sun, 01 Mar 2026 06:00:00 +0000
    Message-ID: <k7m3-9qrt-xw2b.0.hub01@hub.example>
    Auto-Submitted: auto-generated
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    Guten Tag
    "#);
}

#[test]
fn nothing_becomes_a_header() {
    #[track_caller]
    fn check(to: (Option<&str>, &str), subject: &str) {
        let Ok(message) = built(to, subject, "x") else { return };
        let head = message.split("\r\n\r\n").next().unwrap();
        for line in head.lines().filter(|l| !l.starts_with([' ', '\t'])) {
            let name = line.split(':').next().unwrap();
            let known = [
                "From",
                "To",
                "Subject",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "Content-Type",
                "Content-Transfer-Encoding",
                "MIME-Version",
            ];
            assert!(known.contains(&name), "{line}");
        }
    }
    let evil = "x\r\nBcc: evil@x.example\r\n\r\nbody";
    check((Some(evil), "soc@aqua.example"), "fine");
    check((None, "soc@aqua.example"), evil);
    check((None, "soc@aqua.example\r\nBcc: evil@x.example"), "fine");
    check((Some("a\u{0}\u{85}\u{2028}b, <evil@x.example>"), "soc@aqua.example"), "\u{2028}Bcc: x");
    assert!(built((None, "soc@aqua.example\r\nBcc: evil@x.example"), "fine", "x").is_err());
}

#[test]
fn where_mail_may_go() {
    #[track_caller]
    fn check(url: &str, expected: Result<&str, &str>) {
        let allowed = ["mail.example".to_owned(), "127.0.0.1".to_owned(), "plain.example".to_owned()];
        let got = Smtp::new(url, &allowed, None).map(|s| format!("{s:?}"));
        assert_eq!(got.as_deref().map_err(String::as_str), expected);
    }
    check("smtp://mail.example", Ok("smtp to mail.example:587"));
    check("smtps://MAIL.example:4650/", Ok("smtp to MAIL.example:4650"));
    check("smtp+plain://127.0.0.1:2525", Ok("smtp to 127.0.0.1:2525"));
    check(
        "smtp://other.example",
        Err("other.example is not among the hosts that the operator allowed; allow it first"),
    );
    check("smtp+plain://plain.example", Err("mail to plain.example without TLS is refused; use smtp:// or smtps://"));
    check("http://mail.example", Err("\"http\" is none of smtp, smtps, smtp+plain"));
    check("mail.example", Err("\"mail.example\" is no address such as smtp://mail.example:587"));
}

#[test]
fn a_folder_has_each_message_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Channel::Folder(folder.path().join("out")).carrier(&sender());
    carrier.ready().unwrap();
    let id = message_id("K7M3-9QRT-XW2B", 0, "01", &sender());
    assert!(carrier.repeats_safely());
    assert_eq!(carrier.offer(&id, "soc@aqua.example", b"one"), Outcome::Sent);
    assert_eq!(carrier.offer(&id, "soc@aqua.example", b"one"), Outcome::Sent);
    let files: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, ["k7m3-9qrt-xw2b.0.01@hub.example.eml"]);
}

#[test]
fn smtp_to_a_server() {
    let sink = Sink::start(|line| match line {
        l if l.contains("dead@") => Some("550 5.1.1 no such user"),
        l if l.contains("busy@") => Some("450 4.2.0 try later"),
        _ => None,
    });
    let smtp = Smtp::new(&sink.url(), &["127.0.0.1".to_owned()], None).unwrap();
    let mut carrier = Channel::Smtp(smtp).carrier(&sender());
    for (to, expected) in [
        ("soc@aqua.example", "sent"),
        ("dead@aqua.example", "bounced"),
        ("busy@aqua.example", "later"),
        ("duty@aqua.example", "sent"),
    ] {
        carrier.ready().unwrap();
        let got = match carrier.offer("<1@x>", to, b"Subject: x\r\n\r\n.dot\r\n") {
            Outcome::Sent => "sent",
            Outcome::Bounced(why) if why.contains("no such user") => "bounced",
            Outcome::Later(why) if why.contains("try later") => "later",
            other => panic!("{other:?}"),
        };
        assert_eq!(got, expected, "{to}");
    }
    drop(carrier);
    let got = sink.messages();
    assert_eq!(got.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(), ["soc@aqua.example", "duty@aqua.example"]);
    assert!(got[0].data.starts_with("Subject: x\r\n\r\n.dot\r\n"), "{:?}", got[0].data);
}

#[test]
fn a_server_that_dies_after_the_message_leaves_it_unknown() {
    let sink = Sink::start(|line| (line == ".").then_some("DIE"));
    let smtp = Smtp::new(&sink.url(), &["127.0.0.1".to_owned()], None).unwrap();
    let mut carrier = Channel::Smtp(smtp).carrier(&sender());
    carrier.ready().unwrap();
    assert!(matches!(carrier.offer("<1@x>", "soc@aqua.example", b"x"), Outcome::Unknown(_)));
}

#[test]
fn no_server_no_mail() {
    let smtp = Smtp::new("smtp+plain://127.0.0.1:1", &["127.0.0.1".to_owned()], None).unwrap();
    let mut carrier = Channel::Smtp(smtp).carrier(&sender());
    assert!(carrier.ready().unwrap_err().contains("127.0.0.1:1 does not answer"));
}
