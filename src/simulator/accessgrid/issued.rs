//! What this console issued here before the world began, as plain data: the ledger of the demo is made to match it
//! (decision 7).

use super::early::Early;
use super::templates::{TEMPLATE_PAIR, Template};
use super::world::GridWorld;
use crate::simulator::Author;
use jiff::Timestamp;

/// One issue of this console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridIssue {
    /// Ids of the passes that came of it: one, or the halves of a pair.
    pub ids: Vec<String>,
    /// Id of the pair, if it was one.
    pub unified_id: Option<String>,
    /// Paths of the passes, in the order of `ids`.
    pub paths: Vec<String>,
    /// Template that was named on issue.
    pub template_id: &'static str,
    /// `employee_id`: what joins a person's passes here.
    pub employee_id: String,
    /// Name of the holder.
    pub full_name: String,
    /// Mail address that was given.
    pub email: String,
    /// Phone that was given.
    pub phone: String,
    /// `metadata.console_ref`.
    pub console_ref: String,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it was made valid.
    pub expires: Option<Timestamp>,
    /// States of the passes when the world began, in the order of `ids`.
    pub states: Vec<super::pass::State>,
    /// Place of the person in the world.
    pub person: u32,
}

/// Everything that this console issued before the world began, oldest first.
pub fn issued(world: &GridWorld) -> Vec<GridIssue> {
    let mut issues: Vec<GridIssue> = Vec::new();
    for number in world.order().iter().copied() {
        let Some(early) = super::early::early(&world.population, number) else { continue };
        let Some(tag) = early.console_ref(&world.population).filter(|_| early.author == Author::Console) else {
            continue;
        };
        let id = world.id(number);
        // Halves were made at one moment and stand side by side.
        if early.pair().is_some()
            && let Some(first) = issues.iter_mut().rev().find(|issue| issue.console_ref == tag.to_string())
        {
            first.paths.push(path(&id));
            first.ids.push(id);
            first.states.push(early.state);
            continue;
        }
        issues.push(issue(world, &early, id, tag.to_string()));
    }
    issues
}

fn path(id: &str) -> String {
    format!("/v1/key-cards/{id}")
}

fn issue(world: &GridWorld, early: &Early, id: String, console_ref: String) -> GridIssue {
    let pass = early.pass(&world.population);
    GridIssue {
        paths: vec![path(&id)],
        ids: vec![id],
        unified_id: early.pair().map(|pair| world.id(pair)),
        template_id: if early.pair().is_some() { TEMPLATE_PAIR } else { Template::id(early.template) },
        employee_id: pass.attribute("employee_id").to_owned(),
        email: pass.attribute("email").to_owned(),
        phone: pass.attribute("phone_number").to_owned(),
        full_name: pass.full_name,
        console_ref,
        issued_at: early.created,
        expires: pass.expires,
        states: vec![early.state],
        person: early.index,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::population::Population;

    #[test]
    fn what_was_issued_is_what_the_world_holds() {
        let people = Population::new(1, 5_000, "2026-06-02T08:00:00Z".parse().unwrap());
        let world = GridWorld::new(1, people);
        let issues = issued(&world);
        let past = issues.iter().filter(|i| i.expires.is_some_and(|e| e < world.population.start())).count();
        assert_eq!(past, 80);
        assert!(issues.is_sorted_by_key(|i| i.issued_at));
        assert!(issues.iter().any(|i| i.ids.len() == 2 && i.unified_id.is_some()));
        for issue in &issues {
            for (id, state) in issue.ids.iter().zip(&issue.states) {
                let pass = world.pass(world.number(id).unwrap()).unwrap();
                assert_eq!(pass.metadata["console_ref"], issue.console_ref.as_str());
                assert_eq!((pass.state, pass.created), (*state, issue.issued_at));
            }
        }
        let ours = world.order().iter().filter(|n| world.pass(**n).unwrap().author == Author::Console).count();
        assert_eq!(issues.iter().map(|i| i.ids.len()).sum::<usize>(), ours);
    }
}
