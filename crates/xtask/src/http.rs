//! A small HTTP/1.1 client over one kept connection, for the bench and the page tests, on loopback only. It knows no TLS, no
//! redirects and no proxies; the product has its own.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// One kept connection.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    /// The header that says who asks.
    who: String,
}

/// An answer, read whole.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The cookie that it sets, as it is to be sent back.
    pub cookie: Option<String>,
}

impl Client {
    /// Connects to `http://host:port` and signs in with each request (RFC 7617).
    pub fn connect(url: &str, user: &str, password: &str) -> Result<Client> {
        let host = url.strip_prefix("http://").context("only http:// on loopback")?.trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).with_context(|| format!("cannot connect to {host}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let who = format!("Authorization: Basic {}", base64(format!("{user}:{password}").as_bytes()));
        Ok(Client { stream: BufReader::with_capacity(1 << 18, stream), host, who })
    }

    /// Connects and signs in by the form of the pages; each further request is of that session.
    pub fn sign_in(url: &str, user: &str, password: &str) -> Result<Client> {
        let mut client = Client::connect(url, user, password)?;
        let form = format!("name={user}&password={password}");
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            client.host,
            form.len()
        );
        client.stream.get_mut().write_all(head.as_bytes())?;
        let answer = client.answer()?;
        let Some(cookie) = answer.cookie else { bail!("`{user}` could not sign in: {}", answer.status) };
        client.who = format!("Cookie: {cookie}");
        Ok(client)
    }

    /// A GET of a TAXII resource (TAXII 2.1 section 1.6.8) or of a page.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{}\r\nAccept: application/taxii+json;version=2.1, text/html\r\n\r\n",
            self.host, self.who
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.answer()
    }

    /// A POST of a TAXII envelope.
    pub fn post(&mut self, path: &str, body: &[u8]) -> Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{}\r\nAccept: application/taxii+json;version=2.1\r\n\
             Content-Type: application/taxii+json;version=2.1\r\nContent-Length: {}\r\n\r\n",
            self.host,
            self.who,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.stream.get_mut().write_all(body)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .with_context(|| format!("no status in {status_line:?}"))?;
        let (mut length, mut chunked, mut cookie) = (0usize, false, None);
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').with_context(|| format!("no header in {line:?}"))?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().context("content-length")?,
                "set-cookie" => cookie = value.split(';').next().map(|pair| pair.trim().to_owned()),
                "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        let body = if chunked { self.chunks()? } else { self.exactly(length)? };
        Ok(Answer { status, body, cookie })
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or("").trim(), 16).context("chunk size")?;
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0u32, |word, (i, &b)| word | u32::from(b) << (16 - 8 * i));
        for i in 0..4 {
            let index = (word >> (18 - 6 * i) & 63) as usize;
            text.push(if i <= chunk.len() { char::from(*ALPHABET.get(index).unwrap_or(&b'=')) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_of_the_rfc() {
        // RFC 4648 section 10.
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
