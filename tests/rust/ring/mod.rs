mod file;
mod file_properties;
mod keyring;
mod schedule;
mod schedule_model;
mod schedule_properties;
mod schedule_world;
