//! `passdesk cards` and `passdesk show`: a person's credentials, live where possible, with whose they are.

use super::filtering::Sieve;
use super::lines::{Around, CardLine};
use super::output::{self, Form};
use super::search::{knows_everybody, no_cache};
use super::{Ending, Json, holder_id, say, tell};
use crate::console::message::HolderView;
use crate::console::update::age;
use crate::desk::Desk;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::filter::{CardRow, Facts};
use crate::domain::ids::{CredentialId, HolderId};
use crate::domain::ownership::{Ownership, most_needy_first};
use crate::domain::problem::{Problem, ProblemKind};
use crate::runtime::reading;
use futures::future::join_all;
use jiff::Timestamp;

/// Arguments of `passdesk cards`.
#[derive(Debug, clap::Args)]
pub struct CardsArgs {
    /// The person, as `search` prints it under `id`.
    #[arg(value_name = "HOLDER_ID", value_parser = holder_id, required_unless_present = "filter")]
    holder: Option<HolderId>,
    /// Only what fits, as in "issued:me state:expired age:>30d"; without a person, of everybody in the cache.
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<String>,
    #[command(flatten)]
    json: Json,
}

/// Arguments of `passdesk show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// A credential or a person, as lists print it under `id`.
    #[arg(value_parser = subject)]
    id: Subject,
    #[command(flatten)]
    json: Json,
}

/// What an id names. Both kinds are written alike; only the vendor's part tells (decision 6).
#[derive(Clone, Debug)]
struct Subject {
    holder: Option<HolderId>,
    card: Option<CredentialId>,
}

fn subject(text: &str) -> Result<Subject, String> {
    let bad = |e: crate::domain::ids::BadId| e.to_string();
    if text.contains('/') {
        return Ok(Subject { holder: None, card: Some(text.parse().map_err(bad)?) });
    }
    Ok(Subject { holder: Some(text.parse().map_err(bad)?), card: text.parse().ok() })
}

/// Lists credentials: of a person, or what fits a filter of everybody.
pub async fn list(desk: &Desk, args: CardsArgs) -> Result<Ending, Problem> {
    let sieve = match &args.filter {
        Some(text) => Some(Sieve::read(text, CardRow::FIELDS, "The list of cards", desk.clock.now())?),
        None => None,
    };
    match (&args.holder, sieve) {
        (Some(holder), sieve) => of_person(desk, holder, sieve, Form::of(args.json.json)).await,
        (None, Some(sieve)) => of_everybody(desk, sieve, Form::of(args.json.json)).await,
        // The parser of the command line asks for one of the two.
        (None, None) => Ok(Ending::Nothing),
    }
}

/// What a credential says to a filter.
fn facts(desk: &Desk, holder: &Cardholder, card: &Credential, owner: Option<&Ownership>) -> Facts {
    let system = desk.provider(&card.id.tenant).map(|p| p.profile().system);
    CardRow { card, owner, holder: Some(holder), system }.facts()
}

/// People read from the cache at once.
const PAGE: usize = 500;

/// Goes through the cache of all people. Grades are worked out only of those who may fit without them.
async fn of_everybody(desk: &Desk, mut sieve: Sieve, form: Form) -> Result<Ending, Problem> {
    let (mut rows, mut people) = (Vec::new(), 0_usize);
    let (mut after, mut oldest): (Option<HolderId>, Option<Timestamp>) = (None, None);
    loop {
        let page = desk.cache.page(after.as_ref(), PAGE).await.map_err(|e| no_cache(&e))?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id.clone());
        for (holder, cards) in page {
            people += 1;
            oldest = Some(oldest.map_or(holder.as_of, |before| before.min(holder.as_of)));
            if !cards.iter().any(|card| sieve.may_fit(&facts(desk, &holder, card, None))) {
                continue;
            }
            let view = reading::cached(desk, holder, cards).await?;
            let around = around(desk, &view);
            for (card, owner) in &view.cards {
                if sieve.fits(&facts(desk, &view.holder, card, Some(owner))) {
                    rows.push(CardLine::new(card, owner, &around));
                }
            }
        }
    }
    let read = oldest.map_or(String::new(), |at| format!(", the oldest read {} ago", age(at, desk.clock.now())));
    let noun = if people == 1 { "record" } else { "records" };
    if knows_everybody(desk).await {
        say(format!("From the cache of {people} {noun}{read}."));
    } else {
        say(format!("From the cache, which knows only {people} {noun} so far{read}; the console fills it."));
    }
    sieve.tell();
    if rows.is_empty() {
        say("No credential fits.");
    }
    output::rows(form, &rows)
}

/// Lists a person's credentials in all systems. One that cannot be asked is named, and the others are listed.
async fn of_person(desk: &Desk, holder: &HolderId, sieve: Option<Sieve>, form: Form) -> Result<Ending, Problem> {
    let mut ids: Vec<HolderId> = match desk.cache.person(holder).await {
        Ok(records) => records.into_iter().map(|(holder, _)| holder.id).collect(),
        // The cache is a convenience; without it the system asked for still answers for itself.
        Err(_) => Vec::new(),
    };
    if ids.is_empty() {
        ids.push(holder.clone());
    }
    let (mut views, mut problems) = (Vec::new(), Vec::new());
    for read in join_all(ids.iter().map(|id| view(desk, id))).await {
        match read {
            Ok(view) => views.push(view),
            Err(problem) => problems.push(problem),
        }
    }
    let Some(first) = views.first() else {
        return Err(problems.swap_remove(0));
    };
    let name = first.holder.name().safe();
    problems.extend(views.iter().filter(|view| !view.whole).map(not_all));
    problems.iter().for_each(tell);
    let mut cards: Vec<_> = views.iter().flat_map(|view| view.cards.iter().cloned()).collect();
    if cards.is_empty() && problems.is_empty() {
        say(format!("{name} has no credentials."));
    }
    most_needy_first(&mut cards);
    let of = |card: &Credential| views.iter().find(|view| view.holder.id == card.holder);
    if let Some(mut sieve) = sieve {
        cards.retain(|(card, owner)| {
            of(card).is_some_and(|view| sieve.fits(&facts(desk, &view.holder, card, Some(owner))))
        });
        sieve.tell();
        if cards.is_empty() {
            say("No credential fits.");
        }
    }
    let rows: Vec<CardLine> =
        (cards.iter()).filter_map(|(card, owner)| Some(CardLine::new(card, owner, &around(desk, of(card)?)))).collect();
    let ending = output::rows(form, &rows)?;
    Ok(if problems.is_empty() { ending } else { Ending::Partly })
}

/// Shows one credential, or all of a person.
pub async fn show(desk: &Desk, args: ShowArgs) -> Result<Ending, Problem> {
    // Outside Gallagher both kinds of ids look alike; which one it is, the cache knows.
    let known = match &args.id.card {
        Some(card) => desk.cache.holder_of(card).await.ok().flatten(),
        None => None,
    };
    let is_card = known.is_some() || args.id.holder.is_none();
    let holder = match (known, &args.id.holder, &args.id.card) {
        (Some(holder), ..) => holder,
        (None, Some(holder), _) => holder.clone(),
        (None, None, Some(card)) => holder_of(desk, card).await?,
        (None, None, None) => return Ok(Ending::Nothing),
    };
    let mut view = view(desk, &holder).await?;
    if let (true, Some(wanted)) = (is_card, &args.id.card) {
        view.cards.retain(|(card, _)| card.id == *wanted);
        if view.cards.is_empty() {
            return Err(Problem::new(
                ProblemKind::NotFound,
                format!("{} has no credential {wanted}", view.holder.name().safe()),
                "it may have been removed",
                format!("see `passdesk cards {holder}`"),
            ));
        }
    }
    if !view.whole {
        tell(&not_all(&view));
    }
    let lines = lines(desk, &view);
    let ending = if args.json.json {
        output::rows(Form::Json, &lines)?
    } else {
        let text: Vec<_> = lines.iter().map(CardLine::describe).collect();
        output::bytes(text.join("\n").as_bytes())?;
        if lines.is_empty() { Ending::Nothing } else { Ending::Done }
    };
    Ok(if view.whole { ending } else { Ending::Partly })
}

fn around<'a>(desk: &'a Desk, view: &HolderView) -> Around<'a> {
    Around {
        name: view.holder.name().safe(),
        authorised: view.holder.authorised,
        profile: desk.provider(&view.holder.id.tenant).map(|p| p.profile()),
        live: view.live,
    }
}

fn lines(desk: &Desk, view: &HolderView) -> Vec<CardLine> {
    let around = around(desk, view);
    view.cards.iter().map(|(card, ownership)| CardLine::new(card, ownership, &around)).collect()
}

/// The person that holds a credential: the cache knows, and Gallagher's ids say so themselves (decision 6).
pub async fn holder_of(desk: &Desk, card: &CredentialId) -> Result<HolderId, Problem> {
    if let Ok(Some(holder)) = desk.cache.holder_of(card).await {
        return Ok(holder);
    }
    let key = card.key.as_str().split('/').next().and_then(|key| key.parse().ok());
    key.map(|key| HolderId::new(card.tenant.clone(), key)).ok_or_else(|| not_seen(&card.to_string()))
}

/// A person read live; from the cache, said on stderr, if her system cannot be asked.
pub async fn view(desk: &Desk, id: &HolderId) -> Result<HolderView, Problem> {
    let cached = desk.cache.holder(id).await.unwrap_or_default();
    let Some((holder, cards)) = cached else {
        // Addresses come from answers only, never from ids (gallagher.md section 2).
        return Err(not_seen(&id.to_string()));
    };
    match reading::live(desk, id, &holder.link).await {
        Ok(view) => Ok(view),
        Err(problem) if problem.kind == ProblemKind::Unreachable => {
            tell(&problem);
            let minutes = desk.clock.now().duration_since(holder.as_of).as_mins();
            say(format!("What follows is from the cache, {minutes} minutes old."));
            reading::cached(desk, holder, cards).await
        }
        Err(problem) => Err(problem),
    }
}

fn not_all(view: &HolderView) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        format!("{}: not all credentials of {} can be read", view.holder.id.tenant, view.holder.id),
        "the system left them out, or what it lists has no usable reference",
        "what is missing here is not gone; see the log",
    )
}

fn not_seen(id: &str) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        format!("{id} was never seen here"),
        "",
        "find the person first: `passdesk search NAME --live`",
    )
}
