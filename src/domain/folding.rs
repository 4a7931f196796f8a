//! How texts are compared that people type: without case and accents, and how far apart two words are.

/// Letters with what they are found under. Only those that people type without their marks.
const BASES: &[(&str, &str)] = &[
    ("àáâãäåāăąǎạảấầẩẫậắằẳẵặ", "a"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęěẹẻẽếềểễệ", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįıǐỉị", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉ", "n"),
    ("òóôõöøōŏőǒơọỏốồổỗộớờởỡợ", "o"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ţťŧț", "t"),
    ("ùúûüũūŭůűųǔưụủứừửữự", "u"),
    ("ŵẁẃẅ", "w"),
    ("ýÿŷỳỵỷỹ", "y"),
    ("źżž", "z"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("þ", "th"),
];

/// The text without case and accents, blanks drawn together.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        // NUL would end the text inside SQLite, and marks on their own are accents that were written apart.
        if c == '\0' || ('\u{300}'..='\u{36f}').contains(&c) {
            continue;
        }
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if c.is_ascii() {
            out.push(c);
        } else {
            match BASES.iter().find(|(letters, _)| letters.contains(c)) {
                Some((_, base)) => out.push_str(base),
                None => out.push(c),
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// How many letters must be changed, left out or put in to get from one word to another.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let step = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = step.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_go() {
        assert_eq!(fold("  Åsa   ÖBERG "), "asa oberg");
        assert_eq!(fold("Nguyễn Thị"), "nguyen thi");
        assert_eq!(fold("e\u{301}t\u{e9}"), "ete");
        assert_eq!(fold("Strauß"), "strauss");
        assert_eq!(fold("山田 太郎"), "山田 太郎");
    }

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("scret_file", "secret_file"), 1);
        assert_eq!(distance("", "url"), 3);
        assert_eq!(distance("writes", "writes"), 0);
    }
}
