//! Reading the body of a POST or PATCH of a person onto a copy of her (contract sections 4 and 5.5). Only when
//! the whole body has passed does the copy become the truth: all or nothing.

use super::answer::Refusal;
use super::card_making::{CardWish, make_card};
use super::card_types::{CardType, NumberFormat, SUSPENDED_BY_HOLDER};
use super::divisions::division_named;
use super::operators::Client;
use super::person::{Card, Person, RemovedCard};
use super::personal_data::{PersonalDataField, is_mail_address};
use super::piv::PivData;
use super::query::{id_under, item_under, path_of};
use super::switches::{CardHref, StaleHref};
use super::world::World;
use crate::simulator::clock::read_time;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A JSON object as it was sent.
pub type Object = Map<String, Value>;
/// What reading a part of a body gives back.
pub type Staged = Result<(), Refusal>;

/// The three lists of a change of a person's links: cards, or memberships.
pub struct Links<'a> {
    /// New ones.
    pub add: &'a [Value],
    /// Changes, each with its href.
    pub update: &'a [Value],
    /// What goes, each with its href.
    pub remove: &'a [Value],
}

impl<'a> Links<'a> {
    /// Reads the block of a `PATCH` with this name. None of its hrefs may stand there twice (contract section 5.5).
    pub fn of(change: &'a Object, block: &str) -> Result<Self, Refusal> {
        let list = |name: &str| match change.get(name) {
            None | Some(Value::Null) => Ok(&[][..]),
            Some(Value::Array(items)) => Ok(items.as_slice()),
            Some(_) => Err(Refusal::bad(format!("Invalid {block}.{name}"))),
        };
        let links = Self { add: list("add")?, update: list("update")?, remove: list("remove")? };
        let mut named = std::collections::HashSet::new();
        for element in links.update.iter().chain(links.remove) {
            if let Some(href) = element.get("href").and_then(Value::as_str)
                && !named.insert(path_of(href))
            {
                return Err(Refusal::bad(format!("One of the {block} is named twice")));
            }
        }
        Ok(links)
    }
}

/// A body being read onto a copy of a person.
pub struct Staging<'a> {
    /// The world, for numbers, identities and switches. Nothing of it is changed but the source of randomness.
    pub world: &'a mut World,
    /// The copy.
    pub person: &'a mut Person,
    /// Who writes.
    pub client: &'a Client,
    /// Virtual now.
    pub now: Timestamp,
}

impl Staging<'_> {
    /// Reads a whole body. `new`: the body of a POST, in which `cards` is a plain list.
    pub fn read(&mut self, body: &Object, new: bool) -> Staged {
        self.flat_fields(body)?;
        // Before personal data: an access group that comes in the same call carries its fields.
        self.memberships(body, new)?;
        self.personal_data(body)?;
        match body.get("cards") {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Array(add)) if new => self.add_all(add),
            Some(Value::Object(change)) if !new => self.change_cards(change),
            Some(_) => Err(Refusal::bad("Invalid cards")),
        }
    }

    fn flat_fields(&mut self, body: &Object) -> Staged {
        let text = |name: &str, longest: usize| match body.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text)) if text.chars().count() <= longest => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::bad(format!("Invalid value for {name}"))),
        };
        if let Some(first) = text("firstName", 50)? {
            self.person.first = Cow::Owned(first);
        }
        if let Some(last) = text("lastName", 50)? {
            self.person.last = Cow::Owned(last);
        }
        if let Some(short) = text("shortName", usize::MAX)? {
            self.person.short = short.chars().take(16).collect();
        }
        if let Some(description) = text("description", 2000)? {
            self.person.description = Cow::Owned(description);
        }
        match body.get("authorised") {
            None => {}
            Some(Value::Bool(authorised)) => self.person.authorised = *authorised,
            Some(_) => return Err(Refusal::bad("Invalid value for authorised")),
        }
        if let Some(division) = body.get("division") {
            let href = division.get("href").and_then(Value::as_str).unwrap_or_default();
            self.person.division = division_named(href).ok_or_else(|| Refusal::bad("Invalid division"))?;
        }
        if self.person.first.is_empty() && self.person.last.is_empty() {
            return Err(Refusal::bad("A cardholder needs a first name or a last name"));
        }
        if self.person.division == 0 {
            return Err(Refusal::bad("A cardholder needs a division"));
        }
        Ok(())
    }

    /// Both forms; the one at the root wins (contract section 4.2).
    fn personal_data(&mut self, body: &Object) -> Staged {
        let listed = body.get("personalDataDefinitions").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_object).flatten();
        let flagged = listed.clone();
        let listed = listed.filter_map(|(name, entry)| Some((name, entry.get("value")?)));
        let values: Vec<(&String, &Value)> = listed.chain(body.iter()).collect();
        for (name, value) in values {
            if !name.starts_with('@') {
                continue;
            }
            let bad = |why: &str| Refusal::bad(format!("{why}: {}", name.trim_start_matches('@')));
            let field = PersonalDataField::with_member(name).ok_or_else(|| bad("Invalid Personal Data Field"))?;
            if self.client.hidden_fields.contains(&field.id) {
                return Err(Refusal::forbidden());
            }
            if !field.is_carried(self.person) {
                return Err(bad("No access group of this cardholder has this Personal Data Field"));
            }
            let value = field.read(value).ok_or_else(|| bad("Invalid value"))?;
            field.set(self.person, value);
        }
        for (name, entry) in flagged {
            let field = PersonalDataField::with_member(name).filter(|f| matches!(f.kind, "email" | "mobile"));
            match (field, entry.get("notifications").and_then(Value::as_bool)) {
                (Some(field), Some(true)) => drop(self.person.notified.insert(field.id)),
                (Some(field), Some(false)) => drop(self.person.notified.remove(&field.id)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removals first, so that a number becomes free for an addition in the same call.
    fn change_cards(&mut self, change: &Object) -> Staged {
        let Links { add, update, remove } = Links::of(change, "cards")?;
        for element in remove {
            self.remove(element)?;
        }
        for element in update {
            self.update(element)?;
        }
        self.add_all(add)
    }

    /// The place of the card that an element names; `None` where stale hrefs are passed over.
    fn place(&self, element: &Value) -> Result<Option<usize>, Refusal> {
        let href = element.get("href").and_then(Value::as_str).unwrap_or_default();
        let cards = format!("/api/cardholders/{}/cards", self.person.id());
        let key = id_under(href, &cards);
        let place = key.and_then(|key| self.person.cards.iter().position(|c| c.key() == key));
        match (place, self.world.switches.stale_href) {
            (Some(place), _) => Ok(Some(place)),
            (None, StaleHref::Ignored) => Ok(None),
            (None, StaleHref::BadRequest) => Err(Refusal::bad("Invalid card href")),
            (None, StaleHref::NotFound) => Err(Refusal::not_found()),
        }
    }

    fn remove(&mut self, element: &Value) -> Staged {
        let Some(place) = self.place(element)? else { return Ok(()) };
        let state = wished_state(element, self.person.cards[place].kind())?;
        let mut card = self.person.cards.remove(place);
        card.state = state.unwrap_or(card.state);
        self.person.pins.remove(&card.segment);
        self.person.removed.push(RemovedCard { card, removed: self.now, by: self.client.author });
        Ok(())
    }

    /// Number, type and invitation of a card can never be changed; what is sent of them is passed over.
    fn update(&mut self, element: &Value) -> Staged {
        let Some(place) = self.place(element)? else { return Ok(()) };
        let mut card = self.person.cards[place].clone();
        read_validity(element, &mut card.from, &mut card.until)?;
        let state = wished_state(element, card.kind())?;
        let level = wished_level(element, &card)?;
        // With a rising issue level the status describes the previous one (contract section 5.5).
        let rises = level.is_some() && level > card.issue_level;
        if let (Some(state), false) = (state, rises) {
            let lifted = card.kind().state(SUSPENDED_BY_HOLDER) == Some(card.state) && card.state != state;
            if lifted && !self.client.may_override {
                return Err(Refusal::forbidden());
            }
            card.state = state;
            card.idle = false;
        }
        if let (Some(piv), Some(block)) = (card.piv.as_mut(), element.get("pivData")) {
            piv.update(block, self.now)?;
        }
        let pin = wished_pin(element, card.kind())?.or_else(|| self.person.pins.get(&card.segment).cloned());
        self.person.pins.remove(&card.segment);
        card.issue_level = level.or(card.issue_level);
        if let Some(serial) = wished_serial(element)? {
            card.serial = serial;
        }
        if let Some(trace) = element.get("trace").and_then(Value::as_bool) {
            card.trace = trace;
        }
        if self.world.switches.card_href == CardHref::Changes {
            card.segment = self.world.draw();
        }
        if let Some(pin) = pin {
            self.person.pins.insert(card.segment, pin);
        }
        self.person.cards[place] = card;
        Ok(())
    }

    fn add_all(&mut self, elements: &[Value]) -> Staged {
        for element in elements {
            self.add(element)?;
        }
        Ok(())
    }

    fn add(&mut self, element: &Value) -> Staged {
        let href = element.get("type").and_then(|t| t.get("href")).and_then(Value::as_str).unwrap_or_default();
        let id = item_under(href, "/api/card_types").and_then(|id| id.parse().ok());
        let kind = id.and_then(CardType::find).ok_or_else(|| Refusal::bad("Invalid card type"))?;
        let mut wish = CardWish {
            number: self.number(element, kind)?,
            // A bad time is passed over on creation (contract section 5.1).
            from: element.get("from").and_then(Value::as_str).and_then(read_time),
            until: element.get("until").and_then(Value::as_str).and_then(read_time),
            state: wished_state(element, kind)?,
            visitor: element.get("visitorContractor").and_then(Value::as_bool).unwrap_or_default(),
            ..CardWish::default()
        };
        if matches!(kind.class, "piv" | "pivi") {
            let block = element.get("pivData").ok_or_else(|| Refusal::bad("This card type needs pivData"))?;
            wish.piv = Some(Box::new(PivData::read(block, self.now)?));
        }
        check_validity(wish.from, wish.until)?;
        if let Some(invitation) = element.get("invitation").filter(|i| !i.is_null()) {
            read_invitation(&mut wish, invitation, kind)?;
        }
        let mut card = make_card(self.world, kind, wish, self.client.author, self.now);
        card.issue_level = wished_level(element, &card)?.or(card.issue_level);
        if let Some(serial) = wished_serial(element)? {
            card.serial = serial;
        }
        card.trace = element.get("trace").and_then(Value::as_bool).unwrap_or_default();
        if let Some(pin) = wished_pin(element, kind)? {
            self.person.pins.insert(card.segment, pin);
        }
        self.person.cards.push(card);
        Ok(())
    }

    /// The number of a new card by the rules of its class (contract section 5.2). `None`: the server fills it.
    fn number(&self, element: &Value, kind: &CardType) -> Result<Option<String>, Refusal> {
        let sent = match element.get("number") {
            None | Some(Value::Null) => None,
            Some(Value::String(number)) if number.is_empty() => None,
            Some(Value::String(number)) => Some(number.clone()),
            Some(_) => return Err(Refusal::bad("Invalid card number")),
        };
        let number = match (sent, kind.format) {
            (number, NumberFormat::Free) => return Ok(number),
            (_, NumberFormat::Cloud) => {
                return Err(Refusal::bad("Credentials of this type are issued by the vendor's cloud"));
            }
            (None, NumberFormat::Guid) => return Ok(None),
            (Some(number), NumberFormat::Guid) if kind.accepts(&number) => return Ok(Some(number)),
            (Some(number), NumberFormat::Guid) => number,
            // Hyphens are passed over (contract section 5.2).
            (Some(number), NumberFormat::Piv) => number.replace('-', ""),
            (None, NumberFormat::Piv) => return Err(Refusal::bad("A card number is needed for this card type")),
            (Some(number), NumberFormat::Decimal { .. }) => {
                let plain = number.trim_start_matches('0');
                if plain.is_empty() { number } else { plain.to_owned() }
            }
            (Some(number), NumberFormat::Badge) => number,
            (None, NumberFormat::Badge) => return Err(Refusal::bad("A card number is needed for this card type")),
            (None, NumberFormat::Decimal { .. }) => {
                let free = self.world.free_number(kind, |n| self.holds(kind, n));
                return free.map(Some).ok_or_else(|| Refusal::bad("No card number is free"));
            }
        };
        if !kind.accepts(&number) {
            return Err(Refusal::bad("The card number does not fit the card type"));
        }
        // This person's cards count as staged: one removed in the same call has given its number back.
        let taken = self.holds(kind, &number) || self.world.number_taken(kind, &number, Some(self.person.index));
        if taken { Err(Refusal::bad("The card number is already in use")) } else { Ok(Some(number)) }
    }

    fn holds(&self, kind: &CardType, number: &str) -> bool {
        self.person.cards.iter().any(|c| c.type_id == kind.id && c.number == number)
    }
}

fn wished_state(element: &Value, kind: &CardType) -> Result<Option<u8>, Refusal> {
    let Some(word) = element.get("status").and_then(|s| s.get("value")).filter(|v| !v.is_null()) else {
        return Ok(None);
    };
    let state = word.as_str().and_then(|w| kind.state(w));
    state.map(Some).ok_or_else(|| Refusal::bad("Invalid card status for this card type"))
}

/// A PIN, which no answer ever shows. For classes without one it is passed over, as later servers do.
fn wished_pin(element: &Value, kind: &CardType) -> Result<Option<String>, Refusal> {
    match element.get("pin") {
        Some(Value::String(pin)) if kind.takes_pin() && !pin.is_empty() && pin.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(Some(pin.clone()))
        }
        Some(_) if kind.takes_pin() => Err(Refusal::bad("A PIN is a text of digits")),
        _ => Ok(None),
    }
}

/// Phone credentials have no issue level; what is sent is passed over there.
fn wished_level(element: &Value, card: &Card) -> Result<Option<u8>, Refusal> {
    match element.get("issueLevel") {
        None | Some(Value::Null) => Ok(None),
        Some(_) if !card.kind().is_plastic() => Ok(None),
        Some(level) => match level.as_u64() {
            Some(level) if level <= 15 => Ok(Some(level as u8)),
            _ => Err(Refusal::bad("The issue level must be 0 to 15")),
        },
    }
}

fn wished_serial(element: &Value) -> Result<Option<String>, Refusal> {
    match element.get("cardSerialNumber") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(String::new())),
        Some(Value::String(serial)) if serial.len() % 2 == 0 && serial.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(Some(serial.to_uppercase()))
        }
        Some(_) => Err(Refusal::bad("Invalid card serial number")),
    }
}

/// The dates that an `update` sends: what is left out stays, and an empty text clears (contract section 5.1).
pub fn read_validity(element: &Value, from: &mut Option<Timestamp>, until: &mut Option<Timestamp>) -> Staged {
    for (name, slot) in [("from", &mut *from), ("until", &mut *until)] {
        match element.get(name) {
            None => {}
            Some(Value::String(text)) if text.is_empty() => *slot = None,
            Some(value) => {
                let at = value.as_str().and_then(read_time);
                *slot = Some(at.ok_or_else(|| Refusal::bad(format!("Invalid date or time for {name}")))?);
            }
        }
    }
    check_validity(*from, *until)
}

/// The two dates of a card or membership: `from` not after `until`, both before the year 2100.
pub fn check_validity(from: Option<Timestamp>, until: Option<Timestamp>) -> Staged {
    // 2100-01-01T00:00:00Z; the site's own clock runs on UTC.
    const END_OF_TIME: i64 = 4_102_444_800;
    if [from, until].into_iter().flatten().any(|at| at.as_second() >= END_OF_TIME) {
        return Err(Refusal::bad("Dates must be before the year 2100"));
    }
    match (from, until) {
        (Some(from), Some(until)) if from > until => Err(Refusal::bad("The start date is after the end date")),
        _ => Ok(()),
    }
}

/// The invitation of a new phone credential (contract section 5.4): a phone without an address is invalid.
fn read_invitation(wish: &mut CardWish, invitation: &Value, kind: &CardType) -> Staged {
    if !kind.is_mobile() {
        return Err(Refusal::bad("Only mobile credentials have an invitation"));
    }
    let text = |name: &str| match invitation.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(Refusal::bad(format!("Invalid value for invitation.{name}"))),
    };
    if !invitation.is_object() {
        return Err(Refusal::bad("Invalid invitation"));
    }
    (wish.email, wish.mobile) = (text("email")?, text("mobile")?);
    if wish.email.is_empty() && !wish.mobile.is_empty() {
        return Err(Refusal::bad("An invitation with a mobile number needs an e-mail address"));
    }
    if !wish.email.is_empty() && !is_mail_address(&wish.email) {
        return Err(Refusal::bad("Invalid e-mail address for the invitation"));
    }
    wish.single_factor = match invitation.get("singleFactorOnly") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(single)) => *single,
        Some(_) => return Err(Refusal::bad("Invalid value for invitation.singleFactorOnly")),
    };
    Ok(())
}
