//! The table: what the server does, and which outcomes that can prove (safety.md section 2.1).

use super::changes::Vendor;
use super::raw::{Script, Step};
use passdesk::domain::credential::System;

pub const SUCCESS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"id\":\"7741\"}";

/// Milliseconds, longer than the client waits.
const LATE: u64 = 2_300;

pub struct Case {
    pub name: &'static str,
    pub script: Script,
    pub allowed: &'static [&'static str],
}

const APPLIED: &[&str] = &["applied"];
const REJECTED: &[&str] = &["rejected"];
const UNKNOWN: &[&str] = &["unknown"];
/// What a reader of HTTP may take either way.
const EITHER: &[&str] = &["applied", "unknown"];

fn answer(name: &'static str, answer: impl Into<Vec<u8>>, allowed: &'static [&'static str]) -> Case {
    Case { name, script: Script::answering(answer), allowed }
}

fn script(name: &'static str, steps: Vec<Step>, allowed: &'static [&'static str]) -> Case {
    Case { name, script: Script::new(steps), allowed }
}

fn write(text: &str) -> Step {
    Step::Write(text.as_bytes().to_vec())
}

/// A whole answer with a JSON body.
fn whole(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

pub fn cases(vendor: &Vendor) -> Vec<Case> {
    use Step::{Close, HalfClose, Read, ReadAll, Repeat, Wait};
    // Gallagher answers 204, D1 accepts without a body; elsewhere no body proves nothing.
    let empty = if matches!(vendor.system, System::Gallagher | System::ThalesD1) { APPLIED } else { UNKNOWN };
    let mut all = vec![
        // The connection ends at every stage.
        script("reset as soon as the first line is there", vec![Close], UNKNOWN),
        script("reset in the middle of the head", vec![Read(40), Close], UNKNOWN),
        script("closed with the whole request read", vec![ReadAll, Close], UNKNOWN),
        script("half closed with the whole request read", vec![ReadAll, HalfClose], UNKNOWN),
        script("closed in the status line", vec![ReadAll, write("HTTP/1.1 20"), Close], UNKNOWN),
        script("closed in the headers", vec![ReadAll, write("HTTP/1.1 200 OK\r\nContent-Ty"), Close], UNKNOWN),
        script("closed in the body", vec![ReadAll, write(&SUCCESS[..SUCCESS.len() - 4]), Close], UNKNOWN),
        script(
            "closed in a chunk",
            vec![
                ReadAll,
                write(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"id\"",
                ),
                Close,
            ],
            UNKNOWN,
        ),
        script(
            "closed before the last chunk",
            vec![
                ReadAll,
                write(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                ),
                Close,
            ],
            UNKNOWN,
        ),
        script("an answer before the request is whole, then closed", vec![write(SUCCESS), Close], EITHER),
        // Late, slow, endless.
        script("no answer", vec![ReadAll, Wait(LATE)], UNKNOWN),
        script("an answer that comes too late", vec![ReadAll, Wait(LATE), write(SUCCESS), Close], UNKNOWN),
        script("an answer that comes just in time", vec![ReadAll, Wait(150), write(SUCCESS), Close], APPLIED),
        script(
            "headers that never end",
            vec![ReadAll, write("HTTP/1.1 200 OK\r\n"), Repeat(b"X-A: b\r\n".to_vec(), 200_000), Close],
            UNKNOWN,
        ),
        script(
            "a body that does not come",
            vec![
                ReadAll,
                write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"),
                Wait(LATE),
            ],
            UNKNOWN,
        ),
        script("the request is not read", vec![Wait(LATE)], UNKNOWN),
        // Interim answers.
        answer("100 and success", format!("HTTP/1.1 100 Continue\r\n\r\n{SUCCESS}"), APPLIED),
        answer("103 and success", format!("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{SUCCESS}"), APPLIED),
        answer(
            "fifty times 102 and success",
            format!("{}{SUCCESS}", "HTTP/1.1 102 Processing\r\n\r\n".repeat(50)),
            EITHER,
        ),
        answer("100 and nothing", "HTTP/1.1 100 Continue\r\n\r\n", UNKNOWN),
        answer(
            "100 and refusal",
            format!("HTTP/1.1 100 Continue\r\n\r\n{}", whole("409 Conflict", "", "{}")),
            REJECTED,
        ),
        answer(
            "another protocol",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            UNKNOWN,
        ),
        // More than one answer.
        answer("success twice", format!("{SUCCESS}{SUCCESS}"), APPLIED),
        answer("success, then refusal", format!("{SUCCESS}{}", whole("400 Bad Request", "", "{}")), APPLIED),
        answer("refusal, then success", format!("{}{SUCCESS}", whole("400 Bad Request", "", "{}")), REJECTED),
        // No HTTP.
        answer("bytes that are no HTTP", "hello there\r\n\r\n", UNKNOWN),
        answer("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", UNKNOWN),
        answer("zeros", vec![0; 4096], UNKNOWN),
        answer("a status that is none", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", UNKNOWN),
        answer(
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}   ",
            UNKNOWN,
        ),
        answer("a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", UNKNOWN),
        answer(
            "a chunk that is none",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
            UNKNOWN,
        ),
        answer(
            "a chunk longer than it says",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
            UNKNOWN,
        ),
        answer("a header with a NUL", "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n", UNKNOWN),
        answer(
            "64 KiB of headers and more",
            whole("200 OK", &format!("X-Filler: {}\r\n", "a".repeat(1000)).repeat(70), "{}"),
            UNKNOWN,
        ),
        // A success that proves nothing.
        answer("success without a body", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", empty),
        answer("a portal's page", whole("200 OK", "", "{}").replace("application/json", "text/html"), UNKNOWN),
        answer("half a document", whole("200 OK", "", "{\"id\":"), UNKNOWN),
        answer("a document too deep", whole("200 OK", "", &format!("{}{}", "[".repeat(65), "]".repeat(65))), UNKNOWN),
        answer(
            "a document that was not asked for packed",
            whole("200 OK", "Content-Encoding: gzip\r\n", "xx"),
            UNKNOWN,
        ),
        answer(
            "a document that says it is packed and is not",
            whole("200 OK", "Content-Encoding: br\r\n", "{\"id\":\"1\"}"),
            UNKNOWN,
        ),
        answer("a document as it is", whole("200 OK", "Content-Encoding: identity\r\n", "{\"id\":\"1\"}"), APPLIED),
        script(
            "a document too long",
            vec![
                ReadAll,
                write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n"),
                Repeat(vec![b' '; 60_000], 150),
                Close,
            ],
            UNKNOWN,
        ),
        // Elsewhere.
        answer("300", whole("300 Multiple Choices", "Location: http://ELSEWHERE/api\r\n", "{}"), UNKNOWN),
        answer(
            "301 to another host",
            whole("301 Moved Permanently", "Location: http://ELSEWHERE/api\r\n", "{}"),
            UNKNOWN,
        ),
        answer("302 to another host", whole("302 Found", "Location: http://ELSEWHERE/api\r\n", "{}"), UNKNOWN),
        answer("303 to another host", whole("303 See Other", "Location: http://ELSEWHERE/api\r\n", "{}"), UNKNOWN),
        answer(
            "307 to another host",
            whole("307 Temporary Redirect", "Location: http://ELSEWHERE/api\r\n", "{}"),
            UNKNOWN,
        ),
        answer(
            "308 to another host",
            whole("308 Permanent Redirect", "Location: http://ELSEWHERE/api\r\n", "{}"),
            UNKNOWN,
        ),
        answer("307 without a scheme", whole("307 Temporary Redirect", "Location: //ELSEWHERE/api\r\n", "{}"), UNKNOWN),
        answer("307 to the same path", whole("307 Temporary Redirect", "Location: ?again\r\n", "{}"), UNKNOWN),
        answer("304", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", UNKNOWN),
        answer(
            "success that names another host",
            whole(
                "200 OK",
                "Location: http://ELSEWHERE/api\r\nLink: <http://ELSEWHERE/>; rel=next\r\nRefresh: 0; url=http://ELSEWHERE/\r\nAlt-Svc: h2=\"ELSEWHERE\"\r\n",
                "{\"id\":\"1\"}",
            ),
            APPLIED,
        ),
    ];
    for (name, status) in [
        ("400", "400 Bad Request"),
        ("401", "401 Unauthorized"),
        ("402", "402 Payment Required"),
        ("403", "403 Forbidden"),
        ("404", "404 Not Found"),
        ("405", "405 Method Not Allowed"),
        ("409", "409 Conflict"),
        ("415", "415 Unsupported Media Type"),
        ("422", "422 Unprocessable Content"),
        ("429", "429 Too Many Requests"),
    ] {
        all.push(answer(
            name,
            whole(status, "Retry-After: 0\r\nWWW-Authenticate: Basic realm=\"x\"\r\n", "{\"message\":\"no\"}"),
            REJECTED,
        ));
    }
    for (name, status) in [
        ("407", "407 Proxy Authentication Required"),
        ("408", "408 Request Timeout"),
        ("425", "425 Too Early"),
        ("500", "500 Internal Server Error"),
        ("502", "502 Bad Gateway"),
        ("503", "503 Service Unavailable"),
        ("504", "504 Gateway Timeout"),
        ("599", "599 Strange"),
    ] {
        all.push(answer(name, whole(status, "Retry-After: 0\r\n", "{}"), UNKNOWN));
    }
    // The refusal stands in the status line; only its text is lost.
    all.push(script(
        "a refusal whose text breaks off",
        vec![ReadAll, write("HTTP/1.1 409 Conflict\r\nContent-Length: 50\r\n\r\n{\"mess"), Close],
        REJECTED,
    ));
    all
}

/// What the bytes of a script could prove at most.
pub struct Proof {
    pub success: bool,
    pub refusal: bool,
}

impl Proof {
    pub fn of(script: &Script) -> Self {
        let mut text = String::new();
        for step in &script.steps {
            if let Step::Write(bytes) = step {
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        // A byte may have been changed anywhere, so the first digit is what counts.
        let status = |first: char| text.split("HTTP/1.1 ").skip(1).any(|rest| rest.starts_with(first));
        Self { success: status('2'), refusal: status('4') }
    }
}
