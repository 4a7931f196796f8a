//! Rows to stdout: a table on a terminal, tab-separated values without a header in a pipe, JSON lines on demand.

use super::{Ending, failed};
use crate::domain::problem::Problem;
use crate::domain::text::SafeText;
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal, Write};

/// How rows are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// With a header and aligned columns, for people.
    Table,
    /// For other programs.
    Tsv,
    /// One object a line.
    Json,
}

impl Form {
    /// JSON if asked for, else by what stdout is.
    pub fn of(json: bool) -> Self {
        match (json, io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Table,
            (false, false) => Self::Tsv,
        }
    }
}

/// A row: its JSON form is the whole of it, its cells are what fits a table.
pub trait Row: Serialize {
    /// Headings, one a cell.
    const HEAD: &'static [&'static str];
    /// The cells.
    fn cells(&self) -> Vec<SafeText>;
}

/// Prints rows. A reader that left early is no error.
pub fn rows<R: Row>(form: Form, rows: &[R]) -> Result<Ending, Problem> {
    let ending = if rows.is_empty() { Ending::Nothing } else { Ending::Done };
    let mut out = BufWriter::new(io::stdout().lock());
    settle(write_rows(form, rows, &mut out).and_then(|()| out.flush()), ending)
}

/// Prints bytes as they are.
pub fn bytes(text: &[u8]) -> Result<Ending, Problem> {
    let mut out = io::stdout().lock();
    settle(out.write_all(text).and_then(|()| out.flush()), Ending::Done)
}

fn settle(written: io::Result<()>, ending: Ending) -> Result<Ending, Problem> {
    match written {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(failed("writing to stdout", &e)),
        _ => Ok(ending),
    }
}

fn write_rows<R: Row>(form: Form, rows: &[R], out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Json => {
            for row in rows {
                serde_json::to_writer(&mut *out, row)?;
                writeln!(out)?;
            }
        }
        Form::Tsv => {
            for row in rows {
                // Cleaned text holds no tab and no line end.
                let cells = row.cells();
                writeln!(out, "{}", cells.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\t"))?;
            }
        }
        Form::Table if rows.is_empty() => {}
        Form::Table => {
            let head: Vec<SafeText> = R::HEAD.iter().map(|h| SafeText::of(h)).collect();
            let body: Vec<Vec<SafeText>> = rows.iter().map(Row::cells).collect();
            let mut widths = vec![0; head.len()];
            for line in body.iter().chain([&head]) {
                for (width, cell) in widths.iter_mut().zip(line) {
                    *width = cell.width().max(*width);
                }
            }
            for line in [&head].into_iter().chain(&body) {
                let mut text = String::new();
                for (width, cell) in widths.iter().zip(line) {
                    text.push_str(cell.as_str());
                    text.push_str(&" ".repeat(width - cell.width() + 2));
                }
                writeln!(out, "{}", text.trim_end())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Pair {
        name: SafeText,
        n: u8,
    }

    impl Row for Pair {
        const HEAD: &'static [&'static str] = &["NAME", "N"];
        fn cells(&self) -> Vec<SafeText> {
            vec![self.name.clone(), SafeText::of(&self.n.to_string())]
        }
    }

    fn printed(form: Form) -> String {
        let rows = [Pair { name: SafeText::of("山田\t"), n: 1 }, Pair { name: SafeText::of("x"), n: 22 }];
        let mut out = Vec::new();
        write_rows(form, &rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_form_has_its_shape() {
        assert_eq!(printed(Form::Table), "NAME      N\n山田<09>  1\nx         22\n");
        assert_eq!(printed(Form::Tsv), "山田<09>\t1\nx\t22\n");
        assert_eq!(printed(Form::Json), "{\"name\":\"山田<09>\",\"n\":1}\n{\"name\":\"x\",\"n\":22}\n");
    }
}
