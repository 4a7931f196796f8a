use super::*;

type Rgb = [f64; 3];

fn rgb(colour: Option<Color>) -> Rgb {
    let Some(Color::Rgb(r, g, b)) = colour else { panic!("{colour:?} is no colour of its own") };
    [r, g, b].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

/// WCAG 2: how far two colours are apart in lightness, 1 to 21.
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let light = |[r, g, b]: Rgb| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    let (a, b) = (light(a), light(b));
    if a > b { a / b } else { b / a }
}

/// What the eye makes of linear light, CIE 1976 L*a*b*.
fn lab(light: Rgb) -> [f64; 3] {
    let curve = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let sum = |parts: [f64; 3]| (0..3).map(|i| parts[i] * light[i]).sum::<f64>();
    let x = curve(sum([0.4124, 0.3576, 0.1805]) / 0.9505);
    let y = curve(sum([0.2126, 0.7152, 0.0722]));
    let z = curve(sum([0.0193, 0.1192, 0.9505]) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn apart(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (lab(a), lab(b));
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

/// What is left of a colour for such eyes (Machado, Oliveira and Fernandes 2009, full severity).
fn seen_with(matrix: [[f64; 3]; 3], colour: Rgb) -> Rgb {
    matrix.map(|row| (0..3).map(|i| row[i] * colour[i]).sum::<f64>().clamp(0.0, 1.0))
}

const DEUTERANOPIA: [[f64; 3]; 3] =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
const TRITANOPIA: [[f64; 3]; 3] =
    [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]];

fn named(name: &str) -> Theme {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name).unwrap();
    Theme::read(text).unwrap_or_else(|mistake| panic!("{name}: {mistake}"))
}

#[test]
fn every_theme_that_comes_along_reads() {
    for name in Theme::names() {
        let theme = named(name);
        assert_eq!(Theme::built_in(name), Some(theme));
        assert!(!theme.lines);
    }
}

#[test]
fn words_of_the_named_themes_stand_out_from_their_ground() {
    for (name, wanted) in
        [("dark", 4.5), ("light", 4.5), ("deuteranopia", 4.5), ("tritanopia", 4.5), ("high-contrast", 7.0)]
    {
        let theme = named(name);
        for role in Role::iter() {
            let style = theme.style(role);
            let found = contrast(rgb(style.fg), rgb(style.bg));
            assert!(found >= wanted, "{name}, {role}: {found:.2}");
        }
    }
}

#[test]
fn good_and_bad_differ_for_eyes_that_miss_a_colour() {
    for (name, matrix) in [("deuteranopia", DEUTERANOPIA), ("tritanopia", TRITANOPIA)] {
        let theme = named(name);
        let seen = |role| seen_with(matrix, rgb(theme.style(role).fg));
        for (a, b) in [(Role::Good, Role::Warn), (Role::Good, Role::Bad), (Role::Warn, Role::Bad)] {
            let found = apart(seen(a), seen(b));
            assert!(found >= 20.0, "{name}: {a} and {b} are {found:.1} apart");
        }
        let (ours, inferred) = (seen(Role::Ours), seen(Role::Inferred));
        assert!(apart(ours, inferred) >= 20.0, "{name}: ours and inferred");
    }
}

#[test]
fn the_default_theme_and_mono_leave_the_ground_to_the_terminal() {
    for name in ["default", "mono"] {
        let theme = named(name);
        assert_eq!((theme.base.fg, theme.base.bg), (None, None), "{name}");
    }
    for role in Role::iter() {
        let colour = |c: Option<Color>| matches!(c, Some(Color::Rgb(..) | Color::Indexed(_)));
        let style = named("default").style(role);
        assert!(!colour(style.fg) && !colour(style.bg), "{role}");
        assert_eq!((named("mono").style(role).fg, named("mono").style(role).bg), (None, None), "{role}");
    }
}

#[test]
fn r9_without_colour_what_a_block_set_apart_is_reversed() {
    for name in Theme::names() {
        let theme = named(name).without_colour();
        for role in Role::iter() {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{name}, {role}");
        }
        for role in [Role::Cursor, Role::Live, Role::Practice, Role::Ambiguous] {
            assert!(theme.style(role).add_modifier.contains(Modifier::REVERSED), "{name}, {role}");
        }
    }
}

#[test]
fn a_file_of_ones_own_changes_what_it_names() {
    let theme = Theme::read("like = \"dark\"\n[role]\nwarn = { fg = \"bright-red\", bold = true }\n").unwrap();
    let warn = theme.style(Role::Warn);
    assert_eq!(warn.fg, Some(Color::LightRed));
    assert!(warn.add_modifier.contains(Modifier::BOLD));
    assert_eq!(theme.style(Role::Good), named("dark").style(Role::Good));
}

#[test]
fn a_mistake_in_a_theme_is_pointed_at() {
    for (text, line, column, words) in [
        ("like = \"drak\"", 1, 8, "no such theme; known: default, dark"),
        ("like = \"dark\"\n[role]\nwran = { bold = true }", 3, 1, "`wran` is no role"),
        ("like = \"dark\"\n[role]\nwarn = { fg = \"oragne\" }", 3, 15, "`oragne` is no colour"),
        ("like = \"dark\"\n[role]\nwarn = { blod = true }", 3, 10, "unknown field `blod`"),
        ("[role]\nplain = {}\n", 3, 1, "nothing is said of the role `muted`"),
        ("like = ", 1, 8, ""),
    ] {
        let mistake = Theme::read(text).unwrap_err();
        assert_eq!((mistake.line, mistake.column), (line, column), "{mistake}");
        assert!(mistake.what.contains(words), "{mistake}");
        assert_eq!(mistake.what.lines().count(), 1, "{mistake}");
    }
}
