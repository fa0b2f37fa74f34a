//! LDAP operations by kind and result code: the one count on the path of a search, so its place is computed and never looked for.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use countersign_proto::result_code::ResultCode;

use super::page::Page;

/// What an LDAP client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Any bind.
    Bind,
    /// A search, however many entries it found.
    Search,
    /// A compare.
    Compare,
    /// An add.
    Add,
    /// A modify.
    Modify,
    /// A modify DN.
    ModifyDn,
    /// A delete.
    Delete,
    /// Any extended operation.
    Extended,
}

/// How often each was answered with which code.
pub struct Operations([[AtomicU64; COLUMNS]; OPERATIONS.len()]);

/// In the order of the enumeration.
const OPERATIONS: [(Operation, &str); 8] = [
    (Operation::Bind, "bind"),
    (Operation::Search, "search"),
    (Operation::Compare, "compare"),
    (Operation::Add, "add"),
    (Operation::Modify, "modify"),
    (Operation::ModifyDn, "modify-dn"),
    (Operation::Delete, "delete"),
    (Operation::Extended, "extended"),
];
/// Codes from 0 up that have a column each: the standard's.
const STANDARD: usize = 128;
/// The first of the codes that the multi-factor operations add, which have a column each behind them.
const ADDED: i32 = 30_221_000;
/// Both, and one column for every other code.
const COLUMNS: usize = STANDARD + 16 + 1;

impl Operations {
    /// One more was answered.
    pub fn answered(&self, operation: Operation, code: ResultCode) {
        if let Some(count) = self.0.get(operation as usize).and_then(|row| row.get(column(code))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those that came up.
    pub fn write(&self, page: &mut Page) {
        const NAME: &str = "countersign_ldap_operations_total";
        page.family(NAME, "counter", "LDAP operations that were answered, by result code.");
        for ((_, operation), row) in OPERATIONS.iter().zip(&self.0) {
            for (column, count) in row.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    page.sample(NAME, &[("operation", operation), ("result", &code(column))], count);
                }
            }
        }
    }
}

impl Default for Operations {
    fn default() -> Self {
        Self([const { [const { AtomicU64::new(0) }; COLUMNS] }; OPERATIONS.len()])
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operations")
    }
}

fn column(ResultCode(code): ResultCode) -> usize {
    let standard = usize::try_from(code).ok().filter(|code| *code < STANDARD);
    let added = || {
        code.checked_sub(ADDED).and_then(|code| usize::try_from(code).ok()).filter(|code| STANDARD + code < COLUMNS - 1)
    };
    standard.or_else(|| added().map(|code| STANDARD + code)).unwrap_or(COLUMNS - 1)
}

/// The code of a column as text.
fn code(column: usize) -> String {
    match column.checked_sub(STANDARD) {
        None => column.to_string(),
        Some(_) if column == COLUMNS - 1 => "other".to_owned(),
        Some(added) => {
            i64::try_from(added).map_or_else(|_| "other".to_owned(), |code| (i64::from(ADDED) + code).to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_enumeration() {
        for (place, (operation, _)) in OPERATIONS.iter().enumerate() {
            assert_eq!(*operation as usize, place);
        }
    }

    #[test]
    fn every_code_has_its_column_and_strange_ones_share_one() {
        for number in [0, 32, 49, 123, 30_221_004, 30_221_007] {
            assert_eq!(code(column(ResultCode(number))), number.to_string());
        }
        for strange in [-1, 128, 16_654, i32::MAX, i32::MIN] {
            assert_eq!(code(column(ResultCode(strange))), "other");
        }
    }

    #[test]
    fn what_came_up_is_on_the_page() {
        let operations = Operations::default();
        operations.answered(Operation::Search, ResultCode::SUCCESS);
        operations.answered(Operation::Search, ResultCode::SUCCESS);
        operations.answered(Operation::Bind, ResultCode::INVALID_CREDENTIALS);
        let mut page = Page::default();
        operations.write(&mut page);
        let text = page.into_text();
        assert!(text.ends_with(
            "countersign_ldap_operations_total{operation=\"bind\",result=\"49\"} 1\n\
             countersign_ldap_operations_total{operation=\"search\",result=\"0\"} 2\n"
        ));
    }
}
