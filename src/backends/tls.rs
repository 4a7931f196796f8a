//! Whom we trust. Verification cannot be switched off: a tenant is checked against the machine's roots, or, with a
//! pin, against exactly one certificate (contract section 1: Command Centre's own certificate is self-signed).

use crate::domain::origin::Pin;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a site file says about trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Exactly this server certificate; without it, the machine's roots decide.
    pub pin: Option<Pin>,
    /// Our own certificate chain and key (PEM files), where the server wants to know the client too.
    pub client: Option<ClientFiles>,
}

/// PEM files of the client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// Chain, leaf first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Why no TLS configuration could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The machine has no usable root certificates.
    #[error("this machine has no root certificates; pin the server with pin_sha256, or install them")]
    NoRoots,
    /// A file could not be read as PEM.
    #[error("cannot use {file}: {why}")]
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The parts do not fit together.
    #[error("the client certificate and its key do not fit: {0}")]
    Client(rustls::Error),
    /// No protocol version in common with the crypto library: a defect of the build.
    #[error("no TLS version: {0}")]
    Versions(rustls::Error),
}

/// Whether a server asked who we are while we had nothing to show. Set by handshakes, read when a call is refused:
/// a refusal tells neither key nor certificate apart (contract section 1).
#[derive(Clone, Debug, Default)]
pub struct AskedInVain(Arc<AtomicBool>);

impl AskedInVain {
    /// True once it has happened.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for AskedInVain {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl Trust {
    /// The TLS configuration of a tenant, and whether a server will have asked in vain for a client certificate.
    /// HTTP/1.1 is the only protocol offered, so that one request is one request on one connection.
    ///
    /// # Errors
    /// If roots, certificate or key are missing or unreadable.
    pub fn client_config(&self) -> Result<(ClientConfig, AskedInVain), TlsError> {
        let machines = || rustls_native_certs::load_native_certs().certs;
        self.config_with(machines)
    }

    /// As [`client_config`](Self::client_config), with the roots that count where there is no pin.
    fn config_with(
        &self,
        trusted: impl FnOnce() -> Vec<CertificateDer<'static>>,
    ) -> Result<(ClientConfig, AskedInVain), TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?;
        let builder = if let Some(pin) = self.pin {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(PinVerifier { pin, provider }))
        } else {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(trusted());
            if roots.is_empty() {
                return Err(TlsError::NoRoots);
            }
            builder.with_root_certificates(roots)
        };
        let asked = AskedInVain::default();
        let mut config = match &self.client {
            None => builder.with_client_cert_resolver(Arc::new(asked.clone())),
            Some(files) => {
                let (chain, key) = files.read()?;
                builder.with_client_auth_cert(chain, key).map_err(TlsError::Client)?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((config, asked))
    }

    /// A configuration that trusts nobody, for plain HTTP on loopback: the HTTP library wants one to be there.
    ///
    /// # Errors
    /// Only by a defect of the build.
    pub fn nobody() -> Result<ClientConfig, TlsError> {
        Ok(ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth())
    }
}

impl ClientFiles {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let bad = |file: &PathBuf, why: String| TlsError::File { file: file.clone(), why };
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|e| bad(&self.certificate, e.to_string()))?;
        if chain.is_empty() {
            return Err(bad(&self.certificate, "it holds no certificate".into()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| bad(&self.key, e.to_string()))?;
        Ok((chain, key))
    }
}

/// In what the server failed to prove who it is, if a connection failed for that; a clause about it.
pub(super) fn distrust(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    reason(error).and_then(failing)
}

/// True if the server broke off because of our client certificate. Nobody else's is judged there, so every alert
/// about a certificate means ours, or that we showed none.
pub(super) fn refuses_our_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    use AlertDescription as A;
    let Some(rustls::Error::AlertReceived(alert)) = reason(error) else { return false };
    matches!(
        alert,
        A::CertificateRequired
            | A::NoCertificate
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            // An authority of the same name with another key.
            | A::DecryptError
            | A::AccessDenied
    )
}

/// What TLS had to say about a failed connection.
fn reason<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error names as its source not what it holds, but the source of that.
        at = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

fn failing(error: &rustls::Error) -> Option<&'static str> {
    use CertificateError as C;
    let rustls::Error::InvalidCertificate(why) = error else {
        return matches!(error, rustls::Error::NoCertificatesPresented).then_some("it shows no certificate");
    };
    Some(match why {
        C::ApplicationVerificationFailure => "its certificate is not the pinned one",
        C::Expired | C::ExpiredContext { .. } => "its certificate has expired",
        C::NotValidYet | C::NotValidYetContext { .. } => "its certificate is not valid yet",
        C::NotValidForName | C::NotValidForNameContext { .. } => "its certificate is for another name",
        C::BadSignature => "it does not hold the key of the certificate that it shows",
        C::UnknownIssuer => "its certificate is not trusted on this machine, and none is pinned",
        _ => "its certificate is not trusted",
    })
}

/// Trusts one certificate: its exact bytes, within its dates, and only from whoever holds its key. Issuer and name
/// are not asked: the fingerprint was confirmed out of band.
#[derive(Debug)]
struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if Pin::of(end_entity) != self.pin {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        // Path building looks at the leaf's dates before it looks for an issuer. That no issuer is found is
        // expected here; only the verdict on the dates is taken from it.
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let dates = verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &RootCertStore::empty(),
            &[],
            now,
            self.provider.signature_verification_algorithms.all,
        );
        match dates {
            Err(rustls::Error::InvalidCertificate(
                why @ (CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
                | CertificateError::BadEncoding),
            )) => Err(why.into()),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod handshake_tests;
#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};
    use std::time::Duration;

    fn verifier(pin: Pin) -> PinVerifier {
        PinVerifier { pin, provider: Arc::new(rustls::crypto::ring::default_provider()) }
    }

    fn judge(pin: Pin, certificate: &CertificateDer<'_>, now: Duration) -> Result<(), rustls::Error> {
        let name = ServerName::try_from("other.name.example").unwrap();
        verifier(pin).verify_server_cert(certificate, &[], &name, &[], UnixTime::since_unix_epoch(now)).map(|_| ())
    }

    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(vec!["cc.site.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        params
    }

    const IN_2025: Duration = Duration::from_secs(1_750_000_000);
    const IN_2019: Duration = Duration::from_secs(1_550_000_000);
    const IN_2031: Duration = Duration::from_secs(1_930_000_000);

    #[test]
    fn the_pinned_certificate_is_trusted_within_its_dates() {
        let own = params().self_signed(&KeyPair::generate().unwrap()).unwrap();
        let authority = CertifiedIssuer::self_signed(params(), KeyPair::generate().unwrap()).unwrap();
        let bought = params().signed_by(&KeyPair::generate().unwrap(), &authority).unwrap();
        for certificate in [own, bought] {
            let pin = Pin::of(certificate.der());
            assert_eq!(judge(pin, certificate.der(), IN_2025), Ok(()));
            assert!(judge(pin, certificate.der(), IN_2031).is_err(), "expired");
            assert!(judge(pin, certificate.der(), IN_2019).is_err(), "not valid yet");
        }
    }

    #[test]
    fn another_certificate_of_the_same_name_and_key_is_not_trusted() {
        let key = KeyPair::generate().unwrap();
        let first = params().self_signed(&key).unwrap();
        let mut other = params();
        other.serial_number = Some(rcgen::SerialNumber::from(7u64));
        let second = other.self_signed(&key).unwrap();
        assert_eq!(
            judge(Pin::of(first.der()), second.der(), IN_2025),
            Err(CertificateError::ApplicationVerificationFailure.into())
        );
    }
}
