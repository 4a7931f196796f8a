//! `passdesk operator`: the key by which this desk's exports are known.

use super::{Ending, failed, output, say};
use crate::desk::account;
use crate::domain::operator::{Operator, Role};
use crate::domain::problem::Problem;
use crate::store::operator_key::OperatorKey;
use crate::store::paths::DataRoot;
use std::path::Path;

/// What can be done with the operator's key.
#[derive(Debug, clap::Subcommand)]
pub enum OperatorCommand {
    /// Make the key pair of this account, once, and print the lines for the site file.
    Init,
}

/// Runs an operator command on the data below `data`.
pub fn run(data: &Path, operators: &[Operator], command: &OperatorCommand) -> Result<Ending, Problem> {
    let OperatorCommand::Init = command;
    let path = DataRoot::new(data).operator_key();
    let (key, made) = OperatorKey::init(&path).map_err(|e| failed(&format!("the key file {}", path.display()), &e))?;
    let public = key.public();
    say(if made {
        format!("Made {}; it stays there, and nobody else may read it.", path.display())
    } else {
        format!("{} is there already; it was left as it is.", path.display())
    });
    if let Some(known) = operators.iter().find(|operator| operator.key == public) {
        say(format!("The site file names it: {}, {}.", known.name, known.role));
    } else {
        say("Add these lines to the site file of every desk that shall believe what this one signs.");
    }
    let account = account::name();
    // A name that cannot stand in a badge is made one; the account stays as it is.
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String = account.chars().map(fits).take(32).collect();
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let block = format!(
        "# public key {public}\n[[operator]]\nname = {}\nrole = \"{}\"\nos_user = {}\nkey = \"{public}\"\n",
        text(&name),
        Role::Operator,
        text(&account),
    );
    output::bytes(block.as_bytes())
}
