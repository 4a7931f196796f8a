//! Signatures, errors and limits over the wire (contract sections 1 to 3).

use super::*;

#[tokio::test]
async fn only_a_right_signature_over_what_was_sent_is_let_in() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Active).await;
    let payload = format!(r#"{{"id":"{id}"}}"#);
    let path = format!("/v1/key-cards/{id}?sig_payload={}", encoded(&payload));
    let good = desk.sign(&payload);
    let status = async |path: &str, body: &str, signature: &str| {
        let method = if body.is_empty() { Method::GET } else { Method::PATCH };
        desk.raw(method, path, body, signature).await.status().as_u16()
    };
    assert_eq!(status(&path, "", &good).await, 200);
    for bad in ["", "0", &desk.sign("{}"), &good.to_uppercase(), &sign("other secret", &payload)] {
        assert_eq!(status(&path, "", bad).await, 401, "{bad}");
    }
    assert_eq!(status(&format!("/v1/key-cards/{id}"), "", &good).await, 401, "nothing was signed");
    let patch = format!("/v1/key-cards/{id}");
    let body = r#"{"title":"Boss"}"#;
    assert_eq!(status(&patch, r#"{"title": "Boss"}"#, &desk.sign(body)).await, 401, "other bytes");
    assert_eq!(status(&path, body, &good).await, 401, "a body is never left unsigned");
    let latin: Vec<u8> = r#"{"title":"Bö"}"#.chars().map(|c| c as u8).collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, desk.account.secret.as_bytes());
    let message = base64::engine::general_purpose::STANDARD.encode(latin);
    let tag = ring::hmac::sign(&key, message.as_bytes());
    let tag: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(status(&patch, r#"{"title":"Bö"}"#, &tag).await, 401, "signed as Latin-1, sent as UTF-8");
    assert_eq!(status(&patch, body, &desk.sign(body)).await, 200);
    let stranger = Desk { account: Account { id: "acct_none".into(), ..desk.account.clone() }, ..Desk::open().await };
    assert_eq!(stranger.get("/v1/key-cards").await.0, 401);
    stranger.close().await;
    desk.close().await;
}

#[tokio::test]
async fn the_plain_digest_is_refused_over_the_wire() {
    let desk = Desk::open().await;
    let payload = r#"{"id":"key-cards"}"#;
    let text = format!("{}{}", desk.account.secret, base64::engine::general_purpose::STANDARD.encode(payload));
    let digest = crate::simulator::digest::sha256_hex(text.as_bytes());
    let path = format!("/v1/key-cards?sig_payload={}", encoded(payload));
    assert_eq!(desk.raw(Method::GET, &path, "", &digest).await.status(), 401);
    assert_eq!(desk.raw(Method::GET, &path, "", &desk.sign(payload)).await.status(), 200);
    desk.close().await;
}

#[tokio::test]
async fn the_forms_of_all_vendor_clients_are_let_in() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Active).await;
    let signed = async |method: Method, path: String, body: &str, payload: &str| {
        desk.raw(method, &path, body, &desk.sign(payload)).await.status().as_u16()
    };
    // A space as `+`, as Python and Java send it, and as `%20`.
    let spaced = format!(r#"{{"id": "{id}"}}"#);
    for space in ["+", "%20"] {
        let query = encoded(&spaced).replace("%20", space);
        assert_eq!(signed(Method::GET, format!("/v1/key-cards/{id}?sig_payload={query}"), "", &spaced).await, 200);
    }
    // An empty pair, and other parameters before it.
    let list = r#"{"id":"key-cards"}"#;
    for path in ["/v1/key-cards?&", "/v1/key-cards?template_id=x&flag&"] {
        assert_eq!(signed(Method::GET, format!("{path}sig_payload={}", encoded(list)), "", list).await, 200);
    }
    // Java signs `{}` for lists.
    assert_eq!(signed(Method::GET, "/v1/key-cards?sig_payload=%7B%7D".into(), "", "{}").await, 200);
    // Go posts `{}` signed as such; Elixir posts `{}` and signs the id.
    assert_eq!(signed(Method::POST, format!("/v1/key-cards/{id}/suspend"), "{}", "{}").await, 200);
    let payload = format!(r#"{{"id":"{id}"}}"#);
    let path = format!("/v1/key-cards/{id}/resume?sig_payload={}", encoded(&payload));
    assert_eq!(signed(Method::POST, path, "{}", &payload).await, 200);
    // A signature fits every call for the id: the replay hazard is the vendor's.
    let path = format!("/v1/key-cards/{id}/unlink?sig_payload={}", encoded(&payload));
    assert_eq!(signed(Method::POST, path, "", &payload).await, 200);
    desk.close().await;
}

#[tokio::test]
async fn the_signed_id_must_be_the_paths_only_by_switch() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Active).await;
    let path = format!("/v1/key-cards/{id}?sig_payload=%7B%7D");
    let status = async || desk.raw(Method::GET, &path, "", &desk.sign("{}")).await.status().as_u16();
    assert_eq!(status().await, 200);
    desk.switch(json!({ "strict_sig_id": true }));
    assert_eq!(status().await, 401);
    assert_eq!(desk.get(&format!("/v1/key-cards/{id}")).await.0, 200);
    assert_eq!(desk.get("/v1/key-cards").await.0, 200);
    assert_eq!(desk.act(&id, Action::Suspend).await.0, 200);
    desk.close().await;
}

#[tokio::test]
async fn errors_come_in_the_vendors_forms() {
    let desk = Desk::open().await;
    for (form, wanted) in [
        ("message", json!({ "status": "error", "message": "Access pass not found" })),
        ("list", json!({ "status": "error", "message": ["Access pass not found", "see the documentation"] })),
        ("error_key", json!({ "error": "Access pass not found", "request_id": "req_5f0c" })),
    ] {
        desk.switch(json!({ "error_form": form }));
        assert_eq!(desk.get("/v1/key-cards/nothing").await, (404, wanted));
    }
    desk.switch(json!({ "error_form": "message" }));
    for path in ["/", "/v1", "/v1/none", "/v1/key-cards/a/b/c"] {
        assert_eq!(desk.get(path).await.0, 404, "{path}");
    }
    let (status, answer) = desk.bare(Method::DELETE, "/v1/key-cards/nothing").await;
    assert_eq!((status, &answer["status"]), (404, &json!("error")));
    desk.grid.fail_next(503).unwrap();
    let (status, answer) = desk.get("/v1/key-cards").await;
    assert_eq!((status, &answer["status"]), (503, &json!("error")));
    desk.close().await;
}

#[tokio::test]
async fn a_lost_answer_was_still_an_issue() {
    let desk = Desk::open().await;
    let before = desk.grid.counts().passes;
    desk.grid.drop_response_after_commit().unwrap();
    let body = json!({ "card_template_id": APPLE_TEMPLATE, "full_name": "Rosa", "metadata": { "console_ref": "r7" } });
    let body = body.to_string();
    let url = format!("{}v1/key-cards", desk.sim.url(System::AccessGrid));
    let request = desk.http.post(url).header("X-ACCT-ID", &desk.account.id);
    let lost = request.header("X-PAYLOAD-SIG", desk.sign(&body)).body(body).send().await;
    assert!(lost.is_err());
    assert_eq!(desk.grid.counts().passes, before + 1);
    let (_, found) = desk.get("/v1/key-cards?metadata[console_ref]=r7").await;
    assert_eq!(found["total_count"], 1);
    let log = desk.grid.front().log().view();
    let lost = log.requests.iter().find(|r| r.method == "POST").unwrap();
    assert_eq!((lost.applied, lost.by, lost.status), (true, Some(Author::Console), None));
    desk.close().await;
}

#[tokio::test]
async fn the_limits_hold_when_switched_on() {
    let desk = Desk::open().await;
    let burst = async || {
        let calls = (0..45).map(|_| desk.get("/v1/key-cards?per_page=1"));
        let answers = futures::future::join_all(calls).await;
        answers.iter().filter(|(status, _)| *status == 429).count()
    };
    assert_eq!(burst().await, 0);
    desk.switch(json!({ "rate_limit": "everything" }));
    let refused = burst().await;
    assert!(refused > 0, "45 calls at once are more than 20 a second");
    let (status, _) = desk.issue(json!({})).await;
    assert_eq!(status, 429);
    desk.switch(json!({ "rate_limit": "writes" }));
    assert_eq!(desk.get("/v1/key-cards").await.0, 200, "reads do not count");
    desk.switch(json!({ "rate_limit": "off" }));
    for says in [true, false] {
        desk.switch(json!({ "retry_after": says }));
        desk.grid.throttle(1);
        let response = desk.raw(Method::GET, "/v1/key-cards?sig_payload=%7B%7D", "", &desk.sign("{}")).await;
        assert_eq!((response.status().as_u16(), response.headers().contains_key("retry-after")), (429, says));
    }
    assert!(desk.grid.peaks(Author::Console).1 >= 20);
    desk.close().await;
}

#[tokio::test]
async fn a_sixth_call_at_once_is_refused_when_switched_on() {
    let desk = Desk::open().await;
    let six = async || {
        let calls = (0..6).map(|_| desk.get("/v1/key-cards?per_page=1"));
        let answers = futures::future::join_all(calls).await;
        answers.iter().filter(|(status, _)| *status == 429).count()
    };
    desk.switch(json!({ "work_ms": 400 }));
    assert_eq!(six().await, 0);
    desk.switch(json!({ "rate_limit": "everything" }));
    // A slow machine may spread them out; but never more than one was too many.
    let refused = six().await;
    assert!(refused <= 1 && desk.grid.peaks(Author::Console).0 == 6, "{refused}");
    desk.close().await;
}
