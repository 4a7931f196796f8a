//! What an enterprise plan may read beside the passes (contract sections 6 to 8), and how all the rest is refused.

use super::Grid;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::pass::State;
use super::switches::Plan;
use super::templates::{TEMPLATE_PAIR, Template};
use super::view::state_word;
use super::world::{GridWorld, PRICE};
use crate::simulator::clock::{later, wire_time};
use axum::extract::{Path, State as Shared};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Refuses what the plan does not include.
pub fn must_have_plan(world: &GridWorld) -> Result<(), Refusal> {
    match world.switches.plan {
        Plan::Enterprise => Ok(()),
        Plan::BasicForbidden => Err(Refusal::new(403, "This feature needs the enterprise plan")),
        Plan::BasicNotFound => Err(Refusal::not_found("Resource")),
    }
}

/// Which part of a long list is asked for, with the vendor's usual page.
pub struct Window {
    page: usize,
    per_page: usize,
}

impl Window {
    /// Reads `page` and `per_page`: 50 by default, 100 at most.
    pub fn of(caller: &Caller) -> Self {
        let number = |name: &str| caller.asked(name).and_then(|text| text.parse::<usize>().ok());
        Self { page: number("page").unwrap_or(1).max(1), per_page: number("per_page").unwrap_or(50).clamp(1, 100) }
    }

    /// The rows of the page.
    pub fn cut<T>(&self, rows: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        rows.skip((self.page - 1).saturating_mul(self.per_page)).take(self.per_page)
    }

    /// The pagination object.
    pub fn pagination(&self, total: usize) -> Value {
        json!({
            "current_page": self.page, "per_page": self.per_page, "total_pages": total.div_ceil(self.per_page),
            "total_count": total,
        })
    }
}

fn answer(grid: &Grid, caller: &Caller, body: impl FnOnce(&mut GridWorld) -> Result<Value, Refusal>) -> Reply {
    let body = grid.at_once(|world, _| must_have_plan(world).and_then(|()| body(world)));
    body.map(|body| Answer::read(caller.by(), body)).map_err(|refusal| caller.refuse(refusal))
}

fn template(world: &GridWorld, template: Template) -> Value {
    let of_it = || world.order().iter().filter(|number| world.template(**number) == Some(template));
    let published = later(world.population.start(), -800 * 86_400);
    json!({
        "id": template.id(), "name": template.name(), "platform": template.platform(), "use_case": "corporate_id",
        "protocol": template.protocol(), "created_at": wire_time(later(published, -86_400)),
        "last_published_at": wire_time(published), "issued_keys_count": of_it().count(),
        "active_keys_count": of_it().filter(|number| world.state(**number) == Some(State::Active)).count(),
        "allowed_device_counts": {
            "allow_on_multiple_devices": true, "watch": 1, "iphone": 1, "android_device_limit": "single_device",
        },
        "support_settings": { "url": "https://support.site.example", "phone": "+6445550100", "email": "desk@site.example" },
        "terms_settings": { "privacy_policy_url": "https://site.example/privacy", "terms_and_conditions_url": "https://site.example/terms" },
        "style_settings": { "background_color": "#10355c", "label_color": "#ffffff", "label_secondary_color": "#c0d0e0" },
        "credential_profiles": [], "landing_pages": [], "metadata": {},
    })
}

fn pair(world: &GridWorld) -> Value {
    let [apple, google] =
        Template::ALL.map(|half| json!({ "id": half.id(), "name": half.name(), "platform": half.platform() }));
    json!({
        "id": "pair_1", "ex_id": TEMPLATE_PAIR, "name": "Staff badge",
        "created_at": wire_time(later(world.population.start(), -790 * 86_400)),
        "ios_template": apple, "android_template": google,
    })
}

/// `GET` of all templates: a bare list.
pub async fn templates(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |world| Ok(Template::ALL.iter().map(|one| template(world, *one)).collect()))
}

/// `GET` of a template, or of the pair.
pub async fn one_template(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    answer(&grid, &caller, |world| match Template::find(&id) {
        Some(one) => Ok(template(world, one)),
        None if id == TEMPLATE_PAIR => {
            let halves: Vec<Value> = Template::ALL.iter().map(|one| template(world, *one)).collect();
            Ok(json!({ "id": id, "is_pair": true, "name": "Staff badge", "templates": halves }))
        }
        None => Err(Refusal::not_found("Card template")),
    })
}

/// `GET` of the template pairs.
pub async fn pairs(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    answer(&grid, &caller, |world| {
        let pairs: Vec<Value> = window.cut(std::iter::once(pair(world))).collect();
        Ok(json!({ "card_template_pairs": pairs, "pagination": window.pagination(1) }))
    })
}

/// `GET` of what was billed: an item for each issued pass, newest first.
pub async fn ledger_items(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    let bound = |name: &str| caller.asked(name).and_then(|text| text.parse::<Timestamp>().ok());
    let (from, until) = (bound("start_date"), bound("end_date"));
    answer(&grid, &caller, |world| {
        let within = |at: Timestamp| from.is_none_or(|from| at >= from) && until.is_none_or(|until| at <= until);
        let billed: Vec<_> = world
            .order()
            .iter()
            .rev()
            .filter(|number| world.pass(**number).is_some_and(|pass| within(pass.created)))
            .copied()
            .collect();
        let items = window.cut(billed.iter()).filter_map(|number| {
            let pass = world.pass(*number)?;
            let id = world.id(*number);
            Some(json!({
                "id": format!("led_{id}"), "created_at": wire_time(pass.created),
                "amount": format!("-{}.{:02}", PRICE / 100, PRICE % 100), "kind": "debit",
                "event": "ag.access_pass.issued", "metadata": {},
                "access_pass": {
                    "id": id, "full_name": pass.full_name, "metadata": pass.metadata,
                    "state": state_word(pass.state, world.switches.fixture_states),
                    "unified_access_pass_ex_id": pass.unified.map(|pair| world.id(pair)),
                    "pass_template": { "id": pass.template.id(), "name": pass.template.name() },
                },
            }))
        });
        let items: Vec<Value> = items.collect();
        Ok(json!({ "ledger_items": items, "pagination": window.pagination(billed.len()) }))
    })
}

/// `GET` of the webhooks: the other system has one.
pub async fn webhooks(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    answer(&grid, &caller, |world| {
        let hook = json!({
            "id": "wh_visits", "name": "Visitor desk", "url": "https://visits.example/hooks/passes",
            "auth_method": "bearer_token",
            "subscribed_events": ["ag.access_pass.issued", "ag.access_pass.suspended", "ag.access_pass.deleted"],
            "created_at": wire_time(later(world.population.start(), -300 * 86_400)),
        });
        let hooks: Vec<Value> = window.cut(std::iter::once(hook)).collect();
        Ok(json!({ "webhooks": hooks, "pagination": window.pagination(1) }))
    })
}

/// `GET` of a collection of which this account has none: a bare list.
pub async fn none_of_these(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |_| Ok(json!([])))
}

/// Everything that an administrator does in the vendor's console: not for API clients of a desk.
pub async fn for_administrators(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |_| {
        Err(Refusal::new(403, "This account is not allowed to change the organisation's set-up"))
    })
}

/// An address that does not exist.
pub async fn unknown(caller: Caller) -> Refusal {
    caller.refuse(Refusal::not_found("Resource"))
}
