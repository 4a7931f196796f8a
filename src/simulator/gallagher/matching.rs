//! How the server matches text (contract section 3.2): in any case, parts unless quoted, with `%` and `_`.

/// A compiled search text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Finds nothing: an empty text, quoted or not.
    Nothing,
    /// Anywhere inside.
    Part(String),
    /// The whole text.
    Whole(String),
    /// Anchored at both ends: `%` is any run of characters, `_` any one.
    Wild(Vec<char>),
}

impl Pattern {
    /// Compiles what was typed.
    pub fn new(typed: &str) -> Self {
        let bare = typed.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        let text = bare.unwrap_or(typed).to_lowercase();
        if text.is_empty() {
            Self::Nothing
        } else if text.contains(['%', '_']) {
            Self::Wild(text.chars().collect())
        } else if bare.is_some() {
            Self::Whole(text)
        } else {
            Self::Part(text)
        }
    }

    /// Whether a value is found. A blank value never is.
    pub fn finds(&self, value: &str) -> bool {
        if value.is_empty() {
            return false;
        }
        let value = value.to_lowercase();
        match self {
            Self::Nothing => false,
            Self::Part(part) => value.contains(part.as_str()),
            Self::Whole(whole) => value == *whole,
            Self::Wild(pattern) => wild(pattern, &value),
        }
    }
}

fn wild(pattern: &[char], value: &str) -> bool {
    let value: Vec<char> = value.chars().collect();
    let (mut p, mut v) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, v));
                p += 1;
            }
            Some(c) if *c == '_' || *c == value[v] => {
                p += 1;
                v += 1;
            }
            _ => match retry {
                // The last run of any characters takes one more.
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    p = after;
                    v = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_contract() {
        let finds = |typed: &str, value: &str| Pattern::new(typed).finds(value);
        assert!(finds("UIL", "Quill") && finds("quill, m", "Quill, Mara"));
        assert!(finds("\"quill\"", "Quill") && !finds("\"quil\"", "Quill"));
        assert!(finds("quill,%", "Quill, Mara") && !finds("uill,%", "Quill, Mara"));
        assert!(finds("%ar_", "Mara") && !finds("%ar_", "Mar"));
        assert!(finds("\"%@site.example\"", "m.q@site.example") && finds("%", "x") && !finds("%", ""));
        assert!(finds("ÖBERG", "Öberg") && finds("山", "山田"));
        assert!(!finds("", "x") && !finds("\"\"", "x") && !finds("\"\"", ""));
    }
}
