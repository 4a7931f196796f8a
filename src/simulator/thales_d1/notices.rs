//! What the issuer would be told (contract section 10): the console has no inbound endpoint, so nothing is posted;
//! tests and trainers read here what would have arrived, in the order in which it would have.

use super::switches::Delivery;
use crate::simulator::clock::later;
use jiff::Timestamp;
use serde::Serialize;

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Path below the issuer's host.
    pub path: String,
    /// The operation.
    pub operation_id: String,
    /// Its type.
    pub operation: &'static str,
    /// Where it stands.
    pub status: &'static str,
    /// When it arrives.
    #[serde(skip)]
    pub at: Timestamp,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Something happened that the issuer is told.
    pub fn send(&mut self, mut notice: Notice, how: Delivery) {
        match how {
            Delivery::Once => self.0.push(notice),
            Delivery::Twice => self.0.extend([notice.clone(), notice]),
            Delivery::Late => {
                notice.at = later(notice.at, 3_600);
                self.0.push(notice);
            }
            Delivery::Reversed => self.0.insert(0, notice),
        }
    }

    /// What has arrived by now.
    pub fn arrived(&self, now: Timestamp) -> Vec<Notice> {
        self.0.iter().filter(|notice| notice.at <= now).cloned().collect()
    }
}
