//! Mail, by one mail server that takes it from there. A message is one part of plain text in UTF-8; a subject that is not ASCII is
//! encoded (RFC 2047), and so is the text where it must be (RFC 2045).

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    Address,
    message::{
        Mailbox, MessageBuilder,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        extension::ClientId,
    },
};

use super::{
    Delivery,
    error::DeliveryError,
    message::{Handover, Message, within},
};
use crate::{
    clock::Clock,
    config::delivery::{SmtpSecurity, SmtpSettings},
    outgoing::is_this_machine,
    random::{Random, text},
};

/// How long a goodbye may take; the message has been taken before.
const GOODBYE: Duration = Duration::from_millis(500);

/// Sends mail.
pub struct Smtp {
    settings: SmtpSettings,
    timeout: Duration,
    sender: Mailbox,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Smtp {
    /// For these settings; the CA certificates are read now.
    ///
    /// # Errors
    /// A sentence about the key that cannot be used.
    pub fn new(
        settings: SmtpSettings,
        timeout: Duration,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, String> {
        let sender = settings
            .sender
            .parse()
            .map_err(|_| "sender is no mail address such as \"Example <no-reply@example.com>\"".to_owned())?;
        let tls = match settings.security {
            SmtpSecurity::None if !is_this_machine(&settings.host) => {
                return Err("security \"none\" is for a mail server on this machine: host = \"localhost\"".to_owned());
            }
            SmtpSecurity::None => None,
            SmtpSecurity::StartTls | SmtpSecurity::Tls => Some(tls(&settings.host, settings.ca_file.as_deref())?),
        };
        let credentials = settings
            .user
            .clone()
            .zip(settings.password.as_ref().map(|password| password.expose().to_owned()))
            .map(|(user, password)| Credentials::new(user, password));
        Ok(Self { settings, timeout, sender, tls, credentials, clock, random })
    }

    fn port(&self) -> u16 {
        match (u16::try_from(self.settings.port).unwrap_or(0), self.settings.security) {
            (0, SmtpSecurity::StartTls) => 587,
            (0, SmtpSecurity::Tls) => 465,
            (0, SmtpSecurity::None) => 25,
            (port, _) => port,
        }
    }

    fn mail(&self, message: &Message) -> Result<lettre::Message, DeliveryError> {
        let malformed = |_| DeliveryError::new("the message cannot be written as mail");
        let to: Address =
            message.recipient().parse().map_err(|_| DeliveryError::new("the recipient is no mail address"))?;
        let id = text(&*self.random, b"0123456789abcdef", 32).map_err(|error| DeliveryError::new(error.to_string()))?;
        MessageBuilder::new()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .date(UNIX_EPOCH + Duration::from_millis(self.clock.now().0))
            .message_id(Some(format!("<{id}@{}>", self.sender.email.domain())))
            .subject(message.subject())
            // RFC 3834: nobody's absence note should answer.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text().to_owned())
            .map_err(malformed)
    }

    /// A connection on which mail can be sent.
    async fn connect(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let hello = ClientId::Domain(self.sender.email.domain().to_owned());
        let is_wrapped = self.settings.security == SmtpSecurity::Tls;
        let wrapper = self.tls.clone().filter(|_| is_wrapped);
        let server = (self.settings.host.as_str(), self.port());
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &hello, wrapper, None).await?;
        if let Some(tls) = self.tls.clone().filter(|_| !is_wrapped) {
            connection.starttls(tls, &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }

    async fn send(&self, message: &Message) -> Result<AsyncSmtpConnection, DeliveryError> {
        let mail = self.mail(message)?;
        let mut connection = self.connect().await.map_err(|error| self.failure(&error))?;
        connection.send(mail.envelope(), &mail.formatted()).await.map_err(|error| self.failure(&error))?;
        Ok(connection)
    }

    fn failure(&self, error: &lettre::transport::smtp::Error) -> DeliveryError {
        let host = &self.settings.host;
        DeliveryError::new(match error.status() {
            // The words behind the number may quote the mail.
            Some(status) => format!("{host} refused with {status}"),
            None if error.is_tls() => format!("no secure connection to {host}: {error}"),
            None => format!("{host} did not take the mail: {error}"),
        })
    }
}

impl Delivery for Smtp {
    fn deliver<'a>(&'a self, message: &'a Message) -> Handover<'a> {
        Box::pin(async move {
            let mut taken = None;
            within(self.timeout, async {
                taken = Some(self.send(message).await?);
                Ok(())
            })
            .await?;
            if let Some(mut connection) = taken {
                // Whatever becomes of the goodbye, the mail has been taken.
                let _goodbye = tokio::time::timeout(GOODBYE, connection.abort()).await;
            }
            Ok(())
        })
    }
}

fn tls(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = ca_file {
        let unusable = |error: &dyn std::fmt::Display| format!("ca_file {} cannot be used: {error}", file.display());
        let certificates = std::fs::read(file).map_err(|error| unusable(&error))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&certificates).map_err(|error| unusable(&error))?);
    }
    builder.build().map_err(|error| error.to_string())
}
