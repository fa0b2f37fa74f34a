//! How long failures take, printed for a person to compare: `cargo test --release timing -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

/// Each kind of failure in turn, so that a slow moment of the machine hits all of them.
#[tokio::test]
#[ignore = "measures, asserts nothing"]
async fn failures_by_cause() {
    let site = Site::with(|config| {
        config.password.scheme = PasswordScheme::Argon2id;
        config.lockout.failures = 0;
        config.lockout.close_factor_after = 0;
    })
    .await;
    site.enrol(ADMIN).await;
    let light = Scheme::Ssha.hash(PASSWORD, &[3; 16], &mut Workspace::default()).unwrap();
    site.set(SERVICE, "userPassword", &light).await;
    let wrong_code = [PASSWORD, b"000000"].concat();
    let causes: [(&str, &str, &[u8]); 6] = [
        ("no such user", "uid=nobody,ou=people,dc=example,dc=com", b"wrong000000"),
        ("wrong password", KIM, b"wrong000000"),
        ("wrong password of {SSHA}", SERVICE, b"wrong000000"),
        ("wrong password, factor", ADMIN, b"wrong000000"),
        ("code missing", ADMIN, PASSWORD),
        ("wrong code", ADMIN, &wrong_code),
    ];
    let mut times = vec![Vec::new(); causes.len()];
    for _ in 0..200 {
        for ((_, dn, password), times) in causes.iter().zip(&mut times) {
            let began = Instant::now();
            assert!(site.bind(dn, password).await.is_err());
            times.push(began.elapsed());
        }
    }
    for ((cause, ..), mut times) in causes.into_iter().zip(times) {
        times.sort();
        let micros = |per_mille: usize| times[times.len() * per_mille / 1000].as_micros();
        println!("{cause:28} median {:6} us, 10 % {:6}, 90 % {:6}", micros(500), micros(100), micros(900));
    }
}
