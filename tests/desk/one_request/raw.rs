//! A server made of a socket and a script: what it reads, writes, waits for and drops, byte by byte.

use passdesk::domain::origin::Origin;
use rand::Rng;
use rand::rngs::StdRng;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One thing that the server does once a change begins to arrive.
#[derive(Clone)]
pub enum Step {
    /// Reads so many bytes, at most.
    Read(usize),
    /// Reads the whole request.
    ReadAll,
    Write(Vec<u8>),
    /// So many copies of the same bytes.
    Repeat(Vec<u8>, usize),
    /// Milliseconds.
    Wait(u64),
    /// No more is written; reading goes on.
    HalfClose,
    /// The connection ends; with bytes unread, that is a reset.
    Close,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(n) => write!(f, "read {n}"),
            Self::ReadAll => f.write_str("read all"),
            Self::Write(bytes) => write!(f, "write {:?}", bytes.escape_ascii().to_string()),
            Self::Repeat(bytes, n) => write!(f, "write {} bytes {n} times", bytes.len()),
            Self::Wait(ms) => write!(f, "wait {ms} ms"),
            Self::HalfClose => f.write_str("half close"),
            Self::Close => f.write_str("close"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Script {
    pub steps: Vec<Step>,
    elsewhere: Option<SocketAddr>,
    keeps_reads: bool,
    keeps_changes: bool,
}

impl Script {
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps, elsewhere: None, keeps_reads: false, keeps_changes: false }
    }

    /// Reads all of it, says this, and closes.
    pub fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::new(vec![Step::ReadAll, Step::Write(answer.into()), Step::Close])
    }

    /// `ELSEWHERE` in what is written stands for this address.
    pub fn naming(self, elsewhere: SocketAddr) -> Self {
        Self { elsewhere: Some(elsewhere), ..self }
    }

    /// Connections on which something was read stay open until the next request on them, which they drop.
    pub fn keeping_reads(self) -> Self {
        Self { keeps_reads: true, ..self }
    }

    /// So do those on which a change was made; each is answered like a read.
    pub fn keeping_everything(self) -> Self {
        Self { keeps_reads: true, keeps_changes: true, ..self }
    }

    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match (self.elsewhere, std::str::from_utf8(bytes)) {
            (Some(address), Ok(text)) => text.replace("ELSEWHERE", &address.to_string()).into_bytes(),
            _ => bytes.to_vec(),
        }
    }
}

/// A request as far as it was read.
#[derive(Clone, Debug)]
pub struct Received {
    /// Which request of its connection, from 1.
    pub place: u32,
    pub head: String,
}

impl Received {
    /// A request that could change something.
    pub fn is_act(&self) -> bool {
        !self.head.starts_with("GET ") && !self.head.contains("/oauth2/")
    }
}

pub struct RawServer {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    over: Arc<AtomicBool>,
    accepting: std::thread::JoinHandle<()>,
}

impl RawServer {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, ends) = (Arc::clone(&received), Arc::clone(&over));
        let accepting = std::thread::spawn(move || {
            let mut serving = Vec::new();
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { break };
                let (log, script) = (Arc::clone(&log), script.clone());
                serving.push(std::thread::spawn(move || serve(stream, &script, &log)));
            }
            // Whatever is still on its way is read to its end, so that everything is counted.
            for thread in serving {
                thread.join().unwrap();
            }
        });
        Self { address, received, over, accepting }
    }

    pub fn origin(&self) -> Origin {
        Origin::parse(&format!("http://{}", self.address)).unwrap()
    }

    /// Stops, waits until every connection is over, and gives everything that arrived.
    pub fn end(self) -> Vec<Received> {
        self.over.store(true, Ordering::SeqCst);
        // Wakes whoever waits for a connection.
        drop(TcpStream::connect(self.address));
        self.accepting.join().unwrap();
        self.received.lock().unwrap().clone()
    }
}

const TOKEN: &str = "{\"access_token\":\"CANARY-token\",\"token_type\":\"Bearer\",\"expires_in\":3600}";

fn serve(mut stream: TcpStream, script: &Script, log: &Mutex<Vec<Received>>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.set_nodelay(true);
    let mut place = 0;
    loop {
        // The first byte tells that a request begins; the first line, what it is.
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n") {
            let mut one = [0];
            match stream.read(&mut one) {
                Ok(1) => bytes.push(one[0]),
                _ => return,
            }
        }
        place += 1;
        let head = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        let received = Received { place, head };
        let is_act = received.is_act();
        log.lock().unwrap().push(received.clone());
        if place > 1 && script.keeps_reads {
            return;
        }
        if is_act && !script.keeps_changes {
            return play(&mut stream, script, bytes);
        }
        read_all(&mut stream, &mut bytes);
        let body = if received.head.contains("/oauth2/") { TOKEN } else { "{}" };
        let keep = if script.keeps_reads { "keep-alive" } else { "close" };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nConnection: {keep}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() || !script.keeps_reads {
            return;
        }
    }
}

fn play(stream: &mut TcpStream, script: &Script, mut bytes: Vec<u8>) {
    for step in &script.steps {
        let went = match step {
            Step::Read(n) => {
                let mut chunk = vec![0; *n];
                stream.read(&mut chunk).map(|_| ())
            }
            Step::ReadAll => {
                read_all(stream, &mut bytes);
                Ok(())
            }
            Step::Write(answer) => stream.write_all(&script.bytes(answer)),
            Step::Repeat(piece, times) => (0..*times).try_for_each(|_| stream.write_all(piece)),
            Step::Wait(ms) => {
                std::thread::sleep(Duration::from_millis(*ms));
                Ok(())
            }
            Step::HalfClose => stream.shutdown(Shutdown::Write),
            Step::Close => return,
        };
        if went.is_err() {
            return;
        }
    }
    // Open until the client has had enough.
    let mut rest = [0; 4096];
    while matches!(stream.read(&mut rest), Ok(1..)) {}
}

fn read_all(stream: &mut TcpStream, bytes: &mut Vec<u8>) {
    loop {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return;
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(n @ 1..) => bytes.extend_from_slice(&chunk[..n]),
            _ => return,
        }
    }
}

/// What servers say, in pieces.
const PIECES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"id\":\"7741\"}",
    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{\"id\":\"7741\"}\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://ELSEWHERE/api\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 308 Permanent Redirect\r\nLocation: http://ELSEWHERE/api\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 500 Oh\r\nContent-Length: 5\r\n\r\nhello",
    "{\"id\":1}",
    "\r\n",
    "0\r\n\r\n",
];

/// A random script: pieces whole, cut, twice, with a byte changed, with pauses, in any order.
pub fn random(dice: &mut StdRng) -> Script {
    let mut steps = vec![match dice.random_range(0..4) {
        0 => Step::Read(dice.random_range(1..200)),
        _ => Step::ReadAll,
    }];
    for _ in 0..dice.random_range(1..4) {
        let mut piece = PIECES[dice.random_range(0..PIECES.len())].as_bytes().to_vec();
        match dice.random_range(0..5) {
            0 => piece.truncate(dice.random_range(0..=piece.len())),
            1 => {
                let at = dice.random_range(0..piece.len());
                piece[at] = dice.random();
            }
            2 => piece.extend(piece.clone()),
            _ => {}
        }
        if dice.random_bool(0.2) {
            steps.push(Step::Wait(dice.random_range(0..30)));
        }
        steps.push(Step::Write(piece));
    }
    steps.push(if dice.random_bool(0.2) { Step::HalfClose } else { Step::Close });
    Script::new(steps)
}
