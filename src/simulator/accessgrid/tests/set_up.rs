//! What an administrator's program does to the organisation's set-up (contract sections 6 and 8).

use super::*;

const CONSOLE: &str = "/v1/console";

impl Desk {
    async fn made(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::POST, &format!("{CONSOLE}/{path}"), body).await;
        assert_eq!(status, 201, "{path}: {answer}");
        answer
    }

    async fn template(&self, platform: &str, protocol: &str) -> String {
        let body = json!({ "name": format!("New {platform}"), "platform": platform, "use_case": "corporate_id",
            "protocol": protocol, "allow_on_multiple_devices": true, "watch_count": 2, "iphone_count": 3,
            "background_color": "#FFFFFF", "support_url": "https://help.example", "metadata": { "version": "1" } });
        let made = self.made("card-templates", body).await;
        assert_eq!(made["metadata"]["version"], "1");
        assert!(made["estimated_publishing_date"].as_str().unwrap().parse::<Timestamp>().is_ok());
        made["id"].as_str().unwrap().to_owned()
    }

    async fn publish(&self, id: &str) -> String {
        let (status, answer) = self.bare(Method::POST, &format!("{CONSOLE}/card-templates/{id}/publish")).await;
        assert_eq!((status, &answer["id"]), (200, &json!(id)));
        answer["status"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_template_is_made_changed_published_and_given_up() {
    let desk = Desk::open().await;
    let id = desk.template("apple", "desfire").await;
    let path = format!("{CONSOLE}/card-templates/{id}");
    let (_, shown) = desk.get(&path).await;
    assert_eq!((&shown["name"], &shown["platform"]), (&json!("New apple"), &json!("apple")));
    assert_eq!((&shown["issued_keys_count"], &shown["last_published_at"]), (&json!(0), &Value::Null));
    let devices = &shown["allowed_device_counts"];
    assert_eq!((&devices["iphone"], &devices["watch"]), (&json!(3), &json!(2)));
    assert_eq!(shown["support_settings"]["url"], "https://help.example");
    assert_eq!(shown["style_settings"]["background_color"], "#FFFFFF");
    let (status, changed) = desk.send(Method::PUT, &path, json!({ "name": "Newer", "iphone_count": 5 })).await;
    assert_eq!((status, &changed["id"], &changed["metadata"]["version"]), (200, &json!(id), &json!("1")));
    let (_, shown) = desk.get(&path).await;
    assert_eq!((&shown["name"], &shown["allowed_device_counts"]["iphone"]), (&json!("Newer"), &json!(5)));
    desk.switch(&json!({ "apple_review_s": 3600 }));
    assert_eq!(desk.publish(&id).await, "in-review");
    desk.sim.world().advance(3600);
    assert_eq!(desk.publish(&id).await, "ready");
    assert!(desk.get(&path).await.1["last_published_at"].is_string());
    assert_eq!(desk.get(&format!("{path}/logs")).await.1["logs"], json!([]));
    let (_, all) = desk.get(&format!("{CONSOLE}/card-templates")).await;
    assert!(all.as_array().unwrap().len() == 3 && all[2]["id"] == id.as_str());
    assert_eq!(desk.issue(json!({ "card_template_id": id })).await.0, 422, "it is not played");
    assert_eq!(desk.bare(Method::DELETE, &path).await, (200, json!({ "id": id, "deactivated": true })));
    assert_eq!((desk.get(&path).await.0, desk.bare(Method::DELETE, &path).await.0), (404, 404));
    // One that has passes stays, and a change of it shows wherever it is named.
    let own = format!("{CONSOLE}/card-templates/{APPLE_TEMPLATE}");
    assert_eq!(desk.bare(Method::DELETE, &own).await.0, 422);
    assert_eq!(desk.send(Method::PUT, &own, json!({ "name": "Badge" })).await.0, 200);
    desk.in_state(State::Created).await;
    let (_, items) = desk.get(&format!("{CONSOLE}/ledger-items")).await;
    assert_eq!(items["ledger_items"][0]["access_pass"]["pass_template"]["name"], "Badge");
    assert_eq!(desk.get(&own).await.1["protocol"], "desfire");
    desk.close().await;
}

#[tokio::test]
async fn a_template_that_makes_no_sense_is_refused() {
    let desk = Desk::open().await;
    let good = json!({ "name": "N", "platform": "apple", "use_case": "corporate_id", "protocol": "desfire" });
    for (name, value) in [
        ("use_case", json!("employee_badge")),
        ("platform", json!("symbian")),
        ("protocol", json!("mifare")),
        ("name", json!("")),
        ("iphone_count", json!(6)),
        ("iphone_count", json!(0)),
        ("android_device_limit", json!("some")),
        ("metadata", json!([])),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let (status, answer) = desk.send(Method::POST, &format!("{CONSOLE}/card-templates"), body).await;
        assert_eq!((status, &answer["status"]), (422, &json!("error")), "{name}: {answer}");
    }
    let old_word = json!({ "name": "N", "platform": "google", "use_case": "hotel", "protocol": "smart_tap" });
    let made = desk.made("card-templates", old_word).await;
    let (_, shown) = desk.get(&format!("{CONSOLE}/card-templates/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(shown["platform"], "android", "the current word goes out");
    desk.close().await;
}

#[tokio::test]
async fn a_pair_is_made_of_two_that_are_ready_and_fit() {
    let desk = Desk::open().await;
    let (apple, google) = (desk.template("apple", "desfire").await, desk.template("android", "smart_tap").await);
    let seos = desk.template("android", "seos").await;
    let pairs = format!("{CONSOLE}/card-template-pairs");
    let body = |apple: &str, google: &str| json!({ "name": "Both", "apple_card_template_id": apple, "google_card_template_id": google });
    assert_eq!(desk.send(Method::POST, &pairs, body(&apple, &google)).await.0, 422, "neither is ready");
    for (id, word) in [(&apple, "in-review"), (&google, "ready"), (&seos, "ready")] {
        assert_eq!(desk.publish(id).await, word);
    }
    assert_eq!(desk.send(Method::POST, &pairs, body(&apple, &seos)).await.0, 422, "the protocols differ");
    assert_eq!(desk.send(Method::POST, &pairs, body(&google, &apple)).await.0, 422, "the wrong way round");
    assert_eq!(desk.send(Method::POST, &pairs, body("none", &google)).await.0, 404);
    let made = desk.made("card-template-pairs", body(&apple, &google)).await;
    assert_eq!(made["ios_template"], json!({ "id": apple, "name": "New apple", "platform": "apple" }));
    let (_, listed) = desk.get(&pairs).await;
    assert_eq!((&listed["pagination"]["total_count"], &listed["card_template_pairs"][1]), (&json!(2), &made));
    for id in [&made["id"], &made["ex_id"]] {
        let (_, pair) = desk.get(&format!("{CONSOLE}/card-templates/{}", id.as_str().unwrap())).await;
        assert_eq!((&pair["name"], &pair["templates"][1]["id"]), (&json!("Both"), &json!(google)));
    }
    desk.close().await;
}

#[tokio::test]
async fn the_listed_id_of_a_pair_names_the_pair() {
    let desk = Desk::open().await;
    let (_, listed) = desk.get(&format!("{CONSOLE}/card-template-pairs")).await;
    let id = listed["card_template_pairs"][0]["id"].as_str().unwrap();
    assert_ne!(id, TEMPLATE_PAIR);
    let (status, pair) = desk.issue(json!({ "card_template_id": id })).await;
    assert_eq!((status, pair["details"].as_array().unwrap().len()), (201, 2), "{pair}");
    let (_, shown) = desk.get(&format!("{CONSOLE}/card-templates/{id}")).await;
    assert_eq!((&shown["id"], shown["templates"].as_array().unwrap().len()), (&json!(id), 2));
    let (status, logs) = desk.get(&format!("{CONSOLE}/card-templates/{id}/logs")).await;
    assert_eq!((status, logs["logs"].as_array().unwrap().len()), (200, 50));
    desk.close().await;
}

#[tokio::test]
async fn landing_pages_are_made_and_changed() {
    let desk = Desk::open().await;
    let body = json!({ "name": "Hall", "kind": "universal", "password": "hunter2", "logo": "aGVsbG8=" });
    let made = desk.made("landing-pages", body).await;
    assert_eq!((&made["name"], &made["password_protected"]), (&json!("Hall"), &json!(true)));
    assert!(made["logo_url"].is_string() && !made.to_string().contains("hunter2"));
    let path = format!("{CONSOLE}/landing-pages/{}", made["id"].as_str().unwrap());
    for (method, name) in [(Method::PUT, "Door"), (Method::PATCH, "Gate")] {
        let (status, changed) = desk.send(method, &path, json!({ "name": name, "kind": "universal" })).await;
        assert_eq!((status, &changed["name"], &changed["kind"]), (200, &json!(name), &json!("universal")));
    }
    assert_eq!(desk.send(Method::PUT, &path, json!({ "kind": "personalized" })).await.0, 422, "it never changes");
    let pages = format!("{CONSOLE}/landing-pages");
    assert_eq!(desk.send(Method::POST, &pages, json!({ "name": "X", "kind": "other" })).await.0, 422);
    let (_, listed) = desk.get(&pages).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (1, &json!("Gate")));
    assert_eq!(desk.send(Method::PUT, &format!("{pages}/none"), json!({ "name": "X" })).await.0, 404);
    desk.close().await;
}

#[tokio::test]
async fn webhooks_are_made_asked_about_and_ended() {
    let desk = Desk::open().await;
    let hooks = format!("{CONSOLE}/webhooks");
    let body = json!({ "name": "W", "url": "https://w.example/x", "auth_method": "bearer_token",
        "subscribed_events": ["ag.access_pass.issued", "ag.access_pass.devices.added"] });
    for (name, value, said) in [
        ("subscribed_events", json!(["ag.access_pass.eaten"]), "ag.access_pass.eaten"),
        ("subscribed_events", json!([]), "event"),
        ("auth_method", json!("none"), "auth_method"),
        ("url", json!(""), "url"),
    ] {
        let mut body = body.clone();
        body[name] = value;
        let (status, answer) = desk.send(Method::POST, &hooks, body).await;
        assert!(status == 422 && answer["message"].as_str().unwrap().contains(said), "{answer}");
    }
    let made = desk.made("webhooks", body).await;
    let secret = made["private_key"].as_str().unwrap();
    let id = made["id"].as_str().unwrap();
    let (_, listed) = desk.get(&hooks).await;
    assert_eq!((&listed["pagination"]["total_count"], &listed["webhooks"][1]["id"]), (&json!(2), &json!(id)));
    assert!(!listed.to_string().contains(secret), "shown once");
    let verify = async |id: &str| desk.bare(Method::POST, &format!("{hooks}/{id}/verify")).await;
    assert_eq!(verify(id).await, (202, json!({ "id": id, "verified": false })));
    desk.switch(&json!({ "webhooks_verified": true }));
    assert_eq!(verify(id).await, (200, json!({ "id": id, "verified": true })));
    let payload = json!({ "id": id }).to_string();
    let path = format!("{hooks}/{id}?sig_payload={}", encoded(&payload));
    let gone = desk.raw(Method::DELETE, &path, "", &desk.sign(&payload)).await;
    assert_eq!((gone.status().as_u16(), gone.text().await.unwrap().as_str()), (204, ""));
    assert_eq!((verify(id).await.0, desk.bare(Method::DELETE, &format!("{hooks}/{id}")).await.0), (404, 404));
    desk.close().await;
}

#[tokio::test]
async fn an_organisation_is_registered_once_and_then_activated() {
    let desk = Desk::open().await;
    let activate = format!("{CONSOLE}/hid/orgs/activate");
    let login = json!({ "email": "a@b.example", "password": "hunter2" });
    assert_eq!(desk.send(Method::POST, &activate, login.clone()).await.0, 404, "there is none");
    let body = json!({ "name": "Old Mill, Ltd", "full_address": "1 Lane", "phone": "+1", "first_name": "A",
        "last_name": "B" });
    let made = desk.made("hid/orgs", body.clone()).await;
    assert_eq!((&made["slug"], &made["full_address"]), (&json!("old-mill-ltd"), &json!("1 Lane")));
    let again = desk.send(Method::POST, &format!("{CONSOLE}/hid/orgs"), body).await;
    assert_eq!(again, (200, made.clone()), "the same one");
    let (status, active) = desk.send(Method::POST, &activate, login).await;
    assert_eq!((status, &active["id"]), (200, &made["id"]));
    assert_ne!(active["status"], made["status"]);
    let (_, listed) = desk.get(&format!("{CONSOLE}/hid/orgs")).await;
    assert!(listed == json!([active]) && !listed.to_string().contains("hunter2"));
    desk.close().await;
}

#[tokio::test]
async fn a_phone_may_ask_before_it_takes_a_pass() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Created).await;
    let ask = async |template: &str, pass: &str| {
        let path = format!("{CONSOLE}/card-templates/{template}/ios_preflight");
        desk.send(Method::POST, &path, json!({ "access_pass_ex_id": pass })).await
    };
    let (status, answer) = ask(APPLE_TEMPLATE, &id).await;
    assert_eq!(status, 200);
    for member in [
        "provisioningCredentialIdentifier",
        "sharingInstanceIdentifier",
        "cardTemplateIdentifier",
        "environmentIdentifier",
    ] {
        assert!(!answer[member].as_str().unwrap().is_empty(), "{member}");
    }
    let (status, answer) = ask(APPLE_TEMPLATE, "none").await;
    assert!(status == 404 && answer["error"].is_string() && answer.get("message").is_none(), "{answer}");
    assert_eq!(ask(ANDROID_TEMPLATE, &id).await.0, 404, "a pass of another template");
    desk.close().await;
}

#[tokio::test]
async fn key_material_is_never_dealt_with() {
    let desk = Desk::open().await;
    for (method, path) in
        [(Method::POST, "card-templates/0xb2d8c0de5b22/smart-tap/reveal"), (Method::POST, "credential-profiles")]
    {
        assert_eq!(desk.bare(method, &format!("{CONSOLE}/{path}")).await.0, 403, "{path}");
    }
    assert_eq!(desk.bare(Method::DELETE, &format!("{CONSOLE}/credential-profiles/none")).await.0, 404);
    desk.close().await;
}
