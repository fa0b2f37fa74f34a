//! The configuration: what is refused and in which words, what wins, and that the sample says the same as the structs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use super::{delivery::KindSettings, *};

const SMALL: &str = "[directory]\nbase_dns = [\"dc=example,dc=com\"]\n[ldap]\nlisten_tls = []\n[rest]\nlisten = []\n";

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Path::new("/etc/cs/countersign.toml"), text, variables).map_err(|error| error.to_string())
}

#[test]
fn a_small_file_takes_the_defaults_and_relative_paths_are_relative_to_it() {
    let config = parse(SMALL, &[]).unwrap();
    assert_eq!(config.totp.step, Duration::from_secs(30));
    assert_eq!(config.server.data_dir, Path::new("/etc/cs/data"));
    assert_eq!(config.limits.message_authenticated.octets(), 1 << 20);
}

#[test]
fn an_unknown_key_names_file_line_key_and_the_nearest_known_one() {
    let error = parse(&format!("{SMALL}[limits]\nserch_size = 3\n"), &[]).unwrap_err();
    assert!(
        error.starts_with("/etc/cs/countersign.toml:8: limits.serch_size: no such key; did you mean search_size?"),
        "{error}"
    );
    let error = parse(&format!("{SMALL}[lockot]\nfailures = 3\n"), &[]).unwrap_err();
    assert!(error.contains(":7: lockot: no such section; did you mean [lockout]?"), "{error}");
}

#[test]
fn every_problem_is_told_at_once_with_what_was_found_and_what_is_allowed() {
    let text = format!("{SMALL}[totp]\nstep = 30\nwindow = 11\n[log]\nlevel = \"loud\"\n[rest.tls]\n");
    let error = parse(&text, &[]).unwrap_err();
    assert!(error.contains(":8: totp.step: found 30; allowed is a duration such as"), "{error}");
    assert!(error.contains(":9: totp.window: found 11; allowed is a whole number from 0 to 10"), "{error}");
    assert!(error.contains(":11: log.level: found \"loud\"; allowed is \"error\" or \"warn\" or"), "{error}");
}

#[test]
fn a_later_feature_is_refused_by_name() {
    let error = parse(&format!("{SMALL}[portal]\nissuer = \"x\"\n"), &[]).unwrap_err();
    assert!(error.contains(":7: portal: this version does not have that feature yet"), "{error}");
}

#[test]
fn the_environment_wins_and_is_named_in_its_problems() {
    let config = parse(
        SMALL,
        &[
            ("COUNTERSIGN_TOTP__WINDOW", "2"),
            ("COUNTERSIGN_LDAP__LISTEN", "[\"127.0.0.1:1\", \"[::1]:2\"]"),
            ("COUNTERSIGN_DIRECTORY__BASE_DNS", "dc=other,dc=org"),
            ("COUNTERSIGN_CONFIG", "/elsewhere"),
        ],
    )
    .unwrap();
    assert_eq!(config.totp.window, 2);
    assert_eq!(config.ldap.listen.len(), 2);
    assert_eq!(config.directory.base_dns, ["dc=other,dc=org"]);
    let error = parse(SMALL, &[("COUNTERSIGN_TOTP__WINDOW", "many")]).unwrap_err();
    assert!(error.contains("COUNTERSIGN_TOTP__WINDOW: found \"many\"; allowed is a whole number"), "{error}");
}

#[test]
fn a_secret_may_come_from_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hash"), "{SSHA}hidden\n").unwrap();
    let file = folder.path().join("c.toml");
    let text = format!("{SMALL}[root]\npassword_hash_file = \"hash\"\n");
    let config = Config::parse(&file, &text, std::iter::empty()).unwrap();
    assert_eq!(config.root.password_hash.as_ref().map(SecretText::expose), Some("{SSHA}hidden"));
    assert!(!format!("{config:?}").contains("hidden"));
    let error = parse(&text, &[]).unwrap_err();
    assert!(error.contains(":8: root.password_hash_file: the file hash cannot be read"), "{error}");
    let error = parse(&format!("{SMALL}[root]\npassword_hash = 77\n"), &[]).unwrap_err();
    assert!(!error.contains("77"), "{error}");
}

#[test]
fn tls_doors_without_a_certificate_and_a_server_without_a_suffix_are_refused() {
    let error = parse("[ldap]\nlisten_tls = [\"127.0.0.1:6636\"]\n", &[]).unwrap_err();
    assert!(error.contains("ldap.listen_tls: needs [tls] certificate"), "{error}");
    assert!(error.contains("directory.base_dns: missing"), "{error}");
}

#[test]
fn indexes_are_added_to_the_built_in_ones_and_taken_out_by_an_empty_list() {
    let config = parse(&format!("{SMALL}[directory.indexes]\nroomNumber = [\"eq\"]\nmail = []\n"), &[]).unwrap();
    let names: Vec<&str> = config.directory.indexes.iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"roomNumber") && names.contains(&"uid") && !names.contains(&"mail"));
}

#[test]
fn the_sample_reads_back_as_the_same_configuration_and_shows_every_key() {
    let mut config = Config::default();
    config.directory.base_dns = vec!["dc=example,dc=com".to_owned()];
    config.ldap.listen_tls.clear();
    config.rest.listen.clear();
    config.root.password_hash = Some(SecretText::new("{SSHA}\"\\".to_owned()));
    let api_key = Some(SecretText::new("bm9ib2R5J3Mga2V5".to_owned()));
    config.validation_clients.push(ValidationClient { id: 7, api_key, ..ValidationClient::default() });
    config.access.push(AccessRule { who: "anyone".to_owned(), allow: vec![Right::Read], ..AccessRule::default() });
    config.delivery = parse(&format!("{SMALL}{MECHANISMS}"), &[]).unwrap().delivery;
    let sample = config.sample();
    let mut read = Config::parse(Path::new("c.toml"), &sample, std::iter::empty()).unwrap();
    assert_eq!(read, config);
    read.limits.drain = Duration::from_millis(1500);
    assert!(read.sample().contains("\ndrain = \"1500ms\"\n"));
    // Uncommenting every default changes nothing either.
    let uncommented: String = Config { root: RootSettings::default(), ..config.clone() }
        .sample()
        .lines()
        .filter(|line| {
            let examples = [
                "#password_hash",
                "#certificate",
                "#base_dns",
                "#service_accounts",
                "#ca_file",
                "#proxy",
                "#attribute",
                "#user",
                "#password =",
                "#client_id",
                "#api_key",
                "#issuer",
                "#audience",
                "#jwks_",
                "#change_by",
                "#scopes",
            ];
            !examples.iter().any(|key| line.starts_with(key))
        })
        .map(|line| {
            let key =
                line.strip_prefix('#').filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_lowercase()));
            format!("{}\n", key.filter(|rest| rest.contains(" = ")).unwrap_or(line))
        })
        .filter(|line| {
            !line.starts_with("private_key")
                && !line.starts_with("client_ca")
                && !line.starts_with("dictionary_file")
                && !line.starts_with("ca_file")
        })
        .collect();
    let read = Config::parse(Path::new("c.toml"), &uncommented, std::iter::empty()).unwrap();
    assert_eq!(read, Config { root: RootSettings::default(), ..config });
}

const MECHANISMS: &str = r#"
[delivery."Local File"]
kind = "file"
directory = "/var/messages"
[delivery.Mail]
kind = "smtp"
host = "mail.example.com"
sender = "no-reply@example.com"
text_before = "Code: "
[delivery.SMS]
kind = "sms"
account_sid = "AC0"
auth_token = "t"
senders = ["+1"]
[delivery.hook]
kind = "webhook"
url = "https://example.com/"
secret = "0123456789abcdef"
[delivery.Pager]
kind = "command"
command = ["/bin/true", "x"]
timeout = "500ms"
"#;

#[test]
fn mechanisms_keep_their_order_and_the_environment_completes_them() {
    let text = MECHANISMS.replace("/var/messages", "messages");
    let variables = [
        ("COUNTERSIGN_DELIVERY__SMS__AUTH_TOKEN", "from outside"),
        ("COUNTERSIGN_DELIVERY__LOCAL_FILE__SUBJECT", "Grüße"),
    ];
    let config = parse(&format!("{SMALL}{text}"), &variables).unwrap();
    let names: Vec<&str> = config.delivery.iter().map(|mechanism| mechanism.name.as_str()).collect();
    assert_eq!(names, ["Local File", "Mail", "SMS", "hook", "Pager"]);
    let KindSettings::Sms(sms) = &config.delivery[2].kind else { panic!("an sms") };
    assert_eq!(sms.auth_token.as_ref().map(SecretText::expose), Some("from outside"));
    assert_eq!(config.delivery[0].message.subject, "Grüße");
    let KindSettings::File(file) = &config.delivery[0].kind else { panic!("a file") };
    assert_eq!(file.directory, Path::new("/etc/cs/messages"));
    assert_eq!(config.warnings().len(), 1);
    assert!(config.warnings()[0].contains("[delivery.\"Local File\"] writes codes into files"));
    let shown = format!("{config:?}");
    assert!(!shown.contains("from outside") && !shown.contains("0123456789abcdef"), "{shown}");
    let error = parse(SMALL, &[("COUNTERSIGN_DELIVERY__SMS__AUTH_TOKEN", "x")]).unwrap_err();
    assert!(error.contains("COUNTERSIGN_DELIVERY__SMS__AUTH_TOKEN: the file has no such mechanism"), "{error}");
}

#[test]
fn what_is_wrong_with_a_mechanism_is_told_with_its_place() {
    let table = [
        ("[delivery.a]\nhost = \"x\"\n", ":7: delivery.a: kind is missing: \"smtp\" or"),
        ("[delivery.a]\nkind = \"fax\"\n", ":8: delivery.a.kind: found \"fax\"; allowed is \"smtp\" or"),
        ("[delivery.a]\nkind = \"smtp\"\nhost = \"x\"\n", ":7: delivery.a.sender: missing"),
        (
            "[delivery.a]\nkind = \"file\"\ndirectry = \"x\"\n",
            ":9: delivery.a.directry: no such key; did you mean directory?",
        ),
        (
            "[delivery.a]\nkind = \"command\"\ncommand = [\"sh\"]\n",
            ":9: delivery.a.command: found a list; allowed is a list that begins with the whole path",
        ),
        (
            "[delivery.a]\nkind = \"file\"\ndirectory = \"x\"\nsubject = \"a\\r\\nBcc: x\"\n",
            ":10: delivery.a.subject: found",
        ),
        (
            "[delivery.a]\nkind = \"webhook\"\nurl = \"https://x/\"\nsecret = \"short\"\n",
            ":10: delivery.a.secret: found something else; allowed is 16 characters",
        ),
        ("[delivery.\"a=b\"]\nkind = \"file\"\n", ":7: delivery.a=b: a name has 1 to 64 letters"),
        (
            "[delivery.a]\nkind = \"file\"\ndirectory = \"x\"\n[delivery.A]\nkind = \"file\"\n",
            ":10: delivery.A: two mechanisms have this name",
        ),
        ("[delivery]\na = 1\n", ":8: delivery.a: found 1; a section [delivery.a] is meant"),
    ];
    for (text, expected) in table {
        let error = parse(&format!("{SMALL}{text}"), &[]).unwrap_err();
        assert!(error.contains(expected), "{error}\n{expected}");
        assert!(!error.contains("short"), "{error}");
    }
}

#[test]
fn a_section_within_another_is_read_wherever_it_stands() {
    let text = format!("{SMALL}[password.validators]\nmin_length = 8\n[password]\nhistory = 3\n");
    let config = parse(&text, &[("COUNTERSIGN_PASSWORD_VALIDATORS__MIN_DIGITS", "2")]).unwrap();
    assert_eq!((config.password_validators.min_length, config.password_validators.min_digits), (8, 2));
    assert_eq!(config.password.history, 3);
    let error = parse(&format!("{SMALL}[password.validators]\nmin_lenght = 8\n"), &[]).unwrap_err();
    assert!(error.contains(":8: password.validators.min_lenght: no such key; did you mean min_length?"), "{error}");
    let error = parse(&format!("{SMALL}[password]\nvalidators = 8\n"), &[]).unwrap_err();
    assert!(error.contains(":8: password.validators: found 8; a section [password.validators] is meant"), "{error}");
    let error = parse(&format!("{SMALL}[password_validators]\nmin_length = 8\n"), &[]).unwrap_err();
    assert!(error.contains(":7: password_validators: no such section; did you mean [password.validators]?"), "{error}");
}

#[test]
fn a_generator_that_cannot_keep_the_rules_is_refused() {
    for (rule, sentence) in [
        ("min_symbols = 1", "characters has no other characters"),
        ("min_classes = 4", "characters has fewer classes than min_classes"),
        ("min_length = 20", "length is not within min_length and max_length"),
        ("max_length = 10", "length is not within min_length and max_length"),
    ] {
        let error = parse(&format!("{SMALL}[password.validators]\n{rule}\n"), &[]).unwrap_err();
        assert!(
            error.contains(&format!("password.generator: cannot make what [password.validators] asks for: {sentence}")),
            "{error}"
        );
    }
    for characters in ["abc", "aabcdefghijk", "abcdefghij\u{e4}", "abcdefghi\\n"] {
        let text = format!("{SMALL}[password.generator]\ncharacters = \"{characters}\"\n");
        assert!(parse(&text, &[]).unwrap_err().contains("password.generator.characters"), "{characters}");
    }
}

#[test]
fn a_network_holds_its_addresses_only() {
    let network: Network = "10.0.0.0/8".parse().unwrap();
    assert!(network.contains("10.1.2.3".parse().unwrap()));
    assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!network.contains("11.0.0.1".parse().unwrap()));
    let all: Network = "0.0.0.0/0".parse().unwrap();
    assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
    assert!("10.0.0.0/33".parse::<Network>().is_err());
}

#[test]
fn an_issuer_needs_its_name_its_audience_and_one_place_for_its_keys() {
    let section = |text: &str| parse(&format!("{SMALL}[bearer]\n{text}"), &[]).map_err(|error| error.to_string());
    let whole = "issuer = \"i\"\naudience = \"a\"\n";
    let config = section(&format!("{whole}jwks_file = \"keys.json\"\n")).unwrap();
    assert!(config.bearer.is_used() && !section("").unwrap().bearer.is_used());
    for (text, expected) in [
        (whole.to_owned(), "jwks_file or jwks_url"),
        (format!("{whole}jwks_file = \"x\"\njwks_url = \"https://example.com\"\n"), "not both"),
        ("audience = \"a\"\njwks_file = \"x\"\n".to_owned(), "bearer.issuer"),
        ("issuer = \"i\"\njwks_file = \"x\"\n".to_owned(), "bearer.audience"),
        (format!("{whole}jwks_file = \"x\"\nclock_skew = \"61s\"\n"), "\"0s\" to \"60s\""),
        ("isuer = \"i\"\n".to_owned(), "issuer"),
    ] {
        let said = section(&text).unwrap_err();
        assert!(said.contains(expected), "{text}: {said}");
    }
}
