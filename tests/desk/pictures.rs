//! The pictures of the README, drawn from the real views of a real story. A picture that differs from the one
//! that is checked in fails; `PASSDESK_WRITE_DOCS=1` writes it anew.

use crate::stage::{Setting, Stage};
use crate::stories::four_systems::whole;
use passdesk::panes;
use passdesk::simulator::{Fault, FaultKind};
use passdesk::widgets::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::fmt::Write;
use std::path::Path;

/// The themes that every screen is shown in.
const THEMES: [&str; 2] = ["dark", "light"];

/// A colour as the code that asks for it, in front (`3`) or behind (`4`); each alone, as the picture's reader wants it.
fn code(colour: Color, place: char) -> String {
    let plain = [Color::Black, Color::Red, Color::Green, Color::Yellow, Color::Blue, Color::Magenta, Color::Cyan];
    match colour {
        Color::Rgb(r, g, b) => format!("\u{1b}[{place}8;2;{r};{g};{b}m"),
        other => {
            plain.iter().position(|known| *known == other).map_or_else(String::new, |at| format!("\u{1b}[{place}{at}m"))
        }
    }
}

/// The buffer as text with escape codes: what a terminal would be sent, cell after cell.
fn coloured(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let cell = &buffer[(x, y)];
            let mut codes = String::from("0");
            for (modifier, code) in [
                (Modifier::BOLD, ";1"),
                (Modifier::DIM, ";2"),
                (Modifier::UNDERLINED, ";4"),
                (Modifier::REVERSED, ";7"),
            ] {
                if cell.modifier.contains(modifier) {
                    codes.push_str(code);
                }
            }
            let (front, behind) = (code(cell.fg, '3'), code(cell.bg, '4'));
            write!(out, "\u{1b}[{codes}m{front}{behind}{}", cell.symbol()).unwrap();
            skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
        }
        out.push_str("\u{1b}[0m\n");
    }
    out
}

/// The ground of a theme as the picture's own, so that its edge is not another colour.
fn ground(theme: Theme) -> [anstyle::Color; 2] {
    let colour = |colour: Option<Color>| match colour {
        Some(Color::Rgb(r, g, b)) => anstyle::RgbColor(r, g, b).into(),
        other => panic!("{other:?} is no colour of a named theme"),
    };
    [colour(theme.base().fg), colour(theme.base().bg)]
}

/// Draws what the stage shows in the themes of the pictures, and compares with what is checked in.
fn compare(name: &str, stage: &Stage) {
    for worn in THEMES {
        let theme = Theme::built_in(worn).unwrap().with_lines(true);
        let (columns, rows) = stage.console.model.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| _ = panes::draw(&stage.console.model, theme, frame)).unwrap();
        let [front, behind] = ground(theme);
        let term = anstyle_svg::Term::new().fg_color(front).bg_color(behind);
        let svg = term.render_svg(&coloured(terminal.backend().buffer()));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots").join(format!("{name}-{worn}.svg"));
        if std::env::var_os("PASSDESK_WRITE_DOCS").is_some() {
            std::fs::write(&path, svg).unwrap();
            continue;
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        let told =
            "is out of date: run `PASSDESK_WRITE_DOCS=1 cargo test --locked --test desk pictures` and look at it";
        assert!(stored == svg, "{name}-{worn}.svg {told}");
    }
}

async fn open(columns: u16, rows: u16) -> Stage {
    Stage::with(columns, rows, Setting { lines: true, ..Setting::default() }).await
}

#[tokio::test]
async fn the_pictures_of_the_everyday_screens_are_current() {
    let mut stage = open(120, 32).await;
    stage.press("jane d~").await;
    compare("browse", &stage);
    stage.press("r").await;
    compare("wizard", &stage);
    stage.press("^o3").await;
    compare("why", &stage);
    stage.press("^?").await;
    compare("help", &stage);
    stage.press("^,").await;
    compare("health", &stage);
    stage.press("2").await;
    compare("themes", &stage);
    stage.press("^ry").await;
    compare("reissued", &stage);
    stage.press("/state:expird").await;
    compare("filter", &stage);
    let mut stage = open(80, 24).await;
    stage.press("jane d~").await;
    compare("small", &stage);
}

#[tokio::test]
async fn the_pictures_of_several_systems_are_current() {
    let (mut stage, _folder) = whole(200, 50).await;
    stage.press("jane d~").await;
    compare("wide", &stage);
}

#[tokio::test]
async fn the_pictures_of_trouble_are_current() {
    let mut stage = open(120, 32).await;
    stage.press("jane d~").await;
    stage.world().arm(Fault::once("PATCH", FaultKind::DropBefore)).unwrap();
    stage.press("ry").await;
    stage.press("^w").await;
    compare("unknown", &stage);
}
