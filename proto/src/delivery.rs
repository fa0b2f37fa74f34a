//! How a request that sends something says by which mechanism, to whom and with which words: what delivered one-time passwords
//! and both kinds of tokens share. What is sent is said by each of them.

use serde::Deserialize;

use crate::{
    ber::{Reader, Writer, tag},
    text::Text,
    value::ValueError,
};

/// One way that the requester prefers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Text")]
pub struct PreferredMechanism {
    /// The mechanism's configured name.
    pub mechanism: Text,
    /// The address or number to use there; absent: whichever the user's entry has. JSON has no place for it.
    pub recipient_id: Option<Text>,
}

impl From<Text> for PreferredMechanism {
    fn from(mechanism: Text) -> Self {
        Self { mechanism, recipient_id: None }
    }
}

impl PreferredMechanism {
    /// Reads `OCTET STRING *`, mechanism names alone; absent is the same as empty.
    pub(crate) fn read_names(content: Option<&[u8]>) -> Result<Vec<Self>, ValueError> {
        let mut names = Reader::new(content.unwrap_or_default());
        let mut preferred = Vec::new();
        while !names.is_empty() {
            preferred.push(Self::from(Text::from(names.text()?)));
        }
        Ok(preferred)
    }

    /// Writes what [`Self::read_names`] reads.
    pub(crate) fn write_names(preferred: &[Self], out: &mut Writer<'_>, tag: u8) {
        out.constructed(tag, |names| preferred.iter().for_each(|one| names.octet_string(one.mechanism.as_bytes())));
    }

    /// Reads `SEQUENCE { mechanismName OCTET STRING, recipientID OCTET STRING OPTIONAL } *`; absent is the same as empty.
    pub(crate) fn read(content: Option<&[u8]>) -> Result<Vec<Self>, ValueError> {
        let mut list = Reader::new(content.unwrap_or_default());
        let mut preferred = Vec::new();
        while !list.is_empty() {
            let mut one = list.sequence()?;
            let mechanism = Text::from(one.text()?);
            let recipient_id = Text::optional(one.optional(tag::OCTET_STRING)?)?;
            one.finish()?;
            preferred.push(Self { mechanism, recipient_id });
        }
        Ok(preferred)
    }

    /// Writes what [`Self::read`] reads; nothing for an empty list.
    pub(crate) fn write(preferred: &[Self], out: &mut Writer<'_>, tag: u8) {
        if preferred.is_empty() {
            return;
        }
        out.constructed(tag, |list| {
            for one in preferred {
                list.sequence(|members| {
                    members.octet_string(one.mechanism.as_bytes());
                    members.tagged_optional(tag::OCTET_STRING, one.recipient_id.as_ref().map(|id| id.as_bytes()));
                });
            }
        });
    }
}

/// The words around what is sent; no separator is added. Absent ones are the mechanism's configured words, unless any is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageTexts {
    /// The subject, where the mechanism has one.
    pub subject: Option<Text>,
    /// What stands before it where there is room.
    #[serde(rename = "fullTextBefore")]
    pub full_text_before: Option<Text>,
    /// What stands after it where there is room.
    #[serde(rename = "fullTextAfter")]
    pub full_text_after: Option<Text>,
    /// What stands before it in a short message.
    #[serde(rename = "compactTextBefore")]
    pub compact_text_before: Option<Text>,
    /// What stands after it in a short message.
    #[serde(rename = "compactTextAfter")]
    pub compact_text_after: Option<Text>,
}

impl MessageTexts {
    /// Reads the five members in the order in which every request has them.
    pub(crate) fn read(members: [Option<&[u8]>; 5]) -> Result<Self, ValueError> {
        let [subject, full_text_before, full_text_after, compact_text_before, compact_text_after] = members;
        Ok(Self {
            subject: Text::optional(subject)?,
            full_text_before: Text::optional(full_text_before)?,
            full_text_after: Text::optional(full_text_after)?,
            compact_text_before: Text::optional(compact_text_before)?,
            compact_text_after: Text::optional(compact_text_after)?,
        })
    }

    /// Writes them as `[first]` and the four numbers that follow.
    pub(crate) fn write(&self, out: &mut Writer<'_>, first: u8) {
        let texts = [
            &self.subject,
            &self.full_text_before,
            &self.full_text_after,
            &self.compact_text_before,
            &self.compact_text_after,
        ];
        for (number, text) in (first..).zip(texts) {
            out.tagged_optional(tag::primitive(number), text.as_ref().map(|text| text.as_bytes()));
        }
    }
}
