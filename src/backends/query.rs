//! Questions put to a link: query parameters, and how free text gets into them.

use crate::domain::ids::Link;
use std::fmt::Write as _;

/// Adds query parameters to a link, with `?` or `&` as it needs (contract section 2: links may carry a query).
/// Values go in as they are: free text must pass through [`encoded`] first. `None` if the result is no link.
pub fn with_query(link: &Link, parameters: &[(&str, &str)]) -> Option<Link> {
    let mut text = link.as_str().to_owned();
    for (name, value) in parameters {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text.parse().ok()
}

/// Percent-encodes everything but letters, digits and `- . _ ~`.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_appended_as_the_link_needs() {
        let link: Link = "/api/cardholders?sort=id".parse().unwrap();
        let more = with_query(&link, &[("top", "2"), ("name", &encoded("Müller, +1 & \"x\""))]).unwrap();
        assert_eq!(more.as_str(), "/api/cardholders?sort=id&top=2&name=M%C3%BCller%2C%20%2B1%20%26%20%22x%22");
    }
}
