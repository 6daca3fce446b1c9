//! The page assets that `cargo xtask ui` built, embedded into the program, served under names that carry their hash.
//! Not for: anything that depends on who asks; these are the same for all.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
struct Dist;

/// Where a page finds its style, its script and its type. Absent where the assets were not built.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// The style sheet.
    pub css: Option<String>,
    /// The script.
    pub js: Option<String>,
    /// The font that every page needs, fetched early.
    pub font: Option<String>,
}

impl Assets {
    /// Reads the manifest of the build. Read once; a program does not change under itself.
    pub fn embedded() -> Assets {
        let Some(file) = Dist::get("manifest.json") else { return Assets::default() };
        let names: std::collections::BTreeMap<String, String> = serde_json::from_slice(&file.data).unwrap_or_default();
        let href = |key: &str| names.get(key).map(|name| format!("/static/{name}"));
        Assets { css: href("style.css"), js: href("app.js"), font: href("inter-latin-wght-normal.woff2") }
    }
}

impl Assets {
    /// The style sheet itself, for a document that stands alone; absent where the assets were not built.
    pub fn style() -> Option<String> {
        let name = Assets::embedded().css?;
        let file = Dist::get(name.strip_prefix("/static/")?)?;
        String::from_utf8(file.data.into_owned()).ok()
    }
}

/// Serves one asset. A name carries the hash of its content, so it may be kept for ever.
pub async fn serve(Path(name): Path<String>) -> Response {
    let Some(file) = Dist::get(&name).filter(|_| name != "manifest.json") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, file.data.into_owned()).into_response()
}

/// The mark in the browser's tab: a mast and its stays.
pub async fn icon() -> Response {
    const ICON: &str = concat!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path d="M10 2v16M10 2.5 3 18M10 2.5 17 18M1.5 18h17" fill="none" "##,
        r##"stroke="#2a8799" stroke-width="2" stroke-linecap="round"/></svg>"##
    );
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], ICON).into_response()
}
