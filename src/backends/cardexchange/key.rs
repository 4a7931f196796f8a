//! The API key: how it is presented, and which data set it opens (contract section 1).

use super::not_possible;
use crate::domain::policy::Mode;
use crate::domain::text::Secret;
use crate::ports::provider::ProviderError;
use base64::Engine as _;

/// How the key is presented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// HTTP Basic: the key as user name, no password.
    #[default]
    Basic,
    /// `Authorization: Bearer`.
    Bearer,
}

impl Auth {
    /// The whole value of the header.
    pub(super) fn header(self, key: &Secret) -> Secret {
        Secret::new(match self {
            Self::Basic => {
                let pair = format!("{}:", key.expose());
                format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
            }
            Self::Bearer => format!("Bearer {}", key.expose()),
        })
    }
}

/// True if the key opens live data. One that cannot be told counts as live.
pub(super) fn opens_live_data(key: &Secret) -> bool {
    !key.expose().starts_with("sk_test_")
}

/// Refuses a key that opens another data set than the site file says.
pub(super) fn check_mode(live_data: bool, mode: Mode) -> Result<(), ProviderError> {
    match (live_data, mode) {
        (true, Mode::Live) | (false, Mode::Test | Mode::Sim) => Ok(()),
        (true, Mode::Test | Mode::Sim) => Err(not_possible(format!(
            "the key does not begin with sk_test_, so it opens LIVE data, but the site file says mode = \"{mode}\"; \
             take a test key, or say mode = \"live\""
        ))),
        (false, Mode::Live) => Err(not_possible(
            "the key begins with sk_test_, so it opens test data, but the site file says mode = \"live\"; \
             take a live key, or say mode = \"test\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_those_of_the_contract() {
        let key = Secret::new("sk_test_EXAMPLE0001".into());
        assert_eq!(Auth::Basic.header(&key).expose(), "Basic c2tfdGVzdF9FWEFNUExFMDAwMTo=");
        assert_eq!(Auth::Bearer.header(&key).expose(), "Bearer sk_test_EXAMPLE0001");
    }

    #[test]
    fn a20_the_prefix_and_the_site_file_must_agree() {
        for (key, test, live) in [("sk_test_x", true, false), ("sk_live_x", false, true), ("eyJh", false, true)] {
            let data = opens_live_data(&Secret::new(key.into()));
            for (mode, fits) in [(Mode::Test, test), (Mode::Sim, test), (Mode::Live, live)] {
                let checked = check_mode(data, mode);
                assert_eq!(checked.is_ok(), fits, "{key} {mode}");
                if let Err(error) = checked {
                    assert!(!error.detail.as_str().contains(key), "a key is never shown");
                    assert!(error.said.as_str().contains("site file"), "{error:?}");
                }
            }
        }
    }
}
