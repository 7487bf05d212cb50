//! How well the clocks of several machines agree.

/// How far apart two machines' clocks may be, in seconds.
pub const MAX_CLOCK_SKEW: i64 = 60;
