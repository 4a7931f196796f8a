//! Lists (contract section 4.4): pages, filters heeded and not, and what is missing.

use super::*;

async fn ids_of(desk: &Desk, query: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for page in 1.. {
        let (status, body) = desk.get(&format!("/v1/key-cards?{query}&page={page}&per_page=100")).await;
        assert_eq!(status, 200);
        let keys = body["keys"].as_array().unwrap();
        assert_eq!(body["count"], keys.len());
        if keys.is_empty() {
            assert_eq!(body["total_count"], ids.len());
            assert!(body["total_pages"].as_u64().unwrap() < page);
            return ids;
        }
        ids.extend(keys.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
    }
    ids
}

#[tokio::test]
async fn pages_are_stable_while_passes_are_added() {
    let desk = Desk::open().await;
    let all = ids_of(&desk, "a=b").await;
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert!(all.len() > 200 && distinct.len() == all.len());
    let (_, first) = desk.get("/v1/key-cards?per_page=7").await;
    assert_eq!((&first["per_page"], first["keys"].as_array().unwrap().len()), (&json!(7), 7));
    assert_eq!(desk.get("/v1/key-cards").await.1["per_page"], 25);
    assert_eq!(desk.get("/v1/key-cards?per_page=1000").await.1["per_page"], 100);
    let new = desk.in_state(State::Created).await;
    let more = ids_of(&desk, "a=b").await;
    assert_eq!((&more[..all.len()], more.last().unwrap()), (&all[..], &new));
    desk.switch(json!({ "list_order": "newest_first" }));
    let mut reversed = ids_of(&desk, "a=b").await;
    reversed.reverse();
    assert_eq!(reversed, more);
    desk.close().await;
}

#[tokio::test]
async fn filters_are_heeded_or_not() {
    let desk = Desk::open().await;
    let john = pass_of(&desk, JOHN);
    let tag = john.metadata["console_ref"].as_str().unwrap();
    let number = desk.get(&format!("/v1/key-cards/{}", john.id)).await.1["card_number"].as_str().unwrap().to_owned();
    let all = ids_of(&desk, "a=b").await.len();
    for (query, switch, one) in [
        (format!("template_id={APPLE_TEMPLATE}"), "honour_template_filter", false),
        ("state=active".to_owned(), "honour_state_filter", false),
        (format!("metadata[console_ref]={tag}"), "honour_metadata_filter", true),
        (format!("metadata%5Bconsole_ref%5D={tag}"), "honour_metadata_filter", true),
        ("metadata[source]=visitor-desk".to_owned(), "honour_metadata_filter", false),
        (format!("employee_id={}", john.employee_id), "honour_holder_filters", true),
        (format!("card_number={number}"), "honour_holder_filters", true),
        ("site_code=42".to_owned(), "honour_holder_filters", false),
    ] {
        desk.switch(json!({ switch: true }));
        let found = ids_of(&desk, &query).await;
        assert!(found.contains(&john.id) != (query.contains("source")), "{query}");
        assert!(if one { found.len() == 1 } else { found.len() > 1 && found.len() < all }, "{query}: {}", found.len());
        desk.switch(json!({ switch: false }));
        assert!(ids_of(&desk, &query).await.len() >= all, "{query} unheeded");
        desk.switch(json!({ switch: true }));
    }
    let query = format!("template_id={ANDROID_TEMPLATE}&metadata[console_ref]={tag}");
    assert!(ids_of(&desk, &query).await.is_empty(), "filters are joined by and");
    assert_eq!(desk.get("/v1/key-cards?metadata[a]=1&metadata[b]=2&metadata[c]=3").await.0, 422);
    desk.close().await;
}

#[tokio::test]
async fn c9_every_state_can_be_asked_for_unless_created_is_refused() {
    let desk = Desk::open().await;
    for state in ["created", "active", "suspended", "unlink", "deleted"] {
        let (status, body) = desk.get(&format!("/v1/key-cards?state={state}")).await;
        assert_eq!(status, 200);
        let keys = body["keys"].as_array().unwrap();
        assert!(!keys.is_empty() && keys.iter().all(|key| key["state"] == state), "{state}");
    }
    assert_eq!(desk.get("/v1/key-cards?state=unlinked").await.0, 422);
    desk.switch(json!({ "created_filter": false }));
    assert_eq!(desk.get("/v1/key-cards?state=created").await.0, 422);
    assert_eq!(desk.get("/v1/key-cards?state=deleted").await.0, 200);
    desk.close().await;
}

#[tokio::test]
async fn lists_leave_things_out() {
    let desk = Desk::open().await;
    let plain = ids_of(&desk, "a=b").await;
    let deleted = ids_of(&desk, "state=deleted").await;
    assert!(!deleted.is_empty() && deleted.iter().all(|id| !plain.contains(id)));
    desk.switch(json!({ "list_deleted": true }));
    assert_eq!(ids_of(&desk, "a=b").await.len(), plain.len() + deleted.len());
    desk.switch(json!({ "list_deleted": false, "list_omits_every": 3 }));
    let fewer = ids_of(&desk, "a=b").await;
    assert_eq!(fewer.len(), plain.len() - plain.len() / 3);
    assert_eq!(desk.get(&format!("/v1/key-cards/{}", plain[2])).await.0, 200, "absence is no proof");
    assert!(!fewer.contains(&plain[2]));
    desk.close().await;
}
