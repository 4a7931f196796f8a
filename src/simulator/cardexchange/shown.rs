//! The objects as JSON (contract section 4).

use super::catalogue::{descriptor, plain_id};
use super::data_set::DataSet;
use super::ids::{Key, Kind};
use super::objects::{Address, AnonymousSet, Card, Cardholder, Metadata, Person, Photo};
use super::switches::Switches;
use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Shows objects of one data set.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The data set.
    pub set: &'a DataSet,
    /// How.
    pub switches: &'a Switches,
}

impl Shown<'_> {
    /// Any object; null if it is not there.
    pub fn any(self, key: Key) -> Value {
        match key.kind {
            Kind::Person => self.set.person(key).map(|p| self.person(&p)),
            Kind::Cardholder => self.set.cardholder(key).map(|h| self.cardholder(&h)),
            Kind::Card => self.set.card(key).map(|c| self.card(&c)),
            Kind::Production => self.set.card_in_production(key).map(|c| self.production(&c)),
            Kind::Address => self.set.address(key).map(|a| self.address(&a)),
            _ => self.set.sets.iter().find(|s| s.key == key).map(|s| self.anonymous_set(s)),
        }
        .unwrap_or(Value::Null)
    }

    fn id(self, key: Key) -> Value {
        json!(self.set.guid(key))
    }

    fn time(self, at: Option<Timestamp>) -> Value {
        let zone = if self.switches.times_without_zone { "" } else { "Z" };
        at.map_or(Value::Null, |at| json!(format!("{}{zone}", at.strftime("%Y-%m-%dT%H:%M:%S"))))
    }

    fn described(self, kind: Kind, entry: Option<u16>) -> Value {
        descriptor(self.set.guids, self.switches, kind, entry)
    }

    /// The number of a person; in a tenant that allows it, some share one (contract section 4.1).
    pub fn person_number(self, person: &Person) -> String {
        let index = person.key.index;
        let shared = self.switches.duplicate_person_numbers && index % 50 == 49 && person.key.number_made().is_none();
        if shared { self.set.beginning.population.employee_number(index - 1) } else { person.number.clone() }
    }

    fn person(self, person: &Person) -> Value {
        let owned = |kind| self.set.owned(person.key, kind).into_iter().map(|key| self.any(key)).collect::<Vec<_>>();
        json!({
            "id": self.id(person.key),
            "personNumber": self.person_number(person),
            "profile": plain_id(self.set.guids, Kind::Profile, person.profile),
            "addressPreference": person.address_preference,
            "identificationType": person.id_type,
            "identificationTypeValue": person.id_value,
            "firstName": person.first,
            "middleName": person.middle,
            "lastName": person.last,
            "birthDate": person.birth.map(|day| day.to_string()),
            "gender": person.gender,
            "prefix": person.prefix,
            "suffix": person.suffix,
            "phoneNumber": person.phone,
            "mobileNumber": person.mobile,
            "status": person.status,
            "metadata": metadata(&person.metadata),
            "photo": self.photo(person),
            "created": self.time(Some(person.created)),
            "addresses": owned(Kind::Address),
            "cardholders": owned(Kind::Cardholder),
        })
    }

    fn photo(self, person: &Person) -> Option<String> {
        let bytes = match &person.photo {
            Photo::Missing => return None,
            Photo::Sent(text) => return Some(text.clone()),
            Photo::Sized(bytes) => *bytes,
            Photo::Usual if self.switches.photo_bytes == 0 => return None,
            Photo::Usual => self.switches.photo_bytes,
        };
        let picture: Vec<u8> = (0..bytes).map(|at| (at.wrapping_mul(167) ^ person.key.index) as u8).collect();
        Some(base64::engine::general_purpose::STANDARD.encode(picture))
    }

    fn cardholder(self, holder: &Cardholder) -> Value {
        let cards: Vec<Value> = self.set.owned(holder.key, Kind::Card).into_iter().map(|key| self.any(key)).collect();
        json!({
            "id": self.id(holder.key),
            "person": holder.person.map(|key| self.id(key)),
            "profile": self.described(Kind::Profile, Some(holder.profile)),
            "profileNumber": holder.number,
            "loginId": holder.login,
            "email": holder.email,
            "businessUnit": self.described(Kind::BusinessUnit, holder.business_unit),
            "externalCompany": self.described(Kind::ExternalCompany, holder.external_company),
            "department": self.described(Kind::Department, holder.department),
            "costAccount": self.described(Kind::CostAccount, holder.cost_account),
            "location": self.described(Kind::Location, holder.location),
            "startDate": self.time(holder.start),
            "endDate": self.time(holder.end),
            "status": holder.status,
            "nameOnCard": holder.name_on_card,
            "note": holder.note,
            "metadata": metadata(&holder.metadata),
            "created": self.time(Some(holder.created)),
            "cards": cards,
        })
    }

    fn card(self, card: &Card) -> Value {
        json!({
            "id": self.id(card.key),
            "cardholder": self.id(card.cardholder),
            "cardNumber": card.number,
            "chipserialNumber": card.chip,
            "status": card.status,
            "type": self.described(Kind::CardType, Some(card.card_type)),
            "encryption": card.encryption,
            "layout": self.described(Kind::Layout, Some(card.layout)),
            "startDate": self.time(card.start),
            "endDate": self.time(card.end),
            "pickupNotice": false,
            "metadata": metadata(&card.metadata),
            "created": self.time(Some(card.created)),
        })
    }

    fn production(self, card: &Card) -> Value {
        let Some(production) = &card.production else { return Value::Null };
        let person = self.set.cardholder(card.cardholder).and_then(|h| h.person);
        json!({
            "id": self.id(production.key),
            "person": person.map(|key| self.id(key)),
            "cardholder": self.id(card.cardholder),
            "card": self.id(card.key),
            "nameOnCard": production.name_on_card,
            "chipserialNumber": production.chip,
            "userName": production.user_name,
            "exported": production.exported,
            "printedOn": self.time(production.printed_on),
            "numberOfTries": production.tries,
        })
    }

    fn address(self, address: &Address) -> Value {
        json!({
            "id": self.id(address.key),
            "person": self.id(address.person),
            "type": address.kind,
            "streetAddress": address.street,
            "locality": address.locality,
            "region": address.region,
            "postalCode": address.postal_code,
            "country": address.country,
            "metadata": metadata(&address.metadata),
            "created": self.time(Some(address.created)),
        })
    }

    fn anonymous_set(self, set: &AnonymousSet) -> Value {
        json!({
            "id": self.id(set.key),
            "profile": plain_id(self.set.guids, Kind::Profile, Some(set.profile)),
            "defaultName": set.name,
            "data": set.persons.iter().map(|key| self.any(*key)).collect::<Vec<_>>(),
        })
    }
}

fn metadata(metadata: &Metadata) -> Value {
    metadata.clone().map_or(Value::Null, Value::Object)
}
