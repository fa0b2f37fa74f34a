//! `COUNTERSIGN_SECTION__KEY`: environment variables that win over the file.

use super::{
    Config, Reading, Section, delivery, each_section,
    value::{Member, Value},
};

/// What begins with this is meant for us; names without `__` are left to others (`COUNTERSIGN_CONFIG`, a test's own).
const PREFIX: &str = "COUNTERSIGN_";

/// The variables of this process. What is no text is read as far as it is: it must not be passed over in silence.
pub(super) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// Sets what the variables say.
pub(super) fn apply(config: &mut Config, reading: &mut Reading<'_>, variables: impl Iterator<Item = (String, String)>) {
    for (name, text) in variables {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else { continue };
        let member = Member { key: key.to_ascii_lowercase(), line: None, value: Value::from_environment(text) };
        let before = reading.problems.len();
        set(config, reading, &section.to_ascii_lowercase(), &member);
        // The operator looks for the variable, not for a line of the file.
        for problem in reading.problems.iter_mut().skip(before) {
            problem.key.clone_from(&name);
        }
    }
}

fn set(config: &mut Config, reading: &mut Reading<'_>, name: &str, member: &Member) {
    fn one<S: Section>(reading: &mut Reading<'_>, section: &mut S, name: &str, member: &Member) {
        reading.member(section, name, member);
    }
    macro_rules! dispatch {
        ($($section:ident),+) => {
            match name {
                $( stringify!($section) => one(reading, &mut config.$section, name, member), )+
                "delivery" => delivery::reading::set(&mut config.delivery, reading, member),
                _ => reading.refuse(None, name, format!("no such section; there are {}", [$(stringify!($section)),+].join(", "))),
            }
        };
    }
    each_section!(dispatch);
}
