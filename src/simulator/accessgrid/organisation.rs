//! The set-up of the simulated organisation, which administrators change (contract sections 6 and 8): templates and
//! pairs of them, landing pages, webhooks, and organisations registered for HID.

use super::answer::Refusal;
use super::pass::State;
use super::switches::Switches;
use super::templates::{PAIR_ID, TEMPLATE_PAIR, Template};
use super::world::GridWorld;
use crate::simulator::clock::later;
use crate::simulator::population::spread;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A JSON object as it was sent.
pub type Object = Map<String, Value>;

/// A template as administrators see it.
#[derive(Clone, Debug)]
pub struct CardTemplate {
    /// Id.
    pub id: String,
    /// Which of the account's own it is; one that was made later has no passes.
    pub own: Option<Template>,
    /// What was said of it, by wire name.
    pub said: Object,
    /// When it was made.
    pub created: Timestamp,
    /// When it was handed in for publishing.
    pub published: Option<Timestamp>,
}

impl CardTemplate {
    /// A text that was said of it, or empty.
    pub fn text(&self, name: &str) -> &str {
        self.said.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether passes may be issued from it: published, and Apple's review is over.
    pub fn is_ready(&self, switches: &Switches, now: Timestamp) -> bool {
        let review = if self.text("platform") == "apple" { i64::from(switches.apple_review_s) } else { 0 };
        self.published.is_some_and(|at| later(at, review) <= now)
    }
}

/// A pair of templates.
#[derive(Clone, Debug)]
pub struct TemplatePair {
    /// Id as listed.
    pub id: String,
    /// The other id that it goes by.
    pub ex_id: String,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Ids of the Apple and the Google template.
    pub halves: [String; 2],
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Organisation {
    seed: u64,
    made: u64,
    /// Templates, oldest first.
    pub templates: Vec<CardTemplate>,
    /// Pairs, oldest first.
    pub pairs: Vec<TemplatePair>,
    /// Landing pages as they are shown, oldest first.
    pub landing_pages: Vec<Value>,
    /// Webhooks as they are shown, oldest first. That of the start has been verified.
    pub webhooks: Vec<Value>,
    /// Organisations registered for HID as they are shown, oldest first.
    pub hid: Vec<Value>,
}

impl Organisation {
    /// The set-up at the start.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let published = later(start, -800 * 86_400);
        let own = |template: Template| CardTemplate {
            id: template.id().to_owned(),
            own: Some(template),
            said: own_words(template),
            created: later(published, -86_400),
            published: Some(published),
        };
        let pair = TemplatePair {
            id: PAIR_ID.to_owned(),
            ex_id: TEMPLATE_PAIR.to_owned(),
            name: "Staff badge".to_owned(),
            created: later(start, -790 * 86_400),
            halves: Template::ALL.map(|half| half.id().to_owned()),
        };
        let hook = super::webhooks::of_the_start(start);
        Self {
            seed,
            made: 0,
            templates: Template::ALL.map(own).into(),
            pairs: vec![pair],
            landing_pages: Vec::new(),
            webhooks: vec![hook],
            hid: Vec::new(),
        }
    }

    /// Hexadecimal digits that nothing has had.
    pub fn new_word(&mut self) -> String {
        self.made += 1;
        format!("{:012x}", spread(self.seed ^ spread(self.made ^ 0x5e70_0001)) >> 16)
    }

    /// The template with an id.
    pub fn template(&self, id: &str) -> Option<&CardTemplate> {
        self.templates.iter().find(|template| template.id == id)
    }

    /// The template with an id, to be changed.
    ///
    /// # Errors
    /// 404, if there is none.
    pub fn template_to_change(&mut self, id: &str) -> Result<&mut CardTemplate, Refusal> {
        let found = self.templates.iter_mut().find(|template| template.id == id);
        found.ok_or_else(|| Refusal::not_found("Card template"))
    }

    /// The pair that goes by an id: the listed one or the other.
    pub fn pair(&self, id: &str) -> Option<&TemplatePair> {
        self.pairs.iter().find(|pair| pair.id == id || pair.ex_id == id)
    }

    /// The account's own templates behind an id of a template or pair: those that passes come from. `Err`: there is
    /// no such thing. One that was made later has none.
    pub fn own_templates(&self, id: &str) -> Result<Vec<Template>, Refusal> {
        let ids = match self.pair(id) {
            Some(pair) => pair.halves.iter().map(String::as_str).collect(),
            None => vec![id],
        };
        let found: Option<Vec<_>> = ids.into_iter().map(|id| self.template(id)).collect();
        let found = found.ok_or_else(|| Refusal::not_found("Card template"))?;
        Ok(found.into_iter().filter_map(|template| template.own).collect())
    }

    /// The name of one of the account's own templates.
    pub fn name(&self, template: Template) -> &str {
        self.template(template.id()).map_or("", |template| template.text("name"))
    }
}

fn own_words(template: Template) -> Object {
    let said = json!({
        "name": template.name(), "platform": template.platform(), "use_case": "corporate_id",
        "protocol": template.protocol(), "allow_on_multiple_devices": true, "watch_count": 1, "iphone_count": 1,
        "android_device_limit": "single_device", "background_color": "#10355c", "label_color": "#ffffff",
        "label_secondary_color": "#c0d0e0", "support_url": "https://support.site.example",
        "support_phone_number": "+6445550100", "support_email": "desk@site.example",
        "privacy_policy_url": "https://site.example/privacy",
        "terms_and_conditions_url": "https://site.example/terms",
    });
    said.as_object().cloned().unwrap_or_default()
}

/// How many passes of a template there are that `counts`.
pub fn passes_of(world: &GridWorld, template: &CardTemplate, counts: impl Fn(State) -> bool) -> usize {
    let Some(own) = template.own else { return 0 };
    let of_it = world.order().iter().filter(|number| world.template(**number) == Some(own));
    of_it.filter(|number| world.state(**number).is_some_and(&counts)).count()
}

/// A text of a body that must be there.
pub fn needed<'a>(body: &'a Object, name: &str) -> Result<&'a str, Refusal> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::invalid(format!("{name} can't be blank")))
}

/// A text of a body that is one of a few words, where it is there at all.
pub fn one_of(body: &Object, name: &str, words: &[&str]) -> Result<(), Refusal> {
    match body.get(name) {
        None => Ok(()),
        Some(word) if word.as_str().is_some_and(|word| words.contains(&word)) => Ok(()),
        Some(_) => Err(Refusal::invalid(format!("{name} is not included in the list"))),
    }
}
