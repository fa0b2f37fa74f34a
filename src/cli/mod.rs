//! The command line: which verbs there are. What each does is the file of its noun.
//!
//! Exit codes: 0 done, 1 refused, 2 the command line does not say what is needed, 3 the server cannot be reached.

mod account;
mod answer;
mod apply;
mod client;
mod codec;
mod demo;
mod exchange;
mod explain;
mod factor_list;
mod health;
mod init;
mod loading;
mod moment;
mod otpauth;
mod passwords;
mod qr;
mod recovery;
mod serve;
mod site;
mod token;
mod totp;
mod upkeep;
mod user;
mod yubikey;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::answer::{Answer, Failure, finish};

/// An LDAP directory server whose speciality is the second factor.
#[derive(Parser)]
#[command(name = "countersign", version, arg_required_else_help = true)]
struct Arguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start a sample directory on loopback, show what a second factor does, and keep serving.
    Demo(demo::Demo),
    /// Write the configuration, the key and the certificates of a new server.
    Init(init::Init),
    /// Run the server. SIGHUP reads certificates, rules, limits, deliveries and log level again; SIGTERM ends it.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Say what is wrong with a configuration file.
    CheckConfig {
        /// The file.
        file: PathBuf,
    },
    /// Load LDIF files into the store.
    Import(exchange::Import),
    /// Write the directory as LDIF; also beside a running server. Passwords are hashes; factors are left out unless asked for.
    Export(exchange::Export),
    /// Copy the store, also beside a running server. Secrets in it are sealed: keep the key file apart from it.
    Backup(upkeep::Backup),
    /// Put a copy back, into an empty data directory.
    Restore(upkeep::Restore),
    /// Read the whole store and say what disagrees.
    Check {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Ask a running server whether it answers.
    Health {
        #[command(flatten)]
        target: site::Target,
    },
    /// People, their passwords, and whether their accounts may be used.
    #[command(subcommand)]
    User(user::User),
    /// Time-based one-time passwords of a user.
    #[command(subcommand)]
    Totp(totp::Totp),
    /// Codes on paper for users who have lost their device.
    #[command(subcommand)]
    Recovery(recovery::Recovery),
    /// YubiKeys whose OTPs this server judges itself, and who has which.
    #[command(subcommand)]
    Yubikey(yubikey::Yubikey),
    /// Say why somebody cannot log in: what failed lately and what it means; with --replay, what a password would come to now.
    Explain(explain::Explain),
    /// Tokens that are good once, sent to a user.
    #[command(subcommand)]
    Token(token::Token),
}

/// Which server is meant.
#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration file.
    #[arg(long, env = "COUNTERSIGN_CONFIG", default_value = "countersign.toml")]
    config: PathBuf,
}

/// Carries out a command line.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let as_json = arguments.iter().any(|argument| argument == "--json");
    if let Err(failure) = passwords::refuse_on_command_line(&arguments) {
        return finish(Err(failure), as_json);
    }
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => finish(carry_out(arguments.verb, arguments.json), arguments.json),
        Err(error) => {
            // Help and version are printed and are no error; everything else is exit code 2.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}

fn carry_out(verb: Verb, as_json: bool) -> Result<Answer, Failure> {
    match verb {
        Verb::Demo(demo) => demo.run(),
        Verb::Init(init) => init.run(),
        Verb::Serve { config } => serve::serve(&config.config),
        Verb::CheckConfig { file } => serve::check_config(&file),
        Verb::Import(import) => import.run(as_json),
        Verb::Export(export) => export.run(),
        Verb::Backup(backup) => backup.run(),
        Verb::Restore(restore) => restore.run(),
        Verb::Check { config } => upkeep::check(&config.config),
        Verb::Health { target } => health::run(&target),
        Verb::User(user) => user.run(),
        Verb::Totp(totp) => totp.run(as_json),
        Verb::Recovery(recovery) => recovery.run(),
        Verb::Yubikey(yubikey) => yubikey.run(),
        Verb::Explain(explain) => explain.run(),
        Verb::Token(token) => token.run(),
    }
}
