//! People who hold credentials.

use super::ids::{HolderId, Link};
use super::text::Untrusted;
use jiff::Timestamp;

/// One person as one system knows her (gallagher.md section 4.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Cardholder {
    /// `TENANT:VENDORID`.
    pub id: HolderId,
    /// Where the vendor serves this person.
    pub link: Link,
    /// Given name, may be empty.
    pub first_name: Untrusted,
    /// Family name, may be empty.
    pub last_name: Untrusted,
    /// What the site writes beside the name: usually a department.
    pub description: Untrusted,
    /// The site's division, if the vendor showed one.
    pub division: Untrusted,
    /// An employee or badge number, if the site has a field for it.
    pub employee_number: Untrusted,
    /// An e-mail address, if the vendor showed one.
    pub email: Untrusted,
    /// False: every access request of this person is denied, whatever the cards say.
    pub authorised: bool,
    /// When this was read from the vendor (UTC).
    pub as_of: Timestamp,
}

impl Cardholder {
    /// First and last name as the vendor orders them, joined by a blank.
    pub fn name(&self) -> Untrusted {
        let (first, last) = (self.first_name.raw().trim(), self.last_name.raw().trim());
        match (first.is_empty(), last.is_empty()) {
            (false, false) => Untrusted::new(format!("{first} {last}")),
            (true, false) => Untrusted::new(last),
            (false, true) => Untrusted::new(first),
            (true, true) => Untrusted::new("(no name)"),
        }
    }
}
