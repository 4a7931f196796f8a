//! The site file (decision 5): which systems there are, what this desk may do to them, and where the secrets come
//! from. It holds no secret itself.

pub mod preferences;
mod reader;
pub mod secret;

use crate::domain::credential::System;
use crate::domain::ids::{Link, TenantName};
use crate::domain::operator::{Operator, PublicKey, Role};
use crate::domain::origin::{Origin, Pin};
use crate::domain::policy::Mode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use reader::{Section, Source};
use secret::SecretSource;
use std::path::{Path, PathBuf};

/// Everything that a `[[tenant]]` of any system may say.
const TENANT_KEYS: [&str; 20] = [
    "name",
    "system",
    "url",
    "mode",
    "writes",
    "secret_file",
    "secret_command",
    "secret_env",
    "pin_sha256",
    "client_cert_file",
    "client_key_file",
    "marker",
    "feed_operator",
    "sole_issuer",
    "account_id",
    "template_id",
    "issuer_id",
    "kid",
    "token_url",
    "auth",
];

/// A whole site file, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// The file it was read from.
    pub file: PathBuf,
    /// LIVE, TEST or SIM; the same for all tenants (invariant I26).
    pub mode: Mode,
    /// Where the data live, if the site says so.
    pub data: Option<PathBuf>,
    /// The connections, in the order of the file.
    pub tenants: Vec<Tenant>,
    /// Who works here and at the other desks of the site, in the order of the file.
    pub operators: Vec<Operator>,
    /// Address of the simulator's control interface, for tests and demonstrations.
    pub simulator_control: Option<Origin>,
}

/// One connection to one system.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Its name; part of every id.
    pub name: TenantName,
    /// Where it lives.
    pub origin: Origin,
    /// True if this desk may write without `L`.
    pub starts_unlocked: bool,
    /// Where its secret comes from.
    pub secret: SecretSource,
    /// Its certificate, if it is recognised by that.
    pub pin: Option<Pin>,
    /// Our own certificate and key (PEM).
    pub client_cert: Option<(PathBuf, PathBuf)>,
    /// What only its system has.
    pub vendor: Vendor,
}

/// What only one system's tenants have.
#[derive(Clone, Debug, PartialEq)]
pub enum Vendor {
    /// Gallagher Command Centre.
    Gallagher {
        /// New phone credentials carry our marker (decision 12).
        marker: bool,
        /// Our own operator as the change feed shows it (contract section 10, E3).
        feed_operator: Option<Link>,
        /// Nobody else issues there: without marker and feed, a comparison of lists may settle a lost answer.
        sole_issuer: bool,
    },
    /// AccessGrid.
    AccessGrid {
        /// The account.
        account_id: String,
        /// The card templates that this desk issues from.
        template_ids: Vec<String>,
    },
    /// Thales D1.
    ThalesD1 {
        /// The issuer.
        issuer_id: String,
        /// Key id of the signing key.
        kid: String,
        /// Where tokens come from.
        token_url: String,
    },
    /// CardExchange Cloud.
    CardExchange {
        /// How the secret is presented.
        auth: CardExchangeAuth,
    },
}

/// How CardExchange takes its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum CardExchangeAuth {
    /// HTTP Basic.
    Basic,
    /// A bearer token.
    Bearer,
}

impl Vendor {
    /// The system.
    pub fn system(&self) -> System {
        match self {
            Self::Gallagher { .. } => System::Gallagher,
            Self::AccessGrid { .. } => System::AccessGrid,
            Self::ThalesD1 { .. } => System::ThalesD1,
            Self::CardExchange { .. } => System::CardExchange,
        }
    }
}

impl Site {
    /// Reads a site file.
    ///
    /// # Errors
    /// If it cannot be read (naming the file), or says something that cannot be meant (naming line, column and key).
    pub fn load(file: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(file).map_err(|e| {
            let name = SafeText::of(&file.to_string_lossy());
            let next = match e.kind() {
                std::io::ErrorKind::NotFound => "name another with --config, or try `passdesk demo`",
                _ => "check the file",
            };
            Problem::new(ProblemKind::Usage, format!("the site file {name} cannot be read"), e.to_string(), next)
        })?;
        Self::parse(file, &text)
    }

    /// Reads the text of a site file; paths in it are relative to the file's folder.
    ///
    /// # Errors
    /// As [`Site::load`].
    pub fn parse(file: &Path, text: &str) -> Result<Self, Problem> {
        let source = Source { file, text };
        let document = toml::de::DeTable::parse(text).map_err(|e| {
            source.wrong(&e.span().unwrap_or_default(), e.message().replace('\n', ", "), "correct it there")
        })?;
        let mut top = Section::new(source, document.get_ref(), 0..0, "the site file");
        top.only(&["data", "tenant", "operator", "simulator"])?;
        let near = |path: &str| file.parent().unwrap_or(Path::new("")).join(path);
        let data = top.text("data")?.map(|found| near(found.value));
        let simulator_control = match top.section("simulator")? {
            None => None,
            Some(mut section) => {
                let control = section.parsed("control", Origin::parse)?;
                section.finish()?;
                control
            }
        };
        let mut tenants: Vec<Tenant> = Vec::new();
        let mut modes: Vec<Mode> = Vec::new();
        for section in top.sections("tenant")? {
            read_tenant(section, &near, &mut tenants, &mut modes)?;
        }
        let mut operators: Vec<Operator> = Vec::new();
        for section in top.sections("operator")? {
            let operator = read_operator(section, &operators)?;
            operators.push(operator);
        }
        top.finish()?;
        let Some(mode) = modes.first().copied() else {
            return Err(source.wrong(&(0..0), "there is no [[tenant]]", "describe at least one connection"));
        };
        Ok(Self { file: file.to_owned(), mode, data, tenants, operators, simulator_control })
    }
}

/// Reads one `[[tenant]]` and checks it against those before it.
fn read_tenant(
    mut section: Section<'_>,
    near: &impl Fn(&str) -> PathBuf,
    tenants: &mut Vec<Tenant>,
    modes: &mut Vec<Mode>,
) -> Result<(), Problem> {
    section.only(&TENANT_KEYS)?;
    let found = section.needed("name")?;
    let name: TenantName = found.value.parse().map_err(|e| found.wrong(e, ""))?;
    if tenants.iter().any(|tenant| tenant.name == name) {
        return Err(
            found.wrong(format!("there are two tenants called {name}"), "ids begin with the name: give each its own")
        );
    }
    section.rename(format!("tenant {name}"));
    let found = section.needed("system")?;
    let system: System = found
        .value
        .parse()
        .map_err(|_| found.wrong("no such system", "known: gallagher, accessgrid, thales-d1, cardexchange"))?;
    let found = section.needed("url")?;
    let origin = Origin::parse(found.value).map_err(|e| found.wrong(e, ""))?;
    let found = section.needed("mode")?;
    let mode: Mode = found.value.parse().map_err(|_| found.wrong("no such mode", "known: live, test, sim"))?;
    if let Some(first) = modes.first().filter(|first| **first != mode) {
        return Err(found.wrong(
            format!("this file already holds a tenant in mode {first}"),
            "live, test and sim never share data: give each mode its own site file",
        ));
    }
    let starts_unlocked = match section.text("writes")? {
        // First runs are read-only, but nothing can be harmed in a simulator (decision 21).
        None => mode == Mode::Sim,
        Some(found) => match found.value {
            "locked" => false,
            "unlocked" => true,
            _ => return Err(found.wrong("no such setting", "known: locked, unlocked")),
        },
    };
    let secret = read_secret(&mut section, near)?;
    let pin = match section.text("pin_sha256")? {
        None => None,
        // Otherwise it would look as if the server were recognised, and nothing would be checked.
        Some(found) if !origin.is_https() => {
            return Err(found.wrong("there is no certificate to pin over http", "take it out, or make the url https"));
        }
        Some(found) => Some(found.value.parse::<Pin>().map_err(|e| found.wrong(e, ""))?),
    };
    let certificate = section.text("client_cert_file")?.map(|found| near(found.value));
    let key = section.text("client_key_file")?.map(|found| near(found.value));
    let client_cert = match (certificate, key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some((certificate, key)),
        _ => return Err(section.wrong("`client_cert_file` and `client_key_file` go together", "give both or neither")),
    };
    let vendor = read_vendor(&mut section, system)?;
    section.finish()?;
    tenants.push(Tenant { name, origin, starts_unlocked, secret, pin, client_cert, vendor });
    modes.push(mode);
    Ok(())
}

/// Reads one `[[operator]]` and checks it against those before it (decision 9).
fn read_operator(mut section: Section<'_>, others: &[Operator]) -> Result<Operator, Problem> {
    section.only(&["name", "role", "os_user", "key"])?;
    let found = section.needed("name")?;
    let name = found.value.to_owned();
    if let Some(why) = Operator::name_problem(&name) {
        return Err(found.wrong(why, ""));
    }
    if others.iter().any(|other| other.name == name) {
        return Err(found.wrong(format!("there are two operators called {name}"), "give each a name of her own"));
    }
    section.rename(format!("operator {name}"));
    let found = section.needed("role")?;
    let role: Role =
        found.value.parse().map_err(|_| found.wrong("no such role", "known: viewer, operator, approver, admin"))?;
    let found = section.needed("os_user")?;
    let os_user = found.value.to_owned();
    if os_user.is_empty() {
        return Err(found.wrong("it is empty", "name the account, as `id -un` prints it"));
    }
    if let Some(other) = others.iter().find(|other| other.os_user == os_user) {
        return Err(found.wrong(
            format!("{} has the account {} already", other.name, SafeText::of(&os_user)),
            "one account is one desk: a second person needs an account of her own",
        ));
    }
    let found = section.needed("key")?;
    let key: PublicKey = found.value.parse().map_err(|e| found.wrong(e, "paste the line as it was printed"))?;
    if let Some(other) = others.iter().find(|other| other.key == key) {
        return Err(found.wrong(
            format!("it is the key of {} too", other.name),
            "whoever holds one key is one person: run `passdesk operator init` on the other account",
        ));
    }
    section.finish()?;
    Ok(Operator { name, role, os_user, key })
}

fn read_secret(section: &mut Section<'_>, near: &impl Fn(&str) -> PathBuf) -> Result<SecretSource, Problem> {
    let file = section.text("secret_file")?.map(|found| SecretSource::File(near(found.value)));
    let command = section.texts("secret_command", false)?.map(|found| SecretSource::Command(found.value));
    let env = section.text("secret_env")?.map(|found| SecretSource::Env(found.value.to_owned()));
    let mut sources = [file, command, env].into_iter().flatten();
    match (sources.next(), sources.next()) {
        (Some(source), None) => Ok(source),
        (None, _) => Err(section.wrong(
            "no source of the secret is named",
            "add `secret_file` (a file with mode 0600), `secret_command` or `secret_env`",
        )),
        (Some(_), Some(_)) => Err(section.wrong("several sources of the secret are named", "keep one of them")),
    }
}

fn read_vendor(section: &mut Section<'_>, system: System) -> Result<Vendor, Problem> {
    let owned = |found: reader::Found<'_, &str>| found.value.to_owned();
    Ok(match system {
        System::Gallagher => Vendor::Gallagher {
            marker: section.flag("marker")?.unwrap_or(true),
            feed_operator: section.parsed("feed_operator", str::parse)?,
            sole_issuer: section.flag("sole_issuer")?.unwrap_or(false),
        },
        System::AccessGrid => Vendor::AccessGrid {
            account_id: owned(section.needed("account_id")?),
            template_ids: match section.texts("template_id", true)? {
                Some(found) if !found.value.is_empty() => found.value,
                Some(found) => return Err(found.wrong("the list is empty", "name at least one template")),
                None => return Err(section.wrong("`template_id` is missing", "")),
            },
        },
        System::ThalesD1 => Vendor::ThalesD1 {
            issuer_id: owned(section.needed("issuer_id")?),
            kid: owned(section.needed("kid")?),
            token_url: {
                let found = section.needed("token_url")?;
                if !is_token_url(found.value) {
                    return Err(
                        found.wrong("a token address is https://HOST/PATH; plain http is for loopback only", "")
                    );
                }
                found.value.to_owned()
            },
        },
        System::CardExchange => Vendor::CardExchange {
            auth: {
                let found = section.needed("auth")?;
                found.value.parse().map_err(|_| found.wrong("no such way to sign in", "known: basic, bearer"))?
            },
        },
    })
}

/// True for an address with a path whose origin may be spoken to.
fn is_token_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Origin::parse(&format!("{scheme}://{authority}")).is_ok()
}

#[cfg(test)]
mod tests;
