//! stub
use super::answer::{Answer, Failure};
/// The words of `countersign demo`.
#[derive(clap::Args)]
pub(crate) struct Demo {}
impl Demo { pub(crate) fn run(&self) -> Result<Answer, Failure> { Err(Failure::refused("soon")) } }
