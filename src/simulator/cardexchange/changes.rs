//! Creating, updating and deleting (contract sections 3, 4 and 9).

use super::answer::{Answer, Refusal, Reply};
use super::data_set::{DataSet, blank_cardholder, blank_person};
use super::fields::Fields;
use super::ids::{Key, Kind};
use super::objects::{Address, Belonging, Cardholder, Person, Photo};
use super::shown::Shown;
use super::switches::{DeleteOwner, Switches};
use super::words;
use crate::simulator::Author;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Sets that are asked for with more cards than this are a mistake.
const LARGEST_SET: u32 = 1_000;

/// Somebody who changes a data set.
pub struct Writer<'a> {
    /// The data set.
    pub set: &'a mut DataSet,
    /// How the tenant behaves.
    pub switches: &'a Switches,
    /// Who.
    pub by: Author,
    /// Name of the user, as productions show it.
    pub user: &'a str,
    /// When.
    pub now: Timestamp,
}

impl Writer<'_> {
    /// Makes an object of a kind.
    pub fn create(&mut self, kind: Kind, body: &Map<String, Value>) -> Reply {
        let key = match kind {
            Kind::Person => self.create_person(body)?,
            Kind::Cardholder => self.create_cardholder(body)?,
            Kind::Card => self.create_card(body)?,
            Kind::Address => self.create_address(body)?,
            _ => self.create_set(body)?,
        };
        let status = if self.switches.create_is_201 { 201 } else { 200 };
        Ok(Answer { status, ..self.changed(key) })
    }

    /// Changes an object. The answer shows it whole.
    pub fn update(&mut self, key: Key, body: &Map<String, Value>) -> Reply {
        let applied = match key.kind {
            Kind::Person => self.update_person(key, body)?,
            Kind::Cardholder => self.update_cardholder(key, body)?,
            Kind::Card => self.update_card(key, body)?,
            Kind::Address => self.update_address(key, body)?,
            Kind::Production => self.update_production(key, body)?,
            _ => self.add_to_set(key, body)?,
        };
        Ok(Answer { applied, ..self.changed(key) })
    }

    /// Deletes an object for good (row A8).
    pub fn delete(&mut self, key: Key) -> Reply {
        let holders = if key.kind == Kind::Person { self.set.owned(key, Kind::Cardholder) } else { vec![key] };
        let owns_cards = holders.iter().any(|holder| !self.set.owned(*holder, Kind::Card).is_empty());
        if key.kind != Kind::Address && owns_cards && self.switches.delete_owner == DeleteOwner::Refuse {
            return Err(Refusal::parameter("", "Cards cannot be deleted, nor can what they belong to."));
        }
        self.set.remove(key);
        self.set.note(self.now, self.by, key, "deleted");
        let status = if self.switches.delete_is_200 { 200 } else { 204 };
        Ok(Answer { status, body: None, headers: Vec::new(), applied: true })
    }

    fn changed(&self, key: Key) -> Answer {
        let body = Shown { set: self.set, switches: self.switches }.any(key);
        let body = (!self.switches.empty_answers).then_some(body);
        Answer { status: 200, body, headers: Vec::new(), applied: true }
    }

    fn fields<'b>(&self, body: &'b Map<String, Value>) -> Fields<'b>
    where
        Self: 'b,
    {
        Fields::new(body, self.switches, self.set.guids)
    }

    fn create_person(&mut self, body: &Map<String, Value>) -> Result<Key, Refusal> {
        let switches = Switches { required_on_update: true, ..self.switches.clone() };
        let fields = Fields::new(body, &switches, self.set.guids);
        let mut person = blank_person(Key::made(Kind::Person, 0), self.now);
        read_person(fields, &mut person, &switches)?;
        person.key = self.set.next_key(Kind::Person);
        person.number = blank_person(person.key, self.now).number;
        let key = person.key;
        self.set.put_person(person);
        self.set.note(self.now, self.by, key, "created");
        Ok(key)
    }

    fn update_person(&mut self, key: Key, body: &Map<String, Value>) -> Result<bool, Refusal> {
        let was = self.set.person(key).ok_or_else(Refusal::not_found)?.into_owned();
        let mut person = was.clone();
        read_person(self.fields(body), &mut person, self.switches)?;
        if person == was {
            return Ok(false);
        }
        self.set.put_person(person);
        self.set.note(self.now, self.by, key, "changed");
        Ok(true)
    }

    fn create_cardholder(&mut self, body: &Map<String, Value>) -> Result<Key, Refusal> {
        let mut holder = blank_cardholder(Key::made(Kind::Cardholder, 0), 0, self.now);
        let switches = Switches { required_on_update: true, moving_allowed: true, ..self.switches.clone() };
        let mut fields = Fields::new(body, &switches, self.set.guids);
        // Accepted, and never shown again (row A18).
        fields.pass_over("password");
        if !self.switches.cardholder_without_person {
            fields.require(&["person"]);
        }
        read_cardholder(fields, &mut holder, self.set, &switches)?;
        holder.key = self.set.next_key(Kind::Cardholder);
        holder.number = blank_cardholder(holder.key, 0, self.now).number;
        let key = holder.key;
        self.set.put_cardholder(holder);
        self.set.note(self.now, self.by, key, "created");
        Ok(key)
    }

    fn update_cardholder(&mut self, key: Key, body: &Map<String, Value>) -> Result<bool, Refusal> {
        let was = self.set.cardholder(key).ok_or_else(Refusal::not_found)?.into_owned();
        let mut holder = was.clone();
        read_cardholder(self.fields(body), &mut holder, self.set, self.switches)?;
        if holder == was {
            return Ok(false);
        }
        self.set.put_cardholder(holder);
        self.set.note(self.now, self.by, key, "changed");
        Ok(true)
    }

    fn create_card(&mut self, body: &Map<String, Value>) -> Result<Key, Refusal> {
        let (mut holder, mut metadata) = (None, None);
        let mut fields = self.fields(body);
        fields.require(&["cardholder"]);
        fields.reference("cardholder", &mut holder, |id| {
            self.set.guids.place(id, Kind::Cardholder).filter(|key| self.set.cardholder(*key).is_some())
        });
        let stopped = holder.and_then(|key| self.set.cardholder(key)).is_some_and(|h| h.status != "activated");
        if stopped && !self.switches.cards_for_stopped_cardholders {
            fields.wrong("cardholder", "The cardholder is not activated.");
        }
        fields.metadata(&mut metadata);
        fields.done()?;
        let holder = holder.ok_or_else(|| Refusal::parameter("cardholder", "This parameter is required."))?;
        Ok(self.set.make_card(holder, metadata, (self.by, self.user), self.switches, self.now))
    }

    fn update_card(&mut self, key: Key, body: &Map<String, Value>) -> Result<bool, Refusal> {
        let was = self.set.card(key).ok_or_else(Refusal::not_found)?.into_owned();
        let mut card = was.clone();
        let mut fields = self.fields(body);
        fields.firm_word("status", words::CARD_STATUS, &mut card.status);
        fields.metadata(&mut card.metadata);
        let (from, to) = (was.status, card.status);
        if from == to && self.switches.same_status_refused && fields.has("status") {
            fields.wrong("status", format!("The card is '{to}' already."));
        }
        if from != to && self.switches.strict_transitions && !words::in_table(from, to) {
            fields.wrong("status", format!("A card cannot go from '{from}' to '{to}'."));
        }
        if from != to && to == "activated" && !self.switches.several_active_cards {
            let others = self.set.owned(was.cardholder, Kind::Card).into_iter().filter(|other| *other != key);
            if others.filter_map(|other| self.set.card(other)).any(|other| other.status == "activated") {
                fields.wrong("status", "Another card of this cardholder is activated.");
            }
        }
        fields.done()?;
        let described = card.metadata != was.metadata;
        if described {
            self.set.put_card(super::objects::Card { status: from, ..card });
            self.set.note(self.now, self.by, key, "metadata");
        }
        Ok(self.set.set_status(key, to, self.by, self.user, self.now) || described)
    }

    fn create_address(&mut self, body: &Map<String, Value>) -> Result<Key, Refusal> {
        let mut fields = self.fields(body);
        let all = ["person", "type", "streetAddress", "locality", "region", "postalCode", "country"];
        fields.require(&all);
        if all.iter().any(|name| !fields.has(name)) {
            fields.done()?;
            return Err(Refusal::malformed());
        }
        let blank = Address {
            key: Key::made(Kind::Address, 0),
            person: Key::made(Kind::Person, 0),
            kind: "home",
            street: String::new(),
            locality: String::new(),
            region: String::new(),
            postal_code: String::new(),
            country: String::new(),
            metadata: None,
            created: self.now,
        };
        let switches = Switches { moving_allowed: true, ..self.switches.clone() };
        let mut address = read_address(Fields::new(body, &switches, self.set.guids), blank, self.set, &switches)?;
        address.key = self.set.next_key(Kind::Address);
        let key = address.key;
        self.set.put_address(address);
        self.set.note(self.now, self.by, key, "created");
        Ok(key)
    }

    fn update_address(&mut self, key: Key, body: &Map<String, Value>) -> Result<bool, Refusal> {
        let was = self.set.address(key).ok_or_else(Refusal::not_found)?.into_owned();
        let address = read_address(self.fields(body), was.clone(), self.set, self.switches)?;
        if address == was {
            return Ok(false);
        }
        self.set.put_address(address);
        self.set.note(self.now, self.by, key, "changed");
        Ok(true)
    }

    fn update_production(&mut self, key: Key, body: &Map<String, Value>) -> Result<bool, Refusal> {
        let was = self.set.card_in_production(key).ok_or_else(Refusal::not_found)?.into_owned();
        let mut card = was.clone();
        let mut fields = self.fields(body);
        if let Some(production) = card.production.as_mut() {
            fields.text("nameOnCard", &mut production.name_on_card);
            fields.text("chipserialNumber", &mut production.chip);
            fields.text("userName", &mut production.user_name);
            fields.time("printedOn", &mut production.printed_on);
            fields.number("numberOfTries", &mut production.tries);
            // The chip is written through this record only (section 4.3).
            card.chip.clone_from(&production.chip);
        }
        fields.done()?;
        if card == was {
            return Ok(false);
        }
        self.set.put_card(card);
        self.set.note(self.now, self.by, key, "changed");
        Ok(true)
    }

    fn create_set(&mut self, body: &Map<String, Value>) -> Result<Key, Refusal> {
        let mut fields = self.fields(body);
        fields.require(&["profile", "defaultName", "quantity"]);
        let (mut profile, mut name, mut given) = (None, None, Belonging::default());
        fields.entry("profile", Kind::Profile, &mut profile);
        fields.text("defaultName", &mut name);
        let quantity = read_set(&mut fields, &mut given);
        fields.done()?;
        let (profile, name) = (profile.unwrap_or_default(), name.unwrap_or_default());
        Ok(self.set.make_set(name, profile, given, quantity, self.by, self.now))
    }

    fn add_to_set(&mut self, key: Key, body: &Map<String, Value>) -> Result<bool, Refusal> {
        let at = self.set.sets.iter().position(|s| s.key == key).ok_or_else(Refusal::not_found)?;
        let mut given = self.set.sets[at].given.clone();
        let mut fields = self.fields(body);
        fields.require(&["quantity"]);
        let quantity = read_set(&mut fields, &mut given);
        fields.done()?;
        self.set.sets[at].given = given;
        self.set.add_to_set(key, quantity, self.by, self.now);
        self.set.note(self.now, self.by, key, format!("{quantity} cards added"));
        Ok(true)
    }
}

fn read_person(mut fields: Fields<'_>, person: &mut Person, switches: &Switches) -> Result<(), Refusal> {
    if switches.required_on_update {
        fields.require(&["firstName", "lastName", "birthDate"]);
    }
    let (mut first, mut last) = (person.first.to_string(), person.last.to_string());
    fields.firm_text("firstName", &mut first);
    fields.firm_text("lastName", &mut last);
    fields.date("birthDate", &mut person.birth);
    fields.entry("profile", Kind::Profile, &mut person.profile);
    fields.word("addressPreference", words::ADDRESS_TYPE, &mut person.address_preference);
    fields.word("identificationType", words::ID_TYPE, &mut person.id_type);
    fields.text("identificationTypeValue", &mut person.id_value);
    fields.text("middleName", &mut person.middle);
    fields.word("gender", words::GENDER, &mut person.gender);
    fields.word("prefix", words::PREFIX, &mut person.prefix);
    fields.word("suffix", words::SUFFIX, &mut person.suffix);
    fields.text("phoneNumber", &mut person.phone);
    fields.text("mobileNumber", &mut person.mobile);
    fields.word("status", words::PERSON_STATUS, &mut person.status);
    fields.metadata(&mut person.metadata);
    let has_photo = fields.has("photo");
    let mut photo = Some(String::new());
    fields.text("photo", &mut photo);
    match photo {
        None => person.photo = Photo::Missing,
        Some(text) if has_photo => person.photo = Photo::Sent(text),
        Some(_) => {}
    }
    fields.done()?;
    (person.first, person.last) = (Cow::Owned(first), Cow::Owned(last));
    Ok(())
}

fn read_cardholder(
    mut fields: Fields<'_>,
    holder: &mut Cardholder,
    set: &DataSet,
    switches: &Switches,
) -> Result<(), Refusal> {
    if switches.required_on_update {
        fields.require(&["profile"]);
    }
    let was = holder.person;
    fields.reference("person", &mut holder.person, |id| {
        set.guids.place(id, Kind::Person).filter(|key| set.person(*key).is_some())
    });
    if holder.person != was && !switches.moving_allowed {
        fields.wrong("person", "A cardholder cannot be moved to another person.");
    }
    let mut profile = Some(holder.profile);
    fields.entry("profile", Kind::Profile, &mut profile);
    fields.text("loginId", &mut holder.login);
    fields.text("email", &mut holder.email);
    fields.entry("businessUnit", Kind::BusinessUnit, &mut holder.business_unit);
    fields.entry("externalCompany", Kind::ExternalCompany, &mut holder.external_company);
    fields.entry("department", Kind::Department, &mut holder.department);
    fields.entry("costAccount", Kind::CostAccount, &mut holder.cost_account);
    fields.entry("location", Kind::Location, &mut holder.location);
    fields.time("startDate", &mut holder.start);
    fields.time("endDate", &mut holder.end);
    fields.firm_word("status", words::CARDHOLDER_STATUS, &mut holder.status);
    fields.text("nameOnCard", &mut holder.name_on_card);
    fields.text("note", &mut holder.note);
    fields.metadata(&mut holder.metadata);
    fields.done()?;
    holder.profile = profile.unwrap_or(holder.profile);
    Ok(())
}

fn read_address(
    mut fields: Fields<'_>,
    mut address: Address,
    set: &DataSet,
    switches: &Switches,
) -> Result<Address, Refusal> {
    let was = address.person;
    let mut person = Some(was);
    fields.reference("person", &mut person, |id| {
        set.guids.place(id, Kind::Person).filter(|key| set.person(*key).is_some())
    });
    match person {
        None => fields.wrong("person", "This parameter cannot be cleared."),
        Some(person) if person != was && !switches.moving_allowed => {
            fields.wrong("person", "An address cannot be moved to another person.");
        }
        Some(person) => address.person = person,
    }
    fields.firm_word("type", words::ADDRESS_TYPE, &mut address.kind);
    fields.firm_text("streetAddress", &mut address.street);
    fields.firm_text("locality", &mut address.locality);
    fields.firm_text("region", &mut address.region);
    fields.firm_text("postalCode", &mut address.postal_code);
    fields.firm_text("country", &mut address.country);
    fields.metadata(&mut address.metadata);
    fields.done()?;
    Ok(address)
}

fn read_set(fields: &mut Fields<'_>, given: &mut Belonging) -> u32 {
    let (mut quantity, mut job_title) = (None, None);
    fields.number("quantity", &mut quantity);
    fields.entry("businessUnit", Kind::BusinessUnit, &mut given.business_unit);
    fields.entry("externalCompany", Kind::ExternalCompany, &mut given.external_company);
    fields.entry("department", Kind::Department, &mut given.department);
    fields.entry("location", Kind::Location, &mut given.location);
    fields.entry("costAccount", Kind::CostAccount, &mut given.cost_account);
    fields.text("jobTitle", &mut job_title);
    fields.text("note", &mut given.note);
    match quantity {
        Some(0) => fields.wrong("quantity", "The quantity must be 1 or more."),
        Some(many) if many > LARGEST_SET => fields.wrong("quantity", "The quantity is too large."),
        _ => {}
    }
    quantity.unwrap_or_default()
}
