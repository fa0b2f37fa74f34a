//! What the demonstration shows: a code accepted at each door, and refused at each when it comes again.

use countersign_proto::{
    ber::{Reader, Writer},
    oid,
};
use ldap3_proto::proto::LdapResult;
use serde_json::{Value, json};

use super::{
    super::{
        answer::{Failure, say},
        client::{Client, succeeded},
        otpauth::Enrolment,
    },
    Stage,
    devices::Device,
    https,
};
use crate::{config::TotpSettings, local_socket::LocalSocket, server::Running};

/// The sample user, and the password that stands in `examples/people.ldif`.
pub(super) const USER: &str = "uid=ada,ou=people,dc=example,dc=com";
pub(super) const NAME: &str = "ada";
pub(super) const PASSWORD: &str = "apple pie at noon";

/// The whole show; gives the user's devices: the phone whose QR code was shown, and two more.
pub(super) async fn all(stage: &Stage, running: &Running) -> Result<Vec<Device>, Failure> {
    let (ldap, rest) = (first(&running.ldap)?, first(&running.rest)?);
    let url = format!("ldap://{ldap}");
    say(&format!("countersign {}: a sample directory in {}\n", env!("CARGO_PKG_VERSION"), stage.folder.display()));
    say(&format!("Ada ({USER})\nhas the password \"{PASSWORD}\". She enrols her phone with it:\n"));
    let mut client = Client::url(&url, None).await?;
    let mut phone = Device::new(generate(&mut client, Some(PASSWORD)).await?)?;
    show_secret(&phone);

    // Two more devices, so that nobody has to wait for the next code: added by the root user, over the Unix socket.
    let socket = LocalSocket::in_folder(&stage.folder.join("data"))?;
    let mut root = Client::local(socket.path()).await?;
    succeeded(&root.bind_sasl("EXTERNAL", Vec::new()).await?)?;
    let mut tablet = Device::new(generate(&mut root, None).await?)?;
    let mut laptop = Device::new(generate(&mut root, None).await?)?;

    let doors = Doors { url, rest, stage };
    say("From now on the password alone is not enough:\n");
    row("LDAP simple bind", "password alone", doors.simple(PASSWORD).await?);
    let [one, two, three] = [code(&mut phone)?, code(&mut tablet)?, code(&mut laptop)?];
    row("LDAP simple bind", &format!("password + {one} (phone)"), doors.simple(&format!("{PASSWORD}{one}")).await?);
    row("LDAP SASL UNBOUNDID-TOTP", &format!("{two} (tablet)"), doors.sasl(&two).await?);
    row("REST passwordPlusTOTP", &format!("{three} (laptop)"), doors.rest(&three).await?);
    say("\nA code is good once, whatever the door it comes to:\n");
    row("LDAP simple bind", &format!("password + {one} again"), doors.simple(&format!("{PASSWORD}{one}")).await?);
    row("LDAP SASL UNBOUNDID-TOTP", &format!("{one} again"), doors.sasl(&one).await?);
    row("REST passwordPlusTOTP", &format!("{one} again"), doors.rest(&one).await?);
    say("");
    Ok(vec![phone, tablet, laptop])
}

/// What an answer was: whether it is a success, and the answer in its own words.
type Seen = (bool, String);

struct Doors<'s> {
    url: String,
    rest: std::net::SocketAddr,
    stage: &'s Stage,
}

impl Doors<'_> {
    async fn simple(&self, password: &str) -> Result<Seen, Failure> {
        Ok(seen(&Client::url(&self.url, None).await?.bind(USER, password).await?))
    }

    async fn sasl(&self, code: &str) -> Result<Seen, Failure> {
        let mut credentials = Vec::new();
        Writer::new(&mut credentials).sequence(|credentials| {
            credentials.tagged(0x80, format!("u:{NAME}").as_bytes());
            credentials.tagged(0x82, code.as_bytes());
            credentials.tagged(0x83, PASSWORD.as_bytes());
        });
        Ok(seen(&Client::url(&self.url, None).await?.bind_sasl("UNBOUNDID-TOTP", credentials).await?))
    }

    async fn rest(&self, code: &str) -> Result<Seen, Failure> {
        let (status, body) =
            https::post(self.rest, &self.stage.ca, "/directory/v1/authenticate", &request(code)).await?;
        let name = body.pointer("/resultCode/name").and_then(Value::as_str).unwrap_or_default();
        Ok((status.starts_with("200"), format!("{status}, {name}")))
    }
}

/// The body of a REST authentication.
pub(super) fn request(code: &str) -> Value {
    json!({ "credentials": {
        "authenticationType": "passwordPlusTOTP", "username": NAME, "staticPassword": PASSWORD, "totp": code,
    } })
}

fn seen(result: &LdapResult) -> Seen {
    let code = countersign_proto::result_code::ResultCode(result.code.clone() as i32);
    (code.0 == 0, format!("{} {}", code.0, code.standard_name()))
}

fn row(door: &str, with: &str, (accepted, answer): Seen) {
    let sign = if accepted { "\u{2713}" } else { "\u{2717}" };
    say(&format!("  {sign} {door:<26}{with:<28}{answer}"));
}

/// Has the server make a secret: for oneself with the password, or as root.
async fn generate(client: &mut Client, password: Option<&str>) -> Result<String, Failure> {
    let mut value = Vec::new();
    Writer::new(&mut value).sequence(|request| {
        request.tagged(0x80, format!("dn:{USER}").as_bytes());
        request.tagged_optional(0x81, password.map(str::as_bytes));
    });
    let (result, value) = client.extended(oid::GENERATE_TOTP_SHARED_SECRET, Some(value)).await?;
    succeeded(&result)?;
    let value = value.unwrap_or_default();
    let secret = Reader::new(&value).sequence().and_then(|mut members| members.expect(0x80));
    Ok(String::from_utf8_lossy(secret.map_err(|_| Failure::refused("the server gave no secret"))?).into_owned())
}

fn show_secret(phone: &Device) {
    let secret = phone.secret();
    let enrolment = Enrolment::new(secret, "countersign demo", NAME, TotpSettings::default().step);
    say(&format!("{}\n  {}\n  secret: {}\n", enrolment.qr("  "), *enrolment.uri, *phone.base32));
}

fn code(device: &mut Device) -> Result<String, Failure> {
    device.code().map_err(|_| Failure::refused("a device has no fresh code"))
}

fn first(addresses: &[std::net::SocketAddr]) -> Result<std::net::SocketAddr, Failure> {
    addresses.first().copied().ok_or_else(|| Failure::refused("the demonstration listens nowhere"))
}
