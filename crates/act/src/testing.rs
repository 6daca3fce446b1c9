//! For tests only: a mail server of our own on loopback (RFC 5321, as much as a client needs), which keeps what it got.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A message that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) to: String,
    pub(crate) data: String,
}

/// The server; it ends with the process.
pub(crate) struct Sink {
    port: u16,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Sink {
    /// Starts it. `say` may answer a line its own way; `DIE` closes the connection without an answer.
    pub(crate) fn start(say: fn(&str) -> Option<&'static str>) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let into = got.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let into = into.clone();
                std::thread::spawn(move || talk(stream, &into, say));
            }
        });
        Sink { port, got }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp+plain://127.0.0.1:{}", self.port)
    }

    pub(crate) fn messages(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

fn talk(stream: TcpStream, got: &Mutex<Vec<Got>>, say: fn(&str) -> Option<&'static str>) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream);
    let (mut to, mut data, mut in_data) = (String::new(), String::new(), false);
    write!(out, "220 sink\r\n").ok()?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if in_data && text != "." {
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            continue;
        }
        let own = say(text);
        let answer = match (own, text.get(..4).unwrap_or(text).to_ascii_uppercase().as_str()) {
            (Some("DIE"), _) => return None,
            (Some(own), _) => own,
            (None, "EHLO") => "250-sink\r\n250 8BITMIME",
            (None, "RCPT") => {
                to = text.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 fine"
            }
            (None, "DATA") => {
                in_data = true;
                "354 go on"
            }
            (None, ".") => {
                in_data = false;
                got.lock().unwrap().push(Got { to: to.clone(), data: std::mem::take(&mut data) });
                "250 taken"
            }
            (None, "QUIT") => {
                write!(out, "221 bye\r\n").ok()?;
                return None;
            }
            (None, _) => "250 fine",
        };
        write!(out, "{answer}\r\n").ok()?;
    }
}
