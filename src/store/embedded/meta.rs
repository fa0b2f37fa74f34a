//! The rows of the `meta` table: format, counters, attribute ids, indexes, fence.

use heed::RwTxn;

use super::{
    super::{Statistics, StoreError},
    tables::{Reader, Tables},
};

/// The format that this program writes, and the only one it reads. Raise it with every change of a row's layout.
pub(super) const FORMAT: u64 = 4;

/// A row that holds a number.
#[derive(Clone, Copy)]
pub(super) enum Number {
    /// The version of the layout of all rows.
    Format,
    /// The sequence number of the newest change.
    LastChange,
    /// The id that the next entry gets.
    NextId,
    /// Milliseconds since 1970 up to which no time-based code may be accepted.
    Fence,
}

impl Number {
    fn key(self) -> &'static [u8] {
        match self {
            Self::Format => b"format",
            Self::LastChange => b"last-change",
            Self::NextId => b"next-id",
            Self::Fence => b"fence",
        }
    }
}

const INDEXES: &[u8] = b"indexes";
const SEAL_KEY: &[u8] = b"seal-key";
const STRANGER: &[u8] = b"stranger";
const ATTRIBUTE: &[u8] = b"attribute:";

impl Tables {
    /// A number; 0 if it was never written.
    pub(super) fn number(&self, txn: &heed::RoTxn<'_>, number: Number) -> Result<u64, StoreError> {
        let row = self.meta.get(txn, number.key()).map_err(|error| self.failed(error))?;
        match row.map(<[u8; 8]>::try_from) {
            None => Ok(0),
            Some(Ok(octets)) => Ok(u64::from_be_bytes(octets)),
            Some(Err(_)) => Err(StoreError::Damaged("a counter has a wrong length".into())),
        }
    }

    /// Writes a number.
    pub(super) fn set_number(&self, txn: &mut RwTxn<'_>, number: Number, value: u64) -> Result<(), StoreError> {
        self.meta.put(txn, number.key(), &value.to_be_bytes()).map_err(|error| self.failed(error))
    }

    /// Refuses a file of another format; marks a new one.
    pub(super) fn check_format(&self) -> Result<(), StoreError> {
        let format = self.number(&*self.read()?, Number::Format)?;
        match format {
            FORMAT => Ok(()),
            0 => {
                let mut txn = self.write()?;
                self.set_number(&mut txn, Number::Format, FORMAT)?;
                self.set_number(&mut txn, Number::NextId, 1)?;
                txn.commit().map_err(|error| self.failed(error))
            }
            other => Err(self.wrong_format(other)),
        }
    }

    /// Refuses a file of another format, without marking anything.
    pub(super) fn check_format_of_reader(&self) -> Result<(), StoreError> {
        match self.number(&*self.read()?, Number::Format)? {
            FORMAT => Ok(()),
            other => Err(self.wrong_format(other)),
        }
    }

    fn wrong_format(&self, found: u64) -> StoreError {
        let directory = self.directory.display();
        StoreError::Unavailable(
            format!(
                "the store in {directory} has format {found} and this program reads format {FORMAT}; \
                 export with the program that wrote it and import here"
            )
            .into(),
        )
    }

    /// Refuses a store whose secrets are sealed with another key; notes the key of a new one.
    pub(super) fn check_seal_key(&self, key_ids: &[String]) -> Result<(), StoreError> {
        let Some(key_id) = key_ids.first() else { return Ok(()) };
        let mut txn = self.write()?;
        let stored = self.meta.get(&txn, SEAL_KEY).map_err(|error| self.failed(error))?;
        match stored.map(String::from_utf8_lossy) {
            Some(stored) if key_ids.iter().any(|key_id| *key_id == stored) => return Ok(()),
            Some(stored) => {
                let directory = self.directory.display();
                return Err(StoreError::Unavailable(
                    format!(
                        "the secrets of the store in {directory} are sealed with the key {stored}, and the key file holds \
                         the key {key_id}; give the key file that belongs to this store"
                    )
                    .into(),
                ));
            }
            None => {}
        }
        self.meta.put(&mut txn, SEAL_KEY, key_id.as_bytes()).map_err(|error| self.failed(error))?;
        txn.commit().map_err(|error| self.failed(error))
    }

    /// How full the store is.
    pub(super) fn statistics(&self, txn: &heed::RoTxn<'_>) -> Result<Statistics, StoreError> {
        let failed = |error| self.failed(error);
        let information = self.env.info();
        Ok(Statistics {
            entries: self.entry.len(txn).map_err(failed)?,
            factors: self.factor.len(txn).map_err(failed)?,
            index_rows: self.index.len(txn).map_err(failed)?,
            last_change: self.number(txn, Number::LastChange)?,
            used: self.env.real_disk_size().map_err(|error| self.failed(error))?,
            limit: information.map_size as u64,
            readers: u64::from(information.number_of_readers),
            ..Statistics::default()
        })
    }

    /// All attribute descriptions, by id.
    pub(super) fn attributes(&self, txn: &Reader<'_>) -> Result<Vec<String>, StoreError> {
        let rows = self.meta.prefix_iter(txn, ATTRIBUTE).map_err(|error| self.failed(error))?;
        let mut descriptions = Vec::new();
        for row in rows {
            let (key, value) = row.map_err(|error| self.failed(error))?;
            let expected = attribute_key(descriptions.len());
            let description = std::str::from_utf8(value).ok().filter(|_| key == expected.as_slice());
            let damaged = || StoreError::Damaged("the list of attribute ids has a hole".into());
            descriptions.push(description.ok_or_else(damaged)?.to_owned());
        }
        Ok(descriptions)
    }

    /// Writes attribute descriptions from id `first` on.
    pub(super) fn add_attributes(
        &self,
        txn: &mut RwTxn<'_>,
        first: usize,
        descriptions: &[String],
    ) -> Result<(), StoreError> {
        for (id, description) in (first..).zip(descriptions) {
            self.meta.put(txn, &attribute_key(id), description.as_bytes()).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// What the index table was built for.
    pub(super) fn indexes_built(&self, txn: &Reader<'_>) -> Result<Option<String>, StoreError> {
        let row = self.meta.get(txn, INDEXES).map_err(|error| self.failed(error))?;
        Ok(row.map(|row| String::from_utf8_lossy(row).into_owned()))
    }

    /// Notes what the index table is built for.
    pub(super) fn set_indexes_built(&self, txn: &mut RwTxn<'_>, indexes: &str) -> Result<(), StoreError> {
        self.meta.put(txn, INDEXES, indexes.as_bytes()).map_err(|error| self.failed(error))
    }

    /// Writes the record that nobody reads.
    pub(super) fn set_stranger(&self, txn: &mut RwTxn<'_>, record: &[u8]) -> Result<(), StoreError> {
        self.meta.put(txn, STRANGER, record).map_err(|error| self.failed(error))
    }
}

fn attribute_key(id: usize) -> Vec<u8> {
    let id = u32::try_from(id).unwrap_or(u32::MAX);
    [ATTRIBUTE, &id.to_be_bytes()].concat()
}
