use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn arguments_are_checked_before_anything_is_opened() {
    for (words, good) in [
        (vec!["search", "jane", "--json", "--scope", "number", "--live"], true),
        (vec!["search", "jane", "--scope", "everything"], false),
        (vec!["cards", "gall:7741"], true),
        (vec!["cards", "7741"], false),
        (vec!["show", "gall:7741/9c"], true),
        (vec!["show", "gall:../x"], false),
        (vec!["reissue", "gall:7741/9c", "--why", "new-phone", "--ticket", "T1", "--at-once", "--yes"], true),
        (vec!["reissue", "gall:7741/9c", "--why", "because"], false),
        (vec!["history", "gall:7741", "--limit", "5", "--vendor"], true),
        (vec!["history", "--vendor"], false),
        (vec!["ledger", "verify"], true),
        (vec!["completions", "bash"], true),
        (vec!["man"], true),
        (vec!["demo", "--seed", "7", "--cardholders", "10", "--data", "x"], true),
        (vec!["sim", "--listen", "10.0.0.1"], false),
        (vec![], true),
    ] {
        let line = ["passdesk"].into_iter().chain(words);
        let parsed = Cli::try_parse_from(line.clone());
        assert_eq!(parsed.is_ok(), good, "{:?}: {:?}", line.collect::<Vec<_>>(), parsed.err());
    }
}
