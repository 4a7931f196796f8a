//! The built program on a site that wants to see a client certificate (gallagher.md section 1).

use crate::site::{JANE, Site, json_lines, stderr};
use passdesk::simulator::{ShownCertificate, SimOptions};

fn site() -> Site {
    Site::with(SimOptions { seed: 7, cardholders: 50, tls: true, client_certificates: true, ..SimOptions::default() })
}

/// Writes the site file anew without the lines that begin so.
fn without(site: &Site, beginning: &str) {
    let text = std::fs::read_to_string(site.file()).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(beginning)).collect();
    assert!(kept.len() < text.lines().count(), "{text}");
    std::fs::write(site.file(), kept.join("\n")).unwrap();
}

#[test]
fn a_site_file_that_names_the_certificate_gets_through() {
    let site = site();
    site.seen("jane d");
    let shown = site.run(&["cards", &format!("gall:{JANE}"), "--json"]).assert().success();
    assert_eq!(json_lines(&shown).len(), 2);
}

#[test]
fn without_it_one_sentence_says_what_to_name() {
    let site = site();
    site.seen("jane d");
    without(&site, "client_");
    let told = stderr(&site.run(&["cards", &format!("gall:{JANE}")]).assert().code(6));
    assert!(told.contains("gall wants a client certificate"), "{told}");
    assert!(told.contains("name client_cert_file and client_key_file"), "{told}");
}

#[test]
fn a_server_that_shows_another_certificate_gets_no_key() {
    let site = site();
    site.seen("jane d");
    let before = site.world().log().received;
    site.sim.certificates().unwrap().show(ShownCertificate::Changed);
    let told = stderr(&site.run(&["cards", &format!("gall:{JANE}")]).assert().code(6));
    assert!(told.contains("its certificate is not the pinned one"), "{told}");
    assert_eq!(site.world().log().received, before);
}
