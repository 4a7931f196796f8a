//! One provider a tenant, made from what the site file says about it.

use super::Parts;
use crate::backends::accessgrid::{self, AccessGrid};
use crate::backends::cardexchange::{self, Auth, CardExchange};
use crate::backends::gallagher::{self, Gallagher};
use crate::backends::http::Limits;
use crate::backends::thales_d1::{self, ThalesD1};
use crate::backends::tls::{ClientFiles, Trust};
use crate::backends::wire::Way;
use crate::config::secret::{SecretSource, check_private};
use crate::config::{CardExchangeAuth, Site, Tenant, Vendor};
use crate::domain::ids::Link;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::Secret;
use crate::ports::provider::{Provider, ProviderError, TenantProfile};
use std::sync::Arc;

/// The provider of one tenant. Asks its system nothing yet.
///
/// # Errors
/// If its secret, its certificate or a setting cannot be used; the problem names the tenant.
pub(super) fn provider(site: &Site, tenant: &Tenant, parts: &Parts) -> Result<Arc<dyn Provider>, Problem> {
    let secret = secret(site, tenant)?;
    let way = Way::Network(trust(tenant)?);
    let way = Way::Noted(Box::new(way), tenant.name.clone(), Arc::clone(&parts.requests));
    let clock = Arc::clone(&parts.clock);
    let origin = tenant.origin.clone();
    let opened: Result<Arc<dyn Provider>, ProviderError> = match &tenant.vendor {
        Vendor::Gallagher { marker, feed_operator, sole_issuer } => {
            let profile =
                TenantProfile { sole_issuer: *sole_issuer, ..profile(site, tenant, *marker, feed_operator.clone()) };
            let settings = gallagher::Settings { profile, origin, key: secret, way, limits: Limits::default() };
            Gallagher::open(settings, clock).map(|p| Arc::new(p) as _)
        }
        Vendor::AccessGrid { account_id, template_ids } => {
            let settings = accessgrid::Settings {
                profile: profile(site, tenant, true, None),
                origin,
                account: account_id.clone(),
                secret,
                template_ids: template_ids.clone(),
                desk: parts.console_id.clone(),
                way,
                limits: accessgrid::limits(),
            };
            AccessGrid::open(settings, clock).map(|p| Arc::new(p) as _)
        }
        Vendor::ThalesD1 { issuer_id, kid, token_url } => {
            let settings = thales_d1::Settings {
                profile: profile(site, tenant, true, None),
                origin,
                token_url: Some(token_url.clone()),
                issuer_id: issuer_id.clone(),
                kid: kid.clone(),
                key: secret,
                audience: None,
                user: None,
                routes: thales_d1::Routes::default(),
                codes: thales_d1::ReasonCodes::default(),
                consumer_delete: false,
                way,
                limits: thales_d1::limits(),
            };
            ThalesD1::open(settings, Arc::clone(&parts.archive), clock, Arc::clone(&parts.ids))
                .map(|p| Arc::new(p) as _)
        }
        Vendor::CardExchange { auth } => {
            let settings = cardexchange::Settings {
                profile: profile(site, tenant, true, None),
                origin,
                auth: match auth {
                    CardExchangeAuth::Basic => Auth::Basic,
                    CardExchangeAuth::Bearer => Auth::Bearer,
                },
                key: secret,
                way,
                limits: Limits { in_flight: 4, ..Limits::default() },
            };
            CardExchange::open(settings, clock).map(|p| Arc::new(p) as _)
        }
    };
    opened.map_err(|e| {
        Problem::new(
            ProblemKind::Usage,
            format!("tenant {} cannot be opened", tenant.name),
            e.detail.as_str(),
            "check its key and its other settings in the site file",
        )
    })
}

fn profile(site: &Site, tenant: &Tenant, marker: bool, feed_operator: Option<Link>) -> TenantProfile {
    TenantProfile {
        name: tenant.name.clone(),
        system: tenant.vendor.system(),
        mode: site.mode,
        starts_unlocked: tenant.starts_unlocked,
        marker,
        sole_issuer: false,
        feed_operator,
    }
}

fn named(tenant: &Tenant, problem: Problem) -> Problem {
    Problem { what: format!("tenant {}: {}", tenant.name, problem.what), ..problem }
}

fn secret(site: &Site, tenant: &Tenant) -> Result<Secret, Problem> {
    // What other tenants keep in the environment is none of a secret command's business.
    let hidden = site.tenants.iter().filter_map(|t| match &t.secret {
        SecretSource::Env(variable) => Some(variable.as_str()),
        _ => None,
    });
    let secret = tenant.secret.read(&hidden.collect::<Vec<_>>()).map_err(|p| named(tenant, p))?;
    // A private key in PEM has many lines; every other secret has one.
    let one_line = !matches!(tenant.vendor, Vendor::ThalesD1 { .. });
    if one_line && secret.expose().contains(['\r', '\n']) {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("tenant {} cannot be opened", tenant.name),
            "its key has a line break inside",
            "keep the key alone, on one line, where its secret comes from",
        ));
    }
    Ok(secret)
}

fn trust(tenant: &Tenant) -> Result<Trust, Problem> {
    let client = match &tenant.client_cert {
        None => None,
        Some((certificate, key)) => {
            check_private(key).map_err(|p| named(tenant, p))?;
            Some(ClientFiles { certificate: certificate.clone(), key: key.clone() })
        }
    };
    Ok(Trust { pin: tenant.pin, client })
}
