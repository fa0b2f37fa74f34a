//! The command line: hands its arguments to `cli` and ends with its exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::run(std::env::args_os().collect())
}
