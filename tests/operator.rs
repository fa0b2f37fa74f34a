//! What an operator asks when somebody cannot log in, and does about it: `explain`, `user show`, `lock`, `unlock`, `token`, the
//! removal of one secret. Beside a running server, without one, and by an address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{fs, path::Path};

use common::{
    client::Change,
    code::*,
    command::{Output, run_with_input},
    mailbox::Mailbox,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD},
    process::{self, PROGRAM, Process},
    totp,
};
use serde_json::Value;

/// Runs the program with these words and `--config`.
fn run(words: &str, site: &Path, input: &str) -> Output {
    let configuration = site.join("countersign.toml");
    let mut arguments: Vec<&str> = words.split(' ').collect();
    arguments.extend(["--config", configuration.to_str().unwrap()]);
    run_with_input(PROGRAM, &arguments, input)
}

/// The same in JSON, which must succeed.
fn json(words: &str, site: &Path, input: &str) -> Value {
    let output = run(&format!("--json {words}"), site, input).succeeded();
    serde_json::from_str(output.stdout.lines().last().unwrap()).unwrap()
}

/// What stands in the store's file.
fn store(site: &Path) -> Vec<u8> {
    fs::read(site.join("data/data.mdb")).unwrap()
}

#[test]
fn a_replay_tells_every_judgement_and_spends_nothing() {
    let server = Process::start();
    let site = server.site();
    let before = store(&site);
    let code = server.code(0);
    let good = json("explain alice --replay", &site, &format!("{ALICE_PASSWORD}{code}\n"));
    let replay = &good["replay"];
    assert_eq!((&replay["accepted"], &replay["twoFactors"]), (&Value::Bool(true), &Value::Bool(true)), "{replay}");
    assert_eq!((&replay["reading"], &replay["secrets"][0]["worth"]), (&"digits".into(), &"fresh".into()));
    assert!([0, -1].contains(&replay["secrets"][0]["offset"].as_i64().unwrap()), "{replay}");

    let wrong = json("explain alice --replay", &site, &format!("not it{code}\n"));
    assert_eq!(wrong["replay"]["reason"], "wrong-password");
    assert_eq!(wrong["replay"]["secrets"][0]["worth"], "fresh", "the code is judged beside it");
    let missing = json("explain alice --replay", &site, &format!("{ALICE_PASSWORD}\n"));
    assert_eq!(
        (&missing["replay"]["reason"], &missing["replay"]["reading"]),
        (&"code-missing".into(), &"no-code".into())
    );
    let ahead = json("explain alice --replay", &site, &format!("{ALICE_PASSWORD}{}\n", server.code(5)));
    assert!(ahead["replay"]["reason"].as_str().unwrap().starts_with("clock-off:+"), "{ahead}");
    let said =
        run("explain alice --replay", &site, &format!("{ALICE_PASSWORD}{}\n", server.code(5))).succeeded().stdout;
    assert!(said.contains("min") && said.contains("ahead of the server's: set the clock"), "{said}");
    assert_eq!(json("explain bob --replay", &site, &format!("{BOB_PASSWORD}\n"))["replay"]["reading"], "no-factor");

    assert_eq!(store(&site), before, "nothing was written");
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, SUCCESS, "the code is still good");
    let again = json("explain alice --replay", &site, &format!("{ALICE_PASSWORD}{code}\n"));
    assert_eq!(
        (&again["replay"]["reason"], &again["replay"]["accepted"]),
        (&"code-already-used".into(), &false.into())
    );
    assert_eq!(again["replay"]["secrets"][0]["worth"], "used");
    let said = run("explain alice --replay", &site, &format!("{ALICE_PASSWORD}{code}\n")).succeeded().stdout;
    assert!(said.contains("The password is right.") && said.contains("which is spent"), "{said}");
    for (output, secret) in [(said, ALICE_PASSWORD), (again.to_string(), &code), (again.to_string(), totp::SECRET)] {
        assert!(!output.contains(secret), "{output}");
    }
}

#[test]
fn a_password_that_ends_in_digits_is_told_from_a_code() {
    let server = Process::start();
    let site = server.site();
    run("user password alice --password-file -", &site, "horse 123456\n").succeeded();
    let replay = json("explain alice --replay", &site, "horse 123456\n")["replay"].clone();
    assert_eq!((&replay["reason"], &replay["wholeIsPassword"]), (&"wrong-password".into(), &true.into()));
    let said = run("explain alice --replay", &site, "horse 123456\n").succeeded().stdout;
    assert!(said.contains("the code is missing"), "{said}");
}

#[test]
fn a_recovery_code_is_replayed_without_being_spent() {
    let server = Process::start();
    let site = server.site();
    let made = json("recovery generate alice", &site, "");
    let field = format!("{ALICE_PASSWORD}{}\n", made["recoveryCodes"][0].as_str().unwrap());
    for _ in 0..2 {
        let replay = json("explain alice --replay", &site, &field)["replay"].clone();
        assert_eq!((&replay["accepted"], &replay["reading"]), (&true.into(), &"recovery-code".into()), "{replay}");
    }
    assert_eq!(json("user show alice", &site, "")["_recoveryCodesLeft"], 10);
    assert_eq!(server.client().bind(ALICE, field.trim_end()).code, SUCCESS);
    let said = run("explain alice --replay", &site, &field).succeeded().stdout;
    assert!(said.contains("9 codes left") && said.contains("would be refused: code-already-used"), "{said}");
    assert!(run("user show alice", &site, "").succeeded().stdout.contains("recovery codes left: 9"));
}

#[test]
fn failures_are_explained_and_unlock_opens_the_account() {
    let server = Process::start();
    let site = server.site();
    let too_late = server.code(-6);
    for password in ["wrong".to_owned(), "wrong".to_owned(), format!("{ALICE_PASSWORD}{too_late}")] {
        assert_eq!(server.client().bind(ALICE, password).code, INVALID_CREDENTIALS);
    }
    let explained = json("explain alice", &site, "");
    let failures = explained["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 2, "{explained}");
    assert!(failures[0]["reason"].as_str().unwrap().starts_with("clock-off:-"), "{explained}");
    assert_eq!((&failures[1]["reason"], &failures[1]["count"]), (&"wrong-password".into(), &2.into()));
    assert_eq!((&failures[1]["method"], &failures[1]["address"]), (&"simple".into(), &"127.0.0.1".into()));
    let said = run("explain alice", &site, "").succeeded().stdout;
    assert!(said.contains("steps behind the server's") && !said.contains(&too_late), "{said}");

    for _ in 0..10 {
        assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}000000")).code, INVALID_CREDENTIALS);
    }
    let locked = json("explain alice --replay", &site, &format!("{ALICE_PASSWORD}{}\n", server.code(0)));
    assert_eq!((&locked["usable"], &locked["replay"]["reason"]), (&false.into(), &"factor-locked".into()), "{locked}");
    assert_eq!(locked["replay"]["secondFactorCount"]["locked"], true);
    let said = run("explain alice", &site, "").succeeded().stdout;
    assert!(said.contains("It opens by itself in 14 min") || said.contains("in 15 min"), "{said}");
    assert_eq!(json("user unlock alice", &site, "")["usable"], true);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(1))).code, SUCCESS);
}

#[test]
fn an_account_is_locked_shown_and_unlocked() {
    let server = Process::start();
    let site = server.site();
    json("user lock bob", &site, "");
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    let shown = json("user show bob", &site, "");
    assert_eq!(
        (&shown["uid"][0], &shown["_account"]["account-disabled"][0]),
        (&"bob".into(), &"true".into()),
        "{shown}"
    );
    let said = run("user show bob", &site, "").succeeded().stdout;
    assert!(said.contains("the account may not be used") && said.contains("second factors: none"), "{said}");
    let replay = run("explain bob --replay", &site, &format!("{BOB_PASSWORD}\n")).succeeded().stdout;
    assert!(
        replay.contains("policy:account-disabled") && replay.contains("countersign user unlock opens it"),
        "{replay}"
    );
    assert_eq!(json("user unlock bob", &site, "")["usable"], true);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
    let said = run("user show alice", &site, "").succeeded().stdout;
    assert!(
        said.contains("second factors: 1 TOTP secret (last used never)")
            && !said.contains(totp::SECRET)
            && !said.contains("ARGON2"),
        "{said}"
    );
}

#[test]
fn without_a_server_the_same_words_do_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    process::init(&site);
    process::import(&site);
    json("user lock bob", &site, "");
    assert_eq!(json("user show bob", &site, "")["_account"]["account-is-usable"][0], "false");
    assert_eq!(json("user unlock bob", &site, "")["usable"], true);
    let replay = json("explain bob --replay", &site, &format!("{BOB_PASSWORD}\n"));
    assert_eq!(replay["replay"]["accepted"], true, "{replay}");
    assert_eq!(run("explain nobody", &site, "").status, 1);
    assert_eq!(run("totp remove alice 7", &site, "").status, 1);
    assert_eq!(json("totp remove alice 0", &site, "")["id"], 0);
    assert_eq!(json("explain alice --replay", &site, &format!("{ALICE_PASSWORD}\n"))["replay"]["reading"], "no-factor");
}

#[test]
fn by_an_address_a_help_desk_explains_and_unlocks_but_does_not_replay() {
    let server = Process::start();
    let url = format!("ldap://{}", server.ldap());
    let desk = |words: &str| {
        let mut arguments: Vec<&str> = words.split(' ').collect();
        arguments.extend(["--url", &url, "--bind-dn", CAROL, "--bind-password-file", "-"]);
        run_with_input(PROGRAM, &arguments, &format!("{CAROL_PASSWORD}\n"))
    };
    assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    assert!(desk("explain bob").succeeded().stdout.contains("wrong-password"));
    let shown = desk("user show alice").succeeded().stdout;
    assert!(shown.contains("second factors: TOTP") && shown.contains("recovery codes left: 0"), "{shown}");
    desk("user lock bob").succeeded();
    desk("user unlock bob").succeeded();
    assert_eq!(desk("explain bob --replay").status, 2);
    assert_eq!(desk("totp remove alice 0").status, 2);
    let mut arguments = vec!["user", "lock", "alice", "--url", &url, "--bind-dn", BOB];
    arguments.extend(["--bind-password-file", "-"]);
    assert_eq!(run_with_input(PROGRAM, &arguments, &format!("{BOB_PASSWORD}\n")).status, 1, "no privilege");
    let mut arguments = vec!["--json", "user", "show", "alice", "--url", &url, "--bind-dn", BOB];
    arguments.extend(["--bind-password-file", "-"]);
    let shown = run_with_input(PROGRAM, &arguments, &format!("{BOB_PASSWORD}\n")).succeeded().stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["uid"][0], &shown["_account"]),
        (&"alice".into(), &Value::Null),
        "the entry, as far as Bob may see it"
    );
}

#[test]
fn one_of_several_secrets_is_removed_and_the_other_stays() {
    let server = Process::start();
    let site = server.site();
    let second = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U";
    let change = [Change::Add("ds-auth-totp-shared-secret", &[second])];
    assert_eq!(server.root().modify(ALICE, &change).code, SUCCESS);
    let listed = json("totp list alice", &site, "");
    let ids: Vec<i64> = listed["factors"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [0, 1]);
    assert_eq!(json("totp remove alice 0", &site, "")["id"], 0);
    let left = json("totp list alice", &site, "");
    assert_eq!((&left["factors"][0]["id"], left["factors"].as_array().unwrap().len()), (&1.into(), 1));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let code = totp::code_at(second, now, 0);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(0))).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, SUCCESS);
}

#[test]
fn tokens_are_sent_to_their_user_and_used_once() {
    let mailbox = Mailbox::new();
    let server = Process::with(&mailbox.settings("Mail"));
    let site = server.site();
    // Nobody is told but the user.
    let sent = json("token new bob --purpose parcel --validity 10m --by Mail", &site, "");
    assert_eq!((&sent["mechanism"], &sent["recipient"]), (&"Mail".into(), &"bob@example.com".into()));
    let token = mailbox.take().secret().to_owned();
    assert!(!sent.to_string().contains(&token));
    let consume =
        |purpose: &str| run(&format!("token consume bob --purpose {purpose} --token-file -"), &site, &token).status;
    assert_eq!((consume("letter"), consume("parcel"), consume("parcel")), (1, 0, 1));
    run("token new bob --password-reset", &site, "").succeeded();
    assert!(mailbox.take().text.starts_with("Your password reset token is: "));
    assert_eq!(run("token new bob", &site, "").status, 2, "for what?");
    assert_eq!(run("token new bob --purpose x --validity soon", &site, "").status, 2);
    assert_eq!(run("token new bob --purpose x --by Pigeon", &site, "").status, 1);
}
