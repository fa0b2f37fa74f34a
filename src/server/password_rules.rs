//! The rules for new passwords that a configuration asks for, with the dictionary that it names.

use std::path::Path;

use super::StartError;
use crate::{
    config::{Config, PasswordValidatorSettings},
    directory::schema::Schema,
    factors::password::rules::{Class, Dictionary, Rule, Rules},
};

/// A longer list of words is not read into memory.
const MAX_DICTIONARY: u64 = 64 << 20;

/// The rules of a configuration.
///
/// # Errors
/// A pattern that is none, an attribute that the schema does not know, a dictionary that cannot be read.
pub(super) fn compile(config: &Config, schema: &Schema) -> Result<Rules, StartError> {
    let settings = &config.password_validators;
    if let Some(name) = settings.attribute_values.iter().find(|name| schema.attribute_type(name).is_none()) {
        let sentence = format!("password.validators.attribute_values: the schema has no attribute {name}");
        return Err(StartError::new(sentence));
    }
    let mut rules = counts(settings);
    for (key, patterns, wanted) in [
        ("required_patterns", &settings.required_patterns, true),
        ("forbidden_patterns", &settings.forbidden_patterns, false),
    ] {
        for pattern in patterns {
            let refused = |reason| StartError::new(format!("password.validators.{key}: {pattern}: {reason}"));
            rules.push(Rule::pattern(pattern, wanted).map_err(refused)?);
        }
    }
    rules.push(Rule::Without { characters: settings.forbidden_characters.clone() });
    rules.push(Rule::NoAttributeValue { attributes: settings.attribute_values.clone() });
    if let Some(file) = &settings.dictionary_file {
        rules.push(Rule::NoWord(dictionary(file)?));
    }
    Ok(Rules::new(rules))
}

/// The rules that are a number each.
fn counts(settings: &PasswordValidatorSettings) -> Vec<Rule> {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let of_class = |class, minimum| Rule::OfClass { class, minimum: count(minimum) };
    vec![
        Rule::Length { minimum: count(settings.min_length), maximum: count(settings.max_length) },
        Rule::Classes { minimum: count(settings.min_classes) },
        of_class(Class::Lower, settings.min_lowercase),
        of_class(Class::Upper, settings.min_uppercase),
        of_class(Class::Digit, settings.min_digits),
        of_class(Class::Symbol, settings.min_symbols),
        Rule::Repeated { maximum: count(settings.max_repeated) },
        Rule::Unique { minimum: count(settings.min_unique) },
        Rule::Differs { minimum: count(settings.min_difference) },
    ]
}

fn dictionary(file: &Path) -> Result<Dictionary, StartError> {
    let unreadable = |error| {
        StartError::because(format!("password.validators.dictionary_file {} cannot be read", file.display()), error)
    };
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > MAX_DICTIONARY {
        let sentence = format!("password.validators.dictionary_file {} is larger than 64 MiB", file.display());
        return Err(StartError::new(sentence));
    }
    std::fs::read_to_string(file).map(|text| Dictionary::of_lines(&text)).map_err(unreadable)
}
