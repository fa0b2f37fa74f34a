//! Which loads run in which shape: what runs by itself, everything, or what the command line names.

use crate::loads::Load;

/// A load in one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// What is asked.
    pub(crate) load: Load,
    /// Connections.
    pub(crate) connections: usize,
    /// Requests under way on each.
    pub(crate) depth: usize,
    /// Over TLS.
    pub(crate) is_tls: bool,
}

impl Case {
    const fn new(load: Load, connections: usize, depth: usize) -> Self {
        Self { load, connections, depth, is_tls: false }
    }

    const fn over_tls(self) -> Self {
        Self { is_tls: true, ..self }
    }

    /// As the table names it.
    pub(crate) fn title(&self) -> String {
        let tls = if self.is_tls { ", TLS" } else { "" };
        let s = if self.connections == 1 { "" } else { "s" };
        format!("{}{tls}: {} connection{s} x {}", self.load.title(), self.connections, self.depth)
    }
}

/// A selection that says most in little time.
pub(crate) fn usual() -> Vec<Case> {
    let mut cases = Vec::new();
    for load in [Load::DnAll, Load::DnThree, Load::Uid, Load::Substring, Load::Missing, Load::Compare] {
        cases.extend([Case::new(load, 16, 1), Case::new(load, 16, 16)]);
    }
    for (connections, depth) in [(1, 1), (64, 1)] {
        cases.push(Case::new(Load::DnAll, connections, depth));
    }
    for (connections, depth) in [(16, 1), (16, 16)] {
        cases.push(Case::new(Load::DnAll, connections, depth).over_tls());
    }
    cases.extend([1, 16, 64].map(|connections| Case::new(Load::Ssha, connections, 1)));
    cases.extend([Case::new(Load::Argon2id, 1, 1), Case::new(Load::Argon2id, 16, 1)]);
    cases.extend([Case::new(Load::Totp, 64, 1), Case::new(Load::Generate, 16, 1)]);
    for load in [Load::Modify, Load::Add, Load::Delete] {
        cases.extend([Case::new(load, 1, 1), Case::new(load, 64, 1)]);
    }
    cases.push(Case::new(Load::Mix, 16, 1));
    cases.extend([Case::new(Load::RestAuthenticate, 16, 1), Case::new(Load::RestEntry, 16, 1)]);
    cases
}

/// Every load with 1, 16 and 64 connections, one by one and 16 in flight, in clear and over TLS.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for load in Load::ALL {
        for connections in [1, 16, 64] {
            cases.push(Case::new(load, connections, 1));
            if is_pipelined(load) {
                cases.push(Case::new(load, connections, 16));
            }
        }
    }
    let encrypted: Vec<_> = cases.iter().filter(|case| !case.load.is_http()).map(|case| case.over_tls()).collect();
    cases.extend(encrypted);
    cases
}

/// What shows whether the command works.
pub(crate) fn quick() -> Vec<Case> {
    let mut cases: Vec<_> = Load::ALL.into_iter().map(|load| Case::new(load, 16, 1)).collect();
    cases.extend([Case::new(Load::DnAll, 16, 16), Case::new(Load::DnAll, 16, 1).over_tls()]);
    cases
}

/// A load in the shapes named, such as `16x1,64x16`.
pub(crate) fn shaped(loads: &[Load], shapes: &[(usize, usize)], is_tls: bool) -> Vec<Case> {
    let cases = loads.iter().flat_map(|load| shapes.iter().map(|(count, depth)| Case::new(*load, *count, *depth)));
    cases.filter(|case| case.depth == 1 || is_pipelined(case.load)).map(|case| Case { is_tls, ..case }).collect()
}

/// Binds follow one another by their nature, and HTTP is asked one by one.
fn is_pipelined(load: Load) -> bool {
    !load.is_http() && !matches!(load, Load::Ssha | Load::Argon2id | Load::Totp)
}

/// Reads `16x1`.
pub(crate) fn shape(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('x').and_then(|(count, depth)| Some((count.parse().ok()?, depth.parse().ok()?)));
    parsed.filter(|(count, depth)| *count > 0 && *depth > 0).ok_or_else(|| "CONNECTIONSxDEPTH, such as 16x1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        assert_eq!(shape("64x16"), Ok((64, 16)));
        assert!(shape("64").is_err() && shape("0x1").is_err() && shape("ax1").is_err());
    }

    #[test]
    fn every_load_has_a_place_in_the_usual_selection() {
        let usual = usual();
        assert!(Load::ALL.iter().all(|load| usual.iter().any(|case| case.load == *load)));
        assert!(usual.iter().all(|case| all().contains(case)));
    }
}
