//! The certificates of a simulated site, made at start: what its listeners show, and who they want to see. What is
//! shown can be changed while it runs, so that a stranger in the middle can be played as well.

use super::digest::{sha1_hex, sha256_hex};
use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Which certificate the listeners show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownCertificate {
    /// The site's own.
    #[default]
    Own,
    /// Another one for the same names.
    Changed,
    /// The site's own, by somebody who does not hold its key.
    WithoutKey,
    /// One that has run out.
    Expired,
    /// One for another name.
    OtherName,
}

impl ShownCertificate {
    const ALL: [Self; 5] = [Self::Own, Self::Changed, Self::WithoutKey, Self::Expired, Self::OtherName];
}

/// Whose certificate a listener wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nobody's.
    Nobodys,
    /// Anybody's, or none: who it is gets judged by its thumbprint, request by request (gallagher.md section 1).
    Anybodys,
    /// One that the site's authority has issued; without it there is no handshake.
    Issued,
}

/// All certificates of one simulated site.
#[derive(Debug)]
pub struct Certificates {
    face: Arc<Face>,
    roots: Arc<RootCertStore>,
    /// The site's own certificate in PEM form, for clients that take a file of trusted roots.
    pub pem: String,
    /// The client certificate that the site's authority has issued, in PEM form.
    pub client_pem: String,
    /// Its private key in PEM form.
    pub client_key_pem: String,
    /// SHA-1 of the client certificate, 40 upper-case hex digits: its thumbprint.
    pub client_thumbprint: String,
}

#[derive(Debug)]
struct Face {
    shown: RwLock<ShownCertificate>,
    keys: Vec<Arc<CertifiedKey>>,
}

impl Face {
    fn key(&self, which: ShownCertificate) -> Option<&Arc<CertifiedKey>> {
        let place = ShownCertificate::ALL.iter().position(|shown| *shown == which)?;
        self.keys.get(place)
    }
}

impl ResolvesServerCert for Face {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = *self.shown.read().unwrap_or_else(PoisonError::into_inner);
        self.key(shown).cloned()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A certificate that its own key has signed, for these names and until this year.
fn self_signed(names: &[&str], key: &KeyPair, until: i32) -> anyhow::Result<rcgen::Certificate> {
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())?;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.self_signed(key).context("cannot make a certificate")
}

fn certified(certificate: &CertificateDer<'static>, key: &KeyPair) -> anyhow::Result<Arc<CertifiedKey>> {
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|e| anyhow::anyhow!("cannot use the key just made: {e}"))?;
    let key = provider().key_provider.load_private_key(key).context("cannot use the key just made")?;
    // Whether the two belong together is not looked at: one of them is made not to.
    Ok(Arc::new(CertifiedKey::new(vec![certificate.clone()], key)))
}

impl Certificates {
    /// Makes them.
    ///
    /// # Errors
    /// Only by a defect of the build.
    pub fn make() -> anyhow::Result<Self> {
        const HERE: &[&str] = &["localhost", "127.0.0.1"];
        let (own_key, other_key) = (KeyPair::generate()?, KeyPair::generate()?);
        let own = self_signed(HERE, &own_key, 2090)?;
        let keys = vec![
            certified(own.der(), &own_key)?,
            certified(self_signed(HERE, &other_key, 2090)?.der(), &other_key)?,
            certified(own.der(), &other_key)?,
            certified(self_signed(HERE, &other_key, 2021)?.der(), &other_key)?,
            certified(self_signed(&["elsewhere.example"], &other_key, 2090)?.der(), &other_key)?,
        ];
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "Simulated site authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let client_key = KeyPair::generate()?;
        let mut client = CertificateParams::new(vec!["passdesk.client".to_owned()])?;
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = client.signed_by(&client_key, &authority)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).context("cannot use the authority just made")?;
        Ok(Self {
            face: Arc::new(Face { shown: RwLock::default(), keys }),
            roots: Arc::new(roots),
            pem: own.pem(),
            client_thumbprint: sha1_hex(client.der()),
            client_pem: client.pem(),
            client_key_pem: client_key.serialize_pem(),
        })
    }

    /// What an accept loop needs.
    ///
    /// # Errors
    /// Only by a defect of the build.
    pub fn acceptor(&self, wanted: Wanted) -> anyhow::Result<TlsAcceptor> {
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = match wanted {
            Wanted::Nobodys => builder.with_no_client_auth(),
            Wanted::Anybodys => builder.with_client_cert_verifier(Arc::new(Anybody(provider()))),
            Wanted::Issued => {
                let roots = Arc::clone(&self.roots);
                let judge = WebPkiClientVerifier::builder_with_provider(roots, provider()).build()?;
                builder.with_client_cert_verifier(judge)
            }
        };
        let face: Arc<dyn ResolvesServerCert> = Arc::clone(&self.face) as _;
        Ok(TlsAcceptor::from(Arc::new(builder.with_cert_resolver(face))))
    }

    /// Shows another certificate to connections from now on.
    pub fn show(&self, which: ShownCertificate) {
        *self.face.shown.write().unwrap_or_else(PoisonError::into_inner) = which;
    }

    /// What new connections are shown.
    pub fn shown(&self) -> ShownCertificate {
        *self.face.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the certificates in PEM form.
    pub fn pem_of(&self, which: ShownCertificate) -> String {
        use base64::Engine as _;
        let leaf = self.face.key(which).and_then(|key| key.cert.first()).map(|leaf| leaf.to_vec());
        let text = base64::engine::general_purpose::STANDARD.encode(leaf.unwrap_or_default());
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    /// SHA-256 of one of the certificates, 64 hex digits.
    pub fn sha256(&self, which: ShownCertificate) -> String {
        let leaf = self.face.key(which).and_then(|key| key.cert.first());
        leaf.map(|leaf| sha256_hex(leaf)).unwrap_or_default()
    }
}

/// Takes every client certificate whose key the client holds: the chain of trust is not checked there
/// (gallagher.md section 1).
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
