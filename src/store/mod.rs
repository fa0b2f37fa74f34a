//! Where entries and factor records live: the trait that every store fulfils. A store knows neither factors nor access rules.

pub mod answer;
