//! Messages handed over to real parts: a mail server, a web server, programs, files; and every way in which that fails. Nowhere may
//! the code show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use common::{
    command::run_with_input,
    mail_server::MailServer,
    web_server::{Reply, WebServer},
};
use countersign::{
    clock::{FixedClock, UnixMillis},
    config::{
        OutgoingSettings, SecretText,
        delivery::{CommandSettings, FileSettings, SmsSettings, SmtpSecurity, SmtpSettings, TextForm, WebhookSettings},
    },
    delivery::{
        Delivery, Message, command::CommandDelivery, file::FileDelivery, sms::Sms, smtp::Smtp, webhook::Webhook,
    },
    outgoing::Outgoing,
    random::SystemRandom,
    tls::own_ca::OwnCa,
};

const CODE: &str = "314159";
const ENOUGH: Duration = Duration::from_secs(20);
/// Long enough for this machine's busiest moment, short enough to wait for.
const SHORT: Duration = Duration::from_millis(700);
/// 2033-05-18 03:33:20 UTC.
const NOW: u64 = 2_000_000_000;

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(UnixMillis::from_seconds(NOW)))
}

fn message(recipient: &str, subject: &str, text: &str) -> Message {
    Message::new(recipient, "uid=alice,dc=example,dc=com", subject, text.to_owned().into()).unwrap()
}

fn usual(recipient: &str) -> Message {
    message(recipient, "Your code", &format!("Your code is {CODE}."))
}

/// What becomes of a message; no failure may name the code.
fn deliver(delivery: &dyn Delivery, message: &Message) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(delivery.deliver(message)).map_err(|error| error.to_string());
    assert!(!format!("{outcome:?}").contains(CODE), "{outcome:?}");
    outcome
}

mod mail {
    use super::*;

    fn certificates() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        OwnCa::create(&["localhost"]).unwrap().write(&folder.path().join("tls")).unwrap();
        folder
    }

    fn settings(port: u16) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: port.into(),
            security: SmtpSecurity::None,
            sender: "Example <no-reply@example.com>".to_owned(),
            ..SmtpSettings::default()
        }
    }

    fn secured(port: u16, security: SmtpSecurity, folder: &Path, password: &str) -> SmtpSettings {
        SmtpSettings {
            security,
            ca_file: Some(folder.join("tls/ca.pem")),
            user: Some("countersign".to_owned()),
            password: Some(SecretText::new(password.to_owned())),
            ..settings(port)
        }
    }

    fn smtp(settings: SmtpSettings, timeout: Duration) -> Smtp {
        Smtp::new(settings, timeout, clock(), Arc::new(SystemRandom)).unwrap()
    }

    fn header<'a>(mail: &'a serde_json::Value, name: &str) -> &'a str {
        let mut found = mail["headers"].as_array().unwrap().iter().filter(|header| header[0] == name);
        let value = found.next().unwrap_or_else(|| panic!("no {name}: {mail}"))[1].as_str().unwrap();
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    #[test]
    fn a_mail_arrives_with_its_headers_and_its_text() {
        let server = MailServer::start("none", Path::new(""), None, "take");
        deliver(&smtp(settings(server.port), ENOUGH), &usual("alice@example.com")).unwrap();
        let mail = server.mail();
        assert_eq!(
            (mail["from"].as_str(), &mail["to"][0]),
            (Some("no-reply@example.com"), &"alice@example.com".into())
        );
        assert_eq!(mail["to"].as_array().unwrap().len(), 1);
        assert_eq!(mail["text"].as_str().unwrap().trim_end(), format!("Your code is {CODE}."));
        assert_eq!(header(&mail, "Subject"), "Your code");
        assert_eq!(header(&mail, "From"), "Example <no-reply@example.com>");
        assert_eq!(header(&mail, "To"), "alice@example.com");
        assert_eq!(header(&mail, "Date"), "Wed, 18 May 2033 03:33:20 +0000");
        assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
        assert!(header(&mail, "Message-ID").ends_with("@example.com>"));
        assert_eq!(server.end(), 0);
    }

    #[test]
    fn what_is_not_ascii_is_encoded_and_what_looks_like_smtp_is_text() {
        let server = MailServer::start("none", Path::new(""), None, "take");
        let smtp = smtp(settings(server.port), ENOUGH);
        let long = "Bitte nicht weitergeben. ".repeat(60);
        for (subject, text) in [
            ("Grüße – 日本語のコード", "Ihr Schlüssel: 314159 \u{1F511}"),
            ("Your code", "."),
            ("Your code", ".. MAIL FROM:<x@example.com>"),
            ("=?utf-8?q?no?=", long.as_str()),
        ] {
            deliver(&smtp, &message("alice@example.com", subject, text)).unwrap();
            let mail = server.mail();
            assert_eq!(mail["text"].as_str().unwrap().trim_end(), text.trim_end());
            assert!(mail["raw"].as_str().unwrap().is_ascii());
            assert!(mail["raw"].as_str().unwrap().split("\r\n").all(|line| line.len() < 998));
            if !subject.starts_with('=') {
                assert_eq!(header(&mail, "Subject"), subject);
            }
        }
    }

    #[test]
    fn with_starttls_and_with_tls_the_password_is_sent_and_the_certificate_verified() {
        let folder = certificates();
        let tls = folder.path().join("tls");
        for (word, security) in [("starttls", SmtpSecurity::StartTls), ("tls", SmtpSecurity::Tls)] {
            let server = MailServer::start(word, &tls, Some("of the post office"), "take");
            let right = || secured(server.port, security, folder.path(), "of the post office");
            deliver(&smtp(right(), ENOUGH), &usual("alice@example.com")).unwrap();
            let mail = server.mail();
            assert_eq!((&mail["encrypted"], mail["user"].as_str()), (&true.into(), Some("countersign")));
            let wrong = secured(server.port, security, folder.path(), "secret-of-mine");
            let error = deliver(&smtp(wrong, ENOUGH), &usual("alice@example.com")).unwrap_err();
            assert_eq!(error, "localhost refused with 535");
            let strangers = certificates();
            let distrusted = SmtpSettings { ca_file: Some(strangers.path().join("tls/ca.pem")), ..right() };
            let misnamed = SmtpSettings { host: "127.0.0.1".to_owned(), ..right() };
            for settings in [SmtpSettings { ca_file: None, ..right() }, distrusted, misnamed] {
                let error = deliver(&smtp(settings, ENOUGH), &usual("alice@example.com")).unwrap_err();
                assert!(error.contains("certificate"), "{error}");
            }
            assert_eq!(server.end(), 0);
        }
    }

    #[test]
    fn without_starttls_nothing_is_sent() {
        let folder = certificates();
        let server = MailServer::start("none", Path::new(""), None, "take");
        let settings = secured(server.port, SmtpSecurity::StartTls, folder.path(), "x");
        let error = deliver(&smtp(settings, ENOUGH), &usual("alice@example.com")).unwrap_err();
        assert!(error.contains("STARTTLS"), "{error}");
        assert_eq!(server.end(), 0);
        let elsewhere = SmtpSettings { host: "mail.example.com".to_owned(), ..mail::settings(25) };
        assert!(Smtp::new(elsewhere, ENOUGH, clock(), Arc::new(SystemRandom)).is_err());
    }

    #[test]
    fn a_server_that_refuses_is_quoted_by_its_number_alone() {
        for (mode, status) in [("refuse-recipient", "550"), ("refuse-text", "554")] {
            let server = MailServer::start("none", Path::new(""), None, mode);
            let error = deliver(&smtp(settings(server.port), ENOUGH), &usual("alice@example.com")).unwrap_err();
            assert_eq!(error, format!("localhost refused with {status}"));
            assert_eq!(server.end(), 0);
        }
    }

    #[test]
    fn silence_ends_after_the_time_out_and_a_missing_goodbye_is_no_failure() {
        let silent = MailServer::start("none", Path::new(""), None, "silent");
        let error = deliver(&smtp(settings(silent.port), SHORT), &usual("alice@example.com")).unwrap_err();
        assert_eq!(error, "the message was not taken within 0.7 s");
        let rude = MailServer::start("none", Path::new(""), None, "no-goodbye");
        deliver(&smtp(settings(rude.port), ENOUGH), &usual("alice@example.com")).unwrap();
        assert_eq!(rude.mail()["to"][0], "alice@example.com");
        drop(silent);
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = deliver(&smtp(settings(gone), ENOUGH), &usual("alice@example.com")).unwrap_err();
        assert!(error.starts_with("localhost did not take the mail"), "{error}");
    }

    #[test]
    fn one_recipient_is_one_recipient() {
        let server = MailServer::start("none", Path::new(""), None, "take");
        let smtp = smtp(settings(server.port), ENOUGH);
        for recipient in [
            "a@example.com, b@example.com",
            "a@example.com b@example.com",
            "<a@example.com>",
            "a",
            "",
            "@",
            "a@b> RCPT TO:<c@d",
        ] {
            let error = deliver(&smtp, &usual(recipient)).unwrap_err();
            assert_eq!(error, "the recipient is no mail address", "{recipient}");
        }
        assert_eq!(server.end(), 0);
    }
}

mod short_messages {
    use super::*;

    fn sms(server: &WebServer, timeout: Duration) -> Sms {
        let settings = SmsSettings {
            url: format!("http://{}/", server.address),
            account_sid: "AC0123".to_owned(),
            auth_token: Some(SecretText::new("token-of-the-account".to_owned())),
            senders: vec!["+15005550006".to_owned(), "+15005550007".to_owned()],
        };
        Sms::new(&settings, timeout, Outgoing::new(&OutgoingSettings::default()).unwrap()).unwrap()
    }

    /// What the service does: wants its name and its password, then queues.
    fn service(seen: &common::web_server::Seen) -> Reply {
        use base64::prelude::{BASE64_STANDARD, Engine};
        let expected = format!("Basic {}", BASE64_STANDARD.encode("AC0123:token-of-the-account"));
        if seen.line != "POST /2010-04-01/Accounts/AC0123/Messages.json HTTP/1.1" {
            return Reply::Status(404, "{\"code\":20404}".to_owned());
        }
        if seen.header("authorization") != expected {
            return Reply::Status(401, "{\"code\":20003,\"message\":\"Authenticate\"}".to_owned());
        }
        Reply::Status(201, "{\"sid\":\"SM1\",\"status\":\"queued\"}".to_owned())
    }

    #[test]
    fn a_short_message_is_queued_and_a_person_sees_one_sender() {
        let server = WebServer::start(service);
        let sms = sms(&server, ENOUGH);
        for number in ["+1 (555) 010-9999", "+15550109999", "+15550109998"] {
            deliver(&sms, &message(number, "unused", "Code: 314159 – grüß")).unwrap();
        }
        let seen = server.seen();
        let expected = "To=%2B15550109999&From=%2B1500555000X&Body=Code%3A%20314159%20%E2%80%93%20gr%C3%BC%C3%9F";
        let sender = if seen[0].body.contains("0006") { "6" } else { "7" };
        assert_eq!(seen[0].body, expected.replace('X', sender));
        assert_eq!(seen[0].body, seen[1].body);
        assert_ne!(seen[0].body.contains("0006"), seen[2].body.contains("0006"));
    }

    #[test]
    fn what_the_service_refuses_is_told_by_its_numbers() {
        let answers = [
            (400, format!("{{\"code\":21211,\"message\":\"'{CODE}' is no number\"}}"), "refused with 400, error 21211"),
            (500, format!("<html>{CODE}</html>"), "refused with 500"),
            (200, String::new(), "refused with 200"),
            (302, String::new(), "refused with 302"),
            (201, "x".repeat(70_000), "longer than 65536"),
        ];
        for (status, body, expected) in answers {
            let server = WebServer::start(move |_| Reply::Status(status, body.clone()));
            let error = deliver(&sms(&server, ENOUGH), &usual("+15550109999")).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert_eq!(server.seen().len(), 1, "nothing is sent twice");
        }
        let wrong = WebServer::start(|seen| match seen.header("authorization").is_empty() {
            true => service(seen),
            false => Reply::Status(401, String::new()),
        });
        assert!(deliver(&sms(&wrong, ENOUGH), &usual("+15550109999")).unwrap_err().contains("401"));
    }

    #[test]
    fn silence_ends_and_what_is_no_number_is_not_sent() {
        let server = WebServer::start(|_| Reply::Silence);
        let error = deliver(&sms(&server, SHORT), &usual("+15550109999")).unwrap_err();
        assert_eq!(error, "the message was not taken within 0.7 s");
        assert_eq!(server.seen().len(), 1);
        for number in ["alice@example.com", "+1555&To=+1666", "", "+"] {
            assert_eq!(deliver(&sms(&server, ENOUGH), &usual(number)).unwrap_err(), "the recipient is no phone number");
        }
        assert_eq!(server.seen().len(), 1);
    }
}

mod webhooks {
    use super::*;

    const KEY: &str = "sixteen-letters-or-more";

    fn webhook(server: &WebServer, timeout: Duration) -> Webhook {
        let settings = WebhookSettings {
            url: format!("http://{}/hook", server.address),
            secret: Some(SecretText::new(KEY.to_owned())),
            text: TextForm::Full,
        };
        let outgoing = Outgoing::new(&OutgoingSettings::default()).unwrap();
        Webhook::new("Push", &settings, timeout, outgoing, (clock(), Arc::new(SystemRandom))).unwrap()
    }

    #[test]
    fn the_receiver_can_tell_who_sent_what_and_when() {
        let server = WebServer::start(|_| Reply::Status(204, String::new()));
        let webhook = webhook(&server, ENOUGH);
        for _ in 0..2 {
            deliver(&webhook, &message("alice@example.com", "Grüße \"1\"", "Code: 314159")).unwrap();
        }
        let seen = server.seen();
        assert_eq!(seen[0].line, "POST /hook HTTP/1.1");
        assert_eq!(seen[0].header("content-type"), "application/json");
        // By somebody else's arithmetic.
        let signed = format!("{NOW}.{}", seen[0].body);
        let mac = run_with_input("openssl", &["dgst", "-sha256", "-hmac", KEY], &signed).succeeded();
        let mac = mac.stdout.trim().rsplit(' ').next().unwrap().to_owned();
        assert_eq!(seen[0].header("countersign-signature"), format!("t={NOW},v1={mac}"));
        let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
        let again: serde_json::Value = serde_json::from_str(&seen[1].body).unwrap();
        assert_ne!(body["id"], again["id"]);
        assert_eq!(body["id"].as_str().unwrap().len(), 32);
        let expected = serde_json::json!({
            "id": body["id"], "mechanism": "Push", "recipient": "alice@example.com",
            "recipientDN": "uid=alice,dc=example,dc=com", "subject": "Grüße \"1\"", "text": "Code: 314159",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn refusals_redirections_and_silence_are_failures() {
        for status in [199, 301, 400, 401, 503] {
            let server = WebServer::start(move |_| Reply::Status(status, CODE.to_owned()));
            let error = deliver(&webhook(&server, ENOUGH), &usual("alice")).unwrap_err();
            assert!(status == 199 || error == format!("127.0.0.1 refused with {status}"), "{error}");
            assert_eq!(server.seen().len(), 1);
        }
        let server = WebServer::start(|_| Reply::Silence);
        let error = deliver(&webhook(&server, SHORT), &usual("alice")).unwrap_err();
        assert_eq!(error, "the message was not taken within 0.7 s");
    }
}

mod programs {
    use super::*;

    fn script(folder: &Path, content: &str) -> Vec<String> {
        let path = folder.join("send");
        fs::write(&path, format!("#!/bin/sh\n{content}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        vec![path.to_str().unwrap().to_owned(), folder.to_str().unwrap().to_owned(), "$(id) `id` ; id".to_owned()]
    }

    fn program(command: Vec<String>, timeout: Duration) -> CommandDelivery {
        let settings = CommandSettings { command, text: TextForm::Full };
        CommandDelivery::new("Pager", &settings, timeout).unwrap()
    }

    #[test]
    fn a_program_reads_the_text_and_finds_the_rest_in_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        let command = script(
            folder.path(),
            "cat > $1/text; printf '%s\\n' \"$@\" > $1/arguments; tr '\\0' '\\n' < /proc/$$/cmdline > $1/line; env > $1/environment; pwd > $1/where",
        );
        let subject = "It's \"$(id)\" -- &";
        let text = format!("Your code is {CODE} $(id)");
        deliver(&program(command, ENOUGH), &message("alice@example.com", subject, &text)).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("text"), text);
        assert_eq!(read("arguments").lines().nth(1), Some("$(id) `id` ; id"));
        assert!(!read("line").contains(CODE) && !read("line").contains("alice"));
        let environment = read("environment");
        for line in [
            "COUNTERSIGN_MECHANISM=Pager",
            "COUNTERSIGN_RECIPIENT=alice@example.com",
            "COUNTERSIGN_RECIPIENT_DN=uid=alice,dc=example,dc=com",
            &format!("COUNTERSIGN_SUBJECT={subject}"),
        ] {
            assert!(environment.lines().any(|known| known == line), "{environment}");
        }
        assert!(!environment.contains(CODE) && !environment.contains("CARGO"), "{environment}");
        assert_eq!(read("where").trim(), "/");
    }

    #[test]
    fn the_exit_status_decides_and_output_goes_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let fails = program(script(folder.path(), "cat; cat >&2; exit 3"), ENOUGH);
        let error = deliver(&fails, &usual("alice")).unwrap_err();
        assert!(error.ends_with("exit status: 3"), "{error}");
        // It need not read its input, not even one that fills the pipe.
        let deaf = program(script(folder.path(), "exec 0<&-; exit 0"), ENOUGH);
        deliver(&deaf, &message("alice", "s", &"x".repeat(1 << 20))).unwrap();
        let missing = CommandSettings { command: vec!["/nowhere/send".to_owned()], text: TextForm::Full };
        assert!(CommandDelivery::new("Pager", &missing, ENOUGH).err().unwrap().contains("/nowhere/send"));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        // Neither reads nor ends, and has a child that does neither.
        let content = "sleep 1000 & echo $! > $1/child; echo $$ > $1/leader; sleep 1000";
        let endless = program(script(folder.path(), content), SHORT);
        let error = deliver(&endless, &message("alice", "s", &"x".repeat(1 << 20))).unwrap_err();
        assert_eq!(error, "the message was not taken within 0.7 s");
        let state = |name: &str| {
            let id = fs::read_to_string(folder.path().join(name)).unwrap();
            fs::read_to_string(format!("/proc/{}/stat", id.trim())).ok()
        };
        assert_eq!(state("leader"), None, "killed and reaped");
        // The orphan is somebody else's to reap: gone, or a zombie.
        assert!(state("child").is_none_or(|stat| stat.contains(") Z ")));
    }
}

mod files {
    use super::*;

    fn files(directory: &Path) -> FileDelivery {
        let settings = FileSettings { directory: directory.to_owned(), text: TextForm::Full };
        FileDelivery::new(&settings, clock(), Arc::new(SystemRandom))
    }

    fn written(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_file_holds_exactly_what_would_be_sent() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("a/b");
        deliver(&files(&directory), &message("alice@example.com", "Grüße", " Code: 314159 ")).unwrap();
        let written = written(&directory);
        assert_eq!(written.len(), 1);
        assert_eq!(fs::read_to_string(&written[0]).unwrap(), "To: alice@example.com\nSubject: Grüße\n\n Code: 314159 ");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&written[0]), mode(&directory)), (0o600, 0o700));
        assert!(!written[0].file_name().unwrap().to_str().unwrap().starts_with('.'));
    }

    #[test]
    fn many_at_once_are_many_files() {
        let folder = tempfile::tempdir().unwrap();
        let delivery = files(folder.path());
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let messages: Vec<Message> = (0..32).map(|number| message("a", "s", &number.to_string())).collect();
        let sent = futures_util::future::join_all(messages.iter().map(|message| delivery.deliver(message)));
        assert!(runtime.block_on(sent).iter().all(Result::is_ok));
        let mut texts: Vec<String> =
            written(folder.path()).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 32);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = deliver(&files(&folder.path().join("file/below")), &usual("alice")).unwrap_err();
        assert!(error.contains("cannot be written") && error.contains("file/below"), "{error}");
        assert_eq!(written(folder.path()).len(), 1);
    }
}
