//! Which index lists lead to the candidates of a filter. (Joins with the filter's node view; until then everything is scanned.)

use super::{super::StoreError, draft::Rules, list::Ids, search::Search};
use crate::directory::filter::CompiledFilter;

/// The ids among which all matches are; `None` if no index can tell.
pub(super) fn candidates<'t>(
    _search: &Search<'t>,
    _rules: &Rules,
    _filter: &CompiledFilter,
) -> Result<Option<Ids<'t>>, StoreError> {
    Ok(None)
}
