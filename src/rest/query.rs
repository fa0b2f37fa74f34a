//! What the query of a read says: which attributes to show, and which named entries to bring along (rest-api.md section 4).

use percent_encoding::percent_decode_str;

use super::{selection::Selection, status::Refusal};

/// Attributes that are not expanded, because a group has many members.
const TOO_MANY: [&str; 2] = ["member", "uniqueMember"];

/// What the query of a read says.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// The attributes to show.
    pub(super) selection: Selection,
    /// The attributes whose named entries to embed.
    pub(super) expand: Vec<String>,
}

impl Query {
    /// Reads a query string; parameters that mean nothing here are ignored.
    ///
    /// # Errors
    /// 400 where it is no text, names a parameter twice, or both wants and does not want an attribute.
    pub(super) fn of(query: &str) -> Result<Self, Refusal> {
        let (mut include, mut exclude, mut expand) = (None, None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "includeAttributes" => &mut include,
                "excludeAttributes" => &mut exclude,
                "expand" => &mut expand,
                _ => continue,
            };
            let value = value.replace('+', " ");
            let value =
                percent_decode_str(&value).decode_utf8().map_err(|_| Refusal::invalid("The query is not UTF-8"))?;
            if place.replace(value.into_owned()).is_some() {
                return Err(Refusal::invalid(format!("The query names {name} twice")));
            }
        }
        let selection = Selection::of_query(include.as_deref(), exclude.as_deref()).map_err(Refusal::invalid)?;
        let mut expand: Vec<String> =
            expand.unwrap_or_default().split(',').map(|name| name.trim().to_owned()).collect();
        expand.sort();
        expand.dedup();
        match expand.iter().find(|name| TOO_MANY.contains(&name.as_str())) {
            Some(name) => Err(Refusal::invalid(format!("{name} may name too many entries to be expanded"))),
            None => Ok(Self { selection, expand }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_query_selects_and_what_it_does_not_mean_is_ignored() {
        let query = Query::of("includeAttributes=cn%2Csn,+mail&x").unwrap();
        assert_eq!(query.selection.requested(), ["cn", "sn", "mail"]);
        assert!(Query::of("includeAttributes=cn&includeAttributes=sn").is_err());
        assert!(Query::of("includeAttributes=%ff").is_err());
        assert!(Query::of("expand=manager,member").is_err());
        assert_eq!(Query::of("expand=secretary,manager,manager").unwrap().expand, ["manager", "secretary"]);
        assert!(Query::of("includeAttributes=cn&excludeAttributes=cn").is_err());
        assert_eq!(Query::of("").unwrap().selection, Selection::default());
    }
}
