//! Objects as the server writes them (contract sections 4.1, 4.2, 5.1 and 6). Blank values stay out.

use super::access_groups::{GROUPS_PATH, group_name};
use super::card_types::{BADGE_PATTERN, CardType, NumberFormat};
use super::divisions::division_link;
use super::fields::Fields;
use super::memberships::Membership;
use super::operators::{Client, Operator};
use super::person::{Card, Person};
use super::personal_data::{PERSONAL_DATA_FIELDS, PersonalDataField};
use super::switches::Switches;
use crate::simulator::clock::wire_time;
use crate::simulator::population::spread;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Access zones: id and name.
pub const ACCESS_ZONES: &[(u16, &str)] = &[(512, "Level 1"), (513, "Level 2"), (514, "Yard"), (515, "Plant room")];

/// Path of a person.
pub fn person_path(id: u32) -> String {
    format!("/api/cardholders/{id}")
}

/// Path of a card, which only identifies it: GET is always 404.
pub fn card_path(holder: u32, card: &Card) -> String {
    format!("/api/cardholders/{holder}/cards/{}", card.key())
}

/// Path of a card type.
pub fn card_type_path(id: u16) -> String {
    format!("/api/card_types/{id}")
}

/// Path of an operator as the change feed shows it by default.
pub fn operator_path(operator: Operator) -> String {
    format!("/api/items/{}", operator.id)
}

/// What writing an object depends on.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What hrefs begin with.
    pub base: &'a str,
    /// Virtual now.
    pub now: Timestamp,
    /// Unpublished behaviour.
    pub switches: &'a Switches,
    /// Who asks: not everybody sees everything.
    pub client: &'a Client,
    /// What is wanted.
    pub fields: &'a Fields,
}

fn text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| Value::from(value))
}

impl View<'_> {
    fn href(&self, path: &str) -> Value {
        Value::from(format!("{}{path}", self.base))
    }

    fn link(&self, path: &str) -> Value {
        json!({ "href": self.href(path) })
    }

    /// A person. `detail`: the default set of the single object, else that of the search.
    pub fn person(&self, person: &Person, detail: bool) -> Value {
        let mut out = Map::new();
        let path = person_path(person.id());
        let fields = self.fields;
        fields.put(&mut out, "href", true, || Some(self.href(&path)));
        fields.put(&mut out, "id", true, || Some(person.id().to_string().into()));
        fields.put(&mut out, "firstName", true, || text(&person.first));
        fields.put(&mut out, "lastName", true, || text(&person.last));
        fields.put(&mut out, "shortName", true, || text(&person.short));
        fields.put(&mut out, "description", true, || text(&person.description));
        fields.put(&mut out, "authorised", true, || Some(person.authorised.into()));
        fields.put(&mut out, "lastSuccessfulAccessTime", detail, || {
            person.last_access.map(|(at, _)| wire_time(at).into())
        });
        fields.put(&mut out, "lastSuccessfulAccessZone", detail, || {
            let (_, zone) = person.last_access?;
            let name = ACCESS_ZONES.iter().find(|(id, _)| *id == zone).map(|(_, name)| *name)?;
            Some(json!({ "name": name, "href": self.href(&format!("/api/access_zones/{zone}")) }))
        });
        fields.put(&mut out, "division", detail, || Some(division_link(self.base, person.division)));
        for flag in [
            "disableCipherPad",
            "useExtendedAccessTime",
            "operatorLoginEnabled",
            "operatorPasswordExpired",
            "windowsLoginEnabled",
        ] {
            fields.put(&mut out, flag, detail, || Some(false.into()));
        }
        fields.put(&mut out, "notifications", detail, || Some(json!({ "enabled": false })));
        fields.put(&mut out, "cards", detail, || {
            Some(person.cards.iter().map(|card| self.card(person.id(), card)).collect())
        });
        fields.put(&mut out, "accessGroups", detail, || {
            let shown = |m: &Membership| m.shown_on_person(self.base, person.id(), self.now);
            Some(person.memberships.iter().map(shown).collect())
        });
        self.personal_data(&mut out, person, detail);
        fields.put(&mut out, "edit", detail, || Some(self.link(&format!("{path}/edit"))));
        fields.put(&mut out, "updateLocation", detail, || Some(self.link(&format!("{path}/update_location"))));
        fields.put(&mut out, "updates", detail, || Some(self.link(&format!("{path}/updates/0_0_0"))));
        Value::Object(out)
    }

    /// Both forms of the personal data that is wanted: `personalDataFields` asks for all of it, `pdf_{id}` for one
    /// even if blank.
    fn personal_data(&self, out: &mut Map<String, Value>, person: &Person, detail: bool) {
        let all =
            self.fields.wants("personalDataFields", detail) || self.fields.wants("personalDataDefinitions", detail);
        let mut definitions = Vec::new();
        for field in PERSONAL_DATA_FIELDS {
            let asked = self.fields.wants(&format!("pdf_{}", field.id), false);
            let value = field.of(person);
            if !field.is_visible(person, self.client) || !asked && (!all || value.is_empty()) {
                continue;
            }
            let href = format!("{}{}/personal_data/{}", self.base, person_path(person.id()), field.id);
            let value = field.shown(value, &href);
            out.insert(field.member.to_owned(), value.clone());
            let mut definition = json!({
                "href": href,
                "definition": {
                    "href": self.href(&format!("/api/personal_data_fields/{}", field.id)),
                    "id": field.id.to_string(), "name": field.name(), "type": field.kind,
                },
                "value": value,
            });
            if matches!(field.kind, "email" | "mobile") {
                definition["notifications"] = person.notified.contains(&field.id).into();
            }
            definitions.push(json!({ field.member: definition }));
        }
        if !definitions.is_empty() {
            out.insert("personalDataDefinitions".into(), definitions.into());
        }
    }

    /// A card.
    pub fn card(&self, holder: u32, card: &Card) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        };
        let kind = card.kind();
        let (word, machine) = card.status(self.now);
        put("href", Some(self.href(&card_path(holder, card))));
        put("number", text(&card.number));
        put("cardSerialNumber", text(&card.serial));
        let level = card.issue_level.or((kind.is_mobile() && self.switches.mobile_issue_level).then_some(1));
        put("issueLevel", level.map(Value::from));
        put("status", Some(json!({ "value": word, "type": machine })));
        put("type", Some(json!({ "href": self.href(&card_type_path(kind.id)), "name": kind.name })));
        put("from", card.from.map(|at| wire_time(at).into()));
        put("until", card.until.map(|at| wire_time(at).into()));
        put("credentialClass", Some(kind.class.into()));
        put("credentialId", text(&card.lasting_id()));
        put("bleFacilityId", card.ble_facility.map(Value::from));
        put("lastUsedTime", card.last_used.map(|at| wire_time(at).into()));
        put("invitation", self.invitation(card));
        put("deviceType", text(card.device));
        if card.invitation.as_ref().is_some_and(|i| i.accepted.is_some()) {
            put("e2eKey", card.credential_id.map(|id| format!("{:016x}", spread(id as u64)).into()));
        }
        if kind.class == "govPass" {
            put("visitorContractor", Some(card.visitor.into()));
            put("ownedBySite", Some(true.into()));
        }
        put("pivData", card.piv.as_ref().map(|piv| piv.shown(self.fields.asks("cards", "pivData"))));
        if self.fields.asks("cards", "trace") {
            put("trace", Some(card.trace.into()));
        }
        Value::Object(out)
    }

    fn invitation(&self, card: &Card) -> Option<Value> {
        let invitation = card.invitation.as_ref()?;
        let status = invitation.status(self.now, self.switches);
        let mut out = json!({ "status": status });
        for (name, value) in [("email", &invitation.email), ("mobile", &invitation.mobile)] {
            if !value.is_empty() && self.client.sees_contacts {
                out[name] = value.as_str().into();
            }
        }
        if invitation.single_factor {
            out["singleFactorOnly"] = true.into();
        }
        if status == "sent" || (status == "expired" && self.switches.expired_invitation_href) {
            let cloud = "https://commandcentre-ap-southeast-2.security.gallagher.cloud/api/invitations";
            out["href"] = format!("{cloud}/{}", invitation.code).into();
        }
        Some(out)
    }

    /// A card type. The facility code always goes out: real clients insist on it (contract section 6).
    pub fn card_type(&self, kind: &CardType) -> Value {
        let mut out = Map::new();
        let fields = self.fields;
        let mobile = kind.is_mobile();
        fields.put(&mut out, "href", true, || Some(self.href(&card_type_path(kind.id))));
        fields.put(&mut out, "id", true, || Some(kind.id.to_string().into()));
        fields.put(&mut out, "name", true, || text(kind.name));
        let coded = !mobile || self.switches.mobile_facility_code;
        fields.put(&mut out, "facilityCode", true, || text(kind.facility_code).filter(|_| coded));
        fields.put(&mut out, "credentialClass", true, || text(kind.class));
        fields.put(&mut out, "availableCardStates", true, || Some(kind.states.into()));
        fields.put(&mut out, "initialCardState", true, || {
            kind.states.get(usize::from(kind.initial)).map(|s| (*s).into())
        });
        if let NumberFormat::Decimal { min, max } = kind.format {
            fields.put(&mut out, "minimumNumber", true, || Some(min.to_string().into()));
            fields.put(&mut out, "maximumNumber", true, || Some(max.to_string().into()));
        }
        if kind.format == NumberFormat::Badge {
            fields.put(&mut out, "regex", true, || text(BADGE_PATTERN));
            fields.put(&mut out, "regexDescription", true, || text("V, a hyphen, six or seven digits"));
        }
        let number_format = if matches!(kind.format, NumberFormat::Decimal { .. }) { "Decimal" } else { "Text" };
        fields.put(&mut out, "cardNumberFormat", !mobile, || text(number_format));
        fields.put(&mut out, "sendRegistrationEmail", mobile, || mobile.then(|| true.into()));
        fields.put(&mut out, "sendRegistrationSms", mobile, || mobile.then(|| false.into()));
        fields.put(&mut out, "division", true, || Some(division_link(self.base, kind.division)));
        Value::Object(out)
    }

    /// The definition of a personal data field.
    pub fn personal_data_field(&self, field: &PersonalDataField) -> Value {
        let mut out = Map::new();
        let fields = self.fields;
        fields.put(&mut out, "id", true, || Some(field.id.to_string().into()));
        fields.put(&mut out, "name", true, || text(field.name()));
        fields.put(&mut out, "href", true, || Some(self.href(&format!("/api/personal_data_fields/{}", field.id))));
        fields.put(&mut out, "type", false, || text(field.kind));
        fields.put(&mut out, "description", false, || text(field.description));
        fields.put(&mut out, "required", false, || Some(false.into()));
        fields.put(&mut out, "unique", false, || Some((field.id == 703).into()));
        fields.put(&mut out, "division", false, || Some(division_link(self.base, 2)));
        // The contract names these two and not their words: these are ours.
        fields.put(&mut out, "defaultAccess", false, || text("fullAccess"));
        let hidden = self.client.hidden_fields.contains(&field.id);
        fields.put(&mut out, "operatorAccess", false, || text(if hidden { "noAccess" } else { "fullAccess" }));
        fields.put(&mut out, "accessGroups", false, || {
            let group =
                |id: &u16| json!({ "name": group_name(*id), "href": self.href(&format!("{GROUPS_PATH}/{id}")) });
            Some(field.groups.iter().map(group).collect())
        });
        let notifies = matches!(field.kind, "email" | "mobile");
        fields.put(&mut out, "notificationDefault", false, || notifies.then(|| false.into()));
        fields.put(&mut out, "sortPriority", false, || {
            PERSONAL_DATA_FIELDS.iter().position(|known| known.id == field.id).map(Value::from)
        });
        Value::Object(out)
    }
}
