//! Our own changes that the server has accepted and not finished: each view asks how they stand (contract section 10).

use super::history::card_source;
use super::routes::{Offer, is_absent};
use super::{Awaited, ThalesD1, wire};
use crate::domain::credential::{Credential, Particular};
use crate::domain::ids::VendorKey;
use crate::domain::text::Untrusted;
use std::sync::PoisonError;

impl ThalesD1 {
    /// Reads what the server has not finished yet: operations that our own changes began (contract section 10).
    pub(super) async fn poll_awaited(&self, consumer: &VendorKey) {
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

    pub(super) fn show_awaited(&self, credentials: &mut [Credential]) {
        let all = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        for one in all.iter() {
            for credential in credentials.iter_mut().filter(|c| c.id.key == one.credential) {
                credential.particulars.push((Particular::Ongoing, Untrusted::new("our change is pending")));
            }
        }
    }
}
