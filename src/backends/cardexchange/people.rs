//! Persons with their profiles and cards (contract sections 4.1 and 4.2). A *cardholder* of this vendor is one profile
//! of a person; the inside's holder is the person.

use super::cards::Whose;
use super::lists::{PAGE, Step, drop_photos};
use super::{CardExchange, ProviderError, Question, Resource, unreadable, wire};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{Credential, Particular};
use crate::domain::document::Document;
use crate::domain::ids::{HolderId, Link, VendorKey};
use crate::domain::text::Untrusted;
use crate::ports::provider::{HolderPage, HolderRead};
use jiff::Timestamp;
use serde_json::Value;

impl CardExchange {
    /// Searches by whatever the vendor's `q` looks at: first persons, then profiles (mail address, login) and cards
    /// (number) where the text could be one. What does not really mention every word is dropped: `q` proves nothing.
    pub(super) async fn search_people(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        let text = text.trim().trim_matches('"').trim();
        let mut found = HolderPage::default();
        if text.is_empty() {
            return Ok(found);
        }
        let words: Vec<&str> = text.split([' ', ',']).filter(|w| !w.is_empty()).collect();
        let size = limit.clamp(1, PAGE);
        // The order of names is the vendor's own, so a turned name is looked for by its longest word.
        let longest = words.iter().max_by_key(|w| w.chars().count()).copied().filter(|_| words.len() > 1);
        for term in [Some(text), longest].into_iter().flatten() {
            let page = self.page(&Question::new(Resource::Persons).mentioning(term), 1, size).await?;
            self.take_in(&mut found, page.rows, page.server_date, &words, limit).await?;
            if !found.rows.is_empty() {
                break;
            }
        }
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        if words.len() == 1 && (has_digit || text.contains('@')) && found.rows.len() < limit {
            let mut persons = self.mentioned(Resource::Cardholders, text, size).await?;
            if has_digit {
                for holder in self.mentioned(Resource::Cards, text, size).await? {
                    let answer = self.reads.json(&item(Resource::Cardholders, &holder)?).await?;
                    persons.extend(wire::key(&answer.value, "person"));
                }
            }
            persons.sort_unstable();
            persons.dedup();
            persons.retain(|key| !found.rows.iter().any(|row| row.holder.id.key == *key));
            for key in persons.into_iter().take(limit.saturating_sub(found.rows.len())) {
                let mut answer = self.reads.json(&item(Resource::Persons, &key)?).await?;
                drop_photos(&mut answer.value);
                self.take_in(&mut found, vec![answer.value], answer.server_date, &words, limit).await?;
            }
        }
        Ok(found)
    }

    /// What the first page of hits belongs to: persons of profiles, profiles of cards.
    async fn mentioned(&self, resource: Resource, term: &str, size: usize) -> Result<Vec<VendorKey>, ProviderError> {
        let page = self.page(&Question::new(resource).mentioning(term), 1, size).await?;
        let owner = if resource == Resource::Cards { "cardholder" } else { "person" };
        let mut owners: Vec<VendorKey> = page.rows.iter().filter_map(|row| wire::key(row, owner)).collect();
        owners.sort_unstable();
        owners.dedup();
        Ok(owners)
    }

    async fn take_in(
        &self,
        found: &mut HolderPage,
        rows: Vec<Value>,
        server_date: Option<Timestamp>,
        words: &[&str],
        limit: usize,
    ) -> Result<(), ProviderError> {
        for row in rows {
            let Some(read) = self.read_person(row, server_date, false).await? else { continue };
            let new = !found.rows.iter().any(|known| known.holder.id == read.holder.id);
            if new && mentions(&read, words) && found.rows.len() < limit {
                found.rows.push(read);
            }
        }
        Ok(())
    }

    /// One page of everybody.
    pub(super) async fn list_people(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        let step = match page {
            None => self.scans.begin(size),
            Some(link) => Step::read(link).ok_or_else(|| unreadable("that is no page of this list"))?,
        };
        let mut page = self.page(&Question::new(Resource::Persons), step.page, step.size).await?;
        let next = self.scans.take(step, &mut page).map(Step::link).transpose()?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            if let Some(read) = self.read_person(row, page.server_date, false).await? {
                rows.push(read);
            } else {
                tracing::warn!("a person in a list has no usable id and is left out");
            }
        }
        Ok(HolderPage { rows, next })
    }

    /// One person, live, with what is known of the production of her cards.
    pub(super) async fn person(&self, id: &HolderId, link: &Link) -> Result<HolderRead, ProviderError> {
        let mut answer = self.reads.json(link).await?;
        drop_photos(&mut answer.value);
        let read = self.read_person(answer.value, answer.server_date, true).await?;
        let mut read = read.ok_or_else(|| unreadable("the answer is not a person"))?;
        if read.holder.id != *id {
            return Err(unreadable("the server answered with another person"));
        }
        for card in read.credentials.iter_mut().filter(|card| card.status_word.raw() == "in_production") {
            // Evidence that is gone once printing moves on; the card itself does not depend on it.
            if let Ok(Some(production)) = self.production_of(card).await {
                card.particulars.extend(production.particulars());
            }
        }
        Ok(read)
    }

    /// A person out of a list or an answer of her own; `None` without a usable id. Profiles and cards that are not
    /// embedded are read from their lists: no cards must not look like none.
    async fn read_person(
        &self,
        mut person: Value,
        server_date: Option<Timestamp>,
        live: bool,
    ) -> Result<Option<HolderRead>, ProviderError> {
        let Some(key) = wire::key(&person, "id") else { return Ok(None) };
        let Some(link) = wire::item(Resource::Persons.path(), &key) else { return Ok(None) };
        let id = HolderId::new(self.profile.name.clone(), key.clone());
        let as_of = self.clock.now();
        let embedded = person.get_mut("cardholders").map(Value::take);
        let cardholders = match embedded {
            Some(Value::Array(cardholders)) => cardholders,
            _ => self.owned(Resource::Cardholders, "person", &key).await?,
        };
        let mut credentials: Vec<Credential> = Vec::new();
        let mut documents = Vec::new();
        for cardholder in &cardholders {
            let Some(profile) = wire::key(cardholder, "id") else {
                return Err(unreadable("a profile of the person has no usable id"));
            };
            let of = Whose { holder: &id, cardholder, key: &profile, as_of };
            let listed;
            let cards = if let Some(cards) = wire::list(cardholder, "cards") {
                cards
            } else {
                listed = self.owned(Resource::Cards, "cardholder", &profile).await?;
                &listed
            };
            for card in cards {
                match self.read_card(card, &of, live) {
                    Some(card) if credentials.iter().any(|known| known.id == card.id) => {}
                    Some(read) => {
                        documents.extend(live.then(|| (read.id.clone(), Document::of(card))));
                        credentials.push(read);
                    }
                    None => return Err(unreadable("a card of the person has no usable id")),
                }
            }
        }
        let holder = about(&person, &cardholders, id, link, as_of);
        Ok(Some(HolderRead { holder, credentials, whole: true, server_date, documents }))
    }

    async fn owned(&self, resource: Resource, filter: &str, owner: &VendorKey) -> Result<Vec<Value>, ProviderError> {
        let listed = self.list(&Question::new(resource).filtered(filter, owner.as_str())?).await?;
        if listed.unreadable > 0 {
            return Err(unreadable("what belongs to the person is too long to be read"));
        }
        Ok(listed.rows)
    }
}

fn item(resource: Resource, key: &VendorKey) -> Result<Link, ProviderError> {
    wire::item(resource.path(), key).ok_or_else(|| unreadable("an id of the vendor makes no address"))
}

fn about(person: &Value, cardholders: &[Value], id: HolderId, link: Link, as_of: Timestamp) -> Cardholder {
    // Of several profiles, one that works speaks for the person.
    let mut profiles: Vec<&Value> = cardholders.iter().collect();
    profiles.sort_by_key(|profile| wire::text(profile, "status").raw() != "activated");
    let first = |read: &dyn Fn(&Value) -> Untrusted| {
        profiles.iter().map(|profile| read(profile)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    Cardholder {
        id,
        link,
        first_name: wire::text(person, "firstName"),
        last_name: wire::text(person, "lastName"),
        description: first(&|profile| wire::described(profile, "department")),
        division: first(&|profile| wire::described(profile, "businessUnit")),
        // Displayable, and not even unique in every tenant (contract section 4.1): never a key.
        employee_number: wire::text(person, "personNumber"),
        email: first(&|profile| wire::text(profile, "email")),
        authorised: !matches!(wire::text(person, "status").raw(), "blocked" | "expired" | "blacklisted"),
        as_of,
    }
}

/// True if every word really stands in something that the console shows of her.
fn mentions(read: &HolderRead, words: &[&str]) -> bool {
    let holder = &read.holder;
    let mut texts = vec![
        holder.first_name.raw().to_lowercase(),
        holder.last_name.raw().to_lowercase(),
        holder.employee_number.raw().to_lowercase(),
        holder.email.raw().to_lowercase(),
        holder.id.key.as_str().to_lowercase(),
    ];
    for card in &read.credentials {
        texts.push(card.number.raw().to_lowercase());
        texts.push(card.id.key.as_str().to_lowercase());
        let said = [Particular::NameOnCard, Particular::Profile].into_iter().filter_map(|name| card.particular(name));
        texts.extend(said.map(|text| text.raw().to_lowercase()));
    }
    words.iter().all(|word| texts.iter().any(|text| text.contains(&word.to_lowercase())))
}
