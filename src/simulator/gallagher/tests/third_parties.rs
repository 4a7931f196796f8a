//! Other people's clients (contract section 14): exactly the requests they send, and the members they insist on.

use super::*;

/// Fails unless all members are there and not null; `a.b` looks inside.
fn insist(what: &str, object: &Value, members: &[&str]) {
    for member in members {
        let found = member.split('.').try_fold(object, |at, name| at.get(name));
        assert!(found.is_some_and(|value| !value.is_null()), "{what} without {member}: {object}");
    }
}

fn rows<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().unwrap_or_else(|| panic!("no {name}: {document}"))
}

#[tokio::test]
async fn gallagher_restapi() {
    let desk = Desk::open().await;
    // It sends its content type on GET as well, and a licence header that is passed over.
    let url = format!("{}api/", desk.sim.gallagher_url());
    let request = desk.http.get(url).header("Authorization", format!("GGL-API-KEY {}", desk.key));
    let request = request.header("Content-Type", "application/json").header("IntegrationLicense", "token");
    let api: Value = request.send().await.unwrap().json().await.unwrap();
    insist("entry", &api, &["version", "features", "me.client.href"]);
    let feature = |group: &str, name: &str| api["features"][group][name]["href"].as_str().unwrap().to_owned();
    for kind in rows(&desk.get(&feature("cardTypes", "assign")).await, "results") {
        insist("type", kind, &["href", "id", "name"]);
        let bare = desk.get(&format!("{}/{}", feature("cardTypes", "cardTypes"), kind["id"].as_str().unwrap())).await;
        assert_eq!(bare["id"], kind["id"], "a bare object");
    }
    let people = feature("cardholders", "cardholders");
    let first = desk.get(&format!("{people}?top=100")).await;
    assert_eq!(rows(&first, "results").len(), 100);
    assert_eq!(rows(&desk.get(first["next"]["href"].as_str().unwrap()).await, "results").len(), 100);
    let searched =
        "?name=doe&description=&division=2,3&sort=id&fields=defaults,cards,personalDataFields&top=100&accessZone=*";
    desk.get(&format!("{people}{searched}")).await;
    let jane = desk.get(&format!("{people}/4665?fields=defaults,cards,personalDataFields")).await;
    for card in rows(&jane, "cards") {
        insist("card", card, &["type.href", "type.name", "status.value", "status.type"]);
        assert!(card["from"] != "" && card["until"] != "", "blanks stay out: {card}");
    }
    let defined =
        desk.get(&format!("{}?name=Email&fields=id", feature("personalDataFields", "personalDataFields"))).await;
    insist("definition", &rows(&defined, "results")[0], &["id"]);
    let unfiltered = desk.get(&format!("{people}?pdfs=%7B%27pdf_702%27%3A%20%27x%27%7D&top=5")).await;
    assert_eq!(rows(&unfiltered, "results").len(), 5, "its own mistake is passed over");
    let made = json!({ "firstName": "Ada", "lastName": "New", "division": { "href": "/api/divisions/2" },
        "cards": [{ "type": { "href": "/api/card_types/2602" } }] });
    let made = desk.call(Method::POST, &people, Some(made)).await.unwrap();
    assert_eq!(made.status(), 201);
    let ada = made.headers()["location"].to_str().unwrap().to_owned();
    let bookmark = desk
        .get(&format!(
            "{}?fields=defaults,cardholder,cardholder.cards&top=1000&filter=cards",
            feature("cardholders", "changes")
        ))
        .await["next"]["href"]
        .as_str()
        .unwrap()
        .to_owned();
    let card = desk.get(&ada).await["cards"][0]["href"].clone();
    let change = json!({ "cards": { "add": [{ "type": { "href": "/api/card_types/2603" } }],
        "update": [{ "href": card, "type": {}, "issueLevel": 2 }] } });
    assert_eq!(desk.patch(&ada, change).await, 204);
    let change = json!({ "cards": { "remove": [{ "href": card, "type": {} }] } });
    assert_eq!(desk.patch(&ada, change).await, 204);
    let feed = desk.get(&bookmark).await;
    for row in rows(&feed, "results") {
        insist("row", row, &["href", "time", "type", "item.href", "cardholder.cards"]);
        for card in rows(&row["cardholder"], "cards") {
            assert!(card["type"].is_object() && card["from"] != "" && card["until"] != "", "{card}");
        }
    }
    assert_eq!(desk.get(feed["next"]["href"].as_str().unwrap()).await["results"], json!([]));
    assert_eq!(desk.call(Method::DELETE, &ada, None).await.unwrap().status(), 204);
    assert_eq!(desk.call(Method::GET, &ada, None).await.unwrap().status(), 404);
    for group in rows(&desk.get(&feature("events", "eventGroups")).await, "eventGroups") {
        insist("group", group, &["href"]);
    }
    let events = desk.get(&format!("{}?type=15005&cardholders=4665", feature("events", "events"))).await;
    for event in rows(&events, "events") {
        insist("event", event, &["message"]);
        if let Some(card) = event.get("card") {
            insist("card of an event", card, &["number", "issueLevel", "facilityCode"]);
        }
    }
    // It follows the link and waits; something happens meanwhile, by another hand.
    let follow = events["updates"]["href"].as_str().unwrap();
    let (followed, moved) = tokio::join!(desk.get(follow), desk.patch(JANE, json!({ "description": "moved" })));
    insist("updates", &followed, &["events", "updates.href"]);
    assert_eq!(moved, 204);
    let me = api["me"]["client"]["href"].as_str().unwrap();
    assert_eq!(desk.patch(me, json!({ "hasFault": true, "customStatusText": "offline" })).await, 204);
}

#[tokio::test]
async fn gallagher_the_toolkit() {
    let desk = Desk::open().await;
    let api = desk.get("/api/").await;
    insist("entry", &api, &["version", "features"]);
    assert!(rows(&desk.get("/api/cardholders").await, "results").len() > 100);
    // A sort that is none, and a parameter of its own making: both are passed over.
    let query = "top=100&sort=SearchSortOrder.ID&fields=defaults&name=doe&division_dir=2";
    let found = desk.get(&format!("/api/cardholders?{query}")).await;
    for person in rows(&found, "results") {
        insist("summary", person, &["href", "id", "firstName", "lastName"]);
    }
    for id in (4665..4765).map(|id| id.to_string()) {
        let person = desk.get(&format!("/api/cardholders/{id}")).await;
        insist("person", &person, &["updates.href", "authorised", "division.id", "division.href", "edit.href"]);
        for card in rows(&person, "cards") {
            let members =
                ["href", "number", "status.value", "status.type", "type.href", "type.name", "credentialClass"];
            insist("card", card, &members);
            for never_null in ["credentialId", "bleFacilityId", "lastPrintedOrEncodedIssueLevel"] {
                assert!(card.get(never_null).is_none_or(|v| !v.is_null()), "{never_null}: {card}");
            }
            assert!(card["from"] != "" && card["until"] != "", "{card}");
            let invitation = card.get("invitation");
            assert_eq!(invitation.is_some(), card["credentialClass"] == "mobile", "{card}");
            if let Some(invitation) = invitation {
                insist("invitation", invitation, &["status"]);
                if let Some(email) = invitation["email"].as_str() {
                    let domain = email.rsplit('.').next().unwrap();
                    assert!(!["test", "local", "invalid", "localhost"].contains(&domain), "{email}");
                }
            }
        }
        for entry in person["personalDataDefinitions"].as_array().into_iter().flatten() {
            for (_, field) in entry.as_object().unwrap() {
                let members = ["href", "value", "definition.id", "definition.name", "definition.type"];
                insist("personal data", field, &members);
            }
        }
        if let Some(zone) = person.get("lastSuccessfulAccessZone") {
            insist("zone", zone, &["name"]);
        }
    }
    for kind in rows(&desk.get("/api/card_types").await, "results") {
        insist("type", kind, &["href", "id", "name", "initialCardState", "facilityCode", "credentialClass"]);
    }
    insist("fields", &rows(&desk.get("/api/personal_data_fields").await, "results")[0], &["id", "name", "href"]);
    assert!(!rows(&desk.get("/api/events/groups").await, "eventGroups").is_empty());
    for event in rows(&desk.get("/api/events").await, "events") {
        let members =
            ["href", "id", "time", "priority", "source.name", "operator.name", "division.id", "division.href"];
        insist("event", event, &members);
        insist("event", event, &["cardholder.id", "cardholder.name", "modifiedItem.id", "modifiedItem.type"]);
    }
    // It drops the query of the links that it follows: page one again, and events from now on.
    let next = desk.get("/api/cardholders?top=2&sort=id").await["next"]["href"].as_str().unwrap().to_owned();
    assert!(!rows(&desk.get(next.split('?').next().unwrap()).await, "results").is_empty());
    // What its authors send by hand: the edit link, cut off.
    let edit = desk.get(JANE).await["edit"]["href"].as_str().unwrap().to_owned();
    let change = json!({ "cards": { "add": [{ "type": { "href": "/api/card_types/2601" },
        "number": "by hand", "invitation": { "singleFactorOnly": true } }] } });
    assert_eq!(desk.patch(edit.strip_suffix("/edit").unwrap(), change).await, 204);
    assert!(desk.numbers().contains(&"by hand".to_owned()));
}

#[tokio::test]
async fn place_os_and_the_sample_portal() {
    let desk = Desk::open().await;
    let api = desk.get("/api").await;
    assert!(api["version"].as_str().unwrap().split('.').take(2).all(|part| part.parse::<u32>().is_ok()));
    for (group, name) in [
        ("cardholders", "cardholders"),
        ("accessGroups", "accessGroups"),
        ("events", "events"),
        ("cardTypes", "assign"),
        ("personalDataFields", "personalDataFields"),
    ] {
        insist(group, &api["features"][group], &[&format!("{name}.href")]);
    }
    let email = desk.get("/api/personal_data_fields?name=email").await["results"][0]["id"].as_str().unwrap().to_owned();
    let query = format!("/api/cardholders?pdf_{email}=%22jane.doe@site.example%22&top=10000");
    assert_eq!(rows(&desk.get(&query).await, "results").len(), 1);
    for kind in rows(&desk.get("/api/card_types/assign").await, "results") {
        insist("type", kind, &["id", "name", "href", "facilityCode", "availableCardStates", "credentialClass"]);
    }
    // It reads the answer to a PATCH as a person.
    desk.sim.world().change_switches(&json!({ "patch_answer": "object" })).unwrap();
    let card = desk.sim.world().cardholder("4665").unwrap().cards.remove(0);
    let stop = json!({ "cards": { "update": [{ "href": card.path, "status": { "value": "Disabled (manually)" } }] } });
    let answer = desk.call(Method::PATCH, JANE, Some(stop)).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["id"], "4665");
    assert_eq!(desk.sim.world().cardholder("4665").unwrap().cards[0].status, "inactive");
    desk.sim.world().change_switches(&json!({ "patch_answer": "no_content" })).unwrap();
    // The vendor's sample portal.
    for (query, id) in [
        ("type=15&name=%22Root%20Division%22", "2"),
        ("type=33&name=%22Email%22", "702"),
        ("type=2&name=%22Staff%22", "640"),
    ] {
        assert_eq!(desk.get(&format!("/api/items?{query}")).await["results"][0]["id"], id, "{query}");
    }
    let found = desk.get("/api/card_types?name=%22Mobile%20Credential%22").await;
    assert_eq!(found["results"][0]["id"], "2601");
    assert_eq!(desk.add_phone("portal").await, 204);
    let invitation = async || {
        let jane = desk.get(JANE).await;
        let card = rows(&jane, "cards").iter().find(|c| c["number"] == "portal").unwrap().clone();
        (card["invitation"]["status"].as_str().unwrap().to_owned(), card["href"].as_str().unwrap().to_owned())
    };
    assert_eq!(invitation().await.0, "notSent");
    desk.sim.world().advance(5);
    let (status, href) = invitation().await;
    assert_eq!(status, "sent", "within its ten tries of half a second");
    assert_eq!(desk.call(Method::DELETE, &href, None).await.unwrap().status(), 204);
}
