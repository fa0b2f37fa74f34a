//! YubiKeys whose OTPs somebody else's program makes: `ykgenerate` of Debian's libyubikey-dev.

use super::{
    ber,
    client::{Change, Client},
    code::*,
    command::run,
};

/// A device with its secrets.
#[derive(Clone, Copy)]
pub struct Device {
    pub id: &'static str,
    pub aes: &'static str,
    pub private_id: &'static str,
}

/// One that tests give to their user.
pub const DEVICE: Device =
    Device { id: "vvccccbbcdef", aes: "ecde18dbe76fbd0c33330f1c354871db", private_id: "8792ebfe26cc" };
/// Another one.
pub const OTHER_DEVICE: Device =
    Device { id: "vvccccbbcdeg", aes: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", private_id: "a1b2c3d4e5f6" };

impl Device {
    /// What the device types in its `session`th session when its button is pressed for the `uses`th time, from 0.
    pub fn otp(&self, session: u16, uses: u8) -> String {
        // The device's clock goes on while it is plugged in.
        let clock = format!("{:04x}", 0x1230 + 40 * u16::from(uses));
        let (session, uses) = (format!("{session:04x}"), format!("{uses:02x}"));
        let made = run("/usr/bin/ykgenerate", &[self.aes, self.private_id, &session, &clock, "00", &uses]).succeeded();
        format!("{}{}", self.id, made.stdout.trim())
    }

    /// Has the server know the device's key.
    pub fn known(root: &mut Client, device: &Self) {
        let top = root.add("cn=yubikeys", &[("objectClass", &["top", "applicationProcess"]), ("cn", &["yubikeys"])]);
        assert!([SUCCESS, ENTRY_ALREADY_EXISTS].contains(&top.code), "{top:?}");
        let key = format!("{} {}", device.aes, device.private_id);
        let dn = format!("cn={},cn=yubikeys", device.id);
        let values: &[(&str, &[&str])] =
            &[("objectClass", &["top", "device"]), ("cn", &[device.id]), ("countersign-yubikey-key", &[&key])];
        assert_eq!(root.add(&dn, values).code, SUCCESS);
    }

    /// Has an administrator give the device to a user.
    pub fn given_to(&self, root: &mut Client, dn: &str) {
        let changes = [Change::Add("ds-auth-yubikey-public-id", &[self.id])];
        assert_eq!(root.modify(dn, &changes).code, SUCCESS, "{dn}");
    }
}

/// SASL credentials of UNBOUNDID-YUBIKEY-OTP.
pub fn credentials(authentication_id: &str, password: Option<&str>, otp: &str) -> Vec<u8> {
    let mut members = vec![ber::tlv(0x80, authentication_id)];
    members.extend(password.map(|password| ber::tlv(0x82, password)));
    members.push(ber::tlv(0x83, otp));
    ber::sequence(&members)
}

/// The value of a register or deregister request.
pub fn request(authentication_id: Option<&str>, password: Option<&str>, otp: Option<&str>) -> Vec<u8> {
    let members = [(0x80, authentication_id), (0x81, password), (0x82, otp)];
    let present = members.iter().filter_map(|(tag, value)| value.map(|value| ber::tlv(*tag, value)));
    ber::sequence(&present.collect::<Vec<_>>())
}
