//! Consumers with their cards and digital cards. There is no search and no list at this vendor: both are the
//! directory's (contract section 12); what an id leads to is asked live and enters it.

use super::history::{archive_failed, card_source};
use super::routes::{IdOf, Offer, checked, is_absent};
use super::{Awaited, ProviderError, ProviderErrorKind, ThalesD1, wire};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Particular};
use crate::domain::ids::{CredentialId, HolderId, Link, VendorKey};
use crate::domain::text::Untrusted;
use crate::ports::archive::{DirectoryEntry, DirectorySource, KnownPass, RecordKind, Sighting, VendorRecord};
use crate::ports::provider::{HolderPage, HolderRead};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::PoisonError;

/// Operations are read again with a view if that was longer ago.
const STALE: SignedDuration = SignedDuration::from_mins(10);

/// What the server said about a consumer.
#[derive(Default)]
struct Found {
    data: Option<Value>,
    cards: Vec<(VendorKey, Value)>,
    passes: Vec<(VendorKey, VendorKey, Option<Value>)>,
    /// False: only those that were known are here, and there may be others.
    all: bool,
    server_date: Option<Timestamp>,
}

impl ThalesD1 {
    /// People by label or id. An id that nobody knows here is asked for at the vendor.
    pub(super) async fn search(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        if looks_like_card_number(text) {
            let why = "this looks like a card number: it is not looked for, and must not be typed here";
            return Err(ProviderError::new(ProviderErrorKind::Invalid, why));
        }
        let mut found = self.archive.find(self.tenant(), text, limit).await.map_err(archive_failed)?;
        if found.is_empty()
            && let Some(entry) = self.look_up(text.trim()).await?
        {
            found.push(entry);
        }
        let mut rows = Vec::with_capacity(found.len());
        for entry in found {
            rows.push(self.remembered(entry).await?);
        }
        Ok(HolderPage { rows, next: None })
    }

    /// A page of the directory.
    pub(super) async fn list_people(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        let after = page.map_or(Some(0), |link| link.last_segment().parse::<u64>().ok());
        let after =
            after.ok_or_else(|| ProviderError::new(ProviderErrorKind::Invalid, "this is no page of the directory"))?;
        let found = self.archive.page(self.tenant(), after, size.max(1)).await.map_err(archive_failed)?;
        let next = if found.len() < size.max(1) {
            None
        } else {
            found.last().and_then(|(n, _)| format!("/directory/{n}").parse().ok())
        };
        let mut rows = Vec::with_capacity(found.len());
        for (_, entry) in found {
            rows.push(self.remembered(entry).await?);
        }
        Ok(HolderPage { rows, next })
    }

    /// Somebody as she was when she was last read; what was never read has no state.
    async fn remembered(&self, entry: DirectoryEntry) -> Result<HolderRead, ProviderError> {
        let as_of = entry.last_verified.unwrap_or(entry.first_seen);
        let mut credentials = Vec::new();
        for card in &entry.cards {
            let known = self.archive.record(self.tenant(), RecordKind::Card, card).await.map_err(archive_failed)?;
            let raw = known.map(|known| known.record.raw);
            credentials.extend(self.card(&entry, card, raw.as_ref(), as_of));
        }
        for pass in &entry.passes {
            let known = self.archive.record(self.tenant(), RecordKind::DigitalCard, &pass.id).await;
            let raw = known.map_err(archive_failed)?.map(|known| known.record.raw);
            credentials.extend(self.pass(&entry, &pass.id, pass.card.as_ref(), raw.as_ref(), as_of));
        }
        let holder = self.cardholder(&entry, None, as_of)?;
        Ok(HolderRead { holder, credentials, server_date: None })
    }

    /// Asks the vendor whose an id is: a consumer's, a card's or a digital card's. A miss proves nothing.
    async fn look_up(&self, text: &str) -> Result<Option<DirectoryEntry>, ProviderError> {
        let Ok(consumer) = checked(IdOf::Consumer, text) else { return Ok(None) };
        // A word is a name until it looks like an id: nobody is asked about every surname.
        if text.len() < 4 || !text.bytes().any(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let now = self.clock.now();
        let mut sighting = Sighting {
            consumer: consumer.clone(),
            cards: Vec::new(),
            passes: Vec::new(),
            last4: Untrusted::default(),
            source: DirectorySource::Api,
            verified: true,
            deleted: false,
        };
        if self.there(&self.addresses.consumer(&consumer)?).await?.is_none()
            && self.there(&self.addresses.consumer_cards(&consumer)?).await?.is_none()
        {
            let pass = match self.there(&self.addresses.digital(&consumer)?).await? {
                Some(pass) => Some(checked(IdOf::Card, wire::text(&pass, &["cardId"]).raw())?),
                None => None,
            };
            let Some(card) = pass.clone().or_else(|| checked(IdOf::Card, text).ok()) else { return Ok(None) };
            let Some(found) = self.there(&self.addresses.card(&card)?).await? else { return Ok(None) };
            sighting.consumer = checked(IdOf::Consumer, wire::text(&found, &["consumerId"]).raw())?;
            sighting.last4 = wire::text(&found, wire::LAST4);
            sighting.passes =
                pass.map(|_| KnownPass { id: consumer.clone(), card: Some(card.clone()) }).into_iter().collect();
            sighting.cards = vec![card];
        }
        let consumer = sighting.consumer.clone();
        self.archive.learn(self.tenant(), vec![sighting], now).await.map_err(archive_failed)?;
        self.archive.entry(self.tenant(), &consumer).await.map_err(archive_failed)
    }

    /// A document, or nothing if there is none or it may not be seen.
    async fn there(&self, link: &Link) -> Result<Option<Value>, ProviderError> {
        match self.reads.json(link).await {
            Ok(answer) => Ok(Some(answer.value)),
            Err(error) if is_absent(&error) || error.status == Some(403) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One consumer with all that hangs from her, live; what was seen is remembered, and her operations archived.
    pub(super) async fn person(&self, id: &HolderId) -> Result<HolderRead, ProviderError> {
        let consumer = checked(IdOf::Consumer, id.key.as_str())?;
        let known = self.archive.entry(self.tenant(), &consumer).await.map_err(archive_failed)?;
        let known = known.filter(|entry| entry.consumer == consumer);
        self.poll_awaited(&consumer).await;
        let found = self.read_consumer(&consumer, known.as_ref()).await?;
        let now = self.clock.now();
        self.remember(&consumer, &found, now).await?;
        let entry = self.archive.entry(self.tenant(), &consumer).await.map_err(archive_failed)?;
        let entry = entry.ok_or_else(|| ProviderError::new(ProviderErrorKind::NotFound, "not found or no history"))?;
        self.archive.watch(self.tenant(), &consumer, now).await.map_err(archive_failed)?;
        let last = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).get(&consumer).copied();
        if last.is_none_or(|last| now.duration_since(last) > STALE)
            && let Err(error) = self.collect(&entry).await
        {
            // The view stands without it; the gap is drawn in the history.
            tracing::warn!(detail = %error.detail, "operations could not be archived");
        }
        let mut credentials = Vec::new();
        for (card, raw) in &found.cards {
            credentials.extend(self.card(&entry, card, Some(raw), now));
        }
        for (pass, card, raw) in &found.passes {
            credentials.extend(self.pass(&entry, pass, Some(card), raw.as_ref(), now));
        }
        if !found.all {
            let words = "known passes only: this server does not list them all";
            for one in &mut credentials {
                one.particulars.push((Particular::Remark, Untrusted::new(words)));
            }
        }
        self.show_awaited(&mut credentials);
        let holder = self.cardholder(&entry, found.data.as_ref(), now)?;
        Ok(HolderRead { holder, credentials, server_date: found.server_date })
    }

    async fn read_consumer(
        &self,
        consumer: &VendorKey,
        known: Option<&DirectoryEntry>,
    ) -> Result<Found, ProviderError> {
        let mut found = Found { all: true, ..Found::default() };
        if self.lacking.has(Offer::Consumer) {
            match self.reads.json(&self.addresses.consumer(consumer)?).await {
                Ok(answer) => {
                    found.server_date = answer.server_date;
                    found.data = Some(answer.value);
                }
                Err(error) if error.status == Some(405) => self.lacking.note(Offer::Consumer),
                Err(error) if is_absent(&error) || error.status == Some(403) => {}
                Err(error) => return Err(error),
            }
        }
        let listed = self.cards_of(consumer, &mut found).await?;
        if !listed {
            let cards = known.map(|entry| entry.cards.clone()).unwrap_or_default();
            for card in cards {
                if let Some(raw) = self.there(&self.addresses.card(&card)?).await? {
                    found.cards.push((card, raw));
                }
            }
            found.all = false;
            if found.cards.is_empty() && found.data.is_none() {
                let why = "the server shows nothing of this consumer: not found, or no history";
                return Err(ProviderError {
                    status: Some(404),
                    ..ProviderError::new(ProviderErrorKind::NotFound, why)
                });
            }
            // The cards are there, so it is their list that is not.
            if !found.cards.is_empty() {
                self.lacking.note(Offer::ConsumerCards);
            }
        }
        for (card, _) in found.cards.clone() {
            if !self.passes_of(&card, &mut found).await? {
                found.all = false;
                self.known_passes(consumer, &card, known, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// C8; false if the server does not list them.
    async fn cards_of(&self, consumer: &VendorKey, found: &mut Found) -> Result<bool, ProviderError> {
        if !self.lacking.has(Offer::ConsumerCards) {
            return Ok(false);
        }
        let answer = match self.reads.json(&self.addresses.consumer_cards(consumer)?).await {
            Ok(answer) => answer,
            Err(error) if is_absent(&error) || error.status == Some(403) => {
                if error.status == Some(405) {
                    self.lacking.note(Offer::ConsumerCards);
                }
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        found.server_date = answer.server_date.or(found.server_date);
        let Some(cards) = wire::list(&answer.value, "cards") else { return Ok(false) };
        for card in cards {
            // A card whose id is no id can be neither shown nor asked for.
            if let Ok(id) = checked(IdOf::Card, wire::text(card, &["cardId"]).raw()) {
                found.cards.push((id, card.clone()));
            }
        }
        Ok(true)
    }

    /// T6; false if the server does not list them.
    async fn passes_of(&self, card: &VendorKey, found: &mut Found) -> Result<bool, ProviderError> {
        if !self.lacking.has(Offer::DigitalCards) {
            return Ok(false);
        }
        let answer = match self.reads.json(&self.addresses.digital_cards_of(card)?).await {
            Ok(answer) => answer.value,
            Err(error) if is_absent(&error) => {
                // The card itself was just read.
                self.lacking.note(Offer::DigitalCards);
                return Ok(false);
            }
            Err(error) if error.status == Some(403) => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(passes) = wire::list(&answer, "digitalCards") else { return Ok(false) };
        for pass in passes {
            if let Ok(id) = checked(IdOf::DigitalCard, wire::text(pass, wire::DIGITAL_ID).raw()) {
                found.passes.push((id, card.clone(), Some(pass.clone())));
            }
        }
        Ok(true)
    }

    /// What the directory knows, and what the card's archived operations name; each one asked for.
    async fn known_passes(
        &self,
        consumer: &VendorKey,
        card: &VendorKey,
        known: Option<&DirectoryEntry>,
        found: &mut Found,
    ) -> Result<(), ProviderError> {
        if let Some(entry) = known {
            let entry = DirectoryEntry { cards: vec![card.clone()], ..entry.clone() };
            // What cannot be collected now may be in the archive from before.
            let _ = self.collect(&entry).await;
        }
        let mut ids: Vec<VendorKey> = known
            .into_iter()
            .flat_map(|entry| &entry.passes)
            .filter(|pass| pass.card.as_ref().is_none_or(|of| of == card))
            .map(|pass| pass.id.clone())
            .collect();
        if let Ok(source) = card_source(consumer, card) {
            let operations = self.archive.records(self.tenant(), &[source], 1_000).await.map_err(archive_failed)?;
            for one in operations {
                let details = one.record.raw.get("details").unwrap_or(&Value::Null);
                ids.extend(checked(IdOf::DigitalCard, wire::text(details, &["digitalCardId"]).raw()).ok());
            }
        }
        ids.sort();
        ids.dedup();
        for id in ids {
            if found.passes.iter().any(|(other, ..)| *other == id) {
                continue;
            }
            let raw = if self.lacking.has(Offer::DigitalCard) {
                self.there(&self.addresses.digital(&id)?).await?
            } else {
                None
            };
            let of = raw.as_ref().map(|raw| wire::text(raw, &["cardId"]));
            if of.is_none_or(|of| of.is_empty() || of.raw() == card.as_str()) {
                found.passes.push((id, card.clone(), raw));
            }
        }
        Ok(())
    }

    /// What was seen enters the directory and the archive.
    async fn remember(&self, consumer: &VendorKey, found: &Found, now: Timestamp) -> Result<(), ProviderError> {
        let deleted = found.data.as_ref().is_some_and(|data| wire::text(data, &["state"]).raw() == "DELETED");
        let sighting = Sighting {
            consumer: consumer.clone(),
            cards: found.cards.iter().map(|(id, _)| id.clone()).collect(),
            passes: found
                .passes
                .iter()
                .map(|(id, card, _)| KnownPass { id: id.clone(), card: Some(card.clone()) })
                .collect(),
            last4: found.cards.first().map(|(_, raw)| wire::text(raw, wire::LAST4)).unwrap_or_default(),
            source: DirectorySource::Api,
            verified: true,
            deleted,
        };
        self.archive.learn(self.tenant(), vec![sighting], now).await.map_err(archive_failed)?;
        let record = |kind: RecordKind, id: &VendorKey, raw: &Value| VendorRecord {
            kind,
            source: id.clone(),
            id: id.clone(),
            at: wire::time(raw, wire::UPDATED),
            raw: raw.clone(),
        };
        let cards = found.cards.iter().map(|(id, raw)| record(RecordKind::Card, id, raw));
        let passes =
            found.passes.iter().filter_map(|(id, _, raw)| Some(record(RecordKind::DigitalCard, id, raw.as_ref()?)));
        self.archive.keep(self.tenant(), cards.chain(passes).collect(), now).await.map_err(archive_failed)?;
        let mut reasons = self.state_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, raw) in &found.cards {
            reasons.insert(id.clone(), wire::text(raw, &["stateReason"]).raw().to_owned());
        }
        Ok(())
    }

    fn cardholder(
        &self,
        entry: &DirectoryEntry,
        data: Option<&Value>,
        as_of: Timestamp,
    ) -> Result<Cardholder, ProviderError> {
        let own = |names: &[&str]| data.map(|data| wire::text(data, names)).unwrap_or_default();
        let (mut first_name, mut last_name) = (own(&["firstName"]), own(&["lastName", "familyName"]));
        if !entry.display_name.is_empty() {
            // The issuer's own list is what the desk goes by.
            let name = entry.display_name.raw();
            let (first, last) = name.rsplit_once(' ').unwrap_or(("", name));
            (first_name, last_name) = (Untrusted::new(first), Untrusted::new(last));
        } else if first_name.is_empty() && last_name.is_empty() {
            last_name = Untrusted::new(entry.consumer.as_str());
        }
        let mut description = entry.tags.raw().to_owned();
        if entry.generation > 1 {
            description = format!("{description} (a new holder of an old id: generation {})", entry.generation);
        }
        Ok(Cardholder {
            id: HolderId::new(self.tenant().clone(), entry.consumer.clone()),
            link: self.addresses.consumer(&entry.consumer)?,
            first_name,
            last_name,
            description: Untrusted::new(description.trim()),
            division: Untrusted::default(),
            employee_number: entry.customer_ref.clone(),
            email: own(&["email", "emailAddress"]),
            authorised: entry.tombstone.is_none(),
            as_of,
        })
    }

    /// A card; nothing if its id is none.
    fn card(
        &self,
        entry: &DirectoryEntry,
        id: &VendorKey,
        raw: Option<&Value>,
        as_of: Timestamp,
    ) -> Option<Credential> {
        let class = CredentialClass::FundingCard;
        let mut one = self.credential(entry, id, class, raw, as_of, self.addresses.card(id).ok()?)?;
        let null = Value::Null;
        let raw = raw.unwrap_or(&null);
        let product = wire::text(raw, &["cardProductId"]);
        if let Some(link) =
            checked(IdOf::Card, product.raw()).ok().and_then(|p| format!("/cardProducts/{}", p.as_str()).parse().ok())
        {
            one.type_link = link;
        }
        one.type_name = product;
        for (name, members) in [
            (Particular::StateReason, &["stateReason"][..]),
            (Particular::Ongoing, &["ongoingOperation"][..]),
            (Particular::Scheme, wire::SCHEME),
            (Particular::Created, wire::CREATED),
            (Particular::Changed, wire::UPDATED),
        ] {
            let value = wire::text(raw, members);
            if !value.is_empty() && value.raw() != "NONE" {
                one.particulars.push((name, value));
            }
        }
        Some(one)
    }

    /// A digital card; nothing if its id is none.
    fn pass(
        &self,
        entry: &DirectoryEntry,
        id: &VendorKey,
        card: Option<&VendorKey>,
        raw: Option<&Value>,
        as_of: Timestamp,
    ) -> Option<Credential> {
        let class = CredentialClass::DigitalCard;
        let mut one = self.credential(entry, id, class, raw, as_of, self.addresses.digital(id).ok()?)?;
        let null = Value::Null;
        let raw = raw.unwrap_or(&null);
        one.type_name = wire::text(raw, &["deviceType"]);
        if let Some(card) = card {
            one.particulars.push((Particular::Parent, Untrusted::new(card.as_str())));
        }
        for (name, members) in [
            (Particular::Device, &["deviceName"][..]),
            (Particular::TokenRequestor, &["tokenRequestorName", "tokenRequestorId"][..]),
            (Particular::StateReason, &["stateReason"][..]),
            (Particular::Ongoing, &["ongoingOperation"][..]),
            (Particular::Scheme, wire::SCHEME),
            (Particular::Created, wire::CREATED),
        ] {
            let value = wire::text(raw, members);
            if !value.is_empty() && value.raw() != "NONE" {
                one.particulars.push((name, value));
            }
        }
        // The network has done it; nobody here hears what the phone did (contract section 8).
        one.particulars.push((Particular::DeviceStatus, Untrusted::new("not confirmed")));
        Some(one)
    }

    fn credential(
        &self,
        entry: &DirectoryEntry,
        id: &VendorKey,
        class: CredentialClass,
        raw: Option<&Value>,
        as_of: Timestamp,
        link: Link,
    ) -> Option<Credential> {
        let null = Value::Null;
        let shown = raw.unwrap_or(&null);
        let word = wire::text(shown, wire::STATE);
        let unread = Untrusted::new("(not read yet)");
        Some(Credential {
            id: CredentialId::new(self.tenant().clone(), id.clone()),
            holder: HolderId::new(self.tenant().clone(), entry.consumer.clone()),
            link,
            lasting_id: Untrusted::default(),
            class,
            type_link: "/cardProducts".parse().ok()?,
            type_name: Untrusted::default(),
            number: wire::text(shown, wire::LAST4),
            marker: None,
            issue_level: None,
            status: if raw.is_some() { wire::status(class, word.raw()) } else { CardStatus::Unknown },
            status_word: if raw.is_some() { word } else { unread },
            invitation: None,
            from: None,
            until: wire::expiry(shown),
            last_used: None,
            barred: entry.tombstone.is_some(),
            particulars: Vec::new(),
            as_of,
        })
    }

    /// Reads what the server has not finished yet: operations that our own changes began (contract section 10).
    async fn poll_awaited(&self, consumer: &VendorKey) {
        let awaited: Vec<Awaited> = {
            let all = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().filter(|one| one.consumer == *consumer).cloned().collect()
        };
        for mut one in awaited {
            if one.operation.is_none() {
                one.operation = self.operation_by_tag(&one).await;
            }
            let still = self.is_pending(&one).await;
            let mut all = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|other| other.credential != one.credential);
            one.polls += 1;
            if still {
                all.push(one);
            }
        }
    }

    /// The operation whose reason carries our tag, where the answer to the change did not name it.
    async fn operation_by_tag(&self, one: &Awaited) -> Option<VendorKey> {
        let tag = one.tag.as_deref()?;
        let entry = self.archive.entry(self.tenant(), &one.consumer).await.ok()??;
        let _ = self.collect(&entry).await;
        let mut sources = vec![entry.consumer.clone()];
        sources.extend(entry.cards.iter().filter_map(|card| card_source(&entry.consumer, card).ok()));
        let records = self.archive.records(self.tenant(), &sources, 200).await.ok()?;
        let ours = records.into_iter().find(|found| wire::text(&found.record.raw, &["reason"]).raw().starts_with(tag));
        ours.map(|found| found.record.id)
    }

    async fn is_pending(&self, one: &Awaited) -> bool {
        // Without the operation's id the object itself is asked; after so many reads its state is what it is.
        const ENOUGH: u32 = 40;
        let Some(operation) = &one.operation else {
            let link = if one.digital {
                self.addresses.digital(&one.credential)
            } else {
                self.addresses.card(&one.credential)
            };
            if let Ok(link) = link {
                let _ = self.reads.json(&link).await;
            }
            return one.polls < ENOUGH;
        };
        let rest = format!("/{}", operation.as_str());
        let link = if one.digital {
            self.addresses.digital_operations(&one.credential, &rest)
        } else {
            self.addresses.card_operations(&one.credential, &rest)
        };
        let Ok(link) = link else { return false };
        match self.reads.json(&link).await {
            Ok(answer) => {
                let status = wire::text(&answer.value, &["status"]);
                if status.raw() == "FAILED" {
                    let why = wire::text(&answer.value, &["errorCode"]);
                    tracing::warn!(operation = operation.as_str(), why = %why.safe(), "an operation failed at the vendor");
                }
                status.raw() == "PENDING"
            }
            Err(error) if is_absent(&error) => {
                if one.digital && error.status == Some(405) {
                    self.lacking.note(Offer::DigitalOperation);
                }
                false
            }
            Err(_) => true,
        }
    }

    fn show_awaited(&self, credentials: &mut [Credential]) {
        let all = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        for one in all.iter() {
            for credential in credentials.iter_mut().filter(|c| c.id.key == one.credential) {
                credential.particulars.push((Particular::Ongoing, Untrusted::new("our change is pending")));
            }
        }
    }
}

/// True for 12 to 19 digits with the check digit of a card number: none may reach a log or an address (contract
/// section 12).
pub(super) fn looks_like_card_number(text: &str) -> bool {
    let signs: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let digits: Option<Vec<u32>> = signs.iter().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (12..=19).contains(&digits.len())) else { return false };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(d, twice)| if twice { doubled(*d) } else { *d })
        .sum();
    sum.is_multiple_of(10)
}
