//! One file a message, for tests and for handing over by other means: `To: `, `Subject: `, an empty line and the text, nothing else.
//! Readable by the server's own user alone; a name that does not begin with a full stop is a whole message.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

use super::{
    Delivery,
    error::DeliveryError,
    message::{Handover, Message},
};
use crate::{
    clock::Clock,
    config::delivery::FileSettings,
    files,
    random::{Random, text},
};

/// Writes files.
pub struct FileDelivery {
    directory: PathBuf,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl FileDelivery {
    /// For these settings.
    pub fn new(settings: &FileSettings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { directory: settings.directory.clone(), clock, random }
    }

    async fn put(&self, message: &Message) -> Result<(), DeliveryError> {
        let random = text(&*self.random, b"0123456789abcdef", 16);
        let random = random.map_err(|error| DeliveryError::new(error.to_string()))?;
        // In the order of their names they are in the order of their times.
        let name = format!("{:015}-{random}.txt", self.clock.now().0);
        let content = Zeroizing::new(format!(
            "To: {}\nSubject: {}\n\n{}",
            message.recipient(),
            message.subject(),
            message.text()
        ));
        let directory = self.directory.clone();
        let written = tokio::task::spawn_blocking(move || write(&directory, &name, content.as_bytes())).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DeliveryError::new(format!("the file cannot be written: {error}"))),
            Err(error) => Err(DeliveryError::new(format!("the file cannot be written: {error}"))),
        }
    }
}

impl Delivery for FileDelivery {
    fn deliver<'a>(&'a self, message: &'a Message) -> Handover<'a> {
        Box::pin(self.put(message))
    }
}

fn write(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    files::create_folder(directory)?;
    let partial = directory.join(format!(".{name}"));
    files::create(&partial, content)
        .and_then(|()| std::fs::rename(&partial, directory.join(name)))
        .inspect_err(|_| drop(std::fs::remove_file(&partial)))
}
