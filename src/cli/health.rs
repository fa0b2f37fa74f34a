//! `countersign health`: does the server answer? For container platforms and load balancers: exit code 0, or 3 with a sentence.

use ldap3_proto::proto::{LdapFilter, LdapSearchScope};
use serde_json::json;

use super::{
    answer::{Answer, Failure},
    site::Target,
};

pub(crate) fn run(target: &Target) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = target.running().await?;
        let everything = LdapFilter::Present("objectClass".to_owned());
        let root = client.search("", LdapSearchScope::Base, everything, &["vendorVersion"]).await?;
        let version = root
            .into_iter()
            .flat_map(|entry| entry.attributes)
            .flat_map(|attribute| attribute.vals)
            .find_map(|value| String::from_utf8(value).ok());
        let text = match &version {
            Some(version) => format!("the server answers ({version})"),
            None => "the server answers".to_owned(),
        };
        Ok(Answer::new(text, json!({ "healthy": true, "version": version })))
    })
}
