//! Consumers with their cards and digital cards. There is no search and no list at this vendor: both are the
//! directory's (contract section 12); what an id leads to is asked live and enters it.

use super::history::{archive_failed, card_source};
use super::routes::{IdOf, Offer, checked, is_absent};
use super::{ProviderError, ProviderErrorKind, ThalesD1, wire};
use crate::domain::credential::Particular;
use crate::domain::document::Document;
use crate::domain::ids::{HolderId, Link, VendorKey};
use crate::domain::text::{Untrusted, looks_like_card_number};
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
    /// Something was listed that cannot be read.
    unreadable: bool,
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
        Ok(HolderRead { holder, credentials, whole: true, server_date: None, documents: Vec::new() })
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
        let mut documents = Vec::new();
        for (card, raw) in &found.cards {
            let read = self.card(&entry, card, Some(raw), now);
            documents.extend(read.iter().map(|read| (read.id.clone(), Document::of(raw))));
            credentials.extend(read);
        }
        for (pass, card, raw) in &found.passes {
            let read = self.pass(&entry, pass, Some(card), raw.as_ref(), now);
            documents.extend(read.iter().zip(raw).map(|(read, raw)| (read.id.clone(), Document::of(raw))));
            credentials.extend(read);
        }
        if !found.all {
            let words = "known passes only: this server does not list them all";
            for one in &mut credentials {
                one.particulars.push((Particular::Remark, Untrusted::new(words)));
            }
        }
        self.show_awaited(&mut credentials);
        let holder = self.cardholder(&entry, found.data.as_ref(), now)?;
        let (whole, server_date) = (!found.unreadable, found.server_date);
        Ok(HolderRead { holder, credentials, whole, server_date, documents })
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
            match checked(IdOf::Card, wire::text(card, &["cardId"]).raw()) {
                Ok(id) => found.cards.push((id, card.clone())),
                Err(_) => found.unreadable = true,
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
            match checked(IdOf::DigitalCard, wire::text(pass, wire::DIGITAL_ID).raw()) {
                Ok(id) => found.passes.push((id, card.clone(), Some(pass.clone()))),
                Err(_) => found.unreadable = true,
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
}
