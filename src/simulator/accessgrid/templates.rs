//! The card templates of the simulated account: one for each wallet, and the pair of them (contract section 6).

/// A template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Template {
    /// DESFire in Apple Wallet.
    Apple,
    /// SmartTap in Google Wallet.
    Android,
}

/// Id of the Apple template.
pub const APPLE_TEMPLATE: &str = "0xa1f7c0de5a11";
/// Id of the Google template.
pub const ANDROID_TEMPLATE: &str = "0xb2d8c0de5b22";
/// Id of the pair of both as the list of pairs has it.
pub const PAIR_ID: &str = "pair_1";
/// The other id of the pair of both: to be named on issue, never shown by a pass.
pub const TEMPLATE_PAIR: &str = "0xc3e9c0de5c33";

impl Template {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Apple, Self::Android];

    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Apple => APPLE_TEMPLATE,
            Self::Android => ANDROID_TEMPLATE,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apple => "Staff badge, Apple Wallet",
            Self::Android => "Staff badge, Google Wallet",
        }
    }

    /// Wire word of its platform.
    pub fn platform(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Android => "android",
        }
    }

    /// Wire word of its protocol.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Apple => "desfire",
            Self::Android => "smart_tap",
        }
    }
}
