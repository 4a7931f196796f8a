//! The `fields` parameter: what of an object goes out (contract section 3.1).

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A parsed `fields` parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    defaults: bool,
    asked: BTreeMap<String, Fields>,
    whole: bool,
}

impl Fields {
    /// Parses the parameter; without it the default set goes out.
    pub fn new(parameter: Option<&str>) -> Self {
        let mut fields = Self::default();
        let Some(list) = parameter.filter(|p| !p.is_empty()) else {
            fields.defaults = true;
            return fields;
        };
        for path in list.split(',').filter(|p| !p.is_empty()) {
            if path == "defaults" || path == "default" {
                fields.defaults = true;
                continue;
            }
            let mut node = &mut fields;
            for part in path.split('.') {
                node = node.asked.entry(part.to_owned()).or_default();
            }
            node.whole = true;
        }
        fields
    }

    /// Whether a member goes out at all; `default` says whether it belongs to the default set.
    pub fn wants(&self, name: &str, default: bool) -> bool {
        (default && self.defaults) || self.asked.contains_key(name)
    }

    /// Whether a member below another was asked for by name.
    pub fn asks(&self, parent: &str, name: &str) -> bool {
        self.asked.get(parent).is_some_and(|p| p.asked.contains_key(name))
    }

    /// The members that were asked for by name at the top.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.asked.keys().map(String::as_str)
    }

    /// What was asked for below a member: its default set, if the member itself was named.
    pub fn below(&self, name: &str) -> Option<Self> {
        let node = self.asked.get(name)?;
        Some(Self { defaults: node.whole, asked: node.asked.clone(), whole: false })
    }

    /// Puts a member into an object as far as it is wanted. Blank values (`None`) stay out.
    pub fn put(&self, out: &mut Map<String, Value>, name: &str, default: bool, value: impl FnOnce() -> Option<Value>) {
        if !self.wants(name, default) {
            return;
        }
        let Some(value) = value() else { return };
        let pruned = match self.asked.get(name) {
            Some(node) if !(default && self.defaults) => node.prune(value),
            _ => value,
        };
        out.insert(name.to_owned(), pruned);
    }

    fn prune(&self, value: Value) -> Value {
        if self.whole {
            return value;
        }
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|v| self.prune(v)).collect()),
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .filter_map(|(name, value)| {
                        let node = self.asked.get(&name)?;
                        Some((name, node.prune(value)))
                    })
                    .collect(),
            ),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pruned(parameter: &str) -> Value {
        let fields = Fields::new(Some(parameter));
        let mut out = Map::new();
        fields.put(&mut out, "id", true, || Some(json!("7")));
        fields.put(&mut out, "cards", false, || {
            Some(json!([{ "number": "1", "invitation": { "status": "sent", "email": "a@b.example" } }]))
        });
        fields.put(&mut out, "blank", true, || None);
        Value::Object(out)
    }

    #[test]
    fn only_what_is_listed_goes_out() {
        assert_eq!(pruned("cards.invitation.status"), json!({ "cards": [{ "invitation": { "status": "sent" } }] }));
        assert_eq!(pruned("defaults,cards.number"), json!({ "id": "7", "cards": [{ "number": "1" }] }));
        assert_eq!(pruned("ID,nonsense"), json!({}));
        assert_eq!(pruned("cards")["cards"][0]["invitation"]["email"], "a@b.example");
        assert_eq!(pruned("cards,cards.trace")["cards"][0]["number"], "1");
    }

    #[test]
    fn without_the_parameter_the_defaults_go_out() {
        let fields = Fields::new(None);
        assert!(fields.wants("id", true) && !fields.wants("cards", false));
    }
}
