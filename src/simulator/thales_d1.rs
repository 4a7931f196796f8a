//! Thales D1's issuer-backend API over the simulated bank (the contract's sections 2 to 10, as far as an operator's
//! console may call it).

mod acts;
mod answer;
pub mod bank;
mod control;
mod everyday;
pub mod handle;
mod names;
pub mod notices;
pub mod operations;
mod registering;
mod routes;
mod rules;
mod shapes;
pub mod switches;
mod tokens;

#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod switch_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use control::control;
pub use handle::{D1Handle, DirectoryRow, ForeignAct, NewPhone};
pub use switches::Switches;

use super::front::{Front, Manners, Stand};
use bank::Bank;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use tokens::SigningKey;

/// The issuer: exactly ten characters (contract section 1).
pub const ISSUER: &str = "DEMOISS-01";
/// Which key pair is the console's.
pub const KID: &str = "passdesk-desk-1";
/// Which key pair is that of the issuer's other system.
pub const OTHER_KID: &str = "core-banking-1";
/// Somebody at the vendor's customer-care screen.
const CCI_AGENT: &str = "cci-agent-07";

/// The simulated server. The bank has one lock: each request sees and changes it whole.
#[derive(Debug)]
pub struct Desk {
    bank: Mutex<Bank>,
    front: Arc<Front>,
    keys: [SigningKey; 2],
}

impl Desk {
    /// A server around a new bank.
    ///
    /// # Errors
    /// If no key pairs can be made.
    pub fn open(seed: u64, people: u32, front: Arc<Front>) -> anyhow::Result<Arc<Self>> {
        let bank = Mutex::new(Bank::new(seed, people, front.clock.now()));
        Ok(Arc::new(Self { bank, front, keys: tokens::make_keys()? }))
    }

    /// Lets somebody look at the bank, or change it, at one moment of virtual time.
    pub fn at_once<R>(&self, act: impl FnOnce(&mut Bank, Timestamp) -> R) -> R {
        let mut bank = self.bank.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut bank, self.front.clock.now())
    }

    /// Ready to be served.
    pub fn stand(self: &Arc<Self>) -> Stand {
        Stand {
            front: Arc::clone(&self.front),
            router: routes::routes(Arc::clone(self)),
            manners: Arc::clone(self) as _,
        }
    }

    /// Private half of the console's key pair: PKCS#8 in PEM.
    pub fn private_key(&self) -> &str {
        &self.keys[0].pem
    }

    /// Private half of the key pair of the issuer's other system.
    pub fn other_private_key(&self) -> &str {
        &self.keys[1].pem
    }
}

impl Manners for Desk {
    fn trouble(&self, _status: u16, words: &str) -> (&'static str, String) {
        let form = self.at_once(|bank, _| bank.switches.error_body);
        answer::error_body(form, None, words)
    }
}
