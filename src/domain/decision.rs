//! What reading could not settle, as a person decides it: the question with its evidence, and the answers that are
//! open to her. An answer ends the question; it never makes a credential more ours than the evidence did.

use super::credential::CredentialClass;
use super::ids::{CredentialId, HolderId, IntentId};
use super::journal::{Act, IntentState};
use super::reissue::ReadMark;
use super::text::SafeText;
use jiff::Timestamp;

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The change was applied, and this is what it made.
    This(CredentialId),
    /// The change, which makes nothing, was applied.
    Done,
    /// The change had no effect.
    Nothing,
    /// Nobody will ever know; nobody waits for it any more.
    WrittenOff,
    /// Parked: it stays listed, and blocks nobody.
    Held,
}

impl Verdict {
    /// What it says, for a list of answers.
    pub fn words(&self) -> String {
        match self {
            Self::This(id) => format!("it was done, and made {id}"),
            Self::Done => "it was done".to_owned(),
            Self::Nothing => "it was not done".to_owned(),
            Self::WrittenOff => "write it off: nobody will know".to_owned(),
            Self::Held => "park it: stays listed, blocks nobody".to_owned(),
        }
    }
}

/// One answer that is open, or why it is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The answer.
    pub verdict: Verdict,
    /// What speaks for and against it, as just read; short clauses.
    pub because: Vec<SafeText>,
    /// Why it cannot be given.
    pub refused: Option<&'static str>,
    /// Of a credential, what it looked like.
    pub fingerprint: String,
}

/// An open question with everything that a person needs to decide it.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// The intent.
    pub intent: IntentId,
    /// The person concerned.
    pub holder: HolderId,
    /// Her name as just read.
    pub name: SafeText,
    /// What was to be done.
    pub act: Act,
    /// To which kind of credential.
    pub class: CredentialClass,
    /// Where it stands.
    pub state: IntentState,
    /// What reading said about it last.
    pub said: SafeText,
    /// The answers, those that name a credential first.
    pub choices: Vec<Choice>,
    /// When it was read (UTC), for showing.
    pub read_at: Timestamp,
    /// The same, for deciding.
    pub mark: ReadMark,
}

impl Case {
    /// The choice of this answer, if it is among them.
    pub fn choice(&self, verdict: &Verdict) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.verdict == *verdict)
    }
}

/// Characters that a reason has at least: a slip of the finger is none.
const SHORTEST: usize = 4;
/// Characters that a reason has at most.
const LONGEST: usize = 200;

/// What is wrong with the reason for a decision, if anything. It stays in our own journal, so it may be in any script.
pub fn reason_problem(reason: &str) -> Option<&'static str> {
    match reason.trim().chars().count() {
        0 => Some("a reason is required"),
        n if n < SHORTEST => Some("a few words, please"),
        n if n > LONGEST => Some("200 characters at most"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_few_words_and_no_essay() {
        for (reason, problem) in [
            ("", Some("a reason is required")),
            ("   ", Some("a reason is required")),
            ("abc", Some("a few words, please")),
            ("  abc  ", Some("a few words, please")),
            ("abcd", None),
        ] {
            assert_eq!(reason_problem(reason), problem, "{reason:?}");
        }
        assert_eq!(reason_problem(&"\u{e9}".repeat(LONGEST)), None, "characters count, not bytes");
        assert_eq!(reason_problem(&"x".repeat(LONGEST + 1)), Some("200 characters at most"));
    }

    #[test]
    fn every_answer_says_what_it_claims() {
        let id: CredentialId = "gall:4665/x".parse().unwrap();
        assert_eq!(Verdict::This(id).words(), "it was done, and made gall:4665/x");
        for (verdict, word) in [
            (Verdict::Done, "it was done"),
            (Verdict::Nothing, "it was not done"),
            (Verdict::WrittenOff, "nobody will know"),
            (Verdict::Held, "blocks nobody"),
        ] {
            assert!(verdict.words().contains(word), "{verdict:?}: {}", verdict.words());
        }
    }
}
