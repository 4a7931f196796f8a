//! Where a tenant lives, and how its server is recognised. Credentials go there and nowhere else (invariant I22).

use super::ids::Link;
use http::Uri;
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Scheme, host and port of a tenant, checked: `https`, or `http` to loopback.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    scheme: &'static str,
    host: String,
    port: u16,
}

/// Why a text is not an origin that may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// Not `scheme://host[:port]`.
    #[error("an address is https://HOST[:PORT]")]
    Shape,
    /// A user or password inside the address.
    #[error("an address holds no user or key; the secret has its own setting")]
    UserInfo,
    /// Plain HTTP to another machine, or another scheme.
    #[error("only https is allowed; plain http is for loopback addresses")]
    NotEncrypted,
    /// A path, query or fragment after the port.
    #[error("an address ends after host and port (a final /api is fine)")]
    Path,
}

impl Origin {
    /// Reads an address out of a site file. A final `/` or `/api` is accepted and dropped: the entry path is
    /// the contract's to say.
    ///
    /// # Errors
    /// Whatever could send a key to the wrong place.
    pub fn parse(address: &str) -> Result<Self, BadOrigin> {
        if address.contains('#') {
            return Err(BadOrigin::Path);
        }
        let uri: Uri = address.parse().map_err(|_| BadOrigin::Shape)?;
        let origin = Self::of(&uri)?.ok_or(BadOrigin::Shape)?;
        if origin.scheme == "http" && !origin.is_loopback() {
            return Err(BadOrigin::NotEncrypted);
        }
        if uri.query().is_some() || !matches!(uri.path().trim_end_matches('/'), "" | "/api") {
            return Err(BadOrigin::Path);
        }
        Ok(origin)
    }

    /// The origin of an absolute URI; `None` if it has no scheme or host.
    fn of(uri: &Uri) -> Result<Option<Self>, BadOrigin> {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Ok(None) };
        if authority.as_str().contains('@') {
            return Err(BadOrigin::UserInfo);
        }
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err(BadOrigin::NotEncrypted),
        };
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = match authority.port() {
            Some(port) => port.as_str().parse().map_err(|_| BadOrigin::Shape)?,
            None => default_port,
        };
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(BadOrigin::Shape);
        }
        Ok(Some(Self { scheme, host, port }))
    }

    /// True for addresses that cannot leave the machine.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// True if the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// A reference from an answer as a [`Link`], if it stays on this origin: absolute with the same scheme, host
    /// and port, or a path alone. Anything else is `None` and must not be followed (invariant I22).
    pub fn link(&self, href: &str) -> Option<Link> {
        if href.starts_with('/') {
            return href.parse().ok();
        }
        if href.contains('#') {
            return None;
        }
        let uri: Uri = href.parse().ok()?;
        if Self::of(&uri).ok()??.ne(self) {
            return None;
        }
        uri.path_and_query()?.as_str().parse().ok()
    }

    /// The full reference of a link, as this server itself would write it (contract section 2: built from the
    /// request's `Host`, which leaves out a default port).
    pub fn href(&self, link: &Link) -> String {
        format!("{self}{link}")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.scheme, self.port) {
            ("https", 443) | ("http", 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// SHA-256 of a server's leaf certificate (DER): how a server is recognised whose certificate nobody signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

/// A text that is not a SHA-256 fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pin is the SHA-256 fingerprint of the server's certificate: 64 hex digits, colons allowed")]
pub struct BadPin;

impl FromStr for Pin {
    type Err = BadPin;
    fn from_str(text: &str) -> Result<Self, BadPin> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .map(|c| c.to_digit(16).ok_or(BadPin))
            .collect::<Result<_, _>>()?;
        if digits.len() != 64 {
            return Err(BadPin);
        }
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = (pair[0] << 4 | pair[1]) as u8;
        }
        Ok(Self(bytes))
    }
}

impl Pin {
    /// The pin of a certificate (DER).
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in
            ["https://cc.site.example:8904", "https://cc.site.example/api", "http://127.0.0.1:8904/", "http://[::1]:1"]
        {
            assert!(Origin::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://cc.site.example", BadOrigin::NotEncrypted),
            ("http://127.0.0.1.evil.example", BadOrigin::NotEncrypted),
            ("ftp://cc.site.example", BadOrigin::NotEncrypted),
            ("https://key@cc.site.example", BadOrigin::UserInfo),
            ("cc.site.example", BadOrigin::Shape),
            ("https://cc.site.example/other", BadOrigin::Path),
            ("https://cc.site.example/?a=b", BadOrigin::Path),
        ] {
            assert_eq!(Origin::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn what_is_encrypted_says_so() {
        assert!(Origin::parse("https://cc.site.example").unwrap().is_https());
        assert!(!Origin::parse("http://127.0.0.1:8904").unwrap().is_https());
    }

    #[test]
    fn i22_links_leave_neither_origin_nor_path() {
        let origin = Origin::parse("https://cc.site.example:8904").unwrap();
        for good in [
            "https://cc.site.example:8904/api/cardholders/1",
            "HTTPS://CC.site.example:8904/api/cardholders/1",
            "/api/cardholders/1",
        ] {
            assert_eq!(origin.link(good).unwrap().as_str(), "/api/cardholders/1", "{good}");
        }
        for bad in [
            "http://cc.site.example:8904/api/x",
            "https://cc.site.example/api/x",
            "https://cc.site.example:8904@evil.example/api/x",
            "https://evil.example:8904/api/x",
            "//evil.example/api/x",
            "https://cc.site.example:8904.evil.example/api/x",
            "https://cc.site.example:8904/api/../x",
            "https://cc.site.example:8904/api/%2e%2e/x",
            "https://cc.site.example:8904/x#y",
            "javascript:alert(1)",
            "",
            "api/x",
        ] {
            assert_eq!(origin.link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_default_port_is_not_written() {
        let link: Link = "/api".parse().unwrap();
        assert_eq!(Origin::parse("https://a.example:443").unwrap().href(&link), "https://a.example/api");
        assert_eq!(Origin::parse("https://a.example:8904").unwrap().href(&link), "https://a.example:8904/api");
    }

    #[test]
    fn pins_are_read_as_tools_print_them() {
        let plain = "00ff".repeat(16);
        let upper = plain.to_uppercase();
        let colons = upper.as_bytes().chunks(2).map(|p| String::from_utf8_lossy(p).into_owned());
        let colons = colons.collect::<Vec<_>>().join(":");
        assert_eq!(plain.parse::<Pin>().unwrap(), colons.parse::<Pin>().unwrap());
        assert_eq!(plain.parse::<Pin>().unwrap().to_string(), plain);
        for bad in ["", "00", &plain[1..], &format!("{plain}0"), &"g".repeat(64)] {
            assert!(bad.parse::<Pin>().is_err(), "{bad}");
        }
    }
}
