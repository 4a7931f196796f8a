//! The list of passes (contract section 4.4): pages, filters, and what may be missing from both.

use super::Grid;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::ids::Number;
use super::pass::{Pass, State};
use super::switches::{ListOrder, Switches};
use super::templates::Template;
use super::view::pass as shown;
use super::world::GridWorld;
use axum::extract::State as Shared;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a list call asks for, as far as the switches let it be heeded.
struct Filter {
    template: Option<String>,
    state: Option<State>,
    metadata: Vec<(String, String)>,
    employee: Option<String>,
    card_number: Option<String>,
    site_code: Option<String>,
    deleted: bool,
}

impl Filter {
    fn read(caller: &Caller, switches: &Switches) -> Result<Self, Refusal> {
        let asked = |name: &str, heeded: bool| caller.asked(name).filter(|_| heeded).map(ToOwned::to_owned);
        let state = match caller.asked("state") {
            None | Some("") => None,
            Some("created") if !switches.created_filter => {
                return Err(Refusal::invalid("State is not included in the list"));
            }
            Some(word) => {
                let state = word.parse().map_err(|_| Refusal::invalid("State is not included in the list"))?;
                Some(state).filter(|_| switches.honour_state_filter)
            }
        };
        let metadata = caller.query.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((key.to_owned(), value.clone()))
        });
        let metadata: Vec<_> = metadata.collect();
        if metadata.len() > 2 {
            return Err(Refusal::invalid("At most 2 metadata filters are allowed"));
        }
        Ok(Self {
            template: asked("template_id", switches.honour_template_filter),
            state,
            metadata: if switches.honour_metadata_filter { metadata } else { Vec::new() },
            employee: asked("employee_id", switches.honour_holder_filters),
            card_number: asked("card_number", switches.honour_holder_filters),
            site_code: asked("site_code", switches.honour_holder_filters),
            deleted: switches.list_deleted || state.is_some(),
        })
    }

    /// What can be said without making the pass.
    fn may_let(&self, world: &GridWorld, number: Number) -> bool {
        let template = |wanted: &String| world.template(number).map(Template::id) == Some(wanted.as_str());
        let state = world.state(number);
        let tagged = |(key, value): &(String, String)| match world.early_tag(number) {
            Ok(tag) => key != "console_ref" || tag.as_deref() == Some(value.as_str()),
            Err(pass) => pass.metadata.get(key).and_then(Value::as_str) == Some(value),
        };
        self.template.as_ref().is_none_or(template)
            && self.state.is_none_or(|wanted| state == Some(wanted))
            && (self.deleted || state != Some(State::Deleted))
            && self.metadata.iter().all(tagged)
    }

    fn needs_whole(&self) -> bool {
        self.employee.is_some()
            || self.card_number.is_some()
            || self.site_code.is_some()
            || self.metadata.iter().any(|(key, _)| key != "console_ref")
    }

    fn lets(&self, pass: &Pass) -> bool {
        let is = |wanted: &Option<String>, has: Option<&str>| wanted.as_deref().is_none_or(|w| has == Some(w));
        let tagged = |(key, value): &(String, String)| pass.metadata.get(key).and_then(Value::as_str) == Some(value);
        is(&self.employee, pass.attributes.get("employee_id").map(String::as_str))
            && is(&self.card_number, pass.card_number.as_deref())
            && is(&self.site_code, pass.site_code.as_deref())
            && self.metadata.iter().all(tagged)
    }

    fn places(&self, world: &GridWorld) -> Vec<Number> {
        let found = |number: &Number| {
            self.may_let(world, *number)
                && (!self.needs_whole() || world.pass(*number).is_some_and(|pass| self.lets(&pass)))
        };
        match &self.employee {
            Some(employee) => world.candidates_of_employee(employee).into_iter().filter(found).collect(),
            None => world.order().iter().copied().filter(found).collect(),
        }
    }
}

/// `GET` of the list. The id of a pair never stands in it; its halves do.
pub async fn list(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let number = |name: &str| caller.asked(name).and_then(|text| text.parse::<usize>().ok());
    let page = number("page").unwrap_or(1).max(1);
    let per_page = number("per_page").unwrap_or(25).clamp(1, 100);
    grid.at_once(|world, _| {
        let switches = world.switches.clone();
        let filter = Filter::read(&caller, &switches).map_err(|refusal| caller.refuse(refusal))?;
        let mut places = filter.places(world);
        if switches.list_omits_every > 0 {
            let every = switches.list_omits_every as usize;
            places = places.into_iter().enumerate().filter(|(i, _)| (i + 1) % every != 0).map(|(_, n)| n).collect();
        }
        if switches.list_order == ListOrder::NewestFirst {
            places.reverse();
        }
        let total = places.len();
        let of_page = places.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page);
        let keys: Vec<Value> = of_page.filter_map(|n| world.pass(n).map(|pass| shown(world, &pass))).collect();
        let body = json!({
            "status": "success", "count": keys.len(), "total_count": total, "page": page, "per_page": per_page,
            "total_pages": total.div_ceil(per_page), "keys": keys,
        });
        Ok(Answer::read(caller.by(), body))
    })
}
