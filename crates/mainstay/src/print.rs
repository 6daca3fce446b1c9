//! A document on paper: printed to PDF by the Chromium that is on the machine, which reads one file and opens no connection.
use crate::failure::Failure;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Printing takes seconds.
const TIME_MAX: Duration = Duration::from_secs(60);

/// The PDF of a document that stands alone.
pub(crate) fn pdf(html: &str) -> Result<Vec<u8>, Failure> {
    let folder = tempfile::tempdir()?;
    let (page, pdf) = (folder.path().join("report.html"), folder.path().join("report.pdf"));
    std::fs::write(&page, html)?;
    let mut command = Command::new(browser()?);
    command
        .args(["--headless=new", "--disable-gpu", "--no-pdf-header-footer", "--disable-background-networking"])
        .arg("--proxy-server=127.0.0.1:9")
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--print-to-pdf={}", pdf.display()));
    if std::fs::metadata(&page)?.uid() == 0 {
        // its sandbox does not work for root, and what it reads is our own file
        command.arg("--no-sandbox");
    }
    let mut child = command.arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if begun.elapsed() > TIME_MAX => {
                child.kill()?;
                child.wait()?;
                return Err(Failure::CouldNot(format!("printing took more than {} seconds", TIME_MAX.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    match std::fs::read(&pdf) {
        Ok(bytes) if status.success() && bytes.starts_with(b"%PDF-") => Ok(bytes),
        _ => Err(Failure::CouldNot(format!("Chromium ended with {status} and printed nothing"))),
    }
}

/// The one that is named, else the first that is installed.
fn browser() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("MAINSTAY_CHROMIUM") {
        return Ok(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    all.into_iter().find(|file| file.is_file()).ok_or_else(|| {
        let why = "a PDF is printed by Chromium, and none is installed; name it in MAINSTAY_CHROMIUM, or print --form html from a browser";
        Failure::CouldNot(why.to_owned())
    })
}
