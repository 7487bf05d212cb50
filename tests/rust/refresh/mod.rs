use _core::refresh::{Micros, RefreshDecision, Repeated, Repetition, Reuse};

mod decision;
mod exceptions;
mod forgetful_model;
mod forgetful_world;
mod model;
mod properties;

/// A repeat that writes nothing.
fn said_again(presented: Repeated) -> RefreshDecision {
    RefreshDecision::Repeat(Repetition {
        presented,
        restored: None,
        other_agent: false,
    })
}

/// A retired token that the row tells.
fn reuse(retired_for: Micros) -> RefreshDecision {
    RefreshDecision::Reuse(Reuse {
        retired_for,
        is_blacklisted: false,
    })
}
