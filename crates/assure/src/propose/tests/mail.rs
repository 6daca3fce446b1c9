//! Mails as programs and gateways write them, and as nobody should.
use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::{GOOGLE, TODAY, directory, shown};
use crate::propose::mail::{self, Standing};
use crate::propose::{Form, Known, mime};

pub(super) fn standing(id: String) -> Standing {
    Standing { kind: "activity".to_owned(), id, took_part: vec!["gas".to_owned(), "fr".to_owned()] }
}

/// What is proposed of a mail, where every id that begins with `a-` is that of an activity of gas and fr.
fn read(text: &str) -> String {
    let directory = directory();
    let known = Known { directory: &directory, today: TODAY, all: false };
    let letter = mail::open(text.as_bytes());
    let stands = letter.references().into_iter().filter(|id| id.starts_with("a-") && !id.contains('/')).map(standing);
    let stands: BTreeSet<Standing> = stands.collect();
    shown(&mail::read(&letter, &stands, &known))
}

const HEAD: &str = "Authentication-Results: mx.agency.example; dkim=pass header.d=gas.example; spf=pass\r\nReceived: from x\r\n\
    From: \"SOC, Gas\" <SOC@gas.example>\r\nTo: records@agency.example\r\nDate: Thu, 5 Mar 2026 10:11:12 +0100\r\nMessage-ID: <1@gas.example>\r\nMIME-Version: 1.0\r\n";

#[test]
fn minutes() {
    let attached = format!(
        "{HEAD}Subject: =?utf-8?Q?Minutes_of_caf=C3=A9?= =?utf-8?B?IFtBLTIwMjYvMV0=?=\r\nContent-Type: multipart/mixed;\r\n boundary=\"=_b; 1\"\r\n\r\npreamble\r\n\
         --=_b; 1\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear all\r\n--alt\r\n\
         Content-Type: text/html\r\n\r\n<p>Dear all</p>\r\n--alt--\r\n--=_b; 1\r\nContent-Type: application/pdf; name=x\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename*0*=utf-8''minutes%20of; filename*1*=%20caf%C3%A9.pdf\r\n\r\nJVBERi0xLjQKJ\r\nWVvZgo\r\n--=_b; 1\r\n\
         Content-Type: image/png; name=logo.png\r\nContent-ID: <1>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n--=_b; 1--\r\nepilogue"
    );
    assert_snapshot!(read(&attached), @r##"
    evidence activity a-2026-1 from gas at E2: minutes of café.pdf; mail "Minutes of café [A-2026/1]" of Thu, 5 Mar 2026 10:11:12 +0100 from soc@gas.example (14 bytes)
      it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
      a server is said to have found (Authentication-Results): mx.agency.example; dkim=pass header.d=gas.example; spf=pass
    "##);
    // no attachment: the mail itself; a reference in its body; the sender took no part
    let body = format!(
        "{HEAD}Subject: what we said\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nAs agreed in A-2026/1, caf=E9 f=\r\nirst.\r\n"
    );
    assert_snapshot!(read(&body), @r##"
    evidence activity a-2026-1 from gas at E2: the mail itself; mail "what we said" of Thu, 5 Mar 2026 10:11:12 +0100 from soc@gas.example (36 bytes)
      it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
      a server is said to have found (Authentication-Results): mx.agency.example; dkim=pass header.d=gas.example; spf=pass
    "##);
    assert_snapshot!(read(&body.replace("SOC@gas.example", "ncsc@ncsc.example.nl")), @r##"
    evidence activity a-2026-1 from nl at E0: the mail itself; mail "what we said" of Thu, 5 Mar 2026 10:11:12 +0100 from ncsc@ncsc.example.nl (36 bytes)
      it says that it is from ncsc@ncsc.example.nl, an address of nl; whoever sends a mail writes that
      a server is said to have found (Authentication-Results): mx.agency.example; dkim=pass header.d=gas.example; spf=pass
    "##);
    let forged =
        body.replace("Authentication-Results: mx.agency.example; dkim=pass header.d=gas.example; spf=pass\r\n", "");
    assert_snapshot!(read(&forged), @r##"
    evidence activity a-2026-1 from gas at E2: the mail itself; mail "what we said" of Thu, 5 Mar 2026 10:11:12 +0100 from soc@gas.example (36 bytes)
      it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
      no server says whether that is so (it has no Authentication-Results)
    "##);
    let html = format!("{HEAD}Subject: x\r\nContent-Type: text/html\r\n\r\n<b>See</b> [A-2026/1]<br>");
    assert_snapshot!(read(&html), @r##"
    evidence activity a-2026-1 from gas at E2: the mail itself; mail "x" of Thu, 5 Mar 2026 10:11:12 +0100 from soc@gas.example (25 bytes)
      it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
      a server is said to have found (Authentication-Results): mx.agency.example; dkim=pass header.d=gas.example; spf=pass
    "##);
    assert_snapshot!(read(&format!("{HEAD}Subject: lunch\r\n\r\nat twelve")), @"left : it holds no invitation and names no record that stands: put the reference of one, as [A-2026/1], into its subject [mail-nothing]");
    // passed on as an attachment: whose it was, and that nobody has seen it
    let passed = format!(
        "From: ana@agency.example\r\nSubject: FW: minutes [A-2026/1]\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nsee below\r\n\
         --o\r\nContent-Type: message/rfc822\r\n\r\n{HEAD}Subject: minutes\r\nContent-Type: text/plain\r\n\r\nWe met.\r\n--o--\r\n"
    );
    assert_snapshot!(read(&passed), @r##"
    evidence activity a-2026-1 from gas at E2: the mail itself; mail "minutes" of Thu, 5 Mar 2026 10:11:12 +0100 from soc@gas.example (9 bytes)
      it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
      it was passed on within another mail: no server has seen it as it is
    "##);
}

#[test]
fn invitations_in_mails() {
    let google = GOOGLE.replace('\n', "\r\n");
    let mail = format!(
        "{HEAD}Subject: Invitation: Compressor stations [A-1]\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\nContent-Type: text/plain\r\n\r\nYou are invited\r\n--a\r\nContent-Type: text/calendar; charset=\"UTF-8\"; method=REQUEST\r\n\r\n{google}--a--\r\n--m\r\n\
         Content-Type: application/ics; name=\"invite.ics\"\r\nContent-Disposition: attachment; filename=\"invite.ics\"\r\n\r\n{google}--m--\r\n"
    );
    assert_snapshot!(read(&mail), @r##"
    activity coordinated_by=gas held_on=2026-02-24 partners=gas reference=cal-ddc283659210 title=Compressor stations – what to patch first
      declined, and left out: nl
      it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
      a server is said to have found (Authentication-Results): mx.agency.example; dkim=pass header.d=gas.example; spf=pass
    "##);
    let answer = format!(
        "{HEAD}Subject: Accepted: [A-1]\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n{}",
        google.replace("METHOD:REQUEST", "METHOD:REPLY")
    );
    assert_snapshot!(read(&answer), @"left the invitation: METHOD REPLY answers an invitation and is none [ics-method]");
    let tnef = format!("{HEAD}Subject: x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx");
    assert_snapshot!(read(&tnef), @"left winmail.dat: winmail.dat is a form of one program: ask for the invitation or the minutes as a file [mail-tnef]");
}

#[test]
fn hostile_mails() {
    let deep: String = (0..50_000).map(|_| "Content-Type: message/rfc822\r\n\r\n").collect();
    assert_snapshot!(read(&format!("{HEAD}Subject: [A-1]\r\n{deep}")), @"refused : it has parts deeper than 12 or more than 500: those were not read [mail-parts]");
    let nested: String =
        (0..2_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    assert_snapshot!(read(&format!("{HEAD}Subject: x\r\n{nested}")), @"refused : it has parts deeper than 12 or more than 500: those were not read [mail-parts]");
    let many: String = (0..100_000).map(|_| "--b\r\n\r\nx\r\n").collect();
    assert_snapshot!(read(&format!("{HEAD}Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{many}")), @"refused : it has parts deeper than 12 or more than 500: those were not read [mail-parts]");
    let heads: String = (0..100_000).map(|n| format!("X-{n}: y\r\n")).collect();
    assert_snapshot!(read(&format!("{HEAD}{heads}Subject: late\r\n\r\nx")), @"left : it holds no invitation and names no record that stands: put the reference of one, as [A-2026/1], into its subject [mail-nothing]");
    let words: String = (0..100_000).map(|n| format!(" [a-{n}]")).collect();
    let said = read(&format!("{HEAD}Subject: x\r\n\r\n{words}"));
    assert_eq!(said.lines().filter(|line| line.starts_with("evidence")).count(), 20, "bounded");
    assert_snapshot!(read(&format!("{HEAD}Subject: a\0b [A-1]\u{1b}[2J\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=====")), @"left : it holds no invitation and names no record that stands: put the reference of one, as [A-2026/1], into its subject [mail-nothing]");
    let line = format!("{HEAD}Subject: {} [A-1]\r\n\r\nx", "y".repeat(1 << 20));
    assert_snapshot!(read(&line), @"left : it holds no invitation and names no record that stands: put the reference of one, as [A-2026/1], into its subject [mail-nothing]");
    assert!(!mime::is_mail(b"From here to there: a story\n\nOnce"), "prose is no mail");
    assert_eq!(Form::of(HEAD.as_bytes()), Some(Form::Mail));
    assert_eq!(Form::of(format!("From x@y Thu Mar  5 10:11:12 2026\n{HEAD}").as_bytes()), Some(Form::Mail));
}
