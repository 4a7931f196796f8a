//! Everybody else: other systems and people at workstations who issue, copy, change and end passes, holders with their
//! devices, printers, and a vendor in a bad mood.

use super::book::{Chance, Pages};
use super::truth::{self, Person, TruePass};
use super::wires::Street;
use crate::indoors::House;
use passdesk::domain::credential::System;
use passdesk::simulator::accessgrid::{self, DeviceType};
use passdesk::simulator::cardexchange::Act as CardAct;
use passdesk::simulator::thales_d1::operations::Requestor;
use passdesk::simulator::thales_d1::{ForeignAct as BankAct, NewPhone};
use passdesk::simulator::{Device, ForeignKind, ForeignWrite, InvitationMove, WalletAct, WalletMove, When, Writer};
use serde_json::json;

/// Another system acts on this person.
pub fn act(street: &Street, pages: &mut Pages, person: &Person) {
    if pages.chance.percent(12) {
        return borrow(street, pages, person);
    }
    let house = &street.house;
    let passes = truth::passes(house, person);
    let chance = &mut pages.chance;
    let did = match person.system {
        System::Gallagher => gallagher(house, chance, person, &passes),
        System::AccessGrid => grid(house, chance, &passes),
        System::ThalesD1 => bank(house, chance, &passes),
        System::CardExchange => cards(house, chance, person, &passes),
    };
    if let Some(did) = did {
        pages.unseen.note(person.system, &passes, &truth::passes(house, person));
        pages.tally.foreign += 1;
        pages.say(|| format!("others: {did} of {}", person.holder));
        pages.touch(&person.holder, true);
    }
}

/// Another system gives one of this person's marks to somebody else.
fn borrow(street: &Street, pages: &mut Pages, person: &Person) {
    let house = &street.house;
    let others: Vec<&Person> =
        street.people.iter().filter(|p| p.system == person.system && p.key != person.key).collect();
    let passes = truth::passes(house, person);
    let Some(other) = pages.chance.pick(&others).copied() else { return };
    let Some(pass) = pages.chance.pick(&passes).cloned() else { return };
    let did = match person.system {
        System::Gallagher if pass.reissuable => {
            let cards = house.sim.world().cardholder(&person.key).map(|truth| truth.cards).unwrap_or_default();
            let number = cards.into_iter().find(|card| pass.id.ends_with(&card.segment)).map(|card| card.number);
            let write = ForeignWrite {
                cardholder: other.key.clone(),
                kind: ForeignKind::SameType,
                of: None,
                when: When::Now,
                email: None,
                number,
                workstation: false,
                by: Some(Writer::Client),
            };
            house.sim.world().foreign(write).ok().flatten()
        }
        System::CardExchange => {
            let exchange = house.sim.exchange();
            let holders = exchange.person(&other.key).map(|p| p.cardholders).unwrap_or_default();
            let metadata = exchange.card(&pass.id).and_then(|card| card.metadata.as_object().cloned());
            let to = pages.chance.pick(&holders).cloned().zip(metadata);
            let act = to.map(|(cardholder, metadata)| CardAct::ForeignCreate { cardholder, metadata });
            act.and_then(|act| exchange.act(&act).ok())
        }
        // A copy that gets another employee number.
        System::AccessGrid => {
            let grid = house.sim.grid();
            let foreign = |pass: String, kind| {
                let act = accessgrid::ForeignAct { pass, kind, when: accessgrid::Moment::Now };
                grid.foreign(act).ok().flatten()
            };
            foreign(pass.id.clone(), accessgrid::ForeignKind::Copy)
                .and_then(|copy| foreign(copy, accessgrid::ForeignKind::Employee { employee_id: other.key.clone() }))
        }
        System::Gallagher | System::ThalesD1 => None,
    };
    let Some(did) = did else { return };
    pages.tally.foreign += 1;
    pages.say(|| format!("others: the mark of {} goes to {} as {did}", pass.id, other.holder));
    for touched in [person, other] {
        pages.touch(&touched.holder, true);
    }
}

/// Another system changes the very pass that somebody is about to act on.
pub fn meddle(street: &Street, pages: &mut Pages, person: &Person, pass: &TruePass) {
    let house = &street.house;
    let passes = truth::passes(house, person);
    let chance = &mut pages.chance;
    let did = match person.system {
        System::Gallagher => {
            let kind = *chance.pick(&[ForeignKind::Disable, ForeignKind::ReissueCopy, ForeignKind::Remove]).unwrap();
            let of = pass.id.split_once('/').map(|(_, card)| card.to_owned());
            let write = ForeignWrite {
                cardholder: person.key.clone(),
                kind,
                of,
                when: When::Now,
                email: None,
                number: None,
                workstation: false,
                by: Some(Writer::Workstation),
            };
            house.sim.world().foreign(write).ok().flatten().map(|_| format!("{kind:?}"))
        }
        System::AccessGrid => grid(house, chance, std::slice::from_ref(pass)),
        System::ThalesD1 => bank(house, chance, std::slice::from_ref(pass)),
        System::CardExchange => cards(house, chance, person, std::slice::from_ref(pass)),
    };
    if let Some(did) = did {
        pages.unseen.note(person.system, &passes, &truth::passes(house, person));
        pages.tally.foreign += 1;
        pages.say(|| format!("others, before it is confirmed: {did} {} of {}", pass.id, person.holder));
        pages.touch(&person.holder, true);
    }
}

fn gallagher(house: &House, chance: &mut Chance, person: &Person, passes: &[TruePass]) -> Option<String> {
    let kinds = [
        ForeignKind::SameType,
        ForeignKind::SameType,
        ForeignKind::CopyNumber,
        ForeignKind::ReissueCopy,
        ForeignKind::Remove,
        ForeignKind::Disable,
        ForeignKind::Describe,
    ];
    let kind = *chance.pick(&kinds)?;
    let by =
        *chance.pick(&[Writer::Client, Writer::Workstation, Writer::Import, Writer::Kiosk, Writer::DirectorySync])?;
    let there: Vec<&TruePass> = passes.iter().filter(|p| !p.gone).collect();
    let of = if chance.percent(60) { None } else { chance.pick(&there).map(|p| p.id.clone()) };
    let of = of.and_then(|id| Some(id.split_once('/')?.1.to_owned()));
    let write = ForeignWrite {
        cardholder: person.key.clone(),
        kind,
        of,
        when: When::Now,
        email: None,
        number: None,
        workstation: false,
        by: Some(by),
    };
    let done = house.sim.world().foreign(write).ok()??;
    Some(format!("{by:?} {kind:?} {done}"))
}

fn grid(house: &House, chance: &mut Chance, passes: &[TruePass]) -> Option<String> {
    use accessgrid::ForeignKind as Kind;
    let pass = chance.pick(passes)?.id.clone();
    let action = *chance.pick(&[
        accessgrid::Action::Suspend,
        accessgrid::Action::Resume,
        accessgrid::Action::Unlink,
        accessgrid::Action::Delete,
    ])?;
    let kind = match chance.below(6) {
        0 | 1 => Kind::Issue,
        2 => Kind::Copy,
        3 | 4 => Kind::Act { action },
        _ => Kind::Metadata { key: "visit".to_owned(), value: Some(chance.below(9).to_string()) },
    };
    let words = format!("{kind:?} {pass}");
    let act = accessgrid::ForeignAct { pass, kind, when: accessgrid::Moment::Now };
    let done = house.sim.grid().foreign(act).ok()??;
    Some(format!("{words}: {done}"))
}

fn bank(house: &House, chance: &mut Chance, passes: &[TruePass]) -> Option<String> {
    let pass = chance.pick(passes)?;
    let operation = (*chance.pick(&["suspend", "resume", "delete", "activate", "VERIFY"])?).to_owned();
    if !pass.reissuable && operation == "delete" {
        return None;
    }
    let by = *chance.pick(&[Requestor::Issuer, Requestor::Cci, Requestor::Tsp])?;
    let words = format!("{by:?} {operation} {}", pass.id);
    let code = Some("ISSUER_DECISION".to_owned());
    let wish = BankAct { on: pass.id.clone(), operation, by, reason: None, code };
    house.sim.d1().foreign(&wish).ok()?;
    Some(words)
}

fn cards(house: &House, chance: &mut Chance, person: &Person, passes: &[TruePass]) -> Option<String> {
    let exchange = house.sim.exchange();
    let holders = exchange.person(&person.key)?.cardholders;
    let states = ["blocked", "activated", "withdrawn", "in_production", "initialized", "returned", "bulk_blocked"];
    let act = match chance.below(7) {
        0 | 1 => {
            CardAct::ForeignCreate { cardholder: chance.pick(&holders)?.clone(), metadata: serde_json::Map::new() }
        }
        2 => CardAct::ForeignCopy { card: chance.pick(passes)?.id.clone() },
        3 | 4 => CardAct::ForeignStatus {
            card: chance.pick(passes)?.id.clone(),
            status: (*chance.pick(&states)?).to_owned(),
        },
        5 => CardAct::OperatorEdit {
            resource: "cards".to_owned(),
            id: chance.pick(passes)?.id.clone(),
            set: json!({ "metadata": { "seen": chance.below(9) } }).as_object().cloned()?,
        },
        _ => CardAct::OperatorDelete { card: chance.pick(passes)?.id.clone() },
    };
    let done = exchange.act(&act).ok()?;
    Some(format!("{act:?}: {done}"))
}

/// The holder, her devices and the vendor's own machines do something with one of her passes.
pub fn holder(house: &House, pages: &mut Pages, person: &Person) {
    let passes = truth::passes(house, person);
    let chance = &mut pages.chance;
    let did = match person.system {
        System::Gallagher => accepts(house, chance, person, &passes),
        System::AccessGrid => carries(house, chance, &passes),
        System::ThalesD1 => uses(house, chance, &passes),
        System::CardExchange => receives(house, chance, &passes),
    };
    if let Some(did) = did {
        pages.say(|| format!("holder {}: {did}", person.holder));
        pages.touch(&person.holder, false);
    }
}

fn accepts(house: &House, chance: &mut Chance, person: &Person, passes: &[TruePass]) -> Option<String> {
    let phones: Vec<&TruePass> = passes.iter().filter(|p| p.reissuable && !p.gone).collect();
    let pass = chance.pick(&phones)?;
    let card = pass.id.split_once('/')?.1.to_owned();
    if chance.percent(80) {
        let wish = InvitationMove { cardholder: person.key.clone(), card, status: "accepted".to_owned() };
        house.sim.world().invitation(&wish).ok()?;
        return Some(format!("accepts {}", pass.id));
    }
    let act = *chance.pick(&[WalletAct::Provision, WalletAct::Suspend, WalletAct::Resume, WalletAct::Delete])?;
    let wish = WalletMove { cardholder: person.key.clone(), card, act, device: Device::Phone };
    house.sim.world().wallet(&wish).ok()?;
    Some(format!("{act:?} {}", pass.id))
}

fn carries(house: &House, chance: &mut Chance, passes: &[TruePass]) -> Option<String> {
    let there: Vec<&TruePass> = passes.iter().filter(|p| !p.gone).collect();
    let pass = &chance.pick(&there)?.id;
    let grid = house.sim.grid();
    let (word, done) = match chance.below(8) {
        0..=3 => {
            let device = if chance.percent(50) { DeviceType::Iphone } else { DeviceType::AndroidPhone };
            ("installs", grid.install(pass, device))
        }
        4 => ("removes from the wallet", grid.uninstall(pass)),
        5 => ("loses", grid.device_lost(pass)),
        6 => ("finds", grid.device_found(pass)),
        _ => ("outlives", grid.expire(pass)),
    };
    done.ok().map(|()| format!("{word} {pass}"))
}

fn uses(house: &House, chance: &mut Chance, passes: &[TruePass]) -> Option<String> {
    let bank = house.sim.d1();
    if chance.percent(40) {
        let cards: Vec<&TruePass> = passes.iter().filter(|p| !p.reissuable).collect();
        let card = chance.pick(&cards)?.id.clone();
        let wish = NewPhone { card, device: "Pixel 9".to_owned(), identified: chance.percent(60) };
        return bank.new_phone(&wish).ok().map(|id| format!("adds {id}"));
    }
    let digital: Vec<&TruePass> = passes.iter().filter(|p| p.reissuable && !p.gone).collect();
    let on = chance.pick(&digital)?.id.clone();
    let operation = (*chance.pick(&["suspend", "resume", "activate"])?).to_owned();
    let words = format!("{operation} {on}");
    let code = Some("USER_DECISION".to_owned());
    bank.foreign(&BankAct { on, operation, by: Requestor::User, reason: None, code }).ok()?;
    Some(words)
}

fn receives(house: &House, chance: &mut Chance, passes: &[TruePass]) -> Option<String> {
    let there: Vec<&TruePass> = passes.iter().filter(|p| !p.gone).collect();
    let card = &chance.pick(&there)?.id;
    let exchange = house.sim.exchange();
    // A card goes the way from printer to hand in one go most of the time.
    let done = [
        exchange.print(card, chance.percent(90)).is_ok(),
        chance.percent(80) && exchange.approve(card).is_ok(),
        chance.percent(70) && exchange.holder_reactivates(card).is_ok(),
    ];
    if done.contains(&true) {
        return Some(format!("gets {card}"));
    }
    exchange.holder_blocks(card).ok().map(|()| format!("blocks {card}"))
}

/// How the vendors behave from now on.
pub fn weather(house: &House, pages: &mut Pages) {
    let chance = &mut pages.chance;
    let (sim, n) = (&house.sim, chance.below(4));
    let words = match chance.below(12) {
        0 => sim.world().change_switches(&json!({ "feed_latency_s": ([0, 30, 90, 400][n]) })).map(|_| "late feed"),
        1 => sim.world().change_switches(&json!({ "feed_merge_s": ([0, 20, 60, 300][n]) })).map(|_| "merging feed"),
        2 => sim
            .world()
            .change_switches(&json!({ "patch_answer": (["no_content", "object", "message", "no_content"][n]) }))
            .map(|_| "answers of a PATCH"),
        3 => sim
            .world()
            .change_switches(&json!({ "operator_href": (["items_in_feed", "missing", "items_in_feed", "items_in_feed"][n]) }))
            .map(|_| "operators of the feed"),
        4 => sim.grid().change_switches(&json!({ "list_omits_every": ([0, 2, 3, 1][n]) })).map(|_| "lists that omit"),
        5 => sim
            .grid()
            .change_switches(&json!({ "action_answer": (["whole", "few", "status_only", "whole"][n]) }))
            .map(|_| "answers of an action"),
        6 => sim
            .grid()
            .change_switches(&json!({ "honour_metadata_filter": n % 2 == 0, "honour_holder_filters": n < 2 }))
            .map(|_| "filters"),
        7 => sim
            .d1()
            .change_switches(&json!({ "pending_polls": ([0, 1, 2, 5][n]), "pending_end": if n == 3 { "failed" } else { "successful" } }))
            .map(|_| "pending operations"),
        8 => sim
            .d1()
            .change_switches(&json!({ "operation_id": n % 2 == 0, "empty_success": n == 3, "suspended_reads_inactive": n == 1 }))
            .map(|_| "answers of D1"),
        9 => {
            let may_view = n != 0;
            sim.world()
                .change_client(&passdesk::simulator::ClientChange {
                    client: 9001,
                    may_view: Some(may_view),
                    ..passdesk::simulator::ClientChange::default()
                })
                .map(|_| "what our key may see")
        }
        10 => sim.exchange().change_switches(&json!({ "auto_approve": n == 0, "empty_answers": n == 1 })).map(|_| "cards"),
        _ => sim
            .exchange()
            .change_switches(&json!({ "metadata_update": if n == 0 { "merge" } else { "replace" }, "newest_first": n == 1, "create_is_201": n == 2 }))
            .map(|_| "lists of cards"),
    };
    let words = words.unwrap_or("nothing, as it cannot be");
    pages.say(|| format!("weather: {words} {n}"));
}

/// The vendors behave as they should again.
pub fn fair_weather(house: &House) {
    let sim = &house.sim;
    sim.world().set_switches(passdesk::simulator::Switches::default());
    sim.grid().set_switches(accessgrid::Switches::default());
    sim.d1().set_switches(passdesk::simulator::thales_d1::Switches::default());
    sim.exchange().set_switches(passdesk::simulator::cardexchange::ExchangeSwitches::default());
    let _ = sim.world().change_client(&passdesk::simulator::ClientChange {
        client: 9001,
        may_view: Some(true),
        ..passdesk::simulator::ClientChange::default()
    });
}
