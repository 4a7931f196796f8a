//! The pictures of the README, drawn from the real views of a real story. A picture that differs from the one
//! that is checked in fails; `PASSDESK_WRITE_DOCS=1` writes it anew.

use crate::stage::Stage;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::fmt::Write;
use std::path::Path;

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
            let colour = match cell.fg {
                Color::Red => ";31",
                Color::Green => ";32",
                Color::Yellow => ";33",
                Color::Blue => ";34",
                Color::Magenta => ";35",
                Color::Cyan => ";36",
                _ => "",
            };
            let mut codes = String::from("0");
            for (modifier, code) in [(Modifier::BOLD, ";1"), (Modifier::DIM, ";2"), (Modifier::REVERSED, ";7")] {
                if cell.modifier.contains(modifier) {
                    codes.push_str(code);
                }
            }
            write!(out, "\u{1b}[{codes}{colour}m{}", cell.symbol()).unwrap();
            skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
        }
        out.push_str("\u{1b}[0m\n");
    }
    out
}

fn compare(name: &str, stage: &Stage) {
    let svg = anstyle_svg::Term::new().render_svg(&coloured(stage.console.terminal.backend().buffer()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots").join(name);
    if std::env::var_os("PASSDESK_WRITE_DOCS").is_some() {
        std::fs::write(&path, svg).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == svg, "{name} is out of date: run `PASSDESK_WRITE_DOCS=1 cargo test --locked` and look at it");
}

#[tokio::test]
async fn the_pictures_of_the_readme_are_current() {
    let mut stage = Stage::open(120, 32).await;
    stage.press("jane d~").await;
    compare("browse.svg", &stage);
    stage.press("r").await;
    compare("wizard.svg", &stage);
}
