//! Invented people's names from many places, so that search, sorting and column widths meet real variety.
//!
//! No name begins with Jane, John or Sam: the three people that every guide mentions stay easy to find.

/// Given and family names that go together.
pub struct Culture {
    /// Given names.
    pub first: &'static [&'static str],
    /// Family names.
    pub last: &'static [&'static str],
    /// How many of a hundred people come from here.
    pub share: u8,
}

/// All cultures; the shares add up to 100.
pub const CULTURES: &[Culture] = &[
    Culture {
        first: &[
            "Alice",
            "Ben",
            "Charlotte",
            "Daniel",
            "Eleanor",
            "Frank",
            "Grace",
            "Harry",
            "Isla",
            "Jack",
            "Kate",
            "Liam",
            "Mara",
            "Noah",
            "Olivia",
            "Peter",
            "Ruth",
            "Simon",
            "Tessa",
            "Victor",
            "Wendy",
            "Zoe",
            "Mary-Ann",
            "Hugh",
        ],
        last: &[
            "Abbott",
            "Barlow",
            "Carver",
            "Dalton",
            "Ellery",
            "Fenwick",
            "Garrow",
            "Hartley",
            "Ingram",
            "Jessop",
            "Kirkby",
            "Lomax",
            "Marsden",
            "Norcross",
            "Oakes",
            "Pryce",
            "Quill",
            "Redfern",
            "Stanhope",
            "Thorne",
            "Underhill",
            "Vane",
            "Wexford",
            "Yardley",
            "O'Hara",
            "Smythe-Ward",
        ],
        share: 34,
    },
    Culture {
        first: &[
            "Åsa", "Björn", "Elin", "Gösta", "Ingrid", "Jörgen", "Kåre", "Linnéa", "Øyvind", "Søren", "Þóra", "Märta",
        ],
        last: &[
            "Åkesson",
            "Öberg",
            "Lindström",
            "Nygård",
            "Sjögren",
            "Hæsta",
            "Bjørnsen",
            "Østergaard",
            "Þorláksson",
            "Väinölä",
        ],
        share: 7,
    },
    Culture {
        first: &["Jürgen", "Käthe", "Lukas", "Anneliese", "Götz", "Ulrike", "Matthias", "Heike", "Rüdiger", "Birgit"],
        last: &[
            "Müller",
            "Schäfer",
            "Groß",
            "Köhler",
            "Weiß",
            "Brückner",
            "von der Heide",
            "Vogel",
            "Jäger",
            "Zimmerling",
        ],
        share: 7,
    },
    Culture {
        first: &["Aurélie", "Benoît", "Chloé", "Étienne", "Françoise", "Gaëlle", "Loïc", "Noël", "Solène", "Yves"],
        last: &[
            "Beaufort",
            "Châtelain",
            "Dumont",
            "Fournier",
            "Gérard",
            "Lefèvre",
            "d'Aubigny",
            "Rousset",
            "Vallée",
            "L'Hôte",
        ],
        share: 6,
    },
    Culture {
        first: &[
            "Álvaro",
            "Begoña",
            "Concepción",
            "Íñigo",
            "José",
            "Lucía",
            "María",
            "Nuño",
            "Óscar",
            "Ximena",
            "João",
            "Inês",
        ],
        last: &[
            "Ibáñez",
            "Muñoz",
            "García López",
            "Peña",
            "Zúñiga",
            "Núñez",
            "Ávila",
            "Gonçalves",
            "Magalhães",
            "Conceição",
        ],
        share: 8,
    },
    Culture {
        first: &[
            "Łukasz",
            "Zofia",
            "Wojciech",
            "Małgorzata",
            "Žofie",
            "Jiří",
            "Šárka",
            "Ondřej",
            "Nikša",
            "Đurđica",
            "Gergő",
            "Örs",
        ],
        last: &[
            "Wiśniewski",
            "Żak",
            "Kowalczyk",
            "Ślusarczyk",
            "Dvořák",
            "Černý",
            "Novotná",
            "Šimić",
            "Szűcs",
            "Kőszegi",
            "Țepeș",
        ],
        share: 7,
    },
    Culture {
        first: &["Nguyên", "Hương", "Đức", "Thảo", "Minh", "Ánh", "Quỳnh", "Tuấn"],
        last: &["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi"],
        share: 4,
    },
    Culture {
        first: &["伟", "芳", "秀英", "娜", "敏", "静", "强", "磊", "晓明", "国栋"],
        last: &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "欧阳", "司马"],
        share: 4,
    },
    Culture {
        first: &["太郎", "花子", "さくら", "健一", "美咲", "翔", "ユキ", "直樹"],
        last: &["山田", "佐藤", "鈴木", "高橋", "渡辺", "小林", "斎藤", "五十嵐"],
        share: 3,
    },
    Culture {
        first: &["민준", "서연", "지훈", "하은", "도윤", "수빈"],
        last: &["김", "이", "박", "최", "정", "남궁"],
        share: 2,
    },
    Culture {
        first: &["فاطمة", "محمد", "ليلى", "يوسف", "نور", "خالد", "مريم", "عمر"],
        last: &["الحسن", "العلي", "منصور", "حداد", "الخطيب", "درويش", "شريف"],
        share: 3,
    },
    Culture {
        first: &["שרה", "דוד", "רחל", "יוסי", "נועה", "אבי"],
        last: &["כהן", "לוי", "מזרחי", "פרץ", "ביטון", "אזולאי"],
        share: 2,
    },
    Culture {
        first: &["Aarav", "Ishita", "Kavya", "Rohan", "Priya", "Vikram", "Ananya", "Devendra", "Lakshmi", "Nikhil"],
        last: &["Sharma", "Iyer", "Patel", "Mukherjee", "Reddy", "Venkataraman", "Chatterjee", "Kaur", "Nair", "Gupta"],
        share: 5,
    },
    Culture {
        first: &["Aroha", "Hēmi", "Kahurangi", "Mānuka", "Tāne", "Whetū", "Ngaire", "Rāwiri"],
        last: &["Ngātai", "Tūhoe", "Pōmare", "Waititi", "Te Rangi", "Kīngi", "Parata", "Rewi"],
        share: 3,
    },
    Culture {
        first: &["Олена", "Дмитро", "Наталия", "Сергей", "Юрій", "Марија", "Ελένη", "Γιώργος", "Δήμητρα", "Κώστας"],
        last: &[
            "Шевченко",
            "Иванова",
            "Кузнецов",
            "Петровић",
            "Бондаренко",
            "Παπαδοπούλου",
            "Νικολαΐδης",
            "Αγγελόπουλος",
        ],
        share: 3,
    },
    Culture {
        first: &["Çağla", "Emre", "Gülşen", "İbrahim", "Oğuz", "Şebnem", "Chukwuemeka", "Ọlábísí", "Amina", "Kwabena"],
        last: &["Yıldız", "Öztürk", "Çelik", "Güneş", "Okonkwo", "Adébáyọ̀", "Diallo", "Mensah"],
        share: 2,
    },
];

/// Departments, as the site writes them into a person's description.
pub const DEPARTMENTS: &[&str] = &[
    "Facilities",
    "Finance",
    "Human Resources",
    "Information Technology",
    "Research",
    "Warehouse",
    "Legal",
    "Front Desk",
    "Engineering",
    "Catering",
    "Security",
    "Contractors",
];

/// What people call their phones: numbers that other systems gave to phone credentials.
pub const PHONE_LABELS: &[&str] =
    &["iPhone 15", "Pixel 9", "Galaxy S24", "Work phone", "Private phone", "Handy", "電話"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_hundred() {
        assert_eq!(CULTURES.iter().map(|c| u32::from(c.share)).sum::<u32>(), 100);
    }

    #[test]
    fn nobody_is_easily_taken_for_the_people_of_the_guides() {
        for name in CULTURES.iter().flat_map(|c| c.first.iter().chain(c.last)) {
            let lower = name.to_lowercase();
            assert!(!["jane", "john", "sam", "doe", "roe", "poe"].iter().any(|p| lower.starts_with(p)), "{name}");
        }
    }
}
