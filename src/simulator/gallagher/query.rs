//! Query parameters, `next` links, and hrefs that come in (contract sections 2 and 3.1).

use super::answer::Refusal;
use axum::extract::Query;
use std::fmt::Write as _;

/// The parameters of a request in their order. Unknown ones are ignored.
pub type Parameters = Query<Vec<(String, String)>>;

/// A look at parameters.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a>(pub &'a [(String, String)]);

impl<'a> Asked<'a> {
    /// The first value of a name; names are case-sensitive.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A parameter that holds a comma-separated list. Clients write it once with commas, or once for each part, as
    /// one of the contract's section 14 does with `filter`: both say the same.
    pub fn list(self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// Page size: `top`, at least 1, at most `most`.
    pub fn top(self, usual: usize, most: usize) -> Result<usize, Refusal> {
        match self.get("top").map(str::parse::<usize>) {
            None => Ok(usual),
            Some(Ok(top)) if top >= 1 => Ok(top.min(most)),
            Some(_) => Err(Refusal::bad("Invalid value for top")),
        }
    }

    /// A comma-separated list of ids; what is no id matches nothing.
    pub fn ids(self, name: &str) -> Option<Vec<u32>> {
        self.list(name).map(|list| list.split(',').filter_map(|id| id.trim().parse().ok()).collect())
    }

    /// An href to the same query at another place: `place` replaces `skip` and `pos`.
    pub fn link(self, base: &str, path: &str, place: (&str, &str)) -> String {
        let mut href = format!("{base}{path}?");
        let kept = self.0.iter().filter(|(n, _)| n != "skip" && n != "pos");
        for (name, value) in kept.map(|(n, v)| (n.as_str(), v.as_str())) {
            let _ = write!(href, "{}={}&", encoded(name), encoded(value));
        }
        let _ = write!(href, "{}={}", place.0, encoded(place.1));
        href
    }
}

/// Percent-encodes a name or value of a query.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The path of an href that a client sent: scheme, host and port do not matter, and a bare path will do.
pub fn path_of(href: &str) -> &str {
    let rest = href.split_once("://").map_or(href, |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
    rest.split(['?', '#']).next().unwrap_or_default()
}

/// The last part of an href under a known path, if it is that.
pub fn id_under<'a>(href: &'a str, path: &str) -> Option<&'a str> {
    let id = path_of(href).strip_prefix(path)?.strip_prefix('/')?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

/// The id in an href that names an item of one kind: in the kind's own collection, or among the items. Both are
/// addresses that the server itself gives it (contract sections 2, 4 and 7), so both lead to it. Of which kind the
/// item is, only the caller knows.
pub fn item_under<'a>(href: &'a str, collection: &str) -> Option<&'a str> {
    id_under(href, collection).or_else(|| id_under(href, "/api/items"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hrefs_are_resolved_by_path() {
        for href in [
            "https://cc.site.example:8904/api/card_types/2601",
            "/api/card_types/2601",
            "http://127.0.0.1:1/api/card_types/2601?x=1",
        ] {
            assert_eq!(id_under(href, "/api/card_types"), Some("2601"), "{href}");
        }
        for href in ["", "/api/card_types/", "/api/card_types/2601/x", "https://cc.site.example", "2601"] {
            assert_eq!(id_under(href, "/api/card_types"), None, "{href}");
        }
    }

    #[test]
    fn an_item_has_two_addresses_and_no_third() {
        for href in ["/api/card_types/2601", "/api/items/2601", "https://cc.site.example/api/items/2601"] {
            assert_eq!(item_under(href, "/api/card_types"), Some("2601"), "{href}");
        }
        for href in ["/api/divisions/2601", "/api/items", "/api/items/2601/x", "/items/2601", "2601"] {
            assert_eq!(item_under(href, "/api/card_types"), None, "{href}");
        }
    }

    #[test]
    fn a_repeated_list_is_one_list() {
        let asked = [("filter", "cards"), ("top", "5"), ("filter", "firstName,lastName")];
        let asked: Vec<(String, String)> = asked.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        assert_eq!(Asked(&asked).list("filter").as_deref(), Some("cards,firstName,lastName"));
        assert_eq!((Asked(&asked).get("filter"), Asked(&asked).list("fields")), (Some("cards"), None));
    }

    #[test]
    fn next_links_keep_the_query_and_replace_the_place() {
        let asked = [("name", "a b%"), ("fields", "href,cards.number"), ("pos", "7")];
        let asked: Vec<(String, String)> = asked.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        assert_eq!(
            Asked(&asked).link("http://h", "/api/cardholders", ("pos", "9")),
            "http://h/api/cardholders?name=a%20b%25&fields=href,cards.number&pos=9"
        );
    }
}
