//! Stored values that other programs wrote: OpenLDAP's slappasswd, glibc's crypt, passlib, py-bcrypt, argon2-cffi, Python's hashlib.

#![allow(clippy::unwrap_used)]

use crate::factors::password::{Value, Workspace, read, verify};

const PASSWORD: &str = "correct horse";
const UMLAUTS: &str = "pässwörd €";

/// Who wrote it, the password, the stored value.
const KNOWN: &[(&str, &str, &str)] = &[
    ("slappasswd", PASSWORD, "{SSHA}ww4/oq0Xo/cgPz/vqtswLNKvpCIdohAY"),
    ("slappasswd", PASSWORD, "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A="),
    ("slappasswd", PASSWORD, "{SSHA384}ksy4BAGFn2wSuTfYtP/UahEyTKp1vrnzufHkALOJA6FmU1X12oP/cuEfZbyzhOFF0W2I27ciC4Y="),
    (
        "slappasswd",
        PASSWORD,
        "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$S/s/n1aGbqGtfJxG18Cnaw$2RhOuaycheNFdaik5UXnbmrvAPyuNk0ktg6gy4PhNlk",
    ),
    ("passlib", UMLAUTS, "{SHA}WLrsXwWKD/4HtaIdI5GNgo9kV0k="),
    ("passlib", PASSWORD, "{SSHA}E3uOhhziOc5w58hFhdLmU9ss9zGvNQYA"),
    ("passlib", PASSWORD, "{SSHA256}CGUw5KuuVsvYpQWhNpFbTY9R1Ma/4/Sdz9Wui7dC4vhK6f1/j1FqjQ=="),
    (
        "passlib",
        UMLAUTS,
        "{SSHA512}aMJPGA+c1tQlVDmxYdiPWVlyJwyTSq/dqlC51FGMT6QBgZeZV7hKPFyQSpQwo2wUStJneHhNUZIkvxeCsGrisGGsVepdi9F6",
    ),
    ("passlib", PASSWORD, "{PBKDF2}1000$lZJy7r23tlbKmTOmdO4dIw$.VJdweeVmAsNMUUrjM6KRB7Zl4A"),
    ("passlib", PASSWORD, "{PBKDF2-SHA1}1000$lZJy7r23tlbKmTOmdO4dIw$.VJdweeVmAsNMUUrjM6KRB7Zl4A"),
    ("passlib", UMLAUTS, "{PBKDF2-SHA256}1000$IoRQKoUwJoTQ.j/HGCNkTA$jbSgdUBJCZbKZihDDPqLISYH6LoEzMl8qN4lVdjcCt8"),
    (
        "passlib",
        PASSWORD,
        "{PBKDF2-SHA512}1000$REhpbW3NWUsJYWytdQ6htA$yd9dKBTjst6AnqNgBi9/f.aXyn7yMXLPqJGU7h/OO1yTbM05hkka5.eOWKjZWwlyjVfl1fBVh.0nhoyfvUOing",
    ),
    ("passlib", PASSWORD, "{CRYPT}$5$rounds=1000$KPhr1KES0MO2XJZU$ZoBMij/ILP88nLOPq2FfCDL65yLBP1BDkQYbCM3Jib7"),
    (
        "passlib",
        UMLAUTS,
        "{CRYPT}$6$rounds=1000$qlf3yTzdbXkFUTT4$oi7YXPR9z4Nrwobcmf5Owr.7sBPfuySmNoG.Mqb7WQFWj2t/3N/7sTIRFJgwdimFCcEGtt9tYsoUXinAWnVBr0",
    ),
    ("passlib", UMLAUTS, "{CRYPT}$2b$04$DMbj3wCxqcK746avLI9JRuySkPbRDHlLrjL9D6vnuTYjPPXG7mvTS"),
    ("passlib", PASSWORD, "$5$e4XN3YS9Onlrtfh5$NScco0UBf3qUxw0oO63AZsDzAFoZDV/6CjxsHDBMlB1"),
    (
        "passlib",
        PASSWORD,
        "{CRYPT}$6$83z.FCkg8imgCUR9$MToDrs0LqIUAbdA2PHvepfXcbCyRjGDEZJbLZtMZ7eU01c8RJd2eQXwu/v2n8YA6slFt.CMXJZYiYQ3uj3.lm1",
    ),
    ("glibc", PASSWORD, "{CRYPT}$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"),
    (
        "glibc",
        PASSWORD,
        "{crypt}$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
    ),
    ("glibc", PASSWORD, "$5$rounds=1000$abc$/cRuvrIiQqQvcPwD.a/LO47x90cA9f8oqYBouKihds1"),
    ("hashlib", PASSWORD, "{sha256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE="),
    ("hashlib", PASSWORD, "{SSHA256}lx2OWei9n9b+iNYcj29bfZ2cf+/LFvGFzVzo0kgbF0jXKf+Kx9qT2g=="),
    ("hashlib", PASSWORD, "{SHA384}ArIKby67E2Cppg9M+QhXNj7UGcAisSFWfOX5HG45Zk+3j9YCNMSli1v8cUWumDKS"),
    ("hashlib", PASSWORD, "{SSHA384}GSE+rScV8TtcFthaehgPE1tHy2YRoV1URYgXuZjjboSlWK7+X4Xil5ZDnpoEZ75zmeWycQ9Pevw="),
    (
        "hashlib",
        PASSWORD,
        "{SHA512}VraY3v7bWkNbY0r+MyC7rz/c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6aldZoNHvKtxSQhayTyyeZUZew==",
    ),
    (
        "hashlib",
        PASSWORD,
        "{SSHA512}QFgka+0jrsXECgKrhsbT127ODNX9OiqsUvHnF4al4OHgitLxw/bGPe9w8GtHyZqYhl32bCztXNcXKffcks30tagAviwPrhn1",
    ),
    (
        "hashlib",
        PASSWORD,
        "{PBKDF2_SHA256}AAAIAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj+OPAdLOzcpJWTx02zJjQRiugrHvGn232hA5qzOdMxW5h0lp19XE3d25OTB+hPEpt7ei7iRsVau3fajhIwPe9P6Bq13NTOmNbVs0yotN8kFDlVSxPLEu00f2J+e9CVPF+ox+vIOTyLHh/RA7JoQRTgF0e0/0q5X0CSqwa5I6pWjsA6jfqFN+uYeigLA4P7Y9PiZvtE1NLbsa/Tir0KZopiGEq04cjKBjwco0icfwCLfdSh4lu3hdAs/IFT2z3Sp7sIUiWqy1gbvpi+9nJaUIBtMDcmGKIasqq9jApFrp9NckSRsGyyOw3pxHCiMBvoBC4LeiRh27cCfx0KUFKfCUlGZ",
    ),
    (
        "argon2-cffi",
        PASSWORD,
        "$argon2id$v=19$m=64,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$ehqGRlXhNY90u1mXokuaGpor9OaG4WSZVb4jCfev4ys",
    ),
    (
        "argon2-cffi",
        PASSWORD,
        "{Argon2}$argon2d$v=19$m=64,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$dOi7cZl2dlo4eu/sTQ2j9syppP/ZDNFzsjFGgjz/J0M",
    ),
    ("argon2-cffi", PASSWORD, "$argon2i$v=16$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$TvxgtogWvdEFh+nWh9by5w"),
    (
        "argon2-cffi",
        UMLAUTS,
        "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$o24ypxOehI9Yzt8CFVie9hH2/UJWBwXa7Dluhl7a19s",
    ),
    ("py-bcrypt", PASSWORD, "{BCRYPT}$2a$04$KEliAGQ2rkwZhao8mUXd1.fm3VgNjQpoTJXQu5e7OGdTBQRKGsk9G"),
    ("py-bcrypt", PASSWORD, "$2b$04$hj1OQ7SS8Q.TGV7YhuwYWOJ5W.hj9A6Hj7rsx8IgwjiawV7kRuwRa"),
];

#[test]
fn what_other_programs_wrote_is_verified() {
    let mut workspace = Workspace::default();
    for (writer, password, value) in KNOWN {
        let judge = |given: &str, workspace: &mut Workspace| verify([value.as_bytes()], given.as_bytes(), workspace);
        assert!(judge(password, &mut workspace), "{writer}: {value}");
        assert!(!judge("Correct horse", &mut workspace), "{writer}: {value}");
        assert!(!judge("", &mut workspace), "{writer}: {value}");
    }
}

#[test]
fn a_value_cut_short_or_lengthened_matches_nothing() {
    let mut workspace = Workspace::default();
    for (writer, password, value) in KNOWN.iter().filter(|(_, _, value)| !value.contains("m=19456")) {
        let cut = value.trim_end_matches('=');
        for altered in [cut.get(..cut.len() - 2).unwrap().to_owned(), format!("{value}$"), format!("{value}$AAAA")] {
            assert!(!verify([altered.as_bytes()], password.as_bytes(), &mut workspace), "{writer}: {altered}");
        }
    }
}

#[test]
fn what_asks_for_too_much_work_is_unusable() {
    let salt_and_hash = "MDEyMzQ1Njc4OWFiY2RlZg$ehqGRlXhNY90u1mXokuaGpor9OaG4WSZVb4jCfev4ys";
    let crypt = "KPhr1KES0MO2XJZU$ZoBMij/ILP88nLOPq2FfCDL65yLBP1BDkQYbCM3Jib7";
    let too_much = [
        format!("{{ARGON2}}$argon2id$v=19$m=262145,t=1,p=1${salt_and_hash}"),
        format!("{{ARGON2}}$argon2id$v=19$m=262144,t=5,p=1${salt_and_hash}"),
        format!("{{ARGON2}}$argon2id$v=19$m=64,t=4294967295,p=1${salt_and_hash}"),
        format!("{{ARGON2}}$argon2id$v=19$m=64,t=1,p=17${salt_and_hash}"),
        format!("{{ARGON2}}$argon2id$v=19$m=64,t=0,p=1${salt_and_hash}"),
        format!("{{ARGON2}}$argon2id$v=20$m=64,t=1,p=1${salt_and_hash}"),
        format!("{{CRYPT}}$5$rounds=1000001${crypt}"),
        format!("{{CRYPT}}$5$rounds=99999999999999${crypt}"),
        format!("{{PBKDF2-SHA256}}2000001${}", "yNn7H0OoVWrtnXMOAQDgPA$5fN6rBNxrvg5Vu8H8hJqvihwWq64TVd3oca5iiY3og4"),
        format!("{{PBKDF2-SHA256}}0${}", "yNn7H0OoVWrtnXMOAQDgPA$5fN6rBNxrvg5Vu8H8hJqvihwWq64TVd3oca5iiY3og4"),
        "{BCRYPT}$2b$15$hj1OQ7SS8Q.TGV7YhuwYWOJ5W.hj9A6Hj7rsx8IgwjiawV7kRuwRa".to_owned(),
        "{BCRYPT}$2b$31$hj1OQ7SS8Q.TGV7YhuwYWOJ5W.hj9A6Hj7rsx8IgwjiawV7kRuwRa".to_owned(),
        "{PBKDF2-SHA256}1000$yNn7$".to_owned(),
        "{SSHA}".to_owned(),
        "{SHA}E3uOhhziOc5w58hFhdLmU9ss9zGvNQYA".to_owned(),
        "{SASL}user@realm".to_owned(),
        "{CRYPT}abXr5sd0pXYZ.".to_owned(),
        "{CRYPT}*".to_owned(),
        "{sasl}user@realm".to_owned(),
        "{X-NEW}abc".to_owned(),
        format!("$5$rounds=1000001${crypt}"),
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7".to_owned(),
    ];
    for value in too_much {
        assert!(read(value.as_bytes()) == Value::Unusable, "{value}");
    }
}
