use super::*;

const GALLAGHER: &str = r#"
data = "data"

[[tenant]]
name = "gall"
system = "gallagher"
url = "https://cc.site.example:8904"
mode = "live"
secret_file = "gall.key"
"#;

fn parse(text: &str) -> Result<Site, Problem> {
    Site::parse(Path::new("etc/site.toml"), text)
}

fn complaint(text: &str) -> String {
    let problem = parse(text).unwrap_err();
    assert_eq!(problem.kind.exit_code(), 2);
    problem.to_string()
}

#[test]
fn a_site_file_is_read_with_safe_defaults() {
    let site = parse(GALLAGHER).unwrap();
    assert_eq!((site.mode, site.data.as_deref()), (Mode::Live, Some(Path::new("etc/data"))));
    let tenant = &site.tenants[0];
    assert!(!tenant.starts_unlocked, "read-only until somebody says otherwise");
    assert_eq!(tenant.secret, SecretSource::File("etc/gall.key".into()));
    assert_eq!(tenant.vendor, Vendor::Gallagher { marker: true, feed_operator: None, sole_issuer: false });
    assert_eq!(tenant.origin.to_string(), "https://cc.site.example:8904");
    let sim = parse(&GALLAGHER.replace("live", "sim")).unwrap();
    assert!(sim.tenants[0].starts_unlocked);
}

#[test]
fn everything_that_a_site_may_say() {
    let text = format!(
        r#"
        [[tenant]]
        name = "gall"
        system = "gallagher"
        url = "https://127.0.0.1:8904/api"
        mode = "sim"
        writes = "unlocked"
        secret_command = ["pass", "show", "gall"]
        pin_sha256 = "{pin}"
        client_cert_file = "/etc/passdesk/client.pem"
        client_key_file = "client.key"
        marker = false
        feed_operator = "/api/items/410"
        sole_issuer = true

        [[tenant]]
        name = "grid"
        system = "accessgrid"
        url = "https://api.grid.example"
        mode = "sim"
        secret_env = "GRID_KEY"
        account_id = "acc"
        template_id = "t1"

        [[tenant]]
        name = "d1"
        system = "thales-d1"
        url = "https://d1.example"
        mode = "sim"
        secret_file = "d1.key"
        issuer_id = "i"
        kid = "k"
        token_url = "https://d1.example/token"

        [[tenant]]
        name = "cx"
        system = "cardexchange"
        url = "https://cx.example"
        mode = "sim"
        secret_file = "cx.key"
        auth = "bearer"

        [simulator]
        control = "http://127.0.0.1:8908"
        "#,
        pin = "ab".repeat(32)
    );
    let site = parse(&text).unwrap();
    assert_eq!(site.tenants.len(), 4);
    assert_eq!(site.tenants[0].client_cert, Some(("/etc/passdesk/client.pem".into(), "etc/client.key".into())));
    assert_eq!(site.tenants[1].vendor.system(), System::AccessGrid);
    assert!(site.simulator_control.is_some());
    let list = text.replace("template_id = \"t1\"", "template_id = [\"t1\", \"t2\"]");
    let Vendor::AccessGrid { template_ids, .. } = &parse(&list).unwrap().tenants[1].vendor else { panic!() };
    assert_eq!(template_ids, &["t1", "t2"]);
}

#[test]
fn complaints_name_line_column_and_key() {
    for (from, to, words) in [
        ("secret_file =", "scret_file =", vec!["line 9, column 1", "`scret_file`", "did you mean `secret_file`?"]),
        ("data =", "dta =", vec!["line 2, column 1", "the site file has no key `dta`", "`data`"]),
        ("mode = \"live\"", "mode = \"prod\"", vec!["line 8, column 8", "`mode`", "live, test, sim"]),
        ("mode = \"live\"\n", "", vec!["line 4, column 1", "tenant gall", "`mode` is missing"]),
        ("\"gallagher\"", "\"gallager\"", vec!["line 6, column 10", "`system`", "thales-d1"]),
        ("https://cc", "http://cc", vec!["line 7, column 7", "`url`", "only https"]),
        ("\"gall\"", "\"Gall\"", vec!["line 5, column 8", "`name`"]),
        ("\"gall\"", "7", vec!["line 5, column 8", "`name`", "text in quotes"]),
        ("secret_file = \"gall.key\"", "", vec!["line 4", "secret_file", "0600"]),
        ("secret_file = \"gall.key\"", "secret_file = \"a\"\nsecret_env = \"B\"", vec!["several sources"]),
        ("secret_file =", "writes = \"open\"\nsecret_file =", vec!["line 9, column 10", "`writes`", "unlocked"]),
        ("secret_file =", "pin_sha256 = \"ab\"\nsecret_file =", vec!["line 9", "`pin_sha256`", "64 hex digits"]),
        (
            "secret_file = \"gall.key\"",
            "secret_file = \"gall.key\"\n[[tenant]]\nname = \"b\"\nsystem = \"gallagher\"\nurl = \"http://127.0.0.1:1\"\nmode = \"live\"\nsecret_env = \"B\"\npin_sha256 = \"ab\"",
            vec!["`pin_sha256`", "over http"],
        ),
        ("secret_file =", "client_key_file = \"k\"\nsecret_file =", vec!["go together"]),
        ("secret_file =", "marker = \"yes\"\nsecret_file =", vec!["line 9, column 10", "`marker`", "true or false"]),
        ("secret_file =", "feed_operator = \"http://x/\"\nsecret_file =", vec!["line 9", "`feed_operator`"]),
        ("secret_file =", "account_id = \"a\"\nsecret_file =", vec!["line 9", "no key `account_id`"]),
        ("secret_file =", "secret_file", vec!["line 9"]),
        ("[[tenant]]", "[tenant]", vec!["[[tenant]]"]),
    ] {
        let text = GALLAGHER.replace(from, to);
        let said = complaint(&text);
        assert!(said.contains("etc/site.toml"), "{said}");
        for word in words {
            assert!(said.contains(word), "{to}: {word:?} is not in {said}");
        }
    }
    assert!(complaint("").contains("no [[tenant]]"));
}

#[test]
fn i26_modes_do_not_mix_and_names_do_not_repeat() {
    let second = |mode: &str, name: &str| {
        let tenant = GALLAGHER.split_once("[[tenant]]").unwrap().1;
        format!("{GALLAGHER}[[tenant]]{}", tenant.replace("live", mode).replace("\"gall\"", &format!("\"{name}\"")))
    };
    assert!(parse(&second("live", "other")).is_ok());
    assert!(complaint(&second("test", "other")).contains("line 14, column 8"));
    assert!(complaint(&second("test", "other")).contains("its own site file"));
    assert!(complaint(&second("live", "gall")).contains("two tenants called gall"));
}

#[test]
fn a_missing_file_says_what_to_do() {
    let problem = Site::load(Path::new("/nonexistent/site.toml")).unwrap_err();
    assert!(problem.to_string().contains("--config"), "{problem}");
}

fn with_operators(lines: &str) -> String {
    format!("{GALLAGHER}{lines}")
}

#[test]
fn operators_are_read_with_role_account_and_key() {
    let (kim, lee) = ("a1".repeat(32), "b2".repeat(32));
    let text = with_operators(&format!(
        "[[operator]]\nname = \"kim\"\nrole = \"operator\"\nos_user = \"op7\"\nkey = \"{kim}\"\n\
         [[operator]]\nname = \"lee\"\nrole = \"approver\"\nos_user = \"op8\"\nkey = \"{lee}\"\n"
    ));
    let site = parse(&text).unwrap();
    assert_eq!(site.operators.len(), 2);
    let first = &site.operators[0];
    assert_eq!((first.name.as_str(), first.role, first.os_user.as_str()), ("kim", Role::Operator, "op7"));
    assert_eq!(first.key.to_string(), kim);
    assert!(parse(GALLAGHER).unwrap().operators.is_empty());
    for (from, to, words) in [
        ("\"approver\"", "\"boss\"", vec!["line 17, column 8", "`role`", "viewer, operator, approver, admin"]),
        ("name = \"lee\"", "name = \"kim\"", vec!["line 16, column 8", "two operators called kim"]),
        ("name = \"lee\"", "name = \"lee b\"", vec!["`name`", "letters, digits"]),
        ("\"op8\"", "\"op7\"", vec!["line 18", "`os_user`", "kim has the account op7", "one desk"]),
        ("\"op8\"", "\"\"", vec!["`os_user`", "empty"]),
        (lee.as_str(), kim.as_str(), vec!["line 19", "`key`", "the key of kim too"]),
        (lee.as_str(), "b2", vec!["line 19", "`key`", "64 hex digits", "operator init"]),
        ("os_user = \"op8\"", "os_usr = \"op8\"", vec!["line 18, column 1", "did you mean `os_user`?"]),
        ("os_user = \"op8\"\n", "", vec!["operator lee", "`os_user` is missing"]),
    ] {
        let said = complaint(&text.replace(from, to));
        for word in words {
            assert!(said.contains(word), "{to}: {word:?} is not in {said}");
        }
    }
}
