//! Divisions and access groups: how they are named, their own pages, and who belongs to a group.

use super::*;

const STAFF: &str = "/api/access_groups/640";

fn rows<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().unwrap_or_else(|| panic!("no {name}: {document}"))
}

async fn make(desk: &Desk, body: Value) -> String {
    let made = desk.call(Method::POST, "/api/cardholders", Some(body)).await.unwrap();
    assert_eq!(made.status(), 201);
    made.headers()["location"].to_str().unwrap().to_owned()
}

async fn refused(desk: &Desk, method: Method, path: &str, body: Value) -> String {
    let answer = desk.call(method, path, Some(body)).await.unwrap();
    assert_eq!(answer.status(), 400, "{path}");
    answer.json::<Value>().await.unwrap()["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_division_and_a_card_type_may_be_named_as_the_items_that_they_are() {
    let desk = Desk::open().await;
    let item = |name: &str| format!("/api/items?name=%22{name}%22&type=3,15");
    let division = desk.get(&item("Works")).await["results"][0]["href"].clone();
    let kind = desk.get(&item("Prox%20125k")).await["results"][0]["href"].clone();
    assert!(division.as_str().unwrap().ends_with("/api/items/4"), "{division}");
    let made = json!({ "lastName": "Item", "division": { "href": division }, "cards": [{ "type": { "href": kind } }] });
    let her = make(&desk, made).await;
    let shown = desk.get(&her).await;
    assert_eq!((&shown["division"]["id"], &shown["cards"][0]["type"]["name"]), (&json!("4"), &json!("Prox 125k")));
    let moved = json!({ "division": { "href": "/api/items/3" },
        "cards": { "add": [{ "type": { "href": "https://elsewhere.example:1/api/items/2601?x=1" } }] } });
    assert_eq!(desk.patch(&her, moved).await, 204);
    let shown = desk.get(&her).await;
    assert_eq!((&shown["division"]["id"], rows(&shown, "cards").len()), (&json!("3"), 2));
    // An item of another kind, another collection, something below, and nothing at all.
    for wrong in ["/api/items/2601", "/api/items/640", "/api/card_types/2", "/api/items/2/x", "/api/items/", "/api/2"] {
        let said = refused(&desk, Method::PATCH, &her, json!({ "division": { "href": wrong } })).await;
        assert_eq!(said, "Invalid division", "{wrong}");
    }
    for wrong in ["/api/items/2", "/api/items/640", "/api/divisions/2601", "/api/items/99"] {
        let add = json!({ "cards": { "add": [{ "type": { "href": wrong } }] } });
        assert_eq!(refused(&desk, Method::PATCH, &her, add).await, "Invalid card type", "{wrong}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_division_has_a_page() {
    let desk = Desk::open().await;
    for listed in rows(&desk.get("/api/divisions").await, "results") {
        let page = desk.get(listed["href"].as_str().unwrap()).await;
        for member in ["href", "id", "name", "parent"] {
            assert_eq!(page.get(member), listed.get(member), "{member}");
        }
    }
    assert_eq!(desk.get("/api/divisions/5?fields=name").await, json!({ "name": "Contractors" }));
    assert_eq!(desk.get("/api/divisions?fields=id&top=1").await["results"], json!([{ "id": "2" }]));
    for gone in ["/api/divisions/99", "/api/divisions/640", "/api/divisions/02"] {
        assert_eq!(desk.call(Method::GET, gone, None).await.unwrap().status(), 404, "{gone}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn an_access_group_has_a_page_that_leads_to_its_members() {
    let desk = Desk::open().await;
    let listed = desk.get("/api/access_groups?fields=defaults,cardholders&name=staff").await;
    let members = listed["results"][0]["cardholders"]["href"].as_str().unwrap().to_owned();
    let page = desk.get(STAFF).await;
    assert_eq!(page["cardholders"]["href"], members.as_str());
    assert_eq!((&page["id"], &page["division"]["id"]), (&json!("640"), &json!("2")));
    assert!(page.get("personalDataDefinitions").is_none());
    let carried = desk.get(&format!("{STAFF}?fields=personalDataDefinitions")).await;
    let carried = rows(&carried, "personalDataDefinitions");
    assert!(carried.iter().any(|f| f["name"] == "Home address") && carried.iter().all(|f| f["href"].is_string()));
    let mut found: Vec<Value> = Vec::new();
    let mut href = format!("{members}?top=70");
    let mut pages = 0;
    loop {
        let page = desk.get(&href).await;
        assert!(rows(&page, "cardholders").len() <= 70);
        found.extend(rows(&page, "cardholders").iter().cloned());
        pages += 1;
        let Some(next) = page["next"]["href"].as_str() else { break };
        next.clone_into(&mut href);
    }
    assert!(pages > 1, "{pages} pages");
    assert_eq!(desk.get(&members).await["cardholders"], json!(found), "one page or many");
    // The same as what the people say of themselves.
    let people = desk.get("/api/cardholders?fields=href,accessGroups&sort=id").await;
    let said: Vec<String> = rows(&people, "results")
        .iter()
        .flat_map(|person| rows(person, "accessGroups"))
        .filter(|membership| membership["accessGroup"]["href"] == page["href"])
        .map(|membership| membership["href"].as_str().unwrap().to_owned())
        .collect();
    let links: Vec<String> = found.iter().map(|row| row["href"].as_str().unwrap().to_owned()).collect();
    assert_eq!(links, said);
    for row in &found {
        let of = row["cardholder"]["href"].as_str().unwrap();
        assert!(row["href"].as_str().unwrap().starts_with(&format!("{of}/access_groups/")));
        assert!(!row["cardholder"]["name"].as_str().unwrap().is_empty() && row["status"]["type"] == "active");
    }
    assert_eq!(desk.call(Method::GET, &links[0], None).await.unwrap().status(), 404, "it only names the link");
    for gone in ["/api/access_groups/2", "/api/access_groups/2/cardholders", "/api/access_groups/0640"] {
        assert_eq!(desk.call(Method::GET, gone, None).await.unwrap().status(), 404, "{gone}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn memberships_are_given_changed_and_ended() {
    let desk = Desk::open().await;
    let group = |id: u16| json!({ "href": format!("/api/access_groups/{id}") });
    let made = json!({ "lastName": "Member", "division": { "href": "/api/divisions/2" },
        "accessGroups": [{ "accessGroup": group(640), "from": "2026-06-01T00:00:00Z" }] });
    let feed = desk.get("/api/cardholders/changes?filter=accessGroups").await["next"]["href"].clone();
    let her = make(&desk, made).await;
    let memberships = async || desk.get(&her).await["accessGroups"].as_array().cloned().unwrap_or_default();
    let first = memberships().await;
    let named = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|m| m["accessGroup"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((named(&first), &first[0]["from"]), (vec!["Staff".into()], &json!("2026-06-01T00:00:00Z")));
    assert_eq!((&first[0]["status"]["type"], first[0].get("until")), (&json!("active"), None));
    // In one call: one comes, one changes. The changed one has another address afterwards (contract section 3).
    let change = json!({ "accessGroups": {
        "add": [{ "accessGroup": { "href": "/api/items/642" }, "from": "2026-07-01T00:00:00Z" }],
        "update": [{ "href": first[0]["href"], "until": "2026-06-02T00:00:00Z" }],
    } });
    assert_eq!(desk.patch(&her, change).await, 204);
    let second = memberships().await;
    assert_eq!(named(&second), ["Staff", "Cleaners"]);
    let kinds: Vec<_> = second.iter().map(|m| m["status"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["expired", "pending"]);
    assert_ne!(second[0]["href"], first[0]["href"]);
    let members = desk.get("/api/access_groups/642/cardholders").await;
    assert!(rows(&members, "cardholders").iter().any(|row| row["href"] == second[1]["href"]));
    // Whole or not at all, in the vendor's words (contract section 11).
    for wrong in ["/api/access_groups/2", "/api/divisions/640", "/api/items/2", ""] {
        let change = json!({ "lastName": "No", "accessGroups": { "add": [{ "accessGroup": { "href": wrong } }] } });
        let said = refused(&desk, Method::PATCH, &her, change).await;
        assert_eq!(said, format!("Invalid access group href: {wrong}"));
    }
    for change in [
        json!({ "accessGroups": { "remove": [{ "href": first[0]["href"] }] } }),
        json!({ "accessGroups": { "update": [{ "href": second[0]["href"], "until": "never" }] } }),
        json!({ "accessGroups": { "update": [{ "href": second[0]["href"], "until": "2026-01-01" }] } }),
        json!({ "accessGroups": [{ "accessGroup": group(640) }] }),
    ] {
        refused(&desk, Method::PATCH, &her, change).await;
    }
    assert_eq!(desk.get(&her).await["lastName"], "Member");
    let change = json!({ "accessGroups": { "update": [{ "href": second[0]["href"], "from": "", "until": "" }],
        "remove": [{ "href": second[1]["href"] }] } });
    assert_eq!(desk.patch(&her, change).await, 204);
    let third = memberships().await;
    assert_eq!((named(&third), third[0].get("from")), (vec!["Staff".into()], None));
    let link = third[0]["href"].as_str().unwrap();
    assert_eq!(desk.call(Method::DELETE, link, None).await.unwrap().status(), 204);
    assert_eq!(desk.call(Method::DELETE, link, None).await.unwrap().status(), 404, "gone already");
    assert_eq!(memberships().await, Vec::<Value>::new());
    // Every one of these stands in the change feed.
    let feed = desk.get(feed.as_str().unwrap()).await;
    let changes = rows(&feed, "results");
    assert_eq!(changes.len(), 4);
    assert_eq!(changes[1]["oldValues"]["accessGroups"][0]["href"], first[0]["href"]);
    assert_eq!(changes[1]["newValues"]["accessGroups"][0]["href"], second[0]["href"]);
    assert_eq!(changes[3]["oldValues"]["accessGroups"][0]["href"], third[0]["href"]);
    assert!(changes[3].get("newValues").is_none());
    desk.sim.stop().await;
}

#[tokio::test]
async fn who_only_reads_changes_no_membership() {
    let desk = Desk::open().await;
    let link = desk.get(JANE).await["accessGroups"][0]["href"].as_str().unwrap().to_owned();
    let change = ClientChange { client: 9001, may_edit: Some(false), ..ClientChange::default() };
    desk.sim.world().change_client(&change).unwrap();
    assert_eq!(desk.call(Method::DELETE, &link, None).await.unwrap().status(), 403);
    desk.sim.world().change_client(&ClientChange { may_view: Some(false), ..change }).unwrap();
    assert_eq!(desk.get(&format!("{STAFF}/cardholders")).await, json!({ "cardholders": [] }));
    desk.sim.stop().await;
}

#[tokio::test]
async fn parameters_that_hold_a_list_may_be_repeated() {
    let desk = Desk::open().await;
    let start = desk.get("/api/cardholders/changes?filter=firstName&filter=cards&filter=lastName").await;
    let next = start["next"]["href"].as_str().unwrap().to_owned();
    assert_eq!(next.matches("filter=").count(), 3, "{next}");
    for change in [json!({ "firstName": "J" }), json!({ "description": "unseen" }), json!({ "lastName": "D" })] {
        assert_eq!(desk.patch(JANE, change).await, 204);
    }
    assert_eq!(desk.add_phone("repeated").await, 204);
    let feed = desk.get(&next).await;
    let rows = rows(&feed, "results");
    assert_eq!(rows.len(), 3, "{feed}");
    assert_eq!(
        (
            &rows[0]["newValues"]["firstName"],
            &rows[1]["newValues"]["lastName"],
            &rows[2]["newValues"]["cards"][0]["number"]
        ),
        (&json!("J"), &json!("D"), &json!("repeated"))
    );
    let one = desk.get("/api/cardholders/4665?fields=id&fields=firstName,lastName").await;
    assert_eq!(one, json!({ "id": "4665", "firstName": "J", "lastName": "D" }));
    let types = desk.get("/api/items?type=15&type=2").await;
    let types: std::collections::BTreeSet<_> =
        types["results"].as_array().unwrap().iter().map(|i| i["type"]["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["15".to_owned(), "2".to_owned()].into());
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_definition_of_personal_data_tells_what_it_is_asked_for() {
    let desk = Desk::open().await;
    let every = "id,type,description,division,required,unique,default,defaultAccess,operatorAccess,accessGroups,\
                 regex,regexDescription,notificationDefault,sortPriority";
    let all = desk.get(&format!("/api/personal_data_fields?fields={every}")).await;
    for field in rows(&all, "results") {
        for member in ["name", "href", "type", "division", "required", "unique", "defaultAccess", "operatorAccess"] {
            assert!(field.get(member).is_some_and(|v| !v.is_null()), "{member}: {field}");
        }
        assert!(field["sortPriority"].is_u64() && field["accessGroups"].is_array(), "{field}");
        let notifies = matches!(field["type"].as_str(), Some("email" | "mobile"));
        assert_eq!(field.get("notificationDefault").is_some(), notifies, "{field}");
        // The page of one tells it without being asked, and can be asked for less.
        let id = field["id"].as_str().unwrap();
        let page = desk.get(&format!("/api/personal_data_fields/{id}")).await;
        assert_eq!(&page, field);
        let little = desk.get(&format!("/api/personal_data_fields/{id}?fields=sortPriority")).await;
        assert_eq!(little, json!({ "sortPriority": field["sortPriority"] }));
    }
    let address = desk.get("/api/personal_data_fields/709").await;
    assert_eq!(address["accessGroups"][0]["name"], "Staff");
    let name_only = desk.get("/api/personal_data_fields?name=Email").await;
    assert_eq!(name_only["results"][0].as_object().unwrap().len(), 3);
    let change = ClientChange { client: 9001, hidden_fields: Some([702].into()), ..ClientChange::default() };
    desk.sim.world().change_client(&change).unwrap();
    assert_eq!(desk.get("/api/personal_data_fields/702").await["operatorAccess"], "noAccess");
    desk.sim.stop().await;
}
